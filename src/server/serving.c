/* One call at a front door (serving.h). */
#include "server/serving.h"

#include "base/log.h"

#include <stddef.h>

#define RETRY_OVERLOAD_MS 500

static struct metrics *metrics_of(const struct serving *serving) {
    return serving->parts->exchanger->server->metrics;
}

static void drop(struct serving *serving, enum metric why) {
    metrics_add(metrics_of(serving), why);
    if (why == METRIC_CALLS_DROPPED) {
        log_line(LOG_LEVEL_ERROR, "a call was dropped", "reason", depositary_error_text(DEPOSITARY_E_MEMORY), NULL);
    }
    serving->ops->dropped(serving);
}

/* In the sealer's thread, or alone, so that these counters have one writer. */
static void count(const struct serving *serving, const struct seal *seal) {
    struct metrics *metrics = metrics_of(serving);
    const struct exchange *exchange = &serving->exchange;
    uint64_t begun_ns = exchange->call.begun_ns;
    metrics_call(metrics, exchange->method, exchange->code, begun_ns > 0 ? serving->sealing.sealed_ns - begun_ns : 0);
    if (exchange->is_cached) {
        metrics_add(metrics, METRIC_CACHE_HITS);
    }
    if (seal->index == 0) {
        metrics_batch(metrics, serving->sealing.batch);
    }
}

/* From the sealer. */
static void sealed(struct sealing *sealing, const struct seal *seal) {
    struct serving *serving = (struct serving *)((char *)sealing - offsetof(struct serving, sealing));
    if (!seal) {
        drop(serving, METRIC_CALLS_DROPPED);
        return;
    }
    count(serving, seal);
    serving->ops->answered(serving, serving->exchange.answer, seal);
}

static void submit(struct serving *serving, enum exchange_next next) {
    if (next != EXCHANGE_ANSWERED) {
        drop(serving, next == EXCHANGE_GONE ? METRIC_CALLS_GONE : METRIC_CALLS_DROPPED);
        return;
    }
    serving->sealing = (struct sealing){.state = serving->exchange.view->state,
                                        .request_digest = serving->exchange.request_digest,
                                        .answer_digest = serving->exchange.answer->digest,
                                        .begun_ns = serving->exchange.call.begun_ns,
                                        .sealed = sealed};
    struct sealer *sealer = serving->parts->exchanger->server->sealer;
    if (__atomic_load_n(serving->calls, __ATOMIC_ACQUIRE) == 1) {
        sealer_submit_lone(sealer, &serving->sealing);
    } else {
        sealer_submit(sealer, &serving->sealing);
    }
}

/* From a worker. */
static void work(struct work *work) {
    struct serving *serving = (struct serving *)((char *)work - offsetof(struct serving, work));
    submit(serving, exchange_finish(&serving->exchange));
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

static enum exchange_next begin(struct serving *serving, struct bytes request) {
    const struct listener_parts *parts = serving->parts;
    const struct caller caller = {.peer = connection_name(serving->connection),
                                  .is_gone = connection_is_gone(serving->connection)};
    int64_t retry_ms = RETRY_OVERLOAD_MS;
    enum admission admission = connection_admit(parts->peers, serving->connection, &retry_ms);
    serving->is_refused = admission != ADMITTED;
    if (!serving->is_refused) {
        return exchange_begin(&serving->exchange, parts->exchanger, request, &caller);
    }
    metrics_add(metrics_of(serving), refusals[admission].metric);
    retry_ms = retry_ms < SERVING_REFUSED_MS ? SERVING_REFUSED_MS : retry_ms;
    return exchange_refuse(&serving->exchange, parts->exchanger, request, &caller, refusals[admission].why, retry_ms);
}

/* From what came of the beginning. */
static enum exchange_next go_on(struct serving *serving, enum exchange_next next) {
    if (next == EXCHANGE_QUICK) {
        return exchange_finish(&serving->exchange);
    }
    if (next == EXCHANGE_SLOW) {
        serving->work = (struct work){.run = work};
        if (!workers_add(serving->parts->workers, &serving->work)) {
            metrics_add(metrics_of(serving), METRIC_CALLS_QUEUE);
            return exchange_give_up(&serving->exchange, "too many searches and appends at one time", RETRY_OVERLOAD_MS);
        }
    }
    return next;
}

bool serving_hold(struct serving *serving, uint32_t pipe) {
    serving->connection = connection_begin_call(serving->parts->peers, pipe);
    if (!serving->connection) {
        metrics_add(metrics_of(serving), METRIC_CALLS_GONE);
    }
    return serving->connection != NULL;
}

bool serving_begin(struct serving *serving, struct bytes request) {
    __atomic_add_fetch(serving->calls, 1, __ATOMIC_ACQUIRE);
    enum exchange_next next = begin(serving, request);
    const bool is_refused = serving->is_refused; /* once a worker or the sealer has it, it may be over, and another */
    next = go_on(serving, next);
    if (next != EXCHANGE_SLOW) {
        submit(serving, next);
    }
    return !is_refused;
}

void serving_leave(struct serving *serving) {
    exchange_end(&serving->exchange);
    __atomic_sub_fetch(serving->calls, 1, __ATOMIC_RELEASE);
}

void serving_end(struct serving *serving) {
    connection_end_call(serving->parts->peers, serving->connection);
    serving->connection = NULL;
}

void serving_tell_flood(const struct serving *serving) {
    if (connection_put_out(serving->connection)) {
        metrics_add(metrics_of(serving), METRIC_CONNECTIONS_FLOOD);
    }
}

void serving_tell_stalled(const struct serving *serving) {
    metrics_add(metrics_of(serving), METRIC_CONNECTIONS_STALLED);
    if (log_wants_within(&serving->parts->exchanger->server->stalled_lines, LOG_LEVEL_WARNING)) {
        log_line(LOG_LEVEL_WARNING, "a connection that takes no answers was closed", "peer",
                 connection_name(serving->connection), NULL);
    }
}
