/* The process's own settings (process.h). What is refused here is no reason not to serve. */
#define _GNU_SOURCE /* SCHED_BATCH */

#include "server/process.h"

#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static void forbid_core_dumps(void) {
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

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

void process_prepare(sigset_t *awaited) {
    forbid_core_dumps();
    raise_descriptors();
    prefer_throughput();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(awaited);
    sigaddset(awaited, SIGTERM);
    sigaddset(awaited, SIGINT);
    sigaddset(awaited, SIGHUP);
    pthread_sigmask(SIG_BLOCK, awaited, NULL);
}
