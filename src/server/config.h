/* What depositaryd was told: options, environment, defaults. depositaryd(8). */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stddef.h>

#include "base/error.h"
#include "base/log.h"
#include "server/listener.h"
#include "server/peers.h"

#define CONFIG_LISTEN_MAX 16
#define CONFIG_PATH_MAX   4096

enum config_action {
    ACTION_SERVE,
    ACTION_CHECK,
    ACTION_PROBE,
    ACTION_PRINT_KEY_REQUEST,
    ACTION_PRINT_NEXT_KEY_REQUEST
};

struct config {
    enum config_action action;
    char data[CONFIG_PATH_MAX];
    char policy[CONFIG_PATH_MAX];        /* path of the policy file */
    char listen[CONFIG_LISTEN_MAX][512]; /* URLs */
    size_t listen_count;
    bool is_listen_default; /* none was named */
    char http[256];         /* HOST:PORT; "" where it is off */
    const char *announce;   /* URL; NULL where it is off */
    const char *tls_cert;   /* PEM files; NULL without tls+tcp:// */
    const char *tls_key;
    const char *tls_client_ca; /* NULL: clients need no certificate */
    struct limits limits;
    const char *store;           /* URL of the database that several append to; NULL: the folder's own store alone */
    const char *follow;          /* URL of the depositary that is mirrored; NULL: none */
    const char *follow_announce; /* where it announces; NULL: it is asked at the interval only */
    unsigned follow_interval_s;
    const char *origin;          /* NULL: a random one on a first start */
    bool is_init;                /* --init */
    bool is_first_start_allowed; /* an empty folder may be made a ledger of its own: see config_read */
    bool is_empty;               /* --empty: without the built-in instrument */
    bool allow_plaintext;
    enum listener_kind door;
    size_t cache_bytes; /* of what is kept for answers: config_cache_shares */
    size_t batch;       /* answers under one signature, 1 to LIMIT_BATCH */
    const char *cpus;   /* numbers with commas between; NULL: all */
    unsigned drain_delay_s;
    unsigned drain_timeout_s;
    enum log_level log_level;
    enum log_format log_format;
};

/**
 * Reads options and environment. -1 to go on; else an exit code: help or version was printed (0), or what is wrong was told on standard
 * error (2). A first start is allowed with --init, or where every listener is loopback or ipc; never where --policy was given.
 */
MUST_USE int config_read(struct config *out, int argc, char **argv);

/** How the bytes of the cache are shared: answers; what answers have in common; nodes of trees that were proved. The last two have a least size. */
struct cache_shares {
    size_t answers, shelf, proved;
};
struct cache_shares config_cache_shares(const struct config *config);

#endif
