/* What the files of the catalog share: the object, and a read that sees one state of it. */
#ifndef CATALOG_INTERNAL_H
#define CATALOG_INTERNAL_H

#include "catalog/catalog.h"
#include "catalog/db.h"
#include "catalog/standing.h"

struct catalog {
    struct ledger *ledger;
    char *path;                /* ":memory:" for one in memory */
    struct catalog_db *writer; /* NULL in memory, where the pool's one connection writes too */
    struct catalog_pool pool;
    struct standing standing; /* as the file is, and what is being added to it */
    pthread_mutex_t update_lock;
    pthread_rwlock_t use_lock;    /* by who uses a connection of the pool; alone by who exchanges the file */
    uint64_t size;                /* entries read; atomic */
    pthread_mutex_t inspecting;   /* as long as an inspection reads the file */
    pthread_mutex_t inspect_lock; /* over the next two, and told */
    sqlite3 *inspected;           /* what catalog_inspect reads now */
    bool is_inspected;            /* done, or not to be begun */
    catalog_rot_told *told;
    void *told_context;
    bool is_stopping;        /* atomic, as all that follows */
    bool is_rotten;          /* to be made anew */
    bool is_gone;            /* another file was to take its place, and could not */
    const bool *is_unwanted; /* of one that is made for another's place: not any more; NULL: it has its own */
    uint64_t added;          /* clauses since the start */
};

/** A connection of the pool, for as long as the file stays in its place. It is given back with what was noticed of the file. */
MUST_USE int catalog_take(struct catalog *catalog, struct catalog_db **out, struct fault *fault);
void catalog_give(struct catalog *catalog, struct catalog_db *connection);

/** Ends what reads all of the file, and finds nothing then. */
void catalog_end_inspection(struct catalog *catalog);

/** Opens the file, or makes it anew, with none of the ledger read, where it is not this ledger's or damaged; the log says why. */
MUST_USE int catalog_open_writer(struct catalog_db **out, const char *path, struct ledger *ledger, uint64_t *size,
                                 struct fault *fault);
/** Takes the file away, and what SQLite keeps beside it. */
void catalog_remove_file(const char *path);

/** A read transaction on a connection of the pool. */
struct catalog_read {
    struct catalog *catalog;
    struct catalog_db *connection;
    uint64_t size; /* rows of entries below this are seen */
};

/** Rows of entries below ledger_size, and below what was read of the ledger. */
MUST_USE int catalog_read_begin(struct catalog_read *read, struct catalog *catalog, uint64_t ledger_size,
                                uint64_t deadline_ns, struct fault *fault);
/** From now on its statements may have so much of the processor; then DEPOSITARY_E_LIMIT, and the fault says what to do. */
void catalog_read_limit(struct catalog_read *read, uint64_t work_ns);
void catalog_read_end(struct catalog_read *read); /* twice is fine */

/** How far the file is. */
struct catalog_progress {
    uint64_t size;    /* entries read */
    uint64_t place;   /* clauses read of the edition that is entry `size` */
    struct hash root; /* of the ledger's first `size` entries */
};
MUST_USE int catalog_progress_read(struct catalog_db *connection, struct catalog_progress *out, struct fault *fault);
MUST_USE int catalog_progress_write(struct catalog_db *connection, const struct catalog_progress *progress,
                                    struct fault *fault);

/** Binds ?1 to ?6 of a statement over a scope. */
void catalog_bind_scope(sqlite3_stmt *statement, uint64_t size, const struct catalog_scope *scope);

#endif
