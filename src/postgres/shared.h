/* What shared.c and offers.c share: the store that several daemons append to, over one connection. */
#ifndef POSTGRES_SHARED_H
#define POSTGRES_SHARED_H

#include "postgres/connection.h"
#include "postgres/postgres.h"

#define SHARED_SIZE "SELECT coalesce(max(idx) + 1, 0) FROM depositary.entry"

/** What tells afterwards whether a transaction was committed. */
struct trace {
    bool has_entry;
    uint64_t last; /* index of the last entry that was put */
    struct hash leaf_hash;
    uint64_t size; /* of the note; 0: none was put */
    struct buffer note;
};

struct postgres_shared {
    struct shared base;
    struct pg pg;
    bool has_begun;
    struct trace trace;
    struct buffer places, records; /* arrays of the call at hand */
};

static inline struct postgres_shared *shared_of(struct shared *shared) {
    return (struct postgres_shared *)shared;
}

/* ---- shared.c */

/** Begins a transaction that excludes others under the same lock, a statement that takes one. After an error, rollback. */
MUST_USE int shared_begin_locked(struct postgres_shared *postgres, const char *lock, struct fault *fault);

/* ---- offers.c */

int offers_put(struct shared *shared, const struct shared_offer *offer, struct fault *fault);
int offers_find(struct shared *shared, const struct hash *edition, struct buffer *note, shared_record_sink *sink,
                void *context, struct fault *fault);
void offers_drop(struct shared *shared, const struct hash *root);
int offers_stage(struct shared *shared, const struct hash *root, const struct hash *edition,
                 const struct placed_clause *clauses, size_t count, struct fault *fault);
int offers_staged_places(struct shared *shared, const struct hash *root, const struct hash *edition,
                         store_place_sink *sink, void *context, struct fault *fault);

/** The records of clauses, and their places, as arrays in shared->records and ->places. */
MUST_USE int clauses_to_arrays(struct postgres_shared *shared, const struct placed_clause *clauses, size_t count);

#endif
