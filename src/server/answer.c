/* Proofs in answers, and faults as statuses (answer.h). */
#include "server/answer.h"

#include "base/limits.h"
#include "base/log.h"

#include <string.h>

/* ---- faults */

/*
 * By gRPC's table. What the caller sent and can mend is INVALID_ARGUMENT; a checkpoint that no pinned key signed is PERMISSION_DENIED, for
 * that signature is the authority to append; what another append overtook is ABORTED; what waits for something else FAILED_PRECONDITION.
 */
static enum status_code code_of(int error) {
    switch (error) {
    case DEPOSITARY_OK:
        return STATUS_OK;
    case DEPOSITARY_E_ARGUMENT:
    case DEPOSITARY_E_FORMAT:
    case DEPOSITARY_E_UTF8:
    case DEPOSITARY_E_BASE64:
    case DEPOSITARY_E_RECORD:
    case DEPOSITARY_E_NOTE:
    case DEPOSITARY_E_RULE:
    case DEPOSITARY_E_QUERY:
    case DEPOSITARY_E_KEY_ROLE:
    case DEPOSITARY_E_CLAUSE_PROOF:
    case DEPOSITARY_E_CHECKPOINT_FORMAT:
    case DEPOSITARY_E_CHECKPOINT_ORIGIN:
    case DEPOSITARY_E_CHECKPOINT_DUPLICATE:
        return STATUS_INVALID_ARGUMENT;
    case DEPOSITARY_E_PERMISSION:
    case DEPOSITARY_E_CHECKPOINT_KEY:
    case DEPOSITARY_E_CHECKPOINT_SIGNATURE:
    case DEPOSITARY_E_QUORUM:
        return STATUS_PERMISSION_DENIED;
    case DEPOSITARY_E_CONFLICT:
        return STATUS_ABORTED;
    case DEPOSITARY_E_STATE:
    case DEPOSITARY_E_CLAUSES_MISSING:
        return STATUS_FAILED_PRECONDITION;
    case DEPOSITARY_E_MISSING:
        return STATUS_NOT_FOUND;
    case DEPOSITARY_E_EXISTS:
        return STATUS_ALREADY_EXISTS;
    case DEPOSITARY_E_MEMORY:
    case DEPOSITARY_E_LIMIT:
        return STATUS_RESOURCE_EXHAUSTED;
    case DEPOSITARY_E_TIMEOUT:
        return STATUS_DEADLINE_EXCEEDED;
    case DEPOSITARY_E_CANCELLED:
        return STATUS_CANCELLED;
    case DEPOSITARY_E_IO:
    case DEPOSITARY_E_UNREACHABLE: /* the database that is appended to */
        return STATUS_UNAVAILABLE;
    case DEPOSITARY_E_DAMAGED:
        return STATUS_DATA_LOSS;
    default:
        return STATUS_INTERNAL;
    }
}

static void log_serious(const struct call *call, enum status_code code, const struct fault *fault) {
    bool is_serious = code == STATUS_DATA_LOSS || code == STATUS_UNAVAILABLE || code == STATUS_INTERNAL;
    if (is_serious && log_wants_within(&call_server(call)->failure_lines, LOG_LEVEL_ERROR)) {
        log_line(LOG_LEVEL_ERROR, "a call failed", "method", call->method ? call->method->full_name : "", "status",
                 status_name((int)code), "reason", fault_text(fault), "traceparent", call->traceparent, NULL);
    }
}

int answer_fault(struct call *call, const struct fault *fault) {
    enum status_code code = code_of(fault->error);
    log_serious(call, code, fault);
    status_set(&call->status, code, depositary_error_name(fault->error) + strlen("E_"), "%s", fault_text(fault));
    return fault->error;
}

int answer_error(struct call *call, int error) {
    const struct fault fault = {.error = error};
    return answer_fault(call, &fault);
}

/* A mistake of ours: what cannot happen did. */
static int answer_defect(struct call *call, const char *what) {
    const struct fault fault = {.error = DEPOSITARY_E_STATE};
    log_serious(call, STATUS_INTERNAL, &fault);
    status_set(&call->status, STATUS_INTERNAL, "DEFECT", "%s", what);
    return DEPOSITARY_E_STATE;
}

/* ---- memory */

void *answer_alloc(struct call *call, size_t size) {
    void *place = arena_zalloc(call->arena, size);
    if (!place) {
        answer_error(call, DEPOSITARY_E_MEMORY);
    }
    return place;
}

char *answer_text(struct call *call, struct bytes in) {
    char *text = arena_text(call->arena, in.data, in.len);
    if (!text) {
        answer_error(call, DEPOSITARY_E_MEMORY);
    }
    return text;
}

int answer_bytes(struct call *call, struct bytes in, ProtobufCBinaryData *out) {
    uint8_t *data = arena_alloc(call->arena, in.len);
    if (!data) {
        return answer_error(call, DEPOSITARY_E_MEMORY);
    }
    bytes_write(data, in);
    *out = (ProtobufCBinaryData){.len = in.len, .data = data};
    return 0;
}

int answer_path(struct call *call, const struct merkle_path *path, size_t *n, ProtobufCBinaryData **out) {
    ProtobufCBinaryData *hashes = answer_alloc(call, path->count * (sizeof(*hashes) + HASH_LEN));
    if (!hashes) {
        return DEPOSITARY_E_MEMORY;
    }
    uint8_t *bytes = (uint8_t *)(hashes + path->count);
    for (size_t i = 0; i < path->count; i++) {
        memcpy(bytes + i * HASH_LEN, path->hashes[i].bytes, HASH_LEN);
        hashes[i] = (ProtobufCBinaryData){.len = HASH_LEN, .data = bytes + i * HASH_LEN};
    }
    *n = path->count;
    *out = hashes;
    return 0;
}

/* ---- proofs */

int answer_ledger_state(struct call *call, uint64_t known_size, Depositary__V1__LedgerState **out) {
    const struct ledger_state *state = call_state(call);
    if (known_size == state->size) { /* an empty ledger has nothing to send either */
        *out = NULL;
        return 0;
    }
    Depositary__V1__LedgerState *ledger = answer_alloc(call, sizeof(*ledger));
    if (!ledger) {
        return DEPOSITARY_E_MEMORY;
    }
    depositary__v1__ledger_state__init(ledger);
    ledger->checkpoint = answer_text(call, state->checkpoint);
    if (!ledger->checkpoint) {
        return DEPOSITARY_E_MEMORY;
    }
    int error = answer_bytes(call, state->register_record, &ledger->register_record);
    if (!error) {
        error = answer_path(call, &state->register_path, &ledger->n_register_path, &ledger->register_path);
    }
    if (!error) {
        *out = ledger;
    }
    return error;
}

int answer_register_line(struct call *call, size_t line_index, Depositary__V1__RegisterLine **out) {
    const struct register_lines *lines = call_state(call)->lines;
    if (line_index >= register_lines_count(lines)) {
        return answer_defect(call, "a line past the end of the register");
    }
    Depositary__V1__RegisterLine *line = answer_alloc(call, sizeof(*line));
    if (!line) {
        return DEPOSITARY_E_MEMORY;
    }
    depositary__v1__register_line__init(line);
    line->index = line_index;
    line->line = answer_text(call, register_lines_line(lines, line_index));
    if (!line->line) {
        return DEPOSITARY_E_MEMORY;
    }
    struct merkle_path path;
    register_lines_path(&path, lines, line_index);
    int error = answer_path(call, &path, &line->n_path, &line->path);
    if (!error) {
        *out = line;
    }
    return error;
}

int answer_absence(struct call *call, struct bytes words, size_t *n, Depositary__V1__RegisterLine ***out) {
    const struct register_lines *lines = call_state(call)->lines;
    size_t index;
    if (register_lines_find(lines, words, &index)) {
        return answer_defect(call, "what is there was to be proved absent");
    }
    Depositary__V1__RegisterLine **shown = answer_alloc(call, 2 * sizeof(*shown));
    if (!shown) {
        return DEPOSITARY_E_MEMORY;
    }
    size_t after = register_lines_lower_bound(lines, words);
    size_t count = 0;
    int error = 0;
    if (after > 0) {
        error = answer_register_line(call, after - 1, &shown[count++]);
    }
    if (!error && after < register_lines_count(lines)) {
        error = answer_register_line(call, after, &shown[count++]);
    }
    if (!error) {
        *n = count;
        *out = shown;
    }
    return error;
}

/* The register's line of an edition's text; there is one in every state that holds the edition. */
static int append_latest(struct call *call, const struct edition_record *record, Depositary__V1__RegisterLine **out) {
    struct buffer words;
    buffer_init(&words, LIMIT_INSTRUMENT + LIMIT_LANGUAGE + 16);
    buffer_append(&words, BYTES("edition "));
    buffer_append(&words, record->instrument);
    buffer_append(&words, BYTES(" "));
    buffer_append(&words, record->language);
    buffer_append(&words, BYTES(" "));
    size_t index;
    int error = words.error;
    if (error) {
        answer_error(call, error);
    } else if (!register_lines_find(call_state(call)->lines, buffer_bytes(&words), &index)) {
        error = answer_error(call, DEPOSITARY_E_DAMAGED);
    } else {
        error = answer_register_line(call, index, out);
    }
    buffer_free(&words);
    return error;
}

/* The record of an entry and its path, as the message carries them. */
static int read_entry(struct call *call, uint64_t index, Depositary__V1__EditionProof *proof) {
    struct fault fault = {0};
    struct merkle_path path;
    struct buffer record;
    buffer_init(&record, LIMIT_ENTRY);
    int error = ledger_entry(call_server(call)->ledger, call_state(call), index, &record, &path, &fault);
    if (error) {
        fault.error = error;
        answer_fault(call, &fault);
    } else {
        error = answer_bytes(call, buffer_bytes(&record), &proof->record);
    }
    buffer_free(&record);
    return error ? error : answer_path(call, &path, &proof->n_path, &proof->path);
}

int answer_edition(struct call *call, uint64_t edition_index, Depositary__V1__EditionProof **out,
                   struct edition_record *parsed) {
    Depositary__V1__EditionProof *proof = answer_alloc(call, sizeof(*proof));
    if (!proof) {
        return DEPOSITARY_E_MEMORY;
    }
    depositary__v1__edition_proof__init(proof);
    proof->index = edition_index;
    int error = read_entry(call, edition_index, proof);
    if (error) {
        return error;
    }
    struct edition_record record;
    if (edition_record_parse(&record, bytes_of(proof->record.data, proof->record.len), NULL) != 0) {
        return answer_error(call, DEPOSITARY_E_DAMAGED);
    }
    error = append_latest(call, &record, &proof->latest);
    if (error) {
        return error;
    }
    if (parsed) {
        *parsed = record;
    }
    *out = proof;
    return 0;
}

/* ---- time and pages */

bool answer_is_late(struct call *call) {
    return call_is_over(call);
}

bool answer_page_size(struct call *call, int32_t page_size, unsigned by_default, unsigned *out) {
    if (page_size < 0) {
        status_bad_field(&call->status, "page_size", "a page has 0 (the server's choice) or more items");
        return false;
    }
    unsigned wanted = page_size == 0 ? by_default : (unsigned)page_size;
    *out = wanted > LIMIT_PAGE ? LIMIT_PAGE : wanted;
    return true;
}
