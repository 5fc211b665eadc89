/* Log lines cannot be forged by what is logged: src/base/log.h. */
#include "base/log.h"

#include "base/bytes.h"
#include "base/encode.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What log_line writes, read back through a pipe in place of standard error. */
static int back;
static char read_back[16384];

static void catch_standard_error(void) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
    close(ends[1]);
    back = ends[0];
}

static const char *caught(void) {
    ssize_t len = read(back, read_back, sizeof(read_back) - 1);
    ck_assert_int_ge(len, 0);
    read_back[len] = '\0';
    return read_back;
}

START_TEST(a_budget_takes_so_many_lines_a_minute_and_tells_of_the_rest) {
    struct log_budget budget = {0};
    const uint64_t minute_ns = 60 * UINT64_C(1000000000), begin_ns = 1000 * minute_ns;
    uint64_t left_out = 99;
    for (unsigned i = 0; i < LOG_BUDGET_LINES; i++) {
        ck_assert(log_budget_take(&budget, begin_ns + i, &left_out));
        ck_assert_uint_eq(left_out, 0);
    }
    for (unsigned i = 0; i < 1000; i++) {
        ck_assert(!log_budget_take(&budget, begin_ns + minute_ns - 1, &left_out));
    }
    ck_assert(log_budget_take(&budget, begin_ns + minute_ns, &left_out));
    ck_assert_uint_eq(left_out, 1000);
    for (unsigned i = 1; i < LOG_BUDGET_LINES; i++) {
        ck_assert(log_budget_take(&budget, begin_ns + minute_ns, &left_out));
        ck_assert_uint_eq(left_out, 0);
    }
    ck_assert(!log_budget_take(&budget, begin_ns + minute_ns, &left_out));
}
END_TEST

START_TEST(a_value_cannot_begin_a_line_or_a_pair) {
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_line(LOG_LEVEL_INFO, "asked", "method", "a\n2025 error forged", "quote", "x\" y=\"z", "plain", "p-1", "empty",
             "", NULL);
    const char *line = caught();
    ck_assert_str_eq(line + 20,
                     " info asked method=\"a\\n2025 error forged\" quote=\"x\\\" y=\\\"z\" plain=p-1 empty=\"\"\n");
}
END_TEST

START_TEST(control_and_direction_characters_are_escaped) {
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_line(LOG_LEVEL_WARNING, "shown", "value", "\x1b[2J \xE2\x80\xAE \xC2\x9B \x7F \xFF \xC3\xA9 \\", NULL);
    const char *line = caught();
    ck_assert_str_eq(strstr(line, ",\"level\""),
                     ",\"level\":\"warning\",\"message\":\"shown\",\"value\":\"\\u001b[2J \\u202e \\u009b \\u007f "
                     "\xEF\xBF\xBD \xC3\xA9 \\\\\"}\n");
    ck_assert_mem_eq(line, "{\"time\":\"2", 10);
}
END_TEST

START_TEST(a_long_value_is_cut_and_the_line_stays_whole) {
    static char value[20000];
    for (size_t i = 0; i + 2 < sizeof(value); i += 2) {
        memcpy(value + i, "\xC3\xA9", 3);
    }
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_line(LOG_LEVEL_INFO, "long", "first", value, "second", value, "third", "x", NULL);
    const char *line = caught();
    size_t len = strlen(line);
    ck_assert_uint_gt(len, 8000);
    ck_assert_uint_le(len, 8192);
    ck_assert_str_eq(line + len - 3, "\"}\n");
    ck_assert_ptr_eq(strchr(line, '\n'), line + len - 1);
    ck_assert(utf8_valid(bytes_text(line)));
}
END_TEST

START_TEST(levels_below_the_least_are_silent) {
    enum log_level level;
    ck_assert(log_level_parse(&level, "error") && level == LOG_LEVEL_ERROR);
    ck_assert(log_level_parse(&level, "debug") && level == LOG_LEVEL_DEBUG);
    ck_assert(!log_level_parse(&level, "Debug") && !log_level_parse(&level, ""));
    log_setup(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
    ck_assert(log_wants(LOG_LEVEL_ERROR) && !log_wants(LOG_LEVEL_INFO));
    log_line(LOG_LEVEL_INFO, "unwanted", NULL);
    log_line(LOG_LEVEL_ERROR, "wanted", NULL);
    ck_assert_str_eq(caught() + 20, " error wanted\n");
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("log");
    TCase *cases = tcase_create("log");
    tcase_add_checked_fixture(cases, catch_standard_error, NULL);
    tcase_add_test(cases, a_value_cannot_begin_a_line_or_a_pair);
    tcase_add_test(cases, a_budget_takes_so_many_lines_a_minute_and_tells_of_the_rest);
    tcase_add_test(cases, control_and_direction_characters_are_escaped);
    tcase_add_test(cases, a_long_value_is_cut_and_the_line_stays_whole);
    tcase_add_test(cases, levels_below_the_least_are_silent);
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
