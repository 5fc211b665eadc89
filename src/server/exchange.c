/* From a request to its answer (exchange.h). */
#include "server/exchange.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "depositary/v1/depositary.pb-c.h"
#include "depositary/v1/ledger.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"

#include <pthread.h>
#include <stdlib.h>

#define ANSWER_MAX        (LIMIT_RESPONSE + 256u * 1024) /* bytes of an encoded answer, status and metadata with it */
#define DESK_BUFFER_KEPT  (64u * 1024)                   /* bytes of a buffer that is kept for the next call */
#define RETRY_OVERLOAD_MS 500
#define RETRY_EMPTY_MS    5000
#define RETRY_DRAINING_MS 1000

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
    static const char *const names[] = {"SearchClauses", "CheckQuote", "AppendEntries", "PutClauses"};
    struct bytes name = bytes_text(method->service->methods[method->index].name);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (bytes_equal(name, bytes_text(names[i]))) {
            return true;
        }
    }
    return false;
}

/* ---- steps */

static bool start(struct exchange *out, struct exchanger *exchanger, struct bytes request, const char *peer) {
    *out = (struct exchange){.exchanger = exchanger};
    seal_digest(&out->request_digest, request);
    out->view = view_take(exchanger->server->views);
    out->desk = desk_take(exchanger->desks);
    if (!out->desk) {
        return false;
    }
    out->context = (struct server_call){.server = exchanger->server, .state = out->view->state};
    out->call = (struct call){.arena = &out->desk->arena, .context = &out->context, .traceparent = "", .peer = peer};
    return true;
}

static void leave_desk(struct exchange *exchange) {
    call_clean_up(&exchange->call);
    desk_give_back(exchange->exchanger->desks, exchange->desk);
    exchange->desk = NULL;
}

static void log_call(const struct exchange *exchange) {
    if (log_wants(LOG_LEVEL_DEBUG)) {
        const struct call *call = &exchange->call;
        log_line(LOG_LEVEL_DEBUG, "call", "method", call->method ? call->method->full_name : "", "status",
                 status_name((int)call->status.code), "reason", call->status.reason, "peer", call->peer, "traceparent",
                 call->traceparent, NULL);
    }
}

/* Encodes the answer, and leaves the desk. */
static enum exchange_next conclude(struct exchange *exchange, struct bytes response) {
    struct buffer *encoded = &exchange->desk->answer;
    if (call_answer_print(encoded, &exchange->call, response) == 0) {
        exchange->answer = answer_new(buffer_bytes(encoded));
    }
    if (exchange->answer && exchange->call.status.code == STATUS_OK && is_cacheable(&exchange->call)) {
        cache_keep(exchange->view->cache, exchange->call.method, exchange->message, exchange->answer);
    }
    log_call(exchange);
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
                                  const char *peer) {
    if (!start(out, exchanger, request, peer)) {
        return EXCHANGE_FAILED;
    }
    int code = call_accept(&out->call, request, EXCHANGE_TIMEOUT_NS, &out->message);
    if (code != STATUS_OK || is_forbidden(out)) {
        return conclude_with_status(out);
    }
    if (is_cacheable(&out->call)) {
        out->answer = cache_find(out->view->cache, out->call.method, out->message);
        if (out->answer) {
            log_call(out);
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
    if (clock_monotonic_ns() >= call->deadline_ns) { /* it may have waited */
        status_set(&call->status, STATUS_DEADLINE_EXCEEDED, "DEADLINE", "the call's time was over before its turn");
    } else {
        call_handle(call, services, sizeof(services) / sizeof(services[0]), exchange->message, &response);
    }
    return conclude(exchange, response);
}

enum exchange_next exchange_give_up(struct exchange *exchange, const char *why) {
    status_set(&exchange->call.status, STATUS_RESOURCE_EXHAUSTED, "OVERLOADED", "%s", why);
    exchange->call.status.retry_delay_ms = RETRY_OVERLOAD_MS;
    return conclude_with_status(exchange);
}

enum exchange_next exchange_refuse(struct exchange *out, struct exchanger *exchanger, struct bytes request,
                                   const char *why) {
    return start(out, exchanger, request, "") ? exchange_give_up(out, why) : EXCHANGE_FAILED;
}

void exchange_end(struct exchange *exchange) {
    answer_release(exchange->answer);
    view_release(exchange->view);
    exchange->answer = NULL;
    exchange->view = NULL;
}
