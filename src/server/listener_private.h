/* What the kinds of front doors have in common (listener.h). */
#ifndef SERVER_LISTENER_PRIVATE_H
#define SERVER_LISTENER_PRIVATE_H

#include "server/listener.h"
#include "server/serving.h"

#include <nng/nng.h>

#define LISTENER_SEND_MS      5000 /* a reader that takes nothing for so long is let go ... */
#define LISTENER_SEND_BUSY_MS 1000 /* ... and sooner where many answers wait for it */

struct listener_ops {
    void (*stop)(struct listener *listener); /* frees it */
    int (*retake_tls)(struct listener *listener, struct fault *fault);
    int (*reopen)(struct listener *listener, struct fault *fault);
};

/* Stands first in each kind. */
struct listener {
    const struct listener_ops *ops;
    char url[512];
    struct listener_parts parts;
    unsigned arrivals; /* atomic: connections that came, the ones that were turned away too */
    unsigned calls;    /* atomic: for serving.h */
};

int rep_listener_start(struct listener **out, const char *url, const struct listener_parts *parts, struct fault *fault);
int stream_listener_start(struct listener **out, const char *url, const struct listener_parts *parts,
                          struct fault *fault);

/** A door of `size` bytes, zero but for what the kinds have in common; free(3) ends it. DEPOSITARY_E_LIMIT: the URL is too long. */
MUST_USE int listener_new(struct listener **out, size_t size, const struct listener_ops *ops, const char *url,
                          const struct listener_parts *parts, struct fault *fault);
/** A connection comes from this address: false, and counted, where it is not welcome. */
bool listener_welcomes(struct listener *listener, uint32_t pipe, const nng_sockaddr *address);
int listener_fault(struct fault *fault, int nng_error, const char *what, const char *url);

#endif
