/*
 * What connect.c and line.c share: the connection's own state. connect.c has the queue of those that wait, and what is due; line.c the choice of an
 * endpoint, and the sending and receiving. The lock is held where a comment says so, and nobody is told anything while it is.
 */
#ifndef CLIENT_CONNECT_PARTS_H
#define CLIENT_CONNECT_PARTS_H

#include "client/endpoint.h"

#include <pthread.h>

#define RETURN_MS 30000u /* a service that was there so lately is being restarted: it is waited for */

/* A list of exchanges, in the order in which they came. */
struct queue {
    struct exchange *first;
    struct exchange *last;
};

struct connection {
    pthread_mutex_t lock;
    pthread_cond_t quiet; /* nothing is under way */
    struct endpoint endpoints[ENDPOINTS_MAX];
    int count;
    int turn; /* the endpoint whose turn it is */
    unsigned window;
    uint64_t left_ns; /* when the last endpoint that was connected went away; 0: none was ever there */
    struct queue urgent;
    struct queue normal;
    struct queue pauses;
    nng_aio *ticker;   /* wakes for what is due first among them */
    uint64_t ticks_ns; /* 0: it sleeps for nothing */
    size_t active;     /* exchanges that were not told yet, and calls of nng's that have not returned */
    bool is_closing;
    bool is_watched; /* by a socket that could not be closed in time */
};

void queue_add(struct queue *queue, struct exchange *exchange);
void queue_add_first(struct queue *queue, struct exchange *exchange);
void queue_remove(struct queue *queue, struct exchange *exchange);

/* ---- connect.c */

/** The list in which it waits. */
struct queue *connect_queue(struct connection *connection, const struct exchange *exchange);
bool exchange_is_cancelled(const struct exchange *exchange);
/** Something new is due then. With the lock. */
void connect_note_due(struct connection *connection, uint64_t due_ns);
/** One less is active. With the lock. */
void connect_leave(struct connection *connection);
/** Tells how it ended; then it is no longer ours. Without the lock. */
void exchange_tell(struct connection *connection, struct exchange *exchange, enum line_result result,
                   struct bytes response);

/* ---- line.c */

/** Gives lines to those that wait, as far as there are any, with the lock ... */
struct line *connect_assign(struct connection *connection);
/** ... and sends them, without it. */
void lines_send(struct line *ready);

#endif
