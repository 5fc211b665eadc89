/*
 * The wire guard (guard.h). One function a kind of field; recursion goes as deep as LIMIT_DEPTH. The estimate of memory
 * follows protobuf-c's unpacking: a struct for each message, a slot for each member that is scanned, arrays for what is repeated,
 * copies of strings and bytes, and of unknown fields.
 */
#include "rpc/guard.h"

#include "base/encode.h"
#include "base/limits.h"
#include "rpc/wire.h"

#include <string.h>

#define GUARD_FIELDS_MAX 128u /* of one message type; ours have 15 at most */

/* protobuf-c notes every member that it scans: the first 16 on its stack, then in slabs that double. */
#define SCANNED_MEMBER_SIZE  32u
#define SCANNED_FIRST_MEMBER 16u

struct walk {
    struct bytes whole; /* for offsets in faults */
    size_t memory;      /* bytes left */
    struct fault *fault;
};

/* A message that is being walked, and the field of the message around it that it stands in. */
struct level {
    const struct level *outer;
    const ProtobufCFieldDescriptor *field; /* of `outer`; NULL at the top */
    const ProtobufCMessageDescriptor *descriptor;
    unsigned depth;
    size_t scanned;                       /* members so far */
    uint64_t seen[GUARD_FIELDS_MAX / 64]; /* fields so far, by their place in the descriptor */
};

/* ---- faults */

static void path_append(struct buffer *path, const struct level *level) {
    if (level->field) {
        path_append(path, level->outer); /* at most LIMIT_DEPTH */
        buffer_append_text(path, level->field->name);
        buffer_append_byte(path, '.');
    }
}

static int refuse(const struct walk *walk, const struct level *level, const ProtobufCFieldDescriptor *field,
                  const uint8_t *at, int error, const char *what) {
    struct buffer path;
    buffer_init(&path, 256);
    path_append(&path, level);
    buffer_append_text(&path, field ? field->name : "");
    size_t offset = at ? (size_t)(at - walk->whole.data) : 0;
    fault_set(walk->fault, error, "%s, at %.*s%sbyte %zu: %s", level->descriptor->name, (int)path.len,
              path.data ? (const char *)path.data : "", path.len > 0 ? ", " : "", offset, what);
    buffer_free(&path);
    return error;
}

/* ---- memory */

/* Counts one allocation of the arena. */
static bool spend(struct walk *walk, size_t size) {
    const size_t align = _Alignof(max_align_t);
    if (size > walk->memory) {
        return false;
    }
    size_t rounded = size % align == 0 ? size : size + (align - size % align);
    if (rounded > walk->memory) {
        return false;
    }
    walk->memory -= rounded;
    return true;
}

/* Counts part of an array, whose end was rounded up before. */
static bool spend_elements(struct walk *walk, size_t count, size_t size) {
    if (count > walk->memory / size) {
        return false;
    }
    walk->memory -= count * size;
    return true;
}

/* Counts a scanned member: a slab whenever the ones so far are full. */
static bool spend_scanned(struct walk *walk, struct level *level) {
    size_t scanned = level->scanned++;
    size_t full = SCANNED_FIRST_MEMBER;
    size_t slab = SCANNED_FIRST_MEMBER;
    while (full < scanned) {
        slab *= 2;
        full += slab;
    }
    return full != scanned || spend(walk, slab * 2 * SCANNED_MEMBER_SIZE);
}

static size_t element_size(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
    default:
        return sizeof(ProtobufCBinaryData);
    }
}

/* ---- fields */

static enum wire_type declared_wire_type(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_32BIT;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_BYTES;
    default:
        return WIRE_VARINT;
    }
}

/* Takes the value of a field off *in; *value is what stands behind a length, or the value's own bytes. */
static bool take_value(struct bytes *in, enum wire_type type, struct bytes *value) {
    struct bytes start = *in;
    uint64_t number;
    size_t len;
    switch (type) {
    case WIRE_VARINT:
        if (!wire_take_varint(in, WIRE_VARINT_MAX, &number)) {
            return false;
        }
        *value = bytes_slice(start, 0, start.len - in->len);
        return true;
    case WIRE_BYTES:
        if (!wire_take_varint(in, WIRE_TAG_MAX, &number) || number > in->len) {
            return false;
        }
        len = (size_t)number;
        break;
    case WIRE_64BIT:
        len = 8;
        break;
    case WIRE_32BIT:
        len = 4;
        break;
    default:
        return false;
    }
    if (len > in->len) {
        return false;
    }
    *value = bytes_slice(*in, 0, len);
    *in = bytes_slice(*in, len, in->len);
    return true;
}

/* Number of elements in a packed field; false where they do not fill it exactly. */
static bool count_packed(ProtobufCType type, struct bytes value, size_t *count) {
    enum wire_type wire_type = declared_wire_type(type);
    *count = 0;
    while (value.len > 0) {
        struct bytes element;
        if (!take_value(&value, wire_type, &element)) {
            return false;
        }
        if (type == PROTOBUF_C_TYPE_BOOL && (element.len != 1 || element.data[0] > 1)) {
            return false;
        }
        (*count)++;
    }
    return true;
}

static int walk_message(struct walk *walk, const struct level *level_start, struct bytes in);

static int walk_string(struct walk *walk, const struct level *level, const ProtobufCFieldDescriptor *field,
                       struct bytes value) {
    if (value.len > 0 && memchr(value.data, 0, value.len)) {
        return refuse(walk, level, field, value.data, DEPOSITARY_E_UTF8, "NUL in a string");
    }
    if (!utf8_valid(value)) {
        return refuse(walk, level, field, value.data, DEPOSITARY_E_UTF8, "not UTF-8");
    }
    if (!spend(walk, value.len + 1)) {
        return refuse(walk, level, field, value.data, DEPOSITARY_E_LIMIT, "needs more memory than a message may");
    }
    return 0;
}

static int walk_inner(struct walk *walk, const struct level *level, const ProtobufCFieldDescriptor *field,
                      struct bytes value) {
    if (level->depth >= LIMIT_DEPTH) {
        return refuse(walk, level, field, value.data, DEPOSITARY_E_FORMAT, "messages nest too deep");
    }
    const struct level inner = {
        .outer = level, .field = field, .descriptor = field->descriptor, .depth = level->depth + 1};
    return walk_message(walk, &inner, value);
}

/* A value that is not packed. */
static int walk_value(struct walk *walk, const struct level *level, const ProtobufCFieldDescriptor *field,
                      struct bytes value) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return walk_string(walk, level, field, value);
    case PROTOBUF_C_TYPE_MESSAGE:
        return walk_inner(walk, level, field, value);
    case PROTOBUF_C_TYPE_BYTES:
        if (!spend(walk, value.len)) {
            return refuse(walk, level, field, value.data, DEPOSITARY_E_LIMIT, "needs more memory than a message may");
        }
        return 0;
    default:
        return 0;
    }
}

/* Notes that a field was seen, and tells whether it was seen before. */
static bool see(struct level *level, const ProtobufCFieldDescriptor *field) {
    size_t index = (size_t)(field - level->descriptor->fields);
    uint64_t bit = (uint64_t)1 << (index % 64);
    bool before = (level->seen[index / 64] & bit) != 0;
    level->seen[index / 64] |= bit;
    return before;
}

static int walk_repeated(struct walk *walk, struct level *level, const ProtobufCFieldDescriptor *field,
                         enum wire_type type, struct bytes value) {
    bool is_packed = type == WIRE_BYTES && declared_wire_type(field->type) != WIRE_BYTES;
    size_t count = 1;
    if (is_packed && !count_packed(field->type, value, &count)) {
        return refuse(walk, level, field, value.data, DEPOSITARY_E_FORMAT, "packed values are torn");
    }
    bool is_first = !see(level, field);
    if ((is_first && !spend_elements(walk, 1, _Alignof(max_align_t))) ||
        !spend_elements(walk, count, element_size(field->type))) {
        return refuse(walk, level, field, value.data, DEPOSITARY_E_LIMIT, "needs more memory than a message may");
    }
    return is_packed ? 0 : walk_value(walk, level, field, value);
}

static int walk_unknown(struct walk *walk, const struct level *level, size_t len, const uint8_t *at) {
    if (!spend(walk, sizeof(ProtobufCMessageUnknownField)) || !spend(walk, len)) {
        return refuse(walk, level, NULL, at, DEPOSITARY_E_LIMIT, "unknown fields need more memory than a message may");
    }
    return 0;
}

/* Takes one field off *in. */
static int walk_field(struct walk *walk, struct level *level, struct bytes *in) {
    const uint8_t *at = in->data;
    uint64_t tag;
    if (!wire_take_varint(in, WIRE_TAG_MAX, &tag) || tag > UINT32_MAX || tag >> 3 == 0) {
        return refuse(walk, level, NULL, at, DEPOSITARY_E_FORMAT, "no tag of a field");
    }
    enum wire_type type = (enum wire_type)(tag & 7);
    size_t before = in->len;
    struct bytes value;
    if (!take_value(in, type, &value)) {
        return refuse(walk, level, NULL, at, DEPOSITARY_E_FORMAT,
                      "a field is torn, longer than what is there, or a group");
    }
    if (!spend_scanned(walk, level)) {
        return refuse(walk, level, NULL, at, DEPOSITARY_E_LIMIT, "more fields than memory for them");
    }
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(level->descriptor, (unsigned)(tag >> 3));
    if (!field) {
        return walk_unknown(walk, level, before - in->len, at);
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED && (type == WIRE_BYTES || type == declared_wire_type(field->type))) {
        return walk_repeated(walk, level, field, type, value);
    }
    if (type != declared_wire_type(field->type)) {
        return refuse(walk, level, field, at, DEPOSITARY_E_FORMAT, "another wire type than the field's");
    }
    if (see(level, field) && field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return refuse(walk, level, field, at, DEPOSITARY_E_FORMAT, "given twice");
    }
    return walk_value(walk, level, field, value);
}

static int walk_message(struct walk *walk, const struct level *level_start, struct bytes in) {
    struct level level = *level_start;
    if (level.descriptor->n_fields > GUARD_FIELDS_MAX) {
        return refuse(walk, &level, NULL, in.data, DEPOSITARY_E_ARGUMENT, "a type of more fields than the guard knows");
    }
    if (!spend(walk, level.descriptor->sizeof_message)) {
        return refuse(walk, &level, NULL, in.data, DEPOSITARY_E_LIMIT, "needs more memory than a message may");
    }
    while (in.len > 0) {
        int error = walk_field(walk, &level, &in);
        if (error) {
            return error;
        }
    }
    return 0;
}

int guard_check(const ProtobufCMessageDescriptor *descriptor, struct bytes in, size_t memory, struct fault *fault) {
    struct walk walk = {.whole = in, .memory = memory, .fault = fault};
    const struct level top = {.descriptor = descriptor, .depth = 1};
    return walk_message(&walk, &top, in);
}

/* ---- unpacking */

static void *allocate(void *arena, size_t size) {
    return arena_alloc(arena, size);
}

static void release(void *arena, void *pointer) {
    (void)arena; /* everything goes with the arena */
    (void)pointer;
}

int guard_unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *descriptor, struct bytes in,
                 struct arena *arena, struct fault *fault) {
    int error = guard_check(descriptor, in, arena->cap - arena->used, fault);
    if (error) {
        return error;
    }
    ProtobufCAllocator allocator = {.alloc = allocate, .free = release, .allocator_data = arena};
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, in.len, in.data);
    if (!message) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "%s: no memory", descriptor->name);
    }
    *out = message;
    return 0;
}
