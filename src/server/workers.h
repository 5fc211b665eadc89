/* A few threads for calls that take long, so that they do not stand in the way of the quick ones. The queue has a bound. */
#ifndef SERVER_WORKERS_H
#define SERVER_WORKERS_H

#include "base/error.h"

#include <stdbool.h>

/** A piece of work; the caller's memory until `run` was called. */
struct work {
    void (*run)(struct work *work);
    struct work *next; /* for workers.c */
};

struct workers;

/** queue_max: pieces that may wait. */
MUST_USE int workers_start(struct workers **out, unsigned threads, unsigned queue_max, struct fault *fault);
/** Does what waits, then ends the threads. NULL is fine. */
void workers_stop(struct workers *workers);
/** False, and nothing is taken, where the queue is full. */
MUST_USE bool workers_add(struct workers *workers, struct work *work);
/** Pieces that wait. */
unsigned workers_waiting(struct workers *workers);

#endif
