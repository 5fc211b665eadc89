/* Filling the catalog: what the ledger has beyond what was read, in batches, each a transaction that notes how far it
 * came. */
#include <string.h>

#include "catalog/catalog_internal.h"

#define BATCH_CLAUSES 2000u
#define BATCH_BYTES   (4u * 1024 * 1024)
#define BATCH_ENTRIES 1000u
#define TIDY_CLAUSES  20000u /* added: fewer are not worth the work */
#define LABEL_MAX     1024u  /* bytes of a printed number or heading that are kept for outlines */

/* One run of catalog_update. */
struct update {
    struct catalog *catalog;
    struct catalog_db *connection; /* within a batch */
    const struct ledger_state *state;
    struct catalog_progress progress;
    struct buffer record;
    unsigned entries; /* in this batch */
    unsigned clauses;
    size_t bytes;
    struct fault *fault;
};

static bool batch_is_full(const struct update *update) {
    return update->clauses >= BATCH_CLAUSES || update->bytes >= BATCH_BYTES || update->entries >= BATCH_ENTRIES;
}

static int batch_begin(struct update *update) {
    struct catalog *catalog = update->catalog;
    update->entries = update->clauses = 0;
    update->bytes = 0;
    update->connection = catalog->writer;
    int error = catalog->writer ? 0 : catalog_pool_take(&catalog->pool, &update->connection, update->fault);
    if (!error && !sqlite3_get_autocommit(update->connection->db)) /* what undo could not */
        error = catalog_db_do(update->connection, STATEMENT_ROLLBACK, update->fault);
    if (!error && standing_is_lost(&catalog->standing))
        error = standing_load(&catalog->standing, update->connection, update->fault);
    if (!error)
        error = catalog_db_do(update->connection, STATEMENT_BEGIN_WRITE, update->fault);
    if (!error)
        error = catalog_progress_read(update->connection, &update->progress, update->fault);
    return error;
}

/* What was told beforehand is taken back; where that fails searches fail until the next batch, which tries again. */
static void undo(struct update *update) {
    struct catalog_db *connection = update->connection;
    int error = sqlite3_get_autocommit(connection->db) ? 0 : catalog_db_do(connection, STATEMENT_ROLLBACK, NULL);
    if (error || standing_load(&update->catalog->standing, connection, NULL))
        standing_lose(&update->catalog->standing);
}

static int batch_end(struct update *update, int error) {
    struct catalog *catalog = update->catalog;
    if (!error && ledger_root_at(catalog->ledger, update->progress.size, &update->progress.root))
        error = fault_set(update->fault, DEPOSITARY_E_IO, "catalog: the ledger's root cannot be read");
    if (!error)
        error = catalog_progress_write(update->connection, &update->progress, update->fault);
    if (!error)
        error = catalog_db_do(update->connection, STATEMENT_COMMIT, update->fault);
    if (error && update->connection)
        undo(update);
    if (error && update->connection && update->connection->is_rotten)
        catalog_condemn(catalog);
    if (!error)
        __atomic_store_n(&catalog->size, update->progress.size, __ATOMIC_RELEASE);
    if (!catalog->writer)
        catalog_pool_give(&catalog->pool, update->connection);
    update->connection = NULL;
    return error;
}

static int add_edition(struct update *update, const struct edition_record *edition) {
    if (standing_add_edition(&update->catalog->standing, update->progress.size, edition))
        return fault_set(update->fault, DEPOSITARY_E_MEMORY, "catalog: no memory for an edition");
    sqlite3_stmt *statement = catalog_db_statement(update->connection, STATEMENT_EDITION_ADD, update->fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    catalog_bind_number(statement, 1, update->progress.size);
    catalog_bind_number(statement, 2, edition->edition);
    catalog_bind_text(statement, 3, edition->instrument);
    catalog_bind_text(statement, 4, edition->language);
    catalog_bind_number(statement, 5, (uint64_t)edition->act);
    catalog_bind_number(statement, 6, (uint64_t)edition->authenticity);
    catalog_bind_number(statement, 7, edition->clauses);
    sqlite3_bind_int64(statement, 8, edition->deposited_at);
    int error = catalog_statement_run(update->connection, statement, update->fault);
    if (error || edition->edition <= 1)
        return error;
    statement = catalog_db_statement(update->connection, STATEMENT_EDITION_SUPERSEDE, update->fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    catalog_bind_number(statement, 1, update->progress.size);
    sqlite3_bind_int64(statement, 2, edition->deposited_at);
    catalog_bind_text(statement, 3, edition->instrument);
    catalog_bind_text(statement, 4, edition->language);
    catalog_bind_number(statement, 5, edition->edition - 1);
    return catalog_statement_run(update->connection, statement, update->fault);
}

/* A number or heading for an outline: cut between code points, so that a wrong guess cannot make outlines large. */
static struct bytes label(struct bytes text, struct span span) {
    struct bytes in = bytes_slice(text, span.offset, span.length);
    if (in.len > LABEL_MAX) {
        in.len = LABEL_MAX;
        while (in.len > 0 && (in.data[in.len] & 0xC0) == 0x80)
            in.len--;
    }
    return in;
}

static int add_text(struct update *update, const struct clause_record *clause, const struct hash *leaf_hash,
                    const struct structure *structure, uint64_t *id) {
    sqlite3_stmt *statement = catalog_db_statement(update->connection, STATEMENT_TEXT_ADD, update->fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    sqlite3_bind_blob(statement, 1, leaf_hash->bytes, HASH_LEN, SQLITE_STATIC);
    catalog_bind_number(statement, 2, (uint64_t)clause_kind_of(clause->eid));
    catalog_bind_number(statement, 3, clause->text.len);
    catalog_bind_text(statement, 4, label(clause->text, structure->number));
    catalog_bind_text(statement, 5, label(clause->text, structure->heading));
    int error = catalog_statement_run(update->connection, statement, update->fault);
    if (error)
        return error;
    *id = (uint64_t)sqlite3_last_insert_rowid(update->connection->db);
    statement = catalog_db_statement(update->connection, STATEMENT_WORDS_ADD, update->fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    catalog_bind_number(statement, 1, *id);
    catalog_bind_text(statement, 2, clause->text);
    return catalog_statement_run(update->connection, statement, update->fault);
}

/* The row of this record, which an earlier edition may have brought already. */
static int text_of(struct update *update, const struct clause_record *clause, uint64_t *id) {
    struct hash leaf_hash;
    struct structure structure;
    bool row = false;
    merkle_leaf_hash(&leaf_hash, buffer_bytes(&update->record));
    sqlite3_stmt *statement = catalog_db_statement(update->connection, STATEMENT_TEXT_FIND, update->fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    sqlite3_bind_blob(statement, 1, leaf_hash.bytes, HASH_LEN, SQLITE_STATIC);
    int error = catalog_statement_step(update->connection, statement, &row, update->fault);
    if (row)
        *id = catalog_column_number(statement, 0);
    catalog_statement_done(statement);
    if (error || row)
        return error;
    error = structure_of(&structure, clause->eid, clause->text);
    if (error)
        return error;
    error = add_text(update, clause, &leaf_hash, &structure, id);
    structure_free(&structure);
    return error;
}

static int add_clause(struct update *update, const struct edition_record *edition) {
    struct clause_record clause;
    uint64_t id = 0;
    buffer_clear(&update->record);
    int error = ledger_clause(update->catalog->ledger, update->progress.size, edition->clauses, &edition->clauses_root,
                              update->progress.place, &update->record, NULL, update->fault);
    if (!error)
        error = clause_record_parse(&clause, buffer_bytes(&update->record), update->fault);
    if (!error)
        error = text_of(update, &clause, &id);
    if (error)
        return error;
    if (standing_add_place(&update->catalog->standing, update->progress.size, update->progress.place, id,
                           clause_kind_of(clause.eid)))
        return fault_set(update->fault, DEPOSITARY_E_MEMORY, "catalog: no memory for a clause");
    sqlite3_stmt *statement = catalog_db_statement(update->connection, STATEMENT_CLAUSE_ADD, update->fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    catalog_bind_number(statement, 1, update->progress.size);
    catalog_bind_number(statement, 2, update->progress.place);
    catalog_bind_number(statement, 3, id);
    catalog_bind_text(statement, 4, clause.eid);
    update->clauses++;
    __atomic_add_fetch(&update->catalog->added, 1, __ATOMIC_RELAXED);
    update->bytes += clause.text.len;
    update->progress.place++;
    return catalog_statement_run(update->connection, statement, update->fault);
}

/* Reads the next entry, or as much of its clauses as the batch takes. */
static int read_entry(struct update *update) {
    struct edition_record edition;
    struct buffer entry;
    buffer_init(&entry, LIMIT_ENTRY);
    int error =
        ledger_entry(update->catalog->ledger, update->state, update->progress.size, &entry, NULL, update->fault);
    if (!error && record_type(buffer_bytes(&entry)) == RECORD_EDITION) {
        error = edition_record_parse(&edition, buffer_bytes(&entry), update->fault);
        if (!error && update->progress.place == 0)
            error = add_edition(update, &edition);
        while (!error && update->progress.place < edition.clauses && !batch_is_full(update))
            error = add_clause(update, &edition);
        if (!error && update->progress.place < edition.clauses)
            goto done;
    }
    if (!error) {
        update->progress.size++;
        update->progress.place = 0;
        update->entries++;
    }
done:
    buffer_free(&entry);
    return error;
}

static int read_batch(struct update *update) {
    int error = batch_begin(update);
    while (!error && update->progress.size < update->state->size && !batch_is_full(update))
        error = read_entry(update);
    return batch_end(update, error);
}

/* ---- after much was added */

static int count_changes(struct catalog_db *connection, uint64_t *out, struct fault *fault) {
    bool row = false;
    sqlite3_stmt *statement = catalog_db_statement(connection, STATEMENT_CHANGES, fault);
    int error = statement ? catalog_statement_step(connection, statement, &row, fault) : DEPOSITARY_E_IO;
    *out = row ? catalog_column_number(statement, 0) : 0;
    catalog_statement_done(statement);
    return error;
}

static bool is_ended(const struct catalog *catalog) {
    return __atomic_load_n(&catalog->is_stopping, __ATOMIC_ACQUIRE) ||
           (catalog->is_unwanted && __atomic_load_n(catalog->is_unwanted, __ATOMIC_ACQUIRE));
}

/* One step: some pages, in a transaction. *is_done where nothing was left to do. */
static int merge_some(struct catalog *catalog, enum catalog_statement which, bool *is_done, struct fault *fault) {
    uint64_t before = 0, after = 0;
    pthread_mutex_lock(&catalog->update_lock);
    struct catalog_db *connection = catalog->writer;
    int error = connection ? 0 : catalog_pool_take(&catalog->pool, &connection, fault);
    if (!error)
        error = count_changes(connection, &before, fault);
    if (!error)
        error = catalog_db_do(connection, which, fault);
    if (!error)
        error = count_changes(connection, &after, fault);
    if (!catalog->writer)
        catalog_pool_give(&catalog->pool, connection);
    pthread_mutex_unlock(&catalog->update_lock);
    *is_done = error || after - before < 2; /* FTS5's own words for it */
    return error;
}

int catalog_tidy(struct catalog *catalog, struct fault *fault) {
    enum catalog_statement which = STATEMENT_WORDS_MERGE_BEGIN;
    bool is_done = __atomic_load_n(&catalog->added, __ATOMIC_ACQUIRE) < TIDY_CLAUSES;
    int error = 0;
    while (!is_done && !is_ended(catalog)) {
        error = merge_some(catalog, which, &is_done, fault);
        which = STATEMENT_WORDS_MERGE;
    }
    return error;
}

int catalog_update(struct catalog *catalog, struct fault *fault) {
    struct update update = {.catalog = catalog, .fault = fault};
    int error = 0;
    pthread_mutex_lock(&catalog->update_lock);
    update.state = ledger_state_take(catalog->ledger);
    buffer_init(&update.record, LIMIT_CLAUSE_RECORD);
    if (__atomic_load_n(&catalog->is_gone, __ATOMIC_ACQUIRE))
        error = fault_set(fault, DEPOSITARY_E_IO, "catalog: its file has rotted, and could not be made anew yet");
    while (!error && catalog_size(catalog) < update.state->size) {
        error = read_batch(&update);
        if (!error && catalog->is_unwanted && is_ended(catalog))
            error = fault_set(fault, DEPOSITARY_E_CANCELLED, "catalog: it is not made any further");
    }
    buffer_free(&update.record);
    ledger_state_release(update.state);
    pthread_mutex_unlock(&catalog->update_lock);
    return error;
}
