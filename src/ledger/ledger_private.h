/* What the files of this room share: the ledger object, its states, and the append that waits. */
#ifndef LEDGER_LEDGER_PRIVATE_H
#define LEDGER_LEDGER_PRIVATE_H

#include <pthread.h>

#include "ledger/ledger.h"
#include "ledger/rules.h"
#include "ledger/shared.h"
#include "ledger/store.h"

struct pending;
struct proved;

struct ledger {
    struct store *store;
    struct shared *shared; /* NULL: nobody else appends */
    struct policy *policy;
    struct proved *proved;

    pthread_mutex_t state_lock; /* for the pointer only, held for a moment */
    struct ledger_state *state; /* the ledger is one of its holders */

    pthread_mutex_t write_lock; /* what follows, and all writing */
    struct rules rules;         /* after the last entry of the state */
    struct merkle_edge edge;    /* the same */
    struct pending *pending;    /* NULL: none */
    uint64_t confirmed;         /* entries that are known to be durable in the database that is shared */
};

/* ---- state.c */

/** What a state is made of; bytes are copied, lines are taken over where it succeeds. */
struct state_parts {
    uint64_t size;
    struct hash root;
    struct bytes checkpoint;
    struct bytes register_record;
    struct merkle_path register_path;
    struct register_lines *lines;
};
MUST_USE int state_new(struct ledger_state **out, const struct state_parts *parts);
/** The empty ledger's. */
MUST_USE int state_new_empty(struct ledger_state **out);
/** Makes it the current one; the ledger's hold on it is the caller's. */
void state_publish(struct ledger *ledger, struct ledger_state *state);

/* ---- nodes.c: trees as the store has them */

/** The error, and the fault's, of a read of a row that must be there: that it is missing is damage. */
int must_be_there(int error, struct fault *fault);

/** One tree under one reader, as a merkle_node_source: nodes_read with a struct nodes as its context. */
struct nodes {
    const struct store_ops *ops;
    struct store_reader *reader;
    store_tree tree;
    struct fault *fault; /* may be NULL */
};
/** A node that is not there is DEPOSITARY_E_DAMAGED here: only those are asked for that must be. */
int nodes_read(void *context, unsigned level, uint64_t index, struct hash *out);
/** A merkle_node_sink: DEPOSITARY_E_DAMAGED, with its place, unless the stored node equals. */
int nodes_compare(void *context, unsigned level, uint64_t index, const struct hash *hash);
/** Complete nodes of level 1 and more that a tree of that size has. */
uint64_t nodes_count(uint64_t size);
/** The path that the next leaf will have as the last one: the peaks of the tree without it, the lowest first. RFC 9162 section 2.1.3.1. */
void nodes_last_path(struct merkle_path *out, const struct merkle_edge *before);

/* ---- check.c */

/** The number of the rules about clauses that are checked here: raised when one is added, so that older ledgers are judged anew. */
#define CHECK_RULES 1u

/** Checks the whole store and sets state, rules and edge of a ledger that has none. */
MUST_USE int check_all(struct ledger *ledger, const struct ledger_config *config, struct fault *fault);

/* ---- append.c */

/** Makes the append that the database keeps for this edition the pending one, if it stands every test that it would have stood here.
 * DEPOSITARY_E_STATE: there is none, or the ledger has to be brought up to the database first. */
MUST_USE int append_adopt(struct ledger *ledger, const struct hash *edition, int64_t now_s, struct fault *fault);

/* ---- sharing.c: where others append to the same ledger */

/** Whether an error says that a store could not be asked, and nothing about what it holds. */
bool sharing_is_trouble(int error);

/** Begins a transaction of the database, which then has what the ledger has: what it lacks is given to it. DEPOSITARY_E_STATE: it has
 * more, and the ledger is to be brought up to it first. */
MUST_USE int sharing_begin(struct ledger *ledger, struct fault *fault);
/** Puts the pending append where others find it. */
MUST_USE int sharing_offer(struct ledger *ledger, struct fault *fault);
/** Before an append that is contained already is acknowledged: its entries may have been read from a database that has not made them durable.
 * Nothing to do where nothing is shared, and for what was confirmed before. */
MUST_USE int sharing_confirm(struct ledger *ledger, uint64_t size, struct fault *fault);
/** Adds signatures of the note of the current size to what the database has of it. */
MUST_USE int sharing_amend(struct ledger *ledger, struct bytes note, struct fault *fault);

/* ---- pending.c */

/** An append as it comes, its checkpoint's signature verified. */
struct offer {
    const struct bytes *records;
    size_t count;
    struct checkpoint checkpoint; /* of note */
    struct bytes note;
    int64_t now_s;
    bool is_followed;
};

struct pending_edition {
    uint64_t index;               /* its record's in the ledger */
    struct edition_record record; /* views into the append's records */
    struct hash leaf_hash;
    uint64_t staged_clauses;
    uint64_t staged_length; /* bytes of their texts; at most record.source_length */
};

/** An append that was found good, all but its clauses. */
struct pending {
    bool is_followed; /* of ledger_follow */
    uint64_t first;   /* index of its first entry: the size of the state that it extends */
    size_t count;
    struct bytes *records; /* views into data */
    struct hash *leaf_hashes;
    uint8_t *data;
    struct buffer note;
    struct hash root;
    struct rules rules; /* after its last entry, as is edge */
    struct merkle_edge edge;
    struct merkle_path register_path; /* of its last entry */
    struct register_lines *lines;
    struct pending_edition *editions;
    size_t editions_count;
    int64_t touched_s; /* the clock, when it was last asked for or got clauses */
};

/**
 * Judges an append whose checkpoint's signature was verified: that it extends the current state, and every rule but those
 * about clauses. The caller holds the write lock. DEPOSITARY_E_CONFLICT, _E_RULE, _E_RECORD.
 */
MUST_USE int pending_new(struct pending **out, const struct ledger *ledger, const struct offer *offer,
                         struct fault *fault);
void pending_free(struct pending *pending);
/** Forgets the ledger's pending append and what was staged for it. */
void pending_drop(struct ledger *ledger);
/** The same where it has been idle for too long. */
void pending_expire(struct ledger *ledger, int64_t now_s);
/** Whether clauses are missing, and the first runs of them. */
MUST_USE int pending_missing(struct ledger *ledger, struct append_result *result, struct fault *fault);
/** Whether the pending append is for the database that others append to as well. */
bool pending_is_shared(const struct ledger *ledger);

/* ---- commit.c */

/** Writes the pending append with its staged clauses, durably, and publishes the new state; then there is none. Where its clauses
 * are not what its editions say it is dropped: DEPOSITARY_E_RULE. */
MUST_USE int pending_commit(struct ledger *ledger, struct fault *fault);

#endif
