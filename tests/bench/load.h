/* A lean load client: SP request/reply on a plain socket, one thread, a fixed number of calls in flight, so that the client is not what is measured. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>

/** One request that is sent again and again; the 8 bytes at nonce_offset are a counter, so that no two calls are the same. */
struct load_request {
    uint8_t *data;
    size_t len;
    size_t nonce_offset; /* SIZE_MAX: none */
};

struct load_result {
    double seconds;
    uint64_t calls;
    uint64_t bytes; /* received */
    uint64_t
        batches; /* answers that were the first of their seal: calls / batches is answers for each signature; 0: not counted */
    double p50_us, p99_us; /* from sending to receiving */
};

/** Told of each answer (without the SP header); its return value is added to batches. May be NULL. */
typedef unsigned load_answer(const uint8_t *answer, size_t len);

/**
 * Connects to "tcp://127.0.0.1:PORT" or "ipc:///path" and calls for `seconds`, `in_flight` at a time over `connections`.
 * requests are picked by `pick` (0 to count - 1) at each send. Returns 0, or -1 with errno or a protocol error (told on standard error).
 */
int load_run(struct load_result *out, const char *url, const struct load_request *requests, size_t count,
             size_t (*pick)(void *context), void *context, unsigned in_flight, unsigned connections, double seconds,
             load_answer *answer);

double load_now(void); /* seconds, monotonic */

#endif
