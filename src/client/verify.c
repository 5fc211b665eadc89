/*
 * The public API of verification without a network, over proof/: policies, checkpoints, proofs, certified copies.
 * PROTOCOL.md sections 2, 3 and 8. No clock, no global state.
 */
#include "depositary/verify.h"

#include "base/file.h"
#include "client/steps.h"
#include "client/view.h"
#include "proof/copy.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define EXPLANATION_MAX (1024u * 1024) /* bytes */
#define COPY_MEMORY_MAX                                                                                                \
    (8u * 1024 * 1024) /* bytes: two records of 1 MiB and 64 KiB, and the names of 10,000 provisions */

int depositary_verify_init(void) {
    return sodium_init() >= 0 ? 0 : DEPOSITARY_E_STATE;
}

/* ---- policies */

int depositary_policy_new(depositary_policy **out, const char *text, size_t text_len, depositary_failure *failure) {
    struct fault fault = {.error = 0};
    depositary_policy *policy = calloc(1, sizeof(*policy));
    int error = DEPOSITARY_E_MEMORY;

    if (policy)
        error = policy_parse(&policy->policy, bytes_of(text, text_len), &fault);
    if (error) {
        free(policy);
        return view_failure(failure, error, &fault);
    }
    const struct bytes origin = policy_origin(policy->policy);
    memcpy(policy->origin, origin.data, origin.len); /* an origin has at most LIMIT_ORIGIN bytes */
    *out = policy;
    return view_failure(failure, 0, &fault);
}

int depositary_policy_load(depositary_policy **out, const char *path, depositary_failure *failure) {
    struct fault fault = {.error = 0};
    struct buffer text;

    buffer_init(&text, POLICY_TEXT_MAX);
    int error = file_read_trusted(&text, path, &fault);
    if (error)
        error = view_failure(failure, error, &fault);
    else
        error = depositary_policy_new(out, (const char *)text.data, text.len, failure);
    buffer_free(&text);
    return error;
}

void depositary_policy_free(depositary_policy **policy) {
    if (!policy || !*policy)
        return;
    policy_free((*policy)->policy);
    free(*policy);
    *policy = NULL;
}

const char *depositary_policy_origin(const depositary_policy *policy) {
    return policy->origin;
}

/* ---- checkpoints and proofs */

static depositary_checkpoint public_checkpoint(const struct checkpoint *checkpoint) {
    depositary_checkpoint out = {.size = checkpoint->size};

    memcpy(out.root, checkpoint->root.bytes, HASH_LEN);
    return out;
}

int depositary_checkpoint_verify(depositary_checkpoint *out, const depositary_policy *policy, const char *note,
                                 size_t note_len, depositary_failure *failure) {
    struct fault fault = {.error = 0};
    struct checkpoint checkpoint;
    const int error = policy_verify_checkpoint(&checkpoint, policy->policy, bytes_of(note, note_len), &fault);

    if (!error)
        *out = public_checkpoint(&checkpoint);
    return view_failure(failure, error, &fault);
}

void depositary_leaf_hash(uint8_t out[32], const void *entry, size_t entry_len) {
    struct hash hash;

    merkle_leaf_hash(&hash, bytes_of(entry, entry_len));
    memcpy(out, hash.bytes, HASH_LEN);
}

static bool path_read(struct merkle_path *out, const uint8_t *path, size_t count) {
    if (count > LIMIT_PATH)
        return false;
    out->count = count;
    for (size_t i = 0; i < count; i++)
        memcpy(out->hashes[i].bytes, path + i * HASH_LEN, HASH_LEN);
    return true;
}

static struct hash hash_read(const uint8_t bytes[HASH_LEN]) {
    struct hash hash;

    memcpy(hash.bytes, bytes, HASH_LEN);
    return hash;
}

int depositary_inclusion_verify(const uint8_t leaf[32], uint64_t index, uint64_t size, const uint8_t *path,
                                size_t path_count, const uint8_t root[32]) {
    const struct hash leaf_hash = hash_read(leaf), root_hash = hash_read(root);
    struct merkle_path proof;

    if (!path_read(&proof, path, path_count))
        return DEPOSITARY_E_INCLUSION;
    return merkle_inclusion_check(&leaf_hash, index, size, &proof, &root_hash);
}

int depositary_consistency_verify(uint64_t old_size, const uint8_t old_root[32], uint64_t new_size,
                                  const uint8_t new_root[32], const uint8_t *path, size_t path_count) {
    const struct hash old_hash = hash_read(old_root), new_hash = hash_read(new_root);
    struct merkle_path proof;

    if (!path_read(&proof, path, path_count))
        return DEPOSITARY_E_CONSISTENCY;
    return merkle_consistency_check(old_size, &old_hash, new_size, &new_hash, &proof);
}

/* ---- certified copies */

struct depositary_copy {
    struct arena arena; /* what edition and clause point at */
    depositary_edition edition;
    depositary_clause clause;
    depositary_checkpoint checkpoint;
};

/* Keeps what was proved. */
static int keep(struct depositary_copy *copy, const struct copy_verified *verified, struct bytes record) {
    int error =
        view_edition(&copy->edition, &copy->arena, &verified->edition, verified->edition_record, verified->index);

    if (!error)
        error = view_clause(&copy->clause, &copy->arena, &verified->clause, record, verified->place, &copy->edition);
    if (!error)
        error = view_structure(&copy->clause, &copy->arena);
    copy->checkpoint = public_checkpoint(&verified->checkpoint);
    return error;
}

/* A copy of what was verified. */
static int make_copy(depositary_copy **out, const struct copy_verified *verified, struct bytes record) {
    depositary_copy *copy = calloc(1, sizeof(*copy));

    if (!copy)
        return DEPOSITARY_E_MEMORY;
    arena_init(&copy->arena, COPY_MEMORY_MAX);
    const int error = keep(copy, verified, record);
    if (error)
        depositary_copy_free(&copy);
    else
        *out = copy;
    return error;
}

int depositary_copy_verify(depositary_copy **out, const depositary_policy *policy, const void *record,
                           size_t record_len, const void *proof, size_t proof_len, depositary_failure *failure) {
    const struct bytes record_bytes = bytes_of(record, record_len);
    struct fault fault = {.error = 0};
    struct copy_verified verified;
    int error = copy_verify(&verified, policy->policy, record_bytes, bytes_of(proof, proof_len), &fault);

    if (!error)
        error = make_copy(out, &verified, record_bytes);
    return view_failure(failure, error, &fault);
}

struct depositary_verifier {
    struct policy *policy;
    struct copy_memory *memory;
};

int depositary_verifier_new(depositary_verifier **out, const depositary_policy *policy, depositary_failure *failure) {
    const struct fault none = {.error = 0};
    depositary_verifier *verifier = calloc(1, sizeof(*verifier));
    int error = verifier ? policy_copy(&verifier->policy, policy->policy) : DEPOSITARY_E_MEMORY;

    if (!error)
        error = copy_memory_new(&verifier->memory, verifier->policy);
    if (error)
        depositary_verifier_free(&verifier);
    else
        *out = verifier;
    return view_failure(failure, error, &none);
}

void depositary_verifier_free(depositary_verifier **verifier) {
    if (!verifier || !*verifier)
        return;
    copy_memory_free((*verifier)->memory);
    policy_free((*verifier)->policy);
    free(*verifier);
    *verifier = NULL;
}

int depositary_verifier_copy(depositary_copy **out, depositary_verifier *verifier, const void *record,
                             size_t record_len, const void *proof, size_t proof_len, depositary_failure *failure) {
    const struct bytes record_bytes = bytes_of(record, record_len);
    struct fault fault = {.error = 0};
    struct copy_verified verified;
    int error = copy_verify_next(&verified, verifier->memory, record_bytes, bytes_of(proof, proof_len), &fault);

    if (!error && out)
        error = make_copy(out, &verified, record_bytes);
    return view_failure(failure, error, &fault);
}

int depositary_copy_explain(char **out, const depositary_policy *policy, const void *record, size_t record_len,
                            const void *proof, size_t proof_len, depositary_failure *failure) {
    const struct bytes record_bytes = bytes_of(record, record_len), proof_bytes = bytes_of(proof, proof_len);
    struct fault fault = {.error = 0};
    struct copy_verified verified;
    struct copy_proof parts;
    struct buffer text;
    int error = copy_verify(&verified, policy->policy, record_bytes, proof_bytes, &fault);

    if (!error)
        error = copy_proof_parse(&parts, proof_bytes, &fault);
    if (error)
        return view_failure(failure, error, &fault);
    buffer_init(&text, EXPLANATION_MAX);
    steps_clause(&text, record_bytes, &verified.clause, verified.place, &parts.clause_path, &verified.edition);
    steps_edition(&text, verified.edition_record, &verified.edition, verified.index, &parts.ledger_path,
                  &verified.checkpoint);
    buffer_append_text(&text, "checkpoint, verified under the policy:\n");
    steps_checkpoint(&text, parts.checkpoint);
    char *taken = buffer_take_text(&text);
    buffer_free(&text); /* where it could not be taken */
    if (!taken)
        return view_failure(failure, DEPOSITARY_E_MEMORY, &fault);
    *out = taken;
    return view_failure(failure, 0, &fault);
}

void depositary_copy_free(depositary_copy **copy) {
    if (!copy || !*copy)
        return;
    arena_free(&(*copy)->arena);
    free(*copy);
    *copy = NULL;
}

const depositary_clause *depositary_copy_clause(const depositary_copy *copy) {
    return &copy->clause;
}

depositary_checkpoint depositary_copy_checkpoint(const depositary_copy *copy) {
    return copy->checkpoint;
}
