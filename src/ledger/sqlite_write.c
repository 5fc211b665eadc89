/* Writing to the SQLite store: one connection, one transaction. */
#include <inttypes.h>

#include "ledger/sqlite_private.h"

static struct connection *writer_of(struct store *store) {
    return &((struct sqlite_store *)store)->writer;
}

/* Undoes what was begun and neither committed nor rolled back. */
static int leave_transaction(struct connection *writer, struct fault *fault) {
    return sqlite3_get_autocommit(writer->db) ? DEPOSITARY_OK : connection_step(writer, SQL_ROLLBACK, fault);
}

int sqlite_begin(struct store *store, uint64_t *out_entries, struct fault *fault) {
    struct connection *writer = writer_of(store);
    sqlite3_stmt *statement;
    int error = leave_transaction(writer, fault);
    if (error == 0)
        error = connection_step(writer, SQL_BEGIN_IMMEDIATE, fault);
    if (error == 0)
        error = connection_statement(writer, SQL_SIZE, &statement, fault);
    if (error)
        return error;
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        error = connection_failed(writer, code, fault, "number of entries");
    else if (!column_number(statement, 0, out_entries))
        error = fault_set(fault, DEPOSITARY_E_DAMAGED, "number of entries: the row is malformed");
    sqlite3_reset(statement);
    if (error)
        sqlite_rollback(store);
    return error;
}

/* Runs an insert whose values are bound (code says whether that went well) and lets go of them. */
static int put(struct connection *writer, sqlite3_stmt *statement, int code, struct fault *fault, const char *what,
               uint64_t number) {
    int error = DEPOSITARY_OK;
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_DONE)
        error = connection_failed(writer, code, fault, "%s %" PRIu64, what, number);
    sqlite3_reset(statement);
    return error;
}

int sqlite_put_entry(struct store *store, uint64_t index, struct bytes record, const struct hash *leaf_hash,
                     struct fault *fault) {
    struct connection *writer = writer_of(store);
    sqlite3_stmt *statement;
    int error = connection_statement(writer, SQL_PUT_ENTRY, &statement, fault);
    if (error)
        return error;
    int code = bind_number(statement, 1, index);
    if (code == SQLITE_OK)
        code = bind_bytes(statement, 2, hash_bytes(leaf_hash));
    if (code == SQLITE_OK)
        code = bind_bytes(statement, 3, record);
    return put(writer, statement, code, fault, "entry", index);
}

int sqlite_put_node(struct store *store, store_tree tree, unsigned level, uint64_t index, const struct hash *hash,
                    struct fault *fault) {
    struct connection *writer = writer_of(store);
    sqlite3_stmt *statement;
    int error = connection_statement(writer, SQL_PUT_NODE, &statement, fault);
    if (error)
        return error;
    int code = bind_number(statement, 1, tree);
    if (code == SQLITE_OK)
        code = bind_number(statement, 2, level);
    if (code == SQLITE_OK)
        code = bind_number(statement, 3, index);
    if (code == SQLITE_OK)
        code = bind_bytes(statement, 4, hash_bytes(hash));
    return put(writer, statement, code, fault, "a node of tree", tree);
}

/* The id of a clause record that is held: 0 where it is not. The bytes are compared, so that a damaged one is not used again. */
static int held_clause(struct connection *writer, struct bytes record, const struct hash *leaf_hash, uint64_t *id,
                       struct fault *fault) {
    sqlite3_stmt *statement;
    int error = connection_statement(writer, SQL_FIND_CLAUSE, &statement, fault);
    if (error)
        return error;
    *id = 0;
    int code = bind_bytes(statement, 1, hash_bytes(leaf_hash));
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        if (!column_number(statement, 0, id) || !bytes_equal(column_bytes(statement, 1), record))
            error =
                fault_set(fault, DEPOSITARY_E_DAMAGED, "clause record %" PRIu64 " is not what its leaf hash says", *id);
    } else if (code != SQLITE_DONE) {
        error = connection_failed(writer, code, fault, "a clause record by its leaf hash");
    }
    sqlite3_reset(statement);
    return error;
}

static int new_clause(struct connection *writer, struct bytes record, const struct hash *leaf_hash, uint64_t *id,
                      struct fault *fault) {
    sqlite3_stmt *statement;
    int error = connection_statement(writer, SQL_PUT_CLAUSE, &statement, fault);
    if (error)
        return error;
    int code = bind_bytes(statement, 1, hash_bytes(leaf_hash));
    if (code == SQLITE_OK)
        code = bind_bytes(statement, 2, record);
    error = put(writer, statement, code, fault, "clause record of length", record.len);
    if (error == 0)
        *id = (uint64_t)sqlite3_last_insert_rowid(writer->db);
    return error;
}

int sqlite_put_clause(struct store *store, uint64_t edition_index, uint64_t place, struct bytes record,
                      const struct hash *leaf_hash, struct fault *fault) {
    struct connection *writer = writer_of(store);
    uint64_t id;
    int error = held_clause(writer, record, leaf_hash, &id, fault);
    if (error == 0 && id == 0)
        error = new_clause(writer, record, leaf_hash, &id, fault);
    sqlite3_stmt *statement;
    if (error == 0)
        error = connection_statement(writer, SQL_PUT_PLACE, &statement, fault);
    if (error)
        return error;
    int code = bind_number(statement, 1, edition_index);
    if (code == SQLITE_OK)
        code = bind_number(statement, 2, place);
    if (code == SQLITE_OK)
        code = bind_number(statement, 3, id);
    return put(writer, statement, code, fault, "clause at place", place);
}

int sqlite_put_checkpoint(struct store *store, uint64_t size, struct bytes note, struct fault *fault) {
    struct connection *writer = writer_of(store);
    sqlite3_stmt *statement;
    int error = connection_statement(writer, SQL_PUT_CHECKPOINT, &statement, fault);
    if (error)
        return error;
    int code = bind_number(statement, 1, size);
    if (code == SQLITE_OK)
        code = bind_bytes(statement, 2, note);
    return put(writer, statement, code, fault, "checkpoint of size", size);
}

int sqlite_put_mark(struct store *store, const struct store_mark *mark, struct fault *fault) {
    struct connection *writer = writer_of(store);
    sqlite3_stmt *statement;
    int error = connection_statement(writer, SQL_PUT_MARK, &statement, fault);
    if (error)
        return error;
    int code = bind_number(statement, 1, mark->rules);
    if (code == SQLITE_OK)
        code = bind_number(statement, 2, mark->size);
    if (code == SQLITE_OK)
        code = bind_bytes(statement, 3, hash_bytes(&mark->root));
    return put(writer, statement, code, fault, "mark of what was checked, of size", mark->size);
}

int sqlite_commit(struct store *store, struct fault *fault) {
    struct connection *writer = writer_of(store);
    sqlite_read_renew((struct sqlite_store *)store);
    int error = connection_step(writer, SQL_COMMIT, fault);
    sqlite_read_renew((struct sqlite_store *)store);
    /* A large deposit leaves a large cache behind. */
    sqlite3_db_release_memory(writer->db);
    return error;
}

void sqlite_rollback(struct store *store) {
    /* Where even this fails, for want of memory, the next begin tries again: nothing of it was committed. */
    int error = leave_transaction(writer_of(store), NULL);
    (void)error;
}
