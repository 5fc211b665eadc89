/* Searches over twenty thousand clauses: more hits than are ranked, exact totals, stable pages, and an index that is put in order. */
#include "catalog/catalog.h"
#include "ledger_maker.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSES 20200u
#define EVERY   7u /* each so-manieth clause holds the rarer word */

static struct ledger_maker maker;
static struct catalog *catalog;
static const struct ledger_state *state;
static struct fault fault;

static const struct catalog_scope everywhere = {.instrument = "", .language = ""};

/* "Clause 12 speaks of rivers and of seventh12": a word in all, one in each seventh, one in one. */
static struct maker_clause *make_clauses(void) {
    struct maker_clause *clauses = calloc(CLAUSES, sizeof *clauses);
    ck_assert_ptr_nonnull(clauses);
    for (unsigned i = 0; i < CLAUSES; i++) {
        char eid[32], text[128];
        snprintf(eid, sizeof eid, "cl_%u", i + 1);
        snprintf(text, sizeof text, "%u. Clause of rivers%s, word%u.\n", i + 1,
                 i % EVERY == 0 ? " rivers and lakes" : "", i);
        clauses[i] = (struct maker_clause){strdup(eid), strdup(text)};
        ck_assert(clauses[i].eid && clauses[i].text);
    }
    return clauses;
}

static void set_up(void) {
    struct maker_clause *clauses = make_clauses();
    ledger_maker_begin_with_key(&maker);
    ledger_maker_deposit(&maker,
                         &(struct maker_edition){.instrument = "large", .clauses = clauses, .clauses_count = CLAUSES});
    maker_clauses_free(clauses, CLAUSES);
    ck_assert_msg(catalog_open(&catalog, "", maker.ledger, &fault) == 0 && catalog_update(catalog, &fault) == 0, "%s",
                  fault_text(&fault));
    state = ledger_state_take(maker.ledger);
}

static void tear_down(void) {
    ledger_state_release(state);
    catalog_close(catalog);
    ledger_maker_end(&maker);
}

static struct catalog_hits search(const char *query, uint64_t offset, size_t limit) {
    struct catalog_hits hits;
    int error = catalog_search(catalog, state, bytes_text(query), &everywhere, offset, limit, &hits, &fault);
    ck_assert_msg(error == 0, "%s: %s", query, fault_text(&fault));
    return hits;
}

/* All of them, page by page: each place once, and in the order of the ledger. */
static void assert_in_order(const char *query, uint64_t total) {
    uint64_t next = 0;
    for (uint64_t offset = 0; offset < total; offset += 1000) {
        struct catalog_hits hits = search(query, offset, 1000);
        ck_assert_uint_eq(hits.total, total);
        for (size_t i = 0; i < hits.count; i++) {
            ck_assert(offset + i == 0 || hits.hits[i].place > next);
            ck_assert(hits.hits[i].score == 0);
            ck_assert_uint_gt(hits.hits[i].ranges_count, 0);
            next = hits.hits[i].place;
        }
        catalog_hits_free(&hits);
    }
}

START_TEST(more_hits_than_are_ranked_come_in_the_order_of_the_ledger) {
    assert_in_order("rivers", CLAUSES);
    assert_in_order("rivers NOT lakes", CLAUSES - (CLAUSES + EVERY - 1) / EVERY);
    struct catalog_hits hits = search("rivers", CLAUSES, 10);
    ck_assert_uint_eq(hits.count, 0);
    catalog_hits_free(&hits);
}
END_TEST

START_TEST(fewer_are_ranked_and_paged_without_gap_or_repeat) {
    uint64_t total = (CLAUSES + EVERY - 1) / EVERY;
    bool *seen = calloc(CLAUSES, sizeof *seen);
    double last = 1e300;
    ck_assert_ptr_nonnull(seen);
    for (uint64_t offset = 0; offset < total; offset += 500) {
        struct catalog_hits hits = search("lakes", offset, 500);
        ck_assert_uint_eq(hits.total, total);
        for (size_t i = 0; i < hits.count; i++) {
            ck_assert(hits.hits[i].score > 0 && hits.hits[i].score <= last);
            ck_assert(!seen[hits.hits[i].place] && hits.hits[i].place % EVERY == 0);
            seen[hits.hits[i].place] = true;
            last = hits.hits[i].score;
        }
        catalog_hits_free(&hits);
    }
    for (unsigned i = 0; i < CLAUSES; i += EVERY)
        ck_assert(seen[i]);
    free(seen);
}
END_TEST

START_TEST(an_index_that_was_put_in_order_finds_the_same) {
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < CLAUSES; i += 997) {
            char word[32];
            snprintf(word, sizeof word, "word%u", i);
            struct catalog_hits hits = search(word, 0, 10);
            ck_assert_uint_eq(hits.total, 1);
            ck_assert_uint_eq(hits.hits[0].place, i);
            catalog_hits_free(&hits);
        }
        ck_assert_int_eq(catalog_tidy(catalog, &fault), 0);
    }
    assert_in_order("rivers", CLAUSES);
}
END_TEST

/* Every clause is a candidate; the one that is meant is not lost among them. */
START_TEST(a_quote_of_words_that_stand_everywhere_is_found_by_the_one_that_does_not) {
    struct catalog_hits hits;
    const char *const quotes[] = {"Clause of rivers, word12345", "of rivers, word12345.\n12347. Clause",
                                  "CLAUSE OF RIVERS, word12345", "Clause of some rivers, word12345"};
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
        bool is_there = false;
        ck_assert_int_eq(
            catalog_quote_candidates(catalog, state, bytes_text(quotes[i]), &everywhere, true, &hits, &fault), 0);
        for (size_t k = 0; k < hits.count; k++)
            is_there = is_there || hits.hits[k].place == 12345;
        ck_assert_msg(is_there, "%s: %zu candidates", quotes[i], hits.count);
        catalog_hits_free(&hits);
    }
}
END_TEST

/* The texts are numbered as they came first, and stand in another order since. The last test: the ledger is another after it. */
START_TEST(the_order_of_the_ledger_is_that_of_the_edition_that_stands) {
    struct maker_clause *clauses = make_clauses();
    struct maker_clause *mixed = calloc(CLAUSES, sizeof *mixed);
    ck_assert_ptr_nonnull(mixed);
    for (unsigned i = 0; i < CLAUSES; i++)
        mixed[i] = clauses[i * 7919u % CLAUSES]; /* a prime: each once */
    ledger_maker_deposit(&maker,
                         &(struct maker_edition){.instrument = "large", .clauses = mixed, .clauses_count = CLAUSES});
    free(mixed);
    maker_clauses_free(clauses, CLAUSES);
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    ledger_state_release(state);
    state = ledger_state_take(maker.ledger);
    assert_in_order("rivers", CLAUSES);
    assert_in_order("rivers NOT lakes", CLAUSES - (CLAUSES + EVERY - 1) / EVERY);
}
END_TEST

int main(void) {
    Suite *all = suite_create("search_large");
    TCase *cases = tcase_create("large");
    tcase_set_timeout(cases, 100);
    tcase_add_unchecked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, more_hits_than_are_ranked_come_in_the_order_of_the_ledger);
    tcase_add_test(cases, fewer_are_ranked_and_paged_without_gap_or_repeat);
    tcase_add_test(cases, an_index_that_was_put_in_order_finds_the_same);
    tcase_add_test(cases, a_quote_of_words_that_stand_everywhere_is_found_by_the_one_that_does_not);
    tcase_add_test(cases, the_order_of_the_ledger_is_that_of_the_edition_that_stands);
    suite_add_tcase(all, cases);
    SRunner *runner = srunner_create(all);
    srunner_set_fork_status(runner, CK_NOFORK); /* the ledger is made once */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
