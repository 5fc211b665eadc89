/* What the process sets for itself before anything else: no core dumps (there is a key in memory), signals, limits, scheduling. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <signal.h>

/** Call before threads start. The signals that end the daemon are blocked from then on, in every thread, and stand in *ending for sigwait(3). */
void process_prepare(sigset_t *ending);

#endif
