/* Pushing to servers that fail, forget, restart and lie: src/office/push.c and append.c. */
#include "office_maker.h"

#include "base/limits.h"

#include <check.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static struct made_office made;
static struct fault fault;

static void set_up(void) {
    fault = (struct fault){0};
    made_office_init(&made);
}

static void tear_down(void) {
    made_office_free(&made);
}

/* Three checkpoints: a key, an instrument of three clauses, an instrument of many. */
static void fill(void) {
    struct buffer text;
    made_sign_key(&made, 1);
    ck_assert_int_eq(made_deposit(&made, "first", BYTES("one\ntwo\nthree\n"), NULL, MADE_NOW, &fault), 0);
    buffer_init(&text, 1024 * 1024);
    for (int i = 0; i < 2500; i++) {
        buffer_append_format(&text, "clause %d\n", i);
    }
    ck_assert_int_eq(made_deposit(&made, "second", buffer_bytes(&text), NULL, MADE_NOW + 1, &fault), 0);
    buffer_free(&text);
}

static int push(struct made_server *server, uint64_t *sent) {
    *sent = 99;
    return office_push(made.office_open, &server->link, sent, &fault);
}

START_TEST(an_empty_server_gets_everything_and_then_nothing) {
    struct made_server server;
    uint64_t sent;
    fill();
    made_server_init(&server, &made, "server.db");
    ck_assert_int_eq(push(&server, &sent), 0);
    ck_assert_uint_eq(sent, 3);
    ck_assert(made_server_equals(&server, &made));
    unsigned calls = server.calls;
    ck_assert_int_eq(push(&server, &sent), 0);
    ck_assert_uint_eq(sent, 0);
    ck_assert_uint_eq(server.calls, calls + 1);
    made_server_free(&server);
}
END_TEST

START_TEST(an_empty_office_has_nothing_to_push) {
    struct made_server server;
    uint64_t sent;
    made_server_init(&server, &made, "server.db");
    ck_assert_int_eq(push(&server, &sent), 0);
    ck_assert_uint_eq(sent, 0);
    made_server_free(&server);
}
END_TEST

START_TEST(the_local_link_reaches_a_ledger_in_this_process) {
    struct made_server server;
    struct office_link link;
    uint64_t sent;
    fill();
    made_server_init(&server, &made, "server.db");
    office_link_local(&link, server.ledger);
    ck_assert_int_eq(office_push(made.office_open, &link, &sent, &fault), 0);
    ck_assert(made_server_equals(&server, &made));
    made_server_free(&server);
}
END_TEST

static unsigned calls_of_a_whole_push(void) {
    struct made_server server;
    uint64_t sent;
    made_server_init(&server, &made, "counted.db");
    ck_assert_int_eq(push(&server, &sent), 0);
    unsigned calls = server.calls;
    made_server_free(&server);
    return calls;
}

/* One failure at call number `at`, then once more without. */
static void push_resumes(unsigned at, bool is_answer_lost) {
    struct made_server server;
    char name[64];
    uint64_t sent;
    snprintf(name, sizeof(name), "server-%u-%d.db", at, is_answer_lost);
    made_server_init(&server, &made, name);
    server.fail_at = at;
    server.is_answer_lost = is_answer_lost;
    ck_assert_int_ne(push(&server, &sent), 0);
    server.fail_at = 0;
    ck_assert_msg(push(&server, &sent) == 0, "after call %u: %s", at, fault_text(&fault));
    ck_assert(made_server_equals(&server, &made));
    made_server_free(&server);
}

START_TEST(a_push_resumes_after_a_lost_request_at_every_step) {
    fill();
    unsigned calls = calls_of_a_whole_push();
    ck_assert_uint_ge(calls, 8);
    for (unsigned at = 1; at <= calls; at++) {
        push_resumes(at, false);
    }
}
END_TEST

START_TEST(a_push_resumes_after_a_lost_answer_at_every_step) {
    fill();
    unsigned calls = calls_of_a_whole_push();
    for (unsigned at = 2; at <= calls; at++) {
        push_resumes(at, true);
    }
}
END_TEST

START_TEST(a_server_that_restarts_at_any_step_and_forgets_gets_everything_all_the_same) {
    fill();
    unsigned calls = calls_of_a_whole_push();
    for (unsigned at = 1; at <= calls; at++) {
        struct made_server server;
        char name[64];
        uint64_t sent;
        snprintf(name, sizeof(name), "restarted-%u.db", at);
        made_server_init(&server, &made, name);
        server.fail_at = at;
        server.is_restarted = true;
        ck_assert_msg(push(&server, &sent) == 0, "restart before call %u: %s", at, fault_text(&fault));
        ck_assert(made_server_equals(&server, &made));
        made_server_free(&server);
    }
}
END_TEST

START_TEST(a_resumed_push_sends_only_the_clauses_that_are_missing) {
    struct made_server server;
    uint64_t sent;
    fill();
    made_server_init(&server, &made, "server.db");
    server.fail_at = calls_of_a_whole_push() - 1; /* the last PutClauses */
    ck_assert_int_eq(push(&server, &sent), DEPOSITARY_E_TIMEOUT);
    uint64_t before = server.put_clauses;
    ck_assert_uint_gt(before, 1000);
    server.fail_at = 0;
    ck_assert_int_eq(push(&server, &sent), 0);
    ck_assert_uint_eq(server.put_clauses, 2503);
    made_server_free(&server);
}
END_TEST

START_TEST(one_put_of_large_clauses_stays_below_the_limit_of_a_request) {
    struct made_server server;
    struct buffer text;
    uint64_t sent;
    made_sign_key(&made, 1);
    buffer_init(&text, 8u * 1024 * 1024);
    for (int i = 0; i < 6; i++) {
        uint8_t *place = buffer_extend(&text, LIMIT_CLAUSE_TEXT);
        ck_assert_ptr_nonnull(place);
        memset(place, 'a' + i, LIMIT_CLAUSE_TEXT);
        place[LIMIT_CLAUSE_TEXT - 1] = '\n';
    }
    ck_assert_int_eq(made_deposit(&made, "large", buffer_bytes(&text), NULL, MADE_NOW, &fault), 0);
    made_server_init(&server, &made, "server.db");
    ck_assert_int_eq(push(&server, &sent), 0);
    ck_assert(made_server_equals(&server, &made));
    ck_assert_uint_gt(server.largest_put, LIMIT_CLAUSE_TEXT);
    ck_assert_uint_lt(server.largest_put, LIMIT_REQUEST_APPEND - 64 * 1024);
    buffer_free(&text);
    made_server_free(&server);
}
END_TEST

START_TEST(a_server_that_hides_what_it_has_is_sent_it_again_without_harm) {
    struct made_server server;
    uint64_t sent;
    fill();
    made_server_init(&server, &made, "server.db");
    ck_assert_int_eq(push(&server, &sent), 0);
    server.is_hiding = true;
    ck_assert_int_eq(push(&server, &sent), 0);
    ck_assert_uint_eq(sent, 3);
    ck_assert_uint_eq(server.put_clauses, 2503); /* contained already: no clause goes twice */
    server.is_hiding = false;
    server.lie = BYTES("not a note at all");
    ck_assert_int_eq(push(&server, &sent), 0);
    ck_assert(made_server_equals(&server, &made));
    made_server_free(&server);
}
END_TEST

START_TEST(an_old_note_of_the_server_s_makes_a_push_begin_there) {
    struct made_server server;
    struct buffer old;
    uint64_t sent;
    made_sign_key(&made, 1);
    made_server_init(&server, &made, "server.db");
    ck_assert_int_eq(push(&server, &sent), 0);
    buffer_init(&old, LIMIT_NOTE);
    ck_assert_int_eq(server.link.checkpoint(&server, &old, &fault), 0);
    ck_assert_int_eq(made_deposit(&made, "first", BYTES("one\n"), NULL, MADE_NOW, &fault), 0);
    ck_assert_int_eq(push(&server, &sent), 0);
    server.lie = buffer_bytes(&old);
    ck_assert_int_eq(push(&server, &sent), 0);
    ck_assert_uint_eq(sent, 1);
    buffer_free(&old);
    made_server_free(&server);
}
END_TEST

static struct hash leaf_of_entry(uint64_t index) {
    struct buffer record;
    struct hash leaf;
    buffer_init(&record, LIMIT_ENTRY);
    const struct ledger_state *state = ledger_state_take(office_ledger(made.office_open));
    ck_assert_int_eq(ledger_entry(office_ledger(made.office_open), state, index, &record, NULL, &fault), 0);
    ledger_state_release(state);
    merkle_leaf_hash(&leaf, buffer_bytes(&record));
    buffer_free(&record);
    return leaf;
}

START_TEST(a_server_that_never_has_enough_is_given_up) {
    struct made_server server;
    uint64_t sent;
    made_sign_key(&made, 1);
    ck_assert_int_eq(made_deposit(&made, "first", BYTES("one\ntwo\nthree\n"), NULL, MADE_NOW, &fault), 0);
    made_server_init(&server, &made, "server.db");
    struct office_link honest = server.link;
    ck_assert_int_eq(office_push(made.office_open, &honest, &sent, &fault), 0);
    ck_assert_int_eq(made_deposit(&made, "second", BYTES("x\ny\nz\n"), NULL, MADE_NOW, &fault), 0);
    server.is_demanding = true;
    server.demand.missing_count = 1;
    server.demand.missing[0] = (struct missing_run){.edition = leaf_of_entry(4), .from_place = 0, .count = 3};
    server.put_clauses = 0;
    ck_assert_int_eq(push(&server, &sent), DEPOSITARY_E_STATUS);
    ck_assert_uint_ge(server.put_clauses, 3);
    ck_assert_uint_le(server.put_clauses, 12);
    ck_assert_uint_eq(sent, 0);
    made_server_free(&server);
}
END_TEST

START_TEST(clauses_that_are_in_no_edition_of_the_append_are_not_sent) {
    struct made_server server;
    uint64_t sent;
    made_sign_key(&made, 1);
    made_server_init(&server, &made, "server.db");
    ck_assert_int_eq(push(&server, &sent), 0);
    ck_assert_int_eq(made_deposit(&made, "first", BYTES("one\ntwo\nthree\n"), NULL, MADE_NOW, &fault), 0);
    struct hash edition = leaf_of_entry(2);
    struct hash foreign = leaf_of_entry(3);
    const struct missing_run runs[] = {{edition, 0, 4},          {edition, 3, 1}, {edition, 0, 0},
                                       {edition, 1, UINT64_MAX}, {foreign, 0, 1}, {edition, UINT64_MAX, 1}};
    server.is_demanding = true;
    server.demand.missing_count = 1;
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        server.demand.missing[0] = runs[i];
        ck_assert_int_eq(push(&server, &sent), DEPOSITARY_E_STATUS);
    }
    server.demand.missing_count = 0;
    ck_assert_int_eq(push(&server, &sent), DEPOSITARY_E_STATUS);
    server.demand.missing_count = LEDGER_MISSING_MAX + 1;
    ck_assert_int_eq(push(&server, &sent), DEPOSITARY_E_STATUS);
    ck_assert_uint_eq(server.put_clauses, 0);
    made_server_free(&server);
}
END_TEST

START_TEST(a_server_of_another_ledger_takes_nothing) {
    struct made_office other;
    struct made_server server;
    uint64_t sent;
    fill();
    made_office_init(&other);
    made_sign_key(&other, 7);
    made_server_init(&server, &other, "server.db");
    ck_assert_int_eq(office_push(other.office_open, &server.link, &sent, &fault), 0);
    ck_assert(depositary_error_is_verification(push(&server, &sent)));
    ck_assert_uint_eq(sent, 0);
    ck_assert(made_server_equals(&server, &other));
    made_server_free(&server);
    made_office_free(&other);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("push");
    TCase *group = tcase_create("push");
    suite_add_tcase(suite, group);
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_set_timeout(group, 110);
    tcase_add_test(group, an_empty_server_gets_everything_and_then_nothing);
    tcase_add_test(group, an_empty_office_has_nothing_to_push);
    tcase_add_test(group, the_local_link_reaches_a_ledger_in_this_process);
    tcase_add_test(group, a_push_resumes_after_a_lost_request_at_every_step);
    tcase_add_test(group, a_push_resumes_after_a_lost_answer_at_every_step);
    tcase_add_test(group, a_server_that_restarts_at_any_step_and_forgets_gets_everything_all_the_same);
    tcase_add_test(group, a_resumed_push_sends_only_the_clauses_that_are_missing);
    tcase_add_test(group, one_put_of_large_clauses_stays_below_the_limit_of_a_request);
    tcase_add_test(group, a_server_that_hides_what_it_has_is_sent_it_again_without_harm);
    tcase_add_test(group, an_old_note_of_the_server_s_makes_a_push_begin_there);
    tcase_add_test(group, a_server_that_never_has_enough_is_given_up);
    tcase_add_test(group, clauses_that_are_in_no_edition_of_the_append_are_not_sent);
    tcase_add_test(group, a_server_of_another_ledger_takes_nothing);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
