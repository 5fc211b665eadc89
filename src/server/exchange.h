/*
 * From the bytes of a request to the bytes of its answer: reading, what the server's own state forbids, the answer cache, the service. No network and
 * no seal. PROTOCOL.md section 4.
 */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

#include "base/time.h"
#include "server/server.h"
#include "server/view.h"

#define EXCHANGE_TIMEOUT_NS                                                                                            \
    (10 * NS_PER_S) /* the longest that a call is granted, and what it has where it asks for nothing */

struct desks;
struct desk;

/** What the exchanges share: the server, and desks to work at, as many as there are exchanges at one time. */
struct exchanger {
    struct server *server;
    struct desks *desks;
};

MUST_USE int exchanger_init(struct exchanger *exchanger, struct server *server);
void exchanger_clean_up(struct exchanger *exchanger); /* when no exchange is left */

/** Who calls. Lives until exchange_end. */
struct caller {
    const char *peer;    /* for the log */
    const bool *is_gone; /* atomic: nobody waits for the answer any more; NULL: nobody can tell */
};

/** One request on its way to its answer. */
struct exchange {
    struct exchanger *exchanger;
    struct view *view;     /* until exchange_end */
    struct answer *answer; /* once it is there; until exchange_end */
    struct hash request_digest;
    const struct method *method; /* once the answer is there: NULL where the request named none, */
    int code;                    /* its status, */
    bool is_cached;              /* and whether the cache had it */

    /* while it is worked at */
    struct desk *desk;
    struct server_call context;
    struct call call;
    struct bytes message; /* the method's request message */
};

enum exchange_next {
    EXCHANGE_ANSWERED, /* exchange->answer is there */
    EXCHANGE_QUICK,    /* exchange_finish answers it; soon */
    EXCHANGE_SLOW,     /* the same, but it may take a while: search, quotes, appends */
    EXCHANGE_GONE,     /* nobody waits for an answer; exchange_end all the same */
    EXCHANGE_FAILED    /* no memory for any answer; the same */
};

/** Reads the request, and answers at once what needs no service: refusals and what the cache holds. */
enum exchange_next exchange_begin(struct exchange *out, struct exchanger *exchanger, struct bytes request,
                                  const struct caller *caller);
/** Calls the service. EXCHANGE_ANSWERED, _GONE or _FAILED. */
enum exchange_next exchange_finish(struct exchange *exchange);
/** Answers with a refusal and no look at the request: for overload. RESOURCE_EXHAUSTED with a RetryInfo. */
enum exchange_next exchange_refuse(struct exchange *out, struct exchanger *exchanger, struct bytes request,
                                   const struct caller *caller, const char *why, int64_t retry_ms);
/** The same for one that was begun and waits. */
enum exchange_next exchange_give_up(struct exchange *exchange, const char *why, int64_t retry_ms);
/** Gives view and answer back. */
void exchange_end(struct exchange *exchange);

#endif
