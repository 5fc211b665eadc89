/*
 * The nng half of the client. What nng needs to be told, or must not be asked: RECVMAXSZ before dialling (0 would be "no limit"), no
 * resending by the socket (a call would run twice), a receive only after its send has ended, and neither ws:// nor http.
 */
#include "client/connect.h"

#include "base/file.h"
#include "base/limits.h"
#include "rpc/socket.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/tls/tls.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ENDPOINTS_MAX 64u
#define ENDPOINT_MAX  256u          /* bytes */
#define PEM_MAX       (256u * 1024) /* bytes */
#define RECONNECT_MIN 50            /* ms */
#define RECONNECT_MAX 2000          /* ms */
#define CLOSE_STEP_NS 5000000

enum line_phase { PHASE_IDLE, PHASE_SEND, PHASE_RECEIVE, PHASE_PAUSE };

/* A context of the socket with its aio; one exchange at a time, then back to the idle ones. */
struct line {
    struct connection *connection;
    struct line *next;     /* idle */
    struct line *next_all; /* all that were ever made */
    nng_ctx context;
    nng_aio *aio;
    enum line_phase phase;
    uint32_t receive_ms;
    line_done *done;
    void *done_context;
};

struct connection {
    nng_socket socket;
    nng_tls_config *tls; /* NULL: none */
    pthread_mutex_t lock;
    pthread_cond_t quiet; /* no exchange is under way */
    struct line *idle;
    struct line *all;
    size_t active;
    bool is_closing;
};

/* ---- opening */

static int set_options(nng_socket socket, struct fault *fault) {
    int error = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, LIMIT_SOCKET);
    if (error == 0) {
        error = nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    }
    if (error == 0) {
        error = nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, RECONNECT_MIN);
    }
    if (error == 0) {
        error = nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, RECONNECT_MAX);
    }
    return error ? fault_set(fault, DEPOSITARY_E_STATE, "nng: %s", nng_strerror(error)) : 0;
}

static bool is_scheme_known(const char *endpoint) {
    static const char *const schemes[] = {"tcp://", "ipc://", "tls+tcp://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncmp(endpoint, schemes[i], strlen(schemes[i])) == 0) {
            return true;
        }
    }
    return false;
}

static int read_pem(struct buffer *out, const char *path, struct fault *fault) {
    buffer_init(out, PEM_MAX);
    int error = file_read(out, path, fault);
    if (error == 0) {
        buffer_append_byte(out, 0); /* nng wants a text */
        error = out->error;
    }
    return error;
}

/* The client's own certificate and key, where it has any. */
static int set_own_certificate(nng_tls_config *tls, const struct connect_config *config, struct fault *fault) {
    struct buffer certificate;
    struct buffer key;
    if (config->cert_file == NULL || config->cert_file[0] == '\0') {
        return 0;
    }
    if (config->key_file == NULL || config->key_file[0] == '\0') {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "a certificate needs its key");
    }
    int error = read_pem(&certificate, config->cert_file, fault);
    buffer_init(&key, PEM_MAX);
    if (error == 0) {
        error = read_pem(&key, config->key_file, fault);
    }
    if (error == 0) {
        int result = nng_tls_config_own_cert(tls, (const char *)certificate.data, (const char *)key.data, NULL);
        error = result ? fault_set(fault, DEPOSITARY_E_ARGUMENT, "%s: %s", config->cert_file, nng_strerror(result)) : 0;
    }
    if (key.data != NULL) {
        sodium_memzero(key.data, key.len);
    }
    buffer_free(&key);
    buffer_free(&certificate);
    return error;
}

/* One TLS configuration for all endpoints; made where the first needs it. */
static int make_tls(struct connection *connection, const struct connect_config *config, struct fault *fault) {
    if (connection->tls != NULL) {
        return 0;
    }
    if (config->ca_file == NULL || config->ca_file[0] == '\0') {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT,
                         "tls+tcp:// needs a file with the certificates of its authority");
    }
    int error = nng_tls_config_alloc(&connection->tls, NNG_TLS_MODE_CLIENT);
    if (error == 0) {
        error = nng_tls_config_auth_mode(connection->tls, NNG_TLS_AUTH_MODE_REQUIRED);
    }
    if (error == 0) {
        error = nng_tls_config_ca_file(connection->tls, config->ca_file);
    }
    return error ? fault_set(fault, DEPOSITARY_E_ARGUMENT, "%s: %s", config->ca_file, nng_strerror(error))
                 : set_own_certificate(connection->tls, config, fault);
}

static int dial(struct connection *connection, const char *endpoint, const struct connect_config *config,
                struct fault *fault) {
    nng_dialer dialer;
    bool is_tls = strncmp(endpoint, "tls+tcp://", 10) == 0;
    if (!is_scheme_known(endpoint)) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT,
                         "\"%s\" is no endpoint: tcp://HOST:PORT, ipc://PATH or tls+tcp://HOST:PORT", endpoint);
    }
    int failure = is_tls ? make_tls(connection, config, fault) : 0;
    if (failure) {
        return failure;
    }
    int error = nng_dialer_create(&dialer, connection->socket, endpoint);
    if (error == 0 && is_tls) {
        error = nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, connection->tls);
    }
    if (error == 0) {
        error = nng_dialer_start(dialer, NNG_FLAG_NONBLOCK);
    }
    return error ? fault_set(fault, DEPOSITARY_E_ARGUMENT, "%s: %s", endpoint, nng_strerror(error)) : 0;
}

static int dial_all(struct connection *connection, const struct connect_config *config, struct fault *fault) {
    const char *rest = config->endpoints != NULL ? config->endpoints : "";
    size_t count = 0;
    while (*rest != '\0') {
        char endpoint[ENDPOINT_MAX];
        size_t len = strcspn(rest, ",");
        if (len >= sizeof endpoint || ++count > ENDPOINTS_MAX) {
            return fault_set(fault, DEPOSITARY_E_LIMIT, "an endpoint is too long, or there are too many");
        }
        memcpy(endpoint, rest, len);
        endpoint[len] = '\0';
        int error = dial(connection, endpoint, config, fault);
        if (error) {
            return error;
        }
        rest += len;
        rest += *rest == ',';
    }
    return count > 0 ? 0 : fault_set(fault, DEPOSITARY_E_ARGUMENT, "no endpoint is named");
}

int connect_open(struct connection **out, const struct connect_config *config, struct fault *fault) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL || pthread_mutex_init(&connection->lock, NULL) != 0) {
        free(connection);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for the connection");
    }
    int result = nng_req0_open(&connection->socket);
    if (pthread_cond_init(&connection->quiet, NULL) != 0 || result != 0) {
        pthread_mutex_destroy(&connection->lock);
        free(connection);
        return fault_set(fault, DEPOSITARY_E_STATE, "nng: %s", nng_strerror(result));
    }
    int error = set_options(connection->socket, fault);
    if (error == 0) {
        error = dial_all(connection, config, fault);
    }
    if (error) {
        connect_close(connection);
        return error;
    }
    *out = connection;
    return 0;
}

/* ---- lines */

static void line_event(void *argument);

static struct line *line_new(struct connection *connection) {
    struct line *line = calloc(1, sizeof *line);
    if (line == NULL) {
        return NULL;
    }
    line->connection = connection;
    if (nng_ctx_open(&line->context, connection->socket) != 0) {
        free(line);
        return NULL;
    }
    if (nng_aio_alloc(&line->aio, line_event, line) != 0) {
        (void)nng_ctx_close(line->context);
        free(line);
        return NULL;
    }
    return line;
}

static enum line_result line_take(struct connection *connection, line_done *done, void *context, struct line **out) {
    enum line_result result = LINE_OK;
    pthread_mutex_lock(&connection->lock);
    struct line *line = connection->idle;
    if (connection->is_closing) {
        result = LINE_CLOSED;
    } else if (line != NULL) {
        connection->idle = line->next;
    } else if ((line = line_new(connection)) != NULL) {
        line->next_all = connection->all;
        connection->all = line;
    } else {
        result = LINE_FAILED;
    }
    if (result == LINE_OK) {
        line->done = done;
        line->done_context = context;
        connection->active++;
        *out = line;
    }
    pthread_mutex_unlock(&connection->lock);
    return result;
}

static void line_put_back(struct line *line) {
    struct connection *connection = line->connection;
    pthread_mutex_lock(&connection->lock);
    line->next = connection->idle;
    connection->idle = line;
    if (--connection->active == 0) {
        pthread_cond_broadcast(&connection->quiet);
    }
    pthread_mutex_unlock(&connection->lock);
}

/* Tells how it ended, then gives the line back: the message lives until then, and closing waits for it. */
static void line_finish(struct line *line, enum line_result result, nng_msg *message) {
    struct bytes response = message != NULL ? bytes_of(nng_msg_body(message), nng_msg_len(message)) : BYTES("");
    line->phase = PHASE_IDLE;
    line->done(line->done_context, result, response);
    if (message != NULL) {
        nng_msg_free(message);
    }
    line_put_back(line);
}

static enum line_result result_of(const struct line *line, int error) {
    switch (error) {
    case 0:
        return LINE_OK;
    case NNG_ETIMEDOUT:
        return line->phase == PHASE_SEND ? LINE_NOT_SENT : LINE_TIMEOUT;
    case NNG_ECLOSED:
    case NNG_ECANCELED:
        return LINE_CLOSED;
    case NNG_ENOMEM:
        return LINE_FAILED;
    default:
        return line->phase == PHASE_SEND ? LINE_NOT_SENT : LINE_LOST;
    }
}

static void line_event(void *argument) {
    struct line *line = argument;
    int error = nng_aio_result(line->aio);
    if (line->phase == PHASE_SEND && error != 0) {
        nng_msg_free(nng_aio_get_msg(line->aio)); /* not sent: still ours */
        nng_aio_set_msg(line->aio, NULL);
    }
    if (line->phase == PHASE_SEND && error == 0) {
        line->phase = PHASE_RECEIVE;
        nng_aio_set_timeout(line->aio, (nng_duration)line->receive_ms);
        nng_ctx_recv(line->context, line->aio);
        return;
    }
    nng_msg *message = line->phase == PHASE_RECEIVE && error == 0 ? nng_aio_get_msg(line->aio) : NULL;
    nng_aio_set_msg(line->aio, NULL);
    line_finish(line, result_of(line, error), message);
}

enum line_result connect_exchange(struct connection *connection, struct bytes request, uint32_t send_ms,
                                  uint32_t receive_ms, line_done *done, void *context) {
    struct line *line;
    nng_msg *message;
    enum line_result result = line_take(connection, done, context, &line);
    if (result != LINE_OK) {
        return result;
    }
    if (nng_msg_alloc(&message, 0) != 0) {
        line_put_back(line);
        return LINE_FAILED;
    }
    if (nng_msg_append(message, request.data, request.len) != 0) {
        nng_msg_free(message);
        line_put_back(line);
        return LINE_FAILED;
    }
    line->phase = PHASE_SEND;
    line->receive_ms = receive_ms;
    nng_aio_set_msg(line->aio, message);
    nng_aio_set_timeout(line->aio, (nng_duration)send_ms);
    nng_ctx_send(line->context, line->aio);
    return LINE_OK;
}

enum line_result connect_pause(struct connection *connection, uint32_t pause_ms, line_done *done, void *context) {
    struct line *line;
    enum line_result result = line_take(connection, done, context, &line);
    if (result != LINE_OK) {
        return result;
    }
    line->phase = PHASE_PAUSE;
    nng_sleep_aio((nng_duration)pause_ms, line->aio);
    return LINE_OK;
}

/* ---- closing */

/*
 * Ends all exchanges, before the socket is closed: nng 1.5.2 ends the program where a context is used while its socket closes. What is between two
 * steps is not under way yet, and cannot be cancelled: so until none is left. Returns the lines.
 */
static struct line *stop_lines(struct connection *connection) {
    pthread_mutex_lock(&connection->lock);
    connection->is_closing = true; /* no line is taken from now on */
    struct line *all = connection->all;
    while (connection->active > 0) {
        struct timespec until;
        pthread_mutex_unlock(&connection->lock);
        for (struct line *line = all; line != NULL; line = line->next_all) {
            nng_aio_cancel(line->aio);
        }
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += CLOSE_STEP_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_mutex_lock(&connection->lock);
        if (connection->active > 0) {
            pthread_cond_timedwait(&connection->quiet, &connection->lock, &until);
        }
    }
    pthread_mutex_unlock(&connection->lock);
    return all;
}

void connect_close(struct connection *connection) {
    if (connection == NULL) {
        return;
    }
    struct line *all = stop_lines(connection);
    (void)socket_close(connection->socket);
    while (all != NULL) {
        struct line *line = all;
        all = line->next_all;
        nng_aio_free(line->aio); /* waits for its call-back */
        free(line);
    }
    if (connection->tls != NULL) {
        nng_tls_config_free(connection->tls);
    }
    (void)pthread_cond_destroy(&connection->quiet);
    (void)pthread_mutex_destroy(&connection->lock);
    free(connection);
}
