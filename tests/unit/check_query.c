/* The query language: nothing of the user's text becomes syntax, errors name their byte, and what is printed FTS5 can
 * read. */
#include "catalog/query.h"

#include "base/limits.h"
#include "catalog/db.h"
#include "catalog/ranges.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct catalog_db *connection;
static struct buffer printed;
static struct fault fault;

static void set_up(void) {
    ck_assert_int_eq(catalog_db_open(&connection, ":memory:", CONNECTION_WRITES, &fault), 0);
    ck_assert_int_eq(catalog_db_make_schema(connection, &fault), 0);
    buffer_init(&printed, 64 * 1024);
}

static void tear_down(void) {
    buffer_free(&printed);
    catalog_db_close(connection);
    connection = NULL;
}

static int print(struct bytes query) {
    buffer_clear(&printed);
    fault = (struct fault){0};
    return query_print(&printed, query, connection->tokenizer, &fault);
}

/* Whether FTS5 takes the expression that was printed. */
static bool is_readable(void) {
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(
        sqlite3_prepare_v2(connection->db, "SELECT rowid FROM words WHERE words MATCH ?1", -1, &statement, NULL),
        SQLITE_OK);
    catalog_bind_text(statement, 1, buffer_bytes(&printed));
    int rc = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE || rc == SQLITE_ROW;
}

struct reading {
    const char *query;
    const char *expression;
};

static const struct reading readings[] = {
    {"peace", "\"peace\""},
    {"peace treaty", "(\"peace\" AND \"treaty\")"},
    {"\"peace treaty\"", "\"peace treaty\""},
    {"energ*", "\"energ\"*"},
    {"\"green ener\"*", "\"green ener\"*"},
    {"a AND b", "(\"a\" AND \"b\")"},
    {"a OR b c", "(\"a\" OR (\"b\" AND \"c\"))"},
    {"a b OR c", "((\"a\" AND \"b\") OR \"c\")"},
    {"a NOT b", "(\"a\" NOT \"b\")"},
    {"a AND NOT b", "(\"a\" NOT \"b\")"},
    {"(a OR b) c", "((\"a\" OR \"b\") AND \"c\")"},
    {"((((a))))", "\"a\""},
    {"NEAR(a b)", "NEAR(\"a\" \"b\", 10)"},
    {"NEAR(a \"b c\" d*, 5)", "NEAR(\"a\" \"b c\" \"d\"*, 5)"},
    {"NEAR(a b c d e f g h)", "NEAR(\"a\" \"b\" \"c\" \"d\" \"e\" \"f\" \"g\" \"h\", 10)"},
    {"a NEAR/3 b", "NEAR(\"a\" \"b\", 3)"},
    {"a NEAR/3 b NEAR/5 c", "(NEAR(\"a\" \"b\", 3) AND NEAR(\"b\" \"c\", 5))"},
    {"and or not near", "(((\"and\" AND \"or\") AND \"not\") AND \"near\")"},
    {"col:word", "\"col:word\""},
    {"-word ^first", "(\"-word\" AND \"^first\")"},
    {"a,b", "\"a,b\""},
    {"\xE4\xB8\xAD\xE5\x9B\xBD", "\"\xE4\xB8\xAD\xE5\x9B\xBD\""},
    {"\xE4\xB8\xAD\xE3\x80\x80\xE5\x9B\xBD", "(\"\xE4\xB8\xAD\" AND \"\xE5\x9B\xBD\")"},
};

START_TEST(readings_are_printed_quoted) {
    const struct reading *reading = &readings[_i];
    ck_assert_int_eq(print(bytes_text(reading->query)), 0);
    ck_assert_msg(bytes_equal(buffer_bytes(&printed), bytes_text(reading->expression)), "%s: %.*s", reading->query,
                  (int)printed.len, (const char *)printed.data);
    ck_assert(is_readable());
}
END_TEST

struct refusal {
    const char *name;
    const char *query;
    const char *start; /* of the words */
};

static const struct refusal refusals[] = {
    {"empty", "", "at byte 1: "},
    {"white_space_only", "  \t", "at byte 4: "},
    {"sign_alone", "a + b", "at byte 3: "},
    {"open_phrase", "a \"b c", "at byte 3: "},
    {"empty_phrase", "a \"\"", "at byte 3: "},
    {"open_parenthesis", "a (b", "at byte 3: "},
    {"closed_only", "a)", "at byte 2: "},
    {"empty_parentheses", "()", "at byte 2: "},
    {"leading_operator", "OR a", "at byte 1: "},
    {"leading_not", "NOT a", "at byte 1: "},
    {"trailing_operator", "a AND", "at byte 6: "},
    {"two_operators", "a AND OR b", "at byte 7: "},
    {"star_alone", "*", "at byte 1: "},
    {"star_inside", "ab*cd", "at byte 3: "},
    {"near_alone", "a NEAR b", "at byte 3: "},
    {"near_open", "NEAR(a b", "at byte 9: "},
    {"near_of_one", "NEAR(a)", "at byte 7: "},
    {"near_of_nine", "NEAR(a b c d e f g h i, 3)", "at byte 23: NEAR holds eight words"},
    {"near_of_near", "NEAR(a NEAR(b c))", "at byte "},
    {"near_with_operator", "NEAR(a OR b)", "at byte 8: "},
    {"near_without_number", "NEAR(a b, )", "at byte 11: "},
    {"near_with_large_number", "NEAR(a b, 1001)", "at byte 11: "},
    {"near_with_huge_number", "a NEAR/99999999999999999999 b", "at byte 3: "},
    {"near_with_negative_number", "a NEAR/-1 b", "at byte 3: "},
    {"near_without_right", "a NEAR/3", "at byte 9: "},
    {"near_without_left", "NEAR/3 a", "at byte 1: "},
    {"near_of_group", "a NEAR/3 (b c)", "at byte 10: "},
    {"broken_utf8", "a \xFF", "at byte "},
};

START_TEST(bad_queries_are_refused_with_their_byte) {
    const struct refusal *refusal = &refusals[_i];
    ck_assert_msg(print(bytes_text(refusal->query)) == DEPOSITARY_E_QUERY, "%s", refusal->name);
    ck_assert_int_eq(fault.error, DEPOSITARY_E_QUERY);
    ck_assert_msg(strncmp(fault.text, refusal->start, strlen(refusal->start)) == 0, "%s: %s", refusal->name,
                  fault.text);
    ck_assert_uint_eq(printed.len, 0);
}
END_TEST

/* A message cannot bring one; whoever else calls must not have the rest of the expression cut off. */
START_TEST(a_nul_is_refused_with_its_byte) {
    ck_assert_int_eq(print(bytes_of("a OR\0b", 6)), DEPOSITARY_E_QUERY);
    ck_assert_str_eq(fault.text, "at byte 5: a NUL");
    ck_assert_uint_eq(printed.len, 0);
}
END_TEST

static void append_words(struct buffer *out, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        buffer_append_format(out, "w%u ", i);
}

START_TEST(terms_are_limited) {
    struct buffer query;
    buffer_init(&query, 4096);
    append_words(&query, LIMIT_QUERY_TERMS);
    ck_assert_int_eq(print(buffer_bytes(&query)), 0);
    ck_assert(is_readable());
    buffer_append_text(&query, "more");
    ck_assert_int_eq(print(buffer_bytes(&query)), DEPOSITARY_E_QUERY);
    buffer_clear(&query);
    buffer_append_byte(&query, '"');
    append_words(&query, LIMIT_QUERY_TERMS + 1);
    buffer_append_byte(&query, '"');
    ck_assert_int_eq(print(buffer_bytes(&query)), DEPOSITARY_E_QUERY);
    buffer_free(&query);
}
END_TEST

START_TEST(longest_near_chain_is_readable) {
    struct buffer query;
    buffer_init(&query, 4096);
    buffer_append_text(&query, "a");
    for (unsigned i = 1; i < LIMIT_QUERY_TERMS; i++)
        buffer_append_text(&query, " NEAR/2 b");
    ck_assert_int_eq(print(buffer_bytes(&query)), 0);
    ck_assert(is_readable());
    buffer_free(&query);
}
END_TEST

START_TEST(length_is_limited) {
    uint8_t query[LIMIT_QUERY + 1];
    memset(query, 'a', sizeof query);
    ck_assert_int_eq(print(bytes_of(query, LIMIT_QUERY)), 0);
    ck_assert_int_eq(print(bytes_of(query, LIMIT_QUERY + 1)), DEPOSITARY_E_QUERY);
}
END_TEST

START_TEST(nesting_is_limited) {
    uint8_t query[LIMIT_QUERY];
    memset(query, '(', sizeof query);
    ck_assert_int_eq(print(bytes_of(query, sizeof query)), DEPOSITARY_E_QUERY);
    ck_assert_ptr_nonnull(strstr(fault.text, "at byte 17: "));
}
END_TEST

/* Any bytes are refused or become an expression that FTS5 reads. */
START_TEST(random_queries_are_refused_or_readable) {
    static const char *const pieces[] = {
        "a",       "b*",       "\"", "(",  ")", "AND", "OR", "NOT", "NEAR", "NEAR(", ", 3",          "NEAR/2", " ", " ",
        "\"c d\"", "\xC3\xA9", "'",  "--", ";", "\\",  "{",  "}:",  "^x",   "*",     "\xE5\x9B\xBD", ")*\"",   ","};
    unsigned accepted = 0;
    srand(20250423);
    for (unsigned round = 0; round < 20000; round++) {
        struct buffer query;
        buffer_init(&query, LIMIT_QUERY);
        for (int count = rand() % 12; count >= 0; count--)
            buffer_append_text(&query, pieces[(size_t)rand() % (sizeof pieces / sizeof *pieces)]);
        int error = print(buffer_bytes(&query));
        ck_assert(error == 0 || error == DEPOSITARY_E_QUERY);
        if (!error) {
            accepted++;
            ck_assert_msg(is_readable(), "%.*s: %.*s", (int)query.len, (const char *)query.data, (int)printed.len,
                          (const char *)printed.data);
        }
        buffer_free(&query);
    }
    ck_assert_uint_gt(accepted, 500);
}
END_TEST

/* ---- tokens */

struct tokens {
    char text[512];
    struct bytes in;
};

static int write_token(void *context, struct bytes token, size_t start, size_t end) {
    struct tokens *tokens = context;
    size_t used = strlen(tokens->text);
    ck_assert_uint_le(start, end);
    ck_assert_uint_le(end, tokens->in.len);
    snprintf(tokens->text + used, sizeof tokens->text - used, "%.*s@%zu-%zu ", (int)token.len, (const char *)token.data,
             start, end);
    return 0;
}

static const char *tokens_of(const char *text) {
    static struct tokens tokens;
    tokens = (struct tokens){.in = bytes_text(text)};
    ck_assert_int_eq(tokenizer_walk(connection->tokenizer, tokens.in, write_token, &tokens), 0);
    return tokens.text;
}

START_TEST(latin_words_lose_case_and_diacritics) {
    ck_assert_str_eq(tokens_of("\xC3\x89nergie, VERTE"), "energie@0-8 verte@10-15 ");
}
END_TEST

START_TEST(han_kana_and_hangul_stand_alone) {
    ck_assert_str_eq(tokens_of("\xE4\xB8\xAD\xE5\x9B\xBD"), "\xE4\xB8\xAD@0-3 \xE5\x9B\xBD@3-6 ");
    ck_assert_str_eq(tokens_of("a\xE4\xB8\xAD"
                               "b1"),
                     "a@0-1 \xE4\xB8\xAD@1-4 b1@4-6 ");
    ck_assert_str_eq(tokens_of("\xE3\x81\x8B\xEA\xB0\x80"), "\xE3\x81\x8B@0-3 \xEA\xB0\x80@3-6 ");
    ck_assert_str_eq(tokens_of("\xF0\xA0\x80\x80x"), "\xF0\xA0\x80\x80@0-4 x@4-5 ");
}
END_TEST

START_TEST(offsets_count_bytes_after_other_scripts) {
    ck_assert_str_eq(tokens_of("\xE7\xAC\xAC 7 \xD0\x90\xD0\xB1"), "\xE7\xAC\xAC@0-3 7@4-5 \xD0\xB0\xD0\xB1@6-10 ");
}
END_TEST

START_TEST(punctuation_has_no_tokens) {
    ck_assert_str_eq(tokens_of("\xE2\x80\xA6 -- \xE3\x80\x82!"), "");
    ck_assert_str_eq(tokens_of(""), "");
}
END_TEST

START_TEST(only_single_letters_stand_alone) {
    ck_assert(tokenizer_stands_alone(BYTES("\xE4\xB8\xAD")));
    ck_assert(!tokenizer_stands_alone(BYTES("\xE4\xB8\xAD\xE5\x9B\xBD")));
    ck_assert(!tokenizer_stands_alone(BYTES("a")));
    ck_assert(!tokenizer_stands_alone(BYTES("")));
}
END_TEST

/* ---- ranges */

static void assert_spans(const char *text, const struct token_range *ranges, size_t count, const char *wanted) {
    struct span *spans = NULL;
    size_t spans_count = 0;
    char got[128] = "";
    ck_assert_int_eq(ranges_to_spans(&spans, &spans_count, connection->tokenizer, bytes_text(text), ranges, count), 0);
    for (size_t i = 0; i < spans_count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%u+%u ", spans[i].offset, spans[i].length);
    ck_assert_str_eq(got, wanted);
    free(spans);
}

START_TEST(ranges_become_bytes_in_order) {
    const struct token_range ranges[] = {{3, 1}, {0, 2}};
    assert_spans("One two, three four", ranges, 2, "0+7 15+4 ");
}
END_TEST

START_TEST(overlapping_ranges_become_one) {
    const struct token_range ranges[] = {{0, 2}, {1, 2}, {1, 1}};
    assert_spans("a b c d", ranges, 3, "0+5 ");
}
END_TEST

START_TEST(ranges_past_the_text_are_left_out) {
    const struct token_range ranges[] = {{1, 1}, {9, 1}, {UINT32_MAX, UINT32_MAX}};
    assert_spans("a b", ranges, 3, "2+1 ");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("query");
    TCase *language = tcase_create("language");
    tcase_add_checked_fixture(language, set_up, tear_down);
    tcase_add_loop_test(language, readings_are_printed_quoted, 0, sizeof readings / sizeof *readings);
    tcase_add_loop_test(language, bad_queries_are_refused_with_their_byte, 0, sizeof refusals / sizeof *refusals);
    tcase_add_test(language, a_nul_is_refused_with_its_byte);
    tcase_add_test(language, terms_are_limited);
    tcase_add_test(language, longest_near_chain_is_readable);
    tcase_add_test(language, length_is_limited);
    tcase_add_test(language, nesting_is_limited);
    tcase_add_test(language, random_queries_are_refused_or_readable);
    tcase_set_timeout(language, 60);
    suite_add_tcase(suite, language);
    TCase *tokens = tcase_create("tokens");
    tcase_add_checked_fixture(tokens, set_up, tear_down);
    tcase_add_test(tokens, latin_words_lose_case_and_diacritics);
    tcase_add_test(tokens, han_kana_and_hangul_stand_alone);
    tcase_add_test(tokens, offsets_count_bytes_after_other_scripts);
    tcase_add_test(tokens, punctuation_has_no_tokens);
    tcase_add_test(tokens, only_single_letters_stand_alone);
    tcase_add_test(tokens, ranges_become_bytes_in_order);
    tcase_add_test(tokens, overlapping_ranges_become_one);
    tcase_add_test(tokens, ranges_past_the_text_are_left_out);
    suite_add_tcase(suite, tokens);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
