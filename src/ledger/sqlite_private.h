/* What the files of the SQLite store share: connections with their statements, and how SQLite's errors become ours. */
#ifndef LEDGER_SQLITE_PRIVATE_H
#define LEDGER_SQLITE_PRIVATE_H

#include <pthread.h>
#include <sqlite3.h>

#include "ledger/store.h"

/** Every statement there is; the words are in sqlite_connection.c. */
enum sql {
    SQL_BEGIN,
    SQL_BEGIN_IMMEDIATE,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SIZE,
    SQL_ENTRY,
    SQL_FIND,
    SQL_ENTRY_HASH,
    SQL_PLACE_HASH,
    SQL_NODE,
    SQL_CLAUSE,
    SQL_CLAUSE_AMONG,
    SQL_CLAUSE_IN_ROW,
    SQL_CLAUSE_HASH,
    SQL_CLAUSES,
    SQL_NODES,
    SQL_CHECKPOINT_FROM,
    SQL_COUNTS,
    SQL_MARK,
    SQL_PUT_ENTRY,
    SQL_PUT_NODE,
    SQL_FIND_CLAUSE,
    SQL_PUT_CLAUSE,
    SQL_PUT_PLACE,
    SQL_PUT_CHECKPOINT,
    SQL_PUT_MARK,
    SQL_STAGE_PUT,
    SQL_STAGE_PLACES,
    SQL_STAGE_CLAUSES,
    SQL_ALL
};

#define SQLITE_WAIT_MS 5000 /* another process (an office's other command) may be writing */

struct connection {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_ALL]; /* prepared when first wanted, then kept */
};

struct store_reader {
    struct connection connection;
    struct store_reader *next; /* in the pool */
    unsigned long commits;     /* of the store, when its view was taken */
    uint64_t view_ns;          /* when that was, by the monotonic clock; 0: it has none */
};

struct sqlite_store {
    struct store base;
    char *path;
    struct connection writer;
    struct connection stage; /* db is NULL while nothing is staged */
    pthread_mutex_t pool_lock;
    struct store_reader *pool; /* readers that nobody holds */
    size_t pool_count;
    unsigned long commits; /* atomic: begun and ended by this process, so that no view is used that may be older */
};

/** Opens a database file that is there. The connection is for one thread at a time. */
MUST_USE int connection_open(struct connection *out, const char *path, struct fault *fault);
void connection_close(struct connection *connection); /* one that was not opened is fine */
/** Runs statements that give no rows. */
MUST_USE int connection_run(struct connection *connection, const char *sql, struct fault *fault);
/** *statement is ready for binding; give it back with sqlite3_reset before it is asked for again. */
MUST_USE int connection_statement(struct connection *connection, enum sql sql, sqlite3_stmt **statement,
                                  struct fault *fault);
/** Runs a statement without parameters and rows. */
MUST_USE int connection_step(struct connection *connection, enum sql sql, struct fault *fault);
/** Ours for SQLite's result code, with the words of what was being done: "entry 12". */
int connection_failed(struct connection *connection, int code, struct fault *fault, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** Binds a number below 2^63, a byte string, a hash. SQLite does not copy bytes: they outlive the step. */
int bind_number(sqlite3_stmt *statement, int at, uint64_t number);
int bind_bytes(sqlite3_stmt *statement, int at, struct bytes bytes);

/** A column of the present row; false where it is not a number from 0 on, or not 32 bytes. */
bool column_number(sqlite3_stmt *statement, int at, uint64_t *out);
bool column_hash(sqlite3_stmt *statement, int at, struct hash *out);
struct bytes column_bytes(sqlite3_stmt *statement, int at); /* a view, until the next step */

/** The version of a file that says it is a ledger's. DEPOSITARY_E_FORMAT for any other, or one that is newer than this program. */
MUST_USE int sqlite_version(struct connection *connection, const char *path, int *out, struct fault *fault);
/** Takes tables from one version to a later one. */
MUST_USE int sqlite_make_schema(struct connection *connection, int from, int to, struct fault *fault);

/* sqlite_read.c */
int sqlite_read_begin(struct store *store, struct store_reader **out, struct fault *fault);
void sqlite_read_end(struct store *store, struct store_reader *reader);
void sqlite_read_close(struct sqlite_store *store); /* ends the pool */
/** Around a commit: views of before are not used again. Those that nobody reads end now, so that the log can begin anew. */
void sqlite_read_renew(struct sqlite_store *store);
int sqlite_size(struct store_reader *reader, uint64_t *out_entries, struct fault *fault);
int sqlite_entry(struct store_reader *reader, uint64_t index, struct buffer *record, struct hash *leaf_hash,
                 struct fault *fault);
int sqlite_find(struct store_reader *reader, const struct hash *leaf_hash, uint64_t *out_index, struct fault *fault);
int sqlite_node(struct store_reader *reader, store_tree tree, unsigned level, uint64_t index, struct hash *out,
                struct fault *fault);
int sqlite_clause(struct store_reader *reader, uint64_t edition_index, uint64_t place, struct buffer *record,
                  struct fault *fault);
int sqlite_clause_among(struct store_reader *reader, uint64_t edition_index, uint64_t place, uint64_t from,
                        size_t count, struct buffer *record, struct hash *leaf_hashes, uint64_t *out_row,
                        struct fault *fault);
int sqlite_clause_in_row(struct store_reader *reader, uint64_t row, size_t at, size_t count, struct buffer *record,
                         struct hash *leaf_hashes);
int sqlite_clause_hash(struct store_reader *reader, uint64_t edition_index, uint64_t place, struct hash *hash,
                       uint64_t *record_len, struct fault *fault);
int sqlite_clauses(struct store_reader *reader, uint64_t edition_index, uint64_t from, uint64_t count,
                   store_clause_sink *sink, void *context, struct fault *fault);
int sqlite_nodes(struct store_reader *reader, store_tree tree, unsigned level, uint64_t from, uint64_t count,
                 store_node_sink *sink, void *context, struct fault *fault);
int sqlite_checkpoint_from(struct store_reader *reader, uint64_t size, struct buffer *note, uint64_t *out_size,
                           struct fault *fault);
int sqlite_counts(struct store_reader *reader, struct store_counts *out, struct fault *fault);
int sqlite_mark(struct store_reader *reader, struct store_mark *out, struct fault *fault);

/* sqlite_write.c */
int sqlite_begin(struct store *store, uint64_t *out_entries, struct fault *fault);
int sqlite_put_entry(struct store *store, uint64_t index, struct bytes record, const struct hash *leaf_hash,
                     struct fault *fault);
int sqlite_put_node(struct store *store, store_tree tree, unsigned level, uint64_t index, const struct hash *hash,
                    struct fault *fault);
int sqlite_put_clause(struct store *store, uint64_t edition_index, uint64_t place, struct bytes record,
                      const struct hash *leaf_hash, struct fault *fault);
int sqlite_put_checkpoint(struct store *store, uint64_t size, struct bytes note, struct fault *fault);
int sqlite_put_mark(struct store *store, const struct store_mark *mark, struct fault *fault);
int sqlite_commit(struct store *store, struct fault *fault);
void sqlite_rollback(struct store *store);

/* sqlite_stage.c */
int sqlite_stage_begin(struct store *store, struct fault *fault);
int sqlite_stage_put(struct store *store, uint64_t edition_index, uint64_t place, struct bytes record, bool *is_new,
                     struct fault *fault);
int sqlite_stage_commit(struct store *store, struct fault *fault);
void sqlite_stage_rollback(struct store *store);
int sqlite_stage_places(struct store *store, uint64_t edition_index, store_place_sink *sink, void *context,
                        struct fault *fault);
int sqlite_stage_clauses(struct store *store, uint64_t edition_index, store_clause_sink *sink, void *context,
                         struct fault *fault);
void sqlite_stage_clear(struct store *store);

#endif
