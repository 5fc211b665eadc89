/*
 * The sealer: a thread that takes all answers that wait, builds one tree over them, signs once, and hands each its seal. A lone answer waits for
 * nobody; under load a batch is what came in while the one before was signed. PROTOCOL.md section 5.
 */
#ifndef SERVER_SEALER_H
#define SERVER_SEALER_H

#include "ledger/ledger.h"
#include "proof/seal.h"

/** An answer that waits for its seal; the caller's memory, from sealer_submit until `sealed` was called. */
struct sealing {
    const struct ledger_state *state; /* that it was answered from */
    struct hash request_digest;
    struct hash answer_digest;
    uint64_t begun_ns;  /* when its request came, by the monotonic clock */
    size_t batch;       /* set before `sealed`: answers under the same signature, */
    uint64_t sealed_ns; /* and when it was made, by the monotonic clock */
    /** Told once, from the sealer's thread, or from within sealer_submit_lone. It submits nothing itself. The seal's views end with the call-back; NULL where signing failed. */
    void (*sealed)(struct sealing *sealing, const struct seal *seal);
    struct sealing *next; /* for sealer.c */
};

struct sealer;

/** What is done once when all of the batch under way have their seals; the caller's memory. */
struct after_batch {
    void (*run)(struct after_batch *after); /* asks for nothing itself */
    struct after_batch *next;               /* for sealer.c */
};

/** batch_max: answers under one signature, 1 to LIMIT_BATCH. secret_key: 64 bytes, read while the sealer lives; public_key: 32. Origin is copied. */
MUST_USE int sealer_start(struct sealer **out, const char *origin, size_t batch_max, const uint8_t *secret_key,
                          const uint8_t *public_key, struct fault *fault);
/** Seals what waits, then ends the thread; nothing is submitted any more. NULL is fine. */
void sealer_stop(struct sealer *sealer);
void sealer_submit(struct sealer *sealer, struct sealing *sealing);
/** From the next batch on another key seals; when this returns the one before is used no more. Not from two threads at once. */
void sealer_use_key(struct sealer *sealer, const uint8_t *secret_key, const uint8_t *public_key);
/**
 * For the answer of the only call under way: sealed at once, in the caller's thread, which saves two turns of the scheduler. While a batch is being
 * sealed, or where the request came on the heels of the last seal, so that more of them wait in the network: as sealer_submit.
 */
void sealer_submit_lone(struct sealer *sealer, struct sealing *sealing);

/** For a `sealed` to ask for, which is called within a batch. */
void sealer_after_batch(struct sealer *sealer, struct after_batch *after);

#endif
