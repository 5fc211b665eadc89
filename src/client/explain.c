/*
 * The proof of an answer in words: each step with the numbers that it joins, so that a person can go the same way with sha256sum and openssl.
 * And a question as text, for receipts.
 */
#include "client/answer.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

static void add_hash(struct buffer *out, const char *before, const struct hash *hash, const char *after) {
    buffer_append_text(out, before);
    buffer_append_base64(out, hash_bytes(hash));
    buffer_append_text(out, after);
}

/* ---- the steps, from the text to the signature */

static void explain_clause(struct buffer *out, const struct proven_clause *clause) {
    const struct edition_record *edition = &clause->edition->record;
    buffer_append_format(out, "clause %s: its record has %zu bytes; ", clause->shown.eid, clause->shown.record_len);
    add_hash(out, "leaf H(0x00 || record) = ", &clause->leaf, "\n");
    buffer_append_format(out, "  at place %" PRIu64 " of %" PRIu64 ", %zu hashes lead from it to clauses-root ",
                         clause->shown.place, edition->clauses, clause->message->n_path);
    add_hash(out, "", &edition->clauses_root, "\n");
}

static void explain_edition(struct buffer *out, const struct proven_edition *edition, const struct ledger_view *state) {
    buffer_append_format(out, "edition %" PRIu32 " of %s in %s names that clauses-root; its record ",
                         edition->record.edition, edition->shown.instrument, edition->shown.language);
    add_hash(out, "has leaf ", &edition->leaf, "\n");
    buffer_append_format(out, "  entry %" PRIu64 " of %" PRIu64 ", %zu hashes lead from it to the ledger's root ",
                         edition->shown.index, state->size, edition->message->n_path);
    add_hash(out, "", &state->root, "\n");
    buffer_append_format(out, "  line %" PRIu64 " of the register, \"%s\", ", edition->message->latest->index,
                         edition->message->latest->line);
    if (edition->shown.is_latest) {
        buffer_append_text(out, "names this record: it is the latest\n");
    } else {
        buffer_append_format(out, "names another record: edition %" PRIu32 " is the latest\n",
                             edition->shown.latest_edition);
    }
}

static void explain_state(struct buffer *out, const struct depositary_answer *answer) {
    const struct ledger_view *state = &answer->judgement.state;
    buffer_append_format(out, "register: entry %" PRIu64 ", the ledger's last; %" PRIu64 " lines, as of %s, ",
                         state->size - 1, state->register_fields.lines, answer->register_time);
    add_hash(out, "root ", &state->register_fields.root, "\n");
    buffer_append_format(out, "checkpoint of %s, size %" PRIu64 ", verified under the policy:\n", answer->origin,
                         state->size);
    struct bytes rest = state->checkpoint;
    struct bytes line;
    while (bytes_take_line(&rest, &line)) {
        buffer_append_text(out, "  | ");
        buffer_append(out, line);
        buffer_append_byte(out, '\n');
    }
}

static void explain_seal(struct buffer *out, const struct depositary_answer *answer) {
    const struct judgement *judgement = &answer->judgement;
    buffer_append_text(out, "seal by answer key ");
    buffer_append_base64(out, judgement->seal.public_key);
    buffer_append_format(out, " at %s, answer %" PRIu64 " of a batch of %" PRIu64 "\n", answer->sealed_at,
                         judgement->seal.index, judgement->head.size);
    add_hash(out, "  over request SHA-256 ", &judgement->request_sha256, "");
    add_hash(out, " and answer SHA-256 ", &judgement->answer_sha256, "\n");
    buffer_append_format(
        out, "  the key has its record in the ledger, and the register of size %" PRIu64 " calls it active\n",
        judgement->key.register_size);
}

void explain_answer(struct buffer *out, const struct depositary_answer *answer) {
    const struct findings *findings = &answer->judgement.findings;
    for (size_t i = 0; i < findings->clauses_count; i++) {
        explain_clause(out, &findings->clauses[i]);
    }
    for (size_t i = 0; i < findings->spoken_count; i++) {
        explain_edition(out, findings->spoken[i], &answer->judgement.state);
    }
    if (findings->is_absence_proven && findings->spoken_count == 0) {
        buffer_append_text(
            out, "absence: the register's lines are sorted, and the neighbours shown leave no room for one\n");
    }
    explain_state(out, answer);
    explain_seal(out, answer);
}

/* ---- a message as text */

static void add_string(struct buffer *out, struct bytes text) {
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte == '"' || byte == '\\') {
            buffer_append_byte(out, '\\');
            buffer_append_byte(out, byte);
        } else if (byte < 0x20 || byte == 0x7f) {
            buffer_append_format(out, "\\u%04x", byte);
        } else {
            buffer_append_byte(out, byte);
        }
    }
    buffer_append_byte(out, '"');
}

static void add_message(struct buffer *out, const ProtobufCMessage *message, unsigned depth);

/* One value of the types that this protocol's requests have. */
static void add_value(struct buffer *out, const ProtobufCFieldDescriptor *field, const void *value, unsigned depth) {
    ProtobufCBinaryData data;
    const char *text;
    const ProtobufCMessage *message;
    uint64_t number = 0;
    int32_t small = 0;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        memcpy(&text, value, sizeof text);
        add_string(out, bytes_text(text));
        break;
    case PROTOBUF_C_TYPE_BYTES:
        memcpy(&data, value, sizeof data);
        buffer_append_byte(out, '"');
        buffer_append_base64(out, bytes_of_data(data));
        buffer_append_byte(out, '"');
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        memcpy(&message, value, sizeof message);
        add_message(out, message, depth + 1);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        memcpy(&number, value, sizeof number);
        if (field->type == PROTOBUF_C_TYPE_INT64) {
            buffer_append_format(out, "%" PRId64, (int64_t)number);
        } else {
            buffer_append_format(out, "%" PRIu64, number);
        }
        break;
    default: /* the other numbers of 32 bits, and enums */
        memcpy(&small, value, sizeof small);
        if (field->type == PROTOBUF_C_TYPE_UINT32) {
            buffer_append_format(out, "%" PRIu32, (uint32_t)small);
        } else {
            buffer_append_format(out, "%" PRId32, small);
        }
    }
}

static size_t value_size(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        return sizeof(uint64_t);
    default:
        return sizeof(int32_t);
    }
}

/* Whether a singular field has its default value, and so is not in the message. */
static bool is_default(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message) {
    static const uint8_t zero[sizeof(ProtobufCBinaryData)];
    const uint8_t *value = (const uint8_t *)message + field->offset;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t set;
        memcpy(&set, (const uint8_t *)message + field->quantifier_offset, sizeof set);
        return set != field->id;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text;
        memcpy(&text, value, sizeof text);
        return text == NULL || text[0] == '\0';
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData data;
        memcpy(&data, value, sizeof data);
        return data.len == 0;
    }
    return memcmp(value, zero, value_size(field)) == 0;
}

static void add_repeated(struct buffer *out, const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
                         unsigned depth) {
    size_t count;
    const uint8_t *values;
    memcpy(&count, (const uint8_t *)message + field->quantifier_offset, sizeof count);
    memcpy(&values, (const uint8_t *)message + field->offset, sizeof values);
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(out, i > 0 ? ", " : "");
        add_value(out, field, values + i * value_size(field), depth);
    }
    buffer_append_byte(out, ']');
}

static bool is_repeated_empty(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message) {
    size_t count;
    memcpy(&count, (const uint8_t *)message + field->quantifier_offset, sizeof count);
    return count == 0;
}

static void add_message(struct buffer *out, const ProtobufCMessage *message, unsigned depth) {
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    bool is_first = true;
    buffer_append_byte(out, '{');
    for (unsigned i = 0; i < descriptor->n_fields && depth < LIMIT_DEPTH; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        bool is_repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        if (is_repeated ? is_repeated_empty(field, message) : is_default(field, message)) {
            continue;
        }
        buffer_append_format(out, "%s\"%s\": ", is_first ? "" : ", ", field->name);
        is_first = false;
        if (is_repeated) {
            add_repeated(out, field, message, depth);
        } else {
            add_value(out, field, (const uint8_t *)message + field->offset, depth);
        }
    }
    buffer_append_byte(out, '}');
}

void explain_question(struct buffer *out, const ProtobufCMessage *message) {
    add_message(out, message, 0);
}
