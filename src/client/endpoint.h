/*
 * One endpoint: its socket, its dialer, and the lines (contexts with their aio) that exchanges go over. What nng needs to be told, or must not be
 * asked, is told here: RECVMAXSZ before dialling (0 would be "no limit"), no resending by the socket (a call would run twice), neither ws:// nor
 * http, and the name that a certificate has to be for.
 */
#ifndef CLIENT_ENDPOINT_H
#define CLIENT_ENDPOINT_H

#include "client/connect.h"

#include <nng/nng.h>

#define ENDPOINT_MAX  256u /* bytes */
#define ENDPOINTS_MAX 64u

enum line_phase { PHASE_SEND, PHASE_RECEIVE };

/* One exchange at a time, then back to the idle ones. */
struct line {
    struct endpoint *endpoint;
    struct line *next;     /* idle, or about to be sent */
    struct line *next_all; /* all that were ever made */
    nng_ctx context;
    nng_aio *aio;
    struct exchange *exchange; /* NULL: idle */
    enum line_phase phase;
    bool is_cancelled; /* its aio may have been too early to be stopped */
};

struct endpoint {
    struct connection *connection;
    int index;
    nng_socket socket;
    bool has_socket;
    struct nng_tls_config *tls; /* NULL: none */
    struct line *idle;
    struct line *all;
    unsigned in_flight;
    unsigned pipes; /* connected */
    nng_pipe pipe;  /* the last of them */
    uint64_t heard_ns;
    uint64_t resting_until_ns;
};

/** Tells what nng said of `what`: DEPOSITARY_E_MEMORY where that was what it lacked, otherwise the other error. */
int endpoint_fault(struct fault *fault, int otherwise, const char *what, int result);
/** Opens the socket for one of `tcp://`, `ipc://`, `tls+tcp://`. told: of pipes that come and go. Nothing is dialled yet. */
MUST_USE int endpoint_open(struct endpoint *endpoint, const char *url, const struct connect_config *config,
                           nng_pipe_cb told, nng_dialer *dialer, struct fault *fault);
void endpoint_close(struct endpoint *endpoint);

#endif
