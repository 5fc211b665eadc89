/* Codes, their names and texts, and reasons that are cut whole: src/base/error.h. */
#include "base/error.h"

#include "base/bytes.h"
#include "base/encode.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(every_code_has_a_name_and_a_text) {
#define CHECK_CODE(name, value, text)                                                                                  \
    ck_assert_str_eq(depositary_error_text(value), text);                                                              \
    ck_assert_str_eq(depositary_error_name(value), #name);
    DEPOSITARY_ERRORS(CHECK_CODE)
#undef CHECK_CODE
    ck_assert_str_eq(depositary_error_text(-1), "unknown error");
    ck_assert_str_eq(depositary_error_name(9999), "E_UNKNOWN");
}
END_TEST

START_TEST(verification_failures_are_told_from_others) {
    ck_assert(depositary_error_is_verification(DEPOSITARY_E_RESPONSE));
    ck_assert(depositary_error_is_verification(DEPOSITARY_E_SEAL_CLOCK));
    ck_assert(depositary_error_is_verification(DEPOSITARY_E_SERVER_DAMAGED));
    ck_assert(!depositary_error_is_verification(DEPOSITARY_OK));
    ck_assert(!depositary_error_is_verification(DEPOSITARY_E_NO));
    ck_assert(!depositary_error_is_verification(DEPOSITARY_E_QUERY));
}
END_TEST

START_TEST(words_are_cut_between_code_points) {
    char long_text[700];
    struct fault fault = {0};
    for (size_t shift = 0; shift < 4; shift++) {
        memset(long_text, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof(long_text); i += 4) {
            memcpy(long_text + i, "\xF0\x9D\x84\x9E", 5);
        }
        ck_assert_int_eq(fault_set(&fault, DEPOSITARY_E_RECORD, "%s", long_text), DEPOSITARY_E_RECORD);
        ck_assert(utf8_valid(bytes_text(fault.text)));
        ck_assert_uint_ge(strlen(fault.text), sizeof(fault.text) - 5);
        ck_assert_mem_eq(fault.text, long_text, strlen(fault.text));
    }
}
END_TEST

START_TEST(a_fault_may_be_wrapped_in_itself) {
    struct fault fault = {0};
    ck_assert_str_eq(fault_text(&fault), "no error");
    (void)fault_set(&fault, DEPOSITARY_E_IO, "inner");
    (void)fault_set(&fault, DEPOSITARY_E_IO, "outer: %s", fault.text);
    ck_assert_str_eq(fault_text(&fault), "outer: inner");
    ck_assert_int_eq(fault_set(NULL, DEPOSITARY_E_LIMIT, "nobody listens"), DEPOSITARY_E_LIMIT);
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("error");
    TCase *cases = tcase_create("error");
    tcase_add_test(cases, every_code_has_a_name_and_a_text);
    tcase_add_test(cases, verification_failures_are_told_from_others);
    tcase_add_test(cases, words_are_cut_between_code_points);
    tcase_add_test(cases, a_fault_may_be_wrapped_in_itself);
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
