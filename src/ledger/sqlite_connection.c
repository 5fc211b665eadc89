/* A connection of the SQLite store: its statements, its values, its errors. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ledger/sqlite_private.h"

static const char *const WORDS[SQL_ALL] = {
    [SQL_BEGIN] = "BEGIN",
    [SQL_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SIZE] = "SELECT ifnull(max(idx) + 1, 0) FROM entry",
    [SQL_ENTRY] = "SELECT leaf_hash, record FROM entry WHERE idx = ?1",
    [SQL_FIND] = "SELECT min(idx) FROM entry WHERE leaf_hash = ?1",
    [SQL_ENTRY_HASH] = "SELECT leaf_hash FROM entry WHERE idx = ?1",
    [SQL_PLACE_HASH] = "SELECT c.leaf_hash FROM place p JOIN clause c ON c.id = p.clause"
                       " WHERE p.edition = ?1 AND p.place = ?2",
    [SQL_NODE] = "SELECT hash FROM node WHERE tree = ?1 AND level = ?2 AND idx = ?3",
    [SQL_CLAUSE] = "SELECT c.record FROM place p JOIN clause c ON c.id = p.clause"
                   " WHERE p.edition = ?1 AND p.place = ?2",
    [SQL_CLAUSE_HASH] = "SELECT c.leaf_hash, length(c.record) FROM place p JOIN clause c ON c.id = p.clause"
                        " WHERE p.edition = ?1 AND p.place = ?2",
    [SQL_CLAUSE_AMONG] = "SELECT p.place, c.leaf_hash, CASE p.place WHEN ?4 THEN c.record END, c.id"
                         " FROM place p CROSS JOIN clause c ON c.id = p.clause"
                         " WHERE p.edition = ?1 AND p.place >= ?2 AND p.place < ?3 ORDER BY p.place",
    [SQL_CLAUSE_IN_ROW] = "SELECT id, leaf_hash, CASE id WHEN ?3 THEN record END, id FROM clause"
                          " WHERE id >= ?1 AND id < ?2 ORDER BY id",
    /* CROSS JOIN keeps SQLite to this order: places as they stand, then each clause by its id. */
    [SQL_CLAUSES] = "SELECT p.place, c.leaf_hash, c.record FROM place p CROSS JOIN clause c ON c.id = p.clause"
                    " WHERE p.edition = ?1 AND p.place >= ?2 ORDER BY p.place LIMIT ?3",
    [SQL_NODES] = "SELECT idx, hash FROM node WHERE tree = ?1 AND level = ?2 AND idx >= ?3 ORDER BY idx LIMIT ?4",
    [SQL_CHECKPOINT_FROM] = "SELECT size, note FROM checkpoint WHERE size >= ?1 ORDER BY size LIMIT 1",
    [SQL_COUNTS] = "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM node), (SELECT count(*) FROM place),"
                   " (SELECT count(*) FROM checkpoint)",
    [SQL_MARK] = "SELECT rules, size, root FROM checked",
    [SQL_PUT_ENTRY] = "INSERT INTO entry (idx, leaf_hash, record) VALUES (?1, ?2, ?3)",
    [SQL_PUT_NODE] = "INSERT INTO node (tree, level, idx, hash) VALUES (?1, ?2, ?3, ?4)",
    [SQL_FIND_CLAUSE] = "SELECT id, record FROM clause WHERE leaf_hash = ?1",
    [SQL_PUT_CLAUSE] = "INSERT INTO clause (leaf_hash, record) VALUES (?1, ?2)",
    [SQL_PUT_PLACE] = "INSERT INTO place (edition, place, clause) VALUES (?1, ?2, ?3)",
    [SQL_PUT_CHECKPOINT] = "INSERT INTO checkpoint (size, note) VALUES (?1, ?2)"
                           " ON CONFLICT (size) DO UPDATE SET note = excluded.note",
    [SQL_PUT_MARK] = "INSERT OR REPLACE INTO checked (id, rules, size, root) VALUES (0, ?1, ?2, ?3)",
    [SQL_STAGE_PUT] = "INSERT OR IGNORE INTO staged (edition, place, record) VALUES (?1, ?2, ?3)",
    [SQL_STAGE_PLACES] = "SELECT place FROM staged WHERE edition = ?1 ORDER BY place",
    [SQL_STAGE_CLAUSES] = "SELECT place, record FROM staged WHERE edition = ?1 ORDER BY place",
};

static int error_of(int code) {
    if (code == SQLITE_IOERR_SHORT_READ)
        return DEPOSITARY_E_DAMAGED;
    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT: /* rows are put once, so what is in the way should not be there */
    case SQLITE_MISMATCH:
        return DEPOSITARY_E_DAMAGED;
    case SQLITE_NOMEM:
        return DEPOSITARY_E_MEMORY;
    case SQLITE_TOOBIG:
        return DEPOSITARY_E_LIMIT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return DEPOSITARY_E_STATE;
    default:
        return DEPOSITARY_E_IO;
    }
}

int connection_failed(struct connection *connection, int code, struct fault *fault, const char *format, ...) {
    char what[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return fault_set(fault, error_of(code), "%s: %s", what,
                     connection->db != NULL ? sqlite3_errmsg(connection->db) : sqlite3_errstr(code));
}

int connection_open(struct connection *out, const char *path, struct fault *fault) {
    *out = (struct connection){0};
    int code = sqlite3_open_v2(path, &out->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(out->db, 1);
        code = sqlite3_busy_timeout(out->db, SQLITE_WAIT_MS);
    }
    if (code != SQLITE_OK) {
        int error = connection_failed(out, code, fault, "%s", path);
        connection_close(out);
        return error;
    }
    /* A page whose cells cannot be right is told from one that can; functions in a schema are not trusted. */
    int error = connection_run(out, "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;", fault);
    if (error)
        connection_close(out);
    return error;
}

void connection_close(struct connection *connection) {
    for (size_t i = 0; i < SQL_ALL; i++)
        sqlite3_finalize(connection->statements[i]);
    sqlite3_close(connection->db);
    *connection = (struct connection){0};
}

int connection_run(struct connection *connection, const char *sql, struct fault *fault) {
    int code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? DEPOSITARY_OK : connection_failed(connection, code, fault, "the store");
}

int connection_statement(struct connection *connection, enum sql sql, sqlite3_stmt **statement, struct fault *fault) {
    *statement = NULL;
    if (connection->statements[sql] == NULL) {
        int code = sqlite3_prepare_v3(connection->db, WORDS[sql], -1, SQLITE_PREPARE_PERSISTENT,
                                      &connection->statements[sql], NULL);
        if (code != SQLITE_OK)
            return connection_failed(connection, code, fault, "the store");
    }
    *statement = connection->statements[sql];
    return DEPOSITARY_OK;
}

int connection_step(struct connection *connection, enum sql sql, struct fault *fault) {
    sqlite3_stmt *statement = NULL;
    int error = connection_statement(connection, sql, &statement, fault);
    if (error)
        return error;
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE)
        error = connection_failed(connection, code, fault, "the store, %s", WORDS[sql]);
    sqlite3_reset(statement);
    return error;
}

int bind_number(sqlite3_stmt *statement, int at, uint64_t number) {
    return number > INT64_MAX ? SQLITE_RANGE : sqlite3_bind_int64(statement, at, (sqlite3_int64)number);
}

int bind_bytes(sqlite3_stmt *statement, int at, struct bytes bytes) {
    return sqlite3_bind_blob64(statement, at, bytes.len == 0 ? "" : (const void *)bytes.data, bytes.len, SQLITE_STATIC);
}

bool column_number(sqlite3_stmt *statement, int at, uint64_t *out) {
    if (sqlite3_column_type(statement, at) != SQLITE_INTEGER)
        return false;
    sqlite3_int64 number = sqlite3_column_int64(statement, at);
    if (number < 0)
        return false;
    *out = (uint64_t)number;
    return true;
}

struct bytes column_bytes(sqlite3_stmt *statement, int at) {
    const void *data = sqlite3_column_blob(statement, at);
    int len = sqlite3_column_bytes(statement, at);
    return bytes_of(data, data == NULL || len < 0 ? 0 : (size_t)len);
}

bool column_hash(sqlite3_stmt *statement, int at, struct hash *out) {
    struct bytes bytes = column_bytes(statement, at);
    if (bytes.len != HASH_LEN)
        return false;
    memcpy(out->bytes, bytes.data, HASH_LEN);
    return true;
}
