/*
 * What the parts of depositaryd share: the things that live as long as the process, and what a call finds. One thread-safe
 * object; services only read it, but for LedgerService, which appends through ledger/.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/log.h"
#include "catalog/catalog.h"
#include "ledger/ledger.h"
#include "rpc/dispatch.h"
#include "server/metrics.h"
#include "server/piece.h"

#define ANSWER_TAIL_MAX 2u /* pieces that an answer may end in */

struct shelf;

struct server {
    const struct policy *policy;
    const char *origin; /* of the policy */
    struct ledger *ledger;
    struct catalog *catalog;
    struct sealer *sealer;        /* server/sealer.h */
    struct views *views;          /* server/view.h: what is served */
    const struct answer_key *key; /* server/answer_key.h; atomic: server/key_keeper.h changes it */
    int64_t key_not_after;        /* of its record, seconds since 1970; 0 where it has none. Atomic */
    struct metrics *metrics;
    struct log_budget call_lines; /* what callers can cause: nobody fills the log, and no kind keeps out the others */
    struct log_budget failure_lines;
    struct log_budget stalled_lines;
    bool is_leaving;  /* health says so already, calls are served still. Atomic */
    bool is_draining; /* atomic: read with __atomic_load_n */
    bool is_mirror;   /* appends are for the depositary that is followed */
    void *grown_context;
    /* Told after an append; may be NULL. Returns when what was appended is served, or at the deadline. */
    void (*grown)(void *context, uint64_t deadline_ns);
    void *catch_up_context;
    /** Brings the ledger up to the database to which others append as well; NULL where nobody does. Atomic: set while calls may come. */
    int (*catch_up)(void *context, struct fault *fault);
    void *served_context;
    void (*served)(void *context); /* told when another state is served; may be NULL */
};

/** The context of a struct call: one ledger state for all that is answered to it. */
struct server_call {
    struct server *server;
    const struct ledger_state *state; /* taken before the handler, released after the answer was sealed */
    struct shelf *shelf;              /* the state's; NULL: there is none, and the response is whole */
    struct piece
        *tail[ANSWER_TAIL_MAX]; /* set by the handler: what its response ends in, each held, the first ones not NULL */
};

static inline struct server *call_server(const struct call *call) {
    return ((const struct server_call *)call->context)->server;
}

static inline const struct ledger_state *call_state(const struct call *call) {
    return ((const struct server_call *)call->context)->state;
}

/** The services that are served, one per file: depositary_service.c, ledger_service.c, health_service.c, reflection_service.c. */
extern const struct service_entry depositary_service;
extern const struct service_entry ledger_service;
extern const struct service_entry health_service;
extern const struct service_entry reflection_service;

#endif
