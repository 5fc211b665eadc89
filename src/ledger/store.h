/*
 * What the ledger asks of a store: rows by key, and one durable transaction. A store knows no rule and checks no hash.
 * sqlite.c implements it. Reads are safe from many threads, and see only what was committed.
 */
#ifndef LEDGER_STORE_H
#define LEDGER_STORE_H

#include "proof/merkle.h"

struct store;

/** Tree 0 is the ledger's; tree (index + 1) is that of the edition that is entry `index`. */
typedef uint64_t store_tree;

struct store_ops {
    void (*close)(struct store *store);
    MUST_USE int (*size)(struct store *store, uint64_t *out_entries, struct fault *fault);
    MUST_USE int (*entry)(struct store *store, uint64_t index, struct buffer *out, struct fault *fault);
    MUST_USE int (*find)(struct store *store, const struct hash *leaf_hash, uint64_t *out_index);
    MUST_USE int (*node)(struct store *store, store_tree tree, unsigned level, uint64_t index, struct hash *out);
    /** Clause record at a place of an edition; out or len may be NULL. */
    MUST_USE int (*clause)(struct store *store, uint64_t edition_index, uint64_t place, struct buffer *out,
                           uint64_t *len, struct fault *fault);
    /** Whether a clause record with this leaf hash is held (of any edition); its id for put_place. */
    MUST_USE int (*clause_find)(struct store *store, const struct hash *leaf_hash, uint64_t *out_id);
    MUST_USE int (*checkpoint_from)(struct store *store, uint64_t size, struct buffer *note, uint64_t *out_size);

    /* One writer at a time. commit is durable (synchronous=FULL) when it returns 0. */
    MUST_USE int (*begin)(struct store *store, struct fault *fault);
    MUST_USE int (*put_entry)(struct store *store, uint64_t index, struct bytes record, const struct hash *leaf_hash);
    MUST_USE int (*put_node)(struct store *store, store_tree tree, unsigned level, uint64_t index,
                             const struct hash *hash);
    MUST_USE int (*put_clause)(struct store *store, struct bytes record, const struct hash *leaf_hash,
                               uint64_t *out_id);
    MUST_USE int (*put_place)(struct store *store, uint64_t edition_index, uint64_t place, uint64_t clause_id);
    MUST_USE int (*put_checkpoint)(struct store *store, uint64_t size,
                                   struct bytes note); /* replaces one of the same size */
    MUST_USE int (*commit)(struct store *store, struct fault *fault);
    void (*rollback)(struct store *store);
};

struct store {
    const struct store_ops *ops;
};

/** Opens "sqlite:<path>". DEPOSITARY_E_MISSING where it is not there and create is false. */
MUST_USE int store_sqlite_open(struct store **out, const char *path, bool create, struct fault *fault);

#endif
