/* Nodes of stored trees, as merkle.h reads and writes them. */
#include "ledger/ledger_private.h"

#include <inttypes.h>

int must_be_there(int error, struct fault *fault) {
    if (error != DEPOSITARY_E_MISSING)
        return error;
    if (fault != NULL)
        fault->error = DEPOSITARY_E_DAMAGED; /* its words stand */
    return DEPOSITARY_E_DAMAGED;
}

int nodes_read(void *context, unsigned level, uint64_t index, struct hash *out) {
    const struct nodes *nodes = context;
    return must_be_there(nodes->ops->node(nodes->reader, nodes->tree, level, index, out, nodes->fault), nodes->fault);
}

int nodes_compare(void *context, unsigned level, uint64_t index, const struct hash *hash) {
    const struct nodes *nodes = context;
    struct hash stored;
    int error = nodes_read(context, level, index, &stored);
    if (error || hash_equal(&stored, hash))
        return error;
    if (nodes->tree == 0)
        return fault_set(nodes->fault, DEPOSITARY_E_DAMAGED, "node %u/%" PRIu64 " of the ledger is not its hash", level,
                         index);
    return fault_set(nodes->fault, DEPOSITARY_E_DAMAGED,
                     "node %u/%" PRIu64 " of the edition at entry %" PRIu64 " is not its hash", level, index,
                     nodes->tree - 1);
}

uint64_t nodes_count(uint64_t size) {
    /* A tree of size leaves is a row of complete trees, one for each bit of size; one of n leaves has n - 1 such nodes. */
    return size - (uint64_t)__builtin_popcountll(size);
}

void nodes_last_path(struct merkle_path *out, const struct merkle_edge *before) {
    out->count = 0;
    for (unsigned level = 0; level < LIMIT_PATH; level++) {
        if (before->size >> level & 1)
            out->hashes[out->count++] = before->peaks[level];
    }
}
