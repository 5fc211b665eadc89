/*
 * Where a mirror reads from: another depositary, or a database that several share. A source is believed in nothing: what it
 * gives is judged as every append is, by the checkpoint's signature, the rules, and the clauses' hashes. PROTOCOL.md section 2.
 */
#ifndef LEDGER_SOURCE_H
#define LEDGER_SOURCE_H

#include "ledger/ledger.h"

struct source;

/** Told of entries in order. A non-zero return ends the reading with that error. */
typedef int source_entry_sink(void *context, struct bytes record);
/** Told of clauses, some at a time; path may be NULL where the source has none. Ends the same way. */
typedef int source_clause_sink(void *context, const struct placed_clause *clauses, size_t count);

/** The clauses of an edition that are wanted. */
struct source_clauses {
    uint64_t index;               /* of the edition's record in the ledger */
    struct edition_record record; /* views that outlive the call */
    uint64_t from_place;
    uint64_t count; /* at least one */
};

/* Errors: DEPOSITARY_E_UNREACHABLE and _E_TIMEOUT, to be tried again; _E_CANCELLED; any other. */
struct source_ops {
    void (*close)(struct source *source);
    /** From another thread: what is under way ends with DEPOSITARY_E_CANCELLED, and so does what comes later. */
    void (*cancel)(struct source *source);
    /** Appends its current checkpoint to *note. DEPOSITARY_E_MISSING: its ledger is empty. */
    MUST_USE int (*checkpoint)(struct source *source, struct buffer *note, struct fault *fault);
    /** Some of the entries from `start` on, at least one and at most `count`. */
    MUST_USE int (*entries)(struct source *source, uint64_t start, uint64_t count, source_entry_sink *sink,
                            void *context, struct fault *fault);
    /** The proof between two sizes of its ledger. NULL: it cannot tell. */
    MUST_USE int (*consistency)(struct source *source, uint64_t old_size, uint64_t new_size, struct merkle_path *out,
                                struct fault *fault);
    /** Some of the clauses, from the first on, at least one. */
    MUST_USE int (*clauses)(struct source *source, const struct source_clauses *wanted, source_clause_sink *sink,
                            void *context, struct fault *fault);
};

struct source {
    const struct source_ops *ops;
};

struct pull_result {
    uint64_t source_size; /* of the source's checkpoint, once that was verified */
    uint64_t added;       /* entries that the ledger has gained */
    struct buffer fork;   /* with DEPOSITARY_E_FORK: the source's note, to be kept as evidence; the caller frees it */
};

/**
 * Brings the ledger up to the source's checkpoint, in one append. DEPOSITARY_E_FORK: a pinned key has signed a ledger that is not
 * this one's extension, nor its beginning. Whatever fails changes nothing; what failed for want of the source goes on where it was.
 */
MUST_USE int ledger_pull(struct ledger *ledger, struct source *source, struct pull_result *result, struct fault *fault);

#endif
