/*
 * One front door: a REP0 socket of nng with many contexts, each a call on its way: received, answered, sealed, sent. Driven by nng's
 * call-backs; nothing here waits. PROTOCOL.md sections 4 and 9.
 */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include "server/exchange.h"
#include "server/workers.h"

#define LISTENER_CONTEXTS 256  /* calls at one time */
#define LISTENER_PIPES    1024 /* connections at one time */

struct listener;

/** Listens on an nng URL. exchanger and workers outlive it, and so does the sealer of the exchanger's server. */
MUST_USE int listener_start(struct listener **out, const char *url, struct exchanger *exchanger,
                            struct workers *workers, struct fault *fault);
/** Closes the socket, and waits until no call is left. NULL is fine. */
void listener_stop(struct listener *listener);
/** Closes the door and opens it again, connections with it; calls that are being answered go on. For when it has died. */
MUST_USE int listener_reopen(struct listener *listener, struct fault *fault);

const char *listener_url(const struct listener *listener);
/** Calls that were received and whose answer is not yet on its way. */
unsigned listener_calls(const struct listener *listener);
/** Whether no more connections are taken. */
bool listener_is_full(const struct listener *listener);

#endif
