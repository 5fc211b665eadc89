/* Times and days as the records spell them: src/base/time.h. */
#include "base/time.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

START_TEST(other_spellings_of_a_time_are_refused) {
    static const char *const bad[] = {
        "",
        "2025-04-23",
        "2025-04-23T00:00:00",
        "2025-04-23T00:00:00z",
        "2025-04-23t00:00:00Z",
        "2025-04-23 00:00:00Z",
        "2025-04-23T00:00:00+00:00",
        "2025-04-23T00:00:00.0Z",
        "2025-04-23T24:00:00Z",
        "2025-04-23T23:60:00Z",
        "2016-12-31T23:59:60Z", /* a leap second that was */
        "2025-13-01T00:00:00Z",
        "2025-00-01T00:00:00Z",
        "2025-01-00T00:00:00Z",
        "2025-04-31T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "2025-4-23T00:00:00Z",
        "-025-04-23T00:00:00Z",
        "+2025-04-23T00:00:0Z",
        "2025-04-23T00:00:00Z ",
        "2025/04/23T00:00:00Z",
        "2025-04-23T00-00:00Z",
        "2025-04-23T00:00-00Z",
        "2025-04-23T 0:00:00Z",
        "2025-04-23T0a:00:00Z",
    };
    int64_t time_s;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(!time_parse(&time_s, bytes_text(bad[i])), "taken: %s", bad[i]);
    }
}
END_TEST

START_TEST(known_times_have_their_seconds) {
    static const struct {
        const char *text;
        int64_t time_s;
    } known[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2000-02-29T12:34:56Z", 951827696},
        {"2025-04-23T00:00:00Z", 1745366400},
        {"2038-01-19T03:14:08Z", 2147483648},
        {"9999-12-31T23:59:59Z", 253402300799},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        int64_t time_s = -1;
        char text[TIME_TEXT_LEN + 1];
        ck_assert(time_parse(&time_s, bytes_text(known[i].text)));
        ck_assert_int_eq(time_s, known[i].time_s);
        ck_assert(time_print(text, time_s));
        ck_assert_str_eq(text, known[i].text);
    }
}
END_TEST

START_TEST(every_day_agrees_with_the_system_calendar) {
    for (int64_t day = 0; day < 10000 * INT64_C(366); day += 1) {
        time_t time_s = (time_t)(TIME_FIRST + day * 86400 + day % 86400);
        struct tm calendar;
        char expected[64];
        char text[TIME_TEXT_LEN + 1];
        int64_t back;
        gmtime_r(&time_s, &calendar);
        if (calendar.tm_year + 1900 > 9999) {
            break;
        }
        snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02dZ", calendar.tm_year + 1900,
                 calendar.tm_mon + 1, calendar.tm_mday, calendar.tm_hour, calendar.tm_min, calendar.tm_sec);
        const struct bytes civil = bytes_slice(bytes_text(expected), 0, TIME_CIVIL_LEN);
        if (!time_print_civil(text, time_s) || !bytes_equal(bytes_text(text), civil) ||
            !time_parse_civil(&back, civil) || back != time_s) {
            ck_abort_msg("%s", expected);
        }
        if (time_s < 0) {
            ck_assert(!time_print(text, time_s) && !time_parse(&back, bytes_text(expected)));
        } else if (!time_print(text, time_s) || strcmp(text, expected) != 0 || !time_parse(&back, bytes_text(text)) ||
                   back != time_s) {
            ck_abort_msg("%s", expected);
        }
    }
}
END_TEST

START_TEST(times_outside_the_years_are_not_printed) {
    char text[TIME_TEXT_LEN + 1] = "untouched";
    ck_assert(!time_print(text, -1));
    ck_assert(!time_print(text, 253402300800));
    ck_assert(!time_print(text, INT64_MAX));
    ck_assert(!time_print(text, INT64_MIN));
    ck_assert(!time_print_civil(text, TIME_FIRST - 1));
    ck_assert(!time_print_civil(text, TIME_LAST + 1));
    ck_assert_str_eq(text, "untouched");
}
END_TEST

START_TEST(a_day_must_be_real) {
    ck_assert(date_valid(BYTES("2024-02-29")));
    ck_assert(date_valid(BYTES("0001-01-01")));
    ck_assert(date_valid(BYTES("1648-10-24")));
    ck_assert(!date_valid(BYTES("0000-01-01")));
    ck_assert(!date_valid(BYTES("2023-02-29")));
    ck_assert(!date_valid(BYTES("1900-02-29")));
    ck_assert(!date_valid(BYTES("2025-04-31")));
    ck_assert(!date_valid(BYTES("2025-4-3")));
    ck_assert(!date_valid(BYTES("2025-04-23T")));
    ck_assert(!date_valid(BYTES("20250423")));
    ck_assert(!date_valid(BYTES("none")));
    ck_assert(!date_valid(BYTES("")));
}
END_TEST

START_TEST(the_monotonic_clock_goes_on) {
    uint64_t before = clock_monotonic_ns();
    while (clock_monotonic_ns() == before) {
    }
    ck_assert_uint_gt(clock_monotonic_ns(), before);
    ck_assert_int_gt(clock_now_s(), 1745366400);
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("time");
    TCase *cases = tcase_create("time");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, other_spellings_of_a_time_are_refused);
    tcase_add_test(cases, known_times_have_their_seconds);
    tcase_add_test(cases, every_day_agrees_with_the_system_calendar);
    tcase_add_test(cases, times_outside_the_years_are_not_printed);
    tcase_add_test(cases, a_day_must_be_real);
    tcase_add_test(cases, the_monotonic_clock_goes_on);
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
