/* Statuses: what is printed is read back, and details from elsewhere harm nobody. */
#include "rpc/status.h"

#include "base/arena.h"
#include "base/encode.h"
#include "depositary/v1/ledger.pb-c.h"
#include "rpc/guard.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;
static struct buffer printed;

static void set_up(void) {
    arena_init(&arena, 1024 * 1024);
    buffer_init(&printed, 1024 * 1024);
}

static void tear_down(void) {
    arena_free(&arena);
    buffer_free(&printed);
}

static const Depositary__V1__Status *print_and_unpack(const struct status *status) {
    buffer_clear(&printed);
    ck_assert_int_eq(status_print(&printed, status), 0);
    ProtobufCMessage *message = NULL;
    ck_assert_int_eq(guard_unpack(&message, &depositary__v1__status__descriptor, buffer_bytes(&printed), &arena, NULL),
                     0);
    return (const Depositary__V1__Status *)message;
}

START_TEST(reason_and_message_come_back) {
    struct status status = {0};
    ck_assert_int_eq(status_set(&status, STATUS_FAILED_PRECONDITION, "LANGUAGE", "there are %d languages", 2),
                     STATUS_FAILED_PRECONDITION);
    status.retry_delay_ms = 1500;
    struct status_view view;
    ck_assert_int_eq(status_read(&view, print_and_unpack(&status), &arena), 0);
    ck_assert_int_eq(view.code, 9);
    ck_assert_str_eq(view.message, "there are 2 languages");
    ck_assert_str_eq(view.reason, "LANGUAGE");
    ck_assert_str_eq(view.field, "");
    ck_assert_int_eq(view.retry_delay_ms, 1500);
    status_clear(&status);
}
END_TEST

START_TEST(bad_field_comes_back) {
    struct status status = {0};
    ck_assert_int_eq(status_bad_field(&status, "name.eid", "%s", "no eId"), STATUS_INVALID_ARGUMENT);
    struct status_view view;
    ck_assert_int_eq(status_read(&view, print_and_unpack(&status), &arena), 0);
    ck_assert_int_eq(view.code, 3);
    ck_assert_str_eq(view.field, "name.eid");
    ck_assert_str_eq(view.message, "no eId");
    ck_assert_str_eq(view.reason, "");
}
END_TEST

START_TEST(further_details_come_after_the_reason) {
    struct status status = {0};
    status_set(&status, STATUS_FAILED_PRECONDITION, "CLAUSES_MISSING", "missing");
    Depositary__V1__MissingClauses missing = DEPOSITARY__V1__MISSING_CLAUSES__INIT;
    for (unsigned i = 0; i < 3; i++) {
        missing.from_place = i;
        missing.count = 1;
        ck_assert_int_eq(status_add_detail(&status, &missing.base), 0);
    }
    const Depositary__V1__Status *read = print_and_unpack(&status);
    ck_assert_uint_eq(read->n_details, 4);
    ck_assert_str_eq(read->details[0]->type_url, "type.googleapis.com/google.rpc.ErrorInfo");
    ck_assert_str_eq(read->details[3]->type_url, "type.googleapis.com/depositary.v1.MissingClauses");
    status_clear(&status);
    ck_assert_ptr_null(status.extra.data);
}
END_TEST

START_TEST(long_message_is_cut_between_code_points) {
    struct status status = {0};
    char text[1000];
    for (size_t i = 0; i + 3 < sizeof(text); i += 3) {
        memcpy(text + i, "\xE2\x82\xAC", 4);
    }
    for (unsigned shift = 0; shift < 3; shift++) {
        status_set(&status, STATUS_UNKNOWN, NULL, "%.*s%s", (int)shift, "ab", text);
        ck_assert_uint_gt(strlen(status.message), 400);
        ck_assert(utf8_valid(bytes_text(status.message)));
    }
}
END_TEST

START_TEST(detail_that_cannot_be_read_is_passed_over) {
    uint8_t garbage[] = {0x0A, 0xFF};
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    char url[] = "type.googleapis.com/google.rpc.ErrorInfo";
    any.type_url = url;
    any.value = (ProtobufCBinaryData){sizeof(garbage), garbage};
    Google__Protobuf__Any *details[] = {&any};
    Depositary__V1__Status message = DEPOSITARY__V1__STATUS__INIT;
    message.code = 5;
    message.n_details = 1;
    message.details = details;
    struct status_view view;
    ck_assert_int_eq(status_read(&view, &message, &arena), 0);
    ck_assert_int_eq(view.code, 5);
    ck_assert_str_eq(view.reason, "");
}
END_TEST

START_TEST(reason_of_another_domain_is_not_ours) {
    uint8_t info[] = "\x0A\x01R\x12\x05other";
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    char url[] = "type.googleapis.com/google.rpc.ErrorInfo";
    any.type_url = url;
    any.value = (ProtobufCBinaryData){sizeof(info) - 1, info};
    Google__Protobuf__Any *details[] = {&any};
    Depositary__V1__Status message = DEPOSITARY__V1__STATUS__INIT;
    message.n_details = 1;
    message.details = details;
    struct status_view view;
    ck_assert_int_eq(status_read(&view, &message, &arena), 0);
    ck_assert_str_eq(view.reason, "");
}
END_TEST

START_TEST(names_are_those_of_grpc) {
    ck_assert_str_eq(status_name(0), "OK");
    ck_assert_str_eq(status_name(STATUS_OUT_OF_RANGE), "OUT_OF_RANGE");
    ck_assert_str_eq(status_name(16), "UNAUTHENTICATED");
    ck_assert_str_eq(status_name(17), "UNKNOWN");
    ck_assert_str_eq(status_name(-1), "UNKNOWN");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("status");
    TCase *tests = tcase_create("status");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, reason_and_message_come_back);
    tcase_add_test(tests, bad_field_comes_back);
    tcase_add_test(tests, further_details_come_after_the_reason);
    tcase_add_test(tests, long_message_is_cut_between_code_points);
    tcase_add_test(tests, detail_that_cannot_be_read_is_passed_over);
    tcase_add_test(tests, reason_of_another_domain_is_not_ours);
    tcase_add_test(tests, names_are_those_of_grpc);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
