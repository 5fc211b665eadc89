/* How many texts a search, and a look for candidates of a quote, go through: a thousand here, so that the bound can be met. */
#include "catalog/catalog.h"
#include "ledger_maker.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSES 1500u

static struct ledger_maker maker;
static struct catalog *catalog;
static const struct ledger_state *state;
static struct catalog_hits hits;
static struct fault fault;

static const struct catalog_scope everywhere = {.instrument = "", .language = ""};

/* In each clause "rivers and seas", in a thousand "lakes", in 1,001 "ponds". Every third is of `third`, and the others of `rest`. */
static void deposit(const char *instrument, bool is_third) {
    struct maker_clause *clauses = calloc(CLAUSES, sizeof *clauses);
    size_t count = 0;
    ck_assert_ptr_nonnull(clauses);
    for (unsigned i = 0; i < CLAUSES; i++) {
        char eid[16], text[96];
        if ((i % 3 == 0) != is_third)
            continue;
        snprintf(eid, sizeof eid, "cl_%u", i + 1);
        snprintf(text, sizeof text, "%u. Of rivers and seas%s%s.\n", i, i < 1000 ? " and lakes" : "",
                 i < 1001 ? " and ponds" : "");
        clauses[count++] = (struct maker_clause){strdup(eid), strdup(text)};
    }
    ledger_maker_deposit(&maker,
                         &(struct maker_edition){.instrument = instrument, .clauses = clauses, .clauses_count = count});
    maker_clauses_free(clauses, count);
}

static void set_up(void) {
    ledger_maker_begin_with_key(&maker);
    deposit("rest", false);
    deposit("third", true);
    ck_assert_msg(catalog_open(&catalog, "", maker.ledger, &fault) == 0 && catalog_update(catalog, &fault) == 0, "%s",
                  fault_text(&fault));
    state = ledger_state_take(maker.ledger);
    memset(&hits, 0, sizeof hits);
}

static void tear_down(void) {
    catalog_hits_free(&hits);
    ledger_state_release(state);
    catalog_close(catalog);
    ledger_maker_end(&maker);
}

static int search(const char *query, const struct catalog_scope *scope) {
    catalog_hits_free(&hits);
    fault = (struct fault){0};
    return catalog_search(catalog, state, bytes_text(query), scope, 0, 10, &hits, &fault);
}

START_TEST(a_search_that_meets_more_texts_than_it_may_is_refused) {
    const struct catalog_scope third = {.instrument = "third", .language = ""};
    ck_assert_int_eq(search("rivers", &everywhere), DEPOSITARY_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(fault.text, "name an instrument"));
    ck_assert_uint_eq(hits.count, 0);
    ck_assert_int_eq(search("ponds", &everywhere), DEPOSITARY_E_LIMIT); /* one more than there may be */
    ck_assert_int_eq(search("lakes", &everywhere), 0);
    ck_assert_uint_eq(hits.total, 1000);
    ck_assert_int_eq(search("rivers", &third), 0);
    ck_assert_uint_eq(hits.total, CLAUSES / 3);
    ck_assert_int_eq(search("rivers NOT lakes", &everywhere), 0);
    ck_assert_uint_eq(hits.total, CLAUSES - 1000);
}
END_TEST

static int candidates(const char *quote, const struct catalog_scope *scope, bool is_for_parts) {
    catalog_hits_free(&hits);
    fault = (struct fault){0};
    return catalog_quote_candidates(catalog, state, bytes_text(quote), scope, is_for_parts, &hits, &fault);
}

/* Nothing of the scope was met by then, so that "not found" would be said of a text that has it. */
START_TEST(a_quote_whose_words_stand_in_too_many_texts_elsewhere_is_refused) {
    const struct catalog_scope nowhere = {.instrument = "", .language = "", .kind = KIND_ANNEX};
    ck_assert_int_eq(candidates("Of rivers and seas", &nowhere, false), DEPOSITARY_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(fault.text, "more work than one call may cost"));
    ck_assert_int_eq(candidates(" seas and lakes ", &nowhere, false), 0);    /* a thousand */
    ck_assert_int_eq(candidates("Of rivers and seas", &nowhere, true), 0); /* the likeliest: none */
    ck_assert_uint_eq(hits.count, 0);
    ck_assert_int_eq(candidates("Of rivers and seas", &everywhere, false), 0); /* as many as are kept */
    ck_assert_uint_eq(hits.count, CATALOG_CANDIDATES_MAX);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("search_rows");
    TCase *rows = tcase_create("rows");
    tcase_add_checked_fixture(rows, set_up, tear_down);
    tcase_set_timeout(rows, 60);
    tcase_add_test(rows, a_search_that_meets_more_texts_than_it_may_is_refused);
    tcase_add_test(rows, a_quote_whose_words_stand_in_too_many_texts_elsewhere_is_refused);
    suite_add_tcase(suite, rows);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
