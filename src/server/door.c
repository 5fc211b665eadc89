/* Knocking at the front door (door.h). */
#include "server/door.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "base/url.h"
#include "grpc/health/v1/health.pb-c.h"
#include "rpc/call.h"
#include "rpc/socket.h"

#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KNOCK_EVERY_S  3
#define KNOCK_MS       2000
#define SHUT_MAX       2 /* times in a row that no connection comes about, until the door is opened again */
#define ALIVE_NS       UINT64_C(30000000000) /* longer than a round of knocking, and one of opening again */
#define FREES_EVERY_NS UINT64_C(30000000000) /* between tries whether nng still frees what is closed */
#define STUCK_NS       UINT64_C(20000000000) /* without it, until it is given up: what is tried takes microseconds */
#define ANSWER_MEMORY  (64u * 1024)

/* ---- one knock */

void door_address(char *out, size_t capacity, const char *url) {
    static const char *const every[][2] = {{"tcp://0.0.0.0:", "tcp://127.0.0.1:"},
                                           {"tcp://*:", "tcp://127.0.0.1:"},
                                           {"tcp://:", "tcp://127.0.0.1:"},
                                           {"tcp://[::]:", "tcp://[::1]:"},
                                           {"tls+tcp://0.0.0.0:", "tls+tcp://127.0.0.1:"},
                                           {"tls+tcp://*:", "tls+tcp://127.0.0.1:"},
                                           {"tls+tcp://:", "tls+tcp://127.0.0.1:"},
                                           {"tls+tcp://[::]:", "tls+tcp://[::1]:"}};
    for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
        size_t len = strlen(every[i][0]);
        if (strncmp(url, every[i][0], len) == 0) {
            snprintf(out, capacity, "%s%s", every[i][1], url + len);
            return;
        }
    }
    snprintf(out, capacity, "%s", url);
}

enum door door_of_knock(enum knock knock) {
    static const enum door doors[] = {[KNOCK_HEARD] = DOOR_SERVING,
                                      [KNOCK_SILENT] = DOOR_SILENT,
                                      [KNOCK_SHUT] = DOOR_SHUT,
                                      [KNOCK_UNTRIED] = DOOR_UNTRIED};
    return doors[knock];
}

static int print_request(struct buffer *out) {
    const struct method *method = method_find(BYTES("/grpc.health.v1.Health/Check"));
    const Grpc__Health__V1__HealthCheckRequest message = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    uint8_t nonce[LIMIT_NONCE_MIN];
    randombytes_buf(nonce, sizeof(nonce));
    return call_print(out, method, &message.base, bytes_of(nonce, sizeof(nonce)), 0, NULL);
}

static enum door read_response(struct bytes response) {
    const struct method *method = method_find(BYTES("/grpc.health.v1.Health/Check"));
    struct arena arena;
    arena_init(&arena, ANSWER_MEMORY);
    struct bytes bytes;
    struct seal seal;
    struct call_answer answer;
    enum door door = DOOR_NOT_SERVING;
    if (response_read(&bytes, &seal, response, &arena, NULL) == 0 &&
        answer_read(&answer, method, bytes, &arena, NULL) == 0 && answer.status.code == STATUS_OK) {
        const Grpc__Health__V1__HealthCheckResponse *health =
            (const Grpc__Health__V1__HealthCheckResponse *)answer.message;
        if (health->status == GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING) {
            door = DOOR_SERVING;
        }
    }
    arena_free(&arena);
    return door;
}

static void connected(nng_pipe pipe, nng_pipe_ev event, void *is_connected) {
    (void)pipe;
    (void)event;
    __atomic_store_n((bool *)is_connected, true, __ATOMIC_RELEASE);
}

static int set_up_socket(nng_socket socket, int timeout_ms, bool *is_connected) {
    int error = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, LIMIT_SOCKET);
    error = error ? error : nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, timeout_ms);
    error = error ? error : nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, timeout_ms);
    error = error ? error : nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, -1);
    return error ? error : nng_pipe_notify(socket, NNG_PIPE_EV_ADD_POST, connected, is_connected);
}

int door_dial(nng_socket socket, const char *listen_url, const struct tls *tls) {
    char url[600];
    nng_dialer dialer;
    door_address(url, sizeof(url), listen_url);
    int error = nng_dialer_create(&dialer, socket, url);
    if (!error && tls_give_dialer(tls, dialer) != 0) {
        error = NNG_ECRYPTO;
    }
    return error ? error : nng_dialer_start(dialer, NNG_FLAG_NONBLOCK);
}

/* What fails before anybody could answer fails for want of memory, ours. */
static enum door ask(nng_socket socket, const char *url, const struct tls *tls, struct bytes request) {
    nng_msg *message = NULL;
    if (door_dial(socket, url, tls) != 0 || nng_msg_alloc(&message, 0) != 0) {
        return DOOR_UNTRIED;
    }
    if (nng_msg_append(message, request.data, request.len) != 0) {
        nng_msg_free(message);
        return DOOR_UNTRIED;
    }
    if (nng_sendmsg(socket, message, 0) != 0) { /* nobody to send it to */
        nng_msg_free(message);
        return DOOR_SILENT;
    }
    if (nng_recvmsg(socket, &message, 0) != 0) {
        return DOOR_SILENT;
    }
    enum door door = read_response(bytes_of(nng_msg_body(message), nng_msg_len(message)));
    nng_msg_free(message);
    return door;
}

/* REQ0 does not tell a connection that never came about from an answer that did not. */
static enum door judge_silence(const bool *is_connected) {
    if (__atomic_load_n(is_connected, __ATOMIC_ACQUIRE)) {
        return DOOR_SILENT;
    }
    return knock_has_room() ? DOOR_SHUT : DOOR_UNTRIED;
}

static enum door knock_over_tls(const char *listen_url, const struct tls *tls, int timeout_ms, struct bytes request) {
    nng_socket socket;
    bool is_connected = false;
    enum door door = DOOR_UNTRIED;
    if (nng_req0_open(&socket) == 0) {
        if (set_up_socket(socket, timeout_ms, &is_connected) == 0) {
            door = ask(socket, listen_url, tls, request);
        }
        if (door == DOOR_SILENT) {
            door = judge_silence(&is_connected);
        }
        nng_pipe_notify(socket, NNG_PIPE_EV_ADD_POST, NULL, NULL); /* is_connected ends with this function */
        (void)socket_close(socket);
    }
    return door;
}

static enum door knock_plainly(const char *listen_url, int timeout_ms, struct bytes request) {
    char url[600];
    struct buffer response;
    door_address(url, sizeof(url), listen_url);
    buffer_init(&response, ANSWER_MEMORY);
    enum knock knock = knock_ask(url, request, timeout_ms, &response);
    enum door door = knock == KNOCK_HEARD ? read_response(buffer_bytes(&response)) : door_of_knock(knock);
    buffer_free(&response);
    return door;
}

enum door door_knock(const char *listen_url, const struct tls *tls, int timeout_ms) {
    struct buffer request;
    buffer_init(&request, LIMIT_REQUEST);
    enum door door = DOOR_UNTRIED;
    if (print_request(&request) == 0) {
        door = url_is_tls(listen_url) ? knock_over_tls(listen_url, tls, timeout_ms, buffer_bytes(&request))
                                      : knock_plainly(listen_url, timeout_ms, buffer_bytes(&request));
    }
    buffer_free(&request);
    return door;
}

/* ---- the watch */

struct door_watch {
    struct watched_door doors[DOORS_MAX];
    size_t count;
    struct metrics *metrics;
    bool is_open;      /* atomic */
    uint64_t alive_ns; /* atomic: when every door was last found to live */
    uint64_t tried_ns; /* when it was last tried whether nng frees; 0: never */
    uint64_t late_ns;  /* since when that has not ended; 0: it has */
    bool is_stuck;     /* atomic */
    pthread_t thread;
    pthread_mutex_t lock; /* over is_stopping */
    pthread_cond_t wake;
    bool is_stopping;
};

static void reopen(struct door_watch *watch, const struct watched_door *door) {
    struct fault fault = {0};
    metrics_add(watch->metrics, METRIC_DOORS_REOPENED);
    if (door->reopen(door->context, &fault) == 0) {
        log_line(LOG_LEVEL_WARNING, "the front door had died and was opened again", "listen", door->url, NULL);
    } else {
        log_line(LOG_LEVEL_ERROR, "the front door cannot be opened", "listen", door->url, "reason", fault_text(&fault),
                 NULL);
    }
}

/* Whether this door answers; *lives: or at least takes connections, though it may turn ours away: then the others' are not to be thrown out. */
static bool look_after(struct door_watch *watch, const struct watched_door *door, bool *lives) {
    for (unsigned shut = 0; shut < SHUT_MAX; shut++) {
        unsigned arrivals = door->arrivals(door->context);
        enum door found = door->knock(door->context, KNOCK_MS);
        bool is_answering = found == DOOR_SERVING || found == DOOR_NOT_SERVING;
        /* Want of descriptors is no death of the door's: to throw the others out would not help whom it turns away. */
        if (found == DOOR_UNTRIED) {
            log_line(LOG_LEVEL_WARNING, "no descriptor or memory is left to try the front door with", "listen",
                     door->url, NULL);
        }
        if (is_answering || found == DOOR_UNTRIED || arrivals != door->arrivals(door->context)) {
            return is_answering;
        }
    }
    *lives = false;
    reopen(watch, door);
    return false;
}

static void look_after_all(struct door_watch *watch) {
    bool is_open = true;
    bool lives = true;
    for (size_t i = 0; i < watch->count; i++) {
        is_open = look_after(watch, &watch->doors[i], &lives) && is_open;
    }
    if (lives) {
        __atomic_store_n(&watch->alive_ns, clock_monotonic_ns(), __ATOMIC_RELEASE);
    }
    if (is_open != __atomic_exchange_n(&watch->is_open, is_open, __ATOMIC_ACQ_REL) && !is_open) {
        log_line(LOG_LEVEL_WARNING, "the front door does not answer", NULL);
    }
}

/* One that stands still cannot be set going again from within the process. */
static void look_after_nng(struct door_watch *watch) {
    uint64_t now = clock_monotonic_ns();
    if (watch->late_ns != 0) {
        watch->late_ns = socket_none_left() ? 0 : watch->late_ns;
    } else if (watch->tried_ns == 0 || now - watch->tried_ns >= FREES_EVERY_NS) {
        watch->tried_ns = now;
        watch->late_ns = socket_frees() ? 0 : now;
    }
    bool is_stuck = watch->late_ns != 0 && now - watch->late_ns >= STUCK_NS;
    if (is_stuck && !__atomic_exchange_n(&watch->is_stuck, true, __ATOMIC_ACQ_REL)) {
        log_line(LOG_LEVEL_ERROR,
                 "the network library no longer frees connections that have gone; only another process will", NULL);
    }
}

static void *run(void *context) {
    struct door_watch *watch = context;
    pthread_mutex_lock(&watch->lock);
    while (!watch->is_stopping) {
        pthread_mutex_unlock(&watch->lock);
        look_after_all(watch);
        look_after_nng(watch);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += KNOCK_EVERY_S;
        pthread_mutex_lock(&watch->lock);
        while (!watch->is_stopping && pthread_cond_timedwait(&watch->wake, &watch->lock, &until) != ETIMEDOUT) {
        }
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

static void watch_free(struct door_watch *watch) {
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

int door_watch_start(struct door_watch **out, const struct watched_door *doors, size_t count, struct metrics *metrics,
                     struct fault *fault) {
    struct door_watch *watch = calloc(1, sizeof(*watch));
    if (!watch || count > DOORS_MAX) {
        free(watch);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory to watch the front door");
    }
    memcpy(watch->doors, doors, count * sizeof(*doors));
    watch->count = count;
    watch->metrics = metrics;
    pthread_mutex_init(&watch->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&watch->thread, NULL, run, watch) != 0) {
        watch_free(watch);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no thread to watch the front door");
    }
    *out = watch;
    return 0;
}

void door_watch_stop(struct door_watch *watch) {
    if (!watch) {
        return;
    }
    pthread_mutex_lock(&watch->lock);
    watch->is_stopping = true;
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    watch_free(watch);
}

bool door_watch_is_open(const struct door_watch *watch) {
    return __atomic_load_n(&watch->is_open, __ATOMIC_ACQUIRE);
}

bool door_watch_is_stuck(const struct door_watch *watch) {
    return __atomic_load_n(&watch->is_stuck, __ATOMIC_ACQUIRE);
}

bool door_watch_is_alive(const struct door_watch *watch) {
    return clock_monotonic_ns() - __atomic_load_n(&watch->alive_ns, __ATOMIC_ACQUIRE) < ALIVE_NS;
}
