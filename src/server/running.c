/* depositaryd, put together (running.h). */
#include "server/running.h"

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "catalog/catalog.h"
#include "server/answer_key.h"
#include "server/door.h"
#include "server/exchange.h"
#include "server/first_start.h"
#include "server/folder.h"
#include "server/following.h"
#include "server/growth.h"
#include "server/health.h"
#include "server/http.h"
#include "server/key_keeper.h"
#include "server/listener.h"
#include "server/sealer.h"
#include "server/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CACHE_BYTES    (8u * 1024 * 1024)
#define WORKERS        3u
#define WORK_QUEUE_MAX 64u
#define DRAIN_STEP_MS  20
#define LINGER_MS      150 /* for the last answers to leave the machine: nng drops what it holds when a socket is closed */
#define NS_PER_MS      UINT64_C(1000000)

struct running {
    const struct config *config;
    int lock;
    struct answer_key key; /* until the keeper has it */
    struct key_keeper *keeper;
    struct policy *policy;
    char origin[LIMIT_ORIGIN + 1];
    struct server server;
    struct growth *growth;
    struct follower *follower; /* NULL: this is no mirror */
    struct exchanger exchanger;
    struct workers *workers;
    struct listener *listeners[CONFIG_LISTEN_MAX];
    size_t listeners_count;
    struct door_watch *watch;
    struct http *http;
};

/* ---- the ledger */

/* Makes the office of a first start where this is one. */
static int begin_first_start(const struct config *config, struct fault *fault) {
    if (folder_has(config->data, "policy") || !config->is_first_start_allowed) {
        return 0;
    }
    if (!folder_is_new(config->data)) {
        return fault_set(
            fault, DEPOSITARY_E_MISSING,
            "%s has no policy, and is not empty, so no ledger is made in it; give --policy FILE, or another --data",
            config->data);
    }
    return first_start_office(config->data, config->origin, fault);
}

static int open_policy(struct running *running, struct fault *fault) {
    int error = folder_policy(&running->policy, running->config->policy, fault);
    if (error == DEPOSITARY_E_MISSING) {
        return fault_set(fault, error,
                         "%s: no policy; it names the ledger's keys, and comes from the depositary's office",
                         running->config->policy);
    }
    if (!error) {
        struct bytes origin = policy_origin(running->policy);
        snprintf(running->origin, sizeof(running->origin), "%.*s", (int)origin.len, (const char *)origin.data);
        running->server.policy = running->policy;
        running->server.origin = running->origin;
    }
    return error;
}

/* How it is opened: to serve, made where it is not there; or to be checked, every rule again. */
enum opening { OPEN_TO_SERVE, OPEN_TO_CHECK };

static int open_ledger(struct running *running, enum opening opening, struct fault *fault) {
    char path[FOLDER_PATH_MAX];
    char url[FOLDER_PATH_MAX + 8];
    if (file_path(path, sizeof(path), running->config->data, "ledger.db") != 0) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "%s: the path is too long", running->config->data);
    }
    snprintf(url, sizeof(url), "sqlite:%s", path);
    const struct ledger_config config = {.url = url,
                                         .policy = running->policy,
                                         .create = opening == OPEN_TO_SERVE,
                                         .may_lack_checkpoints = true,
                                         .is_thorough = opening == OPEN_TO_CHECK};
    return ledger_open(&running->server.ledger, &config, fault);
}

/* The first append of a first start, or what was left undone of it. */
static int end_first_start(struct running *running, struct fault *fault) {
    const struct config *config = running->config;
    const struct ledger_state *state = ledger_state_take(running->server.ledger);
    bool is_empty = state->size == 0;
    ledger_state_release(state);
    if (!is_empty || !config->is_first_start_allowed || !folder_has(config->data, "office")) {
        return 0;
    }
    return first_start_deposit(config->data, running->server.ledger, running->key.public_key, !config->is_empty,
                               clock_now_s(), fault);
}

static int open_catalog(struct running *running, struct fault *fault) {
    char path[FOLDER_PATH_MAX];
    if (file_path(path, sizeof(path), running->config->data, "catalog.db") != 0) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "%s: the path is too long", running->config->data);
    }
    int error = catalog_open(&running->server.catalog, path, running->server.ledger, fault);
    return error ? error : catalog_update(running->server.catalog, fault);
}

static int open_store(struct running *running, struct fault *fault) {
    const struct config *config = running->config;
    int error = folder_take(&running->lock, config->data, fault);
    error = error ? error : begin_first_start(config, fault);
    error = error ? error : open_policy(running, fault);
    error = error ? error : answer_key_open(&running->key, config->data, fault);
    error = error ? error : open_ledger(running, OPEN_TO_SERVE, fault);
    error = error ? error : end_first_start(running, fault);
    error = error ? error : open_catalog(running, fault);
    running->server.key = &running->key;
    return error;
}

/* ---- serving */

static int start_parts(struct running *running, struct fault *fault) {
    struct server *server = &running->server;
    int error = views_new(&server->views, server->ledger, CACHE_BYTES);
    error = error ? error : exchanger_init(&running->exchanger, server);
    if (error) {
        return fault_set(fault, error, "no memory to serve");
    }
    error = sealer_start(&server->sealer, server->origin, running->key.secret_key, running->key.public_key, fault);
    error = error ? error : key_keeper_start(&running->keeper, running->config->data, &running->key, server, fault);
    error = error ? error : workers_start(&running->workers, WORKERS, WORK_QUEUE_MAX, fault);
    error = error ? error : growth_start(&running->growth, server, fault);
    server->grown = growth_told;
    server->grown_context = running->growth;
    return error;
}

static int open_doors(struct running *running, struct fault *fault) {
    const struct config *config = running->config;
    int error = 0;
    while (!error && running->listeners_count < config->listen_count) {
        const char *url = config->listen[running->listeners_count];
        error = folder_of_socket(url, fault);
        if (!error) {
            error = listener_start(&running->listeners[running->listeners_count], url, &running->exchanger,
                                   running->workers, fault);
        }
        running->listeners_count += error == 0;
    }
    return error;
}

/* For /readyz. */
static bool is_ready(void *context, char *why, size_t capacity) {
    struct running *running = context;
    struct fault fault = {0};
    if (!door_watch_is_open(running->watch)) {
        snprintf(why, capacity, "the front door does not answer");
        return false;
    }
    struct view *view = view_take(running->server.views);
    int error = health_check(&running->server, view->state, &fault);
    view_release(view);
    if (error) {
        snprintf(why, capacity, "%s", fault_text(&fault));
    } else {
        key_keeper_words(running->keeper, why, capacity);
    }
    return error == 0;
}

static int start_watching(struct running *running, struct fault *fault) {
    int error = door_watch_start(&running->watch, running->listeners, running->listeners_count, fault);
    if (!error && running->config->http[0] != '\0') {
        const struct http_source source = {.context = running, .ready = is_ready, .ledger = running->server.ledger};
        error = http_start(&running->http, running->config->http, &source, fault);
    }
    return error;
}

/* ---- what is told */

static void tell_listeners(const struct running *running, char *out, size_t capacity) {
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < running->listeners_count && len < capacity; i++) {
        int added = snprintf(out + len, capacity - len, "%s%s", i > 0 ? " " : "", listener_url(running->listeners[i]));
        len += added > 0 ? (size_t)added : 0;
    }
}

static void tell_key(const struct running *running) {
    char dir[FOLDER_PATH_MAX];
    if (folder_has(running->config->data, "office") &&
        file_path(dir, sizeof(dir), running->config->data, "office") == 0) {
        log_line(LOG_LEVEL_WARNING,
                 "the ledger key lies beside the service; for real use move office and office-spare elsewhere",
                 "office", dir, NULL);
    }
}

static void tell_ready(struct running *running) {
    char listen[2048];
    struct buffer key;
    struct fault fault = {0};
    tell_listeners(running, listen, sizeof(listen));
    buffer_init(&key, 1024);
    verifier_key_print(&key, policy_log(running->policy, 0));
    char *key_text = buffer_take_text(&key);
    struct view *view = view_take(running->server.views);
    if (health_check(&running->server, view->state, &fault) == 0) {
        log_line(LOG_LEVEL_INFO, "ready", "listen", listen, "key", key_text ? key_text : "", NULL);
    } else {
        log_line(LOG_LEVEL_WARNING, "listening, but not serving", "listen", listen, "key", key_text ? key_text : "",
                 "reason", fault_text(&fault), NULL);
    }
    view_release(view);
    free(key_text);
    tell_key(running);
}

/* ---- begin and end */

static int knock_once(struct running *running, struct fault *fault) {
    for (size_t i = 0; i < running->listeners_count; i++) {
        const char *url = listener_url(running->listeners[i]);
        enum door door = door_knock(url, DOOR_TIMEOUT_MS);
        if (door == DOOR_SHUT || door == DOOR_SILENT) {
            return fault_set(fault, DEPOSITARY_E_UNREACHABLE, "%s: the own front door does not answer", url);
        }
    }
    return 0;
}

int running_start(struct running **out, const struct config *config, struct fault *fault) {
    struct running *running = calloc(1, sizeof(*running));
    if (!running) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory to serve");
    }
    running->config = config;
    running->lock = -1;
    int error = open_store(running, fault);
    error = error ? error : start_parts(running, fault);
    error = error ? error : open_doors(running, fault);
    error = error ? error : knock_once(running, fault);
    error = error ? error : start_watching(running, fault);
    error = error ? error : following_start(&running->follower, config, &running->server, fault);
    if (error) {
        running_stop(running);
        return error;
    }
    tell_ready(running);
    *out = running;
    return 0;
}

static unsigned calls_left(const struct running *running) {
    unsigned calls = 0;
    for (size_t i = 0; i < running->listeners_count; i++) {
        calls += listener_calls(running->listeners[i]);
    }
    return calls;
}

static void sleep_ms(unsigned ms) {
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

void running_drain(struct running *running, unsigned timeout_s) {
    __atomic_store_n(&running->server.is_draining, true, __ATOMIC_RELEASE);
    uint64_t end = clock_monotonic_ns() + (uint64_t)timeout_s * 1000 * NS_PER_MS;
    while (calls_left(running) > 0 && clock_monotonic_ns() < end) {
        sleep_ms(DRAIN_STEP_MS);
    }
    sleep_ms(LINGER_MS);
}

void running_stop(struct running *running) {
    if (!running) {
        return;
    }
    struct server *server = &running->server;
    follower_stop(running->follower);
    http_stop(running->http);
    door_watch_stop(running->watch);
    for (size_t i = 0; i < running->listeners_count; i++) {
        listener_stop(running->listeners[i]);
    }
    growth_stop(running->growth);
    workers_stop(running->workers);
    key_keeper_stop(running->keeper);
    sealer_stop(server->sealer);
    key_keeper_free(running->keeper);
    exchanger_clean_up(&running->exchanger);
    views_free(server->views);
    catalog_close(server->catalog);
    ledger_close(server->ledger);
    answer_key_close(&running->key);
    policy_free(running->policy);
    if (running->lock >= 0) {
        close(running->lock);
    }
    free(running);
}

int running_check(const struct config *config, struct fault *fault) {
    struct running running = {.config = config, .lock = -1};
    int error = open_policy(&running, fault);
    error = error ? error : open_ledger(&running, OPEN_TO_CHECK, fault);
    if (!error) {
        const struct ledger_state *state = ledger_state_take(running.server.ledger);
        printf("%s: %" PRIu64 " entries, every one of them, and every clause, as the checkpoint says\n", running.origin,
               state->size);
        ledger_state_release(state);
    }
    ledger_close(running.server.ledger);
    policy_free(running.policy);
    return error;
}
