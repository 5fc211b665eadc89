/*
 * Exchanges on their way (connect.h): the queue of those that wait, what is due among them, endpoints that come and go. nng's own calls under the lock
 * are those that never call back from within: starting a pause, cancelling.
 */
#include "client/connect_parts.h"

#include "base/time.h"
#include "rpc/socket.h"

#include <stdlib.h>
#include <string.h>

/* ---- lists */

void queue_add(struct queue *queue, struct exchange *exchange) {
    exchange->next = NULL;
    exchange->previous = queue->last;
    *(queue->last != NULL ? &queue->last->next : &queue->first) = exchange;
    queue->last = exchange;
}

void queue_add_first(struct queue *queue, struct exchange *exchange) {
    exchange->previous = NULL;
    exchange->next = queue->first;
    *(queue->first != NULL ? &queue->first->previous : &queue->last) = exchange;
    queue->first = exchange;
}

void queue_remove(struct queue *queue, struct exchange *exchange) {
    *(exchange->previous != NULL ? &exchange->previous->next : &queue->first) = exchange->next;
    *(exchange->next != NULL ? &exchange->next->previous : &queue->last) = exchange->previous;
}

struct queue *connect_queue(struct connection *connection, const struct exchange *exchange) {
    return exchange->is_pause ? &connection->pauses : exchange->is_urgent ? &connection->urgent : &connection->normal;
}

bool exchange_is_cancelled(const struct exchange *exchange) {
    return exchange->is_cancelled != NULL && atomic_load(exchange->is_cancelled);
}

void connect_leave(struct connection *connection) {
    if (--connection->active == 0) {
        pthread_cond_broadcast(&connection->quiet);
    }
}

/* Told; then it is no longer ours. */
void exchange_tell(struct connection *connection, struct exchange *exchange, enum line_result result,
                   struct bytes response) {
    exchange->done(exchange->context, result, response);
    pthread_mutex_lock(&connection->lock);
    connect_leave(connection);
    pthread_mutex_unlock(&connection->lock);
}

/* ---- the ticker */

static uint64_t earliest(const struct queue *queue, uint64_t until) {
    for (const struct exchange *exchange = queue->first; exchange != NULL; exchange = exchange->next) {
        until = exchange->due_ns < until ? exchange->due_ns : until;
    }
    return until;
}

static void ticker_start(struct connection *connection, uint64_t due_ns) {
    uint64_t now = clock_monotonic_ns();
    uint64_t wait_ms = due_ns <= now ? 0 : (due_ns - now) / NS_PER_MS + 1;
    connection->ticks_ns = due_ns;
    nng_sleep_aio((nng_duration)(wait_ms < INT32_MAX ? wait_ms : INT32_MAX), connection->ticker);
}

/* Something new is due then. Waking it early makes it look again at everything. */
void connect_note_due(struct connection *connection, uint64_t due_ns) {
    if (connection->ticks_ns == 0) {
        ticker_start(connection, due_ns);
    } else if (due_ns < connection->ticks_ns) {
        nng_aio_cancel(connection->ticker);
    }
}

/* ---- what is due */

static bool is_connected(const struct connection *connection) {
    for (int i = 0; i < connection->count; i++) {
        if (connection->endpoints[i].pipes > 0) {
            return true;
        }
    }
    return false;
}

/* Whether the service went away so lately that it is worth the whole time of a call to wait for it. */
static bool may_return(const struct connection *connection, uint64_t now) {
    return connection->left_ns != 0 && now - connection->left_ns < RETURN_MS * NS_PER_MS;
}

/* How one that waited ended; false: it goes on waiting. */
static bool judge_due(struct connection *connection, struct exchange *exchange, uint64_t now,
                      enum line_result *result) {
    if (exchange_is_cancelled(exchange)) {
        *result = LINE_CANCELLED;
        return true;
    }
    if (exchange->is_refused) {
        *result = LINE_FAILED;
        return true;
    }
    if (exchange->due_ns > now) {
        return false;
    }
    if (exchange->is_pause) {
        *result = LINE_OK;
        return true;
    }
    bool is_there = is_connected(connection);
    *result = is_there ? LINE_TIMEOUT : LINE_NOT_SENT;
    if (is_there || may_return(connection, now)) { /* it is only its turn, or the way back, that has not come */
        exchange->due_ns = exchange->answer_by_ns;
    }
    return exchange->due_ns <= now;
}

/* The result waits in due_ns, which has served: a list for each result would be more than it is worth. */
static void collect(struct connection *connection, struct queue *from, struct queue *due, uint64_t now) {
    struct exchange *exchange = from->first;
    while (exchange != NULL) {
        struct exchange *next = exchange->next;
        enum line_result result = LINE_CLOSED;
        if (connection->is_closing || judge_due(connection, exchange, now, &result)) {
            queue_remove(from, exchange);
            exchange->due_ns = (uint64_t)result;
            queue_add(due, exchange);
        }
        exchange = next;
    }
}

static void tick(void *argument) {
    struct connection *connection = argument;
    struct queue due = {NULL, NULL};
    pthread_mutex_lock(&connection->lock);
    uint64_t now = clock_monotonic_ns();
    connection->ticks_ns = 0;
    collect(connection, &connection->urgent, &due, now);
    collect(connection, &connection->normal, &due, now);
    collect(connection, &connection->pauses, &due, now);
    uint64_t next =
        earliest(&connection->pauses, earliest(&connection->normal, earliest(&connection->urgent, UINT64_MAX)));
    if (next != UINT64_MAX) {
        ticker_start(connection, next);
    }
    pthread_mutex_unlock(&connection->lock);
    while (due.first != NULL) {
        struct exchange *exchange = due.first;
        queue_remove(&due, exchange);
        exchange_tell(connection, exchange, (enum line_result)exchange->due_ns, BYTES(""));
    }
}

/* ---- endpoints that come and go */

static void cancel_unsent(struct endpoint *endpoint) {
    for (struct line *line = endpoint->all; line != NULL; line = line->next_all) {
        if (line->exchange != NULL && line->phase == PHASE_SEND) {
            nng_aio_cancel(line->aio);
        }
    }
}

static void pipe_told(nng_pipe pipe, nng_pipe_ev event, void *argument) {
    struct endpoint *endpoint = argument;
    struct connection *connection = endpoint->connection;
    struct line *ready = NULL;
    pthread_mutex_lock(&connection->lock);
    if (event == NNG_PIPE_EV_ADD_POST) {
        endpoint->pipes++;
        endpoint->pipe = pipe;
        endpoint->heard_ns = clock_monotonic_ns();
        ready = connect_assign(connection);
    } else if (endpoint->pipes > 0 && --endpoint->pipes == 0) {
        cancel_unsent(endpoint);
        if (!is_connected(connection)) {
            connection->left_ns = clock_monotonic_ns();
        }
    }
    pthread_mutex_unlock(&connection->lock);
    lines_send(ready);
}

/* ---- starting and stopping exchanges */

static enum line_result refusal(const struct connection *connection, const struct exchange *exchange) {
    return connection->is_closing ? LINE_CLOSED : exchange_is_cancelled(exchange) ? LINE_CANCELLED : LINE_OK;
}

static enum line_result start(struct connection *connection, struct exchange *exchange) {
    exchange->endpoint = ENDPOINT_NONE;
    exchange->is_refused = false;
    pthread_mutex_lock(&connection->lock);
    enum line_result result = refusal(connection, exchange);
    struct line *ready = NULL;
    if (result == LINE_OK) {
        connection->active++;
        queue_add(connect_queue(connection, exchange), exchange);
        ready = connect_assign(connection);
        if (connect_queue(connection, exchange)->last == exchange) { /* it waits */
            connect_note_due(connection, exchange->due_ns);
        }
    }
    pthread_mutex_unlock(&connection->lock);
    lines_send(ready);
    return result;
}

enum line_result connect_exchange(struct connection *connection, struct exchange *exchange) {
    exchange->is_pause = false;
    exchange->due_ns = exchange->send_by_ns < exchange->answer_by_ns ? exchange->send_by_ns : exchange->answer_by_ns;
    return start(connection, exchange);
}

enum line_result connect_pause(struct connection *connection, struct exchange *exchange, uint32_t pause_ms) {
    exchange->is_pause = true;
    exchange->due_ns = clock_monotonic_ns() + (uint64_t)pause_ms * NS_PER_MS;
    return start(connection, exchange);
}

static void cancel_lines(struct endpoint *endpoint, const atomic_bool *flag) {
    for (struct line *line = endpoint->all; line != NULL; line = line->next_all) {
        if (line->exchange != NULL && line->exchange->is_cancelled == flag) {
            line->is_cancelled = true;
            nng_aio_cancel(line->aio);
        }
    }
}

void connect_cancel(struct connection *connection, const atomic_bool *flag) {
    pthread_mutex_lock(&connection->lock);
    for (int i = 0; i < connection->count; i++) {
        cancel_lines(&connection->endpoints[i], flag);
    }
    if (connection->ticks_ns != 0) {
        nng_aio_cancel(connection->ticker); /* it looks at the flags of all that wait */
    }
    pthread_mutex_unlock(&connection->lock);
}

void connect_rest(struct connection *connection, int endpoint, uint32_t rest_ms) {
    if (endpoint < 0 || endpoint >= connection->count) {
        return;
    }
    pthread_mutex_lock(&connection->lock);
    connection->endpoints[endpoint].resting_until_ns = clock_monotonic_ns() + (uint64_t)rest_ms * NS_PER_MS;
    pthread_mutex_unlock(&connection->lock);
}

/* ---- opening and closing */

static int add_endpoint(struct connection *connection, const char *url, const struct connect_config *config,
                        struct fault *fault) {
    struct endpoint *endpoint = &connection->endpoints[connection->count];
    nng_dialer dialer;
    endpoint->connection = connection;
    endpoint->index = connection->count++;
    int error = endpoint_open(endpoint, url, config, pipe_told, &dialer, fault);
    if (error) {
        return error;
    }
    int result = nng_dialer_start(dialer, NNG_FLAG_NONBLOCK);
    return result ? endpoint_fault(fault, DEPOSITARY_E_ARGUMENT, url, result) : 0;
}

static int add_all(struct connection *connection, const struct connect_config *config, struct fault *fault) {
    const char *rest = config->endpoints != NULL ? config->endpoints : "";
    while (*rest != '\0') {
        char url[ENDPOINT_MAX];
        size_t len = strcspn(rest, ",");
        if (len >= sizeof url || connection->count == (int)ENDPOINTS_MAX) {
            return fault_set(fault, DEPOSITARY_E_LIMIT, "an endpoint is too long, or there are too many");
        }
        memcpy(url, rest, len);
        url[len] = '\0';
        int error = add_endpoint(connection, url, config, fault);
        if (error) {
            return error;
        }
        rest += len;
        rest += *rest == ',';
    }
    return connection->count > 0 ? 0 : fault_set(fault, DEPOSITARY_E_ARGUMENT, "no endpoint is named");
}

static struct connection *connection_new(void) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return NULL;
    }
    if (nng_aio_alloc(&connection->ticker, tick, connection) != 0) {
        free(connection);
        return NULL;
    }
    if (pthread_mutex_init(&connection->lock, NULL) != 0) {
        nng_aio_free(connection->ticker);
        free(connection);
        return NULL;
    }
    if (pthread_cond_init(&connection->quiet, NULL) != 0) {
        (void)pthread_mutex_destroy(&connection->lock);
        nng_aio_free(connection->ticker);
        free(connection);
        return NULL;
    }
    return connection;
}

int connect_open(struct connection **out, const struct connect_config *config, struct fault *fault) {
    struct connection *connection = connection_new();
    if (connection == NULL) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for the connection");
    }
    connection->window = config->window > 0 ? config->window : 1;
    int error = add_all(connection, config, fault);
    if (error) {
        connect_close(connection);
        return error;
    }
    *out = connection;
    return 0;
}

static void stop_all(struct connection *connection) {
    pthread_mutex_lock(&connection->lock);
    connection->is_closing = true; /* nothing begins from now on */
    for (int i = 0; i < connection->count; i++) {
        for (struct line *line = connection->endpoints[i].all; line != NULL; line = line->next_all) {
            if (line->exchange != NULL) {
                line->is_cancelled = true;
                nng_aio_cancel(line->aio);
            }
        }
    }
    connect_note_due(connection, 1);
    pthread_mutex_unlock(&connection->lock);
}

static void free_lines(struct endpoint *endpoint) {
    while (endpoint->all != NULL) {
        struct line *line = endpoint->all;
        endpoint->all = line->next_all;
        nng_aio_free(line->aio); /* waits for its call-back */
        free(line);
    }
}

void connect_stop(struct connection *connection) {
    if (connection == NULL || connection->is_closing) {
        return;
    }
    stop_all(connection);
    pthread_mutex_lock(&connection->lock);
    while (connection->active > 0) {
        pthread_cond_wait(&connection->quiet, &connection->lock);
    }
    pthread_mutex_unlock(&connection->lock);
    for (int i = 0; i < connection->count; i++) { /* nothing of ours is inside nng by now, which does not bear that */
        if (connection->endpoints[i].has_socket && !socket_close(connection->endpoints[i].socket)) {
            connection->is_watched = true;
        }
    }
}

void connect_close(struct connection *connection) {
    if (connection == NULL) {
        return;
    }
    connect_stop(connection);
    for (int i = 0; i < connection->count; i++) {
        free_lines(&connection->endpoints[i]);
        endpoint_close(&connection->endpoints[i]);
    }
    nng_aio_free(connection->ticker);
    if (connection->is_watched) { /* left behind: a call-back of a socket that nng has not closed may still come */
        return;
    }
    (void)pthread_cond_destroy(&connection->quiet);
    (void)pthread_mutex_destroy(&connection->lock);
    free(connection);
}
