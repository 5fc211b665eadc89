/*
 * Candidates for a quote. Words at the quote's ends may be cut, so whole words inside it are looked for: first all of
 * them as a phrase, then each half, since the quote may run over the end of a clause, then its rarest words, where it
 * was not quoted faithfully. A quote without a whole word inside is looked for in the bytes of the texts, as far as a
 * budget reaches.
 */
#define _GNU_SOURCE /* memmem */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "catalog/catalog_internal.h"
#include "catalog/query.h"
#include "text/fold.h"

#define PHRASE_TOKENS   24u  /* of a phrase that is looked for; more would find no less */
#define HALF_LIMIT      100u /* candidates of each half */
#define HALF_LIMIT_MORE 10u  /* the same, where the whole was found */
#define RARE_LIMIT      40u  /* candidates by rare words */
#define RARE_WORDS      12u
#define RARE_BYTES      5u /* a word shorter than this is taken for a common one */
#define EXPRESSION_MAX  (64u * 1024)
#define FOLDS_OF_A_SCAN (FOLD_NFC | FOLD_WHITESPACE | FOLD_QUOTES | FOLD_HYPHENS | FOLD_CASE)

struct quote_token {
    size_t start;
    size_t end;
};

/* One run of catalog_quote_candidates. */
struct finder {
    struct catalog_read read;
    const struct ledger_state *state;
    const struct catalog_scope *scope;
    struct bytes quote;
    struct quote_token *tokens;
    size_t tokens_count;
    size_t whole_first; /* the first token that is surely a whole word */
    bool is_last_cut;   /* whether the last may be the beginning of a word */
    struct catalog_hits hits;
    struct buffer expression;
    struct fault *fault;
};

static int keep_token(void *context, struct bytes token, size_t start, size_t end) {
    struct finder *finder = context;
    (void)token;
    finder->tokens[finder->tokens_count++] = (struct quote_token){start, end};
    return 0;
}

static struct bytes token_text(const struct finder *finder, const struct quote_token *token) {
    return bytes_slice(finder->quote, token->start, token->end - token->start);
}

static int read_tokens(struct finder *finder) {
    finder->tokens = calloc(finder->quote.len, sizeof *finder->tokens);
    if (!finder->tokens)
        return fault_set(finder->fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
    int error = tokenizer_walk(finder->read.connection->tokenizer, finder->quote, keep_token, finder);
    if (error || finder->tokens_count == 0)
        return error;
    const struct quote_token *first = &finder->tokens[0];
    const struct quote_token *last = &finder->tokens[finder->tokens_count - 1];
    finder->whole_first = first->start > 0 || tokenizer_stands_alone(token_text(finder, first)) ? 0 : 1;
    finder->is_last_cut = last->end == finder->quote.len && !tokenizer_stands_alone(token_text(finder, last));
    return 0;
}

static bool is_kept(const struct finder *finder, uint64_t edition_index, uint64_t place) {
    for (size_t i = 0; i < finder->hits.count; i++) {
        if (finder->hits.hits[i].edition_index == edition_index && finder->hits.hits[i].place == place)
            return true;
    }
    return false;
}

static bool is_full(const struct finder *finder) {
    return finder->hits.count == CATALOG_CANDIDATES_MAX;
}

static void keep_candidate(struct finder *finder, uint64_t edition_index, uint64_t place, double score) {
    if (!is_full(finder) && !is_kept(finder, edition_index, place))
        finder->hits.hits[finder->hits.count++] =
            (struct catalog_hit){.edition_index = edition_index, .place = place, .score = score};
}

/* Keeps what the expression finds in the scope, best first. */
static int look_up(struct finder *finder, size_t limit) {
    bool row = true;
    if (finder->expression.error)
        return finder->expression.error;
    sqlite3_stmt *statement = catalog_db_statement(finder->read.connection, STATEMENT_CANDIDATES, finder->fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    catalog_bind_scope(statement, finder->read.size, finder->scope);
    catalog_bind_text(statement, 7, buffer_bytes(&finder->expression));
    catalog_bind_number(statement, 8, limit);
    int error = 0;
    while (!error && row) {
        error = catalog_statement_step(finder->read.connection, statement, &row, finder->fault);
        if (!error && row)
            keep_candidate(finder, catalog_column_number(statement, 0), catalog_column_number(statement, 1),
                           sqlite3_column_double(statement, 2));
    }
    catalog_statement_done(statement);
    return error;
}

/* Looks for tokens first to end - 1 as one phrase; the quote's last token as the beginning of a word where it may be
 * cut. */
static int look_up_phrase(struct finder *finder, size_t first, size_t end, size_t limit) {
    if (first >= end)
        return 0;
    size_t start = finder->tokens[first].start;
    buffer_clear(&finder->expression);
    query_print_string(&finder->expression, bytes_slice(finder->quote, start, finder->tokens[end - 1].end - start));
    if (end == finder->tokens_count && finder->is_last_cut)
        buffer_append_byte(&finder->expression, '*');
    return look_up(finder, limit);
}

static size_t at_most(size_t value, size_t limit) {
    return value < limit ? value : limit;
}

static int look_up_whole(struct finder *finder) {
    size_t end = at_most(finder->tokens_count, finder->whole_first + PHRASE_TOKENS);
    return look_up_phrase(finder, finder->whole_first, end, CATALOG_CANDIDATES_MAX);
}

/* Of two halves, one stands in one clause, if the quote runs over one end of a clause. */
static int look_up_halves(struct finder *finder, size_t limit) {
    size_t first = finder->whole_first;
    size_t end = finder->tokens_count;
    if (end < first + 2)
        return 0;
    size_t half = at_most((end - first) / 2, PHRASE_TOKENS);
    int error = look_up_phrase(finder, first, first + half, limit);
    return error ? error : look_up_phrase(finder, end - half, end, limit);
}

static int longer_first(const void *left, const void *right) {
    const struct quote_token *a = left;
    const struct quote_token *b = right;
    size_t a_len = a->end - a->start;
    size_t b_len = b->end - b->start;
    return a_len != b_len ? (a_len < b_len) - (a_len > b_len) : (a->start > b->start) - (a->start < b->start);
}

/* Words to tell texts apart by. Length stands for rarity: counting how often a common word occurs costs more than the
 * search. Letters of scripts without spaces are taken in pairs. */
static size_t rare_words(const struct finder *finder, struct quote_token *out) {
    size_t count = 0;
    for (size_t i = 0; i < finder->tokens_count; i++) {
        struct quote_token word = finder->tokens[i];
        bool is_pair = i + 1 < finder->tokens_count && word.end - word.start < RARE_BYTES &&
                       finder->tokens[i + 1].start == word.end;
        if (is_pair)
            word.end = finder->tokens[i + 1].end;
        if (word.end - word.start >= RARE_BYTES)
            out[count++] = word;
    }
    if (count == 0) {
        count = finder->tokens_count;
        memcpy(out, finder->tokens, count * sizeof *out);
    }
    qsort(out, count, sizeof *out, longer_first);
    return at_most(count, RARE_WORDS);
}

static int look_up_rare(struct finder *finder) {
    if (finder->tokens_count < 2)
        return 0;
    struct quote_token *words = calloc(finder->tokens_count, sizeof *words);
    if (!words)
        return fault_set(finder->fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
    size_t count = rare_words(finder, words);
    buffer_clear(&finder->expression);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_text(&finder->expression, " OR ");
        query_print_string(&finder->expression, token_text(finder, &words[i]));
    }
    free(words);
    return look_up(finder, RARE_LIMIT);
}

/* A walk over the texts of a scope; what is kept from one clause for the next is no longer than the quote. */
struct scan {
    struct finder *finder;
    struct folded quote;
    struct buffer entry; /* of the edition at hand */
    struct edition_record edition;
    uint64_t edition_index;
    bool has_edition;
    struct buffer record;
    struct buffer joined; /* the end of the clause before, and this one's text */
    size_t budget;        /* bytes that may still be read */
};

static int scan_edition(struct scan *scan, uint64_t edition_index) {
    struct finder *finder = scan->finder;
    if (scan->has_edition && scan->edition_index == edition_index)
        return 0;
    scan->has_edition = false;
    buffer_clear(&scan->entry);
    buffer_clear(&scan->joined);
    int error =
        ledger_entry(finder->read.catalog->ledger, finder->state, edition_index, &scan->entry, NULL, finder->fault);
    if (!error)
        error = edition_record_parse(&scan->edition, buffer_bytes(&scan->entry), finder->fault);
    scan->edition_index = edition_index;
    scan->has_edition = !error;
    return error;
}

static bool holds(struct bytes text, struct bytes part) {
    return part.len == 0 || (text.len && memmem(text.data, text.len, part.data, part.len));
}

static int holds_folded(bool *out, struct bytes text, const struct folded *quote) {
    struct folded folded;
    *out = false;
    if (quote->len == 0)
        return 0;
    int error = fold_text(&folded, text, FOLDS_OF_A_SCAN, false);
    if (error)
        return error;
    *out = holds(bytes_of(folded.text, folded.len), bytes_of(quote->text, quote->len));
    folded_free(&folded);
    return 0;
}

/* Keeps the end of what was read, one byte less than the quote: it may begin there. */
static void keep_tail(struct buffer *joined, size_t quote_len) {
    size_t keep = at_most(joined->len, quote_len - 1);
    if (keep > 0)
        memmove(joined->data, joined->data + (joined->len - keep), keep);
    joined->len = keep;
}

static int scan_clause(struct scan *scan, uint64_t place) {
    struct finder *finder = scan->finder;
    struct clause_record clause;
    bool is_folded = false;
    buffer_clear(&scan->record);
    int error = ledger_clause(finder->read.catalog->ledger, scan->edition_index, scan->edition.clauses,
                              &scan->edition.clauses_root, place, &scan->record, NULL, finder->fault);
    if (!error)
        error = clause_record_parse(&clause, buffer_bytes(&scan->record), finder->fault);
    if (error)
        return error;
    size_t before = scan->joined.len;
    buffer_append(&scan->joined, clause.text);
    if (scan->joined.error)
        return scan->joined.error;
    bool is_inside = holds(clause.text, finder->quote);
    if (!is_inside && before > 0 && place > 0 && holds(buffer_bytes(&scan->joined), finder->quote))
        keep_candidate(finder, scan->edition_index, place - 1, 1);
    if (!is_inside)
        error = holds_folded(&is_folded, clause.text, &scan->quote);
    if (is_inside || is_folded)
        keep_candidate(finder, scan->edition_index, place, is_inside ? 1 : 0);
    keep_tail(&scan->joined, finder->quote.len);
    scan->budget -= at_most(clause.text.len + 1, scan->budget);
    return error;
}

static int scan_scope(struct finder *finder) {
    struct scan scan = {.finder = finder, .budget = CATALOG_SCAN_BYTES};
    bool row = true;
    int error = fold_text(&scan.quote, finder->quote, FOLDS_OF_A_SCAN, true);
    if (error)
        return error;
    buffer_init(&scan.entry, LIMIT_ENTRY);
    buffer_init(&scan.record, LIMIT_CLAUSE_RECORD);
    buffer_init(&scan.joined, LIMIT_CLAUSE_TEXT + LIMIT_QUOTE);
    sqlite3_stmt *statement = catalog_db_statement(finder->read.connection, STATEMENT_SCAN, finder->fault);
    if (statement)
        catalog_bind_scope(statement, finder->read.size, finder->scope);
    else
        error = DEPOSITARY_E_IO;
    while (!error && scan.budget > 0 && !is_full(finder)) {
        error = catalog_statement_step(finder->read.connection, statement, &row, finder->fault);
        if (error || !row)
            break;
        error = scan_edition(&scan, catalog_column_number(statement, 0));
        if (!error)
            error = scan_clause(&scan, catalog_column_number(statement, 1));
    }
    catalog_statement_done(statement);
    buffer_free(&scan.joined);
    buffer_free(&scan.record);
    buffer_free(&scan.entry);
    folded_free(&scan.quote);
    return error;
}

static int find_candidates(struct finder *finder) {
    if (finder->whole_first >= finder->tokens_count) { /* nothing, or one word that may be cut at both ends */
        int error = look_up_phrase(finder, 0, finder->tokens_count, CATALOG_CANDIDATES_MAX);
        return error ? error : scan_scope(finder);
    }
    int error = look_up_whole(finder);
    bool is_found = finder->hits.count > 0;
    if (!error)
        error = look_up_halves(finder, is_found ? HALF_LIMIT_MORE : HALF_LIMIT);
    if (!error && !is_found)
        error = look_up_rare(finder);
    return error;
}

int catalog_quote_candidates(struct catalog *catalog, const struct ledger_state *state, struct bytes quote,
                             const struct catalog_scope *scope, struct catalog_hits *out, struct fault *fault) {
    struct finder finder = {.state = state, .scope = scope, .quote = quote, .fault = fault};
    if (quote.len == 0 || quote.len > LIMIT_QUOTE || !utf8_valid(quote))
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "a quote is 1 to %u bytes of UTF-8", LIMIT_QUOTE);
    int error = catalog_read_begin(&finder.read, catalog, state->size, scope->deadline_ns, fault);
    if (error)
        return error;
    buffer_init(&finder.expression, EXPRESSION_MAX);
    finder.hits.hits = calloc(CATALOG_CANDIDATES_MAX, sizeof *finder.hits.hits);
    if (!finder.hits.hits)
        error = fault_set(fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
    if (!error)
        error = read_tokens(&finder);
    if (!error)
        error = find_candidates(&finder);
    finder.hits.total = finder.hits.count;
    finder.hits.searched_size = finder.read.size;
    free(finder.tokens);
    buffer_free(&finder.expression);
    catalog_read_end(&finder.read);
    if (error) {
        catalog_hits_free(&finder.hits);
        return error;
    }
    *out = finder.hits;
    return 0;
}
