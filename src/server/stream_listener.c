/*
 * A front door on nng's byte streams (listener.h): it accepts, and accepts on whatever a connection did meanwhile; each connection is a stream (stream.h).
 * A thread frees those that have ended, which nng allows in none of its call-backs.
 */
#include "server/listener_private.h"
#include "server/stream.h"

#include "base/log.h"
#include "base/url.h"

#include <pthread.h>
#include <stdlib.h>

#define PIPE_FIRST      0x80000000u /* nng's own numbers of connections are below */
#define ACCEPT_PAUSE_MS 100         /* after an error of the system's, for instance no more descriptors */

struct stream_listener {
    struct listener base;
    nng_stream_listener *door;
    nng_aio *accepting;
    bool is_pausing; /* of the aio: it waits, it does not accept */
    pthread_t reaper;
    bool has_reaper;

    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t changed;
    struct stream *streams; /* open, or ending */
    struct stream *ended;   /* first in line to be freed */
    unsigned count;         /* of both */
    bool is_stopping;
    bool is_door_closed;
};

static uint32_t next_pipe(void) {
    static uint32_t last; /* of all doors; atomic */
    return PIPE_FIRST | __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

/* ---- connections */

static void unlink_stream(struct stream_listener *listener, const struct stream *stream) {
    struct stream **link = &listener->streams;
    while (*link != stream) {
        link = stream_next(*link);
    }
    *link = *stream_next(*link);
}

static void stream_ended(struct stream *stream, void *context) {
    struct stream_listener *listener = context;
    pthread_mutex_lock(&listener->lock);
    unlink_stream(listener, stream);
    *stream_next(stream) = listener->ended;
    listener->ended = stream;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
}

static void *reap(void *context) {
    struct stream_listener *listener = context;
    pthread_mutex_lock(&listener->lock);
    while (!listener->is_stopping || listener->count > 0) {
        struct stream *stream = listener->ended;
        if (!stream) {
            pthread_cond_wait(&listener->changed, &listener->lock);
            continue;
        }
        listener->ended = *stream_next(stream);
        pthread_mutex_unlock(&listener->lock);
        stream_free(stream);
        pthread_mutex_lock(&listener->lock);
        listener->count--;
    }
    pthread_mutex_unlock(&listener->lock);
    return NULL;
}

static void take_in(struct stream_listener *listener, nng_stream *wire) {
    nng_sockaddr address = {.s_family = NNG_AF_UNSPEC};
    uint32_t pipe = next_pipe();
    struct stream *stream;
    if (nng_stream_get_addr(wire, NNG_OPT_REMADDR, &address) != 0) {
        address.s_family = NNG_AF_UNSPEC;
    }
    if (!listener_welcomes(&listener->base, pipe, &address)) {
        nng_stream_free(wire);
        return;
    }
    enum sp_carrier carrier = url_is_ipc(listener->base.url) ? SP_IPC : SP_TCP;
    if (stream_new(&stream, wire, pipe, carrier, &listener->base, stream_ended, listener) != 0) {
        log_line(LOG_LEVEL_ERROR, "a connection was dropped", "reason", depositary_error_text(DEPOSITARY_E_MEMORY),
                 NULL);
        return;
    }
    pthread_mutex_lock(&listener->lock);
    bool is_late = listener->is_stopping;
    *stream_next(stream) = listener->streams;
    listener->streams = stream;
    listener->count++;
    pthread_mutex_unlock(&listener->lock);
    if (is_late) {
        stream_close(stream);
    }
    stream_start(stream); /* it may be gone when this returns */
}

static void accept_next(struct stream_listener *listener) {
    listener->is_pausing = false;
    nng_aio_set_timeout(listener->accepting, NNG_DURATION_INFINITE);
    nng_stream_listener_accept(listener->door, listener->accepting);
}

/* Whatever became of one connection, the next is waited for: only a door that was closed ends this. */
static void accepted(void *context) {
    struct stream_listener *listener = context;
    int error = nng_aio_result(listener->accepting);
    pthread_mutex_lock(&listener->lock);
    bool is_over = listener->is_stopping || listener->is_door_closed;
    pthread_mutex_unlock(&listener->lock);
    if (error == 0 && !listener->is_pausing) {
        take_in(listener, nng_aio_get_output(listener->accepting, 0));
    }
    if (is_over || error == NNG_ECLOSED) {
        return;
    }
    if (error == 0 || error == NNG_ECONNABORTED || error == NNG_ECONNRESET || listener->is_pausing) {
        accept_next(listener);
        return;
    }
    log_line(LOG_LEVEL_WARNING, "a connection could not be taken", "listen", listener->base.url, "reason",
             nng_strerror(error), NULL);
    listener->is_pausing = true;
    nng_sleep_aio(ACCEPT_PAUSE_MS, listener->accepting);
}

/* ---- the door */

static int open_door(struct stream_listener *listener, struct fault *fault) {
    int error = nng_aio_alloc(&listener->accepting, accepted, listener);
    error = error ? error : nng_stream_listener_alloc(&listener->door, listener->base.url);
    if (error) {
        return listener_fault(fault, error, "cannot listen", listener->base.url);
    }
    if (url_is_tcp(listener->base.url)) {
        nng_stream_listener_set_bool(listener->door, NNG_OPT_TCP_KEEPALIVE, true); /* peers that died are let go */
        nng_stream_listener_set_bool(listener->door, NNG_OPT_TCP_NODELAY, true);
    }
    error = nng_stream_listener_listen(listener->door);
    if (error) {
        nng_stream_listener_free(listener->door);
        listener->door = NULL;
        return listener_fault(fault, error, "cannot listen", listener->base.url);
    }
    listener->is_door_closed = false;
    accept_next(listener);
    return 0;
}

/* After it nothing is accepted any more. */
static void close_door(struct stream_listener *listener) {
    pthread_mutex_lock(&listener->lock);
    listener->is_door_closed = true;
    pthread_mutex_unlock(&listener->lock);
    if (listener->door) {
        nng_stream_listener_close(listener->door);
    }
    nng_aio_free(listener->accepting); /* waits for its call-back */
    listener->accepting = NULL;
    nng_stream_listener_free(listener->door);
    listener->door = NULL;
}

/* One that is open, held; NULL where there is none. */
static struct stream *hold_open_stream(struct stream_listener *listener) {
    pthread_mutex_lock(&listener->lock);
    struct stream *stream = listener->streams;
    while (stream && !stream_hold(stream)) {
        stream = *stream_next(stream);
    }
    pthread_mutex_unlock(&listener->lock);
    return stream;
}

static void close_streams(struct stream_listener *listener) {
    for (struct stream *stream; (stream = hold_open_stream(listener));) {
        stream_close(stream);
        stream_release(stream);
    }
}

static int stream_reopen(struct listener *base, struct fault *fault) {
    struct stream_listener *listener = (struct stream_listener *)base;
    close_door(listener);
    close_streams(listener);
    return open_door(listener, fault);
}

/* tls+tcp:// is never this kind's. */
static int stream_retake_tls(struct listener *base, struct fault *fault) {
    (void)base;
    (void)fault;
    return 0;
}

/* ---- begin and end */

static void stream_stop(struct listener *base) {
    struct stream_listener *listener = (struct stream_listener *)base;
    pthread_mutex_lock(&listener->lock);
    listener->is_stopping = true;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
    close_door(listener);
    close_streams(listener);
    if (listener->has_reaper) {
        pthread_join(listener->reaper, NULL);
    }
    pthread_cond_destroy(&listener->changed);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}

static const struct listener_ops listener_ops = {
    .stop = stream_stop, .retake_tls = stream_retake_tls, .reopen = stream_reopen};

int stream_listener_start(struct listener **out, const char *url, const struct listener_parts *parts,
                          struct fault *fault) {
    struct listener *base;
    int error = listener_new(&base, sizeof(struct stream_listener), &listener_ops, url, parts, fault);
    if (error) {
        return error;
    }
    struct stream_listener *listener = (struct stream_listener *)base;
    pthread_mutex_init(&listener->lock, NULL);
    pthread_cond_init(&listener->changed, NULL);
    listener->has_reaper = pthread_create(&listener->reaper, NULL, reap, listener) == 0;
    error = listener->has_reaper ? open_door(listener, fault)
                                 : fault_set(fault, DEPOSITARY_E_MEMORY, "%s: no thread to listen", url);
    if (error) {
        stream_stop(&listener->base);
        return error;
    }
    *out = &listener->base;
    return 0;
}
