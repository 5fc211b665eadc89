/*
 * Connecting on a thread of its own: libpq looks names up and waits for one host after the other, for as long as that takes, and cannot be stopped.
 * Who needs the connection waits for as long as it likes, and finds it later where it was made later.
 */
#ifndef POSTGRES_DIAL_H
#define POSTGRES_DIAL_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct dial;

/** Begins. is_any_good: where no host takes writes, one that does not will do. NULL: no memory, or no thread. */
struct dial *dial_start(const char *url, bool is_any_good);
/**
 * Waits until it has come to its end, until then (monotonic), or until `stop` can be read: DEPOSITARY_E_TIMEOUT, _E_CANCELLED, and it goes on.
 * On success the dial is freed, and the caller's is *out, connected or not (PQstatus); NULL without memory.
 */
MUST_USE int dial_wait(struct dial *dial, int stop, uint64_t until_ns, PGconn **out);
/** Lets go of it; it ends by itself. NULL is fine. */
void dial_leave(struct dial *dial);

#endif
