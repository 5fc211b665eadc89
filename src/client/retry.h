/*
 * When a call is tried again, and how long that waits: gRPC's proposal A6 (retry policy, throttling, pushback). Pure but for the throttle, which
 * all calls of a client share and which is safe from many threads. PROTOCOL.md section 4.
 */
#ifndef CLIENT_RETRY_H
#define CLIENT_RETRY_H

#include "rpc/status.h"

#include <stdatomic.h>

#define RETRY_ATTEMPTS_MAX 5u /* as gRPC caps it */
#define RETRY_ATTEMPTS     4u /* sendings of one question, the first with them */

/** A6 throttling: each failure takes a token, each success gives back a tenth of one; with half of them gone nothing is tried again. */
struct retry_throttle {
    atomic_int tokens;             /* thousandths */
    atomic_uint_least64_t lost_ns; /* when a connection's loss was counted last; 0: never */
};

void retry_throttle_init(struct retry_throttle *throttle);
void retry_succeeded(struct retry_throttle *throttle);
/** Notes a failure that may be tried again; false: the throttle is drawn. */
bool retry_failed(struct retry_throttle *throttle);
/** The same for a call that was sent at sent_ns (monotonic) and lost with its connection. That is one failure for all calls that were under way then, of which
 * a connection may have carried hundreds: a service that is restarted would draw the throttle of everyone who keeps it busy. */
bool retry_lost(struct retry_throttle *throttle, uint64_t sent_ns, uint64_t now_ns);

/** Whether a status says that the same question may have another answer soon: UNAVAILABLE, or overload with a time to wait. */
bool retry_is_due(const struct status_view *status);

/** Milliseconds before attempt `next` (2 is the first retry): random from 0 to 100 ms * 2^(next - 2), at most 2 s. random: any 32 bits. */
uint32_t retry_backoff_ms(unsigned next, uint32_t random);
/** The same, but the service's own word where it gave one; a negative one says not to come again: false. */
bool retry_delay_ms(uint32_t *out, const struct status_view *status, unsigned next, uint32_t random);

#endif
