/* Gauges (gauges.h). */
#include "server/gauges.h"

#include "base/time.h"
#include "server/health.h"
#include "server/view.h"

#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define S_PER_DAY 86400.0

static double read_ready(void *context) {
    struct server *server = ((struct gauge_sources *)context)->server;
    struct view *view = view_take(server->views);
    int error = health_check(server, view->state, NULL);
    view_release(view);
    return error == 0;
}

static double read_connections(void *context) {
    return peers_connections(((const struct gauge_sources *)context)->peers);
}

static double read_calls(void *context) {
    const struct gauge_sources *sources = context;
    unsigned calls = 0;
    for (size_t i = 0; i < sources->listeners_count; i++) {
        calls += listener_calls(sources->listeners[i]);
    }
    return calls;
}

static double read_queue(void *context) {
    return workers_waiting(((const struct gauge_sources *)context)->workers);
}

static double read_cache(void *context) {
    struct view *view = view_take(((const struct gauge_sources *)context)->server->views);
    size_t used = cache_used(view->cache);
    view_release(view);
    return (double)used;
}

static double read_entries(void *context) {
    struct view *view = view_take(((const struct gauge_sources *)context)->server->views);
    uint64_t size = view->state->size;
    view_release(view);
    return (double)size;
}

static double read_register_age(void *context) {
    struct view *view = view_take(((const struct gauge_sources *)context)->server->views);
    double age = view->state->size > 0 ? (double)(clock_now_s() - view->state->register_fields.time) : NAN;
    view_release(view);
    return age;
}

/* Negative once its time is over; nothing is told of a key that no record authorises. */
static double read_key_days(void *context) {
    const struct server *server = ((const struct gauge_sources *)context)->server;
    int64_t not_after = __atomic_load_n(&server->key_not_after, __ATOMIC_ACQUIRE);
    return not_after == 0 ? (double)NAN : (double)(not_after - clock_now_s()) / S_PER_DAY;
}

static double read_subscribers(void *context) {
    const struct announcer *announcer = ((const struct gauge_sources *)context)->announcer;
    return announcer ? (double)announcer_subscribers(announcer) : (double)NAN;
}

/* Entries that the depositary that is followed has and this mirror does not, as far as it is known. */
static double read_lag(void *context) {
    struct follower *follower = ((const struct gauge_sources *)context)->follower;
    struct follower_status status;
    if (!follower) {
        return NAN;
    }
    follower_status(follower, &status);
    return status.source_size > status.ledger_size ? (double)(status.source_size - status.ledger_size) : 0.0;
}

static double read_follower_age(void *context) {
    struct follower *follower = ((const struct gauge_sources *)context)->follower;
    struct follower_status status = {0};
    if (follower) {
        follower_status(follower, &status);
    }
    return status.reached_s > 0 ? (double)(clock_now_s() - status.reached_s) : (double)NAN;
}

static double read_fork(void *context) {
    struct follower *follower = ((const struct gauge_sources *)context)->follower;
    struct follower_status status;
    if (!follower) {
        return NAN;
    }
    follower_status(follower, &status);
    return status.is_forked;
}

/* The second field of /proc/self/statm: pages that are resident. */
static double read_memory(void *context) {
    unsigned long total;
    unsigned long resident;
    (void)context;
    FILE *file = fopen("/proc/self/statm", "re");
    int read = file ? fscanf(file, "%lu %lu", &total, &resident) : 0;
    if (file) {
        fclose(file);
    }
    return read == 2 ? (double)resident * (double)sysconf(_SC_PAGESIZE) : NAN;
}

static double read_cpu(void *context) {
    struct timespec used;
    (void)context;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0 ? (double)used.tv_sec + (double)used.tv_nsec / 1e9 : NAN;
}

void gauges_add(struct metrics *metrics, struct gauge_sources *sources) {
    static const struct metrics_gauge gauges[] = {
        {"depositary_ready", "1 where the ledger can be read and the answer key is authorised, and it is not draining.",
         read_ready, NULL},
        {"depositary_connections", "Connections that are open.", read_connections, NULL},
        {"depositary_calls_in_flight", "Calls whose answer is not yet on its way.", read_calls, NULL},
        {"depositary_queue_waiting", "Searches, quotes and appends that wait for their turn.", read_queue, NULL},
        {"depositary_cache_bytes", "Bytes in the answer cache.", read_cache, NULL},
        {"depositary_ledger_entries", "Entries of the ledger that is served.", read_entries, NULL},
        {"depositary_register_age_seconds", "Since the time of the register that is served.", read_register_age, NULL},
        {"depositary_answer_key_days_left", "Days until the answer key's time is over.", read_key_days, NULL},
        {"depositary_subscribers", "Subscribers to announcements.", read_subscribers, NULL},
        {"depositary_follower_lag_entries", "Entries of the depositary that is followed that are not here yet.",
         read_lag, NULL},
        {"depositary_follower_age_seconds", "Since the depositary that is followed last answered well.",
         read_follower_age, NULL},
        {"depositary_follower_forked", "1 where the ledger key was found to have signed two ledgers.", read_fork, NULL},
        {"process_resident_memory_bytes", "Resident memory.", read_memory, NULL},
        {"process_cpu_seconds_total", "Processor time, of user and system.", read_cpu, NULL},
    };
    for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
        metrics_gauge(metrics, gauges[i].name, gauges[i].help, gauges[i].read, sources);
    }
}
