/*
 * Keeps a ledger up to its source, in a thread of its own: wakes on announcements, asks at an interval behind them, and goes on with
 * what it has while the source is away. What is taken over is judged by the ledger; see ledger/source.h. PROTOCOL.md sections 2 and 6.
 */
#ifndef FOLLOWER_FOLLOWER_H
#define FOLLOWER_FOLLOWER_H

#include "ledger/source.h"

struct follower;

struct follower_config {
    struct ledger *ledger;
    struct source *source;    /* the follower's from now on, also where it cannot be started */
    const char *announce_url; /* where the source announces its checkpoints; NULL: nowhere */
    const char *origin;       /* of the ledger: what is announced begins with it */
    unsigned interval_s;      /* between two looks without an announcement */
    const char *evidence_dir; /* where both notes of a fork are written */
    void *context;
    void (*grown)(void *context);  /* told after the ledger has grown; may be NULL */
    void (*behind)(void *context); /* told where the source has less than the ledger; may be NULL */
};

struct follower_status {
    bool is_reached;      /* the last look had an answer that was good */
    bool is_forked;       /* following has ended: the ledger key signed two ledgers */
    uint64_t source_size; /* the largest verified checkpoint's of the source */
    uint64_t ledger_size; /* ours */
    int64_t reached_s;    /* when the last good look was; 0: never */
    char trouble[256];    /* why the last look was not good; "" where it was */
};

MUST_USE int follower_start(struct follower **out, const struct follower_config *config, struct fault *fault);
/** It looks no more. NULL is fine. */
void follower_stop(struct follower *follower);
void follower_free(struct follower *follower); /* after follower_stop, once nobody asks any more; NULL is fine */
/** Looks soon. */
void follower_wake(struct follower *follower);
/** Looks now, in the caller's thread: 0 where the ledger has what the source has. DEPOSITARY_E_FORK, and what ledger_pull says. */
MUST_USE int follower_catch_up(struct follower *follower, struct fault *fault);
void follower_status(struct follower *follower, struct follower_status *out);

#endif
