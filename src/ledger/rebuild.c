/* Rebuilds an edition from its clause records. PROTOCOL.md section 2. */
#include "ledger/rebuild.h"

#include <inttypes.h>
#include <string.h>

void rebuild_init(struct rebuild *rebuild, const struct edition_record *edition) {
    *rebuild = (struct rebuild){.edition = edition};
    merkle_edge_init(&rebuild->edge);
    sha256_begin(&rebuild->source);
}

void rebuild_free(struct rebuild *rebuild) {
    eids_free(&rebuild->eids);
}

int rebuild_clause(struct rebuild *rebuild, struct bytes record, const struct hash *leaf_hash, merkle_node_sink *sink,
                   void *context, struct fault *fault) {
    const struct edition_record *edition = rebuild->edition;
    if (rebuild->edge.size >= edition->clauses)
        return fault_set(fault, DEPOSITARY_E_RULE, "the edition has %" PRIu64 " clauses, and this is one more",
                         edition->clauses);
    struct clause_record clause;
    int error = clause_record_parse(&clause, record, fault);
    if (error)
        return error;
    if (!bytes_equal(clause.instrument, edition->instrument) || !bytes_equal(clause.language, edition->language))
        return fault_set(fault, DEPOSITARY_E_RULE, "the clause names another instrument or language than its edition");
    if (clause.text.len > edition->source_length - rebuild->source_length)
        return fault_set(fault, DEPOSITARY_E_RULE, "the clauses are longer than source-length");
    error = eids_add(&rebuild->eids, clause.eid, fault);
    if (error)
        return error;
    rebuild->source_length += clause.text.len;
    sha256_add(&rebuild->source, clause.text);
    return merkle_edge_append(&rebuild->edge, leaf_hash, sink, context);
}

int rebuild_finish(struct rebuild *rebuild, struct fault *fault) {
    const struct edition_record *edition = rebuild->edition;
    if (rebuild->edge.size != edition->clauses)
        return fault_set(fault, DEPOSITARY_E_RULE, "the edition has %" PRIu64 " clauses, %" PRIu64 " are there",
                         edition->clauses, rebuild->edge.size);
    struct hash root;
    merkle_edge_root(&root, &rebuild->edge);
    if (!hash_equal(&root, &edition->clauses_root))
        return fault_set(fault, DEPOSITARY_E_RULE, "the clauses do not rebuild clauses-root");
    if (rebuild->source_length != edition->source_length)
        return fault_set(fault, DEPOSITARY_E_RULE, "the clauses do not rebuild source-length");
    uint8_t digest[SHA256_LEN];
    sha256_end(&rebuild->source, digest);
    if (memcmp(digest, edition->source_sha256, sizeof digest) != 0)
        return fault_set(fault, DEPOSITARY_E_RULE, "the clauses do not rebuild source-sha256");
    return DEPOSITARY_OK;
}
