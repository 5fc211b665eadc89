/* Closing a socket of nng in bounded time (socket.h). */
#include "rpc/socket.h"

#include <errno.h>
#include <nng/protocol/pubsub0/pub.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* Shared by the one that waits and the thread that closes; the last one out frees it. */
struct closing {
    nng_socket socket;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_closed;
    bool is_given_up;
};

static unsigned left; /* sockets that nng has not finished with; atomic */

bool socket_none_left(void) {
    return __atomic_load_n(&left, __ATOMIC_ACQUIRE) == 0;
}

static void closing_free(struct closing *closing) {
    pthread_cond_destroy(&closing->ended);
    pthread_mutex_destroy(&closing->lock);
    free(closing);
}

static void *run(void *context) {
    struct closing *closing = context;
    nng_close(closing->socket);
    __atomic_sub_fetch(&left, 1, __ATOMIC_RELEASE);
    pthread_mutex_lock(&closing->lock);
    closing->is_closed = true;
    bool is_last = closing->is_given_up;
    pthread_cond_signal(&closing->ended);
    pthread_mutex_unlock(&closing->lock);
    if (is_last) {
        closing_free(closing);
    }
    return NULL;
}

static struct closing *closing_new(nng_socket socket) {
    struct closing *closing = calloc(1, sizeof(*closing));
    pthread_condattr_t attributes;
    if (!closing) {
        return NULL;
    }
    closing->socket = socket;
    pthread_mutex_init(&closing->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&closing->ended, &attributes);
    pthread_condattr_destroy(&attributes);
    return closing;
}

static int start_closing(struct closing *closing) {
    pthread_attr_t attributes;
    pthread_t thread;
    __atomic_add_fetch(&left, 1, __ATOMIC_RELAXED);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(&thread, &attributes, run, closing);
    pthread_attr_destroy(&attributes);
    if (error) {
        __atomic_sub_fetch(&left, 1, __ATOMIC_RELAXED);
    }
    return error;
}

static bool wait_for_end(struct closing *closing) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += SOCKET_CLOSE_MS / 1000;
    pthread_mutex_lock(&closing->lock);
    while (!closing->is_closed && pthread_cond_timedwait(&closing->ended, &closing->lock, &until) != ETIMEDOUT) {
    }
    bool is_closed = closing->is_closed;
    closing->is_given_up = !is_closed;
    pthread_mutex_unlock(&closing->lock);
    return is_closed;
}

bool socket_close(nng_socket socket) {
    struct closing *closing = closing_new(socket);
    if (!closing || start_closing(closing) != 0) { /* no memory for a thread: as it comes */
        if (closing) {
            closing_free(closing);
        }
        nng_close(socket);
        return true;
    }
    bool is_closed = wait_for_end(closing);
    if (is_closed) {
        closing_free(closing);
    }
    return is_closed;
}

/* A listener is freed by that thread, too, also one that never listened; and no connection comes near it. */
bool socket_frees(void) {
    nng_socket socket;
    nng_listener listener;
    if (nng_pub0_open(&socket) != 0) {
        return true;
    }
    (void)nng_listener_create(&listener, socket, "inproc://depositary/frees");
    return socket_close(socket);
}
