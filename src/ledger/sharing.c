/*
 * A ledger to which others append as well (shared.h): beginning an append in the database, and keeping there what waits. PROTOCOL.md
 * section 2, "Appending". A database that has lost entries (a standby that lagged, an old backup) is given back what this ledger has:
 * all of it is signed.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "ledger/ledger_private.h"
#include "ledger/rebuild.h"

#define BATCH_ITEMS 512u
#define BATCH_BYTES (2u * 1024 * 1024)

/* ---- what the database lacks */

struct batch {
    struct ledger *ledger;
    uint64_t first; /* index, or place, of the first item */
    uint64_t edition_index;
    struct buffer data;
    size_t lengths[BATCH_ITEMS];
    size_t count;
    struct rebuild rebuild; /* of the edition at hand */
    struct fault *fault;
};

static int put_batch_of_clauses(struct batch *batch) {
    struct shared *shared = batch->ledger->shared;
    struct placed_clause clauses[BATCH_ITEMS];
    size_t at = 0;
    for (size_t i = 0; i < batch->count; i++) {
        clauses[i] = (struct placed_clause){.place = batch->first + i,
                                            .record = bytes_slice(buffer_bytes(&batch->data), at, batch->lengths[i])};
        at += batch->lengths[i];
    }
    int error = shared->ops->put_clauses(shared, batch->edition_index, clauses, batch->count, batch->fault);
    batch->first += batch->count;
    batch->count = 0;
    buffer_clear(&batch->data);
    return error;
}

static bool is_full(const struct batch *batch) {
    return batch->count == BATCH_ITEMS || batch->data.len >= BATCH_BYTES;
}

/* A store_clause_sink. */
static int give_clause(void *context, uint64_t place, struct bytes record, const struct hash *leaf_hash) {
    struct batch *batch = context;
    struct hash computed;
    merkle_leaf_hash(&computed, record);
    if (place != batch->rebuild.edge.size || !hash_equal(&computed, leaf_hash))
        return fault_set(batch->fault, DEPOSITARY_E_DAMAGED,
                         "entry %" PRIu64 ", place %" PRIu64 ": not what was stored", batch->edition_index, place);
    int error = rebuild_clause(&batch->rebuild, record, &computed, NULL, NULL, batch->fault);
    buffer_append(&batch->data, record);
    error = error ? error : batch->data.error;
    if (error)
        return error;
    batch->lengths[batch->count++] = record.len;
    return is_full(batch) ? put_batch_of_clauses(batch) : DEPOSITARY_OK;
}

static int give_edition(struct batch *batch, uint64_t index, const struct edition_record *record) {
    const struct store_ops *ops = batch->ledger->store->ops;
    struct store_reader *reader;
    int error = ops->read_begin(batch->ledger->store, &reader, batch->fault);
    if (error)
        return error;
    batch->first = 0;
    batch->edition_index = index;
    rebuild_init(&batch->rebuild, record);
    error = ops->clauses(reader, index, 0, record->clauses, give_clause, batch, batch->fault);
    if (error == 0 && batch->count > 0)
        error = put_batch_of_clauses(batch);
    error = error ? error : rebuild_finish(&batch->rebuild, batch->fault);
    rebuild_free(&batch->rebuild);
    ops->read_end(batch->ledger->store, reader);
    return error;
}

/* A batch of entries, and the clauses of the editions among them. */
static int put_batch_of_entries(struct batch *batch, struct batch *of_clauses) {
    struct shared *shared = batch->ledger->shared;
    struct bytes records[BATCH_ITEMS];
    struct hash leaf_hashes[BATCH_ITEMS];
    size_t at = 0;
    for (size_t i = 0; i < batch->count; i++) {
        records[i] = bytes_slice(buffer_bytes(&batch->data), at, batch->lengths[i]);
        merkle_leaf_hash(&leaf_hashes[i], records[i]);
        at += batch->lengths[i];
    }
    int error = shared->ops->put_entries(shared, batch->first, records, leaf_hashes, batch->count, batch->fault);
    for (size_t i = 0; error == 0 && i < batch->count; i++) {
        struct edition_record record;
        if (record_type(records[i]) != RECORD_EDITION)
            continue;
        error = edition_record_parse(&record, records[i], batch->fault);
        error = error ? error : give_edition(of_clauses, batch->first + i, &record);
    }
    batch->first += batch->count;
    batch->count = 0;
    buffer_clear(&batch->data);
    return error;
}

static int give_entries(struct batch *batch, struct batch *of_clauses, uint64_t from) {
    struct ledger *ledger = batch->ledger;
    int error = DEPOSITARY_OK;
    batch->first = from;
    for (uint64_t i = from; error == 0 && i < ledger->state->size; i++) {
        size_t before = batch->data.len;
        error = ledger_entry(ledger, ledger->state, i, &batch->data, NULL, batch->fault);
        error = error ? error : batch->data.error;
        batch->lengths[batch->count++] = batch->data.len - before;
        if (error == 0 && is_full(batch))
            error = put_batch_of_entries(batch, of_clauses);
    }
    return error == 0 && batch->count > 0 ? put_batch_of_entries(batch, of_clauses) : error;
}

static struct batch *batch_new(struct ledger *ledger, struct fault *fault) {
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch != NULL) {
        batch->ledger = ledger;
        batch->fault = fault;
        buffer_init(&batch->data, BATCH_BYTES + LIMIT_CLAUSE_RECORD);
    }
    return batch;
}

static void batch_free(struct batch *batch) {
    if (batch != NULL)
        buffer_free(&batch->data);
    free(batch);
}

bool sharing_is_trouble(int error) {
    return error == DEPOSITARY_E_UNREACHABLE || error == DEPOSITARY_E_CANCELLED || error == DEPOSITARY_E_IO ||
           error == DEPOSITARY_E_MEMORY;
}

/* What the database has must be the beginning of what is held here: its own checkpoint says so, or nothing is added to it. */
static int check_beginning(struct ledger *ledger, uint64_t entries, struct fault *fault) {
    struct shared *shared = ledger->shared;
    struct checkpoint checkpoint;
    struct hash root;
    struct buffer note;
    bool has_quorum;
    if (entries == 0)
        return DEPOSITARY_OK;
    buffer_init(&note, LIMIT_NOTE);
    int error = shared->ops->note(shared, entries, &note, fault);
    error =
        error ? error : policy_verify_signatures(&checkpoint, &has_quorum, ledger->policy, buffer_bytes(&note), fault);
    error = error ? error : ledger_root_at(ledger, entries, &root);
    if (error == 0 && (checkpoint.size != entries || !hash_equal(&checkpoint.root, &root)))
        error = DEPOSITARY_E_FORK;
    buffer_free(&note);
    return error == 0 || sharing_is_trouble(error)
               ? error
               : fault_set(fault, DEPOSITARY_E_DAMAGED,
                           "the database holds %" PRIu64 " entries that are not the beginning of this ledger", entries);
}

static int give_back(struct ledger *ledger, uint64_t entries, struct fault *fault) {
    struct batch *batch = batch_new(ledger, fault), *of_clauses = batch_new(ledger, fault);
    int error = batch != NULL && of_clauses != NULL ? check_beginning(ledger, entries, fault) : DEPOSITARY_E_MEMORY;
    error = error ? error : give_entries(batch, of_clauses, entries);
    error = error
                ? error
                : ledger->shared->ops->put_note(ledger->shared, ledger->state->size, ledger->state->checkpoint, fault);
    batch_free(batch);
    batch_free(of_clauses);
    return error;
}

/* ---- appending */

static int begin(struct ledger *ledger, uint64_t *out_given, struct fault *fault) {
    struct shared *shared = ledger->shared;
    uint64_t size = ledger->state->size, entries = 0;
    int error = shared->ops->begin(shared, &entries, fault);
    if (error)
        return error;
    if (entries > size)
        error = fault_set(fault, DEPOSITARY_E_STATE, "another service has appended to this ledger");
    else if (entries < size)
        error = give_back(ledger, entries, fault);
    if (error)
        shared->ops->rollback(shared);
    else
        *out_given = size - entries;
    return error;
}

int sharing_begin(struct ledger *ledger, struct fault *fault) {
    uint64_t given;
    return begin(ledger, &given, fault);
}

static int share(struct ledger *ledger, uint64_t *out_given, struct fault *fault) {
    struct shared *shared = ledger->shared;
    *out_given = 0;
    int error = begin(ledger, out_given, fault);
    if (error == 0) {
        if (*out_given > 0)
            error = shared->ops->commit(shared, fault);
        shared->ops->rollback(shared);
    }
    return error == DEPOSITARY_E_STATE ? DEPOSITARY_OK : error; /* it has more */
}

int ledger_share(struct ledger *ledger, uint64_t *out_given, struct fault *fault) {
    pthread_mutex_lock(&ledger->write_lock);
    int error = share(ledger, out_given, fault);
    pthread_mutex_unlock(&ledger->write_lock);
    return error;
}

int sharing_confirm(struct ledger *ledger, uint64_t size, struct fault *fault) {
    struct shared *shared = ledger->shared;
    uint64_t given;
    if (shared == NULL || size <= ledger->confirmed)
        return DEPOSITARY_OK;
    int error = share(ledger, &given, fault);
    error = error ? error : shared->ops->confirm(shared, fault);
    if (error == 0)
        ledger->confirmed = ledger->state->size;
    return error;
}

int sharing_offer(struct ledger *ledger, struct fault *fault) {
    const struct pending *pending = ledger->pending;
    struct shared *shared = ledger->shared;
    struct hash *editions = calloc(pending->editions_count == 0 ? 1 : pending->editions_count, sizeof *editions);
    if (editions == NULL)
        return DEPOSITARY_E_MEMORY;
    for (size_t i = 0; i < pending->editions_count; i++)
        editions[i] = pending->editions[i].leaf_hash;
    const struct shared_offer offer = {.root = &pending->root,
                                       .size = pending->first + pending->count,
                                       .note = buffer_bytes(&pending->note),
                                       .records = pending->records,
                                       .count = pending->count,
                                       .editions = editions,
                                       .editions_count = pending->editions_count};
    int error = shared->ops->put_offer(shared, &offer, fault);
    free(editions);
    return error;
}

/* ---- signatures */

/* Ours first: what the database has is looked at only for what it adds. */
static int put_merged(struct ledger *ledger, struct bytes note, struct fault *fault) {
    struct shared *shared = ledger->shared;
    struct buffer theirs, merged;
    buffer_init(&theirs, LIMIT_NOTE);
    buffer_init(&merged, LIMIT_NOTE);
    int error = shared->ops->note(shared, ledger->state->size, &theirs, fault);
    if (error == 0)
        error = policy_merge_cosignatures(&merged, ledger->policy, note, buffer_bytes(&theirs));
    error = error ? error : merged.error;
    if (error == 0 && merged.len > theirs.len)
        error = shared->ops->put_note(shared, ledger->state->size, buffer_bytes(&merged), fault);
    buffer_free(&theirs);
    buffer_free(&merged);
    return error == DEPOSITARY_E_LIMIT ? DEPOSITARY_OK : error;
}

int sharing_amend(struct ledger *ledger, struct bytes note, struct fault *fault) {
    struct shared *shared = ledger->shared;
    int error = sharing_begin(ledger, fault);
    error = error ? error : put_merged(ledger, note, fault);
    error = error ? error : shared->ops->commit(shared, fault);
    shared->ops->rollback(shared);
    return error;
}
