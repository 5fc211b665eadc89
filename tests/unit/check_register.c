/* The register's lines, and what one or two of them prove: src/proof/register.h, PROTOCOL.md section 3. */
#include "proof/register.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_vector(struct buffer *out, const char *name) {
    char path[512];
    snprintf(path, sizeof(path), "%s/vectors/records/%s", TESTS_DIR, name);
    buffer_init(out, LIMIT_ENTRY);
    ck_assert_int_eq(file_read(out, path, NULL), 0);
}

static int apply_record(struct register_lines *lines, struct bytes record) {
    struct hash leaf;
    merkle_leaf_hash(&leaf, record);
    return register_lines_apply(lines, record, &leaf, NULL);
}

static int apply_vector(struct register_lines *lines, const char *name) {
    struct buffer record;
    read_vector(&record, name);
    int error = apply_record(lines, buffer_bytes(&record));
    buffer_free(&record);
    return error;
}

static void apply_edition(struct register_lines *lines, const char *instrument, const char *language, uint32_t number) {
    struct edition_record edition = {.instrument = bytes_text(instrument),
                                     .language = bytes_text(language),
                                     .edition = number,
                                     .act = number == 1 ? ACT_DEPOSIT : ACT_RECTIFICATION,
                                     .title = BYTES("t"),
                                     .authenticity = AUTHENTICITY_AUTHENTIC,
                                     .has_previous = number > 1};
    struct buffer record;
    buffer_init(&record, LIMIT_ENTRY);
    ck_assert_int_eq(edition_record_print(&record, &edition, NULL), 0);
    ck_assert_int_eq(apply_record(lines, buffer_bytes(&record)), 0);
    buffer_free(&record);
}

static struct register_lines *new_lines(void) {
    struct register_lines *lines;
    ck_assert_int_eq(register_lines_new(&lines), 0);
    return lines;
}

static struct register_record summary_of(const struct register_lines *lines) {
    struct register_record summary = {.lines = register_lines_count(lines)};
    register_lines_root(&summary.root, lines);
    return summary;
}

static struct shown_line show(const struct register_lines *lines, size_t index) {
    struct shown_line shown = {.line = register_lines_line(lines, index), .index = index};
    register_lines_path(&shown.path, lines, index);
    return shown;
}

/* ---- one line */

#define B64 "7liRwGSPt4Hvy4xz5skLXVSnDJa8wl5jBYd5Ct34G84="

START_TEST(other_spellings_of_a_line_are_refused) {
    static const char *const bad[] = {
        "",
        "edition ",
        "edition i en 1",
        "edition i en 1 ",
        "edition i en 1  " B64,
        "edition  i en 1 " B64,
        "edition i en 1 " B64 " ",
        "edition i en 1 " B64 "\n",
        " edition i en 1 " B64,
        "edition i en 0 " B64,
        "edition i en 01 " B64,
        "edition i en 4294967296 " B64,
        "edition I en 1 " B64,
        "edition i EN 1 " B64,
        "edition i 1 " B64,
        "edition i en 1 7liRwGSPt4Hvy4xz5skLXVSnDJa8wl5jBYd5Ct34G85=",
        "edition i en 1 7liRwGSPt4Hvy4xz5skLXVSnDJa8wl5jBYd5Ct34G8==",
        "key " B64 " active",
        "key " B64 " Active " B64,
        "key " B64 " " B64,
        "key i active " B64,
        "key " B64 " active " B64 " x",
        "witness " B64 " active " B64,
    };
    struct register_line line;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(register_line_parse(&line, bytes_text(bad[i])) == DEPOSITARY_E_REGISTER_LINE, "taken: %s",
                      bad[i]);
    }
}
END_TEST

START_TEST(lines_are_read) {
    struct register_line line;
    ck_assert_int_eq(register_line_parse(&line, BYTES("edition un-charter zh-Hans 4294967295 " B64)), 0);
    ck_assert(!line.is_key && line.edition == UINT32_MAX && line.record.bytes[0] == 0xee);
    ck_assert(bytes_equal(line.instrument, BYTES("un-charter")) && bytes_equal(line.language, BYTES("zh-Hans")));
    ck_assert_int_eq(register_line_parse(&line, BYTES("key " B64 " active " B64)), 0);
    ck_assert(line.is_key && line.active && line.public_key[0] == 0xee);
    ck_assert_int_eq(register_line_parse(&line, BYTES("key " B64 " revoked " B64)), 0);
    ck_assert(line.is_key && !line.active);
}
END_TEST

/* ---- from entries to lines */

START_TEST(golden_entries_give_the_golden_register) {
    static const char *const entries[] = {"edition-deposit.record", "edition-translation.record", "key.record",
                                          "register.record",        "edition-withdrawal.record",  "revocation.record"};
    struct register_lines *lines = new_lines();
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        ck_assert_int_eq(apply_vector(lines, entries[i]), 0);
    }
    ck_assert_int_eq(register_lines_finish(lines), 0);
    struct buffer expected;
    struct bytes line;
    read_vector(&expected, "register.lines");
    struct bytes left = buffer_bytes(&expected);
    size_t count = 0;
    for (; bytes_take_line(&left, &line); count++) {
        ck_assert_uint_lt(count, register_lines_count(lines));
        ck_assert(bytes_equal(line, register_lines_line(lines, count)));
    }
    ck_assert_uint_eq(count, register_lines_count(lines));
    buffer_free(&expected);
    struct register_record golden;
    struct register_record made = summary_of(lines);
    read_vector(&expected, "register.record");
    ck_assert_int_eq(register_record_parse(&golden, buffer_bytes(&expected), NULL), 0);
    ck_assert(made.lines == golden.lines && hash_equal(&made.root, &golden.root));
    buffer_free(&expected);
    register_lines_free(lines);
}
END_TEST

START_TEST(a_revocation_without_its_key_is_refused) {
    struct register_lines *lines = new_lines();
    ck_assert_int_eq(apply_vector(lines, "revocation.record"), DEPOSITARY_E_RULE);
    ck_assert_uint_eq(register_lines_count(lines), 0);
    ck_assert_int_eq(apply_vector(lines, "key.record"), 0);
    ck_assert_int_eq(apply_vector(lines, "revocation.record"), 0);
    register_lines_free(lines);
}
END_TEST

START_TEST(what_is_no_entry_is_refused) {
    struct register_lines *lines = new_lines();
    ck_assert_int_eq(apply_vector(lines, "clause-1.record"), DEPOSITARY_E_RECORD);
    ck_assert_int_eq(apply_record(lines, BYTES("")), DEPOSITARY_E_RECORD);
    ck_assert_int_eq(apply_record(lines, BYTES("depositary/key/v1\n\n")), DEPOSITARY_E_RECORD);
    ck_assert_int_eq(apply_record(lines, BYTES("depositary/register/v1\n\n")), DEPOSITARY_E_RECORD);
    ck_assert_uint_eq(register_lines_count(lines), 0);
    register_lines_free(lines);
}
END_TEST

START_TEST(an_empty_register_has_the_empty_root) {
    struct register_lines *lines = new_lines();
    struct hash empty;
    ck_assert_int_eq(register_lines_finish(lines), 0);
    merkle_empty_root(&empty);
    struct register_record summary = summary_of(lines);
    ck_assert_uint_eq(summary.lines, 0);
    ck_assert(hash_equal(&summary.root, &empty));
    size_t index;
    ck_assert(!register_lines_find(lines, BYTES("edition "), &index));
    register_lines_free(lines);
}
END_TEST

/* The k-th name of some thousands, each another one, not in order. */
static void name_of(char out[32], unsigned k) {
    snprintf(out, 32, "i%u-%u", k * 7919u % 1000u, k);
}

START_TEST(any_order_of_entries_gives_one_register) {
    struct register_lines *forward = new_lines();
    struct register_lines *backward = new_lines();
    char name[32];
    for (unsigned k = 0; k < 2000; k++) {
        name_of(name, k);
        apply_edition(forward, name, "en", 1);
        name_of(name, 1999 - k);
        apply_edition(backward, name, "en", 1);
        if (k % 500 == 3) { /* finished on the way, or not, is the same */
            ck_assert_int_eq(register_lines_finish(forward), 0);
        }
    }
    apply_edition(forward, "i0-0", "en", 2);
    apply_edition(backward, "i0-0", "en", 2);
    ck_assert_int_eq(register_lines_finish(forward), 0);
    ck_assert_int_eq(register_lines_finish(backward), 0);
    struct register_record a = summary_of(forward);
    struct register_record b = summary_of(backward);
    ck_assert_uint_eq(a.lines, 2000);
    ck_assert(a.lines == b.lines && hash_equal(&a.root, &b.root));
    for (size_t i = 0; i < 2000; i++) {
        struct shown_line shown = show(forward, i);
        ck_assert_int_eq(register_line_check(&shown, &b), 0);
        ck_assert(i == 0 || bytes_compare(register_lines_line(forward, i - 1), shown.line) < 0);
    }
    register_lines_free(forward);
    register_lines_free(backward);
}
END_TEST

START_TEST(a_copy_goes_its_own_way) {
    struct register_lines *lines = new_lines();
    struct register_lines *copy;
    apply_edition(lines, "a", "en", 1);
    ck_assert_int_eq(register_lines_finish(lines), 0);
    struct register_record before = summary_of(lines);
    ck_assert_int_eq(register_lines_copy(&copy, lines), 0);
    struct register_record copied = summary_of(copy);
    ck_assert(hash_equal(&before.root, &copied.root));
    apply_edition(copy, "b", "en", 1);
    apply_edition(copy, "a", "en", 2);
    ck_assert_int_eq(register_lines_finish(copy), 0);
    struct register_record after = summary_of(lines);
    ck_assert(after.lines == 1 && hash_equal(&before.root, &after.root));
    ck_assert_uint_eq(register_lines_count(copy), 2);
    register_lines_free(copy);
    /* a copy of what is not finished, and of nothing */
    apply_edition(lines, "c", "en", 1);
    ck_assert_int_eq(register_lines_copy(&copy, lines), 0);
    ck_assert_int_eq(register_lines_finish(copy), 0);
    ck_assert_uint_eq(register_lines_count(copy), 2);
    register_lines_free(copy);
    register_lines_free(lines);
    lines = new_lines();
    ck_assert_int_eq(register_lines_copy(&copy, lines), 0);
    apply_edition(copy, "d", "en", 1);
    ck_assert_int_eq(register_lines_finish(copy), 0);
    register_lines_free(copy);
    register_lines_free(lines);
    register_lines_free(NULL);
}
END_TEST

START_TEST(lines_are_found_by_their_words) {
    struct register_lines *lines = new_lines();
    size_t index = 99;
    apply_edition(lines, "b", "en", 1);
    apply_edition(lines, "b", "fr", 1);
    apply_edition(lines, "b-c", "en", 1);
    apply_edition(lines, "d", "en", 1);
    ck_assert_int_eq(register_lines_finish(lines), 0);
    ck_assert(register_lines_find(lines, BYTES("edition b fr "), &index) && index == 1);
    ck_assert(register_lines_find(lines, BYTES("edition b "), &index) && index == 0);
    ck_assert(register_lines_find(lines, BYTES("edition b-c "), &index) && index == 2);
    ck_assert(!register_lines_find(lines, BYTES("edition b f "), &index));
    ck_assert(!register_lines_find(lines, BYTES("edition e "), &index));
    ck_assert(!register_lines_find(lines, BYTES("key "), &index));
    ck_assert_uint_eq(register_lines_lower_bound(lines, BYTES("edition a ")), 0);
    ck_assert_uint_eq(register_lines_lower_bound(lines, BYTES("edition c ")), 3);
    ck_assert_uint_eq(register_lines_lower_bound(lines, BYTES("key ")), 4);
    register_lines_free(lines);
}
END_TEST

START_TEST(a_hundred_thousand_lines_are_made_in_time) {
    struct register_lines *lines = new_lines();
    char name[32];
    for (unsigned k = 0; k < 100000; k++) {
        snprintf(name, sizeof(name), "i%u", k * 2654435761u);
        apply_edition(lines, name, "en", 1);
    }
    ck_assert_int_eq(register_lines_finish(lines), 0);
    ck_assert_uint_eq(register_lines_count(lines), 100000);
    register_lines_free(lines);
}
END_TEST

/* ---- what is shown */

/* Lines "edition b en", "edition d en", "edition d fr", "edition f en" in order, and their register. */
static struct register_lines *lines;
static struct register_record summary;

static void make_lines(void) {
    lines = new_lines();
    apply_edition(lines, "f", "en", 1);
    apply_edition(lines, "d", "fr", 3);
    apply_edition(lines, "d", "en", 1);
    apply_edition(lines, "b", "en", 1);
    ck_assert_int_eq(register_lines_finish(lines), 0);
    summary = summary_of(lines);
}

static void free_lines(void) {
    register_lines_free(lines);
}

START_TEST(a_line_changed_or_moved_is_refused) {
    struct shown_line shown = show(lines, 1);
    ck_assert_int_eq(register_line_check(&shown, &summary), 0);
    shown.index = 2;
    ck_assert_int_eq(register_line_check(&shown, &summary), DEPOSITARY_E_REGISTER_LINE);
    shown.index = 4;
    ck_assert_int_eq(register_line_check(&shown, &summary), DEPOSITARY_E_REGISTER_LINE);
    shown.index = UINT64_MAX;
    ck_assert_int_eq(register_line_check(&shown, &summary), DEPOSITARY_E_REGISTER_LINE);
    shown = show(lines, 1);
    shown.path.count--;
    ck_assert_int_eq(register_line_check(&shown, &summary), DEPOSITARY_E_REGISTER_LINE);
    shown = show(lines, 1);
    shown.path.hashes[0].bytes[31] ^= 1;
    ck_assert_int_eq(register_line_check(&shown, &summary), DEPOSITARY_E_REGISTER_LINE);
    shown = show(lines, 1);
    shown.line.len--;
    ck_assert_int_eq(register_line_check(&shown, &summary), DEPOSITARY_E_REGISTER_LINE);
    shown.line = BYTES("edition d en 2 " B64);
    ck_assert_int_eq(register_line_check(&shown, &summary), DEPOSITARY_E_REGISTER_LINE);
}
END_TEST

START_TEST(a_node_is_not_a_line) {
    /* the bytes below an inner node, shown as a line of a smaller tree, do not read as one */
    uint8_t node[64];
    struct shown_line shown = show(lines, 2);
    memcpy(node, shown.path.hashes[0].bytes, 32);
    memcpy(node + 32, shown.path.hashes[1].bytes, 32);
    shown.line = bytes_of(node, 64);
    ck_assert_int_eq(register_line_check(&shown, &summary), DEPOSITARY_E_REGISTER_LINE);
}
END_TEST

static int absence(struct bytes words, const size_t *indices, size_t count) {
    struct shown_line shown[3];
    for (size_t i = 0; i < count; i++) {
        shown[i] = show(lines, indices[i]);
    }
    return register_absence_check(words, shown, count, &summary);
}

START_TEST(what_is_there_cannot_be_shown_absent) {
    static const size_t shown[][2] = {{0, 0}, {0, 1}, {0, 2}, {0, 3}, {1, 0}, {1, 1}, {1, 2}, {1, 3},
                                      {2, 0}, {2, 1}, {2, 2}, {2, 3}, {3, 0}, {3, 1}, {3, 2}, {3, 3}};
    struct bytes there[] = {BYTES("edition b "),
                            BYTES("edition d "),
                            BYTES("edition d en "),
                            BYTES("edition d fr "),
                            BYTES("edition f en "),
                            BYTES("edition "),
                            BYTES("")};
    for (size_t w = 0; w < sizeof(there) / sizeof(there[0]); w++) {
        for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
            for (size_t count = 0; count <= 2; count++) {
                ck_assert_int_eq(absence(there[w], shown[i], count), DEPOSITARY_E_ABSENCE);
            }
        }
    }
}
END_TEST

START_TEST(only_the_right_neighbours_prove_absence) {
    static const struct {
        struct bytes words;
        size_t first, second, count;
    } right[] = {
        {{(const uint8_t *)"edition a ", 10}, 0, 0, 1},    {{(const uint8_t *)"edition c ", 10}, 0, 1, 2},
        {{(const uint8_t *)"edition d de ", 13}, 0, 1, 2}, {{(const uint8_t *)"edition d es ", 13}, 1, 2, 2},
        {{(const uint8_t *)"edition d-e ", 12}, 2, 3, 2},  {{(const uint8_t *)"edition g ", 10}, 3, 0, 1},
        {{(const uint8_t *)"key ", 4}, 3, 0, 1},
    };
    for (size_t r = 0; r < sizeof(right) / sizeof(right[0]); r++) {
        for (size_t first = 0; first < 4; first++) {
            for (size_t second = 0; second < 4; second++) {
                size_t indices[2] = {first, second};
                for (size_t count = 0; count <= 2; count++) {
                    bool expected =
                        count == right[r].count && first == right[r].first && (count < 2 || second == right[r].second);
                    ck_assert_msg((absence(right[r].words, indices, count) == 0) == expected, "%zu: %zu of %zu %zu", r,
                                  count, first, second);
                }
            }
        }
    }
}
END_TEST

START_TEST(absence_needs_lines_that_are_in_the_register) {
    struct shown_line shown[2] = {show(lines, 0), show(lines, 1)};
    ck_assert_int_eq(register_absence_check(BYTES("edition c "), shown, 2, &summary), 0);
    ck_assert_int_eq(register_absence_check(BYTES("edition c "), shown, 3, &summary), DEPOSITARY_E_ABSENCE);
    shown[1].path.hashes[1].bytes[0] ^= 1;
    ck_assert_int_eq(register_absence_check(BYTES("edition c "), shown, 2, &summary), DEPOSITARY_E_ABSENCE);
    shown[1] = show(lines, 3); /* skips the lines of d, and lies about its index */
    shown[1].index = 1;
    ck_assert_int_eq(register_absence_check(BYTES("edition d "), shown, 2, &summary), DEPOSITARY_E_ABSENCE);
    summary.lines = 3; /* a register that hides its last line has another root */
    shown[0] = show(lines, 2);
    ck_assert_int_eq(register_absence_check(BYTES("edition f "), shown, 1, &summary), DEPOSITARY_E_ABSENCE);
}
END_TEST

START_TEST(an_empty_register_proves_absence_with_nothing) {
    struct register_record empty = {.lines = 0};
    struct shown_line shown = show(lines, 0);
    merkle_empty_root(&empty.root);
    ck_assert_int_eq(register_absence_check(BYTES("edition a "), NULL, 0, &empty), 0);
    ck_assert_int_eq(register_absence_check(BYTES("edition a "), &shown, 1, &empty), DEPOSITARY_E_ABSENCE);
    empty.root.bytes[0] ^= 1;
    ck_assert_int_eq(register_absence_check(BYTES("edition a "), NULL, 0, &empty), DEPOSITARY_E_ABSENCE);
}
END_TEST

START_TEST(a_register_of_one_line_proves_both_sides) {
    struct register_lines *one = new_lines();
    apply_edition(one, "m", "en", 1);
    ck_assert_int_eq(register_lines_finish(one), 0);
    struct register_record record = summary_of(one);
    struct shown_line shown = show(one, 0);
    ck_assert_int_eq(register_absence_check(BYTES("edition a "), &shown, 1, &record), 0);
    ck_assert_int_eq(register_absence_check(BYTES("edition z "), &shown, 1, &record), 0);
    ck_assert_int_eq(register_absence_check(BYTES("edition m "), &shown, 1, &record), DEPOSITARY_E_ABSENCE);
    register_lines_free(one);
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("register");
    TCase *line = tcase_create("line");
    tcase_add_test(line, other_spellings_of_a_line_are_refused);
    tcase_add_test(line, lines_are_read);
    suite_add_tcase(all, line);
    TCase *made = tcase_create("made from entries");
    tcase_set_timeout(made, 60);
    tcase_add_test(made, golden_entries_give_the_golden_register);
    tcase_add_test(made, a_revocation_without_its_key_is_refused);
    tcase_add_test(made, what_is_no_entry_is_refused);
    tcase_add_test(made, an_empty_register_has_the_empty_root);
    tcase_add_test(made, any_order_of_entries_gives_one_register);
    tcase_add_test(made, a_copy_goes_its_own_way);
    tcase_add_test(made, lines_are_found_by_their_words);
    tcase_add_test(made, a_hundred_thousand_lines_are_made_in_time);
    suite_add_tcase(all, made);
    TCase *shown = tcase_create("shown");
    tcase_add_checked_fixture(shown, make_lines, free_lines);
    tcase_add_test(shown, a_line_changed_or_moved_is_refused);
    tcase_add_test(shown, a_node_is_not_a_line);
    tcase_add_test(shown, what_is_there_cannot_be_shown_absent);
    tcase_add_test(shown, only_the_right_neighbours_prove_absence);
    tcase_add_test(shown, absence_needs_lines_that_are_in_the_register);
    tcase_add_test(shown, an_empty_register_proves_absence_with_nothing);
    tcase_add_test(shown, a_register_of_one_line_proves_both_sides);
    suite_add_tcase(all, shown);
    return all;
}

int main(void) {
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
