/*
 * Connections to the catalog's SQLite file: its schema, its statements (prepared once a connection), and a pool, so
 * that a connection is used by one thread at a time.
 */
#ifndef CATALOG_DB_H
#define CATALOG_DB_H

#include <pthread.h>
#include <sqlite3.h>

#include "base/bytes.h"
#include "base/error.h"
#include "catalog/tokenizer.h"

/* What is asked of the file; the text of each stands in db.c. */
enum catalog_statement {
    STATEMENT_BEGIN,
    STATEMENT_BEGIN_WRITE,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_PROGRESS,
    STATEMENT_PROGRESS_SET,
    STATEMENT_EDITION_ADD,
    STATEMENT_EDITION_SUPERSEDE,
    STATEMENT_TEXT_FIND,
    STATEMENT_TEXT_ADD,
    STATEMENT_WORDS_ADD,
    STATEMENT_WORDS_MERGE_BEGIN,
    STATEMENT_WORDS_MERGE,
    STATEMENT_CHANGES,
    STATEMENT_CLAUSE_ADD,
    STATEMENT_EDITION_NUMBERED,
    STATEMENT_EDITION_LATEST,
    STATEMENT_EDITION_AS_OF,
    STATEMENT_EDITION_LANGUAGES,
    STATEMENT_SUCCESSOR,
    STATEMENT_PLACE,
    STATEMENT_OUTLINE,
    STATEMENT_EDITIONS,
    STATEMENT_PLACES,
    STATEMENT_SEARCH,
    STATEMENT_SEARCH_SCORES,
    STATEMENT_SEARCH_RANGES,
    STATEMENT_SEARCH_RANGES_OF,
    STATEMENT_SCAN,
    STATEMENT_COUNT
};

/* What is said with DEPOSITARY_E_LIMIT. */
#define CATALOG_TOO_DEAR "this takes more work than one call may cost: name an instrument, or rarer words"

struct catalog_db {
    sqlite3 *db;
    struct tokenizer *tokenizer;
    uint64_t deadline_ns; /* monotonic; statements end there with DEPOSITARY_E_TIMEOUT; 0: none */
    uint64_t work_end_ns; /* by clock_thread_ns; statements end there with DEPOSITARY_E_LIMIT; 0: none */
    sqlite3_stmt *statements[STATEMENT_COUNT];
    bool is_rotten;          /* something of the file was not as it was written */
    struct catalog_db *next; /* in the pool */
};

enum catalog_db_use { CONNECTION_READS, CONNECTION_WRITES };

/** Opens path (":memory:" for memory). For writing, the file is made with mode 0600. The schema is not looked at. DEPOSITARY_E_DAMAGED where the
 * file is not as it was written. */
MUST_USE int catalog_db_open(struct catalog_db **out, const char *path, enum catalog_db_use use, struct fault *fault);
void catalog_db_close(struct catalog_db *connection);

/** Whether the file has our schema, of this version, word for word. */
bool catalog_db_has_schema(struct catalog_db *connection);
/** Whether it is sound by SQLite's own check, which reads all of it. */
bool catalog_db_is_sound(struct catalog_db *connection);
bool catalog_db_is_large(struct catalog_db *connection); /* so large that this takes longer than a start should */
MUST_USE int catalog_db_make_schema(struct catalog_db *connection, struct fault *fault);
/** Marks the file, so that the next start makes it anew. */
void catalog_db_condemn(struct catalog_db *connection);

/** The statement, ready to bind; NULL, with *fault set, where it cannot be prepared. Ends with catalog_statement_done. */
sqlite3_stmt *catalog_db_statement(struct catalog_db *connection, enum catalog_statement which, struct fault *fault);
void catalog_statement_done(sqlite3_stmt *statement);
/** Steps: *row says whether there is one. Errors of SQLite as errors of ours. */
MUST_USE int catalog_statement_step(struct catalog_db *connection, sqlite3_stmt *statement, bool *row,
                                    struct fault *fault);
/** Steps a statement without rows, and is done with it. */
MUST_USE int catalog_statement_run(struct catalog_db *connection, sqlite3_stmt *statement, struct fault *fault);
/** One of those without parameters or rows. */
MUST_USE int catalog_db_do(struct catalog_db *connection, enum catalog_statement which, struct fault *fault);

void catalog_bind_text(sqlite3_stmt *statement, int parameter, struct bytes text); /* the bytes must outlive the step */
void catalog_bind_number(sqlite3_stmt *statement, int parameter, uint64_t number); /* below 2^63 */
uint64_t catalog_column_number(sqlite3_stmt *statement, int column);
struct bytes catalog_column_bytes(sqlite3_stmt *statement, int column); /* until the next step */

/** Connections at rest. In memory there is one, and who takes it waits for it. */
struct catalog_pool {
    pthread_mutex_t lock;
    pthread_cond_t given;
    const char *path; /* borrowed */
    bool is_single;
    struct catalog_db *rest;
    unsigned rest_count;
};

MUST_USE int catalog_pool_init(struct catalog_pool *pool, const char *path,
                               struct catalog_db *single); /* single NULL: as many as needed */
void catalog_pool_clean_up(struct catalog_pool *pool);
void catalog_pool_empty(struct catalog_pool *pool); /* closes what rests; none may be taken meanwhile */
MUST_USE int catalog_pool_take(struct catalog_pool *pool, struct catalog_db **out, struct fault *fault);
void catalog_pool_give(struct catalog_pool *pool, struct catalog_db *connection); /* NULL is fine */

#endif
