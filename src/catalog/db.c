/* Connections to the catalog's SQLite file: schema, statements, pool. Nothing in it is precious. */
#include "catalog/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "catalog/page_sums.h"
#include "catalog/ranges.h"

#define CATALOG_APPLICATION_ID 0x44706361 /* "Dpca" */
#define CATALOG_VERSION        3          /* 2 had no sums */
#define BUSY_TIMEOUT_MS        10000
#define POOL_REST_MAX          8u
#define PROGRESS_STEPS         400  /* of SQLite between two looks at the clocks: some 130 pages, or 70 texts found */
#define LARGE_PAGES            8192 /* 32 MiB of them: reading them takes a fifth of a second */

#define CATALOG_MERGE_PAGES 1000 /* of the index of words, in one transaction */
#define WORDS_PAGE          "4040" /* bytes of one: FTS5's own 4050 run over into another page where each has a sum, too */

#define TEXT_OF(number)  #number
#define PRAGMA_NUMBER(x) TEXT_OF(x)

/*
 * A clause record that is in several editions stands once in `text`, with its words; `clause` says where. The index of
 * words holds no text: that is the ledger's. Rows of entries at or past progress.size are of an update under way, and
 * are not seen.
 */
static const char schema[] =
    "CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, place INTEGER NOT NULL,"
    " root BLOB NOT NULL) STRICT;"
    "CREATE TABLE edition (idx INTEGER PRIMARY KEY, instrument TEXT NOT NULL, language TEXT NOT NULL,"
    " edition INTEGER NOT NULL, act INTEGER NOT NULL, authenticity INTEGER NOT NULL, clauses INTEGER NOT NULL,"
    " deposited_at INTEGER NOT NULL, superseded_by INTEGER, superseded_at INTEGER) STRICT;"
    "CREATE UNIQUE INDEX edition_name ON edition (instrument, language, edition);"
    "CREATE TABLE text (id INTEGER PRIMARY KEY, leaf_hash BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL,"
    " length INTEGER NOT NULL, number TEXT NOT NULL, heading TEXT NOT NULL) STRICT;"
    "CREATE TABLE clause (edition INTEGER NOT NULL, place INTEGER NOT NULL, text INTEGER NOT NULL, eid TEXT NOT NULL,"
    " PRIMARY KEY (edition, place)) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX clause_eid ON clause (edition, eid);"
    "CREATE VIRTUAL TABLE words USING fts5 (text, content = '', tokenize = '" TOKENIZER_NAME "');"
    "INSERT INTO words (words, rank) VALUES ('pgsz', " WORDS_PAGE ");"
    "PRAGMA application_id = " PRAGMA_NUMBER(CATALOG_APPLICATION_ID) ";"
                                                                     "PRAGMA user_version = " PRAGMA_NUMBER(
                                                                         CATALOG_VERSION) ";";

#define EDITION_COLUMNS "idx, edition, instrument, language, act, authenticity, clauses, deposited_at"
/* The latest as of ?1 entries. */
#define IS_LATEST          "(e.superseded_by IS NULL OR e.superseded_by >= ?1)"
#define IS_LATEST_BY(time) "(e.deposited_at <= " time " AND (" IS_LATEST " OR e.superseded_at > " time "))"
/* Scope: ?1 size, ?2 instrument, ?3 language, ?4 edition, ?5 as of (NULL: none), ?6 kind. At most one edition that
 * holds a given record is in it, since a scope has one edition of each text. */
#define IN_SCOPE                                                                                                       \
    " e.idx < ?1 AND (?2 = '' OR e.instrument = ?2) AND (?3 = '' OR e.language = ?3)"                                  \
    " AND CASE WHEN ?4 > 0 THEN e.edition = ?4 WHEN ?5 IS NOT NULL THEN " IS_LATEST_BY(                                \
        "?5") " ELSE " IS_LATEST " END AND (?6 = 0 OR t.kind = ?6)"
static const char *const statement_text[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN",
    [STATEMENT_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_PROGRESS] = "SELECT size, place, root FROM progress WHERE id = 1",
    [STATEMENT_PROGRESS_SET] = "INSERT OR REPLACE INTO progress (id, size, place, root) VALUES (1, ?1, ?2, ?3)",
    [STATEMENT_EDITION_ADD] =
        "INSERT OR REPLACE INTO edition (" EDITION_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [STATEMENT_EDITION_SUPERSEDE] = "UPDATE edition SET superseded_by = ?1, superseded_at = ?2"
                                    " WHERE instrument = ?3 AND language = ?4 AND edition = ?5",
    [STATEMENT_TEXT_FIND] = "SELECT id FROM text WHERE leaf_hash = ?1",
    [STATEMENT_TEXT_ADD] = "INSERT INTO text (leaf_hash, kind, length, number, heading) VALUES (?1, ?2, ?3, ?4, ?5)",
    [STATEMENT_WORDS_ADD] = "INSERT INTO words (rowid, text) VALUES (?1, ?2)",
    [STATEMENT_WORDS_MERGE_BEGIN] =
        "INSERT INTO words (words, rank) VALUES ('merge', -" PRAGMA_NUMBER(CATALOG_MERGE_PAGES) ")",
    [STATEMENT_WORDS_MERGE] =
        "INSERT INTO words (words, rank) VALUES ('merge', " PRAGMA_NUMBER(CATALOG_MERGE_PAGES) ")",
    [STATEMENT_CHANGES] = "SELECT total_changes()",
    [STATEMENT_CLAUSE_ADD] = "INSERT INTO clause (edition, place, text, eid) VALUES (?1, ?2, ?3, ?4)",
    [STATEMENT_EDITION_NUMBERED] = "SELECT " EDITION_COLUMNS " FROM edition e WHERE e.idx < ?1 AND e.instrument = ?2"
                                   " AND e.language = ?3 AND e.edition = ?4",
    [STATEMENT_EDITION_LATEST] = "SELECT " EDITION_COLUMNS " FROM edition e WHERE e.idx < ?1 AND e.instrument = ?2"
                                 " AND e.language = ?3 ORDER BY e.edition DESC LIMIT 1",
    [STATEMENT_EDITION_AS_OF] = "SELECT " EDITION_COLUMNS " FROM edition e WHERE e.idx < ?1 AND e.instrument = ?2"
                                " AND e.language = ?3 AND e.deposited_at <= ?4 ORDER BY e.edition DESC LIMIT 1",
    [STATEMENT_EDITION_LANGUAGES] = "SELECT " EDITION_COLUMNS " FROM edition e WHERE e.idx < ?1 AND e.instrument = ?2"
                                    " AND " IS_LATEST " ORDER BY e.language",
    [STATEMENT_SUCCESSOR] = "SELECT superseded_by FROM edition WHERE idx = ?1 AND superseded_by < ?2",
    [STATEMENT_PLACE] = "SELECT place FROM clause WHERE edition = ?1 AND eid = ?2",
    [STATEMENT_OUTLINE] = "SELECT c.place, c.eid, t.kind, t.length, t.leaf_hash, t.number, t.heading FROM clause c"
                          " CROSS JOIN text t ON t.id = c.text WHERE c.edition = ?1 AND c.place >= ?2 ORDER BY c.place",
    [STATEMENT_EDITIONS] = "SELECT " EDITION_COLUMNS " FROM edition ORDER BY idx",
    [STATEMENT_PLACES] = "SELECT c.edition, c.place, c.text, t.kind FROM clause c CROSS JOIN text t ON t.id = c.text"
                         " ORDER BY c.edition, c.place",
    [STATEMENT_SEARCH] = "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid",
    [STATEMENT_SEARCH_SCORES] = "SELECT rowid, -bm25(words) FROM words WHERE words MATCH ?1"
                                " AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid",
    [STATEMENT_SEARCH_RANGES] = "SELECT " RANGES_FUNCTION "(words) FROM words WHERE words MATCH ?1 AND rowid = ?2",
    /* One walk for many; + keeps it from beginning anew for each. ?4: their row ids, as JSON. */
    [STATEMENT_SEARCH_RANGES_OF] = "SELECT rowid, " RANGES_FUNCTION "(words) FROM words WHERE words MATCH ?1"
                                   " AND rowid BETWEEN ?2 AND ?3 AND +rowid IN (SELECT value FROM json_each(?4))",
    [STATEMENT_SCAN] = "SELECT c.edition, c.place, e.clauses FROM edition e CROSS JOIN clause c ON c.edition = e.idx"
                       " CROSS JOIN text t ON t.id = c.text WHERE" IN_SCOPE " ORDER BY e.idx, c.place",
};

static bool is_of_rot(int rc) {
    int kind = rc & 0xff;
    return rc == SQLITE_IOERR_DATA || kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
}

static bool is_work_done(const struct catalog_db *connection) {
    return connection->work_end_ns != 0 && clock_thread_ns() >= connection->work_end_ns;
}

static int sqlite_fault(struct catalog_db *connection, int rc, struct fault *fault) {
    int error = DEPOSITARY_E_IO;
    if (connection && is_of_rot(rc))
        connection->is_rotten = true;
    if (rc == SQLITE_IOERR_DATA)
        return fault_set(fault, error, "catalog: a page of its file is not as it was written (SQLite %d)", rc);
    if ((rc & 0xff) == SQLITE_INTERRUPT && connection && is_work_done(connection))
        return fault_set(fault, DEPOSITARY_E_LIMIT, CATALOG_TOO_DEAR);
    if ((rc & 0xff) == SQLITE_INTERRUPT)
        error = DEPOSITARY_E_TIMEOUT;
    else if ((rc & 0xff) == SQLITE_NOMEM)
        error = DEPOSITARY_E_MEMORY;
    const char *reason = connection && connection->db ? sqlite3_errmsg(connection->db) : sqlite3_errstr(rc);
    return fault_set(fault, error, "catalog: %s (SQLite %d)", reason, rc);
}

/* Called where FTS5 reads pages for a long time without giving a row, too. */
static int past_bounds(void *context) {
    const struct catalog_db *connection = context;
    return is_work_done(connection) ||
           (connection->deadline_ns != 0 && clock_monotonic_ns() >= connection->deadline_ns);
}

/* SQLite would make it with the process's umask; -wal and -shm then follow its mode. */
static int make_file(const char *path, struct fault *fault) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fault_set(fault, DEPOSITARY_E_IO, "catalog: %s: %s", path, strerror(errno));
    close(fd);
    return 0;
}

static int set_up(struct catalog_db *connection, enum catalog_db_use use, bool is_in_memory) {
    /* Sorting spills to memory: nothing is written outside the data folder. */
    static const char both[] = "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA mmap_size = 0;";
    static const char writes[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";
    static const char reads[] = "PRAGMA query_only = ON;";
    sqlite3_extended_result_codes(connection->db, 1);
    sqlite3_busy_timeout(connection->db, BUSY_TIMEOUT_MS);
    sqlite3_progress_handler(connection->db, PROGRESS_STEPS, past_bounds, connection);
    int rc = sqlite3_exec(connection->db, both, NULL, NULL, NULL);
    if (rc == SQLITE_OK && !is_in_memory)
        rc = page_sums_prepare(connection->db);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(connection->db, use == CONNECTION_WRITES ? writes : reads, NULL, NULL, NULL);
    return rc;
}

int catalog_db_open(struct catalog_db **out, const char *path, enum catalog_db_use use, struct fault *fault) {
    int error = 0;
    struct catalog_db *connection = calloc(1, sizeof *connection);
    if (!connection)
        return fault_set(fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
    bool is_in_memory = strcmp(path, ":memory:") == 0;
    if (use == CONNECTION_WRITES && !is_in_memory)
        error = make_file(path, fault);
    if (!error && page_sums_register())
        error = fault_set(fault, DEPOSITARY_E_IO, "catalog: this SQLite takes no VFS");
    if (!error) {
        int rc = sqlite3_open_v2(path, &connection->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                                 is_in_memory ? NULL : PAGE_SUMS_VFS);
        if (rc == SQLITE_OK)
            rc = set_up(connection, use, is_in_memory);
        if (rc != SQLITE_OK)
            error = sqlite_fault(connection, rc, fault);
    }
    if (!error && (tokenizer_register(connection->db) || ranges_register(connection->db)))
        error = fault_set(fault, DEPOSITARY_E_IO, "catalog: this SQLite has no FTS5");
    if (!error)
        error = tokenizer_new(&connection->tokenizer, connection->db);
    if (error) {
        error = connection->is_rotten ? DEPOSITARY_E_DAMAGED : error;
        catalog_db_close(connection);
        return error;
    }
    *out = connection;
    return 0;
}

void catalog_db_close(struct catalog_db *connection) {
    if (!connection)
        return;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(connection->statements[i]);
    tokenizer_free(connection->tokenizer);
    sqlite3_close(connection->db);
    free(connection);
}

static bool reads_as(struct catalog_db *connection, const char *pragma, const char *wanted) {
    sqlite3_stmt *statement = NULL;
    bool same = false;
    if (sqlite3_prepare_v2(connection->db, pragma, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        const char *value = (const char *)sqlite3_column_text(statement, 0);
        same = value && strcmp(value, wanted) == 0;
    }
    sqlite3_finalize(statement);
    return same;
}

/* All that is declared in a file, FTS5's own tables included, as one text. SQLite's quick_check does not read the words. */
static const char declared[] =
    "SELECT group_concat(type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, ''), char(10))"
    " FROM (SELECT * FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\' ORDER BY type, name)";

/* Against one that is made now: a letter that has changed in it makes some statement impossible, or another. */
static bool is_declared_alike(struct catalog_db *connection) {
    struct catalog_db *ours = NULL;
    sqlite3_stmt *statement = NULL;
    bool is_alike = false;
    if (!catalog_db_open(&ours, ":memory:", CONNECTION_WRITES, NULL) && !catalog_db_make_schema(ours, NULL) &&
        sqlite3_prepare_v2(ours->db, declared, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        const char *wanted = (const char *)sqlite3_column_text(statement, 0);
        is_alike = wanted && reads_as(connection, declared, wanted);
    }
    sqlite3_finalize(statement);
    catalog_db_close(ours);
    return is_alike;
}

bool catalog_db_has_schema(struct catalog_db *connection) {
    char application_id[16];
    sqlite3_snprintf(sizeof application_id, application_id, "%d", CATALOG_APPLICATION_ID);
    return reads_as(connection, "PRAGMA application_id", application_id) &&
           reads_as(connection, "PRAGMA user_version", PRAGMA_NUMBER(CATALOG_VERSION)) && is_declared_alike(connection);
}

bool catalog_db_is_sound(struct catalog_db *connection) {
    return reads_as(connection, "PRAGMA quick_check(1)", "ok");
}

bool catalog_db_is_large(struct catalog_db *connection) {
    sqlite3_stmt *statement = NULL;
    bool is_large = false;
    if (sqlite3_prepare_v2(connection->db, "PRAGMA page_count", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        is_large = sqlite3_column_int64(statement, 0) > LARGE_PAGES;
    sqlite3_finalize(statement);
    return is_large;
}

int catalog_db_make_schema(struct catalog_db *connection, struct fault *fault) {
    int rc = sqlite3_exec(connection->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(connection->db, schema, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(connection->db, "COMMIT", NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : sqlite_fault(connection, rc, fault);
}

void catalog_db_condemn(struct catalog_db *connection) {
    sqlite3_exec(connection->db, "PRAGMA user_version = 0", NULL, NULL, NULL);
}

sqlite3_stmt *catalog_db_statement(struct catalog_db *connection, enum catalog_statement which, struct fault *fault) {
    if (!connection->statements[which]) {
        int rc = sqlite3_prepare_v3(connection->db, statement_text[which], -1, SQLITE_PREPARE_PERSISTENT,
                                    &connection->statements[which], NULL);
        if (rc != SQLITE_OK) {
            (void)sqlite_fault(connection, rc, fault);
            return NULL;
        }
    }
    return connection->statements[which];
}

void catalog_statement_done(sqlite3_stmt *statement) {
    if (!statement)
        return;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

int catalog_statement_step(struct catalog_db *connection, sqlite3_stmt *statement, bool *row, struct fault *fault) {
    int rc = sqlite3_step(statement);
    *row = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return 0;
    return sqlite_fault(connection, rc, fault);
}

int catalog_statement_run(struct catalog_db *connection, sqlite3_stmt *statement, struct fault *fault) {
    bool row = false;
    int error = catalog_statement_step(connection, statement, &row, fault);
    catalog_statement_done(statement);
    return error;
}

int catalog_db_do(struct catalog_db *connection, enum catalog_statement which, struct fault *fault) {
    sqlite3_stmt *statement = catalog_db_statement(connection, which, fault);
    return statement ? catalog_statement_run(connection, statement, fault) : DEPOSITARY_E_IO;
}

void catalog_bind_text(sqlite3_stmt *statement, int parameter, struct bytes text) {
    sqlite3_bind_text64(statement, parameter, text.len ? (const char *)text.data : "", text.len, SQLITE_STATIC,
                        SQLITE_UTF8);
}

void catalog_bind_number(sqlite3_stmt *statement, int parameter, uint64_t number) {
    sqlite3_bind_int64(statement, parameter, number > INT64_MAX ? INT64_MAX : (int64_t)number);
}

uint64_t catalog_column_number(sqlite3_stmt *statement, int column) {
    sqlite3_int64 number = sqlite3_column_int64(statement, column);
    return number < 0 ? 0 : (uint64_t)number;
}

struct bytes catalog_column_bytes(sqlite3_stmt *statement, int column) {
    const void *data = sqlite3_column_blob(statement, column);
    int len = sqlite3_column_bytes(statement, column);
    return bytes_of(data, data && len > 0 ? (size_t)len : 0);
}

int catalog_pool_init(struct catalog_pool *pool, const char *path, struct catalog_db *single) {
    memset(pool, 0, sizeof *pool);
    if (pthread_mutex_init(&pool->lock, NULL))
        return DEPOSITARY_E_MEMORY;
    if (pthread_cond_init(&pool->given, NULL)) {
        pthread_mutex_destroy(&pool->lock);
        return DEPOSITARY_E_MEMORY;
    }
    pool->path = path;
    pool->is_single = single != NULL;
    pool->rest = single;
    pool->rest_count = single ? 1 : 0;
    return 0;
}

void catalog_pool_empty(struct catalog_pool *pool) {
    while (pool->rest) {
        struct catalog_db *connection = pool->rest;
        pool->rest = connection->next;
        catalog_db_close(connection);
    }
    pool->rest_count = 0;
}

void catalog_pool_clean_up(struct catalog_pool *pool) {
    catalog_pool_empty(pool);
    pthread_cond_destroy(&pool->given);
    pthread_mutex_destroy(&pool->lock);
}

int catalog_pool_take(struct catalog_pool *pool, struct catalog_db **out, struct fault *fault) {
    pthread_mutex_lock(&pool->lock);
    while (pool->is_single && !pool->rest)
        pthread_cond_wait(&pool->given, &pool->lock);
    struct catalog_db *connection = pool->rest;
    if (connection) {
        pool->rest = connection->next;
        pool->rest_count--;
        connection->next = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    if (!connection)
        return catalog_db_open(out, pool->path, CONNECTION_READS, fault);
    *out = connection;
    return 0;
}

void catalog_pool_give(struct catalog_pool *pool, struct catalog_db *connection) {
    if (!connection)
        return;
    connection->deadline_ns = 0;
    connection->work_end_ns = 0;
    pthread_mutex_lock(&pool->lock);
    /* One that could not even end its transaction is not used again. */
    bool keep = pool->is_single || (pool->rest_count < POOL_REST_MAX && sqlite3_get_autocommit(connection->db));
    if (keep) {
        connection->next = pool->rest;
        pool->rest = connection;
        pool->rest_count++;
        pthread_cond_signal(&pool->given);
    }
    pthread_mutex_unlock(&pool->lock);
    if (!keep)
        catalog_db_close(connection);
}
