/* Reading from the SQLite store: a pool of connections, each a reader's for as long as it holds it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "ledger/sqlite_private.h"

#define POOL_MAX 16 /* connections kept when nobody reads */

/*
 * Taking a view and giving it back costs as much as reading several rows, so a connection keeps its view for the next reader for a moment: until this
 * process commits, and never for longer than this, since another process may have written.
 */
#define VIEW_NS NS_PER_MS

static struct sqlite_store *sqlite_of(struct store *store) {
    return (struct sqlite_store *)store;
}

static void reader_free(struct store_reader *reader) {
    connection_close(&reader->connection);
    free(reader);
}

static int reader_new(struct store_reader **out, const char *path, struct fault *fault) {
    struct store_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return DEPOSITARY_E_MEMORY;
    int error = connection_open(&reader->connection, path, fault);
    if (error == 0)
        error = connection_run(&reader->connection, "PRAGMA query_only = ON; PRAGMA cache_size = -8192;", fault);
    if (error) {
        reader_free(reader);
        return error;
    }
    *out = reader;
    return DEPOSITARY_OK;
}

static struct store_reader *pool_take(struct sqlite_store *sqlite) {
    pthread_mutex_lock(&sqlite->pool_lock);
    struct store_reader *reader = sqlite->pool;
    if (reader != NULL) {
        sqlite->pool = reader->next;
        sqlite->pool_count--;
    }
    pthread_mutex_unlock(&sqlite->pool_lock);
    return reader;
}

static bool pool_give(struct sqlite_store *sqlite, struct store_reader *reader) {
    pthread_mutex_lock(&sqlite->pool_lock);
    bool is_kept = sqlite->pool_count < POOL_MAX;
    if (is_kept) {
        reader->next = sqlite->pool;
        sqlite->pool = reader;
        sqlite->pool_count++;
    }
    pthread_mutex_unlock(&sqlite->pool_lock);
    return is_kept;
}

static unsigned long commits_of(struct sqlite_store *sqlite) {
    return __atomic_load_n(&sqlite->commits, __ATOMIC_ACQUIRE);
}

static bool has_fresh_view(struct sqlite_store *sqlite, const struct store_reader *reader) {
    return reader->view_ns != 0 && reader->commits == commits_of(sqlite) &&
           !sqlite3_get_autocommit(reader->connection.db) && /* some errors end a view */
           clock_monotonic_ns() - reader->view_ns < VIEW_NS;
}

static int give_view_back(struct store_reader *reader, struct fault *fault) {
    if (reader->view_ns == 0)
        return DEPOSITARY_OK;
    reader->view_ns = 0;
    return connection_step(&reader->connection, SQL_COMMIT, fault);
}

/* SQLite takes it with the first read. The commits are counted before that, so that a commit in between makes it look old, not new. */
static int take_view(struct sqlite_store *sqlite, struct store_reader *reader, struct fault *fault) {
    int error = give_view_back(reader, fault);
    reader->commits = commits_of(sqlite);
    if (error == 0)
        error = connection_step(&reader->connection, SQL_BEGIN, fault);
    if (error == 0)
        reader->view_ns = clock_monotonic_ns();
    return error;
}

void sqlite_read_renew(struct sqlite_store *store) {
    struct store_reader *idle, *next;
    __atomic_add_fetch(&store->commits, 1, __ATOMIC_ACQ_REL);
    pthread_mutex_lock(&store->pool_lock);
    idle = store->pool;
    store->pool = NULL;
    store->pool_count = 0;
    pthread_mutex_unlock(&store->pool_lock);
    for (; idle != NULL; idle = next) {
        next = idle->next;
        int error = give_view_back(idle, NULL);
        if (error || !pool_give(store, idle))
            reader_free(idle);
    }
}

int sqlite_read_begin(struct store *store, struct store_reader **out, struct fault *fault) {
    struct sqlite_store *sqlite = sqlite_of(store);
    struct store_reader *reader = pool_take(sqlite);
    int error = reader == NULL ? reader_new(&reader, sqlite->path, fault) : DEPOSITARY_OK;
    if (error)
        return error;
    error = has_fresh_view(sqlite, reader) ? DEPOSITARY_OK : take_view(sqlite, reader, fault);
    if (error) {
        reader_free(reader);
        return error;
    }
    *out = reader;
    return DEPOSITARY_OK;
}

void sqlite_read_end(struct store *store, struct store_reader *reader) {
    if (reader == NULL)
        return;
    /* A connection that cannot even end its transaction is not used again. */
    int error = has_fresh_view(sqlite_of(store), reader) ? DEPOSITARY_OK : give_view_back(reader, NULL);
    if (error || !pool_give(sqlite_of(store), reader))
        reader_free(reader);
}

void sqlite_read_close(struct sqlite_store *store) {
    struct store_reader *reader;
    while ((reader = pool_take(store)) != NULL)
        reader_free(reader);
}

/* After a step that should have given a row. */
static int no_row(struct connection *connection, int code, struct fault *fault, const char *what, uint64_t number) {
    if (code == SQLITE_DONE)
        return fault_set(fault, DEPOSITARY_E_MISSING, "%s %" PRIu64 " is not there", what, number);
    return connection_failed(connection, code, fault, "%s %" PRIu64, what, number);
}

static int bad_row(struct fault *fault, const char *what, uint64_t number) {
    return fault_set(fault, DEPOSITARY_E_DAMAGED, "%s %" PRIu64 ": the row is malformed", what, number);
}

/* Appends a column to a buffer that may have failed before. */
static int append_column(struct buffer *out, sqlite3_stmt *statement, int at) {
    buffer_append(out, column_bytes(statement, at));
    return out->error;
}

/* A file that was moved or deleted is still read from, but what is appended to it is lost when the process ends. */
static int check_place(struct connection *connection, struct fault *fault) {
    int has_moved = 0;
    int code = sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    return code == SQLITE_OK && has_moved
               ? fault_set(fault, DEPOSITARY_E_IO, "the ledger's file was moved away or deleted while it was open")
               : 0;
}

int sqlite_size(struct store_reader *reader, uint64_t *out_entries, struct fault *fault) {
    sqlite3_stmt *statement;
    int error = check_place(&reader->connection, fault);
    if (!error)
        error = connection_statement(&reader->connection, SQL_SIZE, &statement, fault);
    if (error)
        return error;
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        error = connection_failed(&reader->connection, code, fault, "number of entries");
    else if (!column_number(statement, 0, out_entries))
        error = fault_set(fault, DEPOSITARY_E_DAMAGED, "number of entries: the row is malformed");
    sqlite3_reset(statement);
    return error;
}

int sqlite_entry(struct store_reader *reader, uint64_t index, struct buffer *record, struct hash *leaf_hash,
                 struct fault *fault) {
    sqlite3_stmt *statement;
    int error = connection_statement(&reader->connection, SQL_ENTRY, &statement, fault);
    if (error)
        return error;
    int code = bind_number(statement, 1, index);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        error = no_row(&reader->connection, code, fault, "entry", index);
    else if (!column_hash(statement, 0, leaf_hash))
        error = bad_row(fault, "entry", index);
    else
        error = append_column(record, statement, 1);
    sqlite3_reset(statement);
    return error;
}

int sqlite_find(struct store_reader *reader, const struct hash *leaf_hash, uint64_t *out_index, struct fault *fault) {
    sqlite3_stmt *statement;
    int error = connection_statement(&reader->connection, SQL_FIND, &statement, fault);
    if (error)
        return error;
    int code = bind_bytes(statement, 1, hash_bytes(leaf_hash));
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        error = connection_failed(&reader->connection, code, fault, "an entry by its leaf hash");
    else if (!column_number(statement, 0, out_index))
        error = fault_set(fault, DEPOSITARY_E_MISSING, "no entry has this leaf hash");
    sqlite3_reset(statement);
    return error;
}

/* Words for a node's place. */
static int node_failed(struct store_reader *reader, int code, struct fault *fault, store_tree tree, unsigned level,
                       uint64_t index) {
    char of[64] = "the ledger";
    if (tree != 0)
        snprintf(of, sizeof of, "the edition at entry %" PRIu64, tree - 1);
    if (code == SQLITE_ROW)
        return fault_set(fault, DEPOSITARY_E_DAMAGED, "node %u/%" PRIu64 " of %s: the row is malformed", level, index,
                         of);
    if (code == SQLITE_DONE)
        return fault_set(fault, DEPOSITARY_E_MISSING, "node %u/%" PRIu64 " of %s is not there", level, index, of);
    return connection_failed(&reader->connection, code, fault, "node %u/%" PRIu64 " of %s", level, index, of);
}

int sqlite_node(struct store_reader *reader, store_tree tree, unsigned level, uint64_t index, struct hash *out,
                struct fault *fault) {
    sqlite3_stmt *statement;
    enum sql sql = level > 0 ? SQL_NODE : tree > 0 ? SQL_PLACE_HASH : SQL_ENTRY_HASH;
    int error = connection_statement(&reader->connection, sql, &statement, fault);
    if (error)
        return error;
    int code;
    if (sql == SQL_ENTRY_HASH) {
        code = bind_number(statement, 1, index);
    } else if (sql == SQL_PLACE_HASH) {
        code = bind_number(statement, 1, tree - 1);
        if (code == SQLITE_OK)
            code = bind_number(statement, 2, index);
    } else {
        code = bind_number(statement, 1, tree);
        if (code == SQLITE_OK)
            code = bind_number(statement, 2, level);
        if (code == SQLITE_OK)
            code = bind_number(statement, 3, index);
    }
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_ROW || !column_hash(statement, 0, out))
        error = node_failed(reader, code, fault, tree, level, index);
    sqlite3_reset(statement);
    return error;
}

/* A statement over one place of an edition, stepped to its row. Reset *statement in every case where it is set. */
static int place_row(struct store_reader *reader, enum sql sql, uint64_t edition_index, uint64_t place,
                     sqlite3_stmt **statement, struct fault *fault) {
    int error = connection_statement(&reader->connection, sql, statement, fault);
    if (error) {
        *statement = NULL;
        return error;
    }
    int code = bind_number(*statement, 1, edition_index);
    if (code == SQLITE_OK)
        code = bind_number(*statement, 2, place);
    if (code == SQLITE_OK)
        code = sqlite3_step(*statement);
    if (code == SQLITE_ROW)
        return DEPOSITARY_OK;
    if (code == SQLITE_DONE)
        return fault_set(fault, DEPOSITARY_E_MISSING,
                         "clause at place %" PRIu64 " of the edition at entry %" PRIu64 " is not there", place,
                         edition_index);
    return connection_failed(&reader->connection, code, fault,
                             "clause at place %" PRIu64 " of the edition at entry %" PRIu64, place, edition_index);
}

int sqlite_clause(struct store_reader *reader, uint64_t edition_index, uint64_t place, struct buffer *record,
                  struct fault *fault) {
    sqlite3_stmt *statement;
    int error = place_row(reader, SQL_CLAUSE, edition_index, place, &statement, fault);
    if (error == 0)
        error = append_column(record, statement, 0);
    sqlite3_reset(statement);
    return error;
}

/*
 * Rows of number, leaf hash, record or nothing, and row's name: one for each of the `count` numbers from `from` on; the record is that of `wanted`. *out_row is
 * the first's name, if the others follow it.
 */
static int read_rows(struct store_reader *reader, sqlite3_stmt *statement, uint64_t wanted, uint64_t from, size_t count,
                     struct buffer *record, struct hash *leaf_hashes, uint64_t *out_row, struct fault *fault) {
    uint64_t first = 0;
    bool is_run = true;
    for (size_t i = 0; i < count; i++) {
        uint64_t found, row;
        int code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
            return no_row(&reader->connection, code, fault, "a clause at place", from + i);
        if (!column_number(statement, 0, &found) || found != from + i || !column_number(statement, 3, &row) ||
            !column_hash(statement, 1, &leaf_hashes[i]))
            return bad_row(fault, "the clause at place", from + i);
        int error = found == wanted ? append_column(record, statement, 2) : DEPOSITARY_OK;
        if (error)
            return error;
        first = i == 0 ? row : first;
        is_run = is_run && row == first + i;
    }
    *out_row = is_run ? first : 0;
    return DEPOSITARY_OK;
}

int sqlite_clause_among(struct store_reader *reader, uint64_t edition_index, uint64_t place, uint64_t from,
                        size_t count, struct buffer *record, struct hash *leaf_hashes, uint64_t *out_row,
                        struct fault *fault) {
    sqlite3_stmt *statement;
    int error = connection_statement(&reader->connection, SQL_CLAUSE_AMONG, &statement, fault);
    if (error)
        return error;
    int code = bind_number(statement, 1, edition_index);
    if (code == SQLITE_OK)
        code = bind_number(statement, 2, from);
    if (code == SQLITE_OK)
        code = bind_number(statement, 3, from + count);
    if (code == SQLITE_OK)
        code = bind_number(statement, 4, place);
    error = code == SQLITE_OK
                ? read_rows(reader, statement, place, from, count, record, leaf_hashes, out_row, fault)
                : connection_failed(&reader->connection, code, fault, "a clause at place %" PRIu64, place);
    sqlite3_reset(statement);
    return error;
}

int sqlite_clause_in_row(struct store_reader *reader, uint64_t row, size_t at, size_t count, struct buffer *record,
                         struct hash *leaf_hashes) {
    uint64_t same;
    sqlite3_stmt *statement;
    if (row > INT64_MAX - count)
        return DEPOSITARY_E_MISSING;
    int error = connection_statement(&reader->connection, SQL_CLAUSE_IN_ROW, &statement, NULL);
    if (error)
        return error;
    int code = bind_number(statement, 1, row);
    if (code == SQLITE_OK)
        code = bind_number(statement, 2, row + count);
    if (code == SQLITE_OK)
        code = bind_number(statement, 3, row + at);
    error = code == SQLITE_OK ? read_rows(reader, statement, row + at, row, count, record, leaf_hashes, &same, NULL)
                              : connection_failed(&reader->connection, code, NULL, "row %" PRIu64, row);
    sqlite3_reset(statement);
    return error;
}

int sqlite_clause_hash(struct store_reader *reader, uint64_t edition_index, uint64_t place, struct hash *hash,
                       uint64_t *record_len, struct fault *fault) {
    sqlite3_stmt *statement;
    int error = place_row(reader, SQL_CLAUSE_HASH, edition_index, place, &statement, fault);
    if (error == 0 && (!column_hash(statement, 0, hash) || !column_number(statement, 1, record_len)))
        error = fault_set(fault, DEPOSITARY_E_DAMAGED,
                          "clause at place %" PRIu64 " of the edition at entry %" PRIu64 ": the row is malformed",
                          place, edition_index);
    sqlite3_reset(statement);
    return error;
}

int sqlite_clauses(struct store_reader *reader, uint64_t edition_index, uint64_t from, uint64_t count,
                   store_clause_sink *sink, void *context, struct fault *fault) {
    sqlite3_stmt *statement;
    int error = connection_statement(&reader->connection, SQL_CLAUSES, &statement, fault);
    if (error)
        return error;
    int code = bind_number(statement, 1, edition_index);
    if (code == SQLITE_OK)
        code = bind_number(statement, 2, from);
    if (code == SQLITE_OK)
        code = bind_number(statement, 3, count);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    while (error == 0 && code == SQLITE_ROW) {
        uint64_t place;
        struct hash leaf_hash;
        if (!column_number(statement, 0, &place) || !column_hash(statement, 1, &leaf_hash))
            error = fault_set(fault, DEPOSITARY_E_DAMAGED,
                              "clauses of the edition at entry %" PRIu64 ": a row is malformed", edition_index);
        else
            error = sink(context, place, column_bytes(statement, 2), &leaf_hash);
        if (error == 0)
            code = sqlite3_step(statement);
    }
    if (error == 0 && code != SQLITE_DONE)
        error = connection_failed(&reader->connection, code, fault, "clauses of the edition at entry %" PRIu64,
                                  edition_index);
    sqlite3_reset(statement);
    return error;
}

int sqlite_nodes(struct store_reader *reader, store_tree tree, unsigned level, uint64_t from, uint64_t count,
                 store_node_sink *sink, void *context, struct fault *fault) {
    sqlite3_stmt *statement;
    const uint64_t values[] = {tree, level, from, count};
    int error = connection_statement(&reader->connection, SQL_NODES, &statement, fault);
    if (error)
        return error;
    int code = SQLITE_OK;
    for (int i = 0; code == SQLITE_OK && i < 4; i++)
        code = bind_number(statement, i + 1, values[i]);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    while (error == 0 && code == SQLITE_ROW) {
        uint64_t index;
        struct hash hash;
        if (!column_number(statement, 0, &index) || !column_hash(statement, 1, &hash))
            error = fault_set(fault, DEPOSITARY_E_DAMAGED, "nodes of tree %" PRIu64 ": a row is malformed", tree);
        else
            error = sink(context, index, &hash);
        if (error == 0)
            code = sqlite3_step(statement);
    }
    if (error == 0 && code != SQLITE_DONE)
        error = connection_failed(&reader->connection, code, fault, "nodes of tree %" PRIu64, tree);
    sqlite3_reset(statement);
    return error;
}

int sqlite_mark(struct store_reader *reader, struct store_mark *out, struct fault *fault) {
    sqlite3_stmt *statement;
    struct store_mark mark;
    int error = connection_statement(&reader->connection, SQL_MARK, &statement, fault);
    if (error)
        return error;
    int code = sqlite3_step(statement);
    if (code == SQLITE_DONE)
        error = DEPOSITARY_E_MISSING;
    else if (code != SQLITE_ROW)
        error = connection_failed(&reader->connection, code, fault, "the mark of what was checked");
    else if (!column_number(statement, 0, &mark.rules) || !column_number(statement, 1, &mark.size) ||
             !column_hash(statement, 2, &mark.root))
        error = DEPOSITARY_E_MISSING; /* one that cannot be read says nothing */
    sqlite3_reset(statement);
    if (error == 0)
        *out = mark;
    return error;
}

int sqlite_checkpoint_from(struct store_reader *reader, uint64_t size, struct buffer *note, uint64_t *out_size,
                           struct fault *fault) {
    sqlite3_stmt *statement;
    int error = connection_statement(&reader->connection, SQL_CHECKPOINT_FROM, &statement, fault);
    if (error)
        return error;
    uint64_t found = 0;
    int code = bind_number(statement, 1, size);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        error = no_row(&reader->connection, code, fault, "checkpoint of size", size);
    else if (!column_number(statement, 0, &found))
        error = bad_row(fault, "checkpoint of size", size);
    else
        error = append_column(note, statement, 1);
    sqlite3_reset(statement);
    if (error == 0)
        *out_size = found;
    return error;
}

int sqlite_counts(struct store_reader *reader, struct store_counts *out, struct fault *fault) {
    sqlite3_stmt *statement;
    int error = connection_statement(&reader->connection, SQL_COUNTS, &statement, fault);
    if (error)
        return error;
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        error = connection_failed(&reader->connection, code, fault, "number of rows");
    else if (!column_number(statement, 0, &out->entries) || !column_number(statement, 1, &out->nodes) ||
             !column_number(statement, 2, &out->places) || !column_number(statement, 3, &out->checkpoints))
        error = fault_set(fault, DEPOSITARY_E_DAMAGED, "number of rows: the row is malformed");
    sqlite3_reset(statement);
    return error;
}
