/* Announcements (announce.h). */
#include "server/announce.h"

#include "base/time.h"
#include "base/url.h"
#include "rpc/socket.h"
#include "server/view.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEARD_MAX    64 /* bytes that are taken from a subscriber, who has nothing to say */
#define SAY_AGAIN_MS 200

struct announcer {
    char url[512];
    struct server *server;
    struct tls *tls;
    unsigned subscribers_max;
    unsigned subscribers; /* atomic */
    unsigned arrivals;    /* atomic */
    nng_socket socket;
    nng_listener door;
};

static int fault_of_nng(struct fault *fault, const char *url, int error) {
    return fault_set(fault, DEPOSITARY_E_IO, "%s: cannot announce: %s", url, nng_strerror(error));
}

/* ---- saying */

void announcer_say(struct announcer *announcer) {
    struct view *view = view_take(announcer->server->views);
    struct bytes note = view->state->checkpoint;
    nng_msg *message = NULL;
    if (view->state->size > 0 && nng_msg_alloc(&message, note.len) == 0) {
        memcpy(nng_msg_body(message), note.data, note.len);
        if (nng_sendmsg(announcer->socket, message, NNG_FLAG_NONBLOCK) == 0) {
            metrics_add(announcer->server->metrics, METRIC_ANNOUNCEMENTS);
        } else {
            nng_msg_free(message);
        }
    }
    view_release(view);
}

/* ---- begin and end */

static void pipe_event(nng_pipe pipe, nng_pipe_ev event, void *context) {
    struct announcer *announcer = context;
    if (event == NNG_PIPE_EV_REM_POST) {
        __atomic_sub_fetch(&announcer->subscribers, 1, __ATOMIC_RELAXED);
        return;
    }
    __atomic_add_fetch(&announcer->arrivals, 1, __ATOMIC_RELAXED);
    if (__atomic_add_fetch(&announcer->subscribers, 1, __ATOMIC_RELAXED) > announcer->subscribers_max) {
        nng_pipe_close(pipe);
    }
}

static int open_door(struct announcer *announcer, struct fault *fault) {
    int error = nng_listener_create(&announcer->door, announcer->socket, announcer->url);
    if (error) {
        return fault_of_nng(fault, announcer->url, error);
    }
    int refused = announcer_retake_tls(announcer, fault);
    if (!refused && (error = nng_listener_start(announcer->door, 0)) != 0) {
        refused = fault_of_nng(fault, announcer->url, error);
    }
    if (refused) {
        nng_listener_close(announcer->door);
    }
    return refused;
}

int announcer_retake_tls(struct announcer *announcer, struct fault *fault) {
    return url_is_tls(announcer->url) ? tls_give(announcer->tls, announcer->door, fault) : 0;
}

static int set_up(struct announcer *announcer, struct fault *fault) {
    int error = nng_socket_set_size(announcer->socket, NNG_OPT_RECVMAXSZ, HEARD_MAX);
    error = error ? error : nng_pipe_notify(announcer->socket, NNG_PIPE_EV_ADD_PRE, pipe_event, announcer);
    error = error ? error : nng_pipe_notify(announcer->socket, NNG_PIPE_EV_REM_POST, pipe_event, announcer);
    return error ? fault_of_nng(fault, announcer->url, error) : open_door(announcer, fault);
}

int announcer_start(struct announcer **out, const char *url, unsigned subscribers_max, struct server *server,
                    struct tls *tls, struct fault *fault) {
    struct announcer *announcer = calloc(1, sizeof(*announcer));
    if (!announcer || nng_pub0_open(&announcer->socket) != 0) {
        free(announcer);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "%s: no memory to announce", url);
    }
    snprintf(announcer->url, sizeof(announcer->url), "%s", url);
    announcer->server = server;
    announcer->tls = tls;
    announcer->subscribers_max = subscribers_max;
    int error = set_up(announcer, fault);
    if (error) {
        announcer_stop(announcer);
        return error;
    }
    *out = announcer;
    return 0;
}

void announcer_stop(struct announcer *announcer) {
    if (announcer && socket_close(announcer->socket)) { /* else nng may still tell it of a subscriber */
        free(announcer);
    }
}

unsigned announcer_subscribers(const struct announcer *announcer) {
    return __atomic_load_n(&announcer->subscribers, __ATOMIC_RELAXED);
}

/* ---- watched */

/* As a subscriber: says the note until it is heard. */
static enum door listen_until(struct announcer *announcer, nng_socket socket, int timeout_ms) {
    uint64_t end = clock_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS;
    do {
        nng_msg *message = NULL;
        announcer_say(announcer);
        if (nng_recvmsg(socket, &message, 0) == 0) {
            nng_msg_free(message);
            return DOOR_SERVING;
        }
    } while (clock_monotonic_ns() < end);
    return knock_has_room() ? DOOR_SHUT : DOOR_UNTRIED;
}

static enum door knock_over_tls(struct announcer *announcer, int timeout_ms) {
    nng_socket socket;
    enum door door = DOOR_UNTRIED;
    if (nng_sub0_open(&socket) != 0) {
        return door;
    }
    if (nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, LIMIT_NOTE) == 0 &&
        nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, SAY_AGAIN_MS) == 0 &&
        nng_socket_set(socket, NNG_OPT_SUB_SUBSCRIBE, "", 0) == 0 &&
        door_dial(socket, announcer->url, announcer->tls) == 0) {
        door = listen_until(announcer, socket, timeout_ms);
    }
    (void)socket_close(socket);
    return door;
}

static void say(void *announcer) {
    announcer_say(announcer);
}

static enum door knock(void *context, int timeout_ms) {
    struct announcer *announcer = context;
    char url[600];
    if (url_is_tls(announcer->url)) {
        return knock_over_tls(announcer, timeout_ms);
    }
    door_address(url, sizeof(url), announcer->url);
    return door_of_knock(knock_listen(url, timeout_ms, say, announcer));
}

static unsigned arrivals(const void *context) {
    const struct announcer *announcer = context;
    return __atomic_load_n(&announcer->arrivals, __ATOMIC_RELAXED);
}

static int reopen(void *context, struct fault *fault) {
    struct announcer *announcer = context;
    nng_listener_close(announcer->door);
    return open_door(announcer, fault);
}

struct watched_door announcer_watched(struct announcer *announcer) {
    return (struct watched_door){
        .url = announcer->url, .context = announcer, .knock = knock, .arrivals = arrivals, .reopen = reopen};
}
