/*
 * What is served: one ledger state, and the answers that were given from it. A new state is served as soon as the catalog has read it, so lookups and
 * proofs never speak of different ledgers; a call keeps the view that it began with until its answer was sealed.
 */
#ifndef SERVER_VIEW_H
#define SERVER_VIEW_H

#include "ledger/ledger.h"
#include "server/cache.h"

struct shelf;

/** Counted. */
struct view {
    const struct ledger_state *state;
    struct cache *cache;
    struct shelf *shelf;   /* what its answers have in common */
    unsigned long holders; /* for view.c */
};

struct views;

/** Serves the ledger's current state; cache_capacity and shelf_capacity are in bytes. The ledger outlives it. */
MUST_USE int views_new(struct views **out, struct ledger *ledger, size_t cache_capacity, size_t shelf_capacity);
void views_free(struct views *views); /* NULL is fine; every view was released */
/** The view that is served now; never NULL. */
struct view *view_take(struct views *views);
void view_release(struct view *view);
/** Serves the ledger's current state from now on, with an empty cache. */
MUST_USE int views_advance(struct views *views);

#endif
