/*
 * A front door that is a REP0 socket of nng (listener.h). A context goes round: receive, answer, seal, send, and only when the send has ended receive
 * again: nng 1.5.2 crashes when a receive is cancelled while a send is queued.
 */
#include "server/listener_private.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/url.h"
#include "rpc/call.h"
#include "rpc/socket.h"

#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#define CONTEXTS    512            /* calls at one time */
#define RESTING_MAX (CONTEXTS / 2) /* that take nothing for a while after a call was refused */

struct rep_listener;

/* A context, and the call that it carries. */
struct slot {
    struct rep_listener *listener;
    nng_ctx context;
    nng_aio *aio;
    bool is_sending;
    bool is_resting;
    struct serving serving;
};

struct rep_listener {
    struct listener base;
    nng_socket socket;
    nng_listener door;
    pthread_mutex_t lock; /* over slots_running */
    pthread_cond_t stopped;
    unsigned slots_running;
    unsigned slots_count;
    unsigned resting; /* atomic */
    struct slot slots[CONTEXTS];
};

/* ---- the way of a call */

static void slot_receive(struct slot *slot) {
    slot->is_sending = false;
    nng_aio_set_timeout(slot->aio, NNG_DURATION_INFINITE);
    nng_ctx_recv(slot->context, slot->aio);
}

/* The socket is closed: the last thing that happens to a slot. */
static void slot_stop(struct slot *slot) {
    struct rep_listener *listener = slot->listener;
    pthread_mutex_lock(&listener->lock);
    listener->slots_running--;
    pthread_cond_signal(&listener->stopped);
    pthread_mutex_unlock(&listener->lock);
}

static void slot_end_call(struct slot *slot) {
    serving_leave(&slot->serving);
    serving_end(&slot->serving);
}

static struct slot *slot_of(struct serving *serving) {
    return (struct slot *)((char *)serving - offsetof(struct slot, serving));
}

static void slot_drop(struct serving *serving) {
    slot_end_call(slot_of(serving));
    slot_receive(slot_of(serving));
}

/* Whether the slot may take nothing for a while; so many may at one time. */
static bool slot_rest(struct slot *slot) {
    unsigned *resting = &slot->listener->resting;
    slot->is_resting = __atomic_add_fetch(resting, 1, __ATOMIC_RELAXED) <= RESTING_MAX;
    if (!slot->is_resting) {
        __atomic_sub_fetch(resting, 1, __ATOMIC_RELAXED);
    }
    return slot->is_resting;
}

static void slot_end_rest(struct slot *slot) {
    slot->is_resting = false;
    __atomic_sub_fetch(&slot->listener->resting, 1, __ATOMIC_RELAXED);
}

static void slot_send(struct serving *serving, const struct answer *answer, const struct seal *seal) {
    struct slot *slot = slot_of(serving);
    nng_msg *message = NULL;
    if (nng_msg_alloc(&message, response_len(answer->len, seal)) != 0) {
        slot_drop(serving);
        return;
    }
    response_end(answer_write(response_begin(nng_msg_body(message), answer->len), answer), seal);
    slot->is_sending = true;
    nng_aio_set_msg(slot->aio, message);
    nng_aio_set_timeout(slot->aio, connection_is_busy(serving->parts->peers, serving->connection)
                                       ? LISTENER_SEND_BUSY_MS
                                       : LISTENER_SEND_MS);
    nng_ctx_send(slot->context, slot->aio);
}

static const struct serving_ops serving_ops = {.answered = slot_send, .dropped = slot_drop};

static void slot_close_connection(const struct slot *slot) {
    nng_pipe pipe = {.id = connection_pipe(slot->serving.connection)};
    nng_pipe_close(pipe);
}

/* One slow reader must not hold the contexts of all. */
static void slot_cut_off(struct slot *slot) {
    serving_tell_stalled(&slot->serving);
    slot_close_connection(slot);
}

/* nng reads from a connection as long as a slot receives: what can be held back of a flood is the slot, and when that does no more, the connection goes. */
static void slot_slow_down(struct slot *slot) {
    if (!slot_rest(slot)) {
        serving_tell_flood(&slot->serving);
        slot_close_connection(slot);
    }
}

static void slot_received(struct slot *slot) {
    nng_msg *message = nng_aio_get_msg(slot->aio);
    if (!serving_hold(&slot->serving, (uint32_t)nng_pipe_id(nng_msg_get_pipe(message)))) {
        nng_msg_free(message);
        slot_receive(slot);
        return;
    }
    if (connection_is_stalled(slot->serving.parts->peers, slot->serving.connection)) {
        slot_cut_off(slot);
    }
    serving_begin(&slot->serving, bytes_of(nng_msg_body(message), nng_msg_len(message)));
    nng_msg_free(message); /* what is needed of it was copied */
}

static void slot_sent(struct slot *slot, int result) {
    if (result != 0) {
        nng_msg_free(nng_aio_get_msg(slot->aio));
        nng_aio_set_msg(slot->aio, NULL);
    }
    if (result == 0) {
        connection_sent(slot->serving.connection);
    } else if (result == NNG_ETIMEDOUT) {
        slot_cut_off(slot);
    }
    if (result == 0 && slot->serving.is_refused) {
        slot_slow_down(slot);
    }
    slot_end_call(slot);
}

/* Every call-back of a slot comes here, one at a time. */
static void slot_turn(void *context) {
    struct slot *slot = context;
    int result = nng_aio_result(slot->aio);
    const bool was_resting = slot->is_resting;
    if (was_resting) {
        slot_end_rest(slot);
    } else if (slot->is_sending) {
        slot_sent(slot, result);
    }
    if (slot->is_resting) {
        slot->is_sending = false;
        nng_aio_set_timeout(slot->aio, NNG_DURATION_INFINITE);
        nng_sleep_aio(SERVING_REFUSED_MS, slot->aio);
    } else if (result == NNG_ECLOSED || result == NNG_ECANCELED) {
        slot_stop(slot);
    } else if (result == 0 && !slot->is_sending && !was_resting) {
        slot_received(slot);
    } else {
        slot_receive(slot);
    }
}

/* ---- connections */

/* Told before a connection is taken in, and when it has gone. */
static void pipe_event(nng_pipe pipe, nng_pipe_ev event, void *context) {
    struct rep_listener *listener = context;
    nng_sockaddr address = {.s_family = NNG_AF_UNSPEC};
    if (event == NNG_PIPE_EV_REM_POST) {
        peers_disconnect(listener->base.parts.peers, (uint32_t)nng_pipe_id(pipe));
        return;
    }
    if (nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &address) != 0) {
        address.s_family = NNG_AF_UNSPEC;
    }
    if (!listener_welcomes(&listener->base, (uint32_t)nng_pipe_id(pipe), &address)) {
        nng_pipe_close(pipe);
    }
}

static int rep_retake_tls(struct listener *base, struct fault *fault) {
    struct rep_listener *listener = (struct rep_listener *)base;
    return url_is_tls(base->url) ? tls_give(base->parts.tls, listener->door, fault) : 0;
}

static int open_door(struct rep_listener *listener, struct fault *fault) {
    int error = nng_listener_create(&listener->door, listener->socket, listener->base.url);
    if (error) {
        return listener_fault(fault, error, "cannot listen", listener->base.url);
    }
    if (!url_is_ipc(listener->base.url)) {
        nng_listener_set_bool(listener->door, NNG_OPT_TCP_KEEPALIVE, true); /* peers that died are let go */
    }
    int refused = rep_retake_tls(&listener->base, fault);
    if (!refused && (error = nng_listener_start(listener->door, 0)) != 0) {
        refused = listener_fault(fault, error, "cannot listen", listener->base.url);
    }
    if (refused) {
        nng_listener_close(listener->door);
    }
    return refused;
}

static int rep_reopen(struct listener *base, struct fault *fault) {
    struct rep_listener *listener = (struct rep_listener *)base;
    nng_listener_close(listener->door);
    return open_door(listener, fault);
}

/* ---- begin and end */

static int open_socket(struct rep_listener *listener, struct fault *fault) {
    int error = nng_rep0_open(&listener->socket);
    if (error) {
        return listener_fault(fault, error, "no socket", listener->base.url);
    }
    /* Before anything can arrive: without it a forged length takes all memory. */
    error = nng_socket_set_size(listener->socket, NNG_OPT_RECVMAXSZ, LIMIT_SOCKET);
    if (!error) {
        error = nng_pipe_notify(listener->socket, NNG_PIPE_EV_ADD_PRE, pipe_event, listener);
    }
    if (!error) {
        error = nng_pipe_notify(listener->socket, NNG_PIPE_EV_REM_POST, pipe_event, listener);
    }
    return error ? listener_fault(fault, error, "no socket", listener->base.url) : 0;
}

static int open_slots(struct rep_listener *listener, struct fault *fault) {
    for (unsigned i = 0; i < CONTEXTS; i++) {
        struct slot *slot = &listener->slots[i];
        slot->listener = listener;
        slot->serving =
            (struct serving){.ops = &serving_ops, .parts = &listener->base.parts, .calls = &listener->base.calls};
        int error = nng_aio_alloc(&slot->aio, slot_turn, slot);
        if (!error) {
            error = nng_ctx_open(&slot->context, listener->socket);
            if (error) {
                nng_aio_free(slot->aio);
            }
        }
        if (error) {
            return listener_fault(fault, error, "no context", listener->base.url);
        }
        listener->slots_count++;
    }
    return 0;
}

static void start_slots(struct rep_listener *listener) {
    listener->slots_running = listener->slots_count;
    for (unsigned i = 0; i < listener->slots_count; i++) {
        slot_receive(&listener->slots[i]);
    }
}

static void rep_stop(struct listener *base) {
    struct rep_listener *listener = (struct rep_listener *)base;
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
                 listener->base.url, NULL);
        return;
    }
    pthread_cond_destroy(&listener->stopped);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}

static const struct listener_ops listener_ops = {.stop = rep_stop, .retake_tls = rep_retake_tls, .reopen = rep_reopen};

int rep_listener_start(struct listener **out, const char *url, const struct listener_parts *parts,
                       struct fault *fault) {
    struct listener *base;
    int error = listener_new(&base, sizeof(struct rep_listener), &listener_ops, url, parts, fault);
    if (error) {
        return error;
    }
    struct rep_listener *listener = (struct rep_listener *)base;
    pthread_mutex_init(&listener->lock, NULL);
    pthread_cond_init(&listener->stopped, NULL);
    error = open_socket(listener, fault);
    if (!error) {
        error = open_slots(listener, fault);
    }
    if (!error) {
        error = open_door(listener, fault);
    }
    if (error) {
        rep_stop(&listener->base);
        return error;
    }
    start_slots(listener);
    *out = &listener->base;
    return 0;
}
