/*
 * One call at a front door, whatever carries it: admitted, answered here or at a worker, sealed, counted. The doors (listener.h) receive and send.
 */
#ifndef SERVER_SERVING_H
#define SERVER_SERVING_H

#include "server/exchange.h"
#include "server/listener.h"
#include "server/sealer.h"
#include "server/workers.h"

struct serving;

/** Who asks for more than it may is told to wait at least so long, and no more of it is taken meanwhile: a flood of refusals costs the others nothing. */
#define SERVING_REFUSED_MS 5

/** What a door does with a call; each once a call at most, and one of them always. */
struct serving_ops {
    /** The answer and its seal, from the sealer's thread or the one that began; both end with it. */
    void (*answered)(struct serving *serving, const struct answer *answer, const struct seal *seal);
    /** No answer can be given, or nobody waits for one. */
    void (*dropped)(struct serving *serving);
};

/** A call on its way; the door's memory, zero before the first call. */
struct serving {
    const struct serving_ops *ops;
    const struct listener_parts *parts;
    unsigned *calls;               /* of the door: received, and whose answer is not yet on its way; atomic */
    struct connection *connection; /* that it came over, held */
    bool is_refused;               /* its connection or peer asks for more than it may */
    struct exchange exchange;
    struct sealing sealing;
    struct work work;
};

/** Holds the connection that a call comes over, whose parts are set. False, and counted: it has gone before the call's turn. */
bool serving_hold(struct serving *serving, uint32_t pipe);
/** Begins a call whose ops, parts, calls and connection are set. The request's bytes are needed only until it returns; answered or dropped may come before.
 * False: it is refused. */
bool serving_begin(struct serving *serving, struct bytes request);
/** After answered or dropped, when the answer needs no more of the call: gives back all but the connection. */
void serving_leave(struct serving *serving);
/** The call is over: gives the connection back. After serving_leave. */
void serving_end(struct serving *serving);
/** Counts that a connection is one refusal too many; the door closes it. */
void serving_tell_flood(const struct serving *serving);
/** Counts and tells that a connection takes no answers; the door closes it. */
void serving_tell_stalled(const struct serving *serving);

#endif
