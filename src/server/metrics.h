/*
 * What an operator watches: counters and gauges, printed for /metrics in Prometheus' text format 0.0.4. Counting is one relaxed addition; what is counted
 * for every call is counted in the sealer's thread alone.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "base/bytes.h"
#include "base/error.h"
#include "rpc/method.h"

#define METRICS_METHODS 24 /* room for the table of methods, and one for calls that named none */
#define METRICS_CODES   17
#define METRICS_LATENCY 13 /* upper bounds of the latency histogram, in metrics.c */
#define METRICS_BATCH   11 /* upper bounds of the histogram of batch sizes: 1, 2, 4 ... 1024 */
#define METRICS_GAUGES  24

/** Events without labels. */
enum metric {
    METRIC_CACHE_HITS,          /* answers that the cache had */
    METRIC_CONNECTIONS,         /* taken */
    METRIC_CONNECTIONS_FULL,    /* refused: as many as there may be in all */
    METRIC_CONNECTIONS_PEER,    /* refused: as many as one peer may have */
    METRIC_CONNECTIONS_STALLED, /* closed: took no answers */
    METRIC_CONNECTIONS_FLOOD,   /* closed: one of many that went on asking for more than they may */
    METRIC_CALLS_CONNECTION,    /* refused: too many of one connection */
    METRIC_CALLS_PEER,          /* refused: too many of one peer at one time */
    METRIC_CALLS_RATE,          /* refused: too many of one peer a second */
    METRIC_CALLS_QUEUE,         /* refused: the queue of long calls is full */
    METRIC_CALLS_GONE,          /* given up: the caller had gone */
    METRIC_CALLS_DROPPED,       /* no memory to answer, or no seal */
    METRIC_DOORS_REOPENED,      /* a front door had died */
    METRIC_ANNOUNCEMENTS,       /* checkpoints sent to subscribers */
    METRIC_TLS_RELOADS,         /* certificates taken anew */
    METRIC_TLS_RELOADS_REFUSED, /* that could not be used */
    METRICS_EVENTS
};

struct metrics_gauge {
    const char *name; /* "depositary_ledger_entries"; one that ends in _total is a counter that somebody else keeps */
    const char *help;
    double (*read)(void *context); /* from the HTTP thread; NAN where there is nothing to tell */
    void *context;
};

struct metrics {
    uint64_t events[METRICS_EVENTS];
    uint64_t calls[METRICS_METHODS][METRICS_CODES];
    uint64_t latency[METRICS_METHODS][METRICS_LATENCY + 1];
    uint64_t latency_ns[METRICS_METHODS]; /* sums */
    uint64_t batches[METRICS_BATCH + 1];
    uint64_t batched; /* answers in them */
    struct metrics_gauge gauges[METRICS_GAUGES];
    size_t gauges_count;
};

static inline void metrics_add(struct metrics *metrics, enum metric metric) {
    __atomic_add_fetch(&metrics->events[metric], 1, __ATOMIC_RELAXED);
}

/** An answer is on its way. method NULL: the request named none. */
void metrics_call(struct metrics *metrics, const struct method *method, int code, uint64_t duration_ns);
/** A seal over so many answers. */
void metrics_batch(struct metrics *metrics, size_t answers);
/** Before anybody prints; what does not fit any more is left out. name and help outlive it. */
void metrics_gauge(struct metrics *metrics, const char *name, const char *help, double (*read)(void *context),
                   void *context);
/** Appends the whole page. */
MUST_USE int metrics_print(struct buffer *out, const struct metrics *metrics);

#endif
