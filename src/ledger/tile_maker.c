/* Tiles from entries (tile_maker.h). */
#include "ledger/tile_maker.h"

#define TILE_HEIGHT 8

void tile_maker_init(struct tile_maker *maker, tile_sink *sink, void *context) {
    *maker = (struct tile_maker){.sink = sink, .context = context};
    merkle_edge_init(&maker->edge);
    buffer_init(&maker->entries, TILE_BYTES_MAX);
    for (size_t i = 0; i < TILE_LEVELS; i++)
        buffer_init(&maker->hashes[i], TILE_WIDTH * HASH_LEN);
}

void tile_maker_free(struct tile_maker *maker) {
    buffer_free(&maker->entries);
    for (size_t i = 0; i < TILE_LEVELS; i++)
        buffer_free(&maker->hashes[i]);
}

/* Tells what a buffer holds, and empties it. */
static int tell(struct tile_maker *maker, const struct tile *tile, struct buffer *bytes) {
    int error = bytes->error;
    if (error == 0)
        error = maker->sink(maker->context, tile, buffer_bytes(bytes));
    buffer_clear(bytes);
    return error;
}

/* A merkle_node_sink: of the levels that tiles are made of. */
static int take_node(void *context, unsigned level, uint64_t index, const struct hash *hash) {
    struct tile_maker *maker = context;
    if (level % TILE_HEIGHT != 0 || level / TILE_HEIGHT >= TILE_LEVELS)
        return 0;
    struct buffer *hashes = &maker->hashes[level / TILE_HEIGHT];
    buffer_append(hashes, hash_bytes(hash));
    if (index % TILE_WIDTH != TILE_WIDTH - 1)
        return hashes->error;
    const struct tile tile = {.level = level / TILE_HEIGHT, .index = index / TILE_WIDTH, .width = TILE_WIDTH};
    return tell(maker, &tile, hashes);
}

static void add_entry(struct buffer *entries, struct bytes record) {
    buffer_append_byte(entries, (uint8_t)(record.len >> 8));
    buffer_append_byte(entries, (uint8_t)record.len);
    buffer_append(entries, record);
}

int tile_maker_add(struct tile_maker *maker, struct bytes record, const struct hash *leaf_hash) {
    if (record.len > LIMIT_ENTRY)
        return DEPOSITARY_E_LIMIT;
    if (maker->sink == NULL)
        return merkle_edge_append(&maker->edge, leaf_hash, NULL, NULL);
    const uint64_t index = maker->edge.size;
    add_entry(&maker->entries, record);
    int error = maker->entries.error;
    if (error == 0 && index % TILE_WIDTH == TILE_WIDTH - 1) {
        const struct tile tile = {.is_entries = true, .index = index / TILE_WIDTH, .width = TILE_WIDTH};
        error = tell(maker, &tile, &maker->entries);
    }
    return error ? error : merkle_edge_append(&maker->edge, leaf_hash, take_node, maker);
}

int tile_maker_finish(struct tile_maker *maker) {
    const uint64_t size = maker->edge.size;
    int error = 0;
    if (maker->sink == NULL)
        return 0;
    if (maker->entries.len > 0) {
        const struct tile tile = {
            .is_entries = true, .index = size / TILE_WIDTH, .width = (unsigned)(size % TILE_WIDTH)};
        error = tell(maker, &tile, &maker->entries);
    }
    for (unsigned level = 0; level < TILE_LEVELS && error == 0; level++) {
        const unsigned width = (unsigned)(maker->hashes[level].len / HASH_LEN);
        const struct tile tile = {.level = level, .index = (size >> (TILE_HEIGHT * level)) / TILE_WIDTH, .width = width};
        if (width > 0)
            error = tell(maker, &tile, &maker->hashes[level]);
    }
    return error;
}
