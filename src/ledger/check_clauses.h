/* The quick check of editions: their bytes, not their rules. Used when a ledger is opened. */
#ifndef LEDGER_CHECK_CLAUSES_H
#define LEDGER_CHECK_CLAUSES_H

#include "ledger/ledger_private.h"

struct check_edition {
    uint64_t index;   /* of its record in the ledger */
    uint64_t clauses; /* as its record says, which was proved */
    struct hash clauses_root;
};

/**
 * Whether the clauses and nodes of these editions, which have at least one clause each, are what their roots say; by as many
 * threads as there are processors. DEPOSITARY_E_DAMAGED where not: which, and why, the thorough check says, and the ledger is not opened.
 * Nodes that were hashed go to `proved`, so that the first calls need not read them again.
 */
MUST_USE int check_clauses_quickly(struct store *store, struct proved *proved, const struct check_edition *editions,
                                   size_t count);

#endif
