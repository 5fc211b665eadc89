/* See mutate.h. */
#include "mutate.h"

#include <string.h>

#include "base/arena.h"
#include "rpc/guard.h"

#define MUTATE_MEMORY (32u * 1024 * 1024)
#define GROWTH        64u /* bytes by which a value may grow */

struct mutation {
    struct arena arena;
    uint64_t chance;
};

static uint32_t any(struct mutation *mutation, uint32_t below) {
    mutation->chance = mutation->chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(mutation->chance >> 33) % below;
}

static void *room(struct mutation *mutation, size_t size) {
    void *out = arena_zalloc(&mutation->arena, size + 1);
    if (out == NULL)
        abort();
    return out;
}

static ProtobufCMessage *make(struct mutation *mutation, const ProtobufCMessageDescriptor *type) {
    ProtobufCMessage *out = room(mutation, type->sizeof_message);
    type->message_init(out);
    return out;
}

static size_t change(struct mutation *mutation, uint8_t **value, size_t len) {
    uint8_t *out = room(mutation, len + GROWTH);
    if (len > 0)
        memcpy(out, *value, len);
    *value = out;
    return LLVMFuzzerMutate(out, len, len + GROWTH);
}

/* ---- values */

static void change_string(struct mutation *mutation, uint8_t *place) {
    uint8_t *text;
    memcpy(&text, place, sizeof text);
    size_t len = change(mutation, &text, text != NULL ? strlen((char *)text) : 0);
    text[len] = '\0';
    memcpy(place, &text, sizeof text);
}

static void change_bytes(struct mutation *mutation, uint8_t *place) {
    ProtobufCBinaryData value;
    memcpy(&value, place, sizeof value);
    value.len = any(mutation, 8) == 0 ? 0 : change(mutation, &value.data, value.len);
    memcpy(place, &value, sizeof value);
}

static void change_number(struct mutation *mutation, uint8_t *place, size_t size) {
    uint64_t value = 0;
    memcpy(&value, place, size);
    switch (any(mutation, 6)) {
    case 0:
        value++;
        break;
    case 1:
        value--;
        break;
    case 2:
        value = any(mutation, 20);
        break;
    case 3:
        value = UINT64_MAX >> any(mutation, 64);
        break;
    case 4:
        value = 0;
        break;
    default:
        value ^= UINT64_C(1) << any(mutation, 64);
    }
    memcpy(place, &value, size);
}

static void change_fields(struct mutation *mutation, ProtobufCMessage *message);

static void change_message(struct mutation *mutation, const ProtobufCFieldDescriptor *field, uint8_t *place) {
    ProtobufCMessage *message;
    memcpy(&message, place, sizeof message);
    if (message == NULL || any(mutation, 32) == 0)
        message = make(mutation, field->descriptor);
    else if (any(mutation, 24) == 0 && field->label != PROTOBUF_C_LABEL_REPEATED)
        message = NULL;
    else
        change_fields(mutation, message);
    memcpy(place, &message, sizeof message);
}

static size_t value_size(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

static void change_value(struct mutation *mutation, const ProtobufCFieldDescriptor *field, uint8_t *place) {
    protobuf_c_boolean is_set;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        change_string(mutation, place);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        change_bytes(mutation, place);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        change_message(mutation, field, place);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        memcpy(&is_set, place, sizeof is_set);
        is_set = !is_set;
        memcpy(place, &is_set, sizeof is_set);
        break;
    default:
        change_number(mutation, place, value_size(field));
    }
}

/* ---- fields */

static void empty_value(struct mutation *mutation, const ProtobufCFieldDescriptor *field, uint8_t *place) {
    memset(place, 0, value_size(field));
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        char *text = room(mutation, 0);
        memcpy(place, &text, sizeof text);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage *message = make(mutation, field->descriptor);
        memcpy(place, &message, sizeof message);
    }
}

/* An element more or less, two exchanged, or none at all. */
static void change_list(struct mutation *mutation, const ProtobufCFieldDescriptor *field, size_t *count,
                        uint8_t **list) {
    const size_t size = value_size(field);
    uint8_t *out = room(mutation, (*count + 1) * size);
    size_t at = *count > 0 ? any(mutation, (uint32_t)*count) : 0;
    if (*count > 0)
        memcpy(out, *list, *count * size);
    *list = out;
    if (*count == 0 || any(mutation, 8) == 0) {
        empty_value(mutation, field, out + *count * size);
        ++*count;
    } else if (any(mutation, 3) == 0) {
        memcpy(out + *count * size, out + at * size, size);
        ++*count;
    } else if (any(mutation, 2) == 0) {
        --*count;
        memmove(out + at * size, out + (at + 1) * size, (*count - at) * size);
    } else {
        uint8_t kept[sizeof(ProtobufCBinaryData)];
        size_t other = any(mutation, (uint32_t)*count);
        memcpy(kept, out + at * size, size);
        memmove(out + at * size, out + other * size, size);
        memcpy(out + other * size, kept, size);
    }
}

static void change_fields(struct mutation *mutation, ProtobufCMessage *message) {
    const ProtobufCMessageDescriptor *type = message->descriptor;
    if (type->n_fields == 0)
        return;
    const ProtobufCFieldDescriptor *field = &type->fields[any(mutation, type->n_fields)];
    uint8_t *place = (uint8_t *)message + field->offset;
    uint8_t *quantifier = (uint8_t *)message + field->quantifier_offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count;
        uint8_t *list;
        memcpy(&count, quantifier, sizeof count);
        memcpy(&list, place, sizeof list);
        if (count == 0 || any(mutation, 4) == 0)
            change_list(mutation, field, &count, &list);
        else
            change_value(mutation, field, list + any(mutation, (uint32_t)count) * value_size(field));
        memcpy(quantifier, &count, sizeof count);
        memcpy(place, &list, sizeof list);
        return;
    }
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t chosen;
        memcpy(&chosen, quantifier, sizeof chosen);
        if (chosen != field->id)
            empty_value(mutation, field, place);
        memcpy(quantifier, &field->id, sizeof field->id);
    }
    change_value(mutation, field, place);
}

size_t mutate_message(const ProtobufCMessageDescriptor *type, uint8_t *data, size_t size, size_t max, unsigned seed) {
    struct mutation mutation = {.chance = seed};
    ProtobufCMessage *message;
    size_t len = 0;
    arena_init(&mutation.arena, MUTATE_MEMORY);
    if (any(&mutation, 8) != 0 && guard_unpack(&message, type, bytes_of(data, size), &mutation.arena, NULL) == 0) {
        for (uint32_t changes = 1 + any(&mutation, 3) / 2; changes > 0; changes--)
            change_fields(&mutation, message);
        len = protobuf_c_message_get_packed_size(message);
        if (len <= max)
            (void)protobuf_c_message_pack(message, data);
    }
    arena_free(&mutation.arena);
    return len > 0 && len <= max ? len : LLVMFuzzerMutate(data, size, max);
}
