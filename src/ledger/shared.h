/*
 * Where several daemons append to one ledger: a database beside the store that each has of its own. An append is judged by who takes it,
 * committed here first, and then in the own store; the others learn of it by following the same database as a source (source.h).
 * It is believed in nothing: what it gives back is judged as bytes from anybody. PROTOCOL.md section 2, "Appending".
 *
 * Errors: DEPOSITARY_E_UNREACHABLE where it is away, read-only, or does not answer in its time; DEPOSITARY_E_IO where it refuses.
 */
#ifndef LEDGER_SHARED_H
#define LEDGER_SHARED_H

#include "ledger/ledger.h"
#include "ledger/store.h"

struct shared;

/** An append that waits for its clauses, kept for whichever daemon is sent them. Named by the root that it leads to. */
struct shared_offer {
    const struct hash *root;
    uint64_t size;
    struct bytes note;
    const struct bytes *records;
    size_t count;
    const struct hash *editions; /* leaf hashes of the editions among the records */
    size_t editions_count;
};

/** Told of an offer's records in order. A non-zero return ends the reading with that error. */
typedef int shared_record_sink(void *context, struct bytes record);

struct shared_ops {
    void (*close)(struct shared *shared);
    /** From another thread: what is under way ends with DEPOSITARY_E_CANCELLED, and so does what comes later. */
    void (*cancel)(struct shared *shared);

    /* Appending: one transaction, which excludes those of others. For one thread at a time, as all that follows. */
    MUST_USE int (*begin)(struct shared *shared, uint64_t *out_entries, struct fault *fault);
    MUST_USE int (*put_entries)(struct shared *shared, uint64_t first, const struct bytes *records,
                                const struct hash *leaf_hashes, size_t count, struct fault *fault);
    /** Makes what is staged for an edition the clauses of entry `index`, and tells each that there is now, in order of place. */
    MUST_USE int (*take_clauses)(struct shared *shared, const struct hash *root, const struct hash *edition,
                                 uint64_t index, store_clause_sink *sink, void *context, struct fault *fault);
    /** The same for clauses that are given, of at most 4 MiB or one. */
    MUST_USE int (*put_clauses)(struct shared *shared, uint64_t index, const struct placed_clause *clauses,
                                size_t count, struct fault *fault);
    /** Appends the note of that very size to *note; DEPOSITARY_E_MISSING. */
    MUST_USE int (*note)(struct shared *shared, uint64_t size, struct buffer *note, struct fault *fault);
    /** Replaces one of the same size. */
    MUST_USE int (*put_note)(struct shared *shared, uint64_t size, struct bytes note, struct fault *fault);
    /** Durable where it returns 0. DEPOSITARY_E_UNREACHABLE: whether it was committed is not known, and the words say so. */
    MUST_USE int (*commit)(struct shared *shared, struct fault *fault);
    void (*rollback)(struct shared *shared); /* also where nothing was begun */
    /** Outside of a transaction: what can be read here is as durable as commit makes it, also where the commit that put it was cut short. */
    MUST_USE int (*confirm)(struct shared *shared, struct fault *fault);

    /* What waits. */
    /** DEPOSITARY_E_STATE: there are more entries than those that the offer's follow. */
    MUST_USE int (*put_offer)(struct shared *shared, const struct shared_offer *offer, struct fault *fault);
    /** Appends the note of the offer that has this edition to *note, and tells its records. DEPOSITARY_E_MISSING. */
    MUST_USE int (*find_offer)(struct shared *shared, const struct hash *edition, struct buffer *note,
                               shared_record_sink *sink, void *context, struct fault *fault);
    /** With what is staged for it. */
    void (*drop_offer)(struct shared *shared, const struct hash *root);
    /** Stages clauses of an offer; those that are there already stay. DEPOSITARY_E_STATE: there is no such offer. */
    MUST_USE int (*stage)(struct shared *shared, const struct hash *root, const struct hash *edition,
                          const struct placed_clause *clauses, size_t count, struct fault *fault);
    MUST_USE int (*staged_places)(struct shared *shared, const struct hash *root, const struct hash *edition,
                                  store_place_sink *sink, void *context, struct fault *fault);
};

struct shared {
    const struct shared_ops *ops;
};

#endif
