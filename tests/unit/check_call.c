/* The client half of a call: what is printed is read back, and a response that is not one is refused. */
#include "rpc/call.h"

#include "base/limits.h"
#include "depositary/v1/depositary.pb-c.h"
#include "depositary/v1/ledger.pb-c.h"
#include "rpc/dispatch.h"
#include "rpc/guard.h"
#include "rpc/wire.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define NONCE BYTES("0123456789abcdef0123456789abcdef")
#define GET   "/depositary.v1.DepositaryService/GetClause"
#define PUT   "/depositary.v1.LedgerService/PutClauses"

static struct arena arena;
static struct buffer out;
static struct fault fault;

static void set_up(void) {
    arena_init(&arena, LIMIT_SOCKET * 2);
    buffer_init(&out, LIMIT_SOCKET);
    fault = (struct fault){0};
}

static void tear_down(void) {
    arena_free(&arena);
    buffer_free(&out);
}

static int print_get_clause(const struct method *method, struct bytes nonce, uint64_t timeout_ms) {
    char eid[] = "cl_7";
    Depositary__V1__ClauseName name = DEPOSITARY__V1__CLAUSE_NAME__INIT;
    name.eid = eid;
    Depositary__V1__GetClauseRequest message = DEPOSITARY__V1__GET_CLAUSE_REQUEST__INIT;
    message.name = &name;
    buffer_clear(&out);
    return call_print(&out, method, &message.base, nonce, timeout_ms, "00-ab");
}

START_TEST(request_is_read_back) {
    const struct method *method = method_find(bytes_text(GET));
    ck_assert_int_eq(print_get_clause(method, NONCE, 1500), 0);
    struct call_request read;
    ck_assert_int_eq(call_read(&read, buffer_bytes(&out), &arena, &fault), 0);
    ck_assert_ptr_eq(read.method, method);
    ck_assert(bytes_equal(read.nonce, NONCE));
    ck_assert_str_eq(((const Depositary__V1__GetClauseRequest *)read.message)->name->eid, "cl_7");
    ProtobufCMessage *message = NULL;
    ck_assert_int_eq(guard_unpack(&message, &depositary__v1__request__descriptor, buffer_bytes(&out), &arena, &fault),
                     0);
    const Depositary__V1__Request *request = (const Depositary__V1__Request *)message;
    ck_assert_int_eq(request->timeout->seconds, 1);
    ck_assert_int_eq(request->timeout->nanos, 500000000);
    ck_assert_uint_eq(request->n_metadata, 1);
    ck_assert_str_eq(request->metadata[0]->key, "traceparent");
    ck_assert_str_eq(request->metadata[0]->text, "00-ab");
}
END_TEST

/* Found by fuzzing one half against the other: the key "-bin", and a time limit past a Duration's. */
START_TEST(what_is_printed_is_accepted) {
    const struct method *method = method_find(bytes_text(GET));
    struct call call = {.arena = &arena};
    struct buffer metadata;
    struct bytes message;
    buffer_init(&metadata, 1024);
    ck_assert_int_eq(call_metadata_print(&metadata, BYTES("-bin"), BYTES("\xFF"), &fault), 0);
    const struct call_head head = {NONCE, UINT64_MAX, buffer_bytes(&metadata)};
    ck_assert_int_eq(call_print_encoded(&out, method, BYTES(""), &head), 0);
    ck_assert_int_eq(call_accept(&call, buffer_bytes(&out), 1000, &message), STATUS_OK);
    buffer_free(&metadata);
    call_clean_up(&call);
}
END_TEST

START_TEST(request_of_another_method_or_without_a_nonce_is_not_printed) {
    ck_assert_int_eq(print_get_clause(method_find(bytes_text(PUT)), NONCE, 0), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(print_get_clause(method_find(bytes_text(GET)), BYTES("short"), 0), DEPOSITARY_E_ARGUMENT);
}
END_TEST

START_TEST(request_past_its_methods_limit_is_not_printed) {
    char *quote = malloc(LIMIT_REQUEST + 1);
    ck_assert_ptr_nonnull(quote);
    memset(quote, 'a', LIMIT_REQUEST);
    quote[LIMIT_REQUEST] = '\0';
    Depositary__V1__CheckQuoteRequest message = DEPOSITARY__V1__CHECK_QUOTE_REQUEST__INIT;
    message.quote = quote;
    const struct method *method = method_find(BYTES("/depositary.v1.DepositaryService/CheckQuote"));
    ck_assert_int_eq(call_print(&out, method, &message.base, NONCE, 0, NULL), DEPOSITARY_E_LIMIT);
    free(quote);
}
END_TEST

START_TEST(request_of_an_unknown_method_is_not_read) {
    wire_append_bytes(&out, 1, BYTES("/depositary.v1.DepositaryService/Forget"));
    struct call_request read;
    ck_assert_int_eq(call_read(&read, buffer_bytes(&out), &arena, &fault), DEPOSITARY_E_FORMAT);
}
END_TEST

static struct seal make_seal(uint64_t index, size_t path_count) {
    struct seal seal = {
        .public_key = BYTES("01234567890123456789012345678901"),
        .head = BYTES("head"),
        .signature = BYTES("0123456789012345678901234567890123456789012345678901234567890123"),
        .index = index,
    };
    seal.path.count = path_count;
    for (size_t i = 0; i < path_count; i++) {
        memset(seal.path.hashes[i].bytes, (int)(i + 1), HASH_LEN);
    }
    return seal;
}

START_TEST(response_is_read_back) {
    const struct {
        uint64_t index;
        size_t path_count;
    } seals[] = {{0, 0}, {1, 1}, {1023, 10}};
    for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
        struct seal made = make_seal(seals[i].index, seals[i].path_count);
        buffer_clear(&out);
        ck_assert_int_eq(response_print(&out, BYTES("an answer"), &made), 0);
        struct bytes answer;
        struct seal read;
        ck_assert_int_eq(response_read(&answer, &read, buffer_bytes(&out), &arena, &fault), 0);
        ck_assert(bytes_equal(answer, BYTES("an answer")));
        ck_assert(bytes_equal(read.public_key, made.public_key));
        ck_assert(bytes_equal(read.head, made.head));
        ck_assert(bytes_equal(read.signature, made.signature));
        ck_assert_uint_eq(read.index, made.index);
        ck_assert_uint_eq(read.path.count, made.path.count);
        ck_assert_mem_eq(read.path.hashes, made.path.hashes, made.path.count * sizeof(struct hash));
    }
}
END_TEST

/* What is written by hand is what protobuf-c would write. */
START_TEST(response_is_encoded_as_protobuf_c_would) {
    struct seal made = make_seal(300, 9);
    ck_assert_int_eq(response_print(&out, BYTES("an answer"), &made), 0);
    ProtobufCMessage *message = NULL;
    ck_assert_int_eq(guard_unpack(&message, &depositary__v1__response__descriptor, buffer_bytes(&out), &arena, &fault),
                     0);
    struct buffer again;
    buffer_init(&again, LIMIT_SOCKET);
    wire_append_message(&again, message);
    ck_assert(bytes_equal(buffer_bytes(&again), buffer_bytes(&out)));
    buffer_free(&again);
}
END_TEST

START_TEST(response_without_a_seal_is_refused) {
    wire_append_bytes(&out, 1, BYTES("an answer"));
    struct bytes answer;
    struct seal seal;
    ck_assert_int_eq(response_read(&answer, &seal, buffer_bytes(&out), &arena, &fault), DEPOSITARY_E_SEAL_MISSING);
    ck_assert_int_eq(response_read(&answer, &seal, bytes_of(NULL, 0), &arena, &fault), DEPOSITARY_E_SEAL_MISSING);
}
END_TEST

START_TEST(garbage_and_wrong_hashes_are_no_response) {
    struct bytes answer;
    struct seal seal;
    ck_assert_int_eq(response_read(&answer, &seal, BYTES("\xFF"), &arena, &fault), DEPOSITARY_E_RESPONSE);
    wire_append_bytes(&out, 2,
                      BYTES("\x2A\x02"
                            "ab")); /* a path of two bytes */
    ck_assert_int_eq(response_read(&answer, &seal, buffer_bytes(&out), &arena, &fault), DEPOSITARY_E_RESPONSE);
    struct seal long_seal = make_seal(0, LIMIT_PATH);
    buffer_clear(&out);
    ck_assert_int_eq(response_print(&out, BYTES(""), &long_seal), 0);
    ck_assert_int_eq(response_read(&answer, &seal, buffer_bytes(&out), &arena, &fault), 0);
}
END_TEST

START_TEST(two_seals_are_no_response) {
    wire_append_bytes(&out, 2, BYTES("\x12\x01h"));
    wire_append_bytes(&out, 2, BYTES("\x12\x01h"));
    struct bytes answer;
    struct seal seal;
    ck_assert_int_eq(response_read(&answer, &seal, buffer_bytes(&out), &arena, &fault), DEPOSITARY_E_RESPONSE);
}
END_TEST

START_TEST(empty_answer_is_ok_with_an_empty_message) {
    struct call_answer answer;
    ck_assert_int_eq(answer_read(&answer, method_find(bytes_text(GET)), bytes_of(NULL, 0), &arena, &fault), 0);
    ck_assert_int_eq(answer.status.code, STATUS_OK);
    ck_assert_ptr_nonnull(answer.message);
    ck_assert_ptr_eq(answer.message->descriptor, &depositary__v1__get_clause_response__descriptor);
}
END_TEST

START_TEST(status_without_a_message_has_none) {
    wire_append_bytes(&out, 1, BYTES("\x08\x05"));
    struct call_answer answer;
    ck_assert_int_eq(answer_read(&answer, method_find(bytes_text(GET)), buffer_bytes(&out), &arena, &fault), 0);
    ck_assert_int_eq(answer.status.code, STATUS_NOT_FOUND);
    ck_assert_ptr_nonnull(answer.raw_status);
    ck_assert_ptr_null(answer.message);
    wire_append_bytes(&out, 2, BYTES("\x0A\x00"));
    ck_assert_int_eq(answer_read(&answer, method_find(bytes_text(GET)), buffer_bytes(&out), &arena, &fault), 0);
    ck_assert_ptr_nonnull(answer.message);
}
END_TEST

START_TEST(message_that_is_not_the_methods_is_refused) {
    wire_append_bytes(&out, 2, BYTES("\x08\x01"));
    struct call_answer answer;
    ck_assert_int_eq(answer_read(&answer, method_find(bytes_text(GET)), buffer_bytes(&out), &arena, &fault),
                     DEPOSITARY_E_RESPONSE);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("call");
    TCase *tests = tcase_create("call");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, response_without_a_seal_is_refused);
    tcase_add_test(tests, garbage_and_wrong_hashes_are_no_response);
    tcase_add_test(tests, two_seals_are_no_response);
    tcase_add_test(tests, message_that_is_not_the_methods_is_refused);
    tcase_add_test(tests, request_of_another_method_or_without_a_nonce_is_not_printed);
    tcase_add_test(tests, request_past_its_methods_limit_is_not_printed);
    tcase_add_test(tests, request_of_an_unknown_method_is_not_read);
    tcase_add_test(tests, request_is_read_back);
    tcase_add_test(tests, what_is_printed_is_accepted);
    tcase_add_test(tests, response_is_read_back);
    tcase_add_test(tests, response_is_encoded_as_protobuf_c_would);
    tcase_add_test(tests, empty_answer_is_ok_with_an_empty_message);
    tcase_add_test(tests, status_without_a_message_has_none);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
