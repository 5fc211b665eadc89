/* C2SP tlog-tiles. See tiles.h. */
#include "ledger/tiles.h"

#include "base/encode.h"

#define TILE_HEIGHT    8
#define TILE_LEVEL_MAX 7

/* Three digits, in front or behind an x. */
static bool take_group(struct bytes *path, uint64_t *out) {
    uint64_t value = 0;
    if (path->len < 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (path->data[i] < '0' || path->data[i] > '9')
            return false;
        value = 10 * value + (uint64_t)(path->data[i] - '0');
    }
    *path = bytes_slice(*path, 3, path->len - 3);
    *out = value;
    return true;
}

/* "x001/x234/067": no group in front that says nothing. */
static bool take_index(struct bytes *path, uint64_t *out) {
    uint64_t value = 0, group;
    bool is_first = true;
    while (bytes_take(path, BYTES("x"))) {
        if (!take_group(path, &group) || !bytes_take(path, BYTES("/")) || value > (UINT64_MAX >> 1) / 1000 ||
            (is_first && group == 0))
            return false;
        value = 1000 * value + group;
        is_first = false;
    }
    if (!take_group(path, &group) || value > ((UINT64_MAX >> 1) - group) / 1000)
        return false;
    *out = 1000 * value + group;
    return true;
}

static bool take_level(struct bytes *path, struct tile *tile) {
    tile->is_entries = bytes_take(path, BYTES("entries/"));
    tile->level = 0;
    if (tile->is_entries)
        return true;
    if (path->len < 2 || path->data[0] < '0' || path->data[0] > '0' + TILE_LEVEL_MAX || path->data[1] != '/')
        return false;
    tile->level = (unsigned)(path->data[0] - '0');
    *path = bytes_slice(*path, 2, path->len - 2);
    return true;
}

bool tile_parse(struct tile *out, struct bytes path) {
    struct tile tile;
    uint64_t width = TILE_WIDTH;
    if (!take_level(&path, &tile) || !take_index(&path, &tile.index))
        return false;
    if (bytes_take(&path, BYTES(".p/"))) {
        if (!decimal_parse(&width, path) || width == 0 || width >= TILE_WIDTH)
            return false;
    } else if (path.len > 0) {
        return false;
    }
    tile.width = (unsigned)width;
    *out = tile;
    return true;
}

static void print_index(struct buffer *out, uint64_t index) {
    uint64_t unit = 1;
    while (index / unit >= 1000)
        unit *= 1000;
    for (; unit > 1; unit /= 1000)
        buffer_append_format(out, "x%03u/", (unsigned)(index / unit % 1000));
    buffer_append_format(out, "%03u", (unsigned)(index % 1000));
}

void tile_print(struct buffer *out, const struct tile *tile) {
    if (tile->is_entries)
        buffer_append_text(out, "entries/");
    else
        buffer_append_format(out, "%u/", tile->level);
    print_index(out, tile->index);
    if (tile->width < TILE_WIDTH)
        buffer_append_format(out, ".p/%u", tile->width);
}

unsigned tile_width(unsigned level, uint64_t index, uint64_t ledger_size) {
    uint64_t nodes = ledger_size >> (TILE_HEIGHT * level);
    if (index >= (nodes + TILE_WIDTH - 1) / TILE_WIDTH)
        return 0;
    uint64_t left = nodes - index * TILE_WIDTH;
    return left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH;
}

bool tile_is_in(const struct tile *tile, uint64_t ledger_size) {
    return tile->width <= tile_width(tile->level, tile->index, ledger_size);
}

/* Each entry is checked against the state's root by the read. */
static int make_entries(struct buffer *out, struct ledger *ledger, const struct ledger_state *state,
                        const struct tile *tile, struct fault *fault) {
    struct buffer record;
    int error = 0;
    buffer_init(&record, LIMIT_ENTRY);
    for (unsigned i = 0; i < tile->width && error == 0; i++) {
        buffer_clear(&record);
        error = ledger_entry(ledger, state, tile->index * TILE_WIDTH + i, &record, NULL, fault);
        if (error == 0) {
            buffer_append_byte(out, (uint8_t)(record.len >> 8));
            buffer_append_byte(out, (uint8_t)record.len);
            buffer_append(out, buffer_bytes(&record));
        }
    }
    buffer_free(&record);
    return error != 0 ? error : out->error;
}

int tile_make(struct buffer *out, struct ledger *ledger, const struct ledger_state *state, const struct tile *tile,
              struct fault *fault) {
    if (!tile_is_in(tile, state->size))
        return fault_set(fault, DEPOSITARY_E_MISSING, "the ledger of %llu entries has no such tile",
                         (unsigned long long)state->size);
    if (tile->is_entries)
        return make_entries(out, ledger, state, tile, fault);
    for (unsigned i = 0; i < tile->width; i++) {
        struct hash hash;
        int error = ledger_node(ledger, TILE_HEIGHT * tile->level, tile->index * TILE_WIDTH + i, &hash);
        if (error != 0)
            return fault_set(fault, error, "a hash of the tree cannot be read");
        buffer_append(out, hash_bytes(&hash));
    }
    return out->error;
}

bool tile_take_entry(struct bytes *entry, struct bytes *bundle) {
    if (bundle->len < 2)
        return false;
    size_t len = (size_t)bundle->data[0] << 8 | bundle->data[1];
    if (len > bundle->len - 2)
        return false;
    *entry = bytes_slice(*bundle, 2, len);
    *bundle = bytes_slice(*bundle, 2 + len, bundle->len - 2 - len);
    return true;
}
