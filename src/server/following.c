/* A mirror's side of depositaryd (following.h). */
#include "server/following.h"

#include "base/time.h"
#include "follower/rpc_source.h"

/* What has come is served as soon as the catalog has read it; the follower does not wait for that. */
static void grown(void *context) {
    struct server *server = context;
    if (server->grown != NULL)
        server->grown(server->grown_context, clock_monotonic_ns());
}

int following_start(struct follower **out, const struct config *config, struct server *server, struct fault *fault) {
    struct source *source;
    *out = NULL;
    if (config->follow == NULL)
        return 0;
    int error = rpc_source_new(&source, config->follow, fault);
    if (error)
        return error;
    const struct follower_config follower = {.ledger = server->ledger,
                                             .source = source,
                                             .announce_url = config->follow_announce,
                                             .origin = server->origin,
                                             .interval_s = config->follow_interval_s,
                                             .evidence_dir = config->data,
                                             .context = server,
                                             .grown = grown};
    server->is_mirror = true;
    return follower_start(out, &follower, fault);
}
