/*
 * The catalog as a file: opened, judged, made anew where it is another ledger's, another version's or damaged. How it
 * is filled stands in update.c, what is asked of it in lookup.c, search.c and candidates.c.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "catalog/catalog_internal.h"
#include "catalog/page_sums.h"

int catalog_progress_read(struct catalog_db *connection, struct catalog_progress *out, struct fault *fault) {
    bool row = false;
    sqlite3_stmt *statement = catalog_db_statement(connection, STATEMENT_PROGRESS, fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    int error = catalog_statement_step(connection, statement, &row, fault);
    struct bytes root = row ? catalog_column_bytes(statement, 2) : bytes_of(NULL, 0);
    if (!error && root.len != HASH_LEN)
        error = fault_set(fault, DEPOSITARY_E_DAMAGED, "catalog: no progress is noted");
    if (!error) {
        out->size = catalog_column_number(statement, 0);
        out->place = catalog_column_number(statement, 1);
        memcpy(out->root.bytes, root.data, HASH_LEN);
    }
    catalog_statement_done(statement);
    return error;
}

int catalog_progress_write(struct catalog_db *connection, const struct catalog_progress *progress,
                           struct fault *fault) {
    sqlite3_stmt *statement = catalog_db_statement(connection, STATEMENT_PROGRESS_SET, fault);
    if (!statement)
        return DEPOSITARY_E_IO;
    catalog_bind_number(statement, 1, progress->size);
    catalog_bind_number(statement, 2, progress->place);
    sqlite3_bind_blob(statement, 3, progress->root.bytes, HASH_LEN, SQLITE_STATIC);
    return catalog_statement_run(connection, statement, fault);
}

/* A file whose root is the ledger's at that size was made from this ledger, up to there. Else *fault says what is wrong with it. */
static bool is_of_ledger(struct catalog_db *connection, struct ledger *ledger, uint64_t *size, struct fault *fault) {
    struct catalog_progress progress;
    struct hash root;
    fault_set(fault, DEPOSITARY_E_STATE, "catalog: it is of another version, or not a catalog");
    if (!catalog_db_has_schema(connection) || catalog_progress_read(connection, &progress, fault))
        return false;
    fault_set(fault, DEPOSITARY_E_DAMAGED, "catalog: it is damaged");
    if (!catalog_db_is_large(connection) && !catalog_db_is_sound(connection))
        return false;
    fault_set(fault, DEPOSITARY_E_STATE, "catalog: it is of another ledger, or of a later state of this one");
    const struct ledger_state *state = ledger_state_take(ledger);
    bool is_known = progress.size <= state->size;
    ledger_state_release(state);
    if (!is_known || ledger_root_at(ledger, progress.size, &root) || !hash_equal(&root, &progress.root))
        return false;
    *size = progress.size;
    return true;
}

void catalog_remove_file(const char *path) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    size_t len = strlen(path);
    char *name = malloc(len + sizeof "-journal");
    if (!name)
        return;
    memcpy(name, path, len);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        strcpy(name + len, suffixes[i]);
        (void)unlink(name);
    }
    free(name);
}

static int make_anew(struct catalog_db **out, const char *path, struct fault *fault) {
    struct catalog_db *connection = NULL;
    struct catalog_progress none = {.size = 0};
    merkle_empty_root(&none.root);
    if (strcmp(path, ":memory:") != 0)
        catalog_remove_file(path);
    int error = catalog_db_open(&connection, path, CONNECTION_WRITES, fault);
    if (!error)
        error = catalog_db_make_schema(connection, fault);
    if (!error)
        error = catalog_progress_write(connection, &none, fault);
    if (error)
        catalog_db_close(connection);
    else
        *out = connection;
    return error;
}

int catalog_open_writer(struct catalog_db **out, const char *path, struct ledger *ledger, uint64_t *size,
                        struct fault *fault) {
    struct catalog_db *connection = NULL;
    struct fault why = {0};
    *size = 0;
    if (strcmp(path, ":memory:") != 0 && access(path, F_OK) == 0) {
        if (!page_sums_are_in(path))
            fault_set(&why, DEPOSITARY_E_STATE, "catalog: it is of an earlier version, whose pages have no sums");
        else if (!catalog_db_open(&connection, path, CONNECTION_WRITES, &why) &&
                 is_of_ledger(connection, ledger, size, &why)) {
            *out = connection;
            return 0;
        }
        catalog_db_close(connection);
        log_line(LOG_LEVEL_WARNING, "the catalog is made anew from the ledger", "file", path, "reason",
                 fault_text(&why), NULL);
    }
    return make_anew(out, path, fault);
}

/* Reads where the texts stand; a file that holds impossible places is made anew, too. */
static int load_standing(struct catalog *catalog, struct catalog_db **writer, struct fault *fault) {
    int error = standing_load(&catalog->standing, *writer, fault);
    if (error != DEPOSITARY_E_DAMAGED && !(*writer)->is_rotten)
        return error;
    log_line(LOG_LEVEL_WARNING, "the catalog is made anew from the ledger", "file", catalog->path, "reason",
             fault_text(fault), NULL);
    catalog_db_close(*writer);
    *writer = NULL;
    catalog->size = 0;
    error = make_anew(writer, catalog->path, fault);
    return error ? error : standing_load(&catalog->standing, *writer, fault);
}

/* Who waits to be alone is let in before others come: calls never cease. */
static void init_use_lock(pthread_rwlock_t *lock) {
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
}

int catalog_open(struct catalog **out, const char *path, struct ledger *ledger, struct fault *fault) {
    struct catalog_db *writer = NULL;
    bool is_in_memory = path[0] == '\0';
    struct catalog *catalog = calloc(1, sizeof *catalog);
    if (!catalog)
        return fault_set(fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
    catalog->ledger = ledger;
    catalog->path = strdup(is_in_memory ? ":memory:" : path);
    int error = catalog->path ? 0 : fault_set(fault, DEPOSITARY_E_MEMORY, "catalog: out of memory");
    if (!error)
        error = catalog_open_writer(&writer, catalog->path, ledger, &catalog->size, fault);
    if (!error)
        error = standing_init(&catalog->standing);
    if (!error) {
        error = load_standing(catalog, &writer, fault);
        if (error)
            standing_clean_up(&catalog->standing);
    }
    if (!error)
        error = catalog_pool_init(&catalog->pool, catalog->path, is_in_memory ? writer : NULL);
    if (error) {
        catalog_db_close(writer);
        free(catalog->path);
        free(catalog);
        return error;
    }
    pthread_mutex_init(&catalog->update_lock, NULL); /* a plain mutex: it cannot fail on Linux */
    pthread_mutex_init(&catalog->inspect_lock, NULL);
    pthread_mutex_init(&catalog->inspecting, NULL);
    init_use_lock(&catalog->use_lock);
    catalog->is_inspected = is_in_memory || !catalog_db_is_large(writer);
    catalog->writer = is_in_memory ? NULL : writer;
    *out = catalog;
    return 0;
}

void catalog_close(struct catalog *catalog) {
    if (!catalog)
        return;
    catalog_pool_clean_up(&catalog->pool);
    if (catalog->writer && __atomic_load_n(&catalog->is_rotten, __ATOMIC_ACQUIRE))
        catalog_db_condemn(catalog->writer);
    catalog_db_close(catalog->writer);
    standing_clean_up(&catalog->standing);
    pthread_rwlock_destroy(&catalog->use_lock);
    pthread_mutex_destroy(&catalog->inspecting);
    pthread_mutex_destroy(&catalog->inspect_lock);
    pthread_mutex_destroy(&catalog->update_lock);
    free(catalog->path);
    free(catalog);
}

uint64_t catalog_size(const struct catalog *catalog) {
    return __atomic_load_n(&catalog->size, __ATOMIC_ACQUIRE);
}

void catalog_condemn(struct catalog *catalog) {
    __atomic_store_n(&catalog->is_rotten, true, __ATOMIC_RELEASE);
    pthread_mutex_lock(&catalog->inspect_lock);
    if (catalog->told)
        catalog->told(catalog->told_context);
    pthread_mutex_unlock(&catalog->inspect_lock);
}

void catalog_on_rot(struct catalog *catalog, catalog_rot_told *told, void *context) {
    pthread_mutex_lock(&catalog->inspect_lock);
    catalog->told = told;
    catalog->told_context = context;
    pthread_mutex_unlock(&catalog->inspect_lock);
}

int catalog_take(struct catalog *catalog, struct catalog_db **out, struct fault *fault) {
    pthread_rwlock_rdlock(&catalog->use_lock);
    int error = 0;
    if (__atomic_load_n(&catalog->is_gone, __ATOMIC_ACQUIRE))
        error = fault_set(fault, DEPOSITARY_E_DAMAGED, "catalog: its file has rotted, and could not be made anew yet");
    if (!error)
        error = catalog_pool_take(&catalog->pool, out, fault);
    if (!error)
        return 0;
    pthread_rwlock_unlock(&catalog->use_lock);
    if (error != DEPOSITARY_E_DAMAGED)
        return error;
    catalog_condemn(catalog);
    if (fault)
        fault->error = DEPOSITARY_E_IO; /* of the catalog; the ledger is whole */
    return DEPOSITARY_E_IO;
}

void catalog_give(struct catalog *catalog, struct catalog_db *connection) {
    bool is_rotten = connection->is_rotten;
    connection->is_rotten = false;
    catalog_pool_give(&catalog->pool, connection);
    pthread_rwlock_unlock(&catalog->use_lock);
    if (is_rotten)
        catalog_condemn(catalog);
}

/* The connection that may be interrupted from now on; false where there is nothing to be done. */
static bool begin_inspection(struct catalog *catalog, struct catalog_db *connection) {
    pthread_mutex_lock(&catalog->inspect_lock);
    bool is_wanted = !catalog->is_inspected;
    catalog->is_inspected = true;
    catalog->inspected = is_wanted ? connection->db : NULL;
    pthread_mutex_unlock(&catalog->inspect_lock);
    return is_wanted;
}

static bool end_inspection(struct catalog *catalog) {
    pthread_mutex_lock(&catalog->inspect_lock);
    bool is_whole = catalog->inspected != NULL;
    catalog->inspected = NULL;
    pthread_mutex_unlock(&catalog->inspect_lock);
    return is_whole;
}

int catalog_inspect(struct catalog *catalog, struct fault *fault) {
    struct catalog_db *connection = NULL;
    bool is_bad = false;
    pthread_mutex_lock(&catalog->inspecting);
    int error = catalog_pool_take(&catalog->pool, &connection, fault);
    if (!error && begin_inspection(catalog, connection)) {
        is_bad = !catalog_db_is_sound(connection);
        is_bad = end_inspection(catalog) && is_bad;
    }
    catalog_pool_give(&catalog->pool, connection);
    pthread_mutex_unlock(&catalog->inspecting);
    if (error && error != DEPOSITARY_E_DAMAGED)
        return error;
    if (!error && !is_bad)
        return 0;
    catalog_condemn(catalog);
    return fault_set(fault, DEPOSITARY_E_DAMAGED, "%s is damaged; it is made anew", catalog->path);
}

void catalog_interrupt(struct catalog *catalog) {
    __atomic_store_n(&catalog->is_stopping, true, __ATOMIC_RELEASE);
    catalog_end_inspection(catalog);
}

void catalog_end_inspection(struct catalog *catalog) {
    pthread_mutex_lock(&catalog->inspect_lock);
    catalog->is_inspected = true;
    if (catalog->inspected != NULL)
        sqlite3_interrupt(catalog->inspected);
    catalog->inspected = NULL;
    pthread_mutex_unlock(&catalog->inspect_lock);
}

int catalog_read_begin(struct catalog_read *read, struct catalog *catalog, uint64_t ledger_size, uint64_t deadline_ns,
                       struct fault *fault) {
    struct catalog_progress progress;
    struct catalog_db *connection = NULL;
    memset(read, 0, sizeof *read);
    int error = catalog_take(catalog, &connection, fault);
    if (error)
        return error;
    connection->deadline_ns = deadline_ns;
    read->catalog = catalog;
    read->connection = connection;
    error = catalog_db_do(connection, STATEMENT_BEGIN, fault);
    if (!error)
        error = catalog_progress_read(connection, &progress, fault);
    if (error) {
        catalog_read_end(read);
        return error;
    }
    read->size = progress.size < ledger_size ? progress.size : ledger_size;
    return 0;
}

void catalog_read_limit(struct catalog_read *read, uint64_t work_ns) {
    read->connection->work_end_ns = clock_thread_ns() + work_ns;
}

void catalog_read_end(struct catalog_read *read) {
    if (!read->connection)
        return;
    read->connection->deadline_ns = 0;
    read->connection->work_end_ns = 0;
    if (!sqlite3_get_autocommit(read->connection->db))
        (void)!catalog_db_do(read->connection, STATEMENT_COMMIT, NULL);
    catalog_give(read->catalog, read->connection);
    read->connection = NULL;
}

void catalog_bind_scope(sqlite3_stmt *statement, uint64_t size, const struct catalog_scope *scope) {
    catalog_bind_number(statement, 1, size);
    catalog_bind_text(statement, 2, bytes_text(scope->instrument));
    catalog_bind_text(statement, 3, bytes_text(scope->language));
    catalog_bind_number(statement, 4, scope->edition);
    if (scope->has_as_of)
        sqlite3_bind_int64(statement, 5, scope->as_of);
    catalog_bind_number(statement, 6, (uint64_t)scope->kind);
}
