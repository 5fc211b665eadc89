/*
 * The append-only ledger with its rules, over a store. PROTOCOL.md section 2. Used by the server for what it serves and by
 * the office for its own copy. Reads are safe from many threads; appends are serialised inside. Nothing is handed out that
 * was not checked against the state's root at that read.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "proof/policy.h"
#include "proof/register.h"

struct ledger;
struct shared;

/** An immutable state of the ledger; counted. All that is answered to one call is answered from one of these. */
struct ledger_state {
    uint64_t size; /* entries; 0: empty, and then nothing below is set but root */
    struct hash root;
    struct bytes checkpoint;      /* the note */
    struct bytes register_record; /* entry size - 1 */
    struct register_record register_fields;
    struct merkle_path register_path;
    const struct register_lines *lines;
    unsigned long count; /* holders; for ledger.c */
};

struct ledger_config {
    const char *url;             /* "sqlite:/path/of/ledger.db" */
    const struct policy *policy; /* copied */
    size_t proved_capacity;      /* bytes for nodes that were proved, so that they are not read again */
    bool create;                 /* make it where it is not there */
    bool is_thorough;            /* check every rule again, also where it was done before */
    bool may_lack_checkpoints;   /* earlier ones, as a mirror does: it is told only the newest */
    struct shared *shared;       /* where others append to the same ledger (shared.h); outlives it. NULL: nobody does */
};

/**
 * Opens and checks everything: every entry against the checkpoint's root, every rule about entries, every clause and node against
 * its edition's root; and the rules about an edition's clauses where that root is not known to have passed them.
 * DEPOSITARY_E_DAMAGED names the first bad entry or clause; then nothing is served. DEPOSITARY_E_CHECKPOINT_KEY, _ORIGIN: the policy
 * does not verify the last checkpoint; that it lacks cosignatures is no obstacle. DEPOSITARY_E_MISSING: it is not there, and not to be made.
 */
MUST_USE int ledger_open(struct ledger **out, const struct ledger_config *config, struct fault *fault);
void ledger_close(struct ledger *ledger); /* NULL is fine; waits for nobody: callers have stopped */

/** The current state; give it back with ledger_state_release. Never NULL. */
const struct ledger_state *ledger_state_take(struct ledger *ledger);
void ledger_state_release(const struct ledger_state *state);

/** Appends entry `index` (< state->size) to *record and sets its inclusion proof in that state (path may be NULL). DEPOSITARY_E_DAMAGED
 * where the stored bytes do not verify. */
MUST_USE int ledger_entry(struct ledger *ledger, const struct ledger_state *state, uint64_t index,
                          struct buffer *record, struct merkle_path *path, struct fault *fault);
/** Appends the clause record at `place` of the edition that is entry `edition_index`, with its path to clauses_root.
 * clauses and clauses_root are those of the edition's record, which the caller read with ledger_entry. */
MUST_USE int ledger_clause(struct ledger *ledger, uint64_t edition_index, uint64_t clauses,
                           const struct hash *clauses_root, uint64_t place, struct buffer *record,
                           struct merkle_path *path, struct fault *fault);
/** Leaf hash and record length of a clause without its text: for outlines. Not checked by itself: the whole outline rebuilds clauses-root. */
MUST_USE int ledger_clause_hash(struct ledger *ledger, uint64_t edition_index, uint64_t place, struct hash *hash,
                                uint64_t *record_len);

/** Index of the entry with this leaf hash in that state; DEPOSITARY_E_MISSING. */
MUST_USE int ledger_find(struct ledger *ledger, const struct ledger_state *state, const struct hash *leaf_hash,
                         uint64_t *index);
/** The same for one that the state itself names, such as its register: that it is not found is damage. */
MUST_USE int ledger_find_named(struct ledger *ledger, const struct ledger_state *state, const struct hash *leaf_hash,
                               uint64_t *index);
/** Proofs between sizes up to the state's. */
MUST_USE int ledger_inclusion(struct ledger *ledger, uint64_t index, uint64_t size, struct merkle_path *out);
MUST_USE int ledger_consistency(struct ledger *ledger, uint64_t old_size, uint64_t new_size, struct merkle_path *out);
MUST_USE int ledger_root_at(struct ledger *ledger, uint64_t size, struct hash *out);
/** A complete node of the ledger's tree, for tiles. */
MUST_USE int ledger_node(struct ledger *ledger, unsigned level, uint64_t index, struct hash *out);
/** The checkpoint that was appended with the smallest size >= `size`: appended to *note, its size set. DEPOSITARY_E_MISSING. */
MUST_USE int ledger_checkpoint_from(struct ledger *ledger, uint64_t size, struct buffer *note, uint64_t *out_size);

/** A run of clauses of a new edition that are not there. */
struct missing_run {
    struct hash edition;
    uint64_t from_place;
    uint64_t count;
};
#define LEDGER_MISSING_MAX 64

struct append_result {
    uint64_t size;                                  /* entries after it */
    struct missing_run missing[LEDGER_MISSING_MAX]; /* with DEPOSITARY_E_CLAUSES_MISSING; the first runs */
    size_t missing_count;
};

/**
 * AppendEntries. 0: committed and durable, or contained already. DEPOSITARY_E_CLAUSES_MISSING: now the pending append.
 * DEPOSITARY_E_CONFLICT: does not extend the current checkpoint. DEPOSITARY_E_RULE, with the entry and the rule, or
 * DEPOSITARY_E_RECORD; where clauses break it, the append is pending no more. DEPOSITARY_E_STATE: another process has appended; where
 * several append to one database, the ledger is to be brought up to it (source.h), and then it is judged anew.
 * DEPOSITARY_E_CHECKPOINT_*: the note is not the pinned key's. DEPOSITARY_E_QUORUM: it lacks cosignatures that the current one has.
 * now_s: the clock.
 */
MUST_USE int ledger_append(struct ledger *ledger, const struct bytes *records, size_t count, struct bytes checkpoint,
                           int64_t now_s, struct append_result *result, struct fault *fault);

/**
 * The same for a mirror: entries that another ledger has accepted, of several appends at once, under the last one's checkpoint. A
 * register may stand anywhere among them. A later ledger_append or ledger_follow of something else takes its place while it waits.
 */
MUST_USE int ledger_follow(struct ledger *ledger, const struct bytes *records, size_t count, struct bytes checkpoint,
                           int64_t now_s, struct append_result *result, struct fault *fault);
/** Forgets what was followed and still waits for clauses. */
void ledger_unfollow(struct ledger *ledger);

/** Gives the database to which others append as well what it lacks of this ledger; *out_given counts the entries, and may be 0. */
MUST_USE int ledger_share(struct ledger *ledger, uint64_t *out_given, struct fault *fault);

/** Adds signatures to a checkpoint of before: `note` begins with the one that is kept of its size, and every line that a key of the policy
 * signed verifies. DEPOSITARY_E_CONFLICT, DEPOSITARY_E_CHECKPOINT_*; DEPOSITARY_E_ARGUMENT for the current one, which ledger_append merges. */
MUST_USE int ledger_amend_checkpoint(struct ledger *ledger, struct bytes note, struct fault *fault);

struct placed_clause {
    uint64_t place;
    struct bytes record;
    const struct merkle_path *path; /* NULL only while following: then its proof is that the edition is rebuilt */
};

/** PutClauses. DEPOSITARY_E_STATE: no pending append has that edition. DEPOSITARY_E_CLAUSE_PROOF (not in the edition), _E_RECORD, _E_RULE
 * (another instrument or language), _E_LIMIT (more than source-length): refused, nothing of the call is kept. *received counts
 * the clauses of the call, those that were there already, too. */
MUST_USE int ledger_put_clauses(struct ledger *ledger, const struct hash *edition, const struct placed_clause *clauses,
                                size_t count, int64_t now_s, uint64_t *received, struct fault *fault);

/** A cheap read that fails where the store cannot be read; for health. */
MUST_USE int ledger_probe(struct ledger *ledger, struct fault *fault);

/** Root that the ledger would have with these entries behind it; for the office, before it signs. */
MUST_USE int ledger_preview(struct ledger *ledger, const struct bytes *records, size_t count, uint64_t *out_size,
                            struct hash *out_root);

#endif
