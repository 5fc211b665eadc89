/*
 * Candidates for a quote. Words at the quote's ends may be cut, so whole words inside it are looked for: a few anchors, which are short runs
 * of words spread over it, long words before short ones, since these are rarer. First all of them together; then, where no clause has
 * them all, each by itself, since the quote may run over the end of a clause, or a word of it may be another; then its longest words. A
 * quote without a whole word inside is looked for in the bytes of the texts, as far as a budget reaches.
 */
#define _GNU_SOURCE /* memmem */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "catalog/catalog_internal.h"
#include "catalog/query.h"
#include "text/fold.h"

#define ANCHORS_MAX    8u
#define ANCHOR_EVERY   3u  /* words for one anchor, as long as there are not too many */
#define ANCHOR_TOKENS  5u  /* at most */
#define SCORE_OF_MANY  0.1 /* of a candidate that was found with as many others as are kept: any clause may have that */
#define ANCHOR_BYTES   10u /* an anchor of so many bytes, and two words, is long enough */
#define ANCHORS_ASKED  6u  /* one by one */
#define ANCHORS_ENOUGH 3
#define ANCHOR_LIMIT   100u /* candidates of each anchor */
#define RARE_LIMIT     60u  /* candidates by each long word */
#define RARE_WORDS     4u
#define RARE_BYTES     5u  /* a word shorter than this is taken for a common one */
#define PARTS_LIMIT    20u /* candidates that have only a part of the quote: those that have most of it */
#ifndef ROWS_MAX           /* a test makes it small */
#define ROWS_MAX 200000u   /* texts that one expression is asked for, in the scope or not */
#endif
#define WORK_MAX_NS     UINT64_C(50000000) /* of the processor, that the walks through the index may have in all */
#define SCAN_BYTES      (4u * 1024 * 1024) /* of texts that are read and compared where nothing was found by words */
#define SCAN_CLAUSE     1500u         /* as which each clause counts besides: reading and proving it costs so much */
#define SCAN_BYTES_MORE (512u * 1024) /* the same, where something was */
#define PREFIX_BYTES    6u            /* the beginning of a word that is looked for */
#define EXPRESSION_MAX  (64u * 1024)
#define FOLDS_OF_A_SCAN (FOLD_NFC | FOLD_WHITESPACE | FOLD_QUOTES | FOLD_HYPHENS | FOLD_CASE)

struct quote_token {
    size_t start;
    size_t end;
};

/* A run of words that is looked for. */
struct anchor {
    struct quote_token part; /* bytes of the quote */
    size_t weight;           /* the more, the rarer it is thought to be */
};

/* One run of catalog_quote_candidates. */
struct finder {
    struct catalog_read read;
    const struct ledger_state *state;
    const struct catalog_scope *scope;
    struct bytes quote;
    bool is_for_parts;
    struct quote_token *tokens;
    size_t tokens_count;
    size_t whole_first; /* the first token that is surely a whole word */
    size_t whole_end;   /* behind the last that is looked for: a short beginning of a word says little and costs much */
    bool is_last_cut;   /* whether the last may be the beginning of a word */
    struct catalog_hits hits;
    struct standing_scope standing;
    struct anchor anchors[ANCHORS_MAX];
    size_t anchors_count;
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
    finder->whole_end = finder->tokens_count - (finder->is_last_cut && last->end - last->start < PREFIX_BYTES);
    return 0;
}

static struct catalog_hit *find_kept(const struct finder *finder, uint64_t edition_index, uint64_t place) {
    for (size_t i = 0; i < finder->hits.count; i++) {
        if (finder->hits.hits[i].edition_index == edition_index && finder->hits.hits[i].place == place)
            return &finder->hits.hits[i];
    }
    return NULL;
}

static bool is_full(const struct finder *finder) {
    return finder->hits.count == CATALOG_CANDIDATES_MAX;
}

/* A candidate that is found again has more of the quote. */
static void keep_candidate(struct finder *finder, uint64_t edition_index, uint64_t place, double score) {
    struct catalog_hit *kept = find_kept(finder, edition_index, place);
    if (kept)
        kept->score += score;
    else if (!is_full(finder))
        finder->hits.hits[finder->hits.count++] =
            (struct catalog_hit){.edition_index = edition_index, .place = place, .score = score};
}

/* The clause that has all of a quote may be behind those that were looked at; one that has some of it is any of many. */
static int end_early(struct finder *finder) {
    return finder->is_for_parts
               ? 0
               : fault_set(finder->fault, DEPOSITARY_E_LIMIT,
                           "this takes more work than one call may cost: the words stand in too many texts elsewhere");
}

/* Texts that the expression finds in the scope, up to so many. */
static int step_rows(struct finder *finder, sqlite3_stmt *statement, size_t limit, struct catalog_hit *found,
                     size_t *count) {
    bool row = true;
    *count = 0;
    for (unsigned rows = 0; *count < limit; rows++) {
        struct catalog_hit *hit = &found[*count];
        int error = catalog_statement_step(finder->read.connection, statement, &row, finder->fault);
        if (error || !row)
            return error;
        if (rows == ROWS_MAX)
            return end_early(finder);
        *count +=
            standing_find(&finder->standing, catalog_column_number(statement, 0), &hit->edition_index, &hit->place);
    }
    return 0;
}

/* Keeps what the expression finds in the scope, up to so many. What finds few says more about them than what finds many. */
static int look_up(struct finder *finder, size_t limit) {
    struct catalog_hit found[CATALOG_CANDIDATES_MAX];
    size_t count = 0;
    if (finder->expression.error)
        return finder->expression.error;
    sqlite3_stmt *statement = catalog_db_statement(finder->read.connection, STATEMENT_SEARCH, finder->fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    catalog_bind_text(statement, 1, buffer_bytes(&finder->expression));
    catalog_bind_number(statement, 2, finder->standing.first_text);
    catalog_bind_number(statement, 3, finder->standing.last_text);
    int error = step_rows(finder, statement, limit, found, &count);
    catalog_statement_done(statement);
    double score = count < limit ? 1 : SCORE_OF_MANY;
    for (size_t i = 0; i < count && !error; i++)
        keep_candidate(finder, found[i].edition_index, found[i].place, score);
    return error;
}

static size_t at_most(size_t value, size_t limit) {
    return value < limit ? value : limit;
}

/* Appends bytes [start, end) of the quote as a phrase; its last word as the beginning of one where it may be cut. */
static void print_phrase(struct finder *finder, const struct quote_token *part) {
    query_print_string(&finder->expression, bytes_slice(finder->quote, part->start, part->end - part->start));
    bool is_long = finder->whole_end == finder->tokens_count;
    if (finder->is_last_cut && is_long && part->end == finder->tokens[finder->tokens_count - 1].end)
        buffer_append_byte(&finder->expression, '*');
}

/* ---- anchors */

/* The run that begins at a token: two words at least, and so many bytes. */
static size_t anchor_end(const struct finder *finder, size_t first, size_t end) {
    size_t last = first;
    while (last + 1 < end && last + 1 - first < ANCHOR_TOKENS &&
           (last == first || finder->tokens[last].end - finder->tokens[first].start < ANCHOR_BYTES))
        last++;
    return last + 1;
}

static size_t longest_word(const struct finder *finder, size_t first, size_t end) {
    size_t longest = 0;
    for (size_t i = first; i < end; i++) {
        size_t len = finder->tokens[i].end - finder->tokens[i].start;
        longest = len > longest ? len : longest;
    }
    return longest;
}

/* The best anchor that begins in [from, to) and ends before `end`: by its longest word, then by its length. */
static void choose_anchor(struct finder *finder, size_t from, size_t to, size_t end) {
    struct anchor chosen = {.weight = 0};
    for (size_t first = from; first < to; first++) {
        size_t behind = anchor_end(finder, first, end);
        size_t bytes = finder->tokens[behind - 1].end - finder->tokens[first].start;
        size_t weight = longest_word(finder, first, behind) * 64 + at_most(bytes, 63) + (behind - first > 1 ? 4096 : 0);
        if (weight > chosen.weight)
            chosen = (struct anchor){{finder->tokens[first].start, finder->tokens[behind - 1].end}, weight};
    }
    if (chosen.weight > 0)
        finder->anchors[finder->anchors_count++] = chosen;
}

/* One anchor for each part of the quote. */
static void choose_anchors(struct finder *finder) {
    size_t first = finder->whole_first, end = finder->whole_end;
    size_t count = at_most((end - first + ANCHOR_EVERY - 1) / ANCHOR_EVERY, ANCHORS_MAX);
    finder->anchors_count = 0;
    for (size_t i = 0; i < count; i++) {
        size_t from = first + (end - first) * i / count;
        size_t to = first + (end - first) * (i + 1) / count;
        choose_anchor(finder, from, to, to + 1 < end ? to + 1 : end);
    }
}

static int look_up_all_anchors(struct finder *finder) {
    buffer_clear(&finder->expression);
    for (size_t i = 0; i < finder->anchors_count; i++) {
        buffer_append_text(&finder->expression, i > 0 ? " AND " : "");
        print_phrase(finder, &finder->anchors[i].part);
    }
    return look_up(finder, CATALOG_CANDIDATES_MAX);
}

static int rarest_first(const void *left, const void *right) {
    const struct anchor *a = left;
    const struct anchor *b = right;
    return (a->weight < b->weight) - (a->weight > b->weight);
}

/* Whether some clause has so many of the anchors that the others would tell nothing new. */
static bool is_plain(const struct finder *finder) {
    for (size_t i = 0; i < finder->hits.count; i++) {
        if (finder->hits.hits[i].score >= ANCHORS_ENOUGH)
            return true;
    }
    return false;
}

static int look_up_each_anchor(struct finder *finder) {
    int error = 0;
    qsort(finder->anchors, finder->anchors_count, sizeof *finder->anchors, rarest_first);
    for (size_t i = 0; i < at_most(finder->anchors_count, ANCHORS_ASKED) && !error && !is_plain(finder); i++) {
        buffer_clear(&finder->expression);
        print_phrase(finder, &finder->anchors[i].part);
        error = look_up(finder, ANCHOR_LIMIT);
    }
    return error;
}

static int more_first(const void *left, const void *right) {
    const struct catalog_hit *a = left;
    const struct catalog_hit *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->edition_index != b->edition_index)
        return a->edition_index < b->edition_index ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

/* ---- long words */

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
    int error = 0;
    for (size_t i = 0; i < count && !error; i++) {
        buffer_clear(&finder->expression);
        query_print_string(&finder->expression, token_text(finder, &words[i]));
        error = look_up(finder, RARE_LIMIT);
    }
    free(words);
    return error;
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
    scan->budget -= at_most(scan->joined.len + SCAN_CLAUSE, scan->budget);
    keep_tail(&scan->joined, finder->quote.len);
    return error;
}

static int scan_scope(struct finder *finder, size_t budget) {
    struct scan scan = {.finder = finder, .budget = budget};
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

/* A word or two that may be cut at both ends: as they stand, and, where they do not stand everywhere, in the bytes. */
static int find_short(struct finder *finder) {
    const struct quote_token all = {finder->tokens[0].start, finder->tokens[finder->tokens_count - 1].end};
    print_phrase(finder, &all);
    int error = look_up(finder, CATALOG_CANDIDATES_MAX);
    if (error || finder->hits.count >= LIMIT_QUOTE_MATCHES)
        return error;
    return scan_scope(finder, finder->hits.count > 0 ? SCAN_BYTES_MORE : SCAN_BYTES);
}

/* Clauses that have all of it. */
static int find_whole(struct finder *finder) {
    if (finder->tokens_count == 0)
        return scan_scope(finder, SCAN_BYTES);
    if (finder->whole_first >= finder->whole_end)
        return find_short(finder);
    choose_anchors(finder);
    return look_up_all_anchors(finder);
}

/* Clauses that have parts of it, those with most of it first. */
static int find_parts(struct finder *finder) {
    if (finder->whole_first >= finder->whole_end)
        return 0;
    choose_anchors(finder);
    int error = look_up_each_anchor(finder);
    if (!error && finder->hits.count == 0)
        error = look_up_rare(finder);
    qsort(finder->hits.hits, finder->hits.count, sizeof *finder->hits.hits, more_first);
    finder->hits.count = at_most(finder->hits.count, PARTS_LIMIT);
    return error;
}

static int find_in_scope(struct finder *finder) {
    struct standing *standing = &finder->read.catalog->standing;
    int error = standing_begin(&finder->standing, standing, finder->scope, finder->read.size);
    if (error)
        return fault_set(finder->fault, error, "catalog: out of memory");
    if (finder->standing.first_text <= finder->standing.last_text)
        error = finder->is_for_parts ? find_parts(finder) : find_whole(finder);
    standing_end(&finder->standing, standing);
    return error;
}

int catalog_quote_candidates(struct catalog *catalog, const struct ledger_state *state, struct bytes quote,
                             const struct catalog_scope *scope, bool is_for_parts, struct catalog_hits *out,
                             struct fault *fault) {
    struct finder finder = {
        .state = state, .scope = scope, .quote = quote, .is_for_parts = is_for_parts, .fault = fault};
    if (quote.len == 0 || quote.len > LIMIT_QUOTE || !utf8_valid(quote))
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "a quote is 1 to %u bytes of UTF-8", LIMIT_QUOTE);
    int error = catalog_read_begin(&finder.read, catalog, state->size, scope->deadline_ns, fault);
    if (error)
        return error;
    catalog_read_limit(&finder.read, WORK_MAX_NS);
    buffer_init(&finder.expression, EXPRESSION_MAX);
    finder.hits.hits = calloc(CATALOG_CANDIDATES_MAX, sizeof *finder.hits.hits);
    if (!finder.hits.hits)
        error = fault_set(fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
    if (!error)
        error = read_tokens(&finder);
    if (!error)
        error = find_in_scope(&finder);
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
