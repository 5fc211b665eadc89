/*
 * Full-text search: the query becomes an expression of FTS5, which gives texts; of each it is known in memory whether it is in the scope
 * (standing.h). All are counted; up to SEARCH_RANKED of them are ranked (BM25), more are given in the order of the ledger.
 */
#define _GNU_SOURCE /* memmem */
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog_internal.h"
#include "catalog/query.h"

#define EXPRESSION_MAX (16u * 1024)
#define WORK_MAX_NS    UINT64_C(150000000) /* of the processor, that the walks through the index may have in all */
#define RANGES_APART   32u                 /* hits that are each asked for what matched; of more, all in one walk */
#define ROW_ID_LEN     21u                 /* bytes of one in JSON */
#ifndef ROWS_MAX                           /* a test makes it small */
#define ROWS_MAX 2000000u /* texts that a search looks at, in its scope or not: each takes 32 bytes while it goes on */
#endif

/* One text that was found. */
struct found {
    uint64_t text;
    uint64_t edition_index;
    uint64_t place;
    double score;
};

/* One run of catalog_search. */
struct searching {
    struct catalog_read read;
    struct standing_scope scope;
    struct buffer expression;
    struct found *found;
    size_t count;
    size_t capacity;
    struct fault *fault;
};

static int keep(struct searching *searching, struct found found) {
    if (searching->count == searching->capacity) {
        size_t capacity = searching->capacity ? searching->capacity * 2 : 256;
        struct found *more = realloc(searching->found, capacity * sizeof *more);
        if (!more)
            return fault_set(searching->fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
        searching->found = more;
        searching->capacity = capacity;
    }
    searching->found[searching->count++] = found;
    return 0;
}

/* Texts that match, by number, within the bounds of the scope. */
static sqlite3_stmt *matching(struct searching *searching, enum catalog_statement which) {
    sqlite3_stmt *statement = catalog_db_statement(searching->read.connection, which, searching->fault);
    if (statement) {
        catalog_bind_text(statement, 1, buffer_bytes(&searching->expression));
        catalog_bind_number(statement, 2, searching->scope.first_text);
        catalog_bind_number(statement, 3, searching->scope.last_text);
    }
    return statement;
}

static int find_all(struct searching *searching) {
    bool row = true;
    sqlite3_stmt *statement = matching(searching, STATEMENT_SEARCH);
    int error = statement ? 0 : DEPOSITARY_E_IO;
    for (uint64_t rows = 0; !error; rows++) {
        struct found found = {.score = 0};
        error = catalog_statement_step(searching->read.connection, statement, &row, searching->fault);
        if (!error && row && rows == ROWS_MAX)
            error = fault_set(searching->fault, DEPOSITARY_E_LIMIT, CATALOG_TOO_DEAR);
        if (error || !row)
            break;
        found.text = catalog_column_number(statement, 0);
        if (standing_find(&searching->scope, found.text, &found.edition_index, &found.place))
            error = keep(searching, found);
    }
    catalog_statement_done(statement);
    return error;
}

/* Both walks give texts by number. */
static int score_all(struct searching *searching) {
    bool row = true;
    size_t at = 0;
    sqlite3_stmt *statement = matching(searching, STATEMENT_SEARCH_SCORES);
    int error = statement ? 0 : DEPOSITARY_E_IO;
    while (!error && at < searching->count) {
        error = catalog_statement_step(searching->read.connection, statement, &row, searching->fault);
        if (error || !row)
            break;
        uint64_t text = catalog_column_number(statement, 0);
        if (searching->found[at].text == text)
            searching->found[at++].score = sqlite3_column_double(statement, 1);
    }
    catalog_statement_done(statement);
    return error;
}

static int better_first(const void *left, const void *right) {
    const struct found *a = left;
    const struct found *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return (a->text > b->text) - (a->text < b->text);
}

static int by_ledger(const void *left, const void *right) {
    const struct found *a = left;
    const struct found *b = right;
    if (a->edition_index != b->edition_index)
        return a->edition_index < b->edition_index ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static void swap(struct found *a, struct found *b) {
    struct found kept = *a;
    *a = *b;
    *b = kept;
}

/* What is before `at` in the order comes before it, in no order; the middle of three is taken, so that what is sorted already is quick. */
static size_t part(struct found *found, size_t count) {
    struct found *middle = &found[count / 2], *last = &found[count - 1];
    size_t at = 0;
    if (by_ledger(middle, found) < 0)
        swap(middle, found);
    if (by_ledger(last, found) < 0)
        swap(last, found);
    if (by_ledger(middle, last) < 0)
        swap(middle, last);
    for (size_t i = 0; i + 1 < count; i++)
        if (by_ledger(&found[i], last) < 0)
            swap(&found[i], &found[at++]);
    swap(&found[at], last);
    return at;
}

/* The first `wanted` by the ledger, in order; what comes after them is in none. Of hundreds of thousands a page is shown. */
static void sort_first(struct found *found, size_t count, size_t wanted) {
    struct found *begin = found;
    size_t left = wanted < count ? wanted : count;
    size_t sorted = left;
    while (count > 1 && left > 0 && left < count) {
        size_t at = part(begin, count);
        if (at >= left) {
            count = at;
        } else {
            begin += at + 1;
            count -= at + 1;
            left -= at + 1;
        }
    }
    qsort(found, sorted, sizeof *found, by_ledger);
}

static int keep_ranges(struct searching *searching, struct bytes ranges, struct catalog_hit *hit) {
    size_t count = ranges.len / sizeof *hit->ranges;
    if (count == 0 || hit->ranges)
        return 0;
    hit->ranges = malloc(count * sizeof *hit->ranges);
    if (!hit->ranges)
        return fault_set(searching->fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
    memcpy(hit->ranges, ranges.data, count * sizeof *hit->ranges);
    hit->ranges_count = count;
    return 0;
}

/* What matched in one text, asked of the same expression. */
static int read_ranges(struct searching *searching, uint64_t text_id, struct catalog_hit *hit) {
    bool row = false;
    sqlite3_stmt *statement =
        catalog_db_statement(searching->read.connection, STATEMENT_SEARCH_RANGES, searching->fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    catalog_bind_text(statement, 1, buffer_bytes(&searching->expression));
    catalog_bind_number(statement, 2, text_id);
    int error = catalog_statement_step(searching->read.connection, statement, &row, searching->fault);
    if (!error && row)
        error = keep_ranges(searching, catalog_column_bytes(statement, 0), hit);
    catalog_statement_done(statement);
    return error;
}

/* The row ids of a page as JSON, and the least and greatest of them. */
static int print_ids(struct buffer *out, const struct found *found, size_t count, uint64_t *first, uint64_t *last) {
    *first = UINT64_MAX;
    *last = 0;
    for (size_t i = 0; i < count; i++) {
        *first = found[i].text < *first ? found[i].text : *first;
        *last = found[i].text > *last ? found[i].text : *last;
        buffer_append_byte(out, i == 0 ? '[' : ',');
        buffer_append_decimal(out, found[i].text);
    }
    buffer_append_byte(out, ']');
    return out->error;
}

/* Rows come by number, hits by rank; there are a thousand at most. */
static int take_ranges(struct searching *searching, sqlite3_stmt *statement, const struct found *found,
                       struct catalog_hits *hits) {
    bool row = true;
    int error = 0;
    while (!error && row) {
        error = catalog_statement_step(searching->read.connection, statement, &row, searching->fault);
        for (size_t i = 0; !error && row && i < hits->count; i++) {
            if (found[i].text == catalog_column_number(statement, 0))
                error = keep_ranges(searching, catalog_column_bytes(statement, 1), &hits->hits[i]);
        }
    }
    return error;
}

/* What matched in all texts of a page, in one walk. */
static int read_all_ranges(struct searching *searching, const struct found *found, struct catalog_hits *hits) {
    struct buffer ids;
    uint64_t first, last;
    buffer_init(&ids, (hits->count + 1) * ROW_ID_LEN);
    sqlite3_stmt *statement =
        catalog_db_statement(searching->read.connection, STATEMENT_SEARCH_RANGES_OF, searching->fault);
    int error = statement ? print_ids(&ids, found, hits->count, &first, &last) : DEPOSITARY_E_IO;
    if (!error) {
        catalog_bind_text(statement, 1, buffer_bytes(&searching->expression));
        catalog_bind_number(statement, 2, first);
        catalog_bind_number(statement, 3, last);
        catalog_bind_text(statement, 4, buffer_bytes(&ids));
        error = take_ranges(searching, statement, found, hits);
    }
    catalog_statement_done(statement);
    buffer_free(&ids);
    return error;
}

/* A prefix is made out of the index anew, with all texts that have it, each time that it is asked for. */
static bool has_prefix(const struct searching *searching) {
    return memmem(searching->expression.data, searching->expression.len, "\"*", 2) != NULL;
}

static int take_page(struct searching *searching, uint64_t offset, size_t limit, struct catalog_hits *hits) {
    size_t room = offset >= searching->count ? 0 : searching->count - (size_t)offset;
    const struct found *found = searching->found + (room > 0 ? offset : 0);
    int error = 0;
    room = room < limit ? room : limit;
    hits->hits = calloc(room + 1, sizeof *hits->hits);
    if (!hits->hits)
        return fault_set(searching->fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
    for (; hits->count < room; hits->count++) {
        const struct found *one = &found[hits->count];
        hits->hits[hits->count] =
            (struct catalog_hit){.edition_index = one->edition_index, .place = one->place, .score = one->score};
    }
    if (room > RANGES_APART || (room > 1 && has_prefix(searching)))
        return read_all_ranges(searching, found, hits);
    for (size_t i = 0; i < room && !error; i++)
        error = read_ranges(searching, found[i].text, &hits->hits[i]);
    return error;
}

static int search(struct searching *searching, uint64_t offset, size_t limit, struct catalog_hits *hits) {
    int error = find_all(searching);
    hits->total = searching->count;
    if (!error && searching->count <= SEARCH_RANKED)
        error = score_all(searching);
    if (error || searching->count == 0)
        return error;
    if (searching->count <= SEARCH_RANKED)
        qsort(searching->found, searching->count, sizeof *searching->found, better_first);
    else
        sort_first(searching->found, searching->count,
                   offset < searching->count ? (size_t)offset + (limit < searching->count ? limit : searching->count)
                                             : 0);
    return take_page(searching, offset, limit, hits);
}

static int search_in_scope(struct searching *searching, struct catalog *catalog, const struct catalog_scope *scope,
                           uint64_t offset, size_t limit, struct catalog_hits *hits) {
    catalog_read_limit(&searching->read, WORK_MAX_NS);
    int error = standing_begin(&searching->scope, &catalog->standing, scope, searching->read.size);
    if (error)
        return fault_set(searching->fault, error, "catalog: out of memory");
    if (searching->scope.first_text <= searching->scope.last_text)
        error = search(searching, offset, limit, hits);
    standing_end(&searching->scope, &catalog->standing);
    return error;
}

int catalog_search(struct catalog *catalog, const struct ledger_state *state, struct bytes query,
                   const struct catalog_scope *scope, uint64_t offset, size_t limit, struct catalog_hits *out,
                   struct fault *fault) {
    struct searching searching = {.fault = fault};
    struct catalog_hits hits = {.hits = NULL};
    int error = catalog_read_begin(&searching.read, catalog, state->size, scope->deadline_ns, fault);
    if (error)
        return error;
    buffer_init(&searching.expression, EXPRESSION_MAX);
    error = query_print(&searching.expression, query, searching.read.connection->tokenizer, fault);
    if (!error)
        error = search_in_scope(&searching, catalog, scope, offset, limit, &hits);
    hits.searched_size = searching.read.size;
    free(searching.found);
    buffer_free(&searching.expression);
    catalog_read_end(&searching.read);
    if (error) {
        catalog_hits_free(&hits);
        return error;
    }
    *out = hits;
    return 0;
}

void catalog_hits_free(struct catalog_hits *hits) {
    for (size_t i = 0; i < hits->count; i++)
        free(hits->hits[i].ranges);
    free(hits->hits);
    memset(hits, 0, sizeof *hits);
}

int catalog_spans(struct catalog *catalog, const struct catalog_hit *hit, struct bytes text, struct span **out,
                  size_t *count, struct fault *fault) {
    struct catalog_db *connection = NULL;
    int error = catalog_take(catalog, &connection, fault);
    if (error)
        return error;
    error = ranges_to_spans(out, count, connection->tokenizer, text, hit->ranges, hit->ranges_count);
    catalog_give(catalog, connection);
    return error;
}
