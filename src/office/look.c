/*
 * Looking at the server before signing and before sending. The office learns nothing from it but one thing: that it holds a checkpoint
 * under our key that our copy lacks, which stops everything. PROTOCOL.md section 2.
 */
#include "office/room.h"

#include <inttypes.h>

static int fork_found(const struct checkpoint *shown, uint64_t ours, struct fault *fault) {
    return fault_set(fault, DEPOSITARY_E_FORK,
                     "the server shows a checkpoint of %" PRIu64
                     " entries, signed with a key of this ledger, that this office's copy of %" PRIu64
                     " entries lacks: the office was restored from an old back-up, or its key signs elsewhere. "
                     "Nothing is signed or sent",
                     shown->size, ours);
}

static int compare(struct office *office, const struct checkpoint *shown, struct fault *fault) {
    struct hash root;
    const struct ledger_state *state = ledger_state_take(office->ledger);
    uint64_t ours = state->size;
    ledger_state_release(state);
    if (shown->size > ours) {
        return fork_found(shown, ours, fault);
    }
    int error = ledger_root_at(office->ledger, shown->size, &root);
    if (error) {
        return fault_set(fault, error, "cannot read the office's own ledger at size %" PRIu64, shown->size);
    }
    return hash_equal(&root, &shown->root) ? 0 : fork_found(shown, ours, fault);
}

int look_at_server(struct office *office, const struct office_link *link, uint64_t *held, struct buffer *shown,
                   struct fault *fault) {
    struct checkpoint checkpoint;
    bool has_quorum;
    struct buffer note;
    buffer_init(&note, LIMIT_NOTE);
    uint64_t size = 0;
    int error = link->checkpoint(link->context, &note, fault);
    if (error == DEPOSITARY_E_MISSING) { /* an empty ledger over there */
        error = 0;
    } else if (!error) {
        int unverified = policy_verify_signatures(&checkpoint, &has_quorum, office->policy, buffer_bytes(&note), NULL);
        if (unverified == DEPOSITARY_E_MEMORY) {
            error = fault_set(fault, unverified, "no memory to verify a checkpoint");
        } else if (!unverified) { /* anything else is nobody's word: it is passed over */
            error = compare(office, &checkpoint, fault);
            size = checkpoint.size;
        }
    }
    if (!error && shown && size > 0) {
        buffer_append(shown, buffer_bytes(&note));
        error = shown->error;
    }
    if (!error) {
        *held = size;
    }
    buffer_free(&note);
    return error;
}

int office_look(struct office *office, const struct office_link *link, uint64_t *held, struct fault *fault) {
    return look_at_server(office, link, held, NULL, fault);
}
