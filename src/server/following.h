/* What depositaryd follows: with --follow another depositary, with --store postgresql:// the database that it appends to itself. */
#ifndef SERVER_FOLLOWING_H
#define SERVER_FOLLOWING_H

#include "follower/follower.h"
#include "server/config.h"
#include "server/server.h"

struct following;

/** Follows what the configuration says, and tells the server of what comes; *out is NULL where it follows nothing. */
MUST_USE int following_start(struct following **out, const struct config *config, struct server *server,
                             struct fault *fault);
/** NULL where nothing is followed. */
struct follower *following_follower(const struct following *following);
/** Nothing is looked at any more, and who asks for it is told DEPOSITARY_E_UNREACHABLE. NULL is fine. */
void following_stop(struct following *following);
void following_free(struct following *following); /* after following_stop, once no call runs; NULL is fine */

#endif
