/* Encoded messages as proto3 JSON (schema.h). What is on the wire is believed only as far as the descriptors allow it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/limits.h"
#include "rpc/wire.h"
#include "schema/schema.h"

#define FIELD(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name

struct writing {
    const struct schema *schema;
    unsigned depth;
    struct fault *fault;
};

/* One field of the wire. */
struct taken {
    uint32_t number;
    unsigned wire_type;
    uint64_t number_value; /* varint, 64 bit, 32 bit */
    struct bytes bytes;
};

static json_t *write_message(struct writing *writing, const char *type, struct bytes in);

static json_t *refuse(struct writing *writing, const char *name, const char *words) {
    (void)fault_set(writing->fault, DEPOSITARY_E_FORMAT, "%s: %s", name, words);
    return NULL;
}

static bool take_fixed(struct bytes *in, size_t len, uint64_t *out) {
    if (in->len < len) {
        return false;
    }
    *out = 0;
    for (size_t i = 0; i < len; i++) {
        *out |= (uint64_t)in->data[i] << (8 * i);
    }
    *in = bytes_slice(*in, len, in->len - len);
    return true;
}

static bool take_value(struct bytes *in, struct taken *out) {
    uint64_t len;
    switch (out->wire_type) {
    case WIRE_VARINT:
        return wire_take_varint(in, WIRE_VARINT_MAX, &out->number_value);
    case WIRE_64BIT:
        return take_fixed(in, 8, &out->number_value);
    case WIRE_32BIT:
        return take_fixed(in, 4, &out->number_value);
    case WIRE_BYTES:
        if (!wire_take_varint(in, WIRE_TAG_MAX, &len) || len > in->len) {
            return false;
        }
        out->bytes = bytes_slice(*in, 0, (size_t)len);
        *in = bytes_slice(*in, (size_t)len, in->len - (size_t)len);
        return true;
    default:
        return false;
    }
}

static bool take_field(struct bytes *in, struct taken *out) {
    uint64_t tag;
    if (!wire_take_varint(in, WIRE_TAG_MAX, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff) {
        return false;
    }
    out->number = (uint32_t)(tag >> 3);
    out->wire_type = (unsigned)(tag & 7);
    return take_value(in, out);
}

static unsigned wire_type_of(const schema_field *field) {
    switch ((int)field->type) {
    case FIELD(DOUBLE):
    case FIELD(FIXED64):
    case FIELD(SFIXED64):
        return WIRE_64BIT;
    case FIELD(FLOAT):
    case FIELD(FIXED32):
    case FIELD(SFIXED32):
        return WIRE_32BIT;
    case FIELD(STRING):
    case FIELD(BYTES):
    case FIELD(MESSAGE):
        return WIRE_BYTES;
    case FIELD(GROUP):
        return 3;
    default:
        return WIRE_VARINT;
    }
}

/* ---- scalars */

static json_t *real_json(double value) {
    return isnan(value)                ? json_string("NaN")
           : isinf(value) && value > 0 ? json_string("Infinity")
           : isinf(value)              ? json_string("-Infinity")
                                       : json_real(value);
}

static json_t *long_json(uint64_t value, bool is_signed) {
    char text[24];
    if (is_signed) {
        (void)snprintf(text, sizeof text, "%" PRId64, (int64_t)value);
    } else {
        (void)snprintf(text, sizeof text, "%" PRIu64, value);
    }
    return json_string(text);
}

static json_t *enum_json(struct writing *writing, const schema_field *field, int32_t value) {
    const schema_enum *type = field->type_name != NULL ? schema_find_enum(writing->schema, field->type_name) : NULL;
    for (size_t i = 0; type != NULL && i < type->n_value; i++) {
        if (type->value[i]->number == value && type->value[i]->name != NULL) {
            return json_string(type->value[i]->name);
        }
    }
    return json_integer(value);
}

static json_t *bytes_json(struct bytes in) {
    struct buffer text;
    buffer_init(&text, LIMIT_SOCKET * 2);
    buffer_append_base64(&text, in);
    json_t *out = text.error ? NULL : json_stringn((const char *)text.data, text.len);
    buffer_free(&text);
    return out;
}

static int64_t zigzag(uint64_t value) {
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static json_t *number_json(struct writing *writing, const schema_field *field, uint64_t value) {
    uint32_t low = (uint32_t)value;
    double real;
    float single;
    switch ((int)field->type) {
    case FIELD(DOUBLE):
        memcpy(&real, &value, sizeof real);
        return real_json(real);
    case FIELD(FLOAT):
        memcpy(&single, &low, sizeof single);
        return real_json((double)single);
    case FIELD(INT64):
    case FIELD(SFIXED64):
        return long_json(value, true);
    case FIELD(UINT64):
    case FIELD(FIXED64):
        return long_json(value, false);
    case FIELD(SINT64):
        return long_json((uint64_t)zigzag(value), true);
    case FIELD(INT32):
    case FIELD(SFIXED32):
        return json_integer((int32_t)low);
    case FIELD(UINT32):
    case FIELD(FIXED32):
        return json_integer(low);
    case FIELD(SINT32):
        return json_integer((int32_t)zigzag(low));
    case FIELD(BOOL):
        return json_boolean(value != 0);
    default:
        return enum_json(writing, field, (int32_t)low);
    }
}

static json_t *value_json(struct writing *writing, const schema_field *field, const struct taken *taken) {
    const char *name = schema_json_name(field);
    json_t *out;
    switch ((int)field->type) {
    case FIELD(STRING):
        out = utf8_valid(taken->bytes) ? json_stringn((const char *)taken->bytes.data, taken->bytes.len) : NULL;
        return out != NULL ? out : refuse(writing, name, "a text that is not UTF-8");
    case FIELD(BYTES):
        return bytes_json(taken->bytes);
    case FIELD(MESSAGE):
        return write_message(writing, field->type_name != NULL ? field->type_name : "", taken->bytes);
    default:
        return number_json(writing, field, taken->number_value);
    }
}

/* ---- fields */

static int append(struct writing *writing, json_t *list, const schema_field *field, const struct taken *taken) {
    json_t *value = value_json(writing, field, taken);
    return value == NULL || json_array_append_new(list, value) != 0 ? -1 : 0;
}

/* Packed numbers, or one of them. */
static int write_repeated(struct writing *writing, json_t *object, const schema_field *field,
                          const struct taken *taken) {
    const char *name = schema_json_name(field);
    unsigned wanted = wire_type_of(field);
    json_t *list = json_object_get(object, name);
    if (list == NULL) {
        list = json_array();
        if (json_object_set_new(object, name, list) != 0) {
            return -1;
        }
    }
    if (taken->wire_type == wanted) {
        return append(writing, list, field, taken);
    }
    struct bytes rest = taken->bytes;
    int error = taken->wire_type == WIRE_BYTES ? 0 : -1;
    while (error == 0 && rest.len > 0) {
        struct taken one = {.number = taken->number, .wire_type = wanted};
        error = take_value(&rest, &one) ? append(writing, list, field, &one) : -1;
    }
    return error;
}

/* What is not on the wire is its type's default. */
static json_t *part_of_entry(struct writing *writing, const schema_message *type, const json_t *entry,
                             uint32_t number) {
    const struct taken none = {.bytes = BYTES("")};
    const schema_field *field = schema_field_numbered(type, number);
    json_t *there = field != NULL ? json_object_get(entry, schema_json_name(field)) : NULL;
    return there != NULL   ? json_incref(there)
           : field != NULL ? value_json(writing, field, &none)
                           : refuse(writing, "a map", "its entries lack a key or a value");
}

/* Keys are texts in JSON, whatever their type. */
static int put_in_map(json_t *map, const json_t *key, json_t *value) {
    char text[32] = "";
    const char *name = json_is_string(key) ? json_string_value(key) : text;
    if (json_is_integer(key)) {
        (void)snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(key));
    } else if (json_is_boolean(key)) {
        (void)snprintf(text, sizeof text, "%s", json_is_true(key) ? "true" : "false");
    }
    return json_object_set(map, name, value);
}

static int write_map(struct writing *writing, json_t *object, const schema_field *field, const struct taken *taken) {
    const schema_message *type = schema_find_message(writing->schema, field->type_name);
    json_t *entry = write_message(writing, field->type_name, taken->bytes);
    json_t *map = json_object_get(object, schema_json_name(field));
    if (map == NULL) {
        map = json_object();
        (void)json_object_set_new(object, schema_json_name(field), map);
    }
    json_t *key = entry != NULL ? part_of_entry(writing, type, entry, 1) : NULL;
    json_t *value = key != NULL ? part_of_entry(writing, type, entry, 2) : NULL;
    int error = value != NULL ? put_in_map(map, key, value) : -1;
    json_decref(entry);
    json_decref(key);
    json_decref(value);
    return error;
}

/* Of a choice the last on the wire is meant: what stands there of it already goes. */
static void drop_choice(json_t *object, const schema_message *message, const schema_field *field) {
    for (size_t i = 0; field->has_oneof_index && i < message->n_field; i++) {
        const schema_field *other = message->field[i];
        if (other != field && other->has_oneof_index && other->oneof_index == field->oneof_index) {
            (void)json_object_del(object, schema_json_name(other));
        }
    }
}

static int write_field(struct writing *writing, json_t *object, const schema_message *message,
                       const struct taken *taken) {
    const schema_field *field = schema_field_numbered(message, taken->number);
    if (field == NULL) {
        return 0; /* of a later version */
    }
    if (schema_is_map(writing->schema, field) && taken->wire_type == WIRE_BYTES) {
        return write_map(writing, object, field, taken);
    }
    if (schema_is_repeated(field)) {
        return write_repeated(writing, object, field, taken);
    }
    if (taken->wire_type != wire_type_of(field)) {
        (void)refuse(writing, schema_json_name(field), "of another type on the wire");
        return -1;
    }
    json_t *value = value_json(writing, field, taken);
    drop_choice(object, message, field);
    return value == NULL ? -1 : json_object_set_new(object, schema_json_name(field), value);
}

static json_t *write_fields(struct writing *writing, const schema_message *message, struct bytes in) {
    json_t *object = json_object();
    while (object != NULL && in.len > 0) {
        struct taken taken = {0};
        if (!take_field(&in, &taken) || write_field(writing, object, message, &taken) != 0) {
            if (writing->fault == NULL || writing->fault->error == 0) {
                (void)refuse(writing, message->name != NULL ? message->name : "?", "bytes that are no such message");
            }
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* ---- forms of their own */

static json_t *write_moment(struct writing *writing, bool is_time, struct bytes in) {
    char text[SCHEMA_TIME_MAX];
    uint64_t seconds = 0, nanos = 0;
    while (in.len > 0) {
        struct taken taken = {0};
        if (!take_field(&in, &taken) || (taken.number <= 2 && taken.wire_type != WIRE_VARINT)) {
            return refuse(writing, "time", "bytes that are no such message");
        }
        seconds = taken.number == 1 ? taken.number_value : seconds;
        nanos = taken.number == 2 ? taken.number_value : nanos;
    }
    bool is_fine = is_time ? json_time_print(text, (int64_t)seconds, (int32_t)(uint32_t)nanos)
                           : json_duration_print(text, (int64_t)seconds, (int32_t)(uint32_t)nanos);
    return is_fine ? json_string(text) : refuse(writing, "time", "out of range");
}

static json_t *write_any(struct writing *writing, const schema_message *message, struct bytes in) {
    json_t *plain = write_fields(writing, message, in);
    const char *url = plain != NULL ? json_string_value(json_object_get(plain, "typeUrl")) : NULL;
    const char *slash = url != NULL ? strrchr(url, '/') : NULL;
    struct bytes value = BYTES("");
    if (slash == NULL || schema_find_message(writing->schema, slash + 1) == NULL) {
        return plain; /* a type that the descriptors do not tell of: as it is, with its bytes */
    }
    while (in.len > 0) {
        struct taken taken = {0};
        if (take_field(&in, &taken) && taken.number == 2) {
            value = taken.bytes;
        }
    }
    json_t *inner = write_message(writing, slash + 1, value);
    json_t *out = inner != NULL ? json_object() : NULL;
    if (out != NULL) {
        (void)json_object_set_new(out, "@type", json_string(url));
        if (schema_special_of(slash + 1) == SPECIAL_NONE) {
            (void)json_object_update(out, inner);
        } else {
            (void)json_object_set(out, "value", inner);
        }
    }
    json_decref(inner);
    json_decref(plain);
    return out;
}

static json_t *write_box(struct writing *writing, const schema_message *message, struct bytes in) {
    json_t *plain = write_fields(writing, message, in);
    json_t *value = plain != NULL ? json_object_get(plain, "value") : NULL;
    if (plain != NULL && value == NULL && message->n_field > 0) { /* its default is not on the wire */
        const struct taken none = {.bytes = BYTES("")};
        value = value_json(writing, message->field[0], &none);
    } else {
        (void)json_incref(value);
    }
    json_decref(plain);
    return value;
}

static json_t *write_known(struct writing *writing, const char *type, const schema_message *message, struct bytes in) {
    switch (schema_special_of(type)) {
    case SPECIAL_TIME:
        return write_moment(writing, true, in);
    case SPECIAL_DURATION:
        return write_moment(writing, false, in);
    case SPECIAL_ANY:
        return write_any(writing, message, in);
    case SPECIAL_BOX:
        return write_box(writing, message, in);
    case SPECIAL_REFUSED:
        return refuse(writing, type, "this type has a form in JSON that is not written here");
    case SPECIAL_NONE:
        break;
    }
    return write_fields(writing, message, in);
}

static json_t *write_message(struct writing *writing, const char *type, struct bytes in) {
    const schema_message *message = schema_find_message(writing->schema, type);
    if (message == NULL) {
        return refuse(writing, type, "the descriptors do not tell of this type");
    }
    if (writing->depth == LIMIT_DEPTH) {
        return refuse(writing, type, "nested too deep");
    }
    writing->depth++;
    json_t *out = write_known(writing, type, message, in);
    writing->depth--;
    return out;
}

int schema_print_json(json_t **out, const struct schema *schema, const char *type, struct bytes message,
                      struct fault *fault) {
    struct fault own = {0, ""};
    struct writing writing = {.schema = schema, .fault = &own};
    json_t *made = write_message(&writing, type, message);
    if (made == NULL) {
        return fault_set(fault, own.error != 0 ? own.error : DEPOSITARY_E_FORMAT, "%s", fault_text(&own));
    }
    *out = made;
    return 0;
}
