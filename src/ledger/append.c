/* AppendEntries: what a signed checkpoint may do to the ledger. PROTOCOL.md section 2, "Appending". */
#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "ledger/ledger_private.h"

static int conflict(struct fault *fault, const char *why) {
    return fault_set(fault, DEPOSITARY_E_CONFLICT, "%s", why);
}

/* ---- an append that is contained already */

/* Whether the records are the last before size. */
static int compare_records(struct ledger *ledger, struct store_reader *reader, const struct bytes *records,
                           size_t count, uint64_t size, struct fault *fault) {
    struct buffer stored;
    struct hash leaf_hash;
    int error = DEPOSITARY_OK;
    buffer_init(&stored, LIMIT_ENTRY);
    for (size_t i = 0; error == 0 && i < count; i++) {
        buffer_clear(&stored);
        error = ledger->store->ops->entry(reader, size - count + i, &stored, &leaf_hash, fault);
        if (error == 0 && !bytes_equal(buffer_bytes(&stored), records[i]))
            error = conflict(fault, "the ledger has other entries before that size");
    }
    buffer_free(&stored);
    return must_be_there(error, fault);
}

static int contained(struct ledger *ledger, const struct bytes *records, size_t count,
                     const struct checkpoint *checkpoint, struct fault *fault) {
    const struct store_ops *ops = ledger->store->ops;
    struct store_reader *reader;
    struct hash root;
    if (count > checkpoint->size)
        return conflict(fault, "there are more records than the checkpoint has entries");
    int error = ops->read_begin(ledger->store, &reader, fault);
    if (error)
        return error;
    struct nodes nodes = {ops, reader, 0, fault};
    error = merkle_stored_root(&root, checkpoint->size, nodes_read, &nodes);
    if (error == 0 && !hash_equal(&root, &checkpoint->root))
        error = conflict(fault, "the ledger had another root at that size: a fork");
    if (error == 0)
        error = compare_records(ledger, reader, records, count, checkpoint->size, fault);
    ops->read_end(ledger->store, reader);
    return error;
}

/* ---- cosignatures for the current checkpoint */

static int store_checkpoint(struct ledger *ledger, struct bytes note, struct fault *fault) {
    const struct store_ops *ops = ledger->store->ops;
    const struct ledger_state *state = ledger->state;
    uint64_t entries;
    int error = ops->begin(ledger->store, &entries, fault);
    if (error)
        return error;
    if (entries != state->size)
        error = fault_set(fault, DEPOSITARY_E_STATE, "another process has appended to this ledger");
    if (error == 0)
        error = ops->put_checkpoint(ledger->store, state->size, note, fault);
    if (error == 0)
        error = ops->commit(ledger->store, fault);
    if (error)
        ops->rollback(ledger->store);
    return error;
}

/* The current state, with another note for the same checkpoint. */
static int state_with_note(struct ledger_state **out, const struct ledger_state *state, struct bytes note) {
    struct state_parts parts = {.size = state->size,
                                .root = state->root,
                                .checkpoint = note,
                                .register_record = state->register_record,
                                .register_path = state->register_path};
    int error = register_lines_copy(&parts.lines, state->lines);
    if (error)
        return error;
    error = state_new(out, &parts);
    if (error)
        register_lines_free(parts.lines);
    return error;
}

/* What was followed is in the database already. */
static int merge(struct ledger *ledger, struct bytes note, bool is_followed, struct fault *fault) {
    struct buffer merged;
    struct ledger_state *state = NULL;
    buffer_init(&merged, LIMIT_NOTE);
    int error = policy_merge_cosignatures(&merged, ledger->policy, ledger->state->checkpoint, note);
    if (error == 0)
        error = merged.error;
    if (error == 0 && merged.len > ledger->state->checkpoint.len) {
        error = state_with_note(&state, ledger->state, buffer_bytes(&merged));
        if (error == 0 && ledger->shared != NULL && !is_followed)
            error = sharing_amend(ledger, buffer_bytes(&merged), fault);
        if (error == 0)
            error = store_checkpoint(ledger, buffer_bytes(&merged), fault);
        if (error == 0)
            state_publish(ledger, state);
        else
            ledger_state_release(state);
    }
    buffer_free(&merged);
    /* A note that has no room for more is good as it is. */
    return error == DEPOSITARY_E_LIMIT ? DEPOSITARY_OK : error;
}

/* ---- an append that extends */

/* Makes it the pending append, unless it is that already: the same size and root are the same entries. */
static int await(struct ledger *ledger, const struct offer *offer, struct fault *fault) {
    struct pending *pending = ledger->pending;
    if (pending != NULL && pending->first + pending->count == offer->checkpoint.size &&
        pending->count == offer->count && pending->is_followed == offer->is_followed &&
        hash_equal(&pending->root, &offer->checkpoint.root)) {
        buffer_clear(&pending->note);
        buffer_append(&pending->note, offer->note);
        pending->touched_s = offer->now_s;
        return pending->note.error;
    }
    struct pending *fresh;
    int error = pending_new(&fresh, ledger, offer, fault);
    if (error)
        return error;
    pending_drop(ledger);
    ledger->pending = fresh;
    return DEPOSITARY_OK;
}

/* Whether the current checkpoint is one that clients accept. Then none follows that they would not: they are better served by the one
 * before. An empty ledger, or one of before the witnesses' time, may be filled through checkpoints that lack cosignatures. */
static bool has_quorum_now(const struct ledger *ledger) {
    struct checkpoint checkpoint;
    return ledger->state->size > 0 &&
           policy_verify_checkpoint(&checkpoint, ledger->policy, ledger->state->checkpoint, NULL) == 0;
}

/* Judges an offer that goes past the current size, and makes it the pending append. */
static int extend(struct ledger *ledger, const struct offer *offer, bool has_quorum, struct fault *fault) {
    if (!has_quorum && has_quorum_now(ledger))
        return fault_set(fault, DEPOSITARY_E_QUORUM,
                         "too few of the policy's witnesses cosigned the checkpoint, and the current one has enough");
    if (offer->checkpoint.size - ledger->state->size == offer->count)
        return await(ledger, offer, fault);
    /* Where others append as well, the entries between may be theirs. */
    return ledger->shared != NULL && offer->checkpoint.size - ledger->state->size > offer->count
               ? fault_set(fault, DEPOSITARY_E_STATE, "another service has appended to this ledger")
               : conflict(fault, "current size plus new entries is not the checkpoint's size");
}

static int append_locked(struct ledger *ledger, struct offer *offer, struct append_result *result,
                         struct fault *fault) {
    /* The signature is the authority: before it holds, nothing else is looked at. */
    const struct checkpoint *checkpoint = &offer->checkpoint;
    bool has_quorum = false;
    int error = policy_verify_signatures(&offer->checkpoint, &has_quorum, ledger->policy, offer->note, fault);
    if (error)
        return error;

    pending_expire(ledger, offer->now_s);
    uint64_t size = ledger->state->size;
    if (checkpoint->size <= size) {
        error = contained(ledger, offer->records, offer->count, checkpoint, fault);
        if (error == 0 && !offer->is_followed)
            error = sharing_confirm(ledger, checkpoint->size, fault);
        if (error == 0 && checkpoint->size == size && size > 0)
            error = merge(ledger, offer->note, offer->is_followed, fault);
        result->size = checkpoint->size;
        return error;
    }
    error = extend(ledger, offer, has_quorum, fault);
    if (error)
        return error;
    error = pending_missing(ledger, result, fault);
    if (error == DEPOSITARY_E_CLAUSES_MISSING && pending_is_shared(ledger)) {
        int kept = sharing_offer(ledger, fault);
        return kept ? kept : error;
    }
    if (error == 0)
        error = pending_commit(ledger, fault);
    if (error == 0)
        result->size = checkpoint->size;
    return error;
}

/* ---- an append that waits in the database */

/* Its records. */
struct kept {
    struct buffer data;
    struct bytes *records;
    size_t *lengths;
    size_t count;
};

/* A shared_record_sink. */
static int kept_record(void *context, struct bytes record) {
    struct kept *kept = context;
    size_t *lengths = reallocarray(kept->lengths, kept->count + 1, sizeof *lengths);
    if (lengths == NULL)
        return DEPOSITARY_E_MEMORY;
    kept->lengths = lengths;
    kept->lengths[kept->count++] = record.len;
    buffer_append(&kept->data, record);
    return kept->data.error;
}

/* The records where they lie together now. */
static int kept_records(struct kept *kept) {
    size_t at = 0;
    kept->records = calloc(kept->count == 0 ? 1 : kept->count, sizeof *kept->records);
    if (kept->records == NULL)
        return DEPOSITARY_E_MEMORY;
    for (size_t i = 0; i < kept->count; i++) {
        kept->records[i] = bytes_slice(buffer_bytes(&kept->data), at, kept->lengths[i]);
        at += kept->lengths[i];
    }
    return DEPOSITARY_OK;
}

/* As append_locked does, with an offer of which only the database says that it was made. */
static int adopt(struct ledger *ledger, struct offer *offer, struct fault *fault) {
    bool has_quorum = false;
    int error = policy_verify_signatures(&offer->checkpoint, &has_quorum, ledger->policy, offer->note, fault);
    if (error)
        return error;
    return offer->checkpoint.size <= ledger->state->size
               ? fault_set(fault, DEPOSITARY_E_STATE, "no pending append has that edition")
               : extend(ledger, offer, has_quorum, fault);
}

int append_adopt(struct ledger *ledger, const struct hash *edition, int64_t now_s, struct fault *fault) {
    struct shared *shared = ledger->shared;
    struct kept kept = {0};
    struct buffer note;
    buffer_init(&kept.data, LIMIT_REQUEST_APPEND);
    buffer_init(&note, LIMIT_NOTE);
    int error = shared->ops->find_offer(shared, edition, &note, kept_record, &kept, fault);
    if (error == DEPOSITARY_E_MISSING)
        error = fault_set(fault, DEPOSITARY_E_STATE, "no pending append has that edition");
    error = error ? error : kept_records(&kept);
    if (error == 0) {
        struct offer offer = {
            .records = kept.records, .count = kept.count, .note = buffer_bytes(&note), .now_s = now_s};
        error = adopt(ledger, &offer, fault);
    }
    if (error && error != DEPOSITARY_E_STATE && !sharing_is_trouble(error))
        error = fault_set(fault, DEPOSITARY_E_STATE,
                          "the append that the database keeps is not what was signed; send AppendEntries again");
    free(kept.records);
    free(kept.lengths);
    buffer_free(&kept.data);
    buffer_free(&note);
    return error;
}

/* ---- from outside */

static int take_offer(struct ledger *ledger, struct offer *offer, struct append_result *result, struct fault *fault) {
    result->size = 0;
    result->missing_count = 0;
    if (offer->note.len > LIMIT_NOTE)
        return fault_set(fault, DEPOSITARY_E_CHECKPOINT_FORMAT, "the checkpoint is longer than %u bytes", LIMIT_NOTE);
    pthread_mutex_lock(&ledger->write_lock);
    int error = append_locked(ledger, offer, result, fault);
    pthread_mutex_unlock(&ledger->write_lock);
    return error;
}

int ledger_append(struct ledger *ledger, const struct bytes *records, size_t count, struct bytes checkpoint,
                  int64_t now_s, struct append_result *result, struct fault *fault) {
    struct offer offer = {.records = records, .count = count, .note = checkpoint, .now_s = now_s};
    return take_offer(ledger, &offer, result, fault);
}

int ledger_follow(struct ledger *ledger, const struct bytes *records, size_t count, struct bytes checkpoint,
                  int64_t now_s, struct append_result *result, struct fault *fault) {
    struct offer offer = {.records = records, .count = count, .note = checkpoint, .now_s = now_s, .is_followed = true};
    return take_offer(ledger, &offer, result, fault);
}

void ledger_unfollow(struct ledger *ledger) {
    pthread_mutex_lock(&ledger->write_lock);
    if (ledger->pending != NULL && ledger->pending->is_followed)
        pending_drop(ledger);
    pthread_mutex_unlock(&ledger->write_lock);
}

int ledger_preview(struct ledger *ledger, const struct bytes *records, size_t count, uint64_t *out_size,
                   struct hash *out_root) {
    pthread_mutex_lock(&ledger->write_lock);
    struct merkle_edge edge = ledger->edge;
    pthread_mutex_unlock(&ledger->write_lock);
    for (size_t i = 0; i < count; i++) {
        struct hash leaf;
        merkle_leaf_hash(&leaf, records[i]);
        int error = merkle_edge_append(&edge, &leaf, NULL, NULL);
        if (error)
            return error;
    }
    *out_size = edge.size;
    merkle_edge_root(out_root, &edge);
    return DEPOSITARY_OK;
}
