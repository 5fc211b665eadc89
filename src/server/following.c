/* What depositaryd follows (following.h). */
#include "server/following.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/time.h"
#include "follower/rpc_source.h"
#include "postgres/postgres.h"

struct following {
    struct server *server;
    struct follower *follower;
    struct postgres_listener *listener; /* NULL: it is no database */
};

/* What has come is served as soon as the catalog has read it; the follower does not wait for that. */
static void grown(void *context) {
    struct server *server = ((struct following *)context)->server;
    if (server->grown != NULL)
        server->grown(server->grown_context, clock_monotonic_ns());
}

/* A database that lost what it had, or never had it: all that this ledger holds is signed, and is given to it. */
static void behind(void *context) {
    struct fault fault = {0};
    uint64_t given;
    int error = ledger_share(((struct following *)context)->server->ledger, &given, &fault);
    fault.error = error;
    if (error)
        log_line(LOG_LEVEL_WARNING, "the database has less than this ledger, and cannot be given the rest", "reason",
                 fault_text(&fault), NULL);
    else if (given > 0)
        log_line(LOG_LEVEL_WARNING, "the database had less than this ledger, and was given the rest", NULL);
}

static void heard(void *context) {
    follower_wake(((struct following *)context)->follower);
}

/* For server.catch_up. What is wrong with the database is no fault of who called. */
static int catch_up(void *context, struct fault *fault) {
    struct fault why = {0};
    int error = follower_catch_up(((struct following *)context)->follower, &why);
    switch (error) {
    case DEPOSITARY_OK:
        return 0;
    case DEPOSITARY_E_UNREACHABLE:
    case DEPOSITARY_E_TIMEOUT:
    case DEPOSITARY_E_CANCELLED:
    case DEPOSITARY_E_IO:
        return fault_set(fault, DEPOSITARY_E_UNREACHABLE,
                         "the database that this service appends to cannot be read; try again later");
    default:
        return fault_set(fault, DEPOSITARY_E_DAMAGED, "the database does not hold what was signed: %s",
                         fault_text(&why));
    }
}

static int open_source(struct source **out, const struct config *config, struct fault *fault) {
    return config->follow != NULL ? rpc_source_new(out, config->follow, fault)
                                  : postgres_source_new(out, config->store, fault);
}

static int start(struct following *following, const struct config *config, struct fault *fault) {
    struct source *source;
    int error = open_source(&source, config, fault);
    if (error)
        return error;
    const struct follower_config follower = {.ledger = following->server->ledger,
                                             .source = source,
                                             .announce_url = config->follow_announce,
                                             .origin = following->server->origin,
                                             .interval_s = config->follow_interval_s,
                                             .evidence_dir = config->data,
                                             .context = following,
                                             .grown = grown,
                                             .behind = config->follow == NULL ? behind : NULL};
    error = follower_start(&following->follower, &follower, fault);
    if (error == 0 && config->follow == NULL)
        error = postgres_listener_start(&following->listener, config->store, heard, following, fault);
    return error;
}

int following_start(struct following **out, const struct config *config, struct server *server, struct fault *fault) {
    *out = NULL;
    if (config->follow == NULL && config->store == NULL)
        return 0;
    struct following *following = calloc(1, sizeof *following);
    if (following == NULL)
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory to follow");
    following->server = server;
    int error = start(following, config, fault);
    if (error) {
        following_stop(following);
        following_free(following);
        return error;
    }
    server->is_mirror = config->follow != NULL;
    if (config->follow == NULL) {
        server->catch_up_context = following;
        __atomic_store_n(&server->catch_up, catch_up, __ATOMIC_RELEASE);
    }
    *out = following;
    return 0;
}

struct follower *following_follower(const struct following *following) {
    return following != NULL ? following->follower : NULL;
}

void following_stop(struct following *following) {
    if (following == NULL)
        return;
    postgres_listener_stop(following->listener);
    follower_stop(following->follower);
}

void following_free(struct following *following) {
    if (following == NULL)
        return;
    follower_free(following->follower);
    free(following);
}
