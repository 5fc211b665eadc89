/*
 * What happens after the ledger has grown: a thread lets the catalog read what is new, then the new state is served. An append waits for it
 * within its time, so that who appends finds what was appended; a large one goes on being read after its answer. The same thread makes a
 * catalog anew that has rotted.
 */
#ifndef SERVER_GROWTH_H
#define SERVER_GROWTH_H

#include "server/server.h"

struct growth;

/** catalog and views are the server's. */
MUST_USE int growth_start(struct growth **out, struct server *server, struct fault *fault);
void growth_stop(struct growth *growth); /* NULL is fine */
/** For server.grown. */
void growth_told(void *growth, uint64_t deadline_ns);

#endif
