/* What /metrics shows of the running parts at the moment when it is asked. */
#ifndef SERVER_GAUGES_H
#define SERVER_GAUGES_H

#include "follower/follower.h"
#include "server/announce.h"
#include "server/listener.h"

struct gauge_sources {
    struct server *server;
    struct workers *workers;
    struct peers *peers;
    struct listener *const *listeners;
    size_t listeners_count;
    const struct announcer *announcer; /* NULL without announcements */
    struct follower *follower;         /* NULL: this is no mirror */
};

/** The sources outlive the metrics. */
void gauges_add(struct metrics *metrics, struct gauge_sources *sources);

#endif
