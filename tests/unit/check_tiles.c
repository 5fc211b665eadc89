/* Tiles: names have one spelling, widths follow the ledger's size, bundles come apart as they were put together. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/tiles.h"

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

int main(void) {
    Suite *suite = suite_create("tiles");
    TCase *cases = tcase_create("tiles");
    tcase_add_test(cases, names_have_one_spelling);
    tcase_add_test(cases, widths_follow_the_size);
    tcase_add_test(cases, entries_come_off_a_bundle);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
