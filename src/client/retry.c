/* gRPC's A6 in numbers (retry.h). */
#include "client/retry.h"

#define TOKENS_MAX     10000 /* thousandths */
#define TOKENS_FAILURE 1000
#define TOKENS_SUCCESS 100
#define BACKOFF_FIRST  100u  /* ms */
#define BACKOFF_MAX    2000u /* ms */
#define PUSHBACK_MAX   60000 /* ms; longer is no call that anyone waits for */

void retry_throttle_init(struct retry_throttle *throttle) {
    atomic_init(&throttle->tokens, TOKENS_MAX);
    atomic_init(&throttle->lost_ns, 0);
}

void retry_succeeded(struct retry_throttle *throttle) {
    int tokens = atomic_load_explicit(&throttle->tokens, memory_order_relaxed);
    while (tokens < TOKENS_MAX) { /* the common case, a full throttle, writes nothing */
        int more = tokens + TOKENS_SUCCESS < TOKENS_MAX ? tokens + TOKENS_SUCCESS : TOKENS_MAX;
        if (atomic_compare_exchange_weak(&throttle->tokens, &tokens, more)) {
            return;
        }
    }
}

bool retry_failed(struct retry_throttle *throttle) {
    int tokens = atomic_load(&throttle->tokens);
    int fewer;
    do {
        fewer = tokens > TOKENS_FAILURE ? tokens - TOKENS_FAILURE : 0;
    } while (!atomic_compare_exchange_weak(&throttle->tokens, &tokens, fewer));
    return fewer > TOKENS_MAX / 2;
}

bool retry_lost(struct retry_throttle *throttle, uint64_t sent_ns, uint64_t now_ns) {
    uint_least64_t counted_ns = atomic_load(&throttle->lost_ns);
    while (sent_ns > counted_ns) {
        if (atomic_compare_exchange_weak(&throttle->lost_ns, &counted_ns, now_ns)) {
            return retry_failed(throttle);
        }
    }
    return atomic_load(&throttle->tokens) > TOKENS_MAX / 2;
}

bool retry_is_due(const struct status_view *status) {
    return status->code == STATUS_UNAVAILABLE ||
           (status->code == STATUS_RESOURCE_EXHAUSTED && status->retry_delay_ms != 0);
}

uint32_t retry_backoff_ms(unsigned next, uint32_t random) {
    uint32_t most = BACKOFF_FIRST;
    for (unsigned attempt = 2; attempt < next && most < BACKOFF_MAX; attempt++) {
        most *= 2;
    }
    most = most < BACKOFF_MAX ? most : BACKOFF_MAX;
    return random % (most + 1);
}

bool retry_delay_ms(uint32_t *out, const struct status_view *status, unsigned next, uint32_t random) {
    if (status->retry_delay_ms < 0 || status->retry_delay_ms > PUSHBACK_MAX) {
        return false;
    }
    *out = status->retry_delay_ms > 0 ? (uint32_t)status->retry_delay_ms : retry_backoff_ms(next, random);
    return true;
}
