/*
 * The proof of an answer in words: each step with the numbers that it joins, so that a person can go the same way with sha256sum and openssl.
 * And a question as text, for receipts.
 */
#include "client/answer.h"
#include "client/steps.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

/* ---- the steps, from the text to the signature */

static struct checkpoint checkpoint_of(const struct ledger_view *state) {
    return (struct checkpoint){.size = state->size, .root = state->root};
}

/* The path was read before, when it was checked. */
static struct merkle_path path_of(size_t count, const ProtobufCBinaryData *hashes) {
    struct merkle_path path;
    if (!merkle_path_read(&path, count, hashes)) {
        path.count = 0;
    }
    return path;
}

static void explain_clause(struct buffer *out, const struct proven_clause *clause) {
    const struct merkle_path path = path_of(clause->message->n_path, clause->message->path);
    const struct clause_record record = {.eid = bytes_text(clause->shown.eid)};
    steps_clause(out, bytes_of(clause->shown.record, clause->shown.record_len), &record, clause->shown.place, &path,
                 &clause->edition->record);
}

static void explain_edition(struct buffer *out, const struct proven_edition *edition, const struct ledger_view *state) {
    const Depositary__V1__RegisterLine *line = edition->message->latest;
    const struct merkle_path path = path_of(edition->message->n_path, edition->message->path);
    const struct merkle_path line_path = path_of(line->n_path, line->path);
    const struct checkpoint checkpoint = checkpoint_of(state);
    struct hash leaf;
    steps_edition(out, bytes_of(edition->shown.record, edition->shown.record_len), &edition->record,
                  edition->shown.index, &path, &checkpoint);
    merkle_leaf_hash(&leaf, bytes_text(line->line));
    buffer_append_format(out, "line %" PRIu64 " of the register, \"%s\", ", line->index, line->line);
    if (edition->shown.is_latest) {
        buffer_append_text(out, "names this record: it is the latest\n");
    } else {
        buffer_append_format(out, "names another record: edition %" PRIu32 " is the latest\n",
                             edition->shown.latest_edition);
    }
    steps_hash(out, "  leaf ", &leaf, "\n");
    steps_path(out, &leaf, line->index, state->register_fields.lines, &line_path);
    steps_hash(out, "  the register's root ", &state->register_fields.root, "\n");
}

static void explain_state(struct buffer *out, const struct depositary_answer *answer) {
    const struct ledger_view *state = &answer->judgement.state;
    struct hash leaf;
    merkle_leaf_hash(&leaf, state->register_record);
    buffer_append_format(out, "register: entry %" PRIu64 ", the ledger's last; %" PRIu64 " lines, as of %s, ",
                         state->size - 1, state->register_fields.lines, answer->register_time);
    steps_hash(out, "root ", &state->register_fields.root, "");
    steps_hash(out, "; leaf of its record ", &leaf, "\n");
    steps_path(out, &leaf, state->size - 1, state->size, &state->register_path);
    buffer_append_format(out, "checkpoint of %s, size %" PRIu64, answer->origin, state->size);
    steps_hash(out, ", root ", &state->root, ", verified under the policy:\n");
    steps_checkpoint(out, state->checkpoint);
}

static void explain_seal(struct buffer *out, const struct depositary_answer *answer) {
    const struct judgement *judgement = &answer->judgement;
    buffer_append_text(out, "seal by answer key ");
    buffer_append_base64(out, judgement->seal.public_key);
    buffer_append_format(out, " at %s, answer %" PRIu64 " of a batch of %" PRIu64 "\n", answer->sealed_at,
                         judgement->seal.index, judgement->head.size);
    steps_hash(out, "  over request SHA-256 ", &judgement->request_sha256, "");
    steps_hash(out, " and answer SHA-256 ", &judgement->answer_sha256, "\n");
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
