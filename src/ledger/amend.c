/* Signatures added to a checkpoint of before: what a key signs that takes over from another. PROTOCOL.md section 8. */
#include <inttypes.h>

#include "ledger/ledger_private.h"

/* The stored note of that very size must be the beginning of the new one: nothing is taken away, and the text stays. */
static int check_stored(struct ledger *ledger, uint64_t size, struct bytes note, struct fault *fault) {
    const struct store_ops *ops = ledger->store->ops;
    struct store_reader *reader;
    struct buffer stored;
    uint64_t found = 0;
    buffer_init(&stored, LIMIT_NOTE);
    int error = ops->read_begin(ledger->store, &reader, fault);
    if (error == 0)
        error = ops->checkpoint_from(reader, size, &stored, &found, fault);
    if (error == 0 && (found != size || !bytes_starts_with(note, buffer_bytes(&stored))))
        error = fault_set(fault, DEPOSITARY_E_CONFLICT, "the ledger has another checkpoint of size %" PRIu64, size);
    ops->read_end(ledger->store, reader);
    buffer_free(&stored);
    return error;
}

static int put(struct ledger *ledger, uint64_t size, struct bytes note, struct fault *fault) {
    const struct store_ops *ops = ledger->store->ops;
    uint64_t entries;
    int error = ops->begin(ledger->store, &entries, fault);
    if (error)
        return error;
    if (entries != ledger->state->size)
        error = fault_set(fault, DEPOSITARY_E_STATE, "another process has appended to this ledger");
    if (error == 0)
        error = ops->put_checkpoint(ledger->store, size, note, fault);
    if (error == 0)
        error = ops->commit(ledger->store, fault);
    if (error)
        ops->rollback(ledger->store);
    return error;
}

int ledger_amend_checkpoint(struct ledger *ledger, struct bytes note, struct fault *fault) {
    struct checkpoint checkpoint;
    bool has_quorum;
    pthread_mutex_lock(&ledger->write_lock);
    int error = policy_verify_signatures(&checkpoint, &has_quorum, ledger->policy, note, fault);
    if (error == 0 && checkpoint.size >= ledger->state->size)
        error = fault_set(fault, DEPOSITARY_E_ARGUMENT, "the checkpoint of size %" PRIu64 " is not one of before",
                          checkpoint.size);
    if (error == 0)
        error = check_stored(ledger, checkpoint.size, note, fault);
    if (error == 0)
        error = put(ledger, checkpoint.size, note, fault);
    pthread_mutex_unlock(&ledger->write_lock);
    return error;
}
