/* Whom a client trusts: C2SP tlog-policy (log, witness, group, quorum lines). PROTOCOL.md section 8. Pure. */
#ifndef PROOF_POLICY_H
#define PROOF_POLICY_H

#include "proof/note.h"

struct policy;

#define POLICY_TEXT_MAX 65536 /* bytes */
#define POLICY_KEYS_MAX 32    /* logs, and witnesses, and groups: what tlog-policy asks for */
#define POLICY_URL_MAX  255   /* bytes */

/** DEPOSITARY_E_POLICY with the line number. At least one log; all logs of one name, which is the origin; no key in two roles;
 * exactly one quorum. The caller frees *out. */
MUST_USE int policy_parse(struct policy **out, struct bytes text, struct fault *fault);
MUST_USE int policy_copy(struct policy **out, const struct policy *policy);
void policy_free(struct policy *policy);

struct bytes policy_origin(const struct policy *policy);
size_t policy_logs_count(const struct policy *policy);
const struct verifier_key *policy_log(const struct policy *policy, size_t index);
size_t policy_witnesses_count(const struct policy *policy);
const struct verifier_key *policy_witness(const struct policy *policy, size_t index);
/** URL of a witness, "" where the policy gives none. */
const char *policy_witness_url(const struct policy *policy, size_t index);
/** Whether a quorum of witnesses is asked for. */
bool policy_has_quorum(const struct policy *policy);
/** A copy that asks for none. */
MUST_USE int policy_copy_without_quorum(struct policy **out, const struct policy *policy);
/** Whether the key is a ledger's or a witness's here. */
bool policy_has_key(const struct policy *policy, const uint8_t public_key[PUBLIC_KEY_LEN]);

/**
 * Parses a checkpoint note and judges it: format, no duplicates, origin, a pinned key's signature, no known key with a wrong
 * one, the quorum. Order of checks as here; DEPOSITARY_E_CHECKPOINT_* or DEPOSITARY_E_QUORUM. *out holds views into note.
 */
MUST_USE int policy_verify_checkpoint(struct checkpoint *out, const struct policy *policy, struct bytes note,
                                      struct fault *fault);

/** The same but for the quorum: *has_quorum says whether it is met. For who gathers cosignatures, and must hold what lacks some. */
MUST_USE int policy_verify_signatures(struct checkpoint *out, bool *has_quorum, const struct policy *policy,
                                      struct bytes note, struct fault *fault);

/** Appends `into` with those signature lines of `from` that it lacks and that verify as a witness's of the policy, as far as a
 * note has room. The server's merging of cosignatures. DEPOSITARY_E_NOTE or DEPOSITARY_E_CHECKPOINT_DUPLICATE for what is no
 * note, DEPOSITARY_E_CONFLICT where the two have not the same text. */
MUST_USE int policy_merge_cosignatures(struct buffer *out, const struct policy *policy, struct bytes into,
                                       struct bytes from);

#endif
