/*
 * Verification without a network: policies, checkpoints, Merkle proofs, certified copies. PROTOCOL.md sections 2, 3 and 8.
 * Link with depositary::verify, or with depositary::client, which has it too. Everything here is safe to call from many
 * threads on different objects. Call depositary_verify_init once before (it is sodium_init()).
 */
#ifndef DEPOSITARY_VERIFY_H
#define DEPOSITARY_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include <depositary/error.h>
#include <depositary/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The reason of a failure in words; give NULL where it is not wanted. */
typedef struct depositary_failure {
    int error;      /* depositary_error */
    char text[480]; /* what, where, what to do; ends in NUL */
} depositary_failure;

/** Readies the library. 0, or DEPOSITARY_E_STATE where the system has no source of randomness. Many times is fine. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_verify_init(void);

/** Whom a caller trusts: ledger keys, witnesses, quorum (C2SP tlog-policy). Immutable. */
typedef struct depositary_policy depositary_policy;

/** Parses a policy of text_len bytes. The caller frees *out. DEPOSITARY_E_POLICY with the line. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_policy_new(depositary_policy **out, const char *text, size_t text_len,
                                                             depositary_failure *failure);
/** The same from a file of at most 64 KiB. DEPOSITARY_E_PERMISSION: somebody else could have put it there, since others may write it, or a group
 * that is not its owner's own, or it belongs neither to this user, nor to root, nor to the owner of its folder. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_policy_load(depositary_policy **out, const char *path,
                                                              depositary_failure *failure);
/** Frees and clears the caller's pointer; NULL and pointer to NULL are fine. */
DEPOSITARY_API void depositary_policy_free(depositary_policy **policy);
/** The origin; lives as long as the policy. */
DEPOSITARY_API const char *depositary_policy_origin(const depositary_policy *policy);

/** A verified ledger state. */
typedef struct depositary_checkpoint {
    uint64_t size; /* entries */
    uint8_t root[32];
} depositary_checkpoint;

/** Verifies a checkpoint note under the policy: DEPOSITARY_E_CHECKPOINT_* or DEPOSITARY_E_QUORUM. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_checkpoint_verify(depositary_checkpoint *out,
                                                                    const depositary_policy *policy, const char *note,
                                                                    size_t note_len, depositary_failure *failure);

/** RFC 9162 section 2.1.1: H(0x00 || entry). */
DEPOSITARY_API void depositary_leaf_hash(uint8_t out[32], const void *entry, size_t entry_len);
/** RFC 9162 section 2.1.3.2. path holds path_count hashes of 32 bytes. DEPOSITARY_E_INCLUSION. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_inclusion_verify(const uint8_t leaf[32], uint64_t index,
                                                                   uint64_t size, const uint8_t *path,
                                                                   size_t path_count, const uint8_t root[32]);
/** RFC 9162 section 2.1.4.2. DEPOSITARY_E_CONSISTENCY. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_consistency_verify(uint64_t old_size, const uint8_t old_root[32],
                                                                     uint64_t new_size, const uint8_t new_root[32],
                                                                     const uint8_t *path, size_t path_count);

/** An edition of an instrument in one language, as its record says; absent values are "". Proven. */
typedef struct depositary_edition {
    const char *instrument;
    const char *language;
    uint32_t edition; /* 1, 2, 3 ... */
    const char *act;  /* deposit, rectification, amendment, withdrawal */
    const char *title;
    const char *date; /* YYYY-MM-DD */
    const char *place;
    const char *const *parties;
    size_t parties_count;
    const char *authenticity;   /* authentic, translation, not established */
    const char *translation_of; /* base64 leaf hash of the edition record that was translated */
    uint8_t source_sha256[32];
    uint64_t source_length; /* bytes */
    uint64_t clauses;
    uint8_t clauses_root[32];
    const char *deposited_at; /* RFC 3339, UTC */
    const char *remark;
    uint64_t index;     /* of the record in the ledger */
    const char *record; /* the record's bytes, NUL after them */
    size_t record_len;
    uint32_t latest_edition; /* number of the latest, as of the register; 0: not known (certified copies) */
    int is_latest;           /* 1, 0, or -1: not known */
} depositary_edition;

/** A run of bytes in a clause's text. */
typedef struct depositary_span {
    uint32_t offset;
    uint32_t length;
} depositary_span;

/** A paragraph or point inside a clause. Claimed. */
typedef struct depositary_provision {
    const char *eid;
    depositary_span number; /* length 0: none */
    depositary_span span;
} depositary_provision;

/** A clause. Proven down to `record_len`; claimed from `number` on. */
typedef struct depositary_clause {
    const depositary_edition *edition;
    const char *eid;
    uint64_t place;   /* among the edition's clauses, from 0 */
    const char *text; /* exact bytes, NUL after them */
    size_t text_len;
    const char *record; /* the clause record's bytes, NUL after them */
    size_t record_len;
    int kind; /* ClauseKind, by the eId */
    depositary_span number;
    depositary_span heading;
    const depositary_provision *provisions;
    size_t provisions_count;
} depositary_clause;

/** A certified copy that was verified; owns what it gives out. */
typedef struct depositary_copy depositary_copy;

/**
 * Verifies a certified copy: clause record, edition, ledger, checkpoint under the policy. No clock, no network. The caller frees
 * *out; nothing is set unless everything held. The error names what failed.
 */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_copy_verify(depositary_copy **out, const depositary_policy *policy,
                                                              const void *record, size_t record_len, const void *proof,
                                                              size_t proof_len, depositary_failure *failure);
DEPOSITARY_API void depositary_copy_free(depositary_copy **copy);
/** The proven clause, with its edition; lives as long as the copy. */
DEPOSITARY_API const depositary_clause *depositary_copy_clause(const depositary_copy *copy);
/** The ledger state that it was proved against. */
DEPOSITARY_API depositary_checkpoint depositary_copy_checkpoint(const depositary_copy *copy);
/**
 * For many copies: remembers which checkpoints and editions it proved under its policy, and proves none of them twice while the next copies carry the very
 * same bytes of them. Clause records and their paths are proved each time; failures are not remembered. Of the latest 64 editions and 8 checkpoints, at most
 * 1.2 MiB. One thread at a time; a verifier for each thread is cheap. Copies outlive it.
 */
typedef struct depositary_verifier depositary_verifier;
/** The policy is copied. The caller frees *out. */
DEPOSITARY_API DEPOSITARY_MUST_USE int
depositary_verifier_new(depositary_verifier **out, const depositary_policy *policy, depositary_failure *failure);
/** Frees and clears the caller's pointer; NULL and pointer to NULL are fine. */
DEPOSITARY_API void depositary_verifier_free(depositary_verifier **verifier);
/** depositary_copy_verify, with what the verifier remembers: the same checks, the same errors. out NULL: only checked, nothing is handed out. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_verifier_copy(depositary_copy **out, depositary_verifier *verifier,
                                                                const void *record, size_t record_len,
                                                                const void *proof, size_t proof_len,
                                                                depositary_failure *failure);

/** Verifies a copy as depositary_copy_verify does, and tells each step of its proof with every hash, a line each, for a person to follow by hand.
 * The caller frees *out with free(). */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_copy_explain(char **out, const depositary_policy *policy,
                                                               const void *record, size_t record_len, const void *proof,
                                                               size_t proof_len, depositary_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
