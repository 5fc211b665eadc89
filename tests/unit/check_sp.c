/* The SP protocol on byte streams: frames are believed as far as they have come, and nothing that is no request is taken for one. */
#include "server/sp.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT 1000u

static uint8_t frame[4096];

/* A frame of a trace of `hops` words and a number, and a body of `body_len` bytes; returns its length. */
static size_t make(enum sp_carrier carrier, unsigned hops, size_t body_len) {
    uint8_t trace[64] = {0};
    for (unsigned i = 0; i < hops; i++) {
        trace[4 * i + 3] = (uint8_t)(i + 1);
    }
    trace[4 * hops] = 0x80;
    trace[4 * hops + 3] = 0x2A;
    uint8_t *body = sp_frame_write(frame, carrier, bytes_of(trace, 4 * (hops + 1)), body_len);
    memset(body, 'b', body_len);
    return sp_frame_len(carrier, 4 * (hops + 1), body_len);
}

START_TEST(greeting_is_a_repliers_and_wants_a_requester) {
    const uint8_t requester[SP_GREETING_LEN] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
    uint8_t own[SP_GREETING_LEN];
    sp_greeting(own, SP_REPLIER);
    ck_assert_mem_eq(own, "\0SP\0\0\x31\0\0", SP_GREETING_LEN);
    ck_assert(sp_is_greeting(requester, SP_REQUESTER));
    ck_assert(!sp_is_greeting(own, SP_REQUESTER));
    for (size_t i = 0; i < SP_GREETING_LEN; i++) {
        uint8_t other[SP_GREETING_LEN];
        memcpy(other, requester, sizeof(other));
        other[i] ^= 1;
        ck_assert(!sp_is_greeting(other, SP_REQUESTER));
    }
}
END_TEST

START_TEST(frame_that_was_written_is_read) {
    const enum sp_carrier carrier = _i % 2 ? SP_IPC : SP_TCP;
    const unsigned hops = (unsigned)_i / 2;
    struct sp_request request;
    size_t len = make(carrier, hops, 20);
    frame[len] = 0xFF; /* the next frame is none of this one's business */
    ck_assert_int_eq(sp_read(&request, bytes_of(frame, len + 1), carrier, LIMIT), SP_WHOLE);
    ck_assert_uint_eq(request.frame_len, len);
    ck_assert_uint_eq(request.trace.len, 4 * (hops + 1));
    ck_assert_uint_eq(request.body.len, 20);
    ck_assert_uint_eq(request.body.data[0], 'b');
}
END_TEST

START_TEST(part_of_a_frame_is_a_part) {
    const enum sp_carrier carrier = _i ? SP_IPC : SP_TCP;
    struct sp_request request;
    size_t len = make(carrier, 1, 20);
    for (size_t part = 0; part < len; part++) {
        ck_assert_int_eq(sp_read(&request, bytes_of(frame, part), carrier, LIMIT), SP_PART);
    }
}
END_TEST

START_TEST(forged_length_is_garbage_before_its_bytes_come) {
    struct sp_request request;
    make(SP_TCP, 0, 20);
    memset(frame, 0xFF, 8);
    ck_assert_int_eq(sp_read(&request, bytes_of(frame, 8), SP_TCP, LIMIT), SP_GARBAGE);
    memset(frame, 0, 8);
    frame[6] = (LIMIT + 1) >> 8;
    frame[7] = (LIMIT + 1) & 0xFF;
    ck_assert_int_eq(sp_read(&request, bytes_of(frame, 8), SP_TCP, LIMIT), SP_GARBAGE);
    frame[7]--;
    ck_assert_int_eq(sp_read(&request, bytes_of(frame, 8), SP_TCP, LIMIT), SP_PART);
}
END_TEST

START_TEST(frame_without_a_number_of_a_request_is_garbage) {
    struct sp_request request;
    size_t len = make(SP_TCP, 0, 0);
    frame[8] = 0;
    ck_assert_int_eq(sp_read(&request, bytes_of(frame, len), SP_TCP, LIMIT), SP_GARBAGE);
    frame[7] = 3; /* shorter than a word */
    ck_assert_int_eq(sp_read(&request, bytes_of(frame, len), SP_TCP, LIMIT), SP_GARBAGE);
    frame[7] = 0;
    ck_assert_int_eq(sp_read(&request, bytes_of(frame, len), SP_TCP, LIMIT), SP_GARBAGE);
    len = make(SP_IPC, 0, 4);
    frame[0] = 2;
    ck_assert_int_eq(sp_read(&request, bytes_of(frame, 1), SP_IPC, LIMIT), SP_GARBAGE);
}
END_TEST

START_TEST(request_of_too_many_devices_is_passed_over) {
    struct sp_request request;
    size_t len = make(SP_TCP, SP_HOPS_MAX + 1, 5);
    ck_assert_int_eq(sp_read(&request, bytes_of(frame, len), SP_TCP, LIMIT), SP_LOST);
    ck_assert_uint_eq(request.frame_len, len);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sp");
    TCase *tests = tcase_create("sp");
    tcase_add_test(tests, greeting_is_a_repliers_and_wants_a_requester);
    tcase_add_loop_test(tests, frame_that_was_written_is_read, 0, 2 * (SP_HOPS_MAX + 1));
    tcase_add_loop_test(tests, part_of_a_frame_is_a_part, 0, 2);
    tcase_add_test(tests, forged_length_is_garbage_before_its_bytes_come);
    tcase_add_test(tests, frame_without_a_number_of_a_request_is_garbage);
    tcase_add_test(tests, request_of_too_many_devices_is_passed_over);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
