/* Tiles: names have one spelling, widths follow the ledger's size, bundles come apart as they were put together. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/tile_maker.h"

static const struct {
    const char *path;
    struct tile tile;
} good[] = {
    {"0/000", {false, 0, 0, 256}},
    {"0/000.p/1", {false, 0, 0, 1}},
    {"0/255.p/255", {false, 0, 255, 255}},
    {"1/999", {false, 1, 999, 256}},
    {"1/x001/000", {false, 1, 1000, 256}},
    {"0/x001/x234/067", {false, 0, 1234067, 256}},
    {"7/000", {false, 7, 0, 256}},
    {"entries/000", {true, 0, 0, 256}},
    {"entries/x123/x456/789.p/17", {true, 0, 123456789, 17}},
};

static const char *const bad[] = {
    "",
    "0",
    "0/",
    "0/0",
    "0/00",
    "0/0000",
    "8/000",
    "00/000",
    "x/000",
    "0/x000/001",
    "0/x001",
    "0/001/002",
    "0/x001/x002",
    "0/000.p/",
    "0/000.p/0",
    "0/000.p/256",
    "0/000.p/01",
    "0/000.p/1/",
    "0/000p/1",
    "entries/0",
    "entries/",
    "Entries/000",
    "-1/000",
    "0/-01",
    "0/000 ",
    "0/000.p/-1",
    "0/x1/000",
    "0/x999/x999/x999/x999/x999/x999/x999/999",
};

START_TEST(names_have_one_spelling) {
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct tile tile;
        struct buffer out;
        buffer_init(&out, 256);
        ck_assert_msg(tile_parse(&tile, bytes_text(good[i].path)), "%s", good[i].path);
        ck_assert(tile.is_entries == good[i].tile.is_entries && tile.level == good[i].tile.level);
        ck_assert(tile.index == good[i].tile.index && tile.width == good[i].tile.width);
        tile_print(&out, &tile);
        ck_assert(bytes_equal(buffer_bytes(&out), bytes_text(good[i].path)));
        buffer_free(&out);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tile tile;
        ck_assert_msg(!tile_parse(&tile, bytes_text(bad[i])), "%s", bad[i]);
    }
}
END_TEST

START_TEST(widths_follow_the_size) {
    ck_assert_uint_eq(tile_width(0, 0, 0), 0);
    ck_assert_uint_eq(tile_width(0, 0, 1), 1);
    ck_assert_uint_eq(tile_width(0, 0, 255), 255);
    ck_assert_uint_eq(tile_width(0, 0, 256), 256);
    ck_assert_uint_eq(tile_width(0, 1, 256), 0);
    ck_assert_uint_eq(tile_width(0, 1, 257), 1);
    ck_assert_uint_eq(tile_width(1, 0, 255), 0);
    ck_assert_uint_eq(tile_width(1, 0, 256), 1);
    ck_assert_uint_eq(tile_width(1, 0, 70000), 256);
    ck_assert_uint_eq(tile_width(1, 1, 70000), 17);
    ck_assert_uint_eq(tile_width(2, 0, 70000), 1);
    ck_assert_uint_eq(tile_width(0, UINT64_MAX >> 1, UINT64_MAX >> 1), 0);
}
END_TEST

START_TEST(entries_come_off_a_bundle) {
    struct bytes bundle = bytes_of("\0\2ab\0\0\0\1c", 9), entry;
    ck_assert(tile_take_entry(&entry, &bundle) && bytes_equal(entry, BYTES("ab")));
    ck_assert(tile_take_entry(&entry, &bundle) && entry.len == 0);
    ck_assert(tile_take_entry(&entry, &bundle) && bytes_equal(entry, BYTES("c")));
    ck_assert(!tile_take_entry(&entry, &bundle) && bundle.len == 0);
    bundle = bytes_of("\0\3ab", 4);
    ck_assert(!tile_take_entry(&entry, &bundle) && bundle.len == 4);
    bundle = bytes_of("\0", 1);
    ck_assert(!tile_take_entry(&entry, &bundle) && bundle.len == 1);
}
END_TEST

/* What a sink was told. */
struct told {
    unsigned full[TILE_LEVELS], partial[TILE_LEVELS], partial_width[TILE_LEVELS]; /* of hashes */
    unsigned full_bundles, bundle_width;
    uint64_t next[TILE_LEVELS + 1]; /* index that must come next; the last one is of bundles */
    struct hash first_of_level_1;
    int stop_at; /* the call that fails; 0: none */
    int calls;
};

static int told_tile(void *context, const struct tile *tile, struct bytes bytes) {
    struct told *told = context;
    if (++told->calls == told->stop_at)
        return DEPOSITARY_E_IO;
    ck_assert_uint_eq(tile->index, told->next[tile->is_entries ? TILE_LEVELS : tile->level]++);
    if (tile->is_entries) {
        ck_assert_uint_eq(bytes.len, tile->width * 7u); /* two bytes of length, five of entry */
        told->full_bundles += tile->width == TILE_WIDTH;
        told->bundle_width = tile->width == TILE_WIDTH ? told->bundle_width : tile->width;
        return 0;
    }
    ck_assert_uint_eq(bytes.len, tile->width * (size_t)HASH_LEN);
    if (tile->width == TILE_WIDTH) {
        told->full[tile->level]++;
    } else {
        told->partial[tile->level]++;
        told->partial_width[tile->level] = tile->width;
    }
    if (tile->level == 1 && tile->index == 0)
        memcpy(told->first_of_level_1.bytes, bytes.data, HASH_LEN);
    return 0;
}

static int make_tiles(struct told *told, unsigned size, struct hash *root) {
    struct tile_maker maker;
    tile_maker_init(&maker, told_tile, told);
    int error = 0;
    for (unsigned i = 0; i < size && error == 0; i++) {
        const uint8_t record[5] = {'e', (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, '\n'};
        struct hash leaf;
        merkle_leaf_hash(&leaf, bytes_of(record, sizeof record));
        error = tile_maker_add(&maker, bytes_of(record, sizeof record), &leaf);
    }
    if (error == 0)
        error = tile_maker_finish(&maker);
    merkle_edge_root(root, &maker.edge);
    tile_maker_free(&maker);
    return error;
}

/* The example of C2SP tlog-tiles, "Partial Tiles". */
START_TEST(a_ledger_of_70000_has_the_tiles_of_the_specification) {
    struct told told = {0};
    struct hash root;
    ck_assert_int_eq(make_tiles(&told, 70000, &root), 0);
    ck_assert_uint_eq(told.full[0], 273);
    ck_assert_uint_eq(told.partial[0], 1);
    ck_assert_uint_eq(told.partial_width[0], 112);
    ck_assert_uint_eq(told.full[1], 1);
    ck_assert_uint_eq(told.partial_width[1], 17);
    ck_assert_uint_eq(told.full[2], 0);
    ck_assert_uint_eq(told.partial_width[2], 1);
    ck_assert_uint_eq(told.partial[3], 0);
    ck_assert_uint_eq(told.full_bundles, 273);
    ck_assert_uint_eq(told.bundle_width, 112);
    /* a hash of level 1 is the root of a full tile of level 0, and a ledger of 256 has one full tile and one of width 1 */
    struct told small = {0};
    ck_assert_int_eq(make_tiles(&small, 256, &root), 0);
    ck_assert_uint_eq(small.full[0], 1);
    ck_assert_uint_eq(small.partial[0], 0);
    ck_assert_uint_eq(small.partial_width[1], 1);
    ck_assert(hash_equal(&root, &told.first_of_level_1));
}
END_TEST

START_TEST(what_a_sink_refuses_ends_it) {
    struct hash root;
    for (int stop_at = 1; stop_at <= 4; stop_at++) {
        struct told told = {.stop_at = stop_at};
        ck_assert_int_eq(make_tiles(&told, 300, &root), DEPOSITARY_E_IO);
        ck_assert_int_eq(told.calls, stop_at);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tiles");
    TCase *cases = tcase_create("tiles");
    tcase_add_test(cases, names_have_one_spelling);
    tcase_add_test(cases, widths_follow_the_size);
    tcase_add_test(cases, entries_come_off_a_bundle);
    tcase_add_test(cases, a_ledger_of_70000_has_the_tiles_of_the_specification);
    tcase_add_test(cases, what_a_sink_refuses_ends_it);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
