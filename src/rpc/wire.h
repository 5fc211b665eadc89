/*
 * Writing and reading of encoded protobuf where the generated code would copy once more: fields around bytes that are at hand.
 * Pure; for the files of this room and for the sealer.
 */
#ifndef RPC_WIRE_H
#define RPC_WIRE_H

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"
#include "base/error.h"

#define WIRE_VARINT_MAX 10u /* bytes */
#define WIRE_TAG_MAX    5u  /* bytes of a tag or a length, as protobuf-c reads them */

enum wire_type { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_BYTES = 2, WIRE_32BIT = 5 };

size_t wire_varint_len(uint64_t value);
/** Writes to at, which has room, and returns what follows. */
uint8_t *wire_put_varint(uint8_t *at, uint64_t value);

/** Takes a varint of at most `max` (up to WIRE_VARINT_MAX) bytes off *in. False where it does not end in them, or is past 64 bits. */
bool wire_take_varint(struct bytes *in, size_t max, uint64_t *out);

/** Appends a field of bytes (string, bytes, message) with its tag and length. */
void wire_append_bytes(struct buffer *out, uint32_t field, struct bytes value);
/** Its tag and length alone: the value's `len` bytes are to follow. */
void wire_append_length(struct buffer *out, uint32_t field, size_t len);
void wire_append_varint(struct buffer *out, uint32_t field, uint64_t value);
/** Appends a message, encoded by protobuf-c; without and with a field's tag and length before it. */
void wire_append_message(struct buffer *out, const ProtobufCMessage *message);
void wire_append_message_field(struct buffer *out, uint32_t field, const ProtobufCMessage *message);

#endif
