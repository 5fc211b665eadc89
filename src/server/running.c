/* depositaryd, put together (running.h). */
#include "server/running.h"

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "base/url.h"
#include "catalog/catalog.h"
#include "ledger/backup.h"
#include "postgres/postgres.h"
#include "server/announce.h"
#include "server/answer_key.h"
#include "server/door.h"
#include "server/exchange.h"
#include "server/first_start.h"
#include "server/folder.h"
#include "server/following.h"
#include "server/gauges.h"
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
#include <unistd.h>

#define WORKERS         3u
#define WORK_QUEUE_MAX  64u
#define KNOCKS_AT_START 5u
#define DRAIN_STEP_MS   20
#define LINGER_MS       150 /* for the last answers to leave the machine: nng drops what it holds when a socket is closed */

struct running {
    const struct config *config;
    int lock;
    struct answer_key key; /* until the keeper has it */
    struct key_keeper *keeper;
    struct policy *policy;
    char origin[LIMIT_ORIGIN + 1];
    struct server server;
    struct growth *growth;
    struct shared *shared;       /* the database that others append to as well; NULL: none */
    struct following *following; /* NULL: nothing is followed */
    struct exchanger exchanger;
    struct workers *workers;
    struct metrics metrics;
    struct peers *peers;
    struct tls *tls; /* NULL without a certificate */
    struct listener *listeners[CONFIG_LISTEN_MAX];
    size_t listeners_count;
    bool is_unwatched[CONFIG_LISTEN_MAX]; /* doors at which nobody can knock */
    struct announcer *announcer;          /* NULL without announcements */
    struct door_watch *watch;
    struct http *http;
    struct gauge_sources gauge_sources;
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

static const char what_to_do[] =
    "; nothing of this ledger is served: move ledger.db away and make it anew from a mirror, "
    "a backup or the office, as depositaryd(8) tells under REPAIR";

/* How it is opened: to serve, made where it is not there; or to be checked, every rule again. */
enum opening { OPEN_TO_SERVE, OPEN_TO_CHECK };

static int open_ledger(struct running *running, enum opening opening, struct fault *fault) {
    char path[FOLDER_PATH_MAX];
    char url[FOLDER_PATH_MAX + 8];
    if (file_path(path, sizeof(path), running->config->data, LEDGER_FILE) != 0) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "%s: the path is too long", running->config->data);
    }
    snprintf(url, sizeof(url), "sqlite:%s", path);
    const struct ledger_config config = {.url = url,
                                         .policy = running->policy,
                                         .proved_capacity = config_cache_shares(running->config).proved,
                                         .create = opening == OPEN_TO_SERVE,
                                         .may_lack_checkpoints = true,
                                         .shared = running->shared,
                                         .is_thorough = opening == OPEN_TO_CHECK};
    struct fault why = {0};
    int error = ledger_open(&running->server.ledger, &config, &why);
    return error ? fault_set(fault, error, "%s%s", fault_text(&why), error == DEPOSITARY_E_DAMAGED ? what_to_do : "")
                 : 0;
}

static int open_shared(struct running *running, struct fault *fault) {
    const char *url = running->config->store;
    return url ? postgres_shared_new(&running->shared, url, fault) : 0;
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
    error = error ? error : open_shared(running, fault);
    error = error ? error : open_ledger(running, OPEN_TO_SERVE, fault);
    error = error ? error : end_first_start(running, fault);
    error = error ? error : open_catalog(running, fault);
    running->server.key = &running->key;
    return error;
}

/* ---- serving */

static int start_parts(struct running *running, struct fault *fault) {
    struct server *server = &running->server;
    server->metrics = &running->metrics;
    const struct cache_shares shares = config_cache_shares(running->config);
    int error = views_new(&server->views, server->ledger, shares.answers, shares.shelf);
    error = error ? error : exchanger_init(&running->exchanger, server);
    error = error ? error : peers_new(&running->peers, &running->config->limits);
    if (error) {
        return fault_set(fault, error, "no memory to serve");
    }
    error = sealer_start(&server->sealer, server->origin, running->config->batch, running->key.secret_key,
                         running->key.public_key, fault);
    error = error ? error : key_keeper_start(&running->keeper, running->config->data, &running->key, server, fault);
    error = error ? error : workers_start(&running->workers, WORKERS, WORK_QUEUE_MAX, fault);
    error = error ? error : growth_start(&running->growth, server, fault);
    server->grown = growth_told;
    server->grown_context = running->growth;
    return error;
}

static int open_doors(struct running *running, struct fault *fault) {
    const struct config *config = running->config;
    const struct listener_parts parts = {
        .exchanger = &running->exchanger, .workers = running->workers, .peers = running->peers, .tls = running->tls};
    int error = 0;
    while (!error && running->listeners_count < config->listen_count) {
        const char *url = config->listen[running->listeners_count];
        error = folder_of_socket(url, fault);
        error = error ? error
                      : listener_start(&running->listeners[running->listeners_count], config->door, url, &parts, fault);
        running->listeners_count += error == 0;
    }
    return error;
}

/* For server.served. */
static void say_checkpoint(void *announcer) {
    announcer_say(announcer);
}

static int open_announcer(struct running *running, struct fault *fault) {
    const struct config *config = running->config;
    struct server *server = &running->server;
    if (!config->announce) {
        return 0;
    }
    int error = folder_of_socket(config->announce, fault);
    error = error ? error
                  : announcer_start(&running->announcer, config->announce, config->limits.connections, server,
                                    running->tls, fault);
    if (!error) {
        server->served_context = running->announcer;
        server->served = say_checkpoint;
    }
    return error;
}

static int open_tls(struct running *running, struct fault *fault) {
    const struct config *config = running->config;
    const struct tls_files files = {config->tls_cert, config->tls_key, config->tls_client_ca};
    return config->tls_cert ? tls_new(&running->tls, &files, fault) : 0;
}

/* For /readyz. */
static bool is_ready(void *context, char *why, size_t capacity) {
    struct running *running = context;
    struct fault fault = {0};
    if (running_is_stuck(running)) {
        snprintf(why, capacity, "the network library no longer frees connections");
        return false;
    }
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

static int print_metrics(void *context, struct buffer *out) {
    const struct running *running = context;
    return metrics_print(out, &running->metrics);
}

static int start_http(struct running *running, struct fault *fault) {
    running->gauge_sources = (struct gauge_sources){.server = &running->server,
                                                    .workers = running->workers,
                                                    .peers = running->peers,
                                                    .listeners = running->listeners,
                                                    .listeners_count = running->listeners_count,
                                                    .announcer = running->announcer,
                                                    .follower = following_follower(running->following)};
    gauges_add(&running->metrics, &running->gauge_sources);
    const struct http_source source = {
        .context = running, .ready = is_ready, .metrics = print_metrics, .ledger = running->server.ledger};
    return http_start(&running->http, running->config->http, &source, fault);
}

static int start_watching(struct running *running, struct fault *fault) {
    struct watched_door doors[DOORS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < running->listeners_count; i++) {
        if (!running->is_unwatched[i]) {
            doors[count++] = listener_watched(running->listeners[i]);
        }
    }
    if (running->announcer) {
        doors[count++] = announcer_watched(running->announcer);
    }
    int error = door_watch_start(&running->watch, doors, count, &running->metrics, fault);
    if (!error && running->config->http[0] != '\0') {
        error = start_http(running, fault);
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
    buffer_free(&key);
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

/* On a machine that does much else the first answer may take long; to give up would mean to be started again, into the same. */
static enum door knock_patiently(const char *url, const struct tls *tls) {
    enum door door = DOOR_SHUT;
    for (unsigned i = 0; i < KNOCKS_AT_START && door != DOOR_SERVING && door != DOOR_NOT_SERVING; i++) {
        door = door_knock(url, tls, DOOR_TIMEOUT_MS);
    }
    return door;
}

/*
 * Every door must answer before it is said that it is open. One that wants a client's certificate is shown our own; where its authority does not take
 * that, nobody here can knock, and the door is not watched.
 */
static int knock_once(struct running *running, struct fault *fault) {
    for (size_t i = 0; i < running->listeners_count; i++) {
        const char *url = listener_url(running->listeners[i]);
        enum door door = knock_patiently(url, running->tls);
        if (door == DOOR_SERVING || door == DOOR_NOT_SERVING) {
            continue;
        }
        if (!url_is_tls(url) || !tls_wants_client(running->tls)) {
            return fault_set(fault, DEPOSITARY_E_UNREACHABLE, "%s: the own front door does not answer", url);
        }
        running->is_unwatched[i] = true;
        log_line(LOG_LEVEL_WARNING,
                 "the service's own certificate is not taken by --tls-client-ca, so that this door is not watched",
                 "listen", url, NULL);
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
    error = error ? error : open_tls(running, fault);
    error = error ? error : open_doors(running, fault);
    error = error ? error : knock_once(running, fault);
    error = error ? error : open_announcer(running, fault);
    error = error ? error : following_start(&running->following, config, &running->server, fault);
    error = error ? error : start_watching(running, fault);
    if (error) {
        running_stop(running);
        return error;
    }
    tell_ready(running);
    *out = running;
    return 0;
}

/* ---- certificates */

bool running_has_changed(const struct running *running) {
    return running->tls && tls_has_changed(running->tls);
}

/* Gives every door the certificate that tls has now. */
static int retake_tls(struct running *running, struct fault *fault) {
    int error = 0;
    for (size_t i = 0; i < running->listeners_count && !error; i++) {
        error = listener_retake_tls(running->listeners[i], fault);
    }
    return !error && running->announcer ? announcer_retake_tls(running->announcer, fault) : error;
}

void running_reload(struct running *running) {
    struct fault fault = {0};
    if (!running->tls) {
        log_line(LOG_LEVEL_INFO, "nothing to read again: there is no certificate", NULL);
        return;
    }
    int error = tls_reload(running->tls, &fault);
    error = error ? error : retake_tls(running, &fault);
    metrics_add(&running->metrics, error ? METRIC_TLS_RELOADS_REFUSED : METRIC_TLS_RELOADS);
    if (error) {
        log_line(LOG_LEVEL_ERROR, "the new certificate cannot be used; the one from before stays", "reason",
                 fault_text(&fault), NULL);
    } else {
        log_line(LOG_LEVEL_INFO, "certificate and key were taken anew", NULL);
    }
}

/* ---- end */

bool running_is_alive(const struct running *running) {
    return door_watch_is_alive(running->watch);
}

bool running_is_stuck(const struct running *running) {
    return door_watch_is_stuck(running->watch);
}

static unsigned calls_left(const struct running *running) {
    unsigned calls = 0;
    for (size_t i = 0; i < running->listeners_count; i++) {
        calls += listener_calls(running->listeners[i]);
    }
    return calls;
}

void running_leave(struct running *running) {
    __atomic_store_n(&running->server.is_leaving, true, __ATOMIC_RELEASE);
}

void running_drain(struct running *running, unsigned timeout_s) {
    __atomic_store_n(&running->server.is_draining, true, __ATOMIC_RELEASE);
    uint64_t end = clock_monotonic_ns() + (uint64_t)timeout_s * NS_PER_S;
    while (calls_left(running) > 0 && clock_monotonic_ns() < end) {
        clock_sleep_ms(DRAIN_STEP_MS);
    }
    clock_sleep_ms(LINGER_MS);
}

void running_stop(struct running *running) {
    if (!running) {
        return;
    }
    struct server *server = &running->server;
    http_stop(running->http);
    door_watch_stop(running->watch);
    following_stop(running->following);
    if (running->shared) {
        running->shared->ops->cancel(running->shared);
    }
    for (size_t i = 0; i < running->listeners_count; i++) {
        listener_stop(running->listeners[i]);
    }
    growth_stop(running->growth);
    announcer_stop(running->announcer);
    workers_stop(running->workers);
    following_free(running->following);
    key_keeper_stop(running->keeper);
    sealer_stop(server->sealer);
    key_keeper_free(running->keeper);
    tls_free(running->tls);
    peers_free(running->peers);
    exchanger_clean_up(&running->exchanger);
    views_free(server->views);
    catalog_close(server->catalog);
    ledger_close(server->ledger);
    if (running->shared) {
        running->shared->ops->close(running->shared);
    }
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
    error = error ? error : folder_judge_access(config->data, LEDGER_FILE, fault);
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
