/*
 * Staging in the SQLite store: a second database file that nobody can see, unlinked as soon as it is open, so that neither a
 * crash nor another process finds it. It lies beside the ledger because that is where there is room, and where we may write.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/sqlite_private.h"

#define SUFFIX "-staging-XXXXXX"

static struct connection *stage_of(struct store *store) {
    return &((struct sqlite_store *)store)->stage;
}

/* An empty file with a name of its own; the caller frees *out and removes the file. */
static int stage_file(char **out, const char *path, struct fault *fault) {
    size_t len = strlen(path) + sizeof SUFFIX;
    char *name = malloc(len);
    if (name == NULL)
        return DEPOSITARY_E_MEMORY;
    snprintf(name, len, "%s" SUFFIX, path);
    int file = mkstemp(name); /* 0600 */
    if (file < 0) {
        free(name);
        return fault_set(fault, DEPOSITARY_E_IO, "cannot make a file for staging beside %s", path);
    }
    close(file);
    *out = name;
    return DEPOSITARY_OK;
}

static int stage_open(struct sqlite_store *sqlite, struct fault *fault) {
    char *name = NULL;
    int error = stage_file(&name, sqlite->path, fault);
    if (error)
        return error;
    error = connection_open(&sqlite->stage, name, fault);
    if (error == 0) {
        /* Not durable, by intent; a call that fails is undone from memory. */
        error = connection_run(
            &sqlite->stage,
            "PRAGMA locking_mode = EXCLUSIVE;"
            "PRAGMA journal_mode = MEMORY;"
            "PRAGMA synchronous = OFF;"
            "CREATE TABLE staged (edition INTEGER NOT NULL, place INTEGER NOT NULL, record BLOB NOT NULL,"
            " UNIQUE (edition, place)) STRICT;",
            fault);
        if (error)
            connection_close(&sqlite->stage);
    }
    unlink(name);
    free(name);
    return error;
}

int sqlite_stage_begin(struct store *store, struct fault *fault) {
    struct connection *stage = stage_of(store);
    int error = stage->db == NULL ? stage_open((struct sqlite_store *)store, fault) : DEPOSITARY_OK;
    return error ? error : connection_step(stage, SQL_BEGIN, fault);
}

int sqlite_stage_put(struct store *store, uint64_t edition_index, uint64_t place, struct bytes record, bool *is_new,
                     struct fault *fault) {
    struct connection *stage = stage_of(store);
    sqlite3_stmt *statement;
    int error = connection_statement(stage, SQL_STAGE_PUT, &statement, fault);
    if (error)
        return error;
    int code = bind_number(statement, 1, edition_index);
    if (code == SQLITE_OK)
        code = bind_number(statement, 2, place);
    if (code == SQLITE_OK)
        code = bind_bytes(statement, 3, record);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_DONE)
        error = connection_failed(stage, code, fault, "staging of place %" PRIu64, place);
    else
        *is_new = sqlite3_changes(stage->db) == 1;
    sqlite3_reset(statement);
    return error;
}

int sqlite_stage_commit(struct store *store, struct fault *fault) {
    return connection_step(stage_of(store), SQL_COMMIT, fault);
}

void sqlite_stage_rollback(struct store *store) {
    struct connection *stage = stage_of(store);
    if (stage->db == NULL || sqlite3_get_autocommit(stage->db))
        return;
    /* Where it cannot be undone nothing that is staged can be used. */
    if (connection_step(stage, SQL_ROLLBACK, NULL))
        connection_close(stage);
}

int sqlite_stage_places(struct store *store, uint64_t edition_index, store_place_sink *sink, void *context,
                        struct fault *fault) {
    struct connection *stage = stage_of(store);
    if (stage->db == NULL)
        return DEPOSITARY_OK;
    sqlite3_stmt *statement;
    int error = connection_statement(stage, SQL_STAGE_PLACES, &statement, fault);
    if (error)
        return error;
    int code = bind_number(statement, 1, edition_index);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    while (error == 0 && code == SQLITE_ROW) {
        error = sink(context, (uint64_t)sqlite3_column_int64(statement, 0));
        if (error == 0)
            code = sqlite3_step(statement);
    }
    if (error == 0 && code != SQLITE_DONE)
        error = connection_failed(stage, code, fault, "staged places");
    sqlite3_reset(statement);
    return error;
}

int sqlite_stage_clauses(struct store *store, uint64_t edition_index, store_clause_sink *sink, void *context,
                         struct fault *fault) {
    struct connection *stage = stage_of(store);
    if (stage->db == NULL)
        return DEPOSITARY_OK;
    sqlite3_stmt *statement;
    int error = connection_statement(stage, SQL_STAGE_CLAUSES, &statement, fault);
    if (error)
        return error;
    int code = bind_number(statement, 1, edition_index);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    while (error == 0 && code == SQLITE_ROW) {
        error = sink(context, (uint64_t)sqlite3_column_int64(statement, 0), column_bytes(statement, 1), NULL);
        if (error == 0)
            code = sqlite3_step(statement);
    }
    if (error == 0 && code != SQLITE_DONE)
        error = connection_failed(stage, code, fault, "staged clauses");
    sqlite3_reset(statement);
    return error;
}

void sqlite_stage_clear(struct store *store) {
    connection_close(stage_of(store)); /* the file has no name: with its last user it is gone */
}
