/*
 * Pushing: what a server lacks, checkpoint by checkpoint, from the office's own ledger. A lost answer is harmless, since an append that is
 * contained already is answered OK; what a server says of itself is a hint where to begin. PROTOCOL.md section 2.
 */
#include "base/time.h"
#include "office/room.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- a link to a ledger in this process */

static int local_checkpoint(void *context, struct buffer *note, struct fault *fault) {
    const struct ledger_state *state = ledger_state_take(context);
    int error = 0;
    if (state->size == 0) {
        error = fault_set(fault, DEPOSITARY_E_MISSING, "the ledger is empty");
    } else {
        buffer_append(note, state->checkpoint);
        error = note->error ? fault_set(fault, note->error, "no room for a checkpoint") : 0;
    }
    ledger_state_release(state);
    return error;
}

static int local_append(void *context, const struct bytes *records, size_t count, struct bytes checkpoint,
                        struct append_result *result, struct fault *fault) {
    return ledger_append(context, records, count, checkpoint, clock_now_s(), result, fault);
}

static int local_put_clauses(void *context, const struct hash *edition, const struct placed_clause *clauses,
                             size_t count, uint64_t *received, struct fault *fault) {
    return ledger_put_clauses(context, edition, clauses, count, clock_now_s(), received, fault);
}

void office_link_local(struct office_link *out, struct ledger *ledger) {
    *out = (struct office_link){
        .context = ledger, .checkpoint = local_checkpoint, .append = local_append, .put_clauses = local_put_clauses};
}

/* ---- one append, read back from the own ledger */

/* Entries [from, to) and the checkpoint that was signed over them. */
struct kept_append {
    struct office *office;
    const struct ledger_state *state;
    uint64_t from;
    uint64_t to;
    struct buffer note;
    struct buffer bytes; /* the records, one after another */
    struct bytes *records;
};

static int kept_clause(void *context, size_t entry, const struct edition_record *edition, uint64_t place,
                       struct buffer *record, struct merkle_path *path, struct fault *fault) {
    const struct kept_append *kept = context;
    return ledger_clause(kept->office->ledger, kept->from + entry, edition->clauses, &edition->clauses_root, place,
                         record, path, fault);
}

static void kept_free(struct kept_append *kept) {
    buffer_free(&kept->note);
    buffer_free(&kept->bytes);
    free(kept->records);
}

/* Reads the records; their views are set last, since the buffer moves while it grows. */
static int read_entries(struct kept_append *kept, struct fault *fault) {
    size_t count = (size_t)(kept->to - kept->from);
    kept->records = calloc(count, sizeof(*kept->records));
    if (!kept->records) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for an append");
    }
    for (size_t i = 0; i < count; i++) {
        size_t before = kept->bytes.len;
        int error = ledger_entry(kept->office->ledger, kept->state, kept->from + i, &kept->bytes, NULL, fault);
        if (!error && kept->bytes.error) {
            error = fault_set(fault, kept->bytes.error, "entry %" PRIu64 " cannot be sent", kept->from + i);
        }
        if (error) {
            return error;
        }
        kept->records[i].len = kept->bytes.len - before;
    }
    size_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        kept->records[i].data = kept->bytes.data + offset;
        offset += kept->records[i].len;
    }
    return 0;
}

/* The append that begins at entry `from`. */
static int read_append(struct kept_append *kept, struct fault *fault) {
    int error = ledger_checkpoint_from(kept->office->ledger, kept->from + 1, &kept->note, &kept->to);
    if (!error && kept->note.error) {
        error = kept->note.error;
    }
    if (!error && (kept->to <= kept->from || kept->to > kept->state->size || kept->to - kept->from > APPEND_MAX)) {
        error = DEPOSITARY_E_DAMAGED;
    }
    if (error) {
        return fault_set(fault, error, "the office's ledger has no checkpoint past entry %" PRIu64, kept->from);
    }
    return read_entries(kept, fault);
}

static int push_append(struct office *office, const struct office_link *link, const struct ledger_state *state,
                       uint64_t *from, struct fault *fault) {
    struct kept_append kept = {.office = office, .state = state, .from = *from};
    buffer_init(&kept.note, LIMIT_NOTE);
    buffer_init(&kept.bytes, LIMIT_REQUEST_APPEND);
    int error = read_append(&kept, fault);
    if (!error) {
        const struct append append = {.records = kept.records,
                                      .count = (size_t)(kept.to - kept.from),
                                      .checkpoint = buffer_bytes(&kept.note),
                                      .clause = kept_clause,
                                      .context = &kept};
        error = append_deliver(&append, link, fault);
    }
    if (!error) {
        *from = kept.to;
    }
    kept_free(&kept);
    return error;
}

/* Cosignatures that the server's note of the same checkpoint lacks travel with the last record, which it has already. */
static int push_cosignatures(struct office *office, const struct office_link *link, const struct ledger_state *state,
                             struct bytes shown, uint64_t *sent, struct fault *fault) {
    struct append_result result = {0};
    struct buffer merged;
    buffer_init(&merged, LIMIT_NOTE);
    int error = policy_merge_cosignatures(&merged, office->policy, shown, state->checkpoint);
    if (!error && merged.len > shown.len) {
        error = link->append(link->context, &state->register_record, 1, state->checkpoint, &result, fault);
        *sent += error == 0;
    }
    buffer_free(&merged);
    return error == DEPOSITARY_E_CONFLICT ? 0 : error; /* another note than that of the last checkpoint */
}

int office_push(struct office *office, const struct office_link *link, uint64_t *sent, struct fault *fault) {
    uint64_t from = 0;
    struct buffer shown;
    *sent = 0;
    buffer_init(&shown, LIMIT_NOTE);
    int error = look_at_server(office, link, &from, &shown, fault);
    if (!error && !office_has_quorum(office)) {
        error = fault_set(
            fault, DEPOSITARY_E_QUORUM,
            "the last checkpoint has too few cosignatures, so clients would refuse it: collect them first, with: "
            "depositary office cosign");
    }
    if (error) {
        buffer_free(&shown);
        return error;
    }
    const struct ledger_state *state = ledger_state_take(office->ledger);
    bool has_all = from == state->size && state->size > 0;
    while (from < state->size && !error) {
        error = push_append(office, link, state, &from, fault);
        if (!error) {
            *sent += 1;
            if (link->progress) {
                link->progress(link->context, "checkpoints", from, state->size);
            }
        }
    }
    if (!error && has_all) {
        error = push_cosignatures(office, link, state, buffer_bytes(&shown), sent, fault);
    }
    ledger_state_release(state);
    buffer_free(&shown);
    return error;
}
