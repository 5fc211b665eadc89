/*
 * The embedded store: one SQLite file in WAL mode. Its schema, opening and closing; reading, writing and staging are in the
 * files beside this one. Entries, nodes, clauses and places are only ever added: triggers refuse anything else, so that a
 * slip in this program cannot take away what was deposited.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/sqlite_private.h"

#define APPLICATION_ID 0x44505352 /* "DPSR" */
#define SCHEMA_VERSION 2
#define APPEND_ONLY(table)                                                                                             \
    "CREATE TRIGGER " table "_no_update BEFORE UPDATE ON " table " BEGIN SELECT raise(ABORT, 'append-only'); END;"     \
    "CREATE TRIGGER " table "_no_delete BEFORE DELETE ON " table " BEGIN SELECT raise(ABORT, 'append-only'); END;"

/* The steps from each version to the next; a new file takes all of them. */
static const char *const STEPS[SCHEMA_VERSION] = {
    "CREATE TABLE entry ("
    " idx INTEGER PRIMARY KEY CHECK (idx >= 0),"
    " leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),"
    " record BLOB NOT NULL CHECK (length(record) <= 65535)) STRICT;"
    "CREATE INDEX entry_leaf_hash ON entry (leaf_hash);"
    "CREATE TABLE node ("
    " tree INTEGER NOT NULL CHECK (tree >= 0),"
    " level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 62),"
    " idx INTEGER NOT NULL CHECK (idx >= 0),"
    " hash BLOB NOT NULL CHECK (length(hash) = 32),"
    " PRIMARY KEY (tree, level, idx)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE clause ("
    " id INTEGER PRIMARY KEY CHECK (id > 0),"
    " leaf_hash BLOB NOT NULL UNIQUE CHECK (length(leaf_hash) = 32),"
    " record BLOB NOT NULL) STRICT;"
    "CREATE TABLE place ("
    " edition INTEGER NOT NULL CHECK (edition >= 0),"
    " place INTEGER NOT NULL CHECK (place >= 0),"
    " clause INTEGER NOT NULL CHECK (clause > 0),"
    " PRIMARY KEY (edition, place)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE checkpoint ("
    " size INTEGER PRIMARY KEY CHECK (size > 0),"
    " note BLOB NOT NULL) STRICT;" APPEND_ONLY("entry") APPEND_ONLY("node") APPEND_ONLY("clause") APPEND_ONLY("place")
    /* A checkpoint's note may gain cosignatures. */
    "CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint BEGIN SELECT raise(ABORT, 'append-only'); END;",
    /* Version 2: what has been checked thoroughly; struct store_mark. */
    "CREATE TABLE checked ("
    " id INTEGER PRIMARY KEY CHECK (id = 0),"
    " rules INTEGER NOT NULL CHECK (rules >= 0),"
    " size INTEGER NOT NULL CHECK (size >= 0),"
    " root BLOB NOT NULL CHECK (length(root) = 32)) STRICT;",
};

/* Makes the folder's new name for a file durable. */
static int sync_folder(const char *path, struct fault *fault) {
    char *copy = strdup(path);
    if (copy == NULL)
        return DEPOSITARY_E_MEMORY;
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = DEPOSITARY_OK;
    if (folder < 0 || fsync(folder) != 0)
        error = fault_set(fault, DEPOSITARY_E_IO, "%s: %s", path, strerror(errno));
    if (folder >= 0)
        close(folder);
    free(copy);
    return error;
}

/* The file has its mode before SQLite sees it; SQLite gives the same to the files that it makes beside it. */
static int make_file(const char *path, bool create, struct fault *fault) {
    if (access(path, F_OK) == 0)
        return DEPOSITARY_OK;
    if (!create)
        return fault_set(fault, DEPOSITARY_E_MISSING, "%s is not there", path);
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 && errno == EEXIST)
        return DEPOSITARY_OK;
    if (file < 0)
        return fault_set(fault, DEPOSITARY_E_IO, "%s: %s", path, strerror(errno));
    close(file);
    return sync_folder(path, fault);
}

static int read_number(struct connection *connection, const char *sql, sqlite3_int64 *out, struct fault *fault) {
    sqlite3_stmt *statement = NULL;
    int error = DEPOSITARY_OK;
    int code = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    else
        error = connection_failed(connection, code, fault, "the store, %s", sql);
    sqlite3_finalize(statement);
    return error;
}

/* What a file says it is. */
struct identity {
    sqlite3_int64 application, version, tables;
};

static int read_identity(struct connection *connection, struct identity *out, struct fault *fault) {
    int error = read_number(connection, "PRAGMA application_id", &out->application, fault);
    if (error == 0)
        error = read_number(connection, "PRAGMA user_version", &out->version, fault);
    if (error == 0)
        error = read_number(connection, "SELECT count(*) FROM sqlite_schema", &out->tables, fault);
    return error;
}

static bool is_nothing(const struct identity *identity) {
    return identity->application == 0 && identity->version == 0 && identity->tables == 0;
}

static int check_version(const struct identity *identity, const char *path, struct fault *fault) {
    if (identity->application != APPLICATION_ID)
        return fault_set(fault, DEPOSITARY_E_FORMAT, "%s is not a ledger's file", path);
    if (identity->version < 1 || identity->version > SCHEMA_VERSION)
        return fault_set(fault, DEPOSITARY_E_FORMAT,
                         "%s is a ledger's file of version %" PRId64
                         ", this program reads up to %d; a newer one made it",
                         path, (int64_t)identity->version, SCHEMA_VERSION);
    return DEPOSITARY_OK;
}

int sqlite_version(struct connection *connection, const char *path, int *out, struct fault *fault) {
    struct identity identity = {0};
    int error = read_identity(connection, &identity, fault);
    if (error == 0)
        error = check_version(&identity, path, fault);
    if (error == 0)
        *out = (int)identity.version;
    return error;
}

static int check_identity(const struct sqlite_store *sqlite, const struct identity *identity, bool create,
                          struct fault *fault) {
    if (is_nothing(identity))
        return create ? DEPOSITARY_OK : fault_set(fault, DEPOSITARY_E_MISSING, "%s holds no ledger", sqlite->path);
    return check_version(identity, sqlite->path, fault);
}

int sqlite_make_schema(struct connection *connection, int from, int to, struct fault *fault) {
    int error = DEPOSITARY_OK;
    for (int version = from; error == 0 && version < to; version++)
        error = connection_run(connection, STEPS[version], fault);
    return error;
}

/* Within the transaction that migrates: another process may have been first. */
static int migrate_locked(struct sqlite_store *sqlite, struct fault *fault) {
    char words[96];
    struct identity identity = {0};
    int error = read_identity(&sqlite->writer, &identity, fault);
    if (error == 0)
        error = sqlite_make_schema(&sqlite->writer, (int)identity.version, SCHEMA_VERSION, fault);
    snprintf(words, sizeof words, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
             SCHEMA_VERSION);
    return error ? error : connection_run(&sqlite->writer, words, fault);
}

/* A file of nothing becomes a store, and an older one is brought to this version, in one transaction. */
static int prepare_schema(struct sqlite_store *sqlite, bool create, struct fault *fault) {
    struct identity identity = {0};
    int error = read_identity(&sqlite->writer, &identity, fault);
    if (error == 0)
        error = check_identity(sqlite, &identity, create, fault);
    if (error || identity.version == SCHEMA_VERSION)
        return error;
    error = connection_run(&sqlite->writer, "BEGIN IMMEDIATE", fault);
    if (error)
        return error;
    error = migrate_locked(sqlite, fault);
    if (error == 0)
        error = connection_run(&sqlite->writer, "COMMIT", fault);
    if (error)
        sqlite_rollback(&sqlite->base);
    return error;
}

static int open_writer(struct sqlite_store *sqlite, bool create, struct fault *fault) {
    struct connection *writer = &sqlite->writer;
    int error = connection_open(writer, sqlite->path, fault);
    if (error == 0)
        error = prepare_schema(sqlite, create, fault);
    /* FULL: what was committed is on the disk when COMMIT returns. The cache is for deposits of many clauses. */
    if (error == 0)
        error = connection_run(writer,
                               "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA journal_size_limit = 67108864;"
                               "PRAGMA cache_size = -65536;",
                               fault);
    sqlite3_int64 synchronous = 0, wal = 0;
    if (error == 0)
        error = read_number(writer, "PRAGMA synchronous", &synchronous, fault);
    if (error == 0)
        error = read_number(writer, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'", &wal, fault);
    if (error == 0 && (synchronous != 2 || wal != 1))
        error = fault_set(fault, DEPOSITARY_E_IO, "%s: SQLite does not write durably here", sqlite->path);
    return error;
}

static void sqlite_close(struct store *store) {
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    connection_close(&sqlite->stage);
    sqlite_read_close(sqlite);
    connection_close(&sqlite->writer);
    pthread_mutex_destroy(&sqlite->pool_lock);
    free(sqlite->path);
    free(sqlite);
}

static const struct store_ops SQLITE_OPS = {
    .close = sqlite_close,
    .read_begin = sqlite_read_begin,
    .read_end = sqlite_read_end,
    .size = sqlite_size,
    .entry = sqlite_entry,
    .find = sqlite_find,
    .node = sqlite_node,
    .clause = sqlite_clause,
    .clause_among = sqlite_clause_among,
    .clause_in_row = sqlite_clause_in_row,
    .clause_hash = sqlite_clause_hash,
    .clauses = sqlite_clauses,
    .nodes = sqlite_nodes,
    .checkpoint_from = sqlite_checkpoint_from,
    .counts = sqlite_counts,
    .mark = sqlite_mark,
    .begin = sqlite_begin,
    .put_entry = sqlite_put_entry,
    .put_node = sqlite_put_node,
    .put_clause = sqlite_put_clause,
    .put_checkpoint = sqlite_put_checkpoint,
    .put_mark = sqlite_put_mark,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .stage_begin = sqlite_stage_begin,
    .stage_put = sqlite_stage_put,
    .stage_commit = sqlite_stage_commit,
    .stage_rollback = sqlite_stage_rollback,
    .stage_places = sqlite_stage_places,
    .stage_clauses = sqlite_stage_clauses,
    .stage_clear = sqlite_stage_clear,
};

int store_sqlite_open(struct store **out, const char *path, bool create, struct fault *fault) {
    int error = make_file(path, create, fault);
    if (error)
        return error;
    struct sqlite_store *sqlite = calloc(1, sizeof *sqlite);
    if (sqlite == NULL)
        return DEPOSITARY_E_MEMORY;
    sqlite->base.ops = &SQLITE_OPS;
    sqlite->path = strdup(path);
    if (sqlite->path == NULL) {
        free(sqlite);
        return DEPOSITARY_E_MEMORY;
    }
    if (pthread_mutex_init(&sqlite->pool_lock, NULL) != 0) {
        free(sqlite->path);
        free(sqlite);
        return DEPOSITARY_E_MEMORY;
    }
    error = open_writer(sqlite, create, fault);
    if (error) {
        sqlite_close(&sqlite->base);
        return error;
    }
    *out = &sqlite->base;
    return DEPOSITARY_OK;
}
