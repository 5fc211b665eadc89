/*
 * Nodes of the editions' trees that were proved against a signed root before, so that the next clause of an edition is hashed up to one of them and not
 * to the root. A table of fixed size that forgets: a node is in one of a few places or nowhere, and a lower one makes room for a higher one, which
 * more clauses need. It also remembers where the store keeps an edition's clauses, as a guess: what is read there is checked like anything else. An
 * edition's tree never changes, so nothing here is ever out of date. Thread-safe.
 */
#ifndef LEDGER_PROVED_H
#define LEDGER_PROVED_H

#include "ledger/ledger_private.h"

struct proved;

/** At most `capacity` bytes; with 0 it remembers nothing. DEPOSITARY_E_MEMORY. */
MUST_USE int proved_new(struct proved **out, size_t capacity);
void proved_free(struct proved *proved); /* NULL is fine */

/** Complete nodes side by side, of a level of an edition's tree, that the caller proved, or without which nothing is served. Low levels are not kept. */
void proved_put(struct proved *proved, store_tree tree, unsigned level, uint64_t index, const struct hash *hashes,
                size_t count);

/** A clause's tree, and the root that the caller holds as proved. */
struct proved_tree {
    store_tree tree;
    uint64_t size;
    const struct hash *root;
};

/**
 * Appends the clause record at `place`, read through `nodes`, to *record and sets its path to the root, of which what is not known is read, too. Checked:
 * DEPOSITARY_E_DAMAGED unless record and path lead to the root. What was proved by that is kept.
 */
MUST_USE int proved_clause(struct proved *proved, const struct proved_tree *tree, uint64_t place,
                           const struct nodes *nodes, struct buffer *record, struct merkle_path *out);

#endif
