/*
 * A front door (listener.h). A context goes round: receive, answer (here, or at a worker), seal (at the sealer), send, and only when the send has
 * ended receive again: nng 1.5.2 crashes when a receive is cancelled while a send is queued.
 */
#include "server/listener.h"

#include "base/limits.h"
#include "base/log.h"
#include "rpc/call.h"
#include "rpc/socket.h"
#include "server/config.h"
#include "server/sealer.h"

#include <netinet/in.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND_TIMEOUT_MS      5000 /* a reader that takes nothing for so long is let go ... */
#define SEND_TIMEOUT_BUSY_MS 1000 /* ... and sooner where many answers wait for it */
#define RETRY_OVERLOAD_MS    500

/* A context, and the call that it carries. */
struct slot {
    struct listener *listener;
    nng_ctx context;
    nng_aio *aio;
    bool is_sending;
    struct connection *connection; /* of the call that it carries */
    struct exchange exchange;
    struct sealing sealing;
    struct work work;
};

struct listener {
    char url[512];
    struct listener_parts parts;
    nng_socket socket;
    nng_listener door;
    unsigned arrivals;    /* atomic */
    unsigned calls;       /* atomic */
    pthread_mutex_t lock; /* over slots_running */
    pthread_cond_t stopped;
    unsigned slots_running;
    unsigned slots_count;
    struct slot slots[LISTENER_CONTEXTS];
};

static int fault_of_nng(struct fault *fault, int error, const char *what, const char *url) {
    int code = error == NNG_ENOMEM       ? DEPOSITARY_E_MEMORY
               : error == NNG_EADDRINVAL ? DEPOSITARY_E_ARGUMENT
                                         : DEPOSITARY_E_IO;
    return fault_set(fault, code, "%s: %s: %s", url, what, nng_strerror(error));
}

/* ---- the way of a call */

static void slot_receive(struct slot *slot) {
    slot->is_sending = false;
    nng_aio_set_timeout(slot->aio, NNG_DURATION_INFINITE);
    nng_ctx_recv(slot->context, slot->aio);
}

/* The socket is closed: the last thing that happens to a slot. */
static void slot_stop(struct slot *slot) {
    struct listener *listener = slot->listener;
    pthread_mutex_lock(&listener->lock);
    listener->slots_running--;
    pthread_cond_signal(&listener->stopped);
    pthread_mutex_unlock(&listener->lock);
}

static void slot_end_call(struct slot *slot) {
    exchange_end(&slot->exchange);
    connection_end_call(slot->listener->parts.peers, slot->connection);
    slot->connection = NULL;
    __atomic_sub_fetch(&slot->listener->calls, 1, __ATOMIC_RELEASE);
}

static struct metrics *slot_metrics(const struct slot *slot) {
    return slot->listener->parts.exchanger->server->metrics;
}

/* No answer can be given: the caller will run into its deadline. Or nobody waits for one. */
static void slot_drop_call(struct slot *slot, enum metric why) {
    metrics_add(slot_metrics(slot), why);
    if (why == METRIC_CALLS_DROPPED) {
        log_line(LOG_LEVEL_ERROR, "a call was dropped", "reason", depositary_error_text(DEPOSITARY_E_MEMORY), NULL);
    }
    slot_end_call(slot);
    slot_receive(slot);
}

/* In the sealer's thread, so that these counters have one writer. */
static void slot_count(struct slot *slot, const struct seal *seal) {
    struct metrics *metrics = slot_metrics(slot);
    const struct exchange *exchange = &slot->exchange;
    uint64_t begun_ns = exchange->call.begun_ns;
    metrics_call(metrics, exchange->method, exchange->code, begun_ns > 0 ? slot->sealing.sealed_ns - begun_ns : 0);
    if (exchange->is_cached) {
        metrics_add(metrics, METRIC_CACHE_HITS);
    }
    if (seal->index == 0) {
        metrics_batch(metrics, slot->sealing.batch);
    }
}

/* From the sealer. */
static void slot_send(struct sealing *sealing, const struct seal *seal) {
    struct slot *slot = (struct slot *)((char *)sealing - offsetof(struct slot, sealing));
    struct bytes answer = slot->exchange.answer->bytes;
    nng_msg *message = NULL;
    if (!seal || nng_msg_alloc(&message, response_len(answer.len, seal)) != 0) {
        slot_drop_call(slot, METRIC_CALLS_DROPPED);
        return;
    }
    slot_count(slot, seal);
    response_write(nng_msg_body(message), answer, seal);
    slot->is_sending = true;
    nng_aio_set_msg(slot->aio, message);
    nng_aio_set_timeout(slot->aio, connection_is_busy(slot->listener->parts.peers, slot->connection)
                                       ? SEND_TIMEOUT_BUSY_MS
                                       : SEND_TIMEOUT_MS);
    nng_ctx_send(slot->context, slot->aio);
}

static void slot_seal(struct slot *slot, enum exchange_next next) {
    if (next != EXCHANGE_ANSWERED) {
        slot_drop_call(slot, next == EXCHANGE_GONE ? METRIC_CALLS_GONE : METRIC_CALLS_DROPPED);
        return;
    }
    slot->sealing = (struct sealing){.state = slot->exchange.view->state,
                                     .request_digest = slot->exchange.request_digest,
                                     .answer_digest = slot->exchange.answer->digest,
                                     .begun_ns = slot->exchange.call.begun_ns,
                                     .sealed = slot_send};
    struct sealer *sealer = slot->listener->parts.exchanger->server->sealer;
    if (listener_calls(slot->listener) == 1) {
        sealer_submit_lone(sealer, &slot->sealing);
    } else {
        sealer_submit(sealer, &slot->sealing);
    }
}

/* From a worker. */
static void slot_work(struct work *work) {
    struct slot *slot = (struct slot *)((char *)work - offsetof(struct slot, work));
    slot_seal(slot, exchange_finish(&slot->exchange));
}

/* What is said and counted where a call is not admitted. */
static const struct {
    const char *why;
    enum metric metric;
} refusals[] = {
    [ADMIT_CONNECTION_CALLS] = {"too many calls of one connection at one time", METRIC_CALLS_CONNECTION},
    [ADMIT_PEER_CALLS] = {"too many calls from one address at one time", METRIC_CALLS_PEER},
    [ADMIT_PEER_RATE] = {"too many calls a second from one address", METRIC_CALLS_RATE},
};

static enum exchange_next slot_begin(struct slot *slot, struct bytes request) {
    const struct listener_parts *parts = &slot->listener->parts;
    const struct caller caller = {.peer = connection_name(slot->connection),
                                  .is_gone = connection_is_gone(slot->connection)};
    int64_t retry_ms = RETRY_OVERLOAD_MS;
    enum admission admission = connection_admit(parts->peers, slot->connection, &retry_ms);
    if (admission == ADMITTED) {
        return exchange_begin(&slot->exchange, parts->exchanger, request, &caller);
    }
    metrics_add(slot_metrics(slot), refusals[admission].metric);
    return exchange_refuse(&slot->exchange, parts->exchanger, request, &caller, refusals[admission].why, retry_ms);
}

static enum exchange_next slot_answer(struct slot *slot, struct bytes request) {
    enum exchange_next next = slot_begin(slot, request);
    if (next == EXCHANGE_QUICK) {
        return exchange_finish(&slot->exchange);
    }
    if (next == EXCHANGE_SLOW) {
        slot->work = (struct work){.run = slot_work};
        if (!workers_add(slot->listener->parts.workers, &slot->work)) {
            metrics_add(slot_metrics(slot), METRIC_CALLS_QUEUE);
            return exchange_give_up(&slot->exchange, "too many searches and appends at one time", RETRY_OVERLOAD_MS);
        }
    }
    return next;
}

/* Closes a connection that takes no answers: one slow reader must not hold the contexts of all. */
static void slot_cut_off(struct slot *slot) {
    nng_pipe pipe = {.id = connection_pipe(slot->connection)};
    metrics_add(slot_metrics(slot), METRIC_CONNECTIONS_STALLED);
    log_line(LOG_LEVEL_WARNING, "a connection that takes no answers was closed", "peer",
             connection_name(slot->connection), NULL);
    nng_pipe_close(pipe);
}

static void slot_received(struct slot *slot) {
    struct peers *peers = slot->listener->parts.peers;
    nng_msg *message = nng_aio_get_msg(slot->aio);
    slot->connection = connection_begin_call(peers, (uint32_t)nng_pipe_id(nng_msg_get_pipe(message)));
    if (!slot->connection) { /* gone before its turn */
        metrics_add(slot_metrics(slot), METRIC_CALLS_GONE);
        nng_msg_free(message);
        slot_receive(slot);
        return;
    }
    __atomic_add_fetch(&slot->listener->calls, 1, __ATOMIC_ACQUIRE);
    if (connection_is_stalled(peers, slot->connection)) {
        slot_cut_off(slot);
    }
    enum exchange_next next = slot_answer(slot, bytes_of(nng_msg_body(message), nng_msg_len(message)));
    nng_msg_free(message); /* what is needed of it was copied */
    if (next != EXCHANGE_SLOW) {
        slot_seal(slot, next);
    }
}

static void slot_sent(struct slot *slot, int result) {
    if (result != 0) {
        nng_msg_free(nng_aio_get_msg(slot->aio));
        nng_aio_set_msg(slot->aio, NULL);
    }
    if (result == 0) {
        connection_sent(slot->connection);
    } else if (result == NNG_ETIMEDOUT) {
        slot_cut_off(slot);
    }
    slot_end_call(slot);
}

/* Every call-back of a slot comes here, one at a time. */
static void slot_turn(void *context) {
    struct slot *slot = context;
    int result = nng_aio_result(slot->aio);
    if (slot->is_sending) {
        slot_sent(slot, result);
    }
    if (result == NNG_ECLOSED || result == NNG_ECANCELED) {
        slot_stop(slot);
    } else if (result == 0 && !slot->is_sending) {
        slot_received(slot);
    } else {
        slot_receive(slot);
    }
}

/* ---- connections */

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* Where a connection comes from, as the system writes it down. */
static union address address_of(nng_pipe pipe) {
    union address out = {.any = {.sa_family = AF_UNIX}};
    nng_sockaddr address;
    if (nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &address) != 0) {
        return out;
    }
    if (address.s_family == NNG_AF_INET) {
        out.in = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = address.s_in.sa_port, .sin_addr = {.s_addr = address.s_in.sa_addr}};
    } else if (address.s_family == NNG_AF_INET6) {
        out.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = address.s_in6.sa_port};
        memcpy(&out.in6.sin6_addr, address.s_in6.sa_addr, sizeof(out.in6.sin6_addr));
    }
    return out;
}

static void connection_begins(struct listener *listener, nng_pipe pipe) {
    static const enum metric counted[] = {[PEERS_WELCOME] = METRIC_CONNECTIONS,
                                          [PEERS_FULL] = METRIC_CONNECTIONS_FULL,
                                          [PEERS_PEER_HAS_MANY] = METRIC_CONNECTIONS_PEER};
    union address address = address_of(pipe);
    enum peers_answer answer = peers_connect(listener->parts.peers, (uint32_t)nng_pipe_id(pipe), &address.any);
    metrics_add(listener->parts.exchanger->server->metrics, counted[answer]);
    __atomic_add_fetch(&listener->arrivals, 1, __ATOMIC_RELAXED);
    if (answer != PEERS_WELCOME) {
        nng_pipe_close(pipe);
    }
}

/* Told before a connection is taken in, and when it has gone. */
static void pipe_event(nng_pipe pipe, nng_pipe_ev event, void *context) {
    struct listener *listener = context;
    if (event == NNG_PIPE_EV_REM_POST) {
        peers_disconnect(listener->parts.peers, (uint32_t)nng_pipe_id(pipe));
    } else {
        connection_begins(listener, pipe);
    }
}

static int open_door(struct listener *listener, struct fault *fault) {
    int error = nng_listener_create(&listener->door, listener->socket, listener->url);
    if (error) {
        return fault_of_nng(fault, error, "cannot listen", listener->url);
    }
    if (strncmp(listener->url, "ipc", 3) != 0) {
        nng_listener_set_bool(listener->door, NNG_OPT_TCP_KEEPALIVE, true); /* peers that died are let go */
    }
    int refused = listener_retake_tls(listener, fault);
    if (!refused && (error = nng_listener_start(listener->door, 0)) != 0) {
        refused = fault_of_nng(fault, error, "cannot listen", listener->url);
    }
    if (refused) {
        nng_listener_close(listener->door);
    }
    return refused;
}

int listener_retake_tls(struct listener *listener, struct fault *fault) {
    return config_is_tls(listener->url) ? tls_give(listener->parts.tls, listener->door, fault) : 0;
}

static enum door knock(void *context, int timeout_ms) {
    const struct listener *listener = context;
    return door_knock(listener->url, listener->parts.tls, timeout_ms);
}

static unsigned arrivals(const void *context) {
    const struct listener *listener = context;
    return __atomic_load_n(&listener->arrivals, __ATOMIC_RELAXED);
}

static int reopen(void *context, struct fault *fault) {
    struct listener *listener = context;
    nng_listener_close(listener->door);
    return open_door(listener, fault);
}

struct watched_door listener_watched(struct listener *listener) {
    return (struct watched_door){
        .url = listener->url, .context = listener, .knock = knock, .arrivals = arrivals, .reopen = reopen};
}

/* ---- begin and end */

static int open_socket(struct listener *listener, struct fault *fault) {
    int error = nng_rep0_open(&listener->socket);
    if (error) {
        return fault_of_nng(fault, error, "no socket", listener->url);
    }
    /* Before anything can arrive: without it a forged length takes all memory. */
    error = nng_socket_set_size(listener->socket, NNG_OPT_RECVMAXSZ, LIMIT_SOCKET);
    if (!error) {
        error = nng_pipe_notify(listener->socket, NNG_PIPE_EV_ADD_PRE, pipe_event, listener);
    }
    if (!error) {
        error = nng_pipe_notify(listener->socket, NNG_PIPE_EV_REM_POST, pipe_event, listener);
    }
    return error ? fault_of_nng(fault, error, "no socket", listener->url) : 0;
}

static int open_slots(struct listener *listener, struct fault *fault) {
    for (unsigned i = 0; i < LISTENER_CONTEXTS; i++) {
        struct slot *slot = &listener->slots[i];
        slot->listener = listener;
        int error = nng_aio_alloc(&slot->aio, slot_turn, slot);
        if (!error) {
            error = nng_ctx_open(&slot->context, listener->socket);
            if (error) {
                nng_aio_free(slot->aio);
            }
        }
        if (error) {
            return fault_of_nng(fault, error, "no context", listener->url);
        }
        listener->slots_count++;
    }
    return 0;
}

static void start_slots(struct listener *listener) {
    listener->slots_running = listener->slots_count;
    for (unsigned i = 0; i < listener->slots_count; i++) {
        slot_receive(&listener->slots[i]);
    }
}

int listener_start(struct listener **out, const char *url, const struct listener_parts *parts, struct fault *fault) {
    struct listener *listener = calloc(1, sizeof(*listener));
    if (!listener || strlen(url) >= sizeof(listener->url)) {
        free(listener);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "%s: no memory to listen", url);
    }
    snprintf(listener->url, sizeof(listener->url), "%s", url);
    listener->parts = *parts;
    pthread_mutex_init(&listener->lock, NULL);
    pthread_cond_init(&listener->stopped, NULL);
    int error = open_socket(listener, fault);
    if (!error) {
        error = open_slots(listener, fault);
    }
    if (!error) {
        error = open_door(listener, fault);
    }
    if (error) {
        listener_stop(listener);
        return error;
    }
    start_slots(listener);
    *out = listener;
    return 0;
}

void listener_stop(struct listener *listener) {
    if (!listener) {
        return;
    }
    bool is_closed = socket_close(listener->socket);
    pthread_mutex_lock(&listener->lock);
    while (listener->slots_running > 0) {
        pthread_cond_wait(&listener->stopped, &listener->lock);
    }
    pthread_mutex_unlock(&listener->lock);
    for (unsigned i = 0; i < listener->slots_count; i++) {
        nng_aio_free(listener->slots[i].aio);
    }
    if (!is_closed) { /* nng may still tell of a connection: what it tells it to stays */
        log_line(LOG_LEVEL_WARNING,
                 "the network library did not let go of a door; it is left to the end of the process", "listen",
                 listener->url, NULL);
        return;
    }
    pthread_cond_destroy(&listener->stopped);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}

const char *listener_url(const struct listener *listener) {
    return listener->url;
}

unsigned listener_calls(const struct listener *listener) {
    return __atomic_load_n(&listener->calls, __ATOMIC_ACQUIRE);
}
