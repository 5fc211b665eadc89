/* Fields of encoded protobuf, written and taken by hand (wire.h). */
#include "rpc/wire.h"

size_t wire_varint_len(uint64_t value) {
    size_t len = 1;
    while (value >= 0x80) {
        value >>= 7;
        len++;
    }
    return len;
}

uint8_t *wire_put_varint(uint8_t *at, uint64_t value) {
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

bool wire_take_varint(struct bytes *in, size_t max, uint64_t *out) {
    uint64_t value = 0;
    for (size_t i = 0; i < in->len && i < max; i++) {
        uint8_t byte = in->data[i];
        if (i == WIRE_VARINT_MAX - 1 && byte > 1) {
            return false;
        }
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            *out = value;
            *in = bytes_slice(*in, i + 1, in->len);
            return true;
        }
    }
    return false;
}

static void append_varint(struct buffer *out, uint64_t value) {
    uint8_t bytes[WIRE_VARINT_MAX];
    const uint8_t *end = wire_put_varint(bytes, value);
    buffer_append(out, bytes_of(bytes, (size_t)(end - bytes)));
}

static void append_tag(struct buffer *out, uint32_t field, enum wire_type type) {
    append_varint(out, (uint64_t)field << 3 | type);
}

void wire_append_length(struct buffer *out, uint32_t field, size_t len) {
    append_tag(out, field, WIRE_BYTES);
    append_varint(out, len);
}

void wire_append_bytes(struct buffer *out, uint32_t field, struct bytes value) {
    wire_append_length(out, field, value.len);
    buffer_append(out, value);
}

void wire_append_varint(struct buffer *out, uint32_t field, uint64_t value) {
    append_tag(out, field, WIRE_VARINT);
    append_varint(out, value);
}

static void append_packed(struct buffer *out, const ProtobufCMessage *message, size_t len) {
    uint8_t *at = buffer_extend(out, len);
    if (at && len > 0) {
        protobuf_c_message_pack(message, at);
    }
}

void wire_append_message(struct buffer *out, const ProtobufCMessage *message) {
    append_packed(out, message, protobuf_c_message_get_packed_size(message));
}

void wire_append_message_field(struct buffer *out, uint32_t field, const ProtobufCMessage *message) {
    size_t len = protobuf_c_message_get_packed_size(message);
    wire_append_length(out, field, len);
    append_packed(out, message, len);
}
