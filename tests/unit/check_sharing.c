/* Ledgers that append to one database, and follow it: src/ledger/shared.h, sharing.c, commit.c. PROTOCOL.md section 2, "Appending". */
#include "ledger_maker.h"
#include "shared_maker.h"

#include "ledger/ledger_private.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ledger_maker maker; /* its ledger is the one that is appended to next: ours, or the other's */
static struct maker_append append;
static struct shared_maker shared;
static struct ledger *ours, *other;
static char other_url[160];

static const struct maker_clause CLAUSES[] = {
    {"preface", "Agreed.\n\n"}, {"cl_1", "1. One.\n"}, {"cl_2", "2. Two.\n"}, {"cl_3", "3. Three.\n"}};
#define CLAUSES_COUNT 4u
static const struct maker_edition PLAN = {.instrument = "treaty", .clauses = CLAUSES, .clauses_count = CLAUSES_COUNT};
static const struct maker_edition LATER = {.instrument = "second", .clauses = CLAUSES, .clauses_count = CLAUSES_COUNT};

static void open_other(void) {
    const struct ledger_config config = {
        .url = other_url, .policy = maker.policy, .create = true, .may_lack_checkpoints = true, .shared = &shared.base};
    struct fault fault = {0};
    ck_assert_msg(ledger_open(&other, &config, &fault) == 0, "%s", fault_text(&fault));
}

static void set_up(void) {
    shared_maker_begin(&shared);
    ledger_maker_begin(&maker);
    ours = maker.ledger;
    ours->shared = &shared.base;
    snprintf(other_url, sizeof other_url, "sqlite:%s/other.db", maker.dir);
    open_other();
    maker_append_begin(&append, &maker);
    maker_append_key(&append, maker.answer_key.verifier.public_key);
    maker_append_register(&append, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    maker_append_end(&append);
    maker_append_begin(&append, &maker);
}

static void tear_down(void) {
    char path[160];
    maker_append_end(&append);
    ledger_close(other);
    for (size_t i = 0; i < 3; i++) {
        static const char *const suffixes[] = {"", "-wal", "-shm"};
        snprintf(path, sizeof path, "%s/other.db%s", maker.dir, suffixes[i]);
        remove(path);
    }
    maker.ledger = ours;
    ledger_maker_end(&maker);
    shared_maker_end(&shared);
}

static void ck_error(int error, int expected, const struct fault *fault, const char *words) {
    ck_assert_msg(error == expected, "error %d, expected %d: %s", error, expected, fault_text(fault));
    ck_assert_msg(strstr(fault_text(fault), words) != NULL, "\"%s\" does not say \"%s\"", fault_text(fault), words);
}

static uint64_t size_of(struct ledger *ledger) {
    const struct ledger_state *state = ledger_state_take(ledger);
    uint64_t size = state->size;
    ledger_state_release(state);
    return size;
}

/* The ledger's place to be appended to is this one's. */
static void at(struct ledger *ledger) {
    maker.ledger = ledger;
}

static int catch_up(struct ledger *ledger, struct fault *fault) {
    struct pull_result result;
    int error = ledger_pull(ledger, &shared.source, &result, fault);
    buffer_free(&result.fork);
    return error;
}

static void draft(const struct maker_edition *plan) {
    maker_append_end(&append);
    maker_append_begin(&append, &maker);
    maker_append_edition(&append, plan);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
}

/* Both ledgers and the database have this many entries, and the same. */
static void ck_all_have(uint64_t size) {
    struct fault fault = {0};
    ck_assert_uint_eq(shared.content.entries_count, size);
    ck_assert_msg(catch_up(ours, &fault) == 0, "%s", fault_text(&fault));
    ck_assert_msg(catch_up(other, &fault) == 0, "%s", fault_text(&fault));
    ck_assert_uint_eq(size_of(ours), size);
    ck_assert_uint_eq(size_of(other), size);
    ck_assert(hash_equal(&ours->state->root, &other->state->root));
}

/* ---- appending */

START_TEST(an_append_is_in_the_database_and_comes_to_the_other) {
    draft(&PLAN);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    ck_assert_uint_eq(size_of(ours), 4);
    ck_assert_uint_eq(size_of(other), 0);
    ck_all_have(4);
    /* thoroughly: every hash and rule again */
    ledger_close(other);
    open_other();
    ck_all_have(4);
}
END_TEST

START_TEST(calls_of_one_deposit_go_to_either) {
    ck_assert_int_eq(catch_up(other, NULL), 0);
    draft(&PLAN);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    at(other);
    ck_assert_int_eq(maker_append_put(&append, 0, 0, 2, NULL), 0);
    at(ours);
    ck_assert_int_eq(maker_append_put(&append, 0, 2, 3, NULL), 0);
    at(other);
    struct append_result result;
    ck_assert_int_eq(maker_append_send(&append, &result, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    ck_assert_uint_eq(result.missing_count, 1);
    ck_assert_uint_eq(result.missing[0].from_place, 3);
    ck_assert_int_eq(maker_append_put(&append, 0, 3, 4, NULL), 0);
    ck_assert_int_eq(maker_append_send(&append, &result, NULL), 0);
    ck_assert_uint_eq(result.size, 4);
    ck_all_have(4);
    at(ours); /* which still holds it to be pending, and learns that it is done */
    ck_assert_int_eq(maker_append_send(&append, &result, NULL), 0);
}
END_TEST

START_TEST(one_that_was_overtaken_catches_up_first) {
    struct fault fault = {0};
    draft(&PLAN);
    ck_assert_int_eq(catch_up(other, NULL), 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    at(other);
    ck_error(maker_append_submit(&append, &fault), DEPOSITARY_E_STATE, &fault, "another service");
    ck_assert_uint_eq(size_of(other), 2);
    ck_assert_int_eq(catch_up(other, NULL), 0);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0); /* contained */
    /* further ahead: the entries between are another's */
    at(ours);
    draft(&LATER);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    draft(&(struct maker_edition){.instrument = "third", .clauses = CLAUSES, .clauses_count = CLAUSES_COUNT});
    at(other);
    ck_error(maker_append_send(&append, NULL, &fault), DEPOSITARY_E_STATE, &fault, "another service");
    ck_assert_int_eq(catch_up(other, NULL), 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    ck_all_have(8);
}
END_TEST

START_TEST(of_two_ledgers_of_one_size_the_second_is_refused) {
    struct fault fault = {0};
    struct maker_append second;
    ck_assert_int_eq(catch_up(other, NULL), 0);
    draft(&PLAN);
    maker_append_begin(&second, &maker);
    maker_append_edition(&second, &LATER);
    maker_append_register(&second, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    at(other);
    ck_error(maker_append_submit(&second, &fault), DEPOSITARY_E_STATE, &fault, "another service");
    ck_assert_int_eq(catch_up(other, NULL), 0);
    ck_error(maker_append_send(&second, NULL, &fault), DEPOSITARY_E_CONFLICT, &fault, "another root");
    ck_all_have(4);
    maker_append_end(&second);
}
END_TEST

START_TEST(cosignatures_are_merged_in_the_database) {
    ck_assert_int_eq(catch_up(other, NULL), 0);
    draft(&PLAN);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    size_t before = shared.content.notes[4].len;
    maker_append_cosign(&append, &maker.witness_key);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
    ck_assert_uint_gt(shared.content.notes[4].len, before);
    ck_all_have(4);
    ck_assert_uint_eq(other->state->checkpoint.len, shared.content.notes[4].len);
}
END_TEST

/* ---- the database away, or its commit lost */

START_TEST(away_nothing_is_appended_and_all_is_read) {
    struct fault fault = {0};
    draft(&PLAN);
    shared.is_away = true;
    ck_error(maker_append_submit(&append, &fault), DEPOSITARY_E_UNREACHABLE, &fault, "away");
    ck_assert_uint_eq(size_of(ours), 2);
    struct buffer record;
    buffer_init(&record, LIMIT_ENTRY);
    ck_assert_int_eq(ledger_entry(ours, ours->state, 1, &record, NULL, NULL), 0);
    buffer_free(&record);
    shared.is_away = false;
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    ck_all_have(4);
}
END_TEST

START_TEST(a_commit_that_is_lost_changes_nothing) {
    struct fault fault = {0};
    draft(&PLAN);
    shared.next_commit = COMMIT_IS_LOST;
    ck_error(maker_append_submit(&append, &fault), DEPOSITARY_E_UNREACHABLE, &fault, "before it committed");
    ck_assert_uint_eq(size_of(ours), 2);
    ck_assert_uint_eq(shared.content.entries_count, 2);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0); /* its clauses are there still */
    ck_all_have(4);
}
END_TEST

START_TEST(a_commit_of_which_nothing_is_known_is_learned_by_following) {
    struct fault fault = {0};
    draft(&PLAN);
    shared.next_commit = COMMITS_UNTOLD;
    ck_error(maker_append_submit(&append, &fault), DEPOSITARY_E_UNREACHABLE, &fault, "not known");
    ck_assert_uint_eq(size_of(ours), 2); /* not served before it is known */
    ck_error(maker_append_send(&append, NULL, &fault), DEPOSITARY_E_STATE, &fault, "another service");
    ck_assert_int_eq(catch_up(ours, NULL), 0);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
    ck_all_have(4);
}
END_TEST

START_TEST(what_was_followed_is_acknowledged_once_it_is_durable) {
    struct fault fault = {0};
    draft(&PLAN);
    shared.next_commit = COMMITS_UNTOLD;
    ck_assert_int_eq(maker_append_submit(&append, NULL), DEPOSITARY_E_UNREACHABLE);
    ck_assert_int_eq(catch_up(ours, NULL), 0);
    shared.is_unsure = true;
    ck_error(maker_append_send(&append, NULL, &fault), DEPOSITARY_E_UNREACHABLE, &fault, "the standby is away");
    shared.is_unsure = false;
    size_t asked = shared.confirmed;
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
    ck_assert_uint_eq(shared.confirmed, asked + 1); /* once is enough */
}
END_TEST

START_TEST(what_was_committed_is_not_asked_about) {
    draft(&PLAN);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), 0);
    ck_assert_uint_eq(shared.confirmed, 0);
}
END_TEST

/* ---- a database that lies */

/* The same bytes, but for one. */
static void turn(struct bytes *kept, size_t position) {
    uint8_t bytes[4096];
    ck_assert_uint_lt(position, kept->len);
    ck_assert_uint_le(kept->len, sizeof bytes);
    memcpy(bytes, kept->data, kept->len);
    bytes[position] ^= 1;
    shared_maker_replace(kept, bytes_of(bytes, kept->len));
}

START_TEST(an_offer_that_was_changed_is_not_taken_up) {
    struct fault fault = {0};
    ck_assert_int_eq(catch_up(other, NULL), 0);
    draft(&PLAN);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    at(other);
    for (size_t i = 0; i < 3; i++) {
        struct bytes *kept = i < 2 ? &shared.offer[i] : &shared.offer_note, before = *kept;
        turn(kept, kept->len - 10);
        ck_error(maker_append_put(&append, 0, 0, 1, &fault), DEPOSITARY_E_STATE, &fault, "not what was signed");
        *kept = before;
    }
    shared.offer_count = 1; /* a record is missing */
    ck_assert_int_eq(maker_append_put(&append, 0, 0, 1, NULL), DEPOSITARY_E_STATE);
    shared.offer_count = 2;
    ck_assert_int_eq(maker_append_put(&append, 0, 0, 1, NULL), 0);
}
END_TEST

START_TEST(a_staged_clause_that_was_changed_is_not_committed) {
    struct fault fault = {0};
    draft(&PLAN);
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_CLAUSES_MISSING);
    ck_assert_int_eq(maker_append_put(&append, 0, 0, CLAUSES_COUNT, NULL), 0);
    turn(&shared.content.rows[2].record, shared.content.rows[2].record.len - 3);
    ck_error(maker_append_send(&append, NULL, &fault), DEPOSITARY_E_RULE, &fault, "do not rebuild");
    ck_assert_uint_eq(size_of(ours), 2);
    ck_assert_uint_eq(shared.content.entries_count, 2);
    ck_assert_uint_eq(shared.content.rows_count, 0); /* what is wrong is not kept, and the same may be sent again */
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    ck_all_have(4);
}
END_TEST

START_TEST(places_that_cannot_be_staged_are_refused) {
    static const uint64_t backwards[] = {1, 0}, twice[] = {2, 2}, beyond[] = {0, 1, 2, 3, 4}, far[] = {1u << 30};
    static const struct {
        const uint64_t *places;
        size_t count;
    } lies[] = {{backwards, 2}, {twice, 2}, {beyond, 5}, {far, 1}};
    draft(&PLAN);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        shared.places = lies[i].places;
        shared.places_count = lies[i].count;
        ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_DAMAGED);
    }
    static const uint64_t all[] = {0, 1, 2, 3}; /* said to be there, and not */
    shared.places = all;
    shared.places_count = 4;
    ck_assert_int_eq(maker_append_send(&append, NULL, NULL), DEPOSITARY_E_RULE);
    ck_assert_uint_eq(size_of(ours), 2);
    shared.places = NULL;
    shared.places_count = 0;
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    ck_all_have(4);
}
END_TEST

START_TEST(what_was_changed_is_not_taken_over) {
    struct fault fault = {0};
    draft(&PLAN);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    struct bytes *kept[] = {&shared.content.entries[0], &shared.content.entries[2], &shared.content.entries[3],
                            &shared.content.notes[4], &shared.content.rows[1].record};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        struct bytes before = *kept[i];
        turn(kept[i], kept[i]->len - 10);
        ck_assert_msg(catch_up(other, &fault) != 0, "change %zu was taken over", i);
        ck_assert_uint_eq(size_of(other), 0);
        *kept[i] = before;
    }
    ck_all_have(4);
}
END_TEST

/* ---- a database that has less */

START_TEST(what_it_lacks_is_given_back) {
    struct fault fault = {0};
    uint64_t given = 0;
    draft(&PLAN);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    draft(&LATER);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    static const size_t left[] = {6, 4, 2, 0};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        shared_maker_forget(&shared, left[i]);
        ck_assert_msg(ledger_share(ours, &given, &fault) == 0, "%s", fault_text(&fault));
        ck_assert_uint_eq(given, 6 - left[i]);
        ck_assert_uint_eq(shared.content.entries_count, 6);
        ck_assert_uint_eq(shared.content.rows_count, 2 * CLAUSES_COUNT);
    }
    ck_all_have(6);
    /* with an append: in one transaction */
    shared_maker_forget(&shared, 0);
    draft(&(struct maker_edition){.instrument = "third", .clauses = CLAUSES, .clauses_count = CLAUSES_COUNT});
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    ck_all_have(8);
}
END_TEST

/* It says nothing of what it holds: that is no other ledger. */
START_TEST(a_refusal_is_not_called_another_ledger) {
    struct fault fault = {0};
    uint64_t given = 0;
    draft(&PLAN);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    shared_maker_forget(&shared, 2);
    shared.refuses_notes = true;
    ck_error(ledger_share(ours, &given, &fault), DEPOSITARY_E_IO, &fault, "the database refuses");
    shared.refuses_notes = false;
    ck_assert_int_eq(ledger_share(ours, &given, NULL), 0);
    ck_all_have(4);
}
END_TEST

START_TEST(another_ledger_is_not_added_to) {
    struct fault fault = {0};
    uint64_t given = 0;
    draft(&PLAN);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    shared_maker_forget(&shared, 2);
    struct bytes before = shared.content.notes[2];
    turn(&shared.content.notes[2], before.len - 10);
    ck_error(ledger_share(ours, &given, &fault), DEPOSITARY_E_DAMAGED, &fault, "not the beginning of this ledger");
    struct buffer signed_note; /* by the very key, of another ledger of that size */
    const struct checkpoint fork = {.origin = BYTES(MAKER_ORIGIN), .size = 2, .root = {{7}}};
    buffer_init(&signed_note, LIMIT_NOTE);
    ck_assert_int_eq(checkpoint_sign(&signed_note, &fork, &maker.ledger_key.verifier, maker.ledger_key.secret), 0);
    shared_maker_replace(&shared.content.notes[2], buffer_bytes(&signed_note));
    ck_error(ledger_share(ours, &given, &fault), DEPOSITARY_E_DAMAGED, &fault, "not the beginning of this ledger");
    buffer_free(&signed_note);
    shared.content.notes[2] = (struct bytes){0};
    ck_error(ledger_share(ours, &given, &fault), DEPOSITARY_E_DAMAGED, &fault, "not the beginning of this ledger");
    ck_assert_uint_eq(shared.content.entries_count, 2);
    shared.content.notes[2] = before;
    ck_assert_int_eq(ledger_share(ours, &given, NULL), 0);
    ck_all_have(4);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        an_append_is_in_the_database_and_comes_to_the_other,
        calls_of_one_deposit_go_to_either,
        one_that_was_overtaken_catches_up_first,
        of_two_ledgers_of_one_size_the_second_is_refused,
        cosignatures_are_merged_in_the_database,
        away_nothing_is_appended_and_all_is_read,
        a_commit_that_is_lost_changes_nothing,
        a_commit_of_which_nothing_is_known_is_learned_by_following,
        what_was_followed_is_acknowledged_once_it_is_durable,
        what_was_committed_is_not_asked_about,
        an_offer_that_was_changed_is_not_taken_up,
        a_staged_clause_that_was_changed_is_not_committed,
        places_that_cannot_be_staged_are_refused,
        what_was_changed_is_not_taken_over,
        what_it_lacks_is_given_back,
        a_refusal_is_not_called_another_ledger,
        another_ledger_is_not_added_to,
    };
    Suite *suite = suite_create("sharing");
    TCase *tcase = tcase_create("sharing");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
