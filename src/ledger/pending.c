/*
 * The append that waits for its clauses: judged when it comes, committed as one when they are there (commit.c). PROTOCOL.md
 * section 2, "Appending". Clauses that wait lie in the store's staging, or in that of the database that others append to as well;
 * never in memory.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "ledger/ledger_private.h"

void pending_free(struct pending *pending) {
    if (pending == NULL)
        return;
    rules_free(&pending->rules);
    register_lines_free(pending->lines);
    buffer_free(&pending->note);
    free(pending->records);
    free(pending->leaf_hashes);
    free(pending->data);
    free(pending->editions);
    free(pending);
}

void pending_drop(struct ledger *ledger) {
    pending_free(ledger->pending);
    ledger->pending = NULL;
    ledger->store->ops->stage_clear(ledger->store);
}

void pending_expire(struct ledger *ledger, int64_t now_s) {
    const struct pending *pending = ledger->pending;
    if (pending != NULL && now_s > pending->touched_s && now_s - pending->touched_s > PENDING_IDLE_S)
        pending_drop(ledger);
}

/* ---- judging */

/* A copy of the records, which the pending append owns. Each is within its limit: their sum cannot overflow. */
static int copy_records(struct pending *pending, const struct bytes *records, size_t count) {
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += records[i].len;
    pending->data = malloc(len == 0 ? 1 : len);
    pending->records = calloc(count, sizeof *pending->records);
    pending->leaf_hashes = calloc(count, sizeof *pending->leaf_hashes);
    pending->editions = calloc(count, sizeof *pending->editions);
    if (pending->data == NULL || pending->records == NULL || pending->leaf_hashes == NULL || pending->editions == NULL)
        return DEPOSITARY_E_MEMORY;
    uint8_t *at = pending->data;
    for (size_t i = 0; i < count; i++) {
        pending->records[i] = bytes_of(at, records[i].len);
        at = bytes_write(at, records[i]);
    }
    pending->count = count;
    return DEPOSITARY_OK;
}

static int check_lengths(const struct bytes *records, size_t count, uint64_t first, struct fault *fault) {
    for (size_t i = 0; i < count; i++) {
        if (records[i].len > LIMIT_ENTRY)
            return fault_set(fault, DEPOSITARY_E_RECORD, "entry %" PRIu64 ": longer than %u bytes", first + i,
                             LIMIT_ENTRY);
    }
    return DEPOSITARY_OK;
}

/* Hashes the entries onto the right edge of the ledger: the root that comes out must be the signed one. */
static int check_root(struct pending *pending, const struct checkpoint *checkpoint, struct fault *fault) {
    for (size_t i = 0; i < pending->count; i++) {
        nodes_last_path(&pending->register_path, &pending->edge);
        merkle_leaf_hash(&pending->leaf_hashes[i], pending->records[i]);
        int error = merkle_edge_append(&pending->edge, &pending->leaf_hashes[i], NULL, NULL);
        if (error)
            return error;
    }
    merkle_edge_root(&pending->root, &pending->edge);
    if (!hash_equal(&pending->root, &checkpoint->root))
        return fault_set(fault, DEPOSITARY_E_CONFLICT,
                         "current tree plus new entries does not give the checkpoint's root");
    return DEPOSITARY_OK;
}

/* An append ends in a register, and holds no other; several that are followed at once may. */
static int check_shape(const struct pending *pending, struct fault *fault) {
    for (size_t i = 0; i < pending->count; i++) {
        bool is_register = record_type(pending->records[i]) == RECORD_REGISTER;
        if (is_register && i + 1 < pending->count && !pending->is_followed)
            return fault_set(fault, DEPOSITARY_E_RULE, "entry %" PRIu64 ": a register is the last entry of an append",
                             pending->first + i);
        if (!is_register && i + 1 == pending->count)
            return fault_set(fault, DEPOSITARY_E_RULE, "entry %" PRIu64 ": the last entry of an append is a register",
                             pending->first + i);
    }
    return DEPOSITARY_OK;
}

static int note_edition(struct pending *pending, size_t i) {
    struct pending_edition *edition = &pending->editions[pending->editions_count++];
    edition->index = pending->first + i;
    edition->leaf_hash = pending->leaf_hashes[i];
    return edition_record_parse(&edition->record, pending->records[i], NULL);
}

static int check_rules(struct pending *pending, const struct ledger *ledger, int64_t now_s, struct fault *fault) {
    for (size_t i = 0; i < pending->count; i++) {
        const struct rules_entry entry = {.index = pending->first + i,
                                          .record = pending->records[i],
                                          .leaf_hash = &pending->leaf_hashes[i],
                                          .policy = ledger->policy,
                                          .now_s = now_s};
        int error = rules_follow(&pending->rules, pending->lines, &entry, fault);
        if (error == 0 && record_type(entry.record) == RECORD_EDITION)
            error = note_edition(pending, i);
        if (error)
            return error;
    }
    return DEPOSITARY_OK;
}

/* What the ledger says so far, to be added to. */
static int copy_state(struct pending *pending, const struct ledger *ledger) {
    int error = rules_copy(&pending->rules, &ledger->rules);
    if (error)
        return error;
    return ledger->state->lines == NULL ? register_lines_new(&pending->lines)
                                        : register_lines_copy(&pending->lines, ledger->state->lines);
}

int pending_new(struct pending **out, const struct ledger *ledger, const struct offer *offer, struct fault *fault) {
    int error = check_lengths(offer->records, offer->count, ledger->state->size, fault);
    if (error)
        return error;
    struct pending *pending = calloc(1, sizeof *pending);
    if (pending == NULL)
        return DEPOSITARY_E_MEMORY;
    pending->first = ledger->state->size;
    pending->edge = ledger->edge;
    pending->touched_s = offer->now_s;
    pending->is_followed = offer->is_followed;
    buffer_init(&pending->note, LIMIT_NOTE);
    buffer_append(&pending->note, offer->note);
    error = pending->note.error;
    if (error == 0)
        error = copy_records(pending, offer->records, offer->count);
    if (error == 0)
        error = check_root(pending, &offer->checkpoint, fault);
    if (error == 0)
        error = check_shape(pending, fault);
    if (error == 0)
        error = copy_state(pending, ledger);
    if (error == 0)
        error = check_rules(pending, ledger, offer->now_s, fault);
    if (error) {
        pending_free(pending);
        return error;
    }
    *out = pending;
    return DEPOSITARY_OK;
}

/* ---- what is missing */

struct gaps {
    struct append_result *result;
    const struct pending_edition *edition;
    uint64_t next; /* the place after the last that is there */
};

/* Ends a walk early: there is no room for more runs. Not an error code. */
#define GAPS_FULL (-1)

/* A store_place_sink; also told of the place after the last. Places come in order, and each once: a database may say anything. */
static int gaps_place(void *context, uint64_t place) {
    struct gaps *gaps = context;
    struct append_result *result = gaps->result;
    if (place < gaps->next || place > gaps->edition->record.clauses)
        return DEPOSITARY_E_DAMAGED;
    if (place > gaps->next) {
        if (result->missing_count == LEDGER_MISSING_MAX)
            return GAPS_FULL;
        result->missing[result->missing_count++] =
            (struct missing_run){gaps->edition->leaf_hash, gaps->next, place - gaps->next};
    }
    gaps->next = place + 1;
    return DEPOSITARY_OK;
}

bool pending_is_shared(const struct ledger *ledger) {
    return ledger->shared != NULL && !ledger->pending->is_followed;
}

static int staged_places(struct ledger *ledger, const struct pending_edition *edition, struct gaps *gaps,
                         struct fault *fault) {
    const struct pending *pending = ledger->pending;
    if (pending_is_shared(ledger))
        return ledger->shared->ops->staged_places(ledger->shared, &pending->root, &edition->leaf_hash, gaps_place, gaps,
                                                  fault);
    return ledger->store->ops->stage_places(ledger->store, edition->index, gaps_place, gaps, fault);
}

int pending_missing(struct ledger *ledger, struct append_result *result, struct fault *fault) {
    const struct pending *pending = ledger->pending;
    for (size_t i = 0; i < pending->editions_count; i++) {
        const struct pending_edition *edition = &pending->editions[i];
        if (edition->staged_clauses == edition->record.clauses)
            continue;
        struct gaps gaps = {result, edition, 0};
        int error = staged_places(ledger, edition, &gaps, fault);
        if (error == 0)
            error = gaps_place(&gaps, edition->record.clauses);
        if (error == GAPS_FULL)
            break;
        if (error)
            return error;
    }
    return result->missing_count == 0
               ? DEPOSITARY_OK
               : fault_set(fault, DEPOSITARY_E_CLAUSES_MISSING, "clauses of a new edition are missing");
}

/* ---- PutClauses */

static struct pending_edition *find_edition(struct pending *pending, const struct hash *leaf_hash) {
    for (size_t i = 0; pending != NULL && i < pending->editions_count; i++) {
        if (hash_equal(&pending->editions[i].leaf_hash, leaf_hash))
            return &pending->editions[i];
    }
    return NULL;
}

/* Length, then proof, then what the record says. */
static int check_placed(const struct pending_edition *edition, const struct placed_clause *placed, bool is_followed,
                        size_t *text_len, struct fault *fault) {
    const struct edition_record *record = &edition->record;
    if (placed->record.len > LIMIT_CLAUSE_RECORD)
        return fault_set(fault, DEPOSITARY_E_LIMIT, "place %" PRIu64 ": the record is too long", placed->place);
    struct hash leaf;
    merkle_leaf_hash(&leaf, placed->record);
    if (placed->path == NULL && !is_followed) /* what was followed was overtaken by an append of the same */
        return fault_set(fault, DEPOSITARY_E_STATE, "no pending append has that edition");
    bool is_unproved = placed->path == NULL; /* the whole edition will be rebuilt */
    if (placed->place >= record->clauses ||
        (!is_unproved &&
         merkle_inclusion_check(&leaf, placed->place, record->clauses, placed->path, &record->clauses_root)))
        return fault_set(fault, DEPOSITARY_E_CLAUSE_PROOF, "place %" PRIu64 ": the record is not in the edition there",
                         placed->place);
    struct clause_record clause;
    struct fault why = {0};
    int error = clause_record_parse(&clause, placed->record, &why);
    if (error)
        return fault_set(fault, error, "place %" PRIu64 ": %s", placed->place, fault_text(&why));
    if (!bytes_equal(clause.instrument, record->instrument) || !bytes_equal(clause.language, record->language))
        return fault_set(fault, DEPOSITARY_E_RULE,
                         "place %" PRIu64 ": the clause names another instrument or language than its edition",
                         placed->place);
    *text_len = clause.text.len;
    return DEPOSITARY_OK;
}

/* Checks and stages one; *clauses and *length are those of the edition with it. */
static int stage_clause(struct ledger *ledger, const struct pending_edition *edition,
                        const struct placed_clause *placed, uint64_t *clauses, uint64_t *length, struct fault *fault) {
    size_t text_len;
    bool is_new;
    int error = check_placed(edition, placed, ledger->pending->is_followed, &text_len, fault);
    if (error == 0)
        error =
            ledger->store->ops->stage_put(ledger->store, edition->index, placed->place, placed->record, &is_new, fault);
    if (error || !is_new)
        return error;
    if (text_len > edition->record.source_length - *length)
        return fault_set(fault, DEPOSITARY_E_LIMIT, "the clauses are longer than source-length");
    *length += text_len;
    *clauses += 1;
    return DEPOSITARY_OK;
}

/* Into the database. Each is proved to be what the edition has at its place, which bounds what can be staged. */
static int put_shared(struct ledger *ledger, const struct pending_edition *edition, const struct placed_clause *placed,
                      size_t count, int64_t now_s, struct fault *fault) {
    struct pending *pending = ledger->pending;
    size_t text_len;
    for (size_t i = 0; i < count; i++) {
        int error = check_placed(edition, &placed[i], false, &text_len, fault);
        if (error)
            return error;
    }
    int error = ledger->shared->ops->stage(ledger->shared, &pending->root, &edition->leaf_hash, placed, count, fault);
    if (error == DEPOSITARY_E_STATE)
        pending_drop(ledger); /* committed, or forgotten, behind our back */
    else
        pending->touched_s = now_s;
    return error;
}

static int put_own(struct ledger *ledger, struct pending_edition *edition, const struct placed_clause *placed,
                   size_t count, int64_t now_s, struct fault *fault) {
    const struct store_ops *ops = ledger->store->ops;
    uint64_t clauses = edition->staged_clauses, length = edition->staged_length;
    int error = ops->stage_begin(ledger->store, fault);
    for (size_t i = 0; error == 0 && i < count; i++)
        error = stage_clause(ledger, edition, &placed[i], &clauses, &length, fault);
    if (error == 0)
        error = ops->stage_commit(ledger->store, fault);
    if (error) {
        ops->stage_rollback(ledger->store);
        if (error == DEPOSITARY_E_IO || error == DEPOSITARY_E_MEMORY || error == DEPOSITARY_E_DAMAGED)
            pending_drop(ledger); /* what is staged cannot be relied on; the office begins again */
        return error;
    }
    edition->staged_clauses = clauses;
    edition->staged_length = length;
    ledger->pending->touched_s = now_s;
    return DEPOSITARY_OK;
}

static int put_locked(struct ledger *ledger, const struct hash *leaf_hash, const struct placed_clause *placed,
                      size_t count, int64_t now_s, struct fault *fault) {
    pending_expire(ledger, now_s);
    struct pending_edition *edition = find_edition(ledger->pending, leaf_hash);
    if (edition == NULL && ledger->shared != NULL && (count == 0 || placed[0].path != NULL)) {
        int error = append_adopt(ledger, leaf_hash, now_s, fault);
        if (error)
            return error;
        edition = find_edition(ledger->pending, leaf_hash);
    }
    if (edition == NULL)
        return fault_set(fault, DEPOSITARY_E_STATE, "no pending append has that edition");
    return pending_is_shared(ledger) ? put_shared(ledger, edition, placed, count, now_s, fault)
                                     : put_own(ledger, edition, placed, count, now_s, fault);
}

int ledger_put_clauses(struct ledger *ledger, const struct hash *edition, const struct placed_clause *clauses,
                       size_t count, int64_t now_s, uint64_t *received, struct fault *fault) {
    pthread_mutex_lock(&ledger->write_lock);
    int error = put_locked(ledger, edition, clauses, count, now_s, fault);
    pthread_mutex_unlock(&ledger->write_lock);
    if (error == 0)
        *received = count;
    return error;
}
