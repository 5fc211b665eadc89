/* Finding by name: editions, places of clauses, outlines. */
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog_internal.h"

static void copy_column(char *out, size_t capacity, sqlite3_stmt *statement, int column) {
    bytes_write_text(out, capacity, catalog_column_bytes(statement, column));
}

/* The columns that db.c names EDITION_COLUMNS. */
static void read_edition(sqlite3_stmt *statement, struct catalog_edition *out) {
    memset(out, 0, sizeof *out);
    out->index = catalog_column_number(statement, 0);
    out->edition = (uint32_t)catalog_column_number(statement, 1);
    copy_column(out->instrument, sizeof out->instrument, statement, 2);
    copy_column(out->language, sizeof out->language, statement, 3);
    out->act = (unsigned)catalog_column_number(statement, 4);
    out->authenticity = (unsigned)catalog_column_number(statement, 5);
    out->clauses = catalog_column_number(statement, 6);
    out->deposited_at = sqlite3_column_int64(statement, 7);
}

int catalog_edition(struct catalog *catalog, const struct ledger_state *state, const struct catalog_question *question,
                    struct catalog_edition *out) {
    struct catalog_read read;
    bool row = false;
    enum catalog_statement which = question->edition     ? STATEMENT_EDITION_NUMBERED
                                   : question->has_as_of ? STATEMENT_EDITION_AS_OF
                                                         : STATEMENT_EDITION_LATEST;
    int error = catalog_read_begin(&read, catalog, state->size, 0, NULL);
    if (error)
        return error;
    sqlite3_stmt *statement = catalog_db_statement(read.connection, which, NULL);
    if (statement) {
        catalog_bind_number(statement, 1, read.size);
        catalog_bind_text(statement, 2, bytes_text(question->instrument));
        catalog_bind_text(statement, 3, bytes_text(question->language));
        if (which == STATEMENT_EDITION_NUMBERED)
            catalog_bind_number(statement, 4, question->edition);
        else if (which == STATEMENT_EDITION_AS_OF)
            sqlite3_bind_int64(statement, 4, question->as_of);
        error = catalog_statement_step(read.connection, statement, &row, NULL);
        if (row)
            read_edition(statement, out);
        catalog_statement_done(statement);
    }
    catalog_read_end(&read);
    if (!statement)
        return DEPOSITARY_E_IO;
    return error ? error : row ? 0 : DEPOSITARY_E_MISSING;
}

int catalog_languages(struct catalog *catalog, const struct ledger_state *state, const char *instrument,
                      struct catalog_edition *out, size_t capacity, size_t *count) {
    struct catalog_read read;
    size_t found = 0;
    bool row = true;
    int error = catalog_read_begin(&read, catalog, state->size, 0, NULL);
    if (error)
        return error;
    sqlite3_stmt *statement = catalog_db_statement(read.connection, STATEMENT_EDITION_LANGUAGES, NULL);
    if (statement) {
        catalog_bind_number(statement, 1, read.size);
        catalog_bind_text(statement, 2, bytes_text(instrument));
        while (!error && row) {
            error = catalog_statement_step(read.connection, statement, &row, NULL);
            if (row && found < capacity)
                read_edition(statement, &out[found]);
            found += row;
        }
        catalog_statement_done(statement);
    }
    catalog_read_end(&read);
    if (!statement)
        return DEPOSITARY_E_IO;
    if (!error)
        *count = found;
    return error;
}

int catalog_successor(struct catalog *catalog, const struct ledger_state *state, uint64_t edition_index,
                      uint64_t *successor) {
    struct catalog_read read;
    bool row = false;
    int error = catalog_read_begin(&read, catalog, state->size, 0, NULL);
    if (error)
        return error;
    sqlite3_stmt *statement = catalog_db_statement(read.connection, STATEMENT_SUCCESSOR, NULL);
    if (statement) {
        catalog_bind_number(statement, 1, edition_index);
        catalog_bind_number(statement, 2, read.size);
        error = catalog_statement_step(read.connection, statement, &row, NULL);
        if (row)
            *successor = catalog_column_number(statement, 0);
        catalog_statement_done(statement);
    }
    catalog_read_end(&read);
    if (!statement)
        return DEPOSITARY_E_IO;
    return error ? error : row ? 0 : DEPOSITARY_E_MISSING;
}

/* The eId itself, then what is before each "__", from the right: no eId of an edition is another's followed by "__". */
int catalog_place(struct catalog *catalog, uint64_t edition_index, const char *eid, uint64_t *place) {
    struct catalog_read read;
    bool row = false;
    int error = catalog_read_begin(&read, catalog, UINT64_MAX, 0, NULL);
    if (error)
        return error;
    sqlite3_stmt *statement = catalog_db_statement(read.connection, STATEMENT_PLACE, NULL);
    if (statement) {
        for (struct bytes name = bytes_text(eid); !error && !row && name.len > 0; name = eid_above(name)) {
            catalog_bind_number(statement, 1, edition_index);
            catalog_bind_text(statement, 2, name);
            error = catalog_statement_step(read.connection, statement, &row, NULL);
            if (row)
                *place = catalog_column_number(statement, 0);
            catalog_statement_done(statement);
        }
    }
    catalog_read_end(&read);
    if (!statement)
        return DEPOSITARY_E_IO;
    return error ? error : row ? 0 : DEPOSITARY_E_MISSING;
}

static int tell_clause(sqlite3_stmt *statement, catalog_clause_sink *sink, void *context) {
    struct catalog_clause clause = {.place = catalog_column_number(statement, 0)};
    copy_column(clause.eid, sizeof clause.eid, statement, 1);
    clause.kind = (enum clause_kind)catalog_column_number(statement, 2);
    clause.length = (uint32_t)catalog_column_number(statement, 3);
    struct bytes leaf_hash = catalog_column_bytes(statement, 4);
    if (leaf_hash.len != HASH_LEN)
        return DEPOSITARY_E_IO;
    memcpy(clause.leaf_hash.bytes, leaf_hash.data, HASH_LEN);
    clause.number = (const char *)sqlite3_column_text(statement, 5);
    clause.heading = (const char *)sqlite3_column_text(statement, 6);
    if (!clause.number || !clause.heading)
        return DEPOSITARY_E_MEMORY;
    return sink(context, &clause);
}

int catalog_outline(struct catalog *catalog, uint64_t edition_index, uint64_t from_place, catalog_clause_sink *sink,
                    void *context) {
    struct catalog_read read;
    bool row = true;
    int error = catalog_read_begin(&read, catalog, UINT64_MAX, 0, NULL);
    if (error)
        return error;
    sqlite3_stmt *statement = catalog_db_statement(read.connection, STATEMENT_OUTLINE, NULL);
    if (statement) {
        catalog_bind_number(statement, 1, edition_index);
        catalog_bind_number(statement, 2, from_place);
        while (!error && row) {
            error = catalog_statement_step(read.connection, statement, &row, NULL);
            if (!error && row)
                error = tell_clause(statement, sink, context);
        }
        catalog_statement_done(statement);
    }
    catalog_read_end(&read);
    return statement ? error : DEPOSITARY_E_IO;
}
