/*
 * The connection: one nng REQ socket for each endpoint, many exchanges in flight. PROTOCOL.md section 4. Bytes go out and come back; nothing of
 * them is looked at here. Exchanges go round the endpoints that are connected; where each has as many in flight as it may, the rest wait in
 * order. This file and endpoint.h are the only ones of the calls that know nng.
 */
#ifndef CLIENT_CONNECT_H
#define CLIENT_CONNECT_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdatomic.h>

struct connection;
struct line;

struct connect_config {
    const char *endpoints; /* commas between */
    const char *ca_file;   /* for tls+tcp://; "" or NULL: none */
    const char *cert_file;
    const char *key_file;
    bool is_insecure; /* no look at the server's certificate; for loopback alone */
    unsigned window;  /* exchanges in flight at one endpoint; at least 1 */
};

/** How an exchange ended. */
enum line_result {
    LINE_OK,
    LINE_NOT_SENT, /* no endpoint was there to take the request, in time */
    LINE_LOST,     /* the connection went away after it was sent: whether it was done is not known */
    LINE_TIMEOUT,
    LINE_CANCELLED, /* by its flag */
    LINE_CLOSED,    /* the connection is being closed */
    LINE_FAILED     /* out of memory or the like */
};

/** Told once, on a thread of nng's; response lives until it returns. It must not close the connection, and may free the exchange. */
typedef void line_done(void *context, enum line_result result, struct bytes response);

#define ENDPOINT_NONE (-1)

/** One request and its response, or a pause. The caller's memory, from the start until done is told. */
struct exchange {
    struct bytes request; /* lives as long */
    int avoid;            /* endpoint that is not used where another is connected; ENDPOINT_NONE */
    int prefer;           /* endpoint that is used where it is connected; ENDPOINT_NONE */
    bool is_urgent;       /* ahead of those that wait: others wait for it */
    /* Monotonic: LINE_NOT_SENT where no endpoint is connected by then, unless the last of them went away less than 30 s before. */
    uint64_t send_by_ns;
    uint64_t answer_by_ns;
    atomic_bool *is_cancelled; /* set before connect_cancel; NULL: cannot be */
    line_done *done;
    void *context;
    int endpoint; /* that took it, once it was taken */
    /* the connection's */
    struct exchange *next;
    struct exchange *previous;
    uint64_t due_ns;
    uint64_t sent_ns;
    bool is_pause;
    bool is_refused; /* no memory for a line */
};

/** Dials in the background. DEPOSITARY_E_ARGUMENT for an endpoint that cannot be one. */
MUST_USE int connect_open(struct connection **out, const struct connect_config *config, struct fault *fault);
/** Ends every exchange with LINE_CLOSED, now and from now on, and waits until all were told. NULL is fine; not in a done. */
void connect_stop(struct connection *connection);
/** Stops, where that was not done, and frees. NULL is fine. */
void connect_close(struct connection *connection);

/** Sends a request and waits for its response, without blocking. LINE_OK where it is under way; anything else was not told to done and will not be. */
MUST_USE enum line_result connect_exchange(struct connection *connection, struct exchange *exchange);
/** A pause: done gets LINE_OK after it. Only context, done and is_cancelled of the exchange are looked at. */
MUST_USE enum line_result connect_pause(struct connection *connection, struct exchange *exchange, uint32_t pause_ms);
/** Ends all exchanges with this flag, which the caller has set; those that come later end at once. They are told on other threads. */
void connect_cancel(struct connection *connection, const atomic_bool *is_cancelled);
/** The endpoint has asked for a rest: others are used meanwhile, where any is connected. */
void connect_rest(struct connection *connection, int endpoint, uint32_t rest_ms);

#endif
