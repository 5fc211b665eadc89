/*
 * The importer: src/text/import.h. The cases in tests/vectors/import are instruments made up for these tests, each with the units
 * that are right for it and the lines where the importer must say that it is not sure; and instruments made by chance, whose units
 * are known because they were made.
 */
#include "text/import.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "instrument_maker.h"
#include "text/structure.h"

#define CASES TESTS_DIR "/vectors/import"

/* Slices are the source, names are unique, spans lie inside. */
static void check_outline(const struct outline *outline, struct bytes source) {
    size_t at = 0;
    for (size_t i = 0; i < outline->units_count; i++) {
        const struct unit *unit = &outline->units[i];
        ck_assert_uint_eq(unit->offset, at);
        ck_assert_uint_gt(unit->length, 0);
        ck_assert(unit->number.offset + unit->number.length <= unit->length);
        ck_assert(unit->heading.offset + unit->heading.length <= unit->length);
        for (size_t j = 0; j < i && outline->units_count < 500; j++) {
            ck_assert_str_ne(outline->units[j].eid, unit->eid);
        }
        at += unit->length;
    }
    ck_assert_uint_eq(at, source.len);
}

/* Units and findings as a .units file has them. */
static void print_outline(struct buffer *out, const struct outline *outline) {
    static const char *const kinds[] = {"gap", "repeat", "limit", "doubt"};
    for (size_t i = 0; i < outline->units_count; i++) {
        buffer_append_format(out, "%s\n", outline->units[i].eid);
    }
    for (size_t i = 0; i < outline->findings_count; i++) {
        buffer_append_format(out, "! %s %zu\n", kinds[outline->findings[i].kind], outline->findings[i].line);
    }
    buffer_append_byte(out, 0);
    ck_assert_int_eq(out->error, 0);
}

static void read_case(struct buffer *out, const char *name, const char *suffix) {
    char path[512];
    struct fault fault = {0};
    snprintf(path, sizeof path, CASES "/%s.%s", name, suffix);
    buffer_init(out, 1 << 20);
    ck_assert_msg(file_read(out, path, &fault) == 0, "%s: %s", path, fault_text(&fault));
}

static void check_case(const char *name) {
    struct buffer text;
    struct buffer units;
    struct buffer found;
    struct outline outline = {0};
    struct fault fault = {0};
    read_case(&text, name, "txt");
    read_case(&units, name, "units");
    buffer_append_byte(&units, 0);
    buffer_init(&found, 1 << 20);
    ck_assert_msg(import_plain(&outline, buffer_bytes(&text), NULL, &fault) == 0, "%s: %s", name, fault_text(&fault));
    check_outline(&outline, buffer_bytes(&text));
    print_outline(&found, &outline);
    ck_assert_msg(strcmp((char *)found.data, (char *)units.data) == 0, "%s: the units are\n%snot\n%s", name,
                  (char *)found.data, (char *)units.data);
    outline_free(&outline);
    buffer_free(&text);
    buffer_free(&units);
    buffer_free(&found);
}

START_TEST(eids_come_apart_at_each_double_underscore) {
    static const struct {
        const char *eid, *first, *last, *above;
    } rows[] = {
        {"cl_1", "cl_1", "cl_1", ""},
        {"att_1__art_2", "att_1", "art_2", "att_1"},
        {"att_1__art_2__p_3", "att_1", "p_3", "att_1__art_2"},
        {"a___b", "a", "b", "a_"},
        {"__a", "", "a", ""},
        {"a__", "a", "", "a"},
        {"_", "_", "_", ""},
        {"", "", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct bytes eid = bytes_text(rows[i].eid);
        ck_assert_msg(bytes_equal(eid_first_part(eid), bytes_text(rows[i].first)), "%s", rows[i].eid);
        ck_assert_msg(bytes_equal(eid_last_part(eid), bytes_text(rows[i].last)), "%s", rows[i].eid);
        ck_assert_msg(bytes_equal(eid_above(eid), bytes_text(rows[i].above)), "%s", rows[i].eid);
    }
}
END_TEST

START_TEST(each_case_has_the_units_that_are_right_for_it) {
    size_t cases = 0;
    DIR *folder = opendir(CASES);
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char name[256];
        const char *dot = strstr(entry->d_name, ".txt");
        if (dot != NULL) {
            snprintf(name, sizeof name, "%.*s", (int)(dot - entry->d_name), entry->d_name);
            check_case(name);
            cases++;
        }
    }
    closedir(folder);
    ck_assert_uint_ge(cases, 50);
}
END_TEST

START_TEST(made_instruments_come_apart_as_they_were_made) {
    for (uint32_t seed = 1; seed <= 400; seed++) {
        struct made made;
        struct outline outline = {0};
        struct fault fault = {0};
        made_new(&made, seed);
        struct bytes text = buffer_bytes(&made.text);
        ck_assert_int_eq(import_plain(&outline, text, NULL, &fault), 0);
        check_outline(&outline, text);
        struct buffer found;
        buffer_init(&found, 1 << 22);
        for (size_t i = 0; i < outline.units_count; i++) {
            buffer_append_format(&found, "%s\n", outline.units[i].eid);
        }
        bool same = bytes_equal(buffer_bytes(&found), buffer_bytes(&made.units));
        if (!same) { /* longer than check's messages may be */
            fprintf(stderr, "found\n%.*s\nmade\n%.*s\nof\n%.*s\n", (int)found.len, (char *)found.data,
                    (int)made.units.len, (char *)made.units.data, (int)text.len, (const char *)text.data);
        }
        ck_assert_msg(same, "seed %u, style %s", seed, made.style);
        buffer_free(&found);
        outline_free(&outline);
        made_free(&made);
    }
}
END_TEST

/* ---- bad input */

static void check_refused(struct bytes source, int error, const char *words) {
    struct outline outline = {0};
    struct fault fault = {0};
    ck_assert_int_eq(import_plain(&outline, source, NULL, &fault), error);
    ck_assert_str_eq(fault_text(&fault), words);
    ck_assert_ptr_null(outline.units);
}

START_TEST(bad_bytes_are_refused_with_line_and_column) {
    check_refused(BYTES(""), DEPOSITARY_E_FORMAT, "line 1, column 1: the text is empty");
    check_refused(BYTES("one\ntwo \xff three\n"), DEPOSITARY_E_UTF8, "line 2, column 5: not valid UTF-8");
    check_refused(BYTES("one\nt\xc3"), DEPOSITARY_E_UTF8, "line 2, column 2: not valid UTF-8");
    check_refused(BYTES("one\r\n\r\nt\0wo"), DEPOSITARY_E_FORMAT, "line 3, column 2: a NUL byte");
    check_refused(BYTES("\xed\xa0\x80"), DEPOSITARY_E_UTF8, "line 1, column 1: not valid UTF-8");
}
END_TEST

START_TEST(a_unit_over_the_limit_is_found) {
    struct outline outline = {0};
    struct bytes text = {malloc(LIMIT_CLAUSE_TEXT + 1), LIMIT_CLAUSE_TEXT + 1};
    memset((void *)(uintptr_t)text.data, 'a', text.len);
    ck_assert_int_eq(import_plain(&outline, text, NULL, NULL), 0);
    ck_assert_uint_eq(outline.units_count, 1);
    bool found = false;
    for (size_t i = 0; i < outline.findings_count; i++) {
        found = found || outline.findings[i].kind == FINDING_OVER_LIMIT;
    }
    ck_assert(found);
    outline_free(&outline);
    free((void *)(uintptr_t)text.data);
}
END_TEST

START_TEST(the_numbering_can_be_told) {
    struct bytes text = BYTES("Law\n\nArticle 1\n\n1. a\n\n2. b\n\nArticle 2\n\n3. c\n");
    struct outline outline = {0};
    struct fault fault = {0};
    ck_assert_int_eq(import_plain(&outline, text, &(struct import_options){.numbering = "clause"}, &fault), 0);
    check_outline(&outline, text);
    ck_assert_str_eq(outline.units[outline.units_count - 1].eid, "cl_3");
    outline_free(&outline);
    ck_assert_int_eq(import_plain(&outline, text, &(struct import_options){.numbering = "none"}, &fault), 0);
    ck_assert_uint_eq(outline.units_count, 1);
    ck_assert_str_eq(outline.units[0].eid, "body");
    outline_free(&outline);
    ck_assert_int_eq(import_plain(&outline, text, &(struct import_options){.numbering = "section"}, &fault),
                     DEPOSITARY_E_FORMAT);
    ck_assert_int_eq(import_plain(&outline, text, &(struct import_options){.numbering = "verse"}, &fault),
                     DEPOSITARY_E_ARGUMENT);
}
END_TEST

/* ---- ranges */

static const char two_languages[] = "# Treaty\n\nArticle 1\n\n# Traité\n\nArticle premier\n";

START_TEST(a_range_goes_from_a_line_up_to_another) {
    struct bytes file = bytes_text(two_languages);
    struct bytes part;
    size_t line;
    ck_assert_int_eq(import_range(&part, &line, file, NULL, "Traité", NULL), 0);
    ck_assert(bytes_equal(part, BYTES("# Treaty\n\nArticle 1\n\n")));
    ck_assert_uint_eq(line, 1);
    ck_assert_int_eq(import_range(&part, &line, file, "Traité", NULL, NULL), 0);
    ck_assert(bytes_equal(part, BYTES("# Traité\n\nArticle premier\n")));
    ck_assert_uint_eq(line, 5);
    ck_assert_int_eq(import_range(&part, &line, file, "3", "5", NULL), 0);
    ck_assert(bytes_equal(part, BYTES("Article 1\n\n")));
    ck_assert_int_eq(import_range(&part, &line, file, "Article prem", NULL, NULL), 0);
    ck_assert_uint_eq(line, 7);
}
END_TEST

START_TEST(a_heading_that_stands_twice_is_told_apart_by_its_marks_or_its_place) {
    struct bytes file = BYTES("# Treaty\n\na\n\n### Treaty\n\nb\n");
    struct bytes part;
    size_t line;
    struct fault fault = {0};
    ck_assert_int_eq(import_range(&part, &line, file, "Treaty", NULL, &fault), DEPOSITARY_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(fault_text(&fault), "(1, 5)"));
    ck_assert_int_eq(import_range(&part, &line, file, "### Treaty", NULL, NULL), 0);
    ck_assert_uint_eq(line, 5);
    ck_assert_int_eq(import_range(&part, &line, file, "1", "Treaty", NULL), 0);
    ck_assert(bytes_equal(part, BYTES("# Treaty\n\na\n\n")));
}
END_TEST

START_TEST(a_range_that_is_not_there_or_not_one_is_refused) {
    static const char *const wrong[][2] = {{"0", NULL}, {"8", NULL}, {"Vertrag", NULL}, {"5", "5"},
                                           {"5", "3"},  {"", NULL},  {"Article", NULL}};
    struct bytes file = bytes_text(two_languages);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct bytes part;
        size_t line;
        struct fault fault = {0};
        ck_assert_int_eq(import_range(&part, &line, file, wrong[i][0], wrong[i][1], &fault), DEPOSITARY_E_ARGUMENT);
        ck_assert_str_ne(fault_text(&fault), "");
    }
}
END_TEST

START_TEST(findings_in_a_part_have_the_lines_of_the_file) {
    struct bytes text = BYTES("Article 1\n\na\n\nArticle 3\n\nb\n");
    struct outline outline = {0};
    ck_assert_int_eq(import_plain(&outline, text, &(struct import_options){.first_line = 101}, NULL), 0);
    ck_assert_uint_eq(outline.findings_count, 1);
    ck_assert_uint_eq(outline.findings[0].line, 105);
    outline_free(&outline);
    struct fault fault = {0};
    ck_assert_int_eq(import_plain(&outline, BYTES("a\n\xff"), &(struct import_options){.first_line = 101}, &fault),
                     DEPOSITARY_E_UTF8);
    ck_assert_str_eq(fault_text(&fault), "line 102, column 1: not valid UTF-8");
}
END_TEST

/* ---- outlines */

START_TEST(an_outline_says_what_the_units_are) {
    struct bytes text = BYTES("Title\n\nOne.\nTwo.\n\nEnd\n");
    struct outline outline = {0};
    struct fault fault = {0};
    ck_assert_int_eq(import_outlined(&outline, text,
                                     BYTES("# units\npreface 1-2\n\nart_1 7+5\r\nart_2  4-5\nconclusions 6-6"), &fault),
                     0);
    check_outline(&outline, text);
    ck_assert_uint_eq(outline.units_count, 4);
    ck_assert_str_eq(outline.units[1].eid, "art_1");
    ck_assert_uint_eq(outline.units[1].length, 5);
    ck_assert_str_eq(outline.numbering, "outline");
    outline_free(&outline);
}
END_TEST

START_TEST(a_wrong_outline_is_refused_with_line_and_column) {
    static const char *const wrong[][2] = {
        {"a 1-3\nb 3-6\n", "outline, line 2, column 3: this overlaps the unit before"},
        {"a 1-2\nb 4-6\n", "outline, line 2, column 3: this leaves out what stands between the unit before and it"},
        {"a 1-2\nb 3-5\n", "outline, line 2, column 1: the outline ends before the text does"},
        {"a 1-2\na 3-6\n", "outline, line 2, column 1: this eId stands before already"},
        {"a 1-9\n", "outline, line 1, column 3: there are no such lines"},
        {"a 0+99\n", "outline, line 1, column 3: there are no such bytes"},
        {"a 0+0\n", "outline, line 1, column 3: there are no such bytes"},
        {"a 1\n", "outline, line 1, column 4: '-' (lines) or '+' (bytes) is missing"},
        {"a x\n", "outline, line 1, column 3: a number is missing: art_1 4-10 for lines, art_1 120+300 for bytes"},
        {"a 1-2 3\n", "outline, line 1, column 7: something follows the place"},
        {"_a 1-2\n", "outline, line 1, column 1: an eId begins with a letter or digit, as art_5 does"},
        {"a 0+8\n", "outline, line 1, column 3: this cuts a character"},
    };
    struct bytes text = BYTES("Title\n\n\xc3\x84ne.\nTwo.\n\nEnd\n");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct outline outline = {0};
        struct fault fault = {0};
        ck_assert_int_eq(import_outlined(&outline, text, bytes_text(wrong[i][0]), &fault), DEPOSITARY_E_FORMAT);
        ck_assert_str_eq(fault_text(&fault), wrong[i][1]);
    }
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("import");
    TCase *cases = tcase_create("import");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, eids_come_apart_at_each_double_underscore);
    tcase_add_test(cases, each_case_has_the_units_that_are_right_for_it);
    tcase_add_test(cases, made_instruments_come_apart_as_they_were_made);
    tcase_add_test(cases, bad_bytes_are_refused_with_line_and_column);
    tcase_add_test(cases, a_unit_over_the_limit_is_found);
    tcase_add_test(cases, the_numbering_can_be_told);
    tcase_add_test(cases, a_range_goes_from_a_line_up_to_another);
    tcase_add_test(cases, a_heading_that_stands_twice_is_told_apart_by_its_marks_or_its_place);
    tcase_add_test(cases, a_range_that_is_not_there_or_not_one_is_refused);
    tcase_add_test(cases, findings_in_a_part_have_the_lines_of_the_file);
    tcase_add_test(cases, an_outline_says_what_the_units_are);
    tcase_add_test(cases, a_wrong_outline_is_refused_with_line_and_column);
    suite_add_tcase(all, cases);
    return all;
}

int main(void) {
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
