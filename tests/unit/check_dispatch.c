/* The server half of a call: every bad request has its status, and a handler finds its own call. */
#include "rpc/dispatch.h"

#include "base/limits.h"
#include "base/time.h"
#include "depositary/v1/ledger.pb-c.h"
#include "rpc/call.h"
#include "rpc/wire.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONCE       BYTES("0123456789abcdef")
#define CHECKPOINT  "/depositary.v1.LedgerService/GetCheckpoint"
#define CONSISTENCY "/depositary.v1.LedgerService/GetConsistencyProof"
#define APPEND      "/depositary.v1.LedgerService/AppendEntries"
#define LIST        "/depositary.v1.LedgerService/ListEntries"
#define DEFAULT_NS  5000000000ull

/* ---- a service to be called */

static struct call *seen_call;
static unsigned calls;

static void test_get_checkpoint(Depositary__V1__LedgerService_Service *service,
                                const Depositary__V1__GetCheckpointRequest *input,
                                Depositary__V1__GetCheckpointResponse_Closure closure, void *closure_data) {
    (void)input;
    seen_call = call_of(service);
    calls++;
    char note[] = "note";
    Depositary__V1__LedgerState ledger = DEPOSITARY__V1__LEDGER_STATE__INIT;
    ledger.checkpoint = note;
    Depositary__V1__GetCheckpointResponse response = DEPOSITARY__V1__GET_CHECKPOINT_RESPONSE__INIT;
    response.ledger = &ledger;
    closure(&response, closure_data);
}

/* NOT_FOUND with a message, the status set after the closure. */
static void test_get_consistency_proof(Depositary__V1__LedgerService_Service *service,
                                       const Depositary__V1__GetConsistencyProofRequest *input,
                                       Depositary__V1__GetConsistencyProofResponse_Closure closure,
                                       void *closure_data) {
    (void)input;
    Depositary__V1__GetConsistencyProofResponse response = DEPOSITARY__V1__GET_CONSISTENCY_PROOF_RESPONSE__INIT;
    closure(&response, closure_data);
    status_set(&call_of(service)->status, STATUS_NOT_FOUND, "TEST", "not there");
}

/* A defect: no call of the closure. */
static void test_get_inclusion_proof(Depositary__V1__LedgerService_Service *service,
                                     const Depositary__V1__GetInclusionProofRequest *input,
                                     Depositary__V1__GetInclusionProofResponse_Closure closure, void *closure_data) {
    (void)service;
    (void)input;
    (void)closure;
    (void)closure_data;
}

/* More than a response may have. */
static void test_list_entries(Depositary__V1__LedgerService_Service *service,
                              const Depositary__V1__ListEntriesRequest *input,
                              Depositary__V1__ListEntriesResponse_Closure closure, void *closure_data) {
    (void)input;
    ProtobufCBinaryData *record = arena_alloc(call_of(service)->arena, sizeof(*record));
    record->len = LIMIT_RESPONSE + 1;
    record->data = arena_zalloc(call_of(service)->arena, record->len);
    Depositary__V1__ListEntriesResponse response = DEPOSITARY__V1__LIST_ENTRIES_RESPONSE__INIT;
    response.n_records = 1;
    response.records = record;
    closure(&response, closure_data);
}

/* A defect: no answer and no status. */
static void test_get_answer_key(Depositary__V1__LedgerService_Service *service,
                                const Depositary__V1__GetAnswerKeyRequest *input,
                                Depositary__V1__GetAnswerKeyResponse_Closure closure, void *closure_data) {
    (void)service;
    (void)input;
    closure(NULL, closure_data);
}

static void test_append_entries(Depositary__V1__LedgerService_Service *service,
                                const Depositary__V1__AppendEntriesRequest *input,
                                Depositary__V1__AppendEntriesResponse_Closure closure, void *closure_data) {
    (void)service;
    Depositary__V1__AppendEntriesResponse response = DEPOSITARY__V1__APPEND_ENTRIES_RESPONSE__INIT;
    response.ledger_size = input->n_records;
    closure(&response, closure_data);
}

static void test_put_clauses(Depositary__V1__LedgerService_Service *service,
                             const Depositary__V1__PutClausesRequest *input,
                             Depositary__V1__PutClausesResponse_Closure closure, void *closure_data) {
    (void)service;
    (void)input;
    closure(NULL, closure_data);
}

static const Depositary__V1__LedgerService_Service test_service = DEPOSITARY__V1__LEDGER_SERVICE__INIT(test_);
static const struct service_entry services[] = {
    {&depositary__v1__ledger_service__descriptor, &test_service.base, sizeof(test_service)},
};

/* ---- asking it */

static struct arena arena;
static struct buffer request;
static struct buffer answer;
static struct call call;

static void set_up(void) {
    arena_init(&arena, CALL_ARENA_MAX);
    buffer_init(&request, LIMIT_SOCKET);
    buffer_init(&answer, LIMIT_SOCKET);
    seen_call = NULL;
    calls = 0;
}

static void tear_down(void) {
    arena_free(&arena);
    buffer_free(&request);
    buffer_free(&answer);
}

/* Dispatches what stands in `request`, and reads the answer back as a client does. */
static struct call_answer ask(const char *method) {
    call = (struct call){.arena = &arena, .peer = ""};
    buffer_clear(&answer);
    ck_assert_int_eq(dispatch(&call, services, 1, buffer_bytes(&request), DEFAULT_NS, &answer), 0);
    struct call_answer read;
    ck_assert_int_eq(answer_read(&read, method_find(bytes_text(method)), buffer_bytes(&answer), &arena, NULL), 0);
    return read;
}

static void start_request(const char *method) {
    buffer_clear(&request);
    wire_append_bytes(&request, 1, bytes_text(method));
    wire_append_bytes(&request, 3, NONCE);
}

START_TEST(good_call_is_answered_by_its_handler) {
    start_request(CHECKPOINT);
    struct call_answer read = ask(CHECKPOINT);
    ck_assert_int_eq(read.status.code, STATUS_OK);
    ck_assert_ptr_null(read.raw_status);
    ck_assert_str_eq(((const Depositary__V1__GetCheckpointResponse *)read.message)->ledger->checkpoint, "note");
    ck_assert_ptr_eq(seen_call, &call);
    ck_assert_uint_eq(calls, 1);
}
END_TEST

START_TEST(status_with_a_message_keeps_both) {
    start_request(CONSISTENCY);
    struct call_answer read = ask(CONSISTENCY);
    ck_assert_int_eq(read.status.code, STATUS_NOT_FOUND);
    ck_assert_str_eq(read.status.reason, "TEST");
    ck_assert_ptr_null(read.message); /* an empty one leaves no trace */
}
END_TEST

START_TEST(unreadable_request_is_internal) {
    buffer_clear(&request);
    buffer_append(&request, BYTES("\xFF\xFFgarbage"));
    struct call_answer read = ask(CHECKPOINT);
    ck_assert_int_eq(read.status.code, STATUS_INTERNAL);
    ck_assert_str_eq(read.status.reason, "UNREADABLE");
    ck_assert_ptr_nonnull(strstr(read.status.message, "unreadable"));
    ck_assert_uint_eq(calls, 0);
}
END_TEST

START_TEST(empty_request_is_an_unknown_method) {
    buffer_clear(&request);
    ck_assert_int_eq(ask(CHECKPOINT).status.code, STATUS_UNIMPLEMENTED);
}
END_TEST

START_TEST(unknown_method_is_unimplemented) {
    static const char *const unknown[] = {"depositary.v1.LedgerService/GetCheckpoint", CHECKPOINT "x",
                                          "/depositary.v1.LedgerService", "/depositary.v2.LedgerService/GetCheckpoint"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        start_request(unknown[i]);
        ck_assert_int_eq(ask(CHECKPOINT).status.code, STATUS_UNIMPLEMENTED);
    }
}
END_TEST

START_TEST(service_that_is_not_there_is_unimplemented) {
    start_request("/grpc.health.v1.Health/Check");
    ck_assert_int_eq(ask("/grpc.health.v1.Health/Check").status.code, STATUS_UNIMPLEMENTED);
}
END_TEST

START_TEST(nonce_outside_its_bounds_is_refused) {
    const size_t lens[] = {0, 1, LIMIT_NONCE_MIN - 1, LIMIT_NONCE_MAX + 1};
    uint8_t nonce[LIMIT_NONCE_MAX + 1] = {0};
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        buffer_clear(&request);
        wire_append_bytes(&request, 1, bytes_text(CHECKPOINT));
        wire_append_bytes(&request, 3, bytes_of(nonce, lens[i]));
        struct call_answer read = ask(CHECKPOINT);
        ck_assert_int_eq(read.status.code, STATUS_INVALID_ARGUMENT);
        ck_assert_str_eq(read.status.field, "nonce");
    }
    buffer_clear(&request);
    wire_append_bytes(&request, 1, bytes_text(CHECKPOINT));
    wire_append_bytes(&request, 3, bytes_of(nonce, LIMIT_NONCE_MAX));
    ck_assert_int_eq(ask(CHECKPOINT).status.code, STATUS_OK);
}
END_TEST

/* Fills the request with an unknown field up to len bytes. */
static void pad_request(const char *method, size_t len) {
    start_request(method);
    size_t pad = len - request.len - 1 - wire_varint_len(len);
    uint8_t *zeros = calloc(1, pad);
    ck_assert_ptr_nonnull(zeros);
    wire_append_bytes(&request, 9, bytes_of(zeros, pad));
    free(zeros);
}

START_TEST(large_request_is_for_large_methods_only) {
    pad_request(CHECKPOINT, LIMIT_REQUEST);
    ck_assert_int_eq(ask(CHECKPOINT).status.code, STATUS_OK);
    pad_request(CHECKPOINT, LIMIT_REQUEST + 8);
    ck_assert_int_eq(ask(CHECKPOINT).status.code, STATUS_RESOURCE_EXHAUSTED);
    pad_request(APPEND, LIMIT_REQUEST_APPEND - 8);
    ck_assert_int_eq(ask(APPEND).status.code, STATUS_OK);
    pad_request(APPEND, LIMIT_REQUEST_APPEND + 8);
    ck_assert_int_eq(ask(APPEND).status.code, STATUS_RESOURCE_EXHAUSTED);
}
END_TEST

START_TEST(largest_append_fits_in_the_arena) {
    struct buffer message;
    buffer_init(&message, LIMIT_SOCKET);
    static const uint8_t record[64] = {0};
    while (message.len < LIMIT_REQUEST_APPEND - 256) {
        wire_append_bytes(&message, 1, bytes_of(record, sizeof(record)));
    }
    start_request(APPEND);
    wire_append_bytes(&request, 2, buffer_bytes(&message));
    struct call_answer read = ask(APPEND);
    ck_assert_int_eq(read.status.code, STATUS_OK);
    ck_assert_uint_gt(((const Depositary__V1__AppendEntriesResponse *)read.message)->ledger_size, 60000);
    buffer_free(&message);
}
END_TEST

static int ask_with_timeout(struct bytes timeout) {
    start_request(CHECKPOINT);
    wire_append_bytes(&request, 4, timeout);
    return ask(CHECKPOINT).status.code;
}

START_TEST(malformed_timeouts_are_refused) {
    ck_assert_int_eq(ask_with_timeout(BYTES("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01")), STATUS_INVALID_ARGUMENT);
    ck_assert_int_eq(ask_with_timeout(BYTES("\x10\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01")), STATUS_INVALID_ARGUMENT);
    ck_assert_int_eq(ask_with_timeout(BYTES("\x10\x80\x94\xEB\xDC\x03")), STATUS_INVALID_ARGUMENT); /* 10^9 ns */
    ck_assert_int_eq(ask_with_timeout(BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x40")), STATUS_INVALID_ARGUMENT);
}
END_TEST

START_TEST(no_time_left_is_past_the_deadline) {
    ck_assert_int_eq(ask_with_timeout(BYTES("")), STATUS_DEADLINE_EXCEEDED);
    ck_assert_uint_eq(calls, 0);
}
END_TEST

START_TEST(timeout_never_exceeds_the_servers) {
    ck_assert_int_eq(ask_with_timeout(BYTES("\x08\x01")), STATUS_OK);
    uint64_t now = clock_monotonic_ns();
    ck_assert_uint_le(call.deadline_ns, now + 1000000000);
    ck_assert_uint_gt(call.deadline_ns, now);
    ck_assert_int_eq(ask_with_timeout(BYTES("\x08\x80\xA8\xD6\xB9\x07")), STATUS_OK); /* 2,000,000,000 s */
    ck_assert_uint_le(call.deadline_ns, clock_monotonic_ns() + DEFAULT_NS);
    ck_assert_int_eq(ask_with_timeout(BYTES("\x08\x80\xBC\xAE\xCE\x97\x09")), STATUS_OK); /* 315,576,000,000 s */
    ck_assert_uint_le(call.deadline_ns, clock_monotonic_ns() + DEFAULT_NS);
}
END_TEST

static int ask_with_metadata(struct bytes pair) {
    start_request(CHECKPOINT);
    wire_append_bytes(&request, 5, pair);
    return ask(CHECKPOINT).status.code;
}

START_TEST(metadata_keys_follow_grpc) {
    ck_assert_int_eq(ask_with_metadata(BYTES("\x0A\x01k\x12\x01v")), STATUS_OK);
    ck_assert_int_eq(ask_with_metadata(BYTES("\x0A\x05k-bin\x1A\x02\x00\xFF")), STATUS_OK);
    ck_assert_int_eq(ask_with_metadata(BYTES("\x0A\x01K\x12\x01v")), STATUS_INVALID_ARGUMENT);     /* upper case */
    ck_assert_int_eq(ask_with_metadata(BYTES("\x0A\x02k \x12\x01v")), STATUS_INVALID_ARGUMENT);    /* space */
    ck_assert_int_eq(ask_with_metadata(BYTES("\x12\x01v")), STATUS_INVALID_ARGUMENT);              /* no key */
    ck_assert_int_eq(ask_with_metadata(BYTES("\x0A\x05k-bin\x12\x01v")), STATUS_INVALID_ARGUMENT); /* text in -bin */
    ck_assert_int_eq(ask_with_metadata(BYTES("\x0A\x01k\x1A\x01v")), STATUS_INVALID_ARGUMENT);     /* bytes, no -bin */
    ck_assert_int_eq(ask_with_metadata(BYTES("\x0A\x01k")), STATUS_INVALID_ARGUMENT);              /* no value */
    ck_assert_int_eq(ask_with_metadata(BYTES("\x0A\x01k\x12\x02v\x7F")), STATUS_INVALID_ARGUMENT); /* control */
    ck_assert_int_eq(ask_with_metadata(BYTES("\x0A\x01k\x12\x02\xC3\xA4")), STATUS_INVALID_ARGUMENT);
}
END_TEST

START_TEST(reserved_metadata_keys_are_refused) {
    ck_assert_int_eq(ask_with_metadata(BYTES("\x0A\x0Cgrpc-timeout\x12\x02"
                                             "1S")),
                     STATUS_INVALID_ARGUMENT);
    ck_assert_int_eq(ask_with_metadata(BYTES("\x0A\x09my-grpc-x\x12\x01v")), STATUS_OK);
}
END_TEST

static void add_pair(const char *key, struct bytes value) {
    struct buffer pair;
    buffer_init(&pair, LIMIT_SOCKET);
    wire_append_bytes(&pair, 1, bytes_text(key));
    wire_append_bytes(&pair, 2, value);
    wire_append_bytes(&request, 5, buffer_bytes(&pair));
    buffer_free(&pair);
}

/* 8 KiB, keys, values and 32 for each pair counted; one byte more is too much. */
START_TEST(metadata_has_a_size) {
    static char value[8192];
    memset(value, 'v', sizeof(value));
    for (size_t more = 0; more <= 1; more++) {
        start_request(CHECKPOINT);
        add_pair("a", bytes_of(value, 4096 - 33));
        add_pair("b", bytes_of(value, 4096 - 33 + more));
        struct call_answer read = ask(CHECKPOINT);
        ck_assert_int_eq(read.status.code, more ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK);
        ck_assert_str_eq(read.status.reason, more ? "METADATA_SIZE" : "");
    }
}
END_TEST

#define TRACE_IDS "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define TRACE     "00-" TRACE_IDS

static const char *traceparent_of(const char *value) {
    start_request(CHECKPOINT);
    add_pair("traceparent", bytes_text(value));
    ck_assert_int_eq(ask(CHECKPOINT).status.code, STATUS_OK);
    return call.traceparent;
}

START_TEST(traceparent_goes_out_again) {
    ck_assert_str_eq(traceparent_of(TRACE), TRACE);
    struct bytes bytes = buffer_bytes(&answer);
    struct bytes tail = bytes_slice(bytes, bytes.len - 72, 72);
    ck_assert(bytes_equal(tail, BYTES("\x1A\x46\x0A\x0Btraceparent\x12\x37" TRACE)));
}
END_TEST

/* W3C Trace Context: what is no traceparent is as if it were not there. */
START_TEST(traceparent_that_is_none_is_passed_over) {
    ck_assert_str_eq(traceparent_of("00-ab"), "");
    ck_assert_str_eq(traceparent_of(TRACE "0"), "");
    ck_assert_str_eq(traceparent_of(TRACE "-more"), ""); /* version 00 has no more; a later one may */
    ck_assert_str_eq(traceparent_of("01-" TRACE_IDS "-more"), "01-" TRACE_IDS "-more");
    ck_assert_str_eq(traceparent_of("ff-" TRACE_IDS), "");
    ck_assert_str_eq(traceparent_of("00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), "");
    ck_assert_str_eq(traceparent_of("00-00000000000000000000000000000000-00f067aa0ba902b7-01"), "");
    ck_assert_str_eq(traceparent_of("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"), "");
    ck_assert_str_eq(traceparent_of("00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01"), "");
}
END_TEST

/* ---- work that is for nothing */

START_TEST(caller_that_has_gone_costs_no_work) {
    bool is_gone = true;
    start_request(CHECKPOINT);
    call = (struct call){.arena = &arena, .peer = "", .is_gone = &is_gone};
    buffer_clear(&answer);
    ck_assert_int_eq(dispatch(&call, services, 1, buffer_bytes(&request), DEFAULT_NS, &answer), 0);
    ck_assert_int_eq(call.status.code, STATUS_CANCELLED);
    ck_assert_uint_eq(calls, 0);
}
END_TEST

START_TEST(deadline_is_looked_at_before_the_work) {
    struct bytes message;
    struct bytes response;
    start_request(CHECKPOINT);
    call = (struct call){.arena = &arena, .peer = ""};
    ck_assert_int_eq(call_accept(&call, buffer_bytes(&request), DEFAULT_NS, &message), STATUS_OK);
    call.deadline_ns = clock_monotonic_ns(); /* it waited for so long */
    call_handle(&call, services, 1, message, &response);
    ck_assert_int_eq(call.status.code, STATUS_DEADLINE_EXCEEDED);
    ck_assert_str_eq(call.status.reason, "DEADLINE");
    ck_assert_uint_eq(calls, 0);
    call_clean_up(&call);
}
END_TEST

START_TEST(unreadable_message_is_internal) {
    start_request(LIST);
    wire_append_bytes(&request, 2, BYTES("\x0A\x01x"));
    struct call_answer read = ask(LIST);
    ck_assert_int_eq(read.status.code, STATUS_INTERNAL);
    ck_assert_str_eq(read.status.reason, "UNREADABLE");
}
END_TEST

START_TEST(answer_past_the_limit_is_refused) {
    start_request(LIST);
    ck_assert_int_eq(ask(LIST).status.code, STATUS_RESOURCE_EXHAUSTED);
}
END_TEST

START_TEST(handler_without_an_answer_is_internal) {
    start_request("/depositary.v1.LedgerService/GetInclusionProof");
    ck_assert_int_eq(ask(CHECKPOINT).status.code, STATUS_INTERNAL);
    start_request("/depositary.v1.LedgerService/GetAnswerKey");
    ck_assert_int_eq(ask(CHECKPOINT).status.code, STATUS_INTERNAL);
}
END_TEST

START_TEST(table_has_every_method_of_every_service) {
    size_t count;
    const struct method *table = method_table(&count);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct method *method = &table[i];
        ck_assert_uint_lt(method->index, method->service->n_methods);
        const ProtobufCMethodDescriptor *descriptor = &method->service->methods[method->index];
        char name[256];
        snprintf(name, sizeof(name), "/%s/%s", method->service->name, descriptor->name);
        ck_assert_str_eq(method->full_name, name);
        ck_assert_ptr_eq(method->input, descriptor->input);
        ck_assert_ptr_eq(method->output, descriptor->output);
        ck_assert_ptr_eq(method_find(bytes_text(name)), method);
        ck_assert_ptr_eq(method_of(method->service, method->index), method);
        found += method->index == 0 ? method->service->n_methods : 0;
    }
    ck_assert_uint_eq(found, count);
    ck_assert_uint_eq(count, 16);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("dispatch");
    TCase *tests = tcase_create("dispatch");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, unreadable_request_is_internal);
    tcase_add_test(tests, empty_request_is_an_unknown_method);
    tcase_add_test(tests, unknown_method_is_unimplemented);
    tcase_add_test(tests, service_that_is_not_there_is_unimplemented);
    tcase_add_test(tests, nonce_outside_its_bounds_is_refused);
    tcase_add_test(tests, large_request_is_for_large_methods_only);
    tcase_add_test(tests, largest_append_fits_in_the_arena);
    tcase_add_test(tests, malformed_timeouts_are_refused);
    tcase_add_test(tests, no_time_left_is_past_the_deadline);
    tcase_add_test(tests, timeout_never_exceeds_the_servers);
    tcase_add_test(tests, metadata_keys_follow_grpc);
    tcase_add_test(tests, unreadable_message_is_internal);
    tcase_add_test(tests, answer_past_the_limit_is_refused);
    tcase_add_test(tests, handler_without_an_answer_is_internal);
    tcase_add_test(tests, good_call_is_answered_by_its_handler);
    tcase_add_test(tests, status_with_a_message_keeps_both);
    tcase_add_test(tests, reserved_metadata_keys_are_refused);
    tcase_add_test(tests, metadata_has_a_size);
    tcase_add_test(tests, traceparent_goes_out_again);
    tcase_add_test(tests, traceparent_that_is_none_is_passed_over);
    tcase_add_test(tests, caller_that_has_gone_costs_no_work);
    tcase_add_test(tests, deadline_is_looked_at_before_the_work);
    tcase_add_test(tests, table_has_every_method_of_every_service);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
