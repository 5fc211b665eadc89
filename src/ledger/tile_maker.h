/*
 * Makes a ledger's tiles from its entries, one after another: for writing them as files, and for comparing them with what somebody serves.
 * C2SP tlog-tiles. Pure. Memory: one entry bundle and one tile of each level, whatever the ledger's size.
 */
#ifndef LEDGER_TILE_MAKER_H
#define LEDGER_TILE_MAKER_H

#include "ledger/tiles.h"

#define TILE_LEVELS 8 /* sizes are below 2^63 */

/** Told of a tile or entry bundle as soon as it is full, and of the partial ones at the end. A non-zero return ends it with that. */
typedef int tile_sink(void *context, const struct tile *tile, struct bytes bytes);

struct tile_maker {
    struct merkle_edge edge; /* the ledger so far */
    struct buffer entries;   /* the bundle at hand */
    struct buffer hashes[TILE_LEVELS];
    tile_sink *sink; /* NULL: only the edge is wanted */
    void *context;
};

void tile_maker_init(struct tile_maker *maker, tile_sink *sink, void *context);
void tile_maker_free(struct tile_maker *maker);
/** The next entry (at most LIMIT_ENTRY bytes) with its leaf hash. DEPOSITARY_E_MEMORY, DEPOSITARY_E_LIMIT, or the sink's. */
MUST_USE int tile_maker_add(struct tile_maker *maker, struct bytes record, const struct hash *leaf_hash);
/** After the last entry. */
MUST_USE int tile_maker_finish(struct tile_maker *maker);

#endif
