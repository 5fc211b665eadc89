/* A mirror's side of depositaryd: what --follow says, put together from the follower, the ledger and what serves it. */
#ifndef SERVER_FOLLOWING_H
#define SERVER_FOLLOWING_H

#include "follower/follower.h"
#include "server/config.h"
#include "server/server.h"

/** Follows what the configuration says, and tells the server of what comes; *out is NULL where it follows nothing. */
MUST_USE int following_start(struct follower **out, const struct config *config, struct server *server,
                             struct fault *fault);

#endif
