/* Clauses whose path was proved before: what is remembered is true, and what is stored is checked all the same. src/ledger/proved.c. */
#include "ledger_maker.h"

#include "ledger/ledger_private.h"
#include "ledger/proved.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSES_MOST 40u

static struct ledger_maker maker;
static struct maker_clause *clauses;

static void set_up(void) {
    ledger_maker_begin_with_key(&maker);
    maker_clauses_make(&clauses, CLAUSES_MOST, 60, 7);
}

static void tear_down(void) {
    maker_clauses_free(clauses, CLAUSES_MOST);
    ledger_maker_end(&maker);
}

static void open_with(size_t capacity) {
    ledger_maker_close(&maker);
    const struct ledger_config config = {.url = maker.url, .policy = maker.policy, .proved_capacity = capacity};
    ck_assert_int_eq(ledger_open(&maker.ledger, &config, NULL), 0);
}

/* An edition, as who asks for its clauses knows it. */
struct shown {
    uint64_t index, size;
    struct hash root;
};

static struct shown deposit(const char *instrument, size_t count) {
    const struct maker_edition plan = {.instrument = instrument, .clauses = clauses, .clauses_count = count};
    struct edition_record record;
    struct buffer text;
    ledger_maker_deposit(&maker, &plan);
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    struct shown shown = {.index = state->size - 2, .size = count};
    buffer_init(&text, LIMIT_ENTRY);
    ck_assert_int_eq(ledger_entry(maker.ledger, state, shown.index, &text, NULL, NULL), 0);
    ck_assert_int_eq(edition_record_parse(&record, buffer_bytes(&text), NULL), 0);
    shown.root = record.clauses_root;
    buffer_free(&text);
    ledger_state_release(state);
    return shown;
}

static int ask(const struct shown *shown, uint64_t place, struct merkle_path *path, struct hash *leaf) {
    struct buffer record;
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    int error = ledger_clause(maker.ledger, shown->index, shown->size, &shown->root, place, &record, path, NULL);
    ck_assert(error == 0 || record.len == 0); /* no text where it was not proved */
    if (error == 0)
        merkle_leaf_hash(leaf, buffer_bytes(&record));
    buffer_free(&record);
    return error;
}

static void ask_well(const struct shown *shown, uint64_t place) {
    struct merkle_path path;
    struct hash leaf;
    ck_assert_int_eq(ask(shown, place, &path, &leaf), 0);
    ck_assert_int_eq(merkle_inclusion_check(&leaf, place, shown->size, &path, &shown->root), 0);
}

static void ask_all(const struct shown *shown) {
    for (uint64_t place = 0; place < shown->size; place++)
        ask_well(shown, place);
}

/* Nothing, a table of four slots, one that is too small, one for all. */
static const size_t capacities[] = {0, 192, 1000, 1u << 20};

START_TEST(paths_lead_to_the_root_whatever_is_remembered) {
    struct shown shown[CLAUSES_MOST];
    char instrument[32];
    for (size_t count = 1; count < CLAUSES_MOST; count += 3) {
        snprintf(instrument, sizeof instrument, "treaty-%zu", count);
        shown[count] = deposit(instrument, count);
    }
    open_with(capacities[_i]);
    for (int round = 0; round < 3; round++)
        for (size_t count = 1; count < CLAUSES_MOST; count += 3)
            ask_all(&shown[count]);
}
END_TEST

START_TEST(a_stored_clause_that_was_changed_is_found_though_its_path_is_known) {
    struct merkle_path path;
    struct hash leaf;
    struct shown shown = deposit("treaty", 33);
    open_with(1u << 20);
    ask_all(&shown);
    ledger_maker_sql(&maker, "UPDATE clause SET record = flip(record, -2) WHERE id = 18");
    ck_assert_int_eq(ask(&shown, 17, &path, &leaf), DEPOSITARY_E_DAMAGED);
    ledger_maker_sql(&maker, "UPDATE place SET clause = 3 WHERE place = 32"); /* another clause, a true one */
    ck_assert_int_eq(ask(&shown, 32, &path, &leaf), DEPOSITARY_E_DAMAGED);
    ask_well(&shown, 16);
    ask_well(&shown, 2);
}
END_TEST

/* Rows of the group of the clause at place 18, and what becomes of it. */
static const struct {
    const char *sql;
    int expected;
} group_damages[] = {
    {"UPDATE clause SET leaf_hash = flip(leaf_hash, 3) WHERE id = 18", 0}, /* not on its path */
    {"DELETE FROM place WHERE edition = 2 AND place = 23", 0},
    {"UPDATE place SET clause = 3 WHERE edition = 2 AND place = 16", 0},
    {"UPDATE clause SET leaf_hash = flip(leaf_hash, 3) WHERE id = 20", DEPOSITARY_E_DAMAGED}, /* its sibling */
    {"DELETE FROM place WHERE edition = 2 AND place = 19", DEPOSITARY_E_DAMAGED},
    {"UPDATE place SET clause = 20 WHERE edition = 2 AND place = 18", DEPOSITARY_E_DAMAGED}, /* itself */
};

START_TEST(a_damaged_neighbour_does_no_harm_to_others) {
    struct merkle_path path;
    struct hash leaf;
    struct shown shown = deposit("treaty", 33);
    open_with(1u << 20);
    ledger_maker_sql(&maker, group_damages[_i].sql);
    ck_assert_int_eq(ask(&shown, 18, &path, &leaf), group_damages[_i].expected);
    if (group_damages[_i].expected == 0)
        ask_well(&shown, 18);
    ask_well(&shown, 8);
    ask_well(&shown, 24);
}
END_TEST

START_TEST(a_stored_node_that_was_changed_is_never_remembered) {
    struct merkle_path path;
    struct hash leaf;
    open_with(1u << 20); /* what is there when it is opened is known at once */
    struct shown shown = deposit("treaty", 33);
    ask_well(&shown, 0); /* the upper nodes are known now */
    ledger_maker_sql(&maker, "UPDATE node SET hash = flip(hash, 4) WHERE level = 3 AND idx = 2");
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(ask(&shown, 31, &path, &leaf), DEPOSITARY_E_DAMAGED); /* 3/2 is beside its 3/3 */
        ask_well(&shown, 8);
    }
    ask_well(&shown, 17); /* by its clauses the node is known now */
    ask_well(&shown, 31);
    ledger_maker_sql(&maker, "UPDATE node SET hash = flip(hash, 4) WHERE level = 3 AND idx = 2");
    ask_all(&shown);
}
END_TEST

/* Every place again and again, in another order each time; what is given out leads to the root. The numbers of good and bad answers go up. */
static void ask_in_disorder(const struct shown *shown, unsigned *good, unsigned *damaged) {
    static const uint64_t steps[] = {11, 7, 1, 16};
    for (size_t round = 0; round < sizeof steps / sizeof steps[0]; round++) {
        for (uint64_t at = 0; at < shown->size; at++) {
            const uint64_t place = at * steps[round] % shown->size;
            struct merkle_path path;
            struct hash leaf;
            int error = ask(shown, place, &path, &leaf);
            ck_assert(error == 0 || error == DEPOSITARY_E_DAMAGED);
            ck_assert_msg(error || merkle_inclusion_check(&leaf, place, shown->size, &path, &shown->root) == 0,
                          "place %u has a path that does not lead to the root", (unsigned)place);
            *good += error == 0;
            *damaged += error != 0;
        }
    }
}

/*
 * In a table that forgets, a node may be known and a sibling of it or of what lies above not: such a sibling is proved before it is given out. Which nodes
 * remain depends on the number of the tree and of slots, so there are several of both.
 */
START_TEST(a_sibling_above_what_is_known_is_proved_too) {
    static const struct { unsigned level, index; } nodes[] = {{3, 0}, {3, 1}, {3, 2}, {3, 3}, {4, 0}, {4, 1}};
    const size_t slots = (size_t)2 << _i;
    unsigned good = 0, damaged = 0;
    char sql[160];
    for (int tree = 0; tree < 4; tree++) {
        snprintf(sql, sizeof sql, "treaty-%d", tree);
        struct shown shown = deposit(sql, CLAUSES_MOST - 1);
        for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
            snprintf(sql, sizeof sql,
                     "UPDATE node SET hash = flip(hash, 4) WHERE tree = %u AND level = %u AND idx = %u",
                     (unsigned)shown.index + 1, nodes[i].level, nodes[i].index);
            open_with(slots * 48 + 8);
            ask_all(&shown);
            ledger_maker_sql(&maker, sql);
            ask_in_disorder(&shown, &good, &damaged);
            ledger_maker_sql(&maker, sql); /* back again */
        }
    }
    ck_assert_uint_gt(good, 0);
    ck_assert_uint_gt(damaged, 0);
}
END_TEST

START_TEST(another_root_is_not_led_to) {
    struct merkle_path path;
    struct hash leaf;
    struct shown shown = deposit("treaty", 33);
    open_with(1u << 20);
    ask_all(&shown);
    struct shown other = shown;
    other.root.bytes[9] ^= 1;
    for (uint64_t place = 0; place < 33; place++)
        ck_assert_int_eq(ask(&other, place, &path, &leaf), DEPOSITARY_E_DAMAGED);
    ask_all(&shown);
}
END_TEST

START_TEST(editions_are_not_taken_for_each_other) {
    struct merkle_path path;
    struct hash leaf;
    struct shown first = deposit("one", 32), second = deposit("two", 31);
    open_with(1u << 20);
    ask_all(&first);
    ask_all(&second);
    ck_assert(!hash_equal(&first.root, &second.root));
    struct shown crossed = {.index = first.index, .size = 32, .root = second.root};
    ck_assert_int_eq(ask(&crossed, 5, &path, &leaf), DEPOSITARY_E_DAMAGED);
}
END_TEST

START_TEST(what_was_checked_at_opening_is_known) {
    struct shown shown = deposit("treaty", 33);
    open_with(1u << 20);
    ledger_maker_sql(&maker, "DELETE FROM node WHERE tree > 0 AND level >= 3 AND idx != 4 >> (level - 3)");
    for (uint64_t place = 0; place < 32; place++)
        ask_well(&shown, place);
}
END_TEST

/* Once one group was found, the others are read beside it, where they stand: their places are not asked for. */
START_TEST(clauses_are_read_where_their_neighbours_stand) {
    struct shown shown = deposit("treaty", 33);
    open_with(1u << 20);
    ask_well(&shown, 12);
    ledger_maker_sql(&maker, "DELETE FROM place WHERE edition = 2 AND place < 32");
    for (uint64_t place = 0; place < 32; place++)
        ask_well(&shown, place);
    ledger_maker_sql(&maker, "UPDATE clause SET record = flip(record, -2) WHERE id = 18");
    struct merkle_path path;
    struct hash leaf;
    ck_assert_int_eq(ask(&shown, 17, &path, &leaf), DEPOSITARY_E_DAMAGED);
}
END_TEST

/* A later edition shares the clauses that it did not change, which stand elsewhere than its own: a guess that is wrong costs a read, and nothing else. */
START_TEST(clauses_that_editions_share_are_found) {
    struct shown first = deposit("treaty", 33);
    const struct maker_clause kept = clauses[20];
    clauses[20].text = clauses[39].text;
    struct shown second = deposit("treaty", 33);
    clauses[20] = kept;
    open_with(1u << 20);
    for (int round = 0; round < 2; round++) {
        ask_all(&second);
        ask_all(&first);
        for (uint64_t i = 0; i < 33; i++)
            ask_well(&second, (i * 17) % 33);
    }
    ck_assert(!hash_equal(&first.root, &second.root));
}
END_TEST

/* What is known is not read: nodes that are gone from the store are not missed. */
START_TEST(what_was_proved_is_not_read_again) {
    struct merkle_path path;
    struct hash leaf;
    struct shown shown = deposit("treaty", 33), other = deposit("other", 30);
    open_with(1u << 20);
    ask_all(&shown);
    ledger_maker_sql(&maker, "DELETE FROM node WHERE tree > 0");
    ask_all(&shown);
    ck_assert_int_eq(ask(&other, 5, &path, &leaf), DEPOSITARY_E_DAMAGED);
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("proved");
    TCase *cases = tcase_create("proved");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, paths_lead_to_the_root_whatever_is_remembered, 0,
                        (int)(sizeof capacities / sizeof capacities[0]));
    tcase_add_test(cases, a_stored_clause_that_was_changed_is_found_though_its_path_is_known);
    tcase_add_loop_test(cases, a_damaged_neighbour_does_no_harm_to_others, 0,
                        (int)(sizeof group_damages / sizeof *group_damages));
    tcase_add_test(cases, a_stored_node_that_was_changed_is_never_remembered);
    tcase_add_loop_test(cases, a_sibling_above_what_is_known_is_proved_too, 0, 4);
    tcase_add_test(cases, another_root_is_not_led_to);
    tcase_add_test(cases, editions_are_not_taken_for_each_other);
    tcase_add_test(cases, what_was_checked_at_opening_is_known);
    tcase_add_test(cases, clauses_are_read_where_their_neighbours_stand);
    tcase_add_test(cases, clauses_that_editions_share_are_found);
    tcase_add_test(cases, what_was_proved_is_not_read_again);
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
