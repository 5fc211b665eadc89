/* The process's own settings (process.h). What is refused here is no reason not to serve. */
#define _GNU_SOURCE /* SCHED_BATCH, sched_setaffinity */

#include "server/process.h"

#include "base/secrecy.h"

#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* A descriptor for each connection, as far as whoever started us allows. */
static void raise_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* nng's threads hand small pieces of work to each other; without a preemption at each hand-over more of them are done at a time. */
static void prefer_throughput(void) {
    const struct sched_param none = {0};
    sched_setscheduler(0, SCHED_BATCH, &none);
}

/* All on one processor hand over without waking another: the best for a lone daemon beside other programs (tests/bench/README.md). */
static void stay_on(const char *cpus) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const char *rest = cpus; rest; rest = strchr(rest, ',') ? strchr(rest, ',') + 1 : NULL) {
        CPU_SET(strtoul(rest, NULL, 10), &set);
    }
    sched_setaffinity(0, sizeof(set), &set);
}

void process_prepare(sigset_t *awaited, const char *cpus) {
    secrecy_forbid_dumps();
    raise_descriptors();
    prefer_throughput();
    if (cpus) {
        stay_on(cpus);
    }
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(awaited);
    sigaddset(awaited, SIGTERM);
    sigaddset(awaited, SIGINT);
    sigaddset(awaited, SIGHUP);
    pthread_sigmask(SIG_BLOCK, awaited, NULL);
}
