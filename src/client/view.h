/*
 * How proven records become what the public API hands out. Shared by the offline library (verify.c) and the client. The records
 * were proved before; nothing here proves anything. Needs proof/, and text/ for what is claimed of a clause.
 */
#ifndef CLIENT_VIEW_H
#define CLIENT_VIEW_H

#include "base/arena.h"
#include "depositary/verify.h"
#include "proof/policy.h"

/** The public type of a policy. */
struct depositary_policy {
    struct policy *policy;
    char origin[LIMIT_ORIGIN + 1];
};

/**
 * Fills *out from an edition record, its bytes and what they were parsed to; every string is a copy in the arena, with a NUL. index is the record's in the
 * ledger. The latest edition is set to "not known". DEPOSITARY_E_MEMORY at the arena's cap.
 */
MUST_USE int view_edition(depositary_edition *out, struct arena *arena, const struct edition_record *edition,
                          struct bytes record, uint64_t index);

/**
 * Fills *out from a clause record in the same way; what is claimed of its inside stays empty. *edition, which the clause lies in at place, is pointed at and
 * must live as long.
 */
MUST_USE int view_clause(depositary_clause *out, struct arena *arena, const struct clause_record *clause,
                         struct bytes record, uint64_t place, const depositary_edition *edition);

/** Sets what is claimed of the clause's inside to what text/structure.h reads out of its text. Errors as above. */
MUST_USE int view_structure(depositary_clause *out, struct arena *arena);

/** Copies the reason of a failure to the caller's struct (which may be NULL), and returns error. 0: clears it. */
int view_failure(depositary_failure *out, int error, const struct fault *fault);

#endif
