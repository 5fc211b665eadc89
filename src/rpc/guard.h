/*
 * The wire guard: walks the bytes of a message by its descriptor before protobuf-c sees them, since that checks neither
 * depth nor UTF-8 nor counts. Pure. PROTOCOL.md section 9.
 */
#ifndef RPC_GUARD_H
#define RPC_GUARD_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

/**
 * 0 where the bytes are a message of that descriptor: every length inside its bounds, wire types as declared, no group, depth at most
 * LIMIT_DEPTH, strings valid UTF-8 without NUL, no singular message given twice (protobuf-c would merge them, at a cost that
 * grows with the square), and what protobuf-c would allocate at most `memory` bytes. Unknown fields pass, within `memory`.
 * DEPOSITARY_E_FORMAT or _UTF8 (malformed), or _LIMIT (more memory), with the field's path and offset.
 */
MUST_USE int guard_check(const ProtobufCMessageDescriptor *descriptor, struct bytes in, size_t memory,
                         struct fault *fault);

/** Guards, then unpacks into the arena; freed with the arena, never with protobuf-c. */
MUST_USE int guard_unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *descriptor, struct bytes in,
                          struct arena *arena, struct fault *fault);

#endif
