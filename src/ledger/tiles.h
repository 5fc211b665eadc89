/*
 * The ledger as C2SP tlog-tiles: names of tiles, and their bytes. A tile of level L holds up to 256 hashes of the tree's level 8L; an entry bundle
 * holds the entries of a level-0 tile, each behind its length.
 */
#ifndef LEDGER_TILES_H
#define LEDGER_TILES_H

#include "ledger/ledger.h"

#define TILE_WIDTH     256
#define TILE_BYTES_MAX (TILE_WIDTH * (2 + (size_t)LIMIT_ENTRY)) /* of an entry bundle */

struct tile {
    bool is_entries; /* an entry bundle; level is 0 */
    unsigned level;  /* 0 to 7: sizes are below 2^63 */
    uint64_t index;
    unsigned width; /* hashes or entries, 1 to TILE_WIDTH */
};

/** Reads "<L>/<N>[.p/<W>]" or "entries/<N>[.p/<W>]", what follows "/tile/"; only the one spelling: N in groups of three digits, all but the last with an x. */
bool tile_parse(struct tile *out, struct bytes path);
/** Prints what tile_parse reads. */
void tile_print(struct buffer *out, const struct tile *tile);

/** Whether the tile's hashes or entries are all there in a ledger of that size. */
bool tile_is_in(const struct tile *tile, uint64_t ledger_size);
/** The width of that tile in a ledger of that size, 0 where it has not begun. */
unsigned tile_width(unsigned level, uint64_t index, uint64_t ledger_size);

/** Appends the tile's bytes, from entries and nodes that were checked as they were read. DEPOSITARY_E_MISSING where it is not in that state. */
MUST_USE int tile_make(struct buffer *out, struct ledger *ledger, const struct ledger_state *state,
                       const struct tile *tile, struct fault *fault);

/** Takes the next entry off an entry bundle; false at the end, or where its length does not fit (then *bundle is not empty). */
bool tile_take_entry(struct bytes *entry, struct bytes *bundle);

#endif
