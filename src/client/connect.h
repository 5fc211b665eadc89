/*
 * The connection: one nng REQ socket to one or several endpoints, many exchanges in flight. PROTOCOL.md section 4. Bytes go out and come
 * back; nothing of them is looked at here. The only file of the client that knows nng.
 */
#ifndef CLIENT_CONNECT_H
#define CLIENT_CONNECT_H

#include "base/bytes.h"
#include "base/error.h"

struct connection;

struct connect_config {
    const char *endpoints; /* commas between */
    const char *ca_file;   /* for tls+tcp://; "" or NULL: none */
    const char *cert_file;
    const char *key_file;
};

/** How an exchange ended. */
enum line_result {
    LINE_OK,
    LINE_NOT_SENT, /* no endpoint was there to take the request */
    LINE_LOST,     /* the connection went away after it was sent: whether it was done is not known */
    LINE_TIMEOUT,
    LINE_CLOSED, /* the connection is being closed */
    LINE_FAILED  /* out of memory or the like */
};

/** Told once, on a thread of nng's; response lives until it returns. It must not close the connection. */
typedef void line_done(void *context, enum line_result result, struct bytes response);

/** Dials in the background. DEPOSITARY_E_ARGUMENT for an endpoint that cannot be one. */
MUST_USE int connect_open(struct connection **out, const struct connect_config *config, struct fault *fault);
/** Ends every exchange with LINE_CLOSED, waits until all were told, and frees. NULL is fine. */
void connect_close(struct connection *connection);

/** Sends a request and waits for its response, without blocking: at most send_ms for an endpoint to take it, then at most receive_ms. LINE_OK
 * where it is under way; anything else was not told to done and will not be. */
MUST_USE enum line_result connect_exchange(struct connection *connection, struct bytes request, uint32_t send_ms,
                                           uint32_t receive_ms, line_done *done, void *context);
/** A pause: done gets LINE_OK after it. */
MUST_USE enum line_result connect_pause(struct connection *connection, uint32_t pause_ms, line_done *done,
                                        void *context);

#endif
