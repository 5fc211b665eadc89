/*
 * HTTP, as a client: for what proves itself, so that nothing of it is trusted (tiles), and for witnesses, whose answers are signatures. Plain
 * http; redirects are not followed. Every answer has a limit of size and of time as a whole. libevent.
 */
#ifndef CLI_FETCH_H
#define CLI_FETCH_H

#include "base/bytes.h"
#include "base/error.h"

struct fetcher;

/** For one prefix, "http://host[:port][/path]"; connects at the first fetch, and keeps the connection. timeout_s is for each fetch as a
 * whole. DEPOSITARY_E_ARGUMENT: not such a URL. The caller frees *out. */
MUST_USE int fetcher_new(struct fetcher **out, const char *prefix, unsigned timeout_s, struct fault *fault);
void fetcher_free(struct fetcher *fetcher); /* NULL is fine */

struct fetch_request {
    const char *path;         /* goes behind the prefix and a "/" */
    const struct bytes *post; /* NULL: GET */
};

/**
 * Appends the answer's body to *body, whose limit is the answer's, and sets *status. Whatever the status is, 0 is returned.
 * DEPOSITARY_E_UNREACHABLE, DEPOSITARY_E_TIMEOUT, DEPOSITARY_E_LIMIT (larger than the limit), DEPOSITARY_E_RESPONSE (no HTTP, torn after its head, or
 * encoded); each says what was fetched. A Content-Type proves nothing, and is not looked at.
 */
MUST_USE int fetch(struct fetcher *fetcher, const struct fetch_request *request, unsigned *status, struct buffer *body,
                   struct fault *fault);

#endif
