/*
 * Lines of endpoints: which endpoint an exchange goes to, its sending, its answer. One exchange a line; a line is free for the next before its exchange
 * is told. PROTOCOL.md section 4.
 */
#include "client/connect_parts.h"

#include "base/time.h"

#include <stdlib.h>

#define SILENT_MS                                                                                                      \
    5000u /* an endpoint from which nothing comes for so long, while calls run out of time, is dialled anew */

/* ---- which endpoint */

/* How gladly it is used: 0 not at all, 4 best. */
static int rank(const struct endpoint *endpoint, const struct exchange *exchange, uint64_t now_ns) {
    if (endpoint->pipes == 0) {
        return 0;
    }
    if (endpoint->resting_until_ns > now_ns) {
        return 1;
    }
    return endpoint->index == exchange->avoid ? 2 : endpoint->index == exchange->prefer ? 4 : 3;
}

/* The best in turn; NULL where none is connected, or the best ones are full, for which it is worth waiting. */
static struct endpoint *choose(struct connection *connection, const struct exchange *exchange) {
    uint64_t now_ns = connection->count > 1 ? clock_monotonic_ns() : 0;
    struct endpoint *best = NULL;
    int best_rank = 1;
    for (int i = 0; i < connection->count; i++) {
        struct endpoint *endpoint = &connection->endpoints[(connection->turn + i) % connection->count];
        int own = rank(endpoint, exchange, now_ns);
        if (own > best_rank) {
            best_rank = own;
            best = NULL;
        }
        if (own >= best_rank && best == NULL && endpoint->in_flight < connection->window) {
            best = endpoint;
        }
    }
    if (best != NULL) {
        connection->turn = (best->index + 1) % connection->count;
    }
    return best;
}

/* ---- lines */

static void line_event(void *argument);

static struct line *line_new(struct endpoint *endpoint) {
    struct line *line = calloc(1, sizeof *line);
    if (line == NULL) {
        return NULL;
    }
    line->endpoint = endpoint;
    if (nng_ctx_open(&line->context, endpoint->socket) != 0) {
        free(line);
        return NULL;
    }
    if (nng_aio_alloc(&line->aio, line_event, line) != 0) {
        (void)nng_ctx_close(line->context);
        free(line);
        return NULL;
    }
    line->next_all = endpoint->all;
    endpoint->all = line;
    return line;
}

static struct line *line_take(struct endpoint *endpoint, struct exchange *exchange) {
    struct line *line = endpoint->idle;
    if (line != NULL) {
        endpoint->idle = line->next;
    } else {
        line = line_new(endpoint);
    }
    if (line != NULL) {
        line->exchange = exchange;
        exchange->is_refused = false;
        line->phase = PHASE_SEND;
        line->is_cancelled = false;
        exchange->endpoint = endpoint->index;
        endpoint->in_flight++;
    }
    return line;
}

static void line_put_back(struct line *line) {
    line->exchange = NULL;
    line->next = line->endpoint->idle;
    line->endpoint->idle = line;
    line->endpoint->in_flight--;
}

static nng_duration time_left(uint64_t until_ns) {
    uint64_t now = clock_monotonic_ns();
    uint64_t left_ms = until_ns <= now ? 0 : (until_ns - now) / NS_PER_MS + 1;
    return (nng_duration)(left_ms < INT32_MAX ? left_ms : INT32_MAX);
}

static nng_msg *make_message(struct bytes request) {
    nng_msg *message;
    if (nng_msg_alloc(&message, 0) != 0) {
        return NULL;
    }
    if (nng_msg_append(message, request.data, request.len) != 0) {
        nng_msg_free(message);
        return NULL;
    }
    return message;
}

static void settle(struct line *line, enum line_result result, nng_msg *message);

static void leave(struct connection *connection) {
    pthread_mutex_lock(&connection->lock);
    connect_leave(connection);
    pthread_mutex_unlock(&connection->lock);
}

/* A step that lines_send or line_advance began, and that held the connection open, has been made. Between the decision and nng's call the line may
 * have been cancelled, or its endpoint gone: what stops an aio does nothing before it is under way. So it is looked at once more. */
static void step_made(struct line *line) {
    struct connection *connection = line->endpoint->connection;
    pthread_mutex_lock(&connection->lock);
    bool is_gone = line->phase == PHASE_SEND && line->endpoint->pipes == 0;
    if (line->exchange != NULL && (line->is_cancelled || is_gone)) {
        nng_aio_cancel(line->aio);
    }
    connect_leave(connection);
    pthread_mutex_unlock(&connection->lock);
}

/* The first step of an exchange that was given a line. */
static void line_send(struct line *line) {
    nng_msg *message = make_message(line->exchange->request);
    if (message == NULL) {
        settle(line, LINE_FAILED, NULL);
        leave(line->endpoint->connection);
        return;
    }
    line->exchange->sent_ns = clock_monotonic_ns();
    nng_aio_set_msg(line->aio, message);
    nng_aio_set_timeout(line->aio, time_left(line->exchange->answer_by_ns));
    nng_ctx_send(line->context, line->aio);
    step_made(line);
}

/* Cancelled ones are left to the ticker, which is under way for them. */
static struct exchange *first_wanted(const struct queue *queue) {
    struct exchange *exchange = queue->first;
    while (exchange != NULL && exchange_is_cancelled(exchange)) {
        exchange = exchange->next;
    }
    return exchange;
}

/* Gives lines to those that wait, as far as there are any; they are sent once the lock is free. */
struct line *connect_assign(struct connection *connection) {
    struct line *ready = NULL;
    struct line **end = &ready;
    while (!connection->is_closing) {
        struct exchange *urgent = first_wanted(&connection->urgent);
        struct exchange *exchange = urgent != NULL ? urgent : first_wanted(&connection->normal);
        struct endpoint *endpoint = exchange != NULL ? choose(connection, exchange) : NULL;
        struct line *line = endpoint != NULL ? line_take(endpoint, exchange) : NULL;
        if (line == NULL) {
            if (endpoint != NULL &&
                endpoint->in_flight == 0) { /* no memory for a line, and none that will be put back */
                exchange->is_refused = true;
                connect_note_due(connection, 1);
            }
            break;
        }
        queue_remove(connect_queue(connection, exchange), exchange);
        connection->active++; /* until step_made */
        line->next = NULL;
        *end = line;
        end = &line->next;
    }
    return ready;
}

void lines_send(struct line *ready) {
    while (ready != NULL) {
        struct line *line = ready;
        ready = line->next;
        line_send(line);
    }
}

/* The line is free for the next before the exchange is told, so that judging an answer holds up no other. */
static void settle(struct line *line, enum line_result result, nng_msg *message) {
    struct connection *connection = line->endpoint->connection;
    struct exchange *exchange = line->exchange;
    struct bytes response = message != NULL ? bytes_of(nng_msg_body(message), nng_msg_len(message)) : BYTES("");
    pthread_mutex_lock(&connection->lock);
    if (message != NULL) {
        line->endpoint->heard_ns = clock_monotonic_ns();
    }
    line_put_back(line);
    struct line *ready = connect_assign(connection);
    pthread_mutex_unlock(&connection->lock);
    lines_send(ready);
    exchange_tell(connection, exchange, result, response);
    if (message != NULL) {
        nng_msg_free(message);
    }
}

/* The endpoint went away before it took the request: back to the front of those that wait. */
static void send_again(struct line *line) {
    struct connection *connection = line->endpoint->connection;
    struct exchange *exchange = line->exchange;
    pthread_mutex_lock(&connection->lock);
    line_put_back(line);
    queue_add_first(connect_queue(connection, exchange), exchange);
    struct line *ready = connect_assign(connection);
    connect_note_due(connection, exchange->due_ns);
    pthread_mutex_unlock(&connection->lock);
    lines_send(ready);
}

static bool is_stopped(struct line *line) {
    struct connection *connection = line->endpoint->connection;
    pthread_mutex_lock(&connection->lock);
    bool stopped = line->is_cancelled;
    pthread_mutex_unlock(&connection->lock);
    return stopped;
}

/* From sending to receiving; false: it was stopped meanwhile. */
static bool line_advance(struct line *line) {
    struct connection *connection = line->endpoint->connection;
    pthread_mutex_lock(&connection->lock);
    bool goes_on = !line->is_cancelled;
    if (goes_on) {
        line->phase = PHASE_RECEIVE;
        connection->active++; /* until step_made */
    }
    pthread_mutex_unlock(&connection->lock);
    return goes_on;
}

static bool is_closing(struct connection *connection) {
    pthread_mutex_lock(&connection->lock);
    bool closing = connection->is_closing;
    pthread_mutex_unlock(&connection->lock);
    return closing;
}

/* Nothing was heard since the request was sent, for long: the machine may be gone, and TCP would not say so for minutes. */
static void suspect(struct endpoint *endpoint, uint64_t sent_ns) {
    struct connection *connection = endpoint->connection;
    uint64_t now = clock_monotonic_ns();
    nng_pipe pipe = NNG_PIPE_INITIALIZER;
    pthread_mutex_lock(&connection->lock);
    if (endpoint->pipes > 0 && endpoint->heard_ns < sent_ns && now - sent_ns >= SILENT_MS * NS_PER_MS) {
        pipe = endpoint->pipe;
    }
    pthread_mutex_unlock(&connection->lock);
    if (nng_pipe_id(pipe) > 0) {
        (void)nng_pipe_close(pipe);
    }
}

static enum line_result result_of(const struct line *line, int error) {
    if (is_closing(line->endpoint->connection)) {
        return LINE_CLOSED;
    }
    switch (error) {
    case NNG_ETIMEDOUT:
        return line->phase == PHASE_SEND ? LINE_NOT_SENT : LINE_TIMEOUT;
    case NNG_ECLOSED:
        return LINE_CLOSED;
    case NNG_ECANCELED:
        return LINE_CANCELLED;
    case NNG_ENOMEM:
        return LINE_FAILED;
    default:
        return line->phase == PHASE_SEND ? LINE_NOT_SENT : LINE_LOST;
    }
}

static void line_receive(struct line *line) {
    nng_aio_set_timeout(line->aio, time_left(line->exchange->answer_by_ns));
    nng_ctx_recv(line->context, line->aio);
    step_made(line);
}

static void line_failed(struct line *line, int error) {
    enum line_result result = result_of(line, error);
    if (line->phase == PHASE_SEND && result == LINE_CANCELLED && !is_stopped(line)) {
        send_again(line);
        return;
    }
    if (result == LINE_TIMEOUT) {
        suspect(line->endpoint, line->exchange->sent_ns);
    }
    settle(line, result, NULL);
}

static void line_event(void *argument) {
    struct line *line = argument;
    int error = nng_aio_result(line->aio);
    nng_msg *message = NULL;
    if (line->phase == PHASE_SEND && error == 0 && line_advance(line)) {
        line_receive(line); /* only now: a receive that is cancelled while its send waits would not be safe */
        return;
    }
    if (line->phase == PHASE_SEND && error != 0) {
        nng_msg_free(nng_aio_get_msg(line->aio)); /* not sent: still ours */
    } else if (error == 0 && line->phase == PHASE_RECEIVE) {
        message = nng_aio_get_msg(line->aio);
    }
    nng_aio_set_msg(line->aio, NULL);
    if (message == NULL) {
        line_failed(line, error != 0 ? error : NNG_ECANCELED);
        return;
    }
    settle(line, LINE_OK, message);
}
