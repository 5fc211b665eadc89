/*
 * Front doors: SP request/reply over tcp://, ipc:// and tls+tcp://, each call received, answered, sealed, sent (serving.h). Driven by nng's
 * call-backs; nothing here waits. Two kinds: REP0 sockets of nng (rep_listener.c), and the same protocol on nng's byte streams (stream_listener.c), many
 * requests a read and one write a batch. PROTOCOL.md sections 4 and 9.
 */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include "server/door.h"
#include "server/exchange.h"
#include "server/peers.h"
#include "server/tls.h"
#include "server/workers.h"

struct listener;

enum listener_kind { LISTENER_REP, LISTENER_STREAM };

/** What the doors of a service share; all of it outlives them, and so does the sealer of the exchanger's server. */
struct listener_parts {
    struct exchanger *exchanger;
    struct workers *workers;
    struct peers *peers;
    struct tls *tls; /* NULL where no URL is tls+tcp:// */
};

/** Listens on an nng URL. tls+tcp:// is REP0's in either kind. */
MUST_USE int listener_start(struct listener **out, enum listener_kind kind, const char *url,
                            const struct listener_parts *parts, struct fault *fault);
/** Closes the door and its connections, and waits until no call is left. NULL is fine. */
void listener_stop(struct listener *listener);
/** Gives new connections the certificate that tls has now. */
MUST_USE int listener_retake_tls(struct listener *listener, struct fault *fault);
/** For who watches the doors. When it has died it is closed and opened again, connections with it; calls that are being answered go on. */
struct watched_door listener_watched(struct listener *listener);

const char *listener_url(const struct listener *listener);
/** Calls that were received and whose answer is not yet on its way. */
unsigned listener_calls(const struct listener *listener);

#endif
