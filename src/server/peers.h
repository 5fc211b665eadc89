/*
 * Who is connected: each connection, and the peer (an address) that it comes from, with what a peer may take: connections, calls at one time, calls a
 * second. Counted while calls come and go, without a lock on the way of a call. PROTOCOL.md section 9.
 */
#ifndef SERVER_PEERS_H
#define SERVER_PEERS_H

#include "base/bytes.h"
#include "base/error.h"

#include <sys/socket.h>

/** What one peer may take; 0: as much as there is. */
struct peer_limits {
    unsigned connections;
    unsigned calls; /* at one time, over all its connections */
    unsigned rate;  /* calls a second; as many again may come in a burst */
};

struct limits {
    unsigned connections;       /* in all */
    unsigned connection_calls;  /* at one time on one connection; answered RESOURCE_EXHAUSTED past it */
    struct peer_limits remote;  /* peers at other machines */
    struct peer_limits machine; /* this machine's loopback; what comes over ipc:// has no limits of a peer */
};

#define LIMITS_DEFAULT                                                                                                 \
    ((struct limits){                                                                                                  \
        .connections = 4096, .connection_calls = 128, .remote = {.connections = 256, .calls = 256, .rate = 10000}})

struct peers;
struct connection;

MUST_USE int peers_new(struct peers **out, const struct limits *limits);
void peers_free(struct peers *peers); /* NULL is fine; every call has ended */

enum peers_answer {
    PEERS_WELCOME,
    PEERS_FULL,         /* connections in all */
    PEERS_PEER_HAS_MANY /* connections of this peer */
};

/** A connection that begins; pipe is its number, not 0 and nobody else's. IPv4 and IPv6 addresses (a /64 is one peer); any other is ipc. */
enum peers_answer peers_connect(struct peers *peers, uint32_t pipe, const struct sockaddr *address);
/** One that has ended; one that was not welcome is fine. */
void peers_disconnect(struct peers *peers, uint32_t pipe);
/** Connections that are open now. */
unsigned peers_connections(const struct peers *peers);
bool peers_are_full(const struct peers *peers);

/** A call begins: its connection, held until connection_end_call. NULL: it has ended meanwhile. */
struct connection *connection_begin_call(struct peers *peers, uint32_t pipe);
void connection_end_call(struct peers *peers, struct connection *connection);

enum admission {
    ADMITTED,
    ADMIT_CONNECTION_CALLS, /* too many at one time on the connection */
    ADMIT_PEER_CALLS,       /* too many at one time of the peer */
    ADMIT_PEER_RATE         /* too many a second; *retry_ms says when the next is welcome */
};

/** Whether the call that has just begun is within its limits. */
enum admission connection_admit(struct peers *peers, struct connection *connection, int64_t *retry_ms);
/** Whether the connection takes no answers while it goes on asking: well past its limit, and nothing was sent for a while. */
bool connection_is_stalled(struct peers *peers, struct connection *connection);
/** Whether many answers wait to be sent on it, so that it is not to be waited for long. */
bool connection_is_busy(const struct peers *peers, const struct connection *connection);
/** Before its door closes it for what it does. True the first time. */
bool connection_put_out(struct connection *connection);
/** An answer was sent. */
void connection_sent(struct connection *connection);

/** Set, for good, when the caller has gone: an atomic that lives while a call holds the connection. */
const bool *connection_is_gone(const struct connection *connection);
/** "127.0.0.1:40000", "[::1]:40000" or "ipc". */
const char *connection_name(const struct connection *connection);
uint32_t connection_pipe(const struct connection *connection);

#endif
