/* What a call leaves behind: the question, the bytes of the answer, and what was judged of it. See depositary/client.h. */
#ifndef CLIENT_ANSWER_H
#define CLIENT_ANSWER_H

#include "client/judge.h"
#include "client/question.h"

struct depositary_answer {
    const struct method *method;
    struct arena arena;        /* the question and what was held when it was asked */
    ProtobufCMessage *message; /* the question, ours; NULL where it was asked by name */
    struct bytes encoded;      /* then: as the caller gave it */
    struct method own_method;  /* then: what is known of it */
    struct buffer request;     /* as sent */
    struct buffer response;    /* as received */
    struct ledger_view held;
    bool has_held;
    struct judgement judgement;
    int error;
    char text[480]; /* words for the error */
    char origin[LIMIT_ORIGIN + 1];
    struct depositary_ledger ledger; /* set where something was proved */
    bool has_ledger;
    char register_time[24];
    struct depositary_seal seal;
    bool has_seal;
    char sealed_at[24];
    struct buffer key_proof; /* encoded GetAnswerKeyResponse, with its ledger: for the receipt */
    uint64_t key_size;       /* entries of that ledger */
    struct ledger_link link; /* that joins the sealed state, where the answer carried none ... */
    struct merkle_path link_path;
    bool has_link;
    struct answer_lazy *lazy; /* made when first asked for */
};

/** Made on demand; one thread at a time has an answer. */
struct answer_lazy {
    char *explanation;
    struct buffer receipt;
    bool has_receipt;
    char *question;
};

/** A new answer to that question, which is copied; NULL: to none yet. DEPOSITARY_E_MEMORY, or DEPOSITARY_E_ARGUMENT for one that cannot be sent. */
MUST_USE int answer_new(struct depositary_answer **out, const struct depositary_question *question);
/** One that only has an error to tell. NULL without memory. */
struct depositary_answer *answer_failed(int error, const char *words);
/** Sets the error with its words; what was judged is then out of reach unless the error says that it may be shown. */
void answer_set_error(struct depositary_answer *answer, int error, const char *words);
/** Takes over what was judged: error, ledger, seal. */
void answer_finish(struct depositary_answer *answer, const struct policy *policy);

/** Whether findings may be shown: it was answered, or refused, and that was verified. */
bool answer_is_shown(const struct depositary_answer *answer);

/** The steps of the proof, for a person. Appends. explain.c */
void explain_answer(struct buffer *out, const struct depositary_answer *answer);
/** The question as JSON-like text. Appends. explain.c */
void explain_question(struct buffer *out, const ProtobufCMessage *message);
/** Appends the encoded Receipt; DEPOSITARY_E_MISSING where the answer lacks what it needs. receipt.c */
MUST_USE int receipt_print(struct buffer *out, const struct depositary_answer *answer);
/** Appends the encoded GetAnswerKeyResponse of an answer to GetAnswerKey, with the state it was judged by. receipt.c */
MUST_USE int key_proof_print(struct buffer *out, const struct depositary_answer *answer);

#endif
