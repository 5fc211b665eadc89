/* Checkpoints that held under a policy, known again by all their bytes (memo.h). PROTOCOL.md section 2. Pure; one thread at a time. */
#ifndef PROOF_KNOWN_H
#define PROOF_KNOWN_H

#include "proof/memo.h"
#include "proof/policy.h"

/** Invariant: whatever is in it held under `policy`. All zero is fine to free. */
struct known_notes {
    const struct policy *policy;
    struct memo notes;
};

/** Keeps the latest eight. policy is not copied. */
MUST_USE int known_notes_init(struct known_notes *known, const struct policy *policy);
void known_notes_free(struct known_notes *known);

/** What was read from the note when it held. False, and nothing set, where it is not known. */
bool known_notes_find(const struct known_notes *known, struct checkpoint *out, struct bytes note);
/** checkpoint: read from the note, which held. */
void known_notes_keep(struct known_notes *known, struct bytes note, const struct checkpoint *checkpoint);

#endif
