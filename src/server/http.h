/*
 * The HTTP side door. For orchestrators: /healthz (the process lives) and /readyz (the front door answered a real request lately, the ledger can be
 * read, the answer key is good, not draining). For operators: /metrics. For auditors: /checkpoint and /tile/..., C2SP tlog-tiles. One thread of its own; never nng's HTTP, which has memory faults in the versions in use.
 */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include <stddef.h>

#include "ledger/ledger.h"

struct http;

struct http_source {
    void *context;
    /** Whether the service is ready; else why not, in words, in *why, which may also hold what is to be seen to. Called from the HTTP thread. */
    bool (*ready)(void *context, char *why, size_t capacity);
    /** Appends the page of /metrics; NULL: there is none. From the HTTP thread. */
    int (*metrics)(void *context, struct buffer *out);
    struct ledger *ledger; /* for /checkpoint and tiles; NULL: none are served */
};

/** Listens on "HOST:PORT" ("[::1]:7780" for IPv6). DEPOSITARY_E_ARGUMENT for another form, DEPOSITARY_E_IO where it cannot. */
MUST_USE int http_start(struct http **out, const char *address, const struct http_source *source, struct fault *fault);
/** Stops and waits for the thread; NULL is fine. */
void http_stop(struct http *http);

#endif
