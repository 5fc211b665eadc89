/* From a request to its answer (exchange.h). */
#include "server/exchange.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "depositary/v1/depositary.pb-c.h"
#include "depositary/v1/ledger.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX        (LIMIT_RESPONSE + 256u * 1024) /* bytes of an encoded answer, status and metadata with it */
#define DESK_BUFFER_KEPT  (64u * 1024)                   /* bytes of a buffer that is kept for the next call */
#define RETRY_EMPTY_MS    5000
#define RETRY_DRAINING_MS 1000
#define LOG_SLOW_NS       NS_PER_S /* a call that takes so long is told of */
#define TRACE_ID_AT       3        /* in a traceparent */
#define TRACE_ID_LEN      32

/* ---- desks: memory to work in, used again and again */

struct desk {
    struct desk *next;
    struct arena arena;
    struct buffer answer;
};

struct desks {
    pthread_mutex_t lock;
    struct desk *free;
};

static struct desk *desk_take(struct desks *desks) {
    pthread_mutex_lock(&desks->lock);
    struct desk *desk = desks->free;
    if (desk) {
        desks->free = desk->next;
    }
    pthread_mutex_unlock(&desks->lock);
    if (!desk && (desk = calloc(1, sizeof(*desk)))) {
        arena_init(&desk->arena, CALL_ARENA_MAX);
        buffer_init(&desk->answer, ANSWER_MAX);
    }
    return desk;
}

static void desk_give_back(struct desks *desks, struct desk *desk) {
    arena_reset(&desk->arena);
    if (desk->answer.capacity > DESK_BUFFER_KEPT) {
        buffer_free(&desk->answer);
    }
    buffer_clear(&desk->answer);
    pthread_mutex_lock(&desks->lock);
    desk->next = desks->free;
    desks->free = desk;
    pthread_mutex_unlock(&desks->lock);
}

int exchanger_init(struct exchanger *exchanger, struct server *server) {
    struct desks *desks = calloc(1, sizeof(*desks));
    if (!desks || pthread_mutex_init(&desks->lock, NULL) != 0) {
        free(desks);
        return DEPOSITARY_E_MEMORY;
    }
    *exchanger = (struct exchanger){.server = server, .desks = desks};
    return 0;
}

void exchanger_clean_up(struct exchanger *exchanger) {
    struct desks *desks = exchanger->desks;
    if (!desks) {
        return;
    }
    while (desks->free) {
        struct desk *desk = desks->free;
        desks->free = desk->next;
        arena_free(&desk->arena);
        buffer_free(&desk->answer);
        free(desk);
    }
    pthread_mutex_destroy(&desks->lock);
    free(desks);
    exchanger->desks = NULL;
}

/* ---- what a method is to the server */

static bool is_health(const struct method *method) {
    return method->service == &grpc__health__v1__health__descriptor;
}

/* The same question has the same answer for as long as the state is served. */
static bool is_cacheable(const struct call *call) {
    return call->method->is_idempotent && !is_health(call->method) && call->traceparent[0] == '\0';
}

static bool is_slow(const struct method *method) {
    static const char *const names[] = {"SearchClauses", "CheckQuote", "ResolveCitation", "AppendEntries", "PutClauses"};
    struct bytes name = bytes_text(method->service->methods[method->index].name);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (bytes_equal(name, bytes_text(names[i]))) {
            return true;
        }
    }
    return false;
}

/* ---- steps */

static bool start(struct exchange *out, struct exchanger *exchanger, struct bytes request,
                  const struct caller *caller) {
    *out = (struct exchange){.exchanger = exchanger};
    seal_digest(&out->request_digest, request);
    out->view = view_take(exchanger->server->views);
    out->desk = desk_take(exchanger->desks);
    if (!out->desk) {
        return false;
    }
    out->context =
        (struct server_call){.server = exchanger->server, .state = out->view->state, .shelf = out->view->shelf};
    out->call = (struct call){.arena = &out->desk->arena,
                              .context = &out->context,
                              .traceparent = "",
                              .peer = caller->peer,
                              .is_gone = caller->is_gone};
    return true;
}

static void leave_desk(struct exchange *exchange) {
    for (size_t i = 0; i < ANSWER_TAIL_MAX; i++) {
        piece_release(exchange->context.tail[i]);
        exchange->context.tail[i] = NULL;
    }
    call_clean_up(&exchange->call);
    desk_give_back(exchange->exchanger->desks, exchange->desk);
    exchange->desk = NULL;
}

/*
 * Every call at debug; at info those that change the ledger and those that took long; the service's own failures always. Bytes that are no message are
 * INTERNAL by gRPC's table, and the caller's failure: nobody fills our log with them.
 */
static enum log_level level_of(const struct call *call, uint64_t duration_ns) {
    enum status_code code = call->status.code;
    bool is_unreadable = strcmp(call->status.reason, "UNREADABLE") == 0;
    bool is_failure = code == STATUS_DATA_LOSS || code == STATUS_UNKNOWN || (code == STATUS_INTERNAL && !is_unreadable);
    if (is_failure) {
        return LOG_LEVEL_WARNING;
    }
    bool is_writing = call->method && !call->method->is_idempotent;
    return is_writing || duration_ns >= LOG_SLOW_NS ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

static void write_log(const struct call *call, enum log_level level, uint64_t duration_ns) {
    char duration[32];
    char trace[TRACE_ID_LEN + 1] = "";
    snprintf(duration, sizeof(duration), "%.3f", (double)duration_ns / NS_PER_MS);
    if (call->traceparent[0] != '\0') {
        snprintf(trace, sizeof(trace), "%.*s", TRACE_ID_LEN, call->traceparent + TRACE_ID_AT);
    }
    log_line(level, "call", "method", call->method ? call->method->full_name : "", "status",
             status_name((int)call->status.code), "reason", call->status.reason, "ms", duration, "peer", call->peer,
             "trace_id", trace, NULL);
}

/* Whoever can reach a door can have refused appends, and long searches, as many as there may be calls. */
static bool may_log(struct server *server, enum log_level level) {
    return level == LOG_LEVEL_DEBUG  ? log_wants(level)
           : level == LOG_LEVEL_INFO ? log_wants_within(&server->call_lines, level)
                                     : log_wants_within(&server->failure_lines, level);
}

/* Nothing of what was asked or answered, and no nonce. */
static void log_call(const struct exchange *exchange) {
    const struct call *call = &exchange->call;
    if (exchange->is_cached && !log_wants(LOG_LEVEL_DEBUG)) {
        return; /* took no time */
    }
    uint64_t duration_ns = call->begun_ns > 0 ? clock_monotonic_ns() - call->begun_ns : 0;
    enum log_level level = level_of(call, duration_ns);
    if (may_log(exchange->exchanger->server, level)) {
        write_log(call, level, duration_ns);
    }
}

static void note_outcome(struct exchange *exchange) {
    exchange->method = exchange->call.method;
    exchange->code = (int)exchange->call.status.code;
    log_call(exchange);
}

/* What is the answer's own, up to the pieces that it shares. */
static int print_answer(struct buffer *out, const struct exchange *exchange, struct bytes response) {
    struct piece *const *tail = exchange->context.tail;
    size_t tail_len = 0;
    for (size_t i = 0; i < ANSWER_TAIL_MAX && tail[i]; i++) {
        tail_len += tail[i]->bytes.len;
    }
    return tail_len > 0 ? call_answer_begin(out, &exchange->call, response, tail_len)
                        : call_answer_print(out, &exchange->call, response);
}

/* Encodes the answer, and leaves the desk. */
static enum exchange_next conclude(struct exchange *exchange, struct bytes response) {
    struct buffer *encoded = &exchange->desk->answer;
    if (exchange->call.is_gone && __atomic_load_n(exchange->call.is_gone, __ATOMIC_ACQUIRE)) {
        note_outcome(exchange);
        leave_desk(exchange);
        return EXCHANGE_GONE;
    }
    if (print_answer(encoded, exchange, response) == 0) {
        exchange->answer = answer_new(buffer_bytes(encoded), exchange->context.tail);
    }
    if (exchange->answer && exchange->call.status.code == STATUS_OK && is_cacheable(&exchange->call)) {
        cache_keep(exchange->view->cache, exchange->call.method, exchange->message, exchange->answer);
    }
    note_outcome(exchange);
    leave_desk(exchange);
    return exchange->answer ? EXCHANGE_ANSWERED : EXCHANGE_FAILED;
}

static enum exchange_next conclude_with_status(struct exchange *exchange) {
    return conclude(exchange, bytes_of(NULL, 0));
}

/* Whether the server's own state forbids the call; the status is set then. */
static bool is_forbidden(struct exchange *exchange) {
    struct call *call = &exchange->call;
    if (is_health(call->method)) {
        return false;
    }
    if (__atomic_load_n(&exchange->exchanger->server->is_draining, __ATOMIC_ACQUIRE)) {
        status_set(&call->status, STATUS_UNAVAILABLE, "DRAINING", "the service is shutting down");
        call->status.retry_delay_ms = RETRY_DRAINING_MS;
        return true;
    }
    if (exchange->view->state->size == 0 && !call->method->is_large) {
        status_set(&call->status, STATUS_UNAVAILABLE, "EMPTY_LEDGER", "nothing was deposited yet");
        call->status.retry_delay_ms = RETRY_EMPTY_MS;
        return true;
    }
    return false;
}

enum exchange_next exchange_begin(struct exchange *out, struct exchanger *exchanger, struct bytes request,
                                  const struct caller *caller) {
    if (!start(out, exchanger, request, caller)) {
        return EXCHANGE_FAILED;
    }
    int code = call_accept(&out->call, request, EXCHANGE_TIMEOUT_NS, &out->message);
    if (code != STATUS_OK || is_forbidden(out)) {
        return conclude_with_status(out);
    }
    if (is_cacheable(&out->call)) {
        out->answer = cache_find(out->view->cache, out->call.method, out->message);
        if (out->answer) {
            out->is_cached = true;
            note_outcome(out);
            leave_desk(out);
            return EXCHANGE_ANSWERED;
        }
    }
    return is_slow(out->call.method) ? EXCHANGE_SLOW : EXCHANGE_QUICK;
}

enum exchange_next exchange_finish(struct exchange *exchange) {
    const struct service_entry services[] = {depositary_service, ledger_service, health_service, reflection_service};
    struct call *call = &exchange->call;
    struct bytes response = {0};
    call_handle(call, services, sizeof(services) / sizeof(services[0]), exchange->message, &response);
    return conclude(exchange, response);
}

enum exchange_next exchange_give_up(struct exchange *exchange, const char *why, int64_t retry_ms) {
    status_set(&exchange->call.status, STATUS_RESOURCE_EXHAUSTED, "OVERLOADED", "%s", why);
    exchange->call.status.retry_delay_ms = retry_ms;
    return conclude_with_status(exchange);
}

enum exchange_next exchange_refuse(struct exchange *out, struct exchanger *exchanger, struct bytes request,
                                   const struct caller *caller, const char *why, int64_t retry_ms) {
    return start(out, exchanger, request, caller) ? exchange_give_up(out, why, retry_ms) : EXCHANGE_FAILED;
}

void exchange_end(struct exchange *exchange) {
    answer_release(exchange->answer);
    view_release(exchange->view);
    exchange->answer = NULL;
    exchange->view = NULL;
}
