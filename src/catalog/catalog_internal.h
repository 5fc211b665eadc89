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
    uint64_t size; /* entries read; atomic */
    pthread_mutex_t inspect_lock;
    sqlite3 *inspected; /* what catalog_inspect reads now */
    bool is_inspected;  /* done, or not to be begun */
    bool is_stopping;   /* atomic */
    uint64_t added;     /* clauses since the start; atomic */
};

/** A read transaction on a connection of the pool. */
struct catalog_read {
    struct catalog *catalog;
    struct catalog_db *connection;
    uint64_t size; /* rows of entries below this are seen */
};

/** Rows of entries below ledger_size, and below what was read of the ledger. */
MUST_USE int catalog_read_begin(struct catalog_read *read, struct catalog *catalog, uint64_t ledger_size,
                                uint64_t deadline_ns, struct fault *fault);
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
