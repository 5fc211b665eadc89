/*
 * What the ledger asks of a store: rows by key, one durable transaction, and a place for clauses that wait. A store knows no
 * rule and checks no hash: what it gives back is checked by who asked. sqlite.c implements it.
 *
 * Every operation that takes a fault says there what went wrong; DEPOSITARY_E_DAMAGED where the store itself sees that its
 * bytes cannot be right, DEPOSITARY_E_MISSING where there is no such row.
 */
#ifndef LEDGER_STORE_H
#define LEDGER_STORE_H

#include "proof/merkle.h"

struct store;

/** One view of what was committed, unchanging while it is held; of one thread at a time. Held briefly. */
struct store_reader;

/** Tree 0 is the ledger's; tree (index + 1) is that of the edition that is entry `index`. */
typedef uint64_t store_tree;

/** Told of clause records in order of place; the first non-zero return ends the walk with that error. */
typedef int store_clause_sink(void *context, uint64_t place, struct bytes record, const struct hash *leaf_hash);
/** Told of nodes of one level in order of index; ends the same way. */
typedef int store_node_sink(void *context, uint64_t index, const struct hash *hash);
/** The same for places that are staged. */
typedef int store_place_sink(void *context, uint64_t place);

struct store_counts {
    uint64_t entries;
    uint64_t nodes; /* of level 1 and more */
    uint64_t places;
    uint64_t checkpoints;
};

/** How much of the ledger has been checked thoroughly: the first `size` entries, whose root it was, by the rules of that number. */
struct store_mark {
    uint64_t rules;
    uint64_t size;
    struct hash root;
};

struct store_ops {
    void (*close)(struct store *store);

    /* Reading. Safe from many threads, each with a reader of its own. */
    MUST_USE int (*read_begin)(struct store *store, struct store_reader **out, struct fault *fault);
    void (*read_end)(struct store *store, struct store_reader *reader); /* NULL is fine */
    /** Entries, as the greatest index plus 1. */
    MUST_USE int (*size)(struct store_reader *reader, uint64_t *out_entries, struct fault *fault);
    /** Appends entry `index` to *record; its leaf hash as stored. */
    MUST_USE int (*entry)(struct store_reader *reader, uint64_t index, struct buffer *record, struct hash *leaf_hash,
                          struct fault *fault);
    /** The smallest index of an entry with this leaf hash. */
    MUST_USE int (*find)(struct store_reader *reader, const struct hash *leaf_hash, uint64_t *out_index,
                         struct fault *fault);
    /** A complete node. Level 0 is the leaf hash that came with the entry or clause. */
    MUST_USE int (*node)(struct store_reader *reader, store_tree tree, unsigned level, uint64_t index, struct hash *out,
                         struct fault *fault);
    /** Appends the clause record at a place of an edition to *record. */
    MUST_USE int (*clause)(struct store_reader *reader, uint64_t edition_index, uint64_t place, struct buffer *record,
                           struct fault *fault);
    /**
     * The same, and with it (where a store has no such thing it is NULL) the leaf hashes, as stored, of the `count` clauses from place `from` on, among which it is.
     * *out_row is where the store keeps the first of them, if it keeps them side by side, for clause_in_row; else 0.
     */
    MUST_USE int (*clause_among)(struct store_reader *reader, uint64_t edition_index, uint64_t place, uint64_t from,
                                 size_t count, struct buffer *record, struct hash *leaf_hashes, uint64_t *out_row,
                                 struct fault *fault);
    /** What the `count` rows from `row` on hold, whatever it is: their leaf hashes, and the record of the one `at` rows further. NULL where clause_among is. */
    MUST_USE int (*clause_in_row)(struct store_reader *reader, uint64_t row, size_t at, size_t count,
                                  struct buffer *record, struct hash *leaf_hashes);
    /** Its leaf hash and length, without its bytes. */
    MUST_USE int (*clause_hash)(struct store_reader *reader, uint64_t edition_index, uint64_t place, struct hash *hash,
                                uint64_t *record_len, struct fault *fault);
    /** At most `count` clauses of an edition, from place `from` on. The sink may use the reader. */
    MUST_USE int (*clauses)(struct store_reader *reader, uint64_t edition_index, uint64_t from, uint64_t count,
                            store_clause_sink *sink, void *context, struct fault *fault);
    /** At most `count` nodes of a level of 1 or more, from index `from` on. The sink may use the reader. */
    MUST_USE int (*nodes)(struct store_reader *reader, store_tree tree, unsigned level, uint64_t from, uint64_t count,
                          store_node_sink *sink, void *context, struct fault *fault);
    /** Appends the checkpoint with the smallest size >= `size` to *note. */
    MUST_USE int (*checkpoint_from)(struct store_reader *reader, uint64_t size, struct buffer *note, uint64_t *out_size,
                                    struct fault *fault);
    /** How many rows there are of each kind, to see that none is one too many. Slow. */
    MUST_USE int (*counts)(struct store_reader *reader, struct store_counts *out, struct fault *fault);
    /** The mark that was put last; DEPOSITARY_E_MISSING where there is none. */
    MUST_USE int (*mark)(struct store_reader *reader, struct store_mark *out, struct fault *fault);

    /* Writing. One writer at a time, which the ledger sees to; begin keeps other processes out, too. What is written is seen
     * by readers after commit, which is durable when it returns 0. */
    MUST_USE int (*begin)(struct store *store, uint64_t *out_entries, struct fault *fault);
    MUST_USE int (*put_entry)(struct store *store, uint64_t index, struct bytes record, const struct hash *leaf_hash,
                              struct fault *fault);
    /** A node of level 1 or more. */
    MUST_USE int (*put_node)(struct store *store, store_tree tree, unsigned level, uint64_t index,
                             const struct hash *hash, struct fault *fault);
    /** A record that is held already is not stored a second time. */
    MUST_USE int (*put_clause)(struct store *store, uint64_t edition_index, uint64_t place, struct bytes record,
                               const struct hash *leaf_hash, struct fault *fault);
    /** Replaces one of the same size. */
    MUST_USE int (*put_checkpoint)(struct store *store, uint64_t size, struct bytes note, struct fault *fault);
    MUST_USE int (*put_mark)(struct store *store, const struct store_mark *mark, struct fault *fault);
    MUST_USE int (*commit)(struct store *store, struct fault *fault);
    void (*rollback)(struct store *store); /* also where nothing was begun */

    /* Staging: clauses of an append that waits. Neither durable nor part of the transaction; for the writer only. */
    MUST_USE int (*stage_begin)(struct store *store, struct fault *fault);
    /** *is_new is false, and nothing stored, where the place is there. */
    MUST_USE int (*stage_put)(struct store *store, uint64_t edition_index, uint64_t place, struct bytes record,
                              bool *is_new, struct fault *fault);
    MUST_USE int (*stage_commit)(struct store *store, struct fault *fault);
    void (*stage_rollback)(struct store *store); /* also where nothing was begun */
    MUST_USE int (*stage_places)(struct store *store, uint64_t edition_index, store_place_sink *sink, void *context,
                                 struct fault *fault);
    /** leaf_hash is NULL there. */
    MUST_USE int (*stage_clauses)(struct store *store, uint64_t edition_index, store_clause_sink *sink, void *context,
                                  struct fault *fault);
    void (*stage_clear)(struct store *store);
};

struct store {
    const struct store_ops *ops;
};

/** Opens the SQLite file at path, and <path>-staging beside it. DEPOSITARY_E_MISSING where it is not there and create is false. */
MUST_USE int store_sqlite_open(struct store **out, const char *path, bool create, struct fault *fault);

/** Copies the SQLite file at path, also while it is written, as it is at one moment, into `to`: a file that is not there, or empty. Not synced. */
MUST_USE int store_sqlite_copy(const char *path, const char *to, struct fault *fault);
/** Judges a file that nobody else has open, of which nothing is known: its schema is a ledger's and nothing else, and its pages are sound.
 * What the rows say is the ledger's to judge. DEPOSITARY_E_FORMAT, DEPOSITARY_E_DAMAGED. */
MUST_USE int store_sqlite_check(const char *path, struct fault *fault);
/** Leaves a closed store as one file, which can be read where nothing can be written. */
MUST_USE int store_sqlite_settle(const char *path, struct fault *fault);

#endif
