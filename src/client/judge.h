/*
 * Judging one answer from its bytes: seal, ledger state, answer key, then the method's rules (check.h). PROTOCOL.md section 5, in its
 * order. No network and no clock: what is lacking is named as a need, the caller sees to it and judges again from the beginning.
 */
#ifndef CLIENT_JUDGE_H
#define CLIENT_JUDGE_H

#include "client/trust.h"

/** Something without which the answer cannot be judged yet. */
enum need_kind {
    NEED_NOTHING,
    NEED_KEY,        /* GetAnswerKey for public_key, by a register of at least least_size */
    NEED_LINK,       /* GetConsistencyProof for link; then trust_join with the state where it is the link's end */
    NEED_CHECKPOINT, /* GetCheckpoint: something newer, or anything at all, has to be held */
    NEED_FRESHER     /* the state is smaller than the largest held: ask again; link leads from it to the largest */
};

struct need {
    enum need_kind kind;
    uint8_t public_key[PUBLIC_KEY_LEN];
    uint64_t least_size;
    struct ledger_link link;
};

/** How strict, and by what. */
struct judge_terms {
    struct trust *trust;
    bool has_clock; /* receipts are judged without */
    int64_t now_s;
    int64_t clock_tolerance_s;
    int64_t max_age_s; /* 0: any */
    bool for_office;   /* answers to the office's calls are let through as unproven: see judge_for_office */
    bool is_link;      /* GetConsistencyProof for the client's own use: see judge() */
    bool is_receipt;   /* an answer of long ago: the state it carries need not be the newest */
};

/** The question that the answer must be one to. */
struct judge_question {
    const struct method *method;
    const ProtobufCMessage *message;
    struct bytes request;           /* as sent */
    const struct ledger_view *held; /* the state that the request names as known; NULL: none */
    const struct page_end *before;  /* see struct check */
    const struct hash *known_root;
};

/** What came of it. Views are into the response and the arena. */
struct judgement {
    struct arena arena;
    struct fault fault;
    int error;
    struct need need; /* error is then DEPOSITARY_E_STATE: not judged to the end */
    struct seal seal;
    struct seal_head head;
    struct hash request_sha256;
    struct hash answer_sha256;
    bool is_sealed;   /* the seal held, by a key of the ledger: status, and what follows, are the service's words */
    bool is_unproven; /* an answer to the office, let through */
    bool has_state;
    bool is_state_carried;
    bool is_state_known; /* left out, since the client said that it holds it */
    struct ledger_view state;
    struct key_facts key;
    struct call_answer answer;
    struct findings findings; /* all zero unless error is 0, or says no or refused; but for `key` */
    bool proofs_hold;         /* only clock or key window failed */
    bool is_new;              /* the state was taken as the first that is held */
    bool is_fork;             /* error is DEPOSITARY_E_FORK: state against what is held */
};

#define JUDGE_MEMORY (64u * 1024 * 1024) /* bytes that one answer may take when it is unpacked and shown */

void judgement_init(struct judgement *judgement); /* no allocation */
void judgement_free(struct judgement *judgement);

/**
 * Judges a response; judgement->error, which is returned too. Of the checks, those of sections 5 and 8 in their order: signature, head, place in the
 * batch, origin, state, key (role, record, window, status), clock, then the method's. Failure of window or clock is told only after
 * the method's checks, so that it can be said whether the proofs hold.
 * terms->is_link: a consistency proof proves itself, so neither its key nor the standing of its state to what is held are judged; the
 * caller takes nothing from it but the path, which it checks between two roots that were verified by themselves.
 */
int judge(struct judgement *judgement, const struct judge_terms *terms, const struct judge_question *question,
          struct bytes response);

#endif
