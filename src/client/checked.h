/*
 * Signatures that held, known again by all their bytes: a seal that comes with every answer of a batch, and the checkpoint of a ledger, cost one verification
 * each. Failures are not kept. For many threads; two that meet the same signature at once may both check it.
 */
#ifndef CLIENT_CHECKED_H
#define CLIENT_CHECKED_H

#include "proof/policy.h"
#include "proof/seal.h"

struct checked;

/** policy is not copied. Holds the latest 256 seal heads and 8 checkpoints, half a MiB at most. */
MUST_USE int checked_new(struct checked **out, const struct policy *policy);
void checked_free(struct checked *checked); /* NULL is fine */

/** seal_check: the same checks in the same order with the same errors. */
MUST_USE int checked_seal(struct checked *checked, struct seal_head *out, const struct seal *seal,
                          const struct hash *request_sha256, const struct hash *answer_sha256);
/** policy_verify_checkpoint. */
MUST_USE int checked_checkpoint(struct checked *checked, struct checkpoint *out, struct bytes note,
                                struct fault *fault);

#endif
