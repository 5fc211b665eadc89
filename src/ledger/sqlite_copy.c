/*
 * The SQLite store as a file of its own: copied while it is in use, judged before it is trusted, and left as one file. A file from
 * elsewhere may hold more than rows: a trigger or a view in it would work against us later, so its schema is held against ours.
 */
#include <stdlib.h>
#include <string.h>

#include "ledger/sqlite_private.h"

static int open_to_read(sqlite3 **out, const char *path, struct fault *fault) {
    int code = sqlite3_open_v2(path, out, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        return DEPOSITARY_OK;
    int error = fault_set(fault, DEPOSITARY_E_IO, "%s: %s", path, sqlite3_errmsg(*out));
    sqlite3_close(*out);
    *out = NULL;
    return error;
}

/* One read transaction, and so one state; writers go on meanwhile. */
static int vacuum_into(struct connection *from, const char *to, struct fault *fault) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(from->db, "VACUUM INTO ?1", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, to, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int error = code == SQLITE_DONE ? DEPOSITARY_OK : connection_failed(from, code, fault, "copying to %s", to);
    sqlite3_finalize(statement);
    return error;
}

int store_sqlite_copy(const char *path, const char *to, struct fault *fault) {
    struct connection from = {0};
    int error = open_to_read(&from.db, path, fault);
    if (error)
        return error;
    sqlite3_busy_timeout(from.db, SQLITE_WAIT_MS);
    error = connection_run(&from, "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;", fault);
    if (error == 0)
        error = vacuum_into(&from, to, fault);
    connection_close(&from);
    return error;
}

/* ---- the schema */

/* What there is besides what SQLite makes for itself. */
static const char LIST[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
                           " WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\' ORDER BY type, name";

/* Whether both rows say the same; NULL is the same as NULL. */
static bool is_same(sqlite3_stmt *one, sqlite3_stmt *other) {
    for (int i = 0; i < 4; i++) {
        struct bytes a = column_bytes(one, i), b = column_bytes(other, i);
        if (sqlite3_column_type(one, i) != sqlite3_column_type(other, i) || !bytes_equal(a, b))
            return false;
    }
    return true;
}

static int compare_rows(struct connection *connection, sqlite3_stmt *found, sqlite3_stmt *ours, const char *path,
                        struct fault *fault) {
    for (;;) {
        int expected = sqlite3_step(ours), code = sqlite3_step(found);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            return connection_failed(connection, code, fault, "%s", path);
        if (code == SQLITE_DONE && expected == SQLITE_DONE)
            return DEPOSITARY_OK;
        bool is_row = code == SQLITE_ROW && expected == SQLITE_ROW;
        if (!is_row || !is_same(found, ours))
            return fault_set(fault, DEPOSITARY_E_DAMAGED, "%s: its tables are not those of a ledger (at %s)", path,
                             code == SQLITE_ROW ? (const char *)sqlite3_column_text(found, 1)
                                                : (const char *)sqlite3_column_text(ours, 1));
    }
}

static int compare_schemas(struct connection *connection, struct connection *ours, const char *path,
                           struct fault *fault) {
    sqlite3_stmt *found = NULL, *expected = NULL;
    int code = sqlite3_prepare_v2(connection->db, LIST, -1, &found, NULL);
    int error = code == SQLITE_OK ? DEPOSITARY_OK : connection_failed(connection, code, fault, "%s", path);
    if (error == 0 && sqlite3_prepare_v2(ours->db, LIST, -1, &expected, NULL) != SQLITE_OK)
        error = DEPOSITARY_E_MEMORY;
    if (error == 0)
        error = compare_rows(connection, found, expected, path, fault);
    sqlite3_finalize(found);
    sqlite3_finalize(expected);
    return error;
}

/* Against a store that this program makes of the same version. */
static int check_schema(struct connection *connection, const char *path, struct fault *fault) {
    struct connection ours = {0};
    int version = 0;
    int error = sqlite_version(connection, path, &version, fault);
    if (error)
        return error;
    error = connection_open(&ours, ":memory:", fault);
    if (error == 0)
        error = sqlite_make_schema(&ours, 0, version, fault);
    if (error == 0)
        error = compare_schemas(connection, &ours, path, fault);
    connection_close(&ours);
    return error;
}

/* ---- the whole */

static int check_pages(struct connection *connection, const char *path, struct fault *fault) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->db, "PRAGMA integrity_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int error = DEPOSITARY_OK;
    if (code != SQLITE_ROW)
        error = connection_failed(connection, code, fault, "%s", path);
    else if (!bytes_equal(column_bytes(statement, 0), bytes_text("ok")))
        error = fault_set(fault, DEPOSITARY_E_DAMAGED, "%s: %s", path, (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return error;
}

int store_sqlite_check(const char *path, struct fault *fault) {
    struct connection connection;
    int error = connection_open(&connection, path, fault);
    if (error)
        return error;
    error = check_schema(&connection, path, fault);
    if (error == 0)
        error = check_pages(&connection, path, fault);
    connection_close(&connection);
    return error;
}

int store_sqlite_settle(const char *path, struct fault *fault) {
    struct connection connection;
    int error = connection_open(&connection, path, fault);
    if (error)
        return error;
    error = connection_run(&connection, "PRAGMA journal_mode = DELETE", fault);
    connection_close(&connection);
    return error;
}
