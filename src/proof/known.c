/* Checkpoints known again (known.h). */
#include "proof/known.h"

#define NOTES_MAX 8u

struct known_note {
    uint64_t size;
    struct hash root;
};

int known_notes_init(struct known_notes *known, const struct policy *policy) {
    known->policy = policy;
    return memo_init(&known->notes, NOTES_MAX, LIMIT_NOTE, sizeof(struct known_note));
}

void known_notes_free(struct known_notes *known) {
    memo_free(&known->notes);
}

bool known_notes_find(const struct known_notes *known, struct checkpoint *out, struct bytes note) {
    const struct known_note *found = memo_find(&known->notes, note);

    if (found)
        *out = (struct checkpoint){.origin = policy_origin(known->policy), .size = found->size, .root = found->root};
    return found != NULL;
}

void known_notes_keep(struct known_notes *known, struct bytes note, const struct checkpoint *checkpoint) {
    if (!memo_find(&known->notes, note)) /* another thread may have been faster */
        memo_keep(&known->notes, note, &(struct known_note){.size = checkpoint->size, .root = checkpoint->root});
}
