/*
 * Rebuilds an edition from its clause records, one after another in order of place, and says whether they are what the
 * edition record names. PROTOCOL.md section 2. Pure. Memory grows with the number of clauses, not with their texts.
 */
#ifndef LEDGER_REBUILD_H
#define LEDGER_REBUILD_H

#include "base/sha256.h"
#include "ledger/eids.h"
#include "proof/record.h"

struct rebuild {
    const struct edition_record *edition; /* what is to come out; the caller's */
    struct merkle_edge edge;              /* its size is the next place */
    struct sha256 source;
    uint64_t source_length;
    struct eids eids;
};

void rebuild_init(struct rebuild *rebuild, const struct edition_record *edition);
void rebuild_free(struct rebuild *rebuild);
/**
 * Takes the record of the next place, whose leaf hash the caller computed; nodes go to sink (may be NULL). DEPOSITARY_E_RULE,
 * or DEPOSITARY_E_RECORD, with the reason but not the place; or the sink's error.
 */
MUST_USE int rebuild_clause(struct rebuild *rebuild, struct bytes record, const struct hash *leaf_hash,
                            merkle_node_sink *sink, void *context, struct fault *fault);
/** After the last: DEPOSITARY_E_RULE unless clauses, clauses-root, source-length and source-sha256 came out. */
MUST_USE int rebuild_finish(struct rebuild *rebuild, struct fault *fault);

#endif
