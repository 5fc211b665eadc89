/* Description files: src/office/office.h. */
#include "office/office.h"

#include "corpus/corpus.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define LEAST "instrument treaty-x\nlanguage en\ntitle A treaty\nauthenticity authentic\n"

static struct fault fault;

static int parse(struct description *out, const char *text) {
    fault = (struct fault){0};
    return description_parse(out, bytes_text(text), &fault);
}

/* Refused, with these words in the reason, and nothing set. */
static void refuse(const char *text, const char *words) {
    struct description out = {0};
    ck_assert_msg(parse(&out, text) == DEPOSITARY_E_FORMAT, "taken, or another error: %s", text);
    ck_assert_msg(strstr(fault.text, words) != NULL, "\"%s\" is not in \"%s\"", words, fault.text);
    ck_assert_ptr_null(out.instrument);
    ck_assert_ptr_null(out.parties);
}

START_TEST(the_built_in_description_is_read) {
    struct description about;
    ck_assert_int_eq(description_parse(&about, corpus_about(), &fault), 0);
    ck_assert_str_eq(about.instrument, "az-cn-joint-statement-2025");
    ck_assert_str_eq(about.language, "en");
    ck_assert_str_eq(about.date, "2025-04-23");
    ck_assert_str_eq(about.place, "Beijing");
    ck_assert_uint_eq(about.parties_count, 2);
    ck_assert_str_eq(about.parties[0], "Republic of Azerbaijan");
    ck_assert_str_eq(about.parties[1], "People’s Republic of China");
    ck_assert_str_eq(about.authenticity, "not established");
    ck_assert_ptr_null(about.translation_of);
    description_free(&about);
    ck_assert_ptr_null(about.instrument);
    description_free(&about); /* twice is fine */
}
END_TEST

START_TEST(comments_blank_lines_and_a_missing_last_newline_are_fine) {
    struct description about;
    ck_assert_int_eq(
        parse(&about,
              "# who\n\n \t\ninstrument\ttreaty-x \nlanguage   en\n#title Another\ntitle A  treaty\nplace none\n"
              "date none\nremark none\nauthenticity authentic"),
        0);
    ck_assert_str_eq(about.instrument, "treaty-x");
    ck_assert_str_eq(about.title, "A  treaty");
    ck_assert_ptr_null(about.place);
    ck_assert_ptr_null(about.date);
    ck_assert_ptr_null(about.remark);
    ck_assert_uint_eq(about.parties_count, 0);
    description_free(&about);
}
END_TEST

START_TEST(parties_stand_in_one_line_or_in_several) {
    struct description about;
    ck_assert_int_eq(parse(&about, LEAST "parties A; B and C ;D\n"), 0);
    ck_assert_uint_eq(about.parties_count, 3);
    ck_assert_str_eq(about.parties[0], "A");
    ck_assert_str_eq(about.parties[1], "B and C");
    ck_assert_str_eq(about.parties[2], "D");
    description_free(&about);
    ck_assert_int_eq(parse(&about, LEAST "party A; B\nparty C\n"), 0);
    ck_assert_uint_eq(about.parties_count, 2);
    ck_assert_str_eq(about.parties[0], "A; B");
    description_free(&about);
    refuse(LEAST "parties A;; B\n", "line 5");
    refuse(LEAST "parties A; B;\n", "line 5");
    refuse(LEAST "party A\nparties B\n", "line 6");
    refuse(LEAST "parties A\nparty B\n", "line 6");
    refuse(LEAST "parties A\nparties B\n", "line 6");
    refuse(LEAST "party\n", "line 5");
}
END_TEST

START_TEST(unknown_and_repeated_keys_are_refused_with_the_line) {
    refuse(LEAST "titel Another\n", "line 5: unknown key: titel");
    refuse(LEAST "# comment\n\ntitle Another\n", "line 7: stands twice: title");
    refuse(LEAST "date none\ndate 2025-01-01\n", "line 6: stands twice");
    refuse(LEAST " place Beijing\n", "line 5: unknown key");
    refuse("\xEF\xBB\xBF" LEAST, "line 1: unknown key");
}
END_TEST

START_TEST(values_that_no_record_can_hold_are_refused) {
    refuse("instrument Treaty\n", "line 1");
    refuse(LEAST "date 2025-02-29\n", "line 5");
    refuse(LEAST "date 2025-2-1\n", "line 5");
    refuse("language EN\n", "line 1");
    refuse("title \n", "line 1");
    refuse("title A\r\n", "line 1");
    refuse("title A\xE2\x80\xAE treaty\n", "line 1"); /* U+202E turns the direction */
    refuse("title A\xFF treaty\n", "line 1");
    refuse("authenticity maybe\n", "line 1");
    refuse(LEAST "remark\n", "line 5");
}
END_TEST

START_TEST(a_title_may_be_none_but_must_be_there) {
    struct description about;
    ck_assert_int_eq(parse(&about, "instrument x\nlanguage en\ntitle none\nauthenticity authentic\n"), 0);
    ck_assert_str_eq(about.title, "none");
    description_free(&about);
    refuse("instrument x\nlanguage en\nauthenticity authentic\n", "title");
    refuse("language en\ntitle T\nauthenticity authentic\n", "instrument");
    refuse("instrument x\ntitle T\nauthenticity authentic\n", "language");
    refuse("instrument x\nlanguage en\ntitle T\n", "authenticity");
    refuse("", "instrument");
}
END_TEST

START_TEST(a_nul_does_not_cut_a_value) {
    struct description about;
    const char text[] = "instrument x\nlanguage en\ntitle A\0B\nauthenticity authentic\n";
    ck_assert_int_eq(description_parse(&about, bytes_of(text, sizeof(text) - 1), &fault), DEPOSITARY_E_FORMAT);
}
END_TEST

START_TEST(a_file_that_is_too_long_is_refused_unread) {
    struct description about;
    char *text = malloc(DESCRIPTION_MAX + 1);
    memset(text, '\n', DESCRIPTION_MAX + 1);
    ck_assert_int_eq(description_parse(&about, bytes_of(text, DESCRIPTION_MAX + 1), &fault), DEPOSITARY_E_LIMIT);
    free(text);
}
END_TEST

START_TEST(a_record_gives_back_what_it_was_made_from) {
    struct description about;
    struct edition_record record = {.instrument = BYTES("treaty-x"),
                                    .language = BYTES("fr"),
                                    .edition = 2,
                                    .title = BYTES("Traité"),
                                    .place = BYTES("Paris"),
                                    .parties = BYTES("party A; B\nparty C\n"),
                                    .parties_count = 2,
                                    .authenticity = AUTHENTICITY_TRANSLATION,
                                    .has_translation_of = true,
                                    .remark = BYTES("of that edition alone")};
    ck_assert_int_eq(description_of_record(&about, &record), 0);
    ck_assert_str_eq(about.instrument, "treaty-x");
    ck_assert_str_eq(about.language, "fr");
    ck_assert_str_eq(about.title, "Traité");
    ck_assert_ptr_null(about.date);
    ck_assert_str_eq(about.place, "Paris");
    ck_assert_uint_eq(about.parties_count, 2);
    ck_assert_str_eq(about.parties[0], "A; B");
    ck_assert_str_eq(about.authenticity, "translation");
    ck_assert_str_eq(about.translation_of, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    ck_assert_ptr_null(about.remark);
    description_free(&about);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("description");
    TCase *group = tcase_create("description");
    suite_add_tcase(suite, group);
    tcase_add_test(group, the_built_in_description_is_read);
    tcase_add_test(group, comments_blank_lines_and_a_missing_last_newline_are_fine);
    tcase_add_test(group, parties_stand_in_one_line_or_in_several);
    tcase_add_test(group, unknown_and_repeated_keys_are_refused_with_the_line);
    tcase_add_test(group, values_that_no_record_can_hold_are_refused);
    tcase_add_test(group, a_title_may_be_none_but_must_be_there);
    tcase_add_test(group, a_nul_does_not_cut_a_value);
    tcase_add_test(group, a_file_that_is_too_long_is_refused_unread);
    tcase_add_test(group, a_record_gives_back_what_it_was_made_from);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
