/* Full-text search: the query becomes an expression of FTS5, is counted and ranked (BM25) within its scope. */
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog_internal.h"
#include "catalog/query.h"

#define EXPRESSION_MAX (16u * 1024)

static int count_hits(struct catalog_read *read, struct bytes expression, const struct catalog_scope *scope,
                      uint64_t *total, struct fault *fault) {
    bool row = false;
    sqlite3_stmt *statement = catalog_db_statement(read->connection, STATEMENT_SEARCH_COUNT, fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    catalog_bind_scope(statement, read->size, scope);
    catalog_bind_text(statement, 7, expression);
    int error = catalog_statement_step(read->connection, statement, &row, fault);
    if (row)
        *total = catalog_column_number(statement, 0);
    catalog_statement_done(statement);
    return error;
}

/* What matched in the text with that row id, asked of the same expression. */
static int read_ranges(struct catalog_read *read, struct bytes expression, uint64_t text_id, struct catalog_hit *hit,
                       struct fault *fault) {
    bool row = false;
    sqlite3_stmt *statement = catalog_db_statement(read->connection, STATEMENT_SEARCH_RANGES, fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    catalog_bind_text(statement, 1, expression);
    catalog_bind_number(statement, 2, text_id);
    int error = catalog_statement_step(read->connection, statement, &row, fault);
    struct bytes ranges = row ? catalog_column_bytes(statement, 0) : bytes_of(NULL, 0);
    size_t count = ranges.len / sizeof *hit->ranges;
    if (!error && count > 0) {
        hit->ranges = malloc(count * sizeof *hit->ranges);
        if (hit->ranges) {
            memcpy(hit->ranges, ranges.data, count * sizeof *hit->ranges);
            hit->ranges_count = count;
        } else {
            error = fault_set(fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
        }
    }
    catalog_statement_done(statement);
    return error;
}

static int read_page(struct catalog_read *read, struct bytes expression, const struct catalog_scope *scope,
                     uint64_t offset, size_t limit, struct catalog_hits *hits, struct fault *fault) {
    bool row = true;
    sqlite3_stmt *statement = catalog_db_statement(read->connection, STATEMENT_SEARCH_PAGE, fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    catalog_bind_scope(statement, read->size, scope);
    catalog_bind_text(statement, 7, expression);
    catalog_bind_number(statement, 8, limit);
    catalog_bind_number(statement, 9, offset);
    int error = 0;
    while (!error && row && hits->count < limit) {
        error = catalog_statement_step(read->connection, statement, &row, fault);
        if (error || !row)
            break;
        struct catalog_hit *hit = &hits->hits[hits->count++];
        hit->edition_index = catalog_column_number(statement, 1);
        hit->place = catalog_column_number(statement, 2);
        hit->score = sqlite3_column_double(statement, 3);
        error = read_ranges(read, expression, catalog_column_number(statement, 0), hit, fault);
    }
    catalog_statement_done(statement);
    return error;
}

int catalog_search(struct catalog *catalog, const struct ledger_state *state, struct bytes query,
                   const struct catalog_scope *scope, uint64_t offset, size_t limit, struct catalog_hits *out,
                   struct fault *fault) {
    struct catalog_read read;
    struct catalog_hits hits = {.hits = NULL};
    struct buffer expression;
    int error = catalog_read_begin(&read, catalog, state->size, scope->deadline_ns, fault);
    if (error)
        return error;
    buffer_init(&expression, EXPRESSION_MAX);
    error = query_print(&expression, query, read.connection->tokenizer, fault);
    if (!error)
        error = count_hits(&read, buffer_bytes(&expression), scope, &hits.total, fault);
    if (!error && offset < hits.total && limit > 0) {
        size_t room = hits.total - offset < limit ? (size_t)(hits.total - offset) : limit;
        hits.hits = calloc(room, sizeof *hits.hits);
        error = hits.hits ? read_page(&read, buffer_bytes(&expression), scope, offset, room, &hits, fault)
                          : fault_set(fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
    }
    hits.searched_size = read.size;
    buffer_free(&expression);
    catalog_read_end(&read);
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
    int error = catalog_pool_take(&catalog->pool, &connection, fault);
    if (error)
        return error;
    error = ranges_to_spans(out, count, connection->tokenizer, text, hit->ranges, hit->ranges_count);
    catalog_pool_give(&catalog->pool, connection);
    return error;
}
