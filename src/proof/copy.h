/*
 * Certified copies: a clause record, and a .proof file that leads from it to a checkpoint. PROTOCOL.md section 3; C2SP
 * tlog-proof. Pure.
 */
#ifndef PROOF_COPY_H
#define PROOF_COPY_H

#include "proof/note.h"
#include "proof/policy.h"

/** What a .proof file holds. Views, but for the paths. */
struct copy_proof {
    uint64_t place;
    struct merkle_path clause_path; /* clause record to clauses-root */
    struct bytes edition_record;
    uint64_t index;                 /* of the edition record in the ledger */
    struct merkle_path ledger_path; /* edition record to the checkpoint's root */
    struct bytes checkpoint;        /* the note, to the end of the file */
};

/** DEPOSITARY_E_COPY_FORMAT with the line; anything but the one spelling is refused. */
MUST_USE int copy_proof_parse(struct copy_proof *out, struct bytes file, struct fault *fault);
/** Appends the file. DEPOSITARY_E_COPY_FORMAT, and nothing appended, where it could not be read again as it is. */
MUST_USE int copy_proof_print(struct buffer *out, const struct copy_proof *proof);

/** What was proved. Views into record and proof. */
struct copy_verified {
    struct clause_record clause;
    struct edition_record edition;
    struct bytes edition_record; /* the bytes of it */
    struct checkpoint checkpoint;
    uint64_t place;
    uint64_t index;
};

/**
 * The whole check, offline, in this order: the proof's format (DEPOSITARY_E_COPY_FORMAT), the checkpoint under the policy
 * (_CHECKPOINT_*, _QUORUM), the edition record and its place in the ledger (_EDITION_RECORD, _EDITION_PROOF), the clause record, its
 * instrument and language, and its place in the edition (_CLAUSE_RECORD, _INSTRUMENT_MISMATCH, _LANGUAGE_MISMATCH, _CLAUSE_PROOF).
 */
MUST_USE int copy_verify(struct copy_verified *out, const struct policy *policy, struct bytes record,
                         struct bytes proof, struct fault *fault);

/**
 * For many copies, which mostly share editions and checkpoints: what was proved of one is known again in the next by its bytes, all of them, and is proved
 * once. Every clause record and its path are proved each time. At most 64 editions and 8 checkpoints are held, 1.2 MiB. One thread at a time.
 */
struct copy_memory;
/** policy is not copied, and must live as long. */
MUST_USE int copy_memory_new(struct copy_memory **out, const struct policy *policy);
void copy_memory_free(struct copy_memory *memory); /* NULL is fine */
/** copy_verify under the memory's policy: the same checks in the same order with the same errors. */
MUST_USE int copy_verify_next(struct copy_verified *out, struct copy_memory *memory, struct bytes record,
                              struct bytes proof, struct fault *fault);

/** "<instrument>.<language>.<edition>.<eId>" with a NUL. */
#define COPY_NAME_MAX (LIMIT_INSTRUMENT + LIMIT_LANGUAGE + LIMIT_EID + 16)
void copy_name(char out[COPY_NAME_MAX], const struct clause_record *clause, uint32_t edition);

#endif
