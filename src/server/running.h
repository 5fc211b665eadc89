/* depositaryd put together: ledger, catalog, key, sealer, doors, side door; and taken apart again in the reverse order. */
#ifndef SERVER_RUNNING_H
#define SERVER_RUNNING_H

#include "server/config.h"

struct running;

/** Makes what a first start makes, opens and checks everything, and serves. When it returns 0, every door answered and it was said so. */
MUST_USE int running_start(struct running **out, const struct config *config, struct fault *fault);
/** Health is NOT_SERVING from now on, so that balancers send nobody here any more; calls are served as before. */
void running_leave(struct running *running);
/** New calls are answered UNAVAILABLE, health NOT_SERVING; returns when those that were accepted are answered, or after timeout_s. */
void running_drain(struct running *running, unsigned timeout_s);
/** Whether a file that running_reload reads is another than before. */
bool running_has_changed(const struct running *running);
/** Takes certificate and key anew; connections live on. What cannot be used is told, and what was there stays. */
void running_reload(struct running *running);
/** Whether the front doors live: for a service manager's watchdog. */
bool running_is_alive(const struct running *running);
/** Whether it should end, with a failure, to be started again: the network library does not free what is closed any more. */
bool running_is_stuck(const struct running *running);
void running_stop(struct running *running); /* NULL is fine */

/** Opens and checks the ledger without serving it; prints what it found on standard output. */
MUST_USE int running_check(const struct config *config, struct fault *fault);

#endif
