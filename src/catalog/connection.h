/*
 * Connections to the catalog's SQLite file: its schema, its statements (prepared once a connection), and a pool, so
 * that a connection is used by one thread at a time.
 */
#ifndef CATALOG_CONNECTION_H
#define CATALOG_CONNECTION_H

#include <pthread.h>
#include <sqlite3.h>

#include "base/bytes.h"
#include "base/error.h"
#include "catalog/tokenizer.h"

/* What is asked of the file; the text of each stands in connection.c. */
enum statement {
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
    STATEMENT_CLAUSE_ADD,
    STATEMENT_EDITION_NUMBERED,
    STATEMENT_EDITION_LATEST,
    STATEMENT_EDITION_AS_OF,
    STATEMENT_EDITION_LANGUAGES,
    STATEMENT_SUCCESSOR,
    STATEMENT_PLACE,
    STATEMENT_OUTLINE,
    STATEMENT_SEARCH_COUNT,
    STATEMENT_SEARCH_PAGE,
    STATEMENT_SEARCH_RANGES,
    STATEMENT_WORD_COUNT,
    STATEMENT_CANDIDATES,
    STATEMENT_SCAN,
    STATEMENT_COUNT
};

struct connection {
    sqlite3 *db;
    struct tokenizer *tokenizer;
    uint64_t deadline_ns; /* monotonic; statements end there with DEPOSITARY_E_TIMEOUT; 0: none */
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct connection *next; /* in the pool */
};

enum connection_use { CONNECTION_READS, CONNECTION_WRITES };

/** Opens path (":memory:" for memory). For writing, the file is made with mode 0600. The schema is not looked at. */
MUST_USE int connection_open(struct connection **out, const char *path, enum connection_use use, struct fault *fault);
void connection_close(struct connection *connection);

/** Whether the file has our schema, of this version, and is sound by SQLite's own check. */
bool connection_has_schema(struct connection *connection);
MUST_USE int connection_make_schema(struct connection *connection, struct fault *fault);
/** Marks the file, so that the next start makes it anew. */
void connection_condemn(struct connection *connection);

/** The statement, ready to bind; NULL, with *fault set, where it cannot be prepared. Given back with statement_done. */
sqlite3_stmt *connection_statement(struct connection *connection, enum statement which, struct fault *fault);
void statement_done(sqlite3_stmt *statement);
/** Steps: *row says whether there is one. Errors of SQLite as errors of ours. */
MUST_USE int statement_step(struct connection *connection, sqlite3_stmt *statement, bool *row, struct fault *fault);
/** Steps a statement without rows, and is done with it. */
MUST_USE int statement_run(struct connection *connection, sqlite3_stmt *statement, struct fault *fault);
/** One of those without parameters or rows. */
MUST_USE int connection_do(struct connection *connection, enum statement which, struct fault *fault);

void bind_text(sqlite3_stmt *statement, int parameter, struct bytes text); /* the bytes must outlive the step */
void bind_number(sqlite3_stmt *statement, int parameter, uint64_t number); /* below 2^63 */
uint64_t column_number(sqlite3_stmt *statement, int column);
struct bytes column_bytes(sqlite3_stmt *statement, int column); /* until the next step */

/** Connections at rest. In memory there is one, and who takes it waits for it. */
struct pool {
    pthread_mutex_t lock;
    pthread_cond_t given;
    const char *path; /* borrowed */
    bool is_single;
    struct connection *rest;
    unsigned rest_count;
};

MUST_USE int pool_init(struct pool *pool, const char *path,
                       struct connection *single); /* single NULL: as many as needed */
void pool_clean_up(struct pool *pool);
MUST_USE int pool_take(struct pool *pool, struct connection **out, struct fault *fault);
void pool_give(struct pool *pool, struct connection *connection); /* NULL is fine */

#endif
