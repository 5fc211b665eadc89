/* What ask.c and ask_need.c share: the life of one call. See ask.h. */
#ifndef CLIENT_ASK_PARTS_H
#define CLIENT_ASK_PARTS_H

#include "client/ask.h"

#define ASK_TRIES_MAX 3 /* askings for a checkpoint, for one call */

struct ask {
    struct depositary_client *client;
    struct ask *parent; /* the call that this one is for; NULL: the caller's own */
    unsigned depth;
    unsigned helpers;     /* of the root: further calls so far */
    unsigned tries;       /* sendings of these bytes */
    unsigned checkpoints; /* times that GetCheckpoint was asked for this one */
    uint32_t pause_ms;
    struct depositary_answer *answer;
    struct page_end before;
    bool has_before;
    struct hash known_root;
    bool has_known_root;
    uint64_t deadline_ns;
    bool is_waiting_for_ready;
    struct buffer metadata; /* of the root: encoded fields of a Request */
    bool is_link;           /* asks for the path of `link` */
    struct ledger_link link;
    struct exchange exchange; /* what is under way: one at a time */
    int endpoint;             /* that was used last; ENDPOINT_NONE */
    int avoid;
    int prefer;
    atomic_bool is_cancelled; /* of the root */
    uint64_t number;          /* of the root: how it is found when it is cancelled; 0: it cannot be */
    struct ask *next_call;
    ask_done *done;
    void *context;
};

struct ask *ask_root(struct ask *ask);
uint64_t ask_remaining_ms(const struct ask *ask);

/** Asks, with a fresh nonce. Also where a question is asked again because the answer was stale. */
void ask_begin(struct ask *ask);
/** Judges the response that is there, once more where something was lacking, and goes on from what comes of it. */
void ask_judge(struct ask *ask);
/** Ends it, and frees it. */
void ask_finish(struct ask *ask);
void ask_fail(struct ask *ask, int error, const char *words);
void ask_fail_line(struct ask *ask, enum line_result result);
void ask_free(struct ask *ask);
/** A pause, then `next`; where there is no time for it, false, and nothing was begun. */
MUST_USE bool ask_pause(struct ask *ask, uint32_t pause_ms, line_done *next);

/** Keeps a newly verified checkpoint on disk. What another process kept meanwhile is held too. True: go on; false: the call has ended. */
bool ask_remember(struct ask *ask, struct bytes note);
/** Both notes are kept as evidence, and from now on every call fails. The note that is held is the one of that size. */
void ask_stop_at_fork(struct ask *ask, uint64_t held_size, struct bytes shown);

/** Sees to what the judgement lacks, and judges again. ask_need.c */
void ask_need(struct ask *ask);
/** Judged to the end: sees to the path from the sealed state to the one that vouches for the key, where a receipt would need it, and ends it. */
void ask_receipt_link(struct ask *ask, const struct key_facts *key);

#endif
