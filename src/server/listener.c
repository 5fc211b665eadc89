/*
 * A front door (listener.h). A context goes round: receive, answer (here, or at a worker), seal (at the sealer), send, and only when the send has
 * ended receive again: nng 1.5.2 crashes when a receive is cancelled while a send is queued.
 */
#include "server/listener.h"

#include "base/limits.h"
#include "base/log.h"
#include "rpc/call.h"
#include "server/sealer.h"

#include <arpa/inet.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND_TIMEOUT_MS   5000 /* a reader that takes nothing for so long is let go */
#define PIPE_CALLS_MAX    128u /* calls of one connection at one time; past it RESOURCE_EXHAUSTED ... */
#define PIPE_CALLS_CUTOFF 192u /* ... and past this the connection is closed */

/* A context, and the call that it carries. */
struct slot {
    struct listener *listener;
    nng_ctx context;
    nng_aio *aio;
    bool is_sending;
    uint32_t pipe; /* of the call that it carries, 0 without one; atomic */
    char peer[64]; /* for the log */
    struct exchange exchange;
    struct sealing sealing;
    struct work work;
};

struct listener {
    char url[512];
    struct exchanger *exchanger;
    struct workers *workers;
    nng_socket socket;
    nng_listener door;
    unsigned pipes;       /* atomic */
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
    __atomic_store_n(&slot->pipe, 0, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&slot->listener->calls, 1, __ATOMIC_RELEASE);
}

/* No answer can be given: the caller will run into its deadline. */
static void slot_drop_call(struct slot *slot) {
    log_line(LOG_LEVEL_ERROR, "a call was dropped", "reason", depositary_error_text(DEPOSITARY_E_MEMORY), NULL);
    slot_end_call(slot);
    slot_receive(slot);
}

/* From the sealer. */
static void slot_send(struct sealing *sealing, const struct seal *seal) {
    struct slot *slot = (struct slot *)((char *)sealing - offsetof(struct slot, sealing));
    struct bytes answer = slot->exchange.answer->bytes;
    nng_msg *message = NULL;
    if (!seal || nng_msg_alloc(&message, response_len(answer.len, seal)) != 0) {
        slot_drop_call(slot);
        return;
    }
    response_write(nng_msg_body(message), answer, seal);
    slot->is_sending = true;
    nng_aio_set_msg(slot->aio, message);
    nng_aio_set_timeout(slot->aio, SEND_TIMEOUT_MS);
    nng_ctx_send(slot->context, slot->aio);
}

static void slot_seal(struct slot *slot, enum exchange_next next) {
    if (next != EXCHANGE_ANSWERED) {
        slot_drop_call(slot);
        return;
    }
    slot->sealing = (struct sealing){.state = slot->exchange.view->state,
                                     .request_digest = slot->exchange.request_digest,
                                     .answer_digest = slot->exchange.answer->digest,
                                     .sealed = slot_send};
    sealer_submit(slot->exchange.exchanger->server->sealer, &slot->sealing);
}

/* From a worker. */
static void slot_work(struct work *work) {
    struct slot *slot = (struct slot *)((char *)work - offsetof(struct slot, work));
    slot_seal(slot, exchange_finish(&slot->exchange));
}

/* Calls of this connection that are on their way. */
static unsigned pipe_calls(const struct listener *listener, uint32_t pipe) {
    unsigned count = 0;
    for (unsigned i = 0; i < listener->slots_count; i++) {
        count += __atomic_load_n(&listener->slots[i].pipe, __ATOMIC_RELAXED) == pipe;
    }
    return count;
}

/* Where a call comes from, in words; asked only where it is logged. */
static void name_peer(char *out, size_t capacity, nng_pipe pipe) {
    nng_sockaddr address;
    char text[INET6_ADDRSTRLEN] = "";
    out[0] = '\0';
    if (!log_wants(LOG_LEVEL_DEBUG) || nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &address) != 0) {
        return;
    }
    if (address.s_family == NNG_AF_INET && inet_ntop(AF_INET, &address.s_in.sa_addr, text, sizeof(text))) {
        snprintf(out, capacity, "%s:%u", text, (unsigned)ntohs(address.s_in.sa_port));
    } else if (address.s_family == NNG_AF_INET6 && inet_ntop(AF_INET6, address.s_in6.sa_addr, text, sizeof(text))) {
        snprintf(out, capacity, "[%s]:%u", text, (unsigned)ntohs(address.s_in6.sa_port));
    } else if (address.s_family == NNG_AF_IPC) {
        snprintf(out, capacity, "ipc");
    }
}

static enum exchange_next slot_answer(struct slot *slot, struct bytes request, unsigned calls) {
    struct listener *listener = slot->listener;
    if (calls > PIPE_CALLS_MAX) {
        return exchange_refuse(&slot->exchange, listener->exchanger, request,
                               "too many calls of one connection at one time");
    }
    enum exchange_next next = exchange_begin(&slot->exchange, listener->exchanger, request, slot->peer);
    if (next == EXCHANGE_QUICK) {
        return exchange_finish(&slot->exchange);
    }
    if (next == EXCHANGE_SLOW) {
        slot->work = (struct work){.run = slot_work};
        if (!workers_add(listener->workers, &slot->work)) {
            return exchange_give_up(&slot->exchange, "too many searches and appends at one time");
        }
    }
    return next;
}

static void slot_received(struct slot *slot) {
    nng_msg *message = nng_aio_get_msg(slot->aio);
    nng_pipe pipe = nng_msg_get_pipe(message);
    __atomic_store_n(&slot->pipe, (uint32_t)nng_pipe_id(pipe), __ATOMIC_RELAXED);
    __atomic_add_fetch(&slot->listener->calls, 1, __ATOMIC_ACQUIRE);
    unsigned calls = pipe_calls(slot->listener, (uint32_t)nng_pipe_id(pipe));
    name_peer(slot->peer, sizeof(slot->peer), pipe);
    if (calls > PIPE_CALLS_CUTOFF) {
        nng_pipe_close(pipe);
    }
    enum exchange_next next = slot_answer(slot, bytes_of(nng_msg_body(message), nng_msg_len(message)), calls);
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
    if (result == NNG_ETIMEDOUT) { /* one slow reader must not hold the contexts of all */
        nng_pipe pipe = {.id = __atomic_load_n(&slot->pipe, __ATOMIC_RELAXED)};
        nng_pipe_close(pipe);
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

/* Told before a connection is taken in, and for each such one when it has gone. */
static void pipe_event(nng_pipe pipe, nng_pipe_ev event, void *context) {
    struct listener *listener = context;
    if (event == NNG_PIPE_EV_REM_POST) {
        __atomic_sub_fetch(&listener->pipes, 1, __ATOMIC_RELAXED);
    } else if (__atomic_add_fetch(&listener->pipes, 1, __ATOMIC_RELAXED) > LISTENER_PIPES) {
        nng_pipe_close(pipe);
    }
}

bool listener_is_full(const struct listener *listener) {
    return __atomic_load_n(&listener->pipes, __ATOMIC_RELAXED) >= LISTENER_PIPES;
}

static int open_door(struct listener *listener, struct fault *fault) {
    int error = nng_listener_create(&listener->door, listener->socket, listener->url);
    if (error) {
        return fault_of_nng(fault, error, "cannot listen", listener->url);
    }
    if (strncmp(listener->url, "tcp", 3) == 0) {
        nng_listener_set_bool(listener->door, NNG_OPT_TCP_KEEPALIVE, true); /* peers that died are let go */
    }
    error = nng_listener_start(listener->door, 0);
    if (error) {
        nng_listener_close(listener->door);
        return fault_of_nng(fault, error, "cannot listen", listener->url);
    }
    return 0;
}

int listener_reopen(struct listener *listener, struct fault *fault) {
    nng_listener_close(listener->door);
    return open_door(listener, fault);
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

int listener_start(struct listener **out, const char *url, struct exchanger *exchanger, struct workers *workers,
                   struct fault *fault) {
    struct listener *listener = calloc(1, sizeof(*listener));
    if (!listener || strlen(url) >= sizeof(listener->url)) {
        free(listener);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "%s: no memory to listen", url);
    }
    snprintf(listener->url, sizeof(listener->url), "%s", url);
    listener->exchanger = exchanger;
    listener->workers = workers;
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
    nng_close(listener->socket);
    pthread_mutex_lock(&listener->lock);
    while (listener->slots_running > 0) {
        pthread_cond_wait(&listener->stopped, &listener->lock);
    }
    pthread_mutex_unlock(&listener->lock);
    for (unsigned i = 0; i < listener->slots_count; i++) {
        nng_aio_free(listener->slots[i].aio);
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
