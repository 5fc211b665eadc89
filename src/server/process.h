/* What the process sets for itself before anything else: no core dumps (there is a key in memory), signals, limits, scheduling. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <signal.h>

/** Call before threads start. SIGTERM, SIGINT and SIGHUP are blocked from then on, in every thread, and stand in *awaited for sigtimedwait(2).
 * cpus: the processors to run on, numbers with commas between; NULL for all. */
void process_prepare(sigset_t *awaited, const char *cpus);

#endif
