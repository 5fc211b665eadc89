/* proto3 JSON to encoded messages (schema.h). Strict: what is not known, of another type or out of range is refused with its path. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/limits.h"
#include "rpc/wire.h"
#include "schema/schema.h"

#define FIELD(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define ONEOFS_MAX  64
#define WHERE_MAX   256 /* bytes of the way to a value, in the words of a refusal */

/* On the way to a value: a field by its name, a list's item by its number, a map's by its key. */
struct step {
    const struct step *outer;
    enum { STEP_FIELD, STEP_ITEM, STEP_KEY } kind;
    const char *name;
    size_t index;
};

struct reading {
    const struct schema *schema;
    unsigned depth;
    const struct step *step; /* where it is; NULL: the message itself */
    struct fault *fault;
};

static int read_message(struct reading *reading, struct buffer *out, const char *type, const json_t *in);

/* "request.clauses[3].eid"; metadata["key"]. */
static void append_path(struct buffer *out, const struct step *step) {
    if (step->outer != NULL) {
        append_path(out, step->outer);
    }
    if (step->kind == STEP_FIELD) {
        buffer_append_format(out, "%s%s", step->outer != NULL ? "." : "", step->name);
    } else if (step->kind == STEP_ITEM) {
        buffer_append_format(out, "[%zu]", step->index);
    } else {
        buffer_append_format(out, "[\"%s\"]", step->name);
    }
}

static int refuse(struct reading *reading, const char *words) {
    struct buffer path;
    buffer_init(&path, WHERE_MAX);
    if (reading->step != NULL) {
        append_path(&path, reading->step);
    } else {
        buffer_append_text(&path, "the message");
    }
    const char *rest = path.error ? " and further in" : "";
    int error = fault_set(reading->fault, DEPOSITARY_E_FORMAT, "%.*s%s: %s", (int)path.len, (const char *)path.data,
                          rest, words);
    buffer_free(&path);
    return error;
}

/* Goes to a value and back. */
static void go_in(struct reading *reading, struct step *step) {
    step->outer = reading->step;
    reading->step = step;
}

static void go_out(struct reading *reading) {
    reading->step = reading->step->outer;
}

static void append_tag(struct buffer *out, const schema_field *field, unsigned wire_type) {
    uint8_t bytes[WIRE_VARINT_MAX];
    uint8_t *end = wire_put_varint(bytes, (uint64_t)(uint32_t)field->number << 3 | wire_type);
    buffer_append(out, bytes_of(bytes, (size_t)(end - bytes)));
}

static void append_number(struct buffer *out, const schema_field *field, uint64_t value) {
    uint8_t bytes[WIRE_VARINT_MAX];
    append_tag(out, field, WIRE_VARINT);
    uint8_t *end = wire_put_varint(bytes, value);
    buffer_append(out, bytes_of(bytes, (size_t)(end - bytes)));
}

static void append_fixed(struct buffer *out, const schema_field *field, uint64_t value, size_t len) {
    append_tag(out, field, len == 8 ? WIRE_64BIT : WIRE_32BIT);
    for (size_t i = 0; i < len; i++) {
        buffer_append_byte(out, (uint8_t)(value >> (8 * i)));
    }
}

/* ---- numbers: as a number, or as a text with one */

static bool take_real(const json_t *in, double *out) {
    const char *text = json_string_value(in);
    char *end;
    if (json_is_number(in)) {
        *out = json_number_value(in);
        return true;
    }
    if (text == NULL) {
        return false;
    }
    if (strcmp(text, "NaN") == 0 || strcmp(text, "Infinity") == 0 || strcmp(text, "-Infinity") == 0) {
        *out = text[0] == 'N' ? (double)NAN : text[0] == 'I' ? (double)INFINITY : -(double)INFINITY;
        return true;
    }
    if (*text == '\0' || strspn(text, "+-.0123456789eE") != strlen(text)) {
        return false;
    }
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

static bool take_signed(const json_t *in, int64_t least, int64_t most, int64_t *out) {
    const char *text = json_string_value(in);
    char *end = NULL;
    double real;
    errno = 0;
    if (json_is_integer(in)) {
        *out = json_integer_value(in);
    } else if (text != NULL && *text != '\0' && strspn(text, "-0123456789") == strlen(text)) {
        *out = strtoll(text, &end, 10);
        if (errno != 0 || *end != '\0') {
            return false;
        }
    } else if (take_real(in, &real) && real == floor(real) && fabs(real) < 9007199254740992.0) { /* 1.0, 1e3 */
        *out = (int64_t)real;
    } else {
        return false;
    }
    return *out >= least && *out <= most;
}

static bool take_unsigned(const json_t *in, uint64_t most, uint64_t *out) {
    const char *text = json_string_value(in);
    char *end = NULL;
    int64_t whole;
    errno = 0;
    if (text != NULL && *text != '\0' && strspn(text, "0123456789") == strlen(text)) {
        *out = strtoull(text, &end, 10);
        return errno == 0 && *end == '\0' && *out <= most;
    }
    if (!take_signed(in, 0, INT64_MAX, &whole)) {
        return false;
    }
    *out = (uint64_t)whole;
    return *out <= most;
}

static int read_signed(struct reading *reading, struct buffer *out, const schema_field *field, const json_t *in) {
    int64_t value;
    int type = (int)field->type;
    bool is_small = type == FIELD(INT32) || type == FIELD(SINT32) || type == FIELD(SFIXED32);
    if (!take_signed(in, is_small ? INT32_MIN : INT64_MIN, is_small ? INT32_MAX : INT64_MAX, &value)) {
        return refuse(reading, "not a whole number in its range");
    }
    if (type == FIELD(SINT32) || type == FIELD(SINT64)) {
        append_number(out, field, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
    } else if (type == FIELD(SFIXED32) || type == FIELD(SFIXED64)) {
        append_fixed(out, field, (uint64_t)value, is_small ? 4 : 8);
    } else {
        append_number(out, field, (uint64_t)value);
    }
    return 0;
}

static int read_unsigned(struct reading *reading, struct buffer *out, const schema_field *field, const json_t *in) {
    uint64_t value;
    int type = (int)field->type;
    bool is_small = type == FIELD(UINT32) || type == FIELD(FIXED32);
    if (!take_unsigned(in, is_small ? UINT32_MAX : UINT64_MAX, &value)) {
        return refuse(reading, "not a whole number in its range, from 0 on");
    }
    if (type == FIELD(FIXED32) || type == FIELD(FIXED64)) {
        append_fixed(out, field, value, is_small ? 4 : 8);
    } else {
        append_number(out, field, value);
    }
    return 0;
}

static int read_real(struct reading *reading, struct buffer *out, const schema_field *field, const json_t *in) {
    double value;
    uint64_t bits = 0;
    if (!take_real(in, &value)) {
        return refuse(reading, "not a number");
    }
    if ((int)field->type == FIELD(DOUBLE)) {
        memcpy(&bits, &value, sizeof value);
        append_fixed(out, field, bits, 8);
        return 0;
    }
    float single = (float)value;
    if (isfinite(value) && !isfinite(single)) {
        return refuse(reading, "too large for its type");
    }
    memcpy(&bits, &single, sizeof single);
    append_fixed(out, field, bits, 4);
    return 0;
}

static int read_enum(struct reading *reading, struct buffer *out, const schema_field *field, const json_t *in) {
    const schema_enum *type = field->type_name != NULL ? schema_find_enum(reading->schema, field->type_name) : NULL;
    const char *name = json_string_value(in);
    int64_t number;
    for (size_t i = 0; name != NULL && type != NULL && i < type->n_value; i++) {
        if (type->value[i]->name != NULL && strcmp(type->value[i]->name, name) == 0) {
            append_number(out, field, (uint64_t)(int64_t)type->value[i]->number);
            return 0;
        }
    }
    if (!json_is_integer(in) || !take_signed(in, INT32_MIN, INT32_MAX, &number)) {
        return refuse(reading, "not the name of a value of its enumeration");
    }
    append_number(out, field, (uint64_t)number);
    return 0;
}

/* ---- base64, in either alphabet, with padding or without */

static int sextet(char letter) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    letter = (char)(letter == '-' ? '+' : letter == '_' ? '/' : letter);
    const char *at = letter != '\0' ? strchr(alphabet, letter) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

static bool decode_base64(struct buffer *out, const char *text) {
    size_t len = strlen(text);
    uint32_t bits = 0;
    unsigned count = 0;
    if (len > 0 && len % 4 == 0 && text[len - 1] == '=') {
        len -= text[len - 2] == '=' ? 2 : 1;
    }
    for (size_t i = 0; i < len; i++) {
        int value = sextet(text[i]);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buffer_append_byte(out, (uint8_t)(bits >> count));
        }
    }
    return count < 6 && (bits & ((1u << count) - 1)) == 0;
}

static int read_bytes(struct reading *reading, struct buffer *out, const schema_field *field, const json_t *in) {
    struct buffer bytes;
    const char *text = json_string_value(in);
    buffer_init(&bytes, LIMIT_REQUEST_APPEND);
    bool is_fine = text != NULL && decode_base64(&bytes, text) && bytes.error == 0;
    if (is_fine) {
        wire_append_bytes(out, (uint32_t)field->number, buffer_bytes(&bytes));
    }
    buffer_free(&bytes);
    return is_fine ? 0 : refuse(reading, "not base64");
}

/* ---- fields */

static int read_nested(struct reading *reading, struct buffer *out, const schema_field *field, const json_t *in) {
    struct buffer nested;
    buffer_init(&nested, LIMIT_REQUEST_APPEND);
    int error = read_message(reading, &nested, field->type_name != NULL ? field->type_name : "", in);
    if (error == 0) {
        wire_append_bytes(out, (uint32_t)field->number, buffer_bytes(&nested));
        error = nested.error ? refuse(reading, "too large") : 0;
    }
    buffer_free(&nested);
    return error;
}

static int read_value(struct reading *reading, struct buffer *out, const schema_field *field, const json_t *in) {
    switch ((int)field->type) {
    case FIELD(INT32):
    case FIELD(SINT32):
    case FIELD(SFIXED32):
    case FIELD(INT64):
    case FIELD(SINT64):
    case FIELD(SFIXED64):
        return read_signed(reading, out, field, in);
    case FIELD(UINT32):
    case FIELD(FIXED32):
    case FIELD(UINT64):
    case FIELD(FIXED64):
        return read_unsigned(reading, out, field, in);
    case FIELD(DOUBLE):
    case FIELD(FLOAT):
        return read_real(reading, out, field, in);
    case FIELD(BOOL):
        if (!json_is_boolean(in)) {
            return refuse(reading, "neither true nor false");
        }
        append_number(out, field, json_is_true(in));
        return 0;
    case FIELD(STRING):
        if (!json_is_string(in)) {
            return refuse(reading, "not a text");
        }
        wire_append_bytes(out, (uint32_t)field->number, bytes_of(json_string_value(in), json_string_length(in)));
        return 0;
    case FIELD(BYTES):
        return read_bytes(reading, out, field, in);
    case FIELD(ENUM):
        return read_enum(reading, out, field, in);
    case FIELD(MESSAGE):
        return read_nested(reading, out, field, in);
    default:
        return refuse(reading, "of a type that JSON has no form for");
    }
}

static int read_list(struct reading *reading, struct buffer *out, const schema_field *field, const json_t *in) {
    int error = json_is_array(in) ? 0 : refuse(reading, "not a list");
    for (size_t i = 0; error == 0 && i < json_array_size(in); i++) {
        struct step step = {.kind = STEP_ITEM, .index = i};
        go_in(reading, &step);
        error = read_value(reading, out, field, json_array_get(in, i));
        go_out(reading);
    }
    return error;
}

/* Keys are texts in JSON, whatever their type. */
static int read_key(struct reading *reading, struct buffer *out, const schema_field *field, const char *key) {
    const bool is_bool = (int)field->type == FIELD(BOOL);
    const bool is_word = strcmp(key, "true") == 0 || strcmp(key, "false") == 0;
    json_t *in = is_bool && is_word ? json_boolean(strcmp(key, "true") == 0) : json_string(key);
    int error = in != NULL ? read_value(reading, out, field, in) : refuse(reading, "a key that is none");
    json_decref(in);
    return error;
}

static int read_entry(struct reading *reading, struct buffer *out, const schema_field *field, const char *key,
                      const json_t *value) {
    const schema_message *type = schema_find_message(reading->schema, field->type_name);
    const schema_field *of_key = schema_field_numbered(type, 1), *of_value = schema_field_numbered(type, 2);
    struct buffer entry;
    if (of_key == NULL || of_value == NULL) {
        return refuse(reading, "of a type that JSON has no form for");
    }
    buffer_init(&entry, LIMIT_REQUEST_APPEND);
    int error = read_key(reading, &entry, of_key, key);
    error = error ? error : read_value(reading, &entry, of_value, value);
    if (error == 0) {
        wire_append_bytes(out, (uint32_t)field->number, buffer_bytes(&entry));
        error = entry.error ? refuse(reading, "too large") : 0;
    }
    buffer_free(&entry);
    return error;
}

/* A map is on the wire a list of entries. */
static int read_map(struct reading *reading, struct buffer *out, const schema_field *field, const json_t *in) {
    const char *key;
    json_t *value;
    int error = json_is_object(in) ? 0 : refuse(reading, "not an object");
    json_object_foreach((json_t *)(uintptr_t)in, key, value) {
        struct step step = {.kind = STEP_KEY, .name = key};
        go_in(reading, &step);
        error = error ? error : read_entry(reading, out, field, key, value);
        go_out(reading);
    }
    return error;
}

/* Two fields of one choice, or one by both of its names. */
static int note_once(struct reading *reading, const schema_message *message, const schema_field *field,
                     bool seen_oneof[ONEOFS_MAX], const json_t *object) {
    const char *own = field->name != NULL ? field->name : "";
    if (strcmp(own, schema_json_name(field)) != 0 && json_object_get(object, own) != NULL &&
        json_object_get(object, schema_json_name(field)) != NULL) {
        return refuse(reading, "given twice, by both of its names");
    }
    if (field->has_oneof_index && field->oneof_index >= 0 && field->oneof_index < ONEOFS_MAX &&
        (size_t)field->oneof_index < message->n_oneof_decl) {
        if (seen_oneof[field->oneof_index]) {
            return refuse(reading, "another field of the same choice is given");
        }
        seen_oneof[field->oneof_index] = true;
    }
    return 0;
}

static int read_field(struct reading *reading, struct buffer *out, const schema_field *field, const json_t *in) {
    if (schema_is_map(reading->schema, field)) {
        return read_map(reading, out, field, in);
    }
    return schema_is_repeated(field) ? read_list(reading, out, field, in) : read_value(reading, out, field, in);
}

static int read_fields(struct reading *reading, struct buffer *out, const schema_message *message, const json_t *in) {
    bool seen_oneof[ONEOFS_MAX] = {false};
    const char *key;
    json_t *value;
    int error = json_is_object(in) ? 0 : refuse(reading, "not an object");
    json_object_foreach((json_t *)(uintptr_t)in, key, value) {
        struct step step = {.kind = STEP_FIELD, .name = key};
        if (error != 0 || json_is_null(value)) { /* null is: not given */
            continue;
        }
        go_in(reading, &step);
        const schema_field *field = schema_find_field(message, key);
        error = field == NULL ? refuse(reading, "there is no such field")
                              : note_once(reading, message, field, seen_oneof, in);
        if (error == 0) {
            error = read_field(reading, out, field, value);
        }
        go_out(reading);
    }
    return error ? error : out->error;
}

/* ---- forms of their own */

static int read_moment(struct reading *reading, struct buffer *out, bool is_time, const json_t *in) {
    const char *text = json_string_value(in);
    int64_t seconds;
    int32_t nanos;
    if (text == NULL ||
        !(is_time ? json_time_parse(&seconds, &nanos, text) : json_duration_parse(&seconds, &nanos, text))) {
        return refuse(reading, is_time ? "not a time like 2025-04-23T00:00:00Z" : "not a duration like 1.5s");
    }
    if (seconds != 0) {
        wire_append_varint(out, 1, (uint64_t)seconds);
    }
    if (nanos != 0) {
        wire_append_varint(out, 2, (uint64_t)(int64_t)nanos);
    }
    return out->error;
}

/* A message with its type beside its fields, or, where it has a form of its own, beside that as "value". */
static int read_typed(struct reading *reading, struct buffer *out, const char *type, const json_t *in) {
    if (schema_special_of(type) != SPECIAL_NONE) {
        return read_message(reading, out, type, json_object_get(in, "value"));
    }
    json_t *fields = json_copy((json_t *)(uintptr_t)in);
    int error = fields != NULL && json_object_del(fields, "@type") == 0 ? read_message(reading, out, type, fields)
                                                                        : DEPOSITARY_E_MEMORY;
    json_decref(fields);
    return error;
}

/* Without "@type" it is the message as it is: an empty one, or one of a type that the descriptors do not tell of. */
static int read_any(struct reading *reading, struct buffer *out, const schema_message *message, const json_t *in) {
    const json_t *named = json_object_get(in, "@type");
    const char *url = json_string_value(named);
    const char *slash = url != NULL ? strrchr(url, '/') : NULL;
    struct buffer value;
    if (named == NULL) {
        return read_fields(reading, out, message, in);
    }
    if (slash == NULL || schema_find_message(reading->schema, slash + 1) == NULL) {
        return refuse(reading, "its \"@type\" names no type that the descriptors tell of");
    }
    buffer_init(&value, LIMIT_REQUEST_APPEND);
    int error = read_typed(reading, &value, slash + 1, in);
    if (error == 0) {
        wire_append_bytes(out, 1, bytes_text(url));
        wire_append_bytes(out, 2, buffer_bytes(&value));
    }
    buffer_free(&value);
    return error;
}

static int read_known(struct reading *reading, struct buffer *out, const char *type, const schema_message *message,
                      const json_t *in) {
    switch (schema_special_of(type)) {
    case SPECIAL_TIME:
        return read_moment(reading, out, true, in);
    case SPECIAL_DURATION:
        return read_moment(reading, out, false, in);
    case SPECIAL_ANY:
        return read_any(reading, out, message, in);
    case SPECIAL_BOX:
        return message->n_field > 0 ? read_value(reading, out, message->field[0], in) : refuse(reading, "no such type");
    case SPECIAL_REFUSED:
        return refuse(reading, "of a type whose form in JSON is not read here");
    case SPECIAL_NONE:
        break;
    }
    return read_fields(reading, out, message, in);
}

static int read_message(struct reading *reading, struct buffer *out, const char *type, const json_t *in) {
    const schema_message *message = schema_find_message(reading->schema, type);
    if (message == NULL) {
        return refuse(reading, "the descriptors do not tell of its type");
    }
    if (reading->depth == LIMIT_DEPTH) {
        return refuse(reading, "nested too deep");
    }
    reading->depth++;
    int error = read_known(reading, out, type, message, in);
    reading->depth--;
    return error;
}

int schema_parse_json(struct buffer *out, const struct schema *schema, const char *type, const json_t *object,
                      struct fault *fault) {
    struct reading reading = {.schema = schema, .fault = fault};
    int error = read_message(&reading, out, type, object);
    return error ? error : out->error;
}
