/*
 * What every answer stands on: the ledger's state, lines of its register, and the answer key. PROTOCOL.md sections 2, 3, 5 and 8.
 * Each proof is checked before the bytes that it proves are parsed.
 */
#include "client/check.h"

#include "base/encode.h"

#include <string.h>

struct bytes bytes_of_data(ProtobufCBinaryData data) {
    return bytes_of(data.data, data.len);
}

void *check_room(struct check *check, size_t count, size_t size) {
    if (count > SIZE_MAX / size) {
        return NULL;
    }
    return arena_zalloc(check->arena, count == 0 ? size : count * size);
}

int check_page_size(struct check *check, size_t rows, int32_t page_size) {
    if (rows > LIMIT_PAGE || (page_size > 0 && rows > (size_t)page_size)) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "a page of %zu rows, more than asked for", rows);
    }
    return 0;
}

bool span_fits(const Depositary__V1__Span *span, struct bytes text) {
    if (span == NULL) {
        return true;
    }
    if (span->offset > text.len || span->length > text.len - span->offset) {
        return false;
    }
    return utf8_is_boundary(text, span->offset) && utf8_is_boundary(text, (size_t)span->offset + span->length);
}

depositary_span span_shown(const Depositary__V1__Span *span) {
    depositary_span none = {0, 0};
    if (span == NULL) {
        return none;
    }
    return (depositary_span){span->offset, span->length};
}

/* The register is the ledger's last entry, which its path proves before its words are read. */
static int check_register(struct ledger_view *out, const Depositary__V1__LedgerState *message, struct fault *fault) {
    struct hash leaf;
    if (message->register_record.len > LIMIT_ENTRY) {
        return fault_set(fault, DEPOSITARY_E_REGISTER_RECORD, "the register record has %zu bytes",
                         message->register_record.len);
    }
    out->register_record = bytes_of_data(message->register_record);
    if (!merkle_path_read(&out->register_path, message->n_register_path, message->register_path)) {
        return fault_set(fault, DEPOSITARY_E_REGISTER_PROOF, "the register's path is malformed");
    }
    merkle_leaf_hash(&leaf, out->register_record);
    if (out->size == 0 ||
        merkle_inclusion_check(&leaf, out->size - 1, out->size, &out->register_path, &out->root) != 0) {
        return fault_set(fault, DEPOSITARY_E_REGISTER_PROOF,
                         "the register record is not the last entry of the ledger under the checkpoint");
    }
    if (register_record_parse(&out->register_fields, out->register_record, NULL) != 0) {
        return fault_set(fault, DEPOSITARY_E_REGISTER_RECORD, "the ledger's last entry is not a register record");
    }
    return 0;
}

int check_ledger_state(struct ledger_view *out, struct checked *checked, const Depositary__V1__LedgerState *message,
                       struct fault *fault) {
    struct ledger_view view;
    struct checkpoint checkpoint;
    memset(&view, 0, sizeof view);
    view.checkpoint = bytes_text(message->checkpoint);
    if (view.checkpoint.len > LIMIT_NOTE) {
        return fault_set(fault, DEPOSITARY_E_CHECKPOINT_FORMAT, "the checkpoint has %zu bytes", view.checkpoint.len);
    }
    int error = checked_checkpoint(checked, &checkpoint, view.checkpoint, fault);
    if (error) {
        return error;
    }
    view.size = checkpoint.size;
    view.root = checkpoint.root;
    error = check_register(&view, message, fault);
    if (error) {
        return error;
    }
    *out = view;
    return 0;
}

int ledger_view_copy(struct ledger_view *out, const struct ledger_view *view, struct arena *arena) {
    char *note = arena_text(arena, view->checkpoint.data, view->checkpoint.len);
    char *record = arena_text(arena, view->register_record.data, view->register_record.len);
    if (note == NULL || record == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    *out = *view;
    out->checkpoint = bytes_of(note, view->checkpoint.len);
    out->register_record = bytes_of(record, view->register_record.len);
    return 0;
}

int check_register_line(struct register_line *out, const Depositary__V1__RegisterLine *message,
                        const struct register_record *record, struct fault *fault) {
    struct shown_line shown;
    if (message == NULL) {
        return fault_set(fault, DEPOSITARY_E_REGISTER_LINE, "the register's line is not shown");
    }
    shown.line = bytes_text(message->line);
    shown.index = message->index;
    if (!merkle_path_read(&shown.path, message->n_path, message->path) || register_line_check(&shown, record) != 0) {
        return fault_set(fault, DEPOSITARY_E_REGISTER_LINE, "a line shown is not in the register");
    }
    if (register_line_parse(out, shown.line) != 0) {
        return fault_set(fault, DEPOSITARY_E_REGISTER_LINE, "a line of the register is malformed");
    }
    return 0;
}

/* The key's record lies in the ledger and is that key's. */
static int check_key_record(struct key_record *out, struct hash *leaf, const struct ledger_view *state,
                            const Depositary__V1__GetAnswerKeyResponse *message, struct bytes public_key,
                            struct fault *fault) {
    struct merkle_path path;
    struct bytes record = bytes_of_data(message->record);
    if (record.len > LIMIT_ENTRY || !merkle_path_read(&path, message->n_path, message->path)) {
        return fault_set(fault, DEPOSITARY_E_KEY_RECORD, "the answer key's record or path is malformed");
    }
    merkle_leaf_hash(leaf, record);
    if (message->index >= state->size ||
        merkle_inclusion_check(leaf, message->index, state->size, &path, &state->root) != 0) {
        return fault_set(fault, DEPOSITARY_E_KEY_RECORD, "the answer key's record is not in the ledger");
    }
    if (key_record_parse(out, record, NULL) != 0) {
        return fault_set(fault, DEPOSITARY_E_KEY_RECORD,
                         "the ledger's entry shown for the answer key is no key record");
    }
    if (!bytes_equal(public_key, bytes_of(out->public_key, PUBLIC_KEY_LEN))) {
        return fault_set(fault, DEPOSITARY_E_KEY_RECORD, "the key record shown is another key's");
    }
    return 0;
}

int check_key(struct key_facts *out, const struct ledger_view *state,
              const Depositary__V1__GetAnswerKeyResponse *message, struct bytes public_key, struct fault *fault) {
    struct key_record record;
    struct register_line line;
    struct hash leaf;
    int error = check_key_record(&record, &leaf, state, message, public_key, fault);
    if (error) {
        return error;
    }
    if (check_register_line(&line, message->status, &state->register_fields, NULL) != 0) {
        return fault_set(fault, DEPOSITARY_E_KEY_STATUS, "the answer key's line is not in the register");
    }
    if (!line.is_key || memcmp(line.public_key, record.public_key, PUBLIC_KEY_LEN) != 0 ||
        !hash_equal(&line.record, &leaf)) {
        return fault_set(fault, DEPOSITARY_E_KEY_STATUS, "the register line shown is not the answer key's");
    }
    struct key_facts facts = {.not_before = record.not_before,
                              .not_after = record.not_after,
                              .is_active = line.active,
                              .register_size = state->size,
                              .register_root = state->root};
    memcpy(facts.public_key, record.public_key, PUBLIC_KEY_LEN);
    *out = facts;
    return 0;
}
