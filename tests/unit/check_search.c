/* Search and candidates for quotes: what stands in the texts is found, where it stands, in the scope asked for. */
#include "catalog/catalog.h"

#include "base/encode.h"
#include "base/time.h"
#include "library_maker.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct library library;
static struct catalog *catalog;
static struct catalog_hits hits;
static struct fault fault;

static const struct catalog_scope everywhere = {.instrument = "", .language = ""};

/* In place of the clock of the processor where the linker finds it called: each look at it takes so long, and nothing else does. So what is
 * counted is steps of SQLite, whatever the machine does. */
static uint64_t look_ns, looks;
uint64_t __wrap_clock_thread_ns(void);
uint64_t __wrap_clock_thread_ns(void) {
    return look_ns * looks++;
}

static void set_up(void) {
    library_begin(&library);
    ck_assert_int_eq(catalog_open(&catalog, "", library.maker.ledger, &fault), 0);
    ck_assert_msg(catalog_update(catalog, &fault) == 0, "%s", fault_text(&fault));
    memset(&hits, 0, sizeof hits);
}

static void tear_down(void) {
    catalog_hits_free(&hits);
    catalog_close(catalog);
    library_end(&library);
}

static int search(const struct ledger_state *state, const char *query, const struct catalog_scope *scope) {
    catalog_hits_free(&hits);
    fault = (struct fault){0};
    return catalog_search(catalog, state, bytes_text(query), scope, 0, 100, &hits, &fault);
}

static const char *eid_of(const struct catalog_hit *hit) {
    struct library_edition edition = library_clauses(&library, hit->edition_index);
    ck_assert_uint_lt(hit->place, edition.count);
    return edition.clauses[hit->place].eid;
}

static bool is_among(uint64_t edition_index, const char *eid) {
    for (size_t i = 0; i < hits.count; i++) {
        if (hits.hits[i].edition_index == edition_index && strcmp(eid_of(&hits.hits[i]), eid) == 0)
            return true;
    }
    return false;
}

/* The query finds exactly these clauses of pact's second edition: eIds with spaces between. */
static void assert_finds(const char *query, const char *eids) {
    const struct catalog_scope scope = {.instrument = "pact", .language = "en"};
    char list[128];
    size_t count = 0;
    ck_assert_msg(search(library.state, query, &scope) == 0, "%s: %s", query, fault_text(&fault));
    snprintf(list, sizeof list, "%s", eids);
    for (char *eid = strtok(list, " "); eid; eid = strtok(NULL, " "), count++)
        ck_assert_msg(is_among(library.pact_2, eid), "%s does not find %s", query, eid);
    ck_assert_msg(hits.count == count, "%s finds %zu", query, hits.count);
    ck_assert_uint_eq(hits.total, count);
}

START_TEST(words_are_found) {
    assert_finds("friendship", "preamble cl_1");
    assert_finds("FRIENDSHIP", "preamble cl_1");
    assert_finds("energie", "cl_3");
    assert_finds("\xC3\xA9nergie", "cl_3");
    assert_finds("whales", "");
    assert_finds("parties energy", "cl_2");
    assert_finds("10", "cl_10");
}
END_TEST

START_TEST(operators_are_obeyed) {
    assert_finds("\"the parties\"", "preamble cl_2");
    assert_finds("\"parties the\"", "");
    assert_finds("friend*", "preamble cl_1 cl_3");
    assert_finds("\"long stand\"*", "preamble");
    assert_finds("signature OR hydrogen", "cl_10 cl_2");
    assert_finds("parties NOT energy", "preamble cl_1");
    assert_finds("parties AND NOT energy", "preamble cl_1");
    assert_finds("(oil OR hydrogen) solar", "cl_2");
    assert_finds("NEAR(wind power, 2)", "cl_2");
    assert_finds("NEAR(wind power, 1)", "");
    assert_finds("wind NEAR/2 power", "cl_2");
    assert_finds("wind NEAR/1 power", "");
}
END_TEST

START_TEST(han_is_found_by_character_and_by_word) {
    ck_assert_int_eq(search(library.state, "\xE8\x83\xBD\xE6\xBA\x90", &everywhere), 0);
    ck_assert_uint_eq(hits.total, 1);
    ck_assert(is_among(library.accord_zh, "art_1"));
    ck_assert_int_eq(search(library.state, "\xE6\x95\x88", &everywhere), 0);
    ck_assert(is_among(library.accord_zh, "art_2"));
    ck_assert_int_eq(search(library.state, "\xE6\xBA\x90\xE8\x83\xBD", &everywhere), 0); /* the other way round */
    ck_assert_uint_eq(hits.total, 0);
}
END_TEST

START_TEST(only_latest_editions_are_searched_unless_one_is_named) {
    struct catalog_scope scope = everywhere;
    ck_assert_int_eq(search(library.state, "oil", &scope), 0);
    ck_assert_uint_eq(hits.total, 0);
    ck_assert_int_eq(search(library.state, "solar", &scope), 0);
    ck_assert_uint_eq(hits.total, 1);
    ck_assert_uint_eq(hits.hits[0].edition_index, library.pact_2);
    scope.edition = 1;
    ck_assert_int_eq(search(library.state, "oil", &scope), 0);
    ck_assert_uint_eq(hits.total, 1);
    ck_assert_uint_eq(hits.hits[0].edition_index, library.pact_1);
    ck_assert_int_eq(search(library.state, "hydrogen", &scope), 0);
    ck_assert_uint_eq(hits.total, 0);
}
END_TEST

/* A record that both editions have is found in the one that is asked for. */
START_TEST(a_shared_record_is_found_in_the_edition_of_the_scope) {
    struct catalog_scope scope = everywhere;
    ck_assert_int_eq(search(library.state, "consultations", &scope), 0);
    ck_assert_uint_eq(hits.total, 1);
    ck_assert_uint_eq(hits.hits[0].edition_index, library.pact_2);
    scope.edition = 1;
    ck_assert_int_eq(search(library.state, "consultations", &scope), 0);
    ck_assert_uint_eq(hits.total, 1);
    ck_assert_uint_eq(hits.hits[0].edition_index, library.pact_1);
}
END_TEST

START_TEST(a_time_chooses_the_editions_of_then) {
    struct catalog_scope scope = {.instrument = "", .language = "", .has_as_of = true, .as_of = LIBRARY_SECOND - 1};
    ck_assert_int_eq(search(library.state, "oil", &scope), 0);
    ck_assert_uint_eq(hits.total, 1);
    ck_assert_int_eq(search(library.state, "whales", &scope), 0);
    ck_assert_uint_eq(hits.total, 1);
    scope.as_of = LIBRARY_SECOND;
    ck_assert_int_eq(search(library.state, "oil", &scope), 0);
    ck_assert_uint_eq(hits.total, 0);
    scope.as_of = LIBRARY_FIRST - 1;
    ck_assert_int_eq(search(library.state, "peace", &scope), 0);
    ck_assert_uint_eq(hits.total, 0);
}
END_TEST

START_TEST(withdrawn_texts_are_searched_only_by_edition) {
    struct catalog_scope scope = everywhere;
    ck_assert_int_eq(search(library.state, "whales", &scope), 0);
    ck_assert_uint_eq(hits.total, 0);
    scope.edition = 1;
    ck_assert_int_eq(search(library.state, "whales", &scope), 0);
    ck_assert_uint_eq(hits.total, 1);
}
END_TEST

START_TEST(an_earlier_state_is_searched_as_it_was) {
    ck_assert_int_eq(search(library.before, "oil", &everywhere), 0);
    ck_assert_uint_eq(hits.total, 1);
    ck_assert_uint_eq(hits.searched_size, library.before->size);
    ck_assert_int_eq(search(library.before, "hydrogen", &everywhere), 0);
    ck_assert_uint_eq(hits.total, 0);
    ck_assert_int_eq(search(library.state, "hydrogen", &everywhere), 0);
    ck_assert_uint_eq(hits.searched_size, library.state->size);
}
END_TEST

START_TEST(scope_is_instrument_language_and_kind) {
    struct catalog_scope scope = {.instrument = "", .language = "en"};
    ck_assert_int_eq(search(library.state, "signature", &scope), 0);
    ck_assert_uint_eq(hits.total, 2);
    scope.language = "fr";
    ck_assert_int_eq(search(library.state, "signature", &scope), 0);
    ck_assert_uint_eq(hits.total, 0);
    scope = (struct catalog_scope){.instrument = "accord", .language = ""};
    ck_assert_int_eq(search(library.state, "signature", &scope), 0);
    ck_assert_uint_eq(hits.total, 1);
    scope = (struct catalog_scope){.instrument = "pact", .language = "en", .kind = KIND_PREAMBLE};
    ck_assert_int_eq(search(library.state, "friendship", &scope), 0);
    ck_assert_uint_eq(hits.total, 1);
    ck_assert(is_among(library.pact_2, "preamble"));
}
END_TEST

START_TEST(matches_are_the_bytes_that_match) {
    struct span *spans = NULL;
    size_t count = 0;
    const char *const wanted[] = {"\xC3\x89nergie", "Disputes", "friendly consultations"};
    bool seen[3] = {false, false, false};
    ck_assert_int_eq(search(library.state, "energie disputes \"friendly consultations\"", &everywhere), 0);
    ck_assert_uint_eq(hits.count, 1);
    const char *text = library_clauses(&library, hits.hits[0].edition_index).clauses[hits.hits[0].place].text;
    ck_assert_int_eq(catalog_spans(catalog, &hits.hits[0], bytes_text(text), &spans, &count, &fault), 0);
    ck_assert_uint_eq(count, 3);
    for (size_t i = 0; i < count; i++) {
        ck_assert(i == 0 || spans[i].offset >= spans[i - 1].offset + spans[i - 1].length);
        for (size_t k = 0; k < COUNT(wanted); k++)
            seen[k] = seen[k] || (spans[i].length == strlen(wanted[k]) &&
                                  memcmp(text + spans[i].offset, wanted[k], spans[i].length) == 0);
    }
    ck_assert(seen[0] && seen[1] && seen[2]);
    free(spans);
}
END_TEST

START_TEST(a_bad_query_is_refused_with_its_byte) {
    ck_assert_int_eq(search(library.state, "peace AND", &everywhere), DEPOSITARY_E_QUERY);
    ck_assert_ptr_nonnull(strstr(fault.text, "at byte 10"));
}
END_TEST

/* So many clauses that a search among them looks at the clock. The state, to be released. */
static const struct ledger_state *deposit_many(void) {
    struct maker_clause *clauses = NULL;
    maker_clauses_make(&clauses, 3000, 200, 1);
    ledger_maker_deposit(&library.maker,
                         &(struct maker_edition){.instrument = "many", .clauses = clauses, .clauses_count = 3000});
    maker_clauses_free(clauses, 3000);
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    return ledger_state_take(library.maker.ledger);
}

START_TEST(a_search_past_its_deadline_ends) {
    struct catalog_scope scope = everywhere;
    const struct ledger_state *state = deposit_many();
    scope.deadline_ns = 1;
    ck_assert_int_eq(search(state, "a* OR b* OR c* OR 1*", &scope), DEPOSITARY_E_TIMEOUT);
    scope.deadline_ns = clock_monotonic_ns() + 60000000000u;
    ck_assert_int_eq(search(state, "a* OR b* OR c* OR 1*", &scope), 0);
    ledger_state_release(state);
}
END_TEST

#define WORK_NS  UINT64_C(150000000) /* that a search may have */
#define QUOTE_NS UINT64_C(50000000)  /* and one look for candidates of a quote */

/* Whether there is a time of the caller's or not: it ends when its own is over, and the next one has its own again. */
START_TEST(a_search_that_takes_too_much_work_is_too_dear) {
    struct catalog_scope scope = everywhere;
    const struct ledger_state *state = deposit_many();
    for (unsigned round = 0; round < 2; round++) {
        look_ns = WORK_NS / 10;
        looks = 0;
        ck_assert_int_eq(search(state, "a* OR b* OR c* OR 1*", &scope), DEPOSITARY_E_LIMIT);
        ck_assert_ptr_nonnull(strstr(fault.text, "more work than one call may cost"));
        ck_assert_uint_ge(looks, 11); /* the first is at its beginning; SQLite may look again while it ends */
        ck_assert_uint_le(looks, 13);
        ck_assert_uint_eq(hits.count, 0);
        look_ns = 0;
        ck_assert_int_eq(search(state, "a* OR b* OR c* OR 1*", &scope), 0);
        ck_assert_uint_gt(looks, 40);
        scope.deadline_ns = clock_monotonic_ns() + 60000000000u;
    }
    ledger_state_release(state);
}
END_TEST

/* FTS5 reads most of its index for these, and gives no row. */
START_TEST(a_search_that_finds_nothing_is_bounded_as_well) {
    const char *const queries[] = {
        "notthere AND (a* OR b* OR c* OR d* OR e* OR f* OR g* OR h* OR i* OR j* OR k* OR l*)",
        "(a* OR b* OR c* OR d* OR e* OR f* OR g* OR h* OR i* OR j* OR k*) NOT (a* OR b* OR c* "
        "OR d* OR e* OR f* OR g* OR h* OR i* OR j* OR k*)"};
    const struct ledger_state *state = deposit_many();
    for (size_t i = 0; i < COUNT(queries); i++) {
        look_ns = 0;
        ck_assert_int_eq(search(state, queries[i], &everywhere), 0);
        ck_assert_uint_eq(hits.total, 0);
        look_ns = WORK_NS / 2;
        ck_assert_int_eq(search(state, queries[i], &everywhere), DEPOSITARY_E_LIMIT);
    }
    ledger_state_release(state);
}
END_TEST

/* Looks at the clock, which count steps, that a page of so many hits takes. */
static uint64_t looks_of(const struct ledger_state *state, const char *query, size_t page) {
    catalog_hits_free(&hits);
    looks = 0;
    ck_assert_int_eq(catalog_search(catalog, state, bytes_text(query), &everywhere, 0, page, &hits, &fault), 0);
    ck_assert_uint_eq(hits.count, page);
    for (size_t i = 0; i < page; i++)
        ck_assert_uint_gt(hits.hits[i].ranges_count, 0);
    return looks;
}

/* What matched is found for all hits in one walk: else each would cost what the search did. */
START_TEST(a_page_of_many_hits_of_a_prefix_costs_little_more_than_one) {
    const struct ledger_state *state = deposit_many();
    const uint64_t one = looks_of(state, "a*", 1);
    ck_assert_uint_le(looks_of(state, "a*", 20), 2 * one + 2);
    ck_assert_uint_le(looks_of(state, "a* OR b* OR c*", 1000), 3 * looks_of(state, "a* OR b* OR c*", 1));
    ledger_state_release(state);
}
END_TEST

/* Of words that stand everywhere, and of ones of which no text has all. */
START_TEST(candidates_of_a_quote_take_bounded_work) {
    struct maker_clause *clauses = calloc(4000, sizeof *clauses);
    ck_assert_ptr_nonnull(clauses);
    for (unsigned i = 0; i < 4000; i++) {
        char eid[16], text[512] = "";
        snprintf(eid, sizeof eid, "cl_%u", i + 1);
        for (unsigned k = 0; k < 30; k++)
            strcat(text, i % 2 ? "river ocean " : "ocean river ");
        clauses[i] = (struct maker_clause){strdup(eid), strdup(text)};
        ck_assert(clauses[i].eid && clauses[i].text);
    }
    ledger_maker_deposit(&library.maker,
                         &(struct maker_edition){.instrument = "many", .clauses = clauses, .clauses_count = 4000});
    maker_clauses_free(clauses, 4000);
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    const struct bytes quote = BYTES("x river river ocean river ocean river river ocean ocean x");
    for (unsigned parts = 0; parts < 2; parts++) {
        look_ns = 0;
        ck_assert_int_eq(catalog_quote_candidates(catalog, state, quote, &everywhere, parts, &hits, &fault), 0);
        catalog_hits_free(&hits);
        look_ns = QUOTE_NS;
        looks = 0;
        ck_assert_int_eq(catalog_quote_candidates(catalog, state, quote, &everywhere, parts, &hits, &fault),
                         DEPOSITARY_E_LIMIT);
        ck_assert_uint_le(looks, 4);
    }
    ledger_state_release(state);
}
END_TEST

static int by_hit(const void *left, const void *right) {
    const struct catalog_hit *a = left;
    const struct catalog_hit *b = right;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* All pages together are every hit once, best first. */
START_TEST(pages_neither_repeat_nor_miss) {
    struct maker_clause *clauses = NULL;
    struct catalog_hit all[500];
    size_t count = 0;
    double score = 1e9;
    maker_clauses_make(&clauses, 500, 150, 9);
    ledger_maker_deposit(&library.maker,
                         &(struct maker_edition){.instrument = "many", .clauses = clauses, .clauses_count = 500});
    maker_clauses_free(clauses, 500);
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    for (uint64_t offset = 0; offset < 500; offset += 77) {
        catalog_hits_free(&hits);
        ck_assert_int_eq(catalog_search(catalog, state, BYTES("9"), &everywhere, offset, 77, &hits, &fault), 0);
        ck_assert_uint_eq(hits.total, 500);
        ck_assert_uint_eq(hits.count, offset + 77 <= 500 ? 77 : 500 - offset);
        for (size_t i = 0; i < hits.count; i++) {
            ck_assert(hits.hits[i].score <= score);
            score = hits.hits[i].score;
            all[count++] = hits.hits[i];
        }
    }
    qsort(all, count, sizeof *all, by_hit);
    ck_assert_uint_eq(count, 500);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(all[i].place, i);
    catalog_hits_free(&hits);
    ck_assert_int_eq(catalog_search(catalog, state, BYTES("9"), &everywhere, 500, 77, &hits, &fault), 0);
    ck_assert_uint_eq(hits.count, 0);
    ledger_state_release(state);
}
END_TEST

/* ---- candidates */

static void ask(struct bytes quote, const struct catalog_scope *scope) {
    catalog_hits_free(&hits);
    struct catalog_hits parts;
    ck_assert_msg(catalog_quote_candidates(catalog, library.state, quote, scope, false, &hits, &fault) == 0, "%s",
                  fault_text(&fault));
    ck_assert_msg(catalog_quote_candidates(catalog, library.state, quote, scope, true, &parts, &fault) == 0, "%s",
                  fault_text(&fault));
    for (size_t i = 0; i < parts.count && hits.count < CATALOG_CANDIDATES_MAX; i++)
        hits.hits[hits.count++] = parts.hits[i];
    catalog_hits_free(&parts);
}

static bool is_candidate(uint64_t edition_index, uint64_t place) {
    for (size_t i = 0; i < hits.count; i++) {
        if (hits.hits[i].edition_index == edition_index && hits.hits[i].place == place)
            return true;
    }
    return false;
}

static size_t boundary_before(struct bytes text, size_t at) {
    while (!utf8_is_boundary(text, at))
        at--;
    return at;
}

/* Every slice of every clause, however short or badly cut, has its clause among the candidates. */
START_TEST(every_slice_of_a_clause_finds_it) {
    const uint64_t editions[] = {library.pact_2, library.accord_zh, library.accord_en, library.twin_fr};
    unsigned tried = 0;
    for (size_t e = 0; e < COUNT(editions); e++) {
        struct library_edition edition = library_clauses(&library, editions[e]);
        for (uint64_t place = 0; place < edition.count; place++) {
            struct bytes text = bytes_text(edition.clauses[place].text);
            for (size_t start = 0; start < text.len; start += 3) {
                for (size_t len = 1; start + len <= text.len; len = len * 2 + 1) {
                    size_t first = boundary_before(text, start);
                    size_t end = boundary_before(text, start + len);
                    if (end <= first)
                        continue;
                    struct bytes quote = bytes_slice(text, first, end - first);
                    ask(quote, &everywhere);
                    ck_assert_msg(is_candidate(editions[e], place), "%.*s", (int)quote.len, (const char *)quote.data);
                    tried++;
                }
            }
        }
    }
    ck_assert_uint_gt(tried, 900);
}
END_TEST

/* A quote that runs over the end of a clause has one of its clauses among the candidates. */
START_TEST(every_slice_over_two_clauses_finds_one_of_them) {
    struct library_edition edition = library_clauses(&library, library.pact_2);
    char joined[1024];
    for (uint64_t place = 0; place + 1 < edition.count; place++) {
        size_t first_len = strlen(edition.clauses[place].text);
        snprintf(joined, sizeof joined, "%s%s", edition.clauses[place].text, edition.clauses[place + 1].text);
        struct bytes text = bytes_text(joined);
        for (size_t before = 1; before < first_len; before += 5) {
            for (size_t behind = 1; behind < text.len - first_len; behind += 7) {
                size_t start = boundary_before(text, first_len - before);
                size_t end = boundary_before(text, first_len + behind);
                if (end <= first_len)
                    continue;
                ask(bytes_slice(text, start, end - start), &everywhere);
                ck_assert_msg(is_candidate(library.pact_2, place) || is_candidate(library.pact_2, place + 1), "%.*s",
                              (int)(end - start), joined + start);
            }
        }
    }
}
END_TEST

START_TEST(a_changed_word_still_finds_the_clause) {
    ask(BYTES("The Parties shall collaborate on green energy: (a) in hydrogen;"), &everywhere);
    ck_assert(is_candidate(library.pact_2, 3));
    ask(BYTES("peace and amity shall prevail"), &everywhere);
    ck_assert(is_candidate(library.pact_2, 2));
    ask(BYTES("\xE5\x8F\x8C\xE6\x96\xB9\xE5\x8A\xA0\xE5\xBC\xBA\xE7\xBB\x8F\xE6\xB5\x8E\xE5\x90\x88\xE4\xBD\x9C"),
        &everywhere);
    ck_assert(is_candidate(library.accord_zh, 0));
}
END_TEST

START_TEST(typographic_changes_still_find_the_clause) {
    ask(BYTES("between the \"contracting parties\"."), &everywhere);
    ck_assert(is_candidate(library.pact_2, 2));
    ask(BYTES("long\xE2\x80\x91standing  FRIENDSHIP"), &everywhere);
    ck_assert(is_candidate(library.pact_2, 1));
    ask(BYTES("The Parties [\xE2\x80\xA6] solar power"), &everywhere);
    ck_assert(is_candidate(library.pact_2, 3));
}
END_TEST

START_TEST(candidates_keep_to_the_scope) {
    struct catalog_scope scope = {.instrument = "pact", .language = "en", .edition = 1};
    ask(BYTES("wind and solar power"), &scope);
    ck_assert(is_candidate(library.pact_1, 3));
    ck_assert(!is_candidate(library.pact_2, 3));
    scope.edition = 0;
    ask(BYTES("wind and solar power"), &scope);
    ck_assert(is_candidate(library.pact_2, 3));
    ck_assert(!is_candidate(library.pact_1, 3));
    ask(BYTES("in oil and gas"), &scope);
    ck_assert(!is_candidate(library.pact_1, 3));
    ask(BYTES("whale"), &everywhere);
    ck_assert_uint_eq(hits.count, 0);
    ask(BYTES("hal"), &everywhere); /* by the bytes */
    for (size_t i = 0; i < hits.count; i++)
        ck_assert_uint_ne(hits.hits[i].edition_index, library.gone_1);
}
END_TEST

START_TEST(a_quote_that_cannot_be_one_is_refused) {
    static uint8_t quote[LIMIT_QUOTE + 1];
    memset(quote, 'a', sizeof quote);
    ck_assert_int_eq(catalog_quote_candidates(catalog, library.state, BYTES(""), &everywhere, true, &hits, &fault),
                     DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(catalog_quote_candidates(catalog, library.state, bytes_of(quote, sizeof quote), &everywhere, true,
                                              &hits, &fault),
                     DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(catalog_quote_candidates(catalog, library.state, BYTES("\xFF"), &everywhere, true, &hits, &fault),
                     DEPOSITARY_E_ARGUMENT);
    ask(bytes_of(quote, LIMIT_QUOTE), &everywhere);
    ck_assert_uint_eq(hits.count, 0);
}
END_TEST

/* A quote that no word leads to is looked for in the texts themselves, but not in all that there are. */
START_TEST(texts_are_read_up_to_a_bound) {
    static char texts[6][LIMIT_CLAUSE_TEXT + 1];
    struct maker_clause clauses[6];
    char eids[6][16], quote[16];
    for (size_t i = 0; i < COUNT(clauses); i++) {
        for (size_t at = 0; at < LIMIT_CLAUSE_TEXT; at += 2)
            memcpy(texts[i] + at, i % 2 ? "x " : "y ", 2);
        snprintf(texts[i] + LIMIT_CLAUSE_TEXT - 12, 12, "mmmqq%zuqqmm", i);
        snprintf(eids[i], sizeof eids[i], "cl_%zu", i);
        clauses[i] = (struct maker_clause){eids[i], texts[i]};
    }
    uint64_t index = ledger_maker_deposit(
        &library.maker,
        &(struct maker_edition){.instrument = "large", .clauses = clauses, .clauses_count = COUNT(clauses)});
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    const struct catalog_scope scope = {.instrument = "large", .language = "en"};
    for (size_t i = 0; i < COUNT(clauses); i++) {
        snprintf(quote, sizeof quote, "qq%zuqq", i);
        catalog_hits_free(&hits);
        ck_assert_int_eq(catalog_quote_candidates(catalog, state, bytes_text(quote), &scope, false, &hits, &fault), 0);
        ck_assert_msg(is_candidate(index, i) == (i < 4), "clause %zu", i); /* the last that begins within 4 MiB */
    }
    ledger_state_release(state);
}
END_TEST

/* Each as 1,500 bytes more: 4 MiB are some 2,760 of them. */
START_TEST(short_texts_count_for_what_it_costs_to_read_them) {
    const struct catalog_scope scope = {.instrument = "short", .language = "en"};
    struct maker_clause *clauses = calloc(3000, sizeof *clauses);
    ck_assert_ptr_nonnull(clauses);
    for (unsigned i = 0; i < 3000; i++) {
        char eid[16], text[32];
        snprintf(eid, sizeof eid, "cl_%u", i);
        snprintf(text, sizeof text, "mmmqq%04uqqmm\n", i);
        clauses[i] = (struct maker_clause){strdup(eid), strdup(text)};
        ck_assert(clauses[i].eid && clauses[i].text);
    }
    uint64_t index = ledger_maker_deposit(
        &library.maker, &(struct maker_edition){.instrument = "short", .clauses = clauses, .clauses_count = 3000});
    maker_clauses_free(clauses, 3000);
    ck_assert_int_eq(catalog_update(catalog, &fault), 0);
    const struct ledger_state *state = ledger_state_take(library.maker.ledger);
    for (unsigned i = 2600; i < 3000; i += 300) {
        char quote[16];
        snprintf(quote, sizeof quote, "qq%04uqq", i);
        catalog_hits_free(&hits);
        ck_assert_int_eq(catalog_quote_candidates(catalog, state, bytes_text(quote), &scope, false, &hits, &fault), 0);
        ck_assert_msg(is_candidate(index, i) == (i < 2700), "clause %u", i);
    }
    ledger_state_release(state);
}
END_TEST

/* A quote full of what is syntax to FTS5 is looked for, not obeyed. */
START_TEST(a_quote_is_never_syntax) {
    const char *const quotes[] = {"\" OR \"peace",           "peace* NOT (", "\"\"\"", "NEAR(peace",
                                  "' ; DROP TABLE text; --", "text : peace", "\\",     "{peace}"};
    for (size_t i = 0; i < COUNT(quotes); i++)
        ask(bytes_text(quotes[i]), &everywhere);
}
END_TEST

/* Sixteen kilobytes of short words, of letters, and of one word. */
START_TEST(long_quotes_are_answered) {
    static uint8_t quote[LIMIT_QUOTE];
    for (size_t i = 0; i < sizeof quote; i++)
        quote[i] = i % 2 ? ' ' : (uint8_t)('a' + i / 2 % 26);
    ask(bytes_of(quote, sizeof quote), &everywhere);
    for (size_t i = 0; i + 3 <= sizeof quote; i += 3)
        memcpy(quote + i, "\xE8\x83\xBD", 3);
    quote[sizeof quote - 1] = '.';
    ask(bytes_of(quote, sizeof quote), &everywhere);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("search");
    TCase *words = tcase_create("words");
    tcase_add_checked_fixture(words, set_up, tear_down);
    tcase_set_timeout(words, 60);
    tcase_add_test(words, words_are_found);
    tcase_add_test(words, operators_are_obeyed);
    tcase_add_test(words, han_is_found_by_character_and_by_word);
    tcase_add_test(words, only_latest_editions_are_searched_unless_one_is_named);
    tcase_add_test(words, a_shared_record_is_found_in_the_edition_of_the_scope);
    tcase_add_test(words, a_time_chooses_the_editions_of_then);
    tcase_add_test(words, withdrawn_texts_are_searched_only_by_edition);
    tcase_add_test(words, an_earlier_state_is_searched_as_it_was);
    tcase_add_test(words, scope_is_instrument_language_and_kind);
    tcase_add_test(words, matches_are_the_bytes_that_match);
    tcase_add_test(words, a_bad_query_is_refused_with_its_byte);
    tcase_add_test(words, a_search_past_its_deadline_ends);
    tcase_add_test(words, a_search_that_takes_too_much_work_is_too_dear);
    tcase_add_test(words, a_search_that_finds_nothing_is_bounded_as_well);
    tcase_add_test(words, a_page_of_many_hits_of_a_prefix_costs_little_more_than_one);
    tcase_add_test(words, pages_neither_repeat_nor_miss);
    suite_add_tcase(suite, words);
    TCase *quotes = tcase_create("quotes");
    tcase_add_checked_fixture(quotes, set_up, tear_down);
    tcase_set_timeout(quotes, 60);
    tcase_add_test(quotes, every_slice_of_a_clause_finds_it);
    tcase_add_test(quotes, every_slice_over_two_clauses_finds_one_of_them);
    tcase_add_test(quotes, a_changed_word_still_finds_the_clause);
    tcase_add_test(quotes, typographic_changes_still_find_the_clause);
    tcase_add_test(quotes, candidates_keep_to_the_scope);
    tcase_add_test(quotes, a_quote_that_cannot_be_one_is_refused);
    tcase_add_test(quotes, candidates_of_a_quote_take_bounded_work);
    tcase_add_test(quotes, texts_are_read_up_to_a_bound);
    tcase_add_test(quotes, short_texts_count_for_what_it_costs_to_read_them);
    tcase_add_test(quotes, a_quote_is_never_syntax);
    tcase_add_test(quotes, long_quotes_are_answered);
    suite_add_tcase(suite, quotes);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
