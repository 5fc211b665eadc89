/*
 * Messages: the first byte chooses one of all that travel, and one with a field of every type; the second, how much memory there is. What the guard lets through is
 * unpacked in that much, and goes through again when it is packed.
 */
#include "base/encode.h"
#include "depositary/v1/ledger.pb-c.h"
#include "depositary/v1/rpc.pb-c.h"
#include "every.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "mutate.h"
#include "rpc/call.h"
#include "rpc/guard.h"
#include "rpc/method.h"

#include <string.h>

#define HEAD_LEN  2
#define ARENA_CAP (16u * 1024 * 1024)

static const ProtobufCMessageDescriptor *choose(uint8_t choice) {
    size_t count;
    const struct method *methods = method_table(&count);
    if (choice < count)
        return methods[choice].input;
    if ((size_t)(choice - count) < count)
        return methods[choice - count].output;
    switch ((choice - 2 * count) % 7) {
    case 0:
        return &depositary__v1__request__descriptor;
    case 1:
        return &depositary__v1__response__descriptor;
    case 2:
        return &depositary__v1__answer__descriptor;
    case 3:
        return &depositary__v1__receipt__descriptor;
    case 4:
        return &google__protobuf__file_descriptor_set__descriptor;
    default:
        return &fuzz__every__descriptor;
    }
}

/* Levels of messages, and every text UTF-8. */
static unsigned judge_depth(const ProtobufCMessage *message) {
    unsigned deepest = 0;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const uint8_t *member = (const uint8_t *)message + field->offset;
        const uint8_t *place = member;
        const bool is_list = field->label == PROTOBUF_C_LABEL_REPEATED;
        size_t count = 1;
        if (is_list) {
            memcpy(&count, (const uint8_t *)message + field->quantifier_offset, sizeof count);
            memcpy(&place, member, sizeof place);
        } else if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
            uint32_t chosen;
            memcpy(&chosen, (const uint8_t *)message + field->quantifier_offset, sizeof chosen);
            count = chosen == field->id;
        }
        for (size_t j = 0; j < count; j++) {
            const void *value = NULL;
            if (field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING)
                break;
            memcpy(&value, place + j * sizeof value, sizeof value);
            if (value != NULL && field->type == PROTOBUF_C_TYPE_STRING)
                HOLDS(utf8_valid(bytes_text(value)));
            unsigned depth = value != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE ? judge_depth(value) : 0;
            deepest = depth > deepest ? depth : deepest;
        }
    }
    return deepest + 1;
}

static void try_again(const ProtobufCMessageDescriptor *type, const ProtobufCMessage *message) {
    struct buffer packed;
    ProtobufCMessage *again;
    struct arena arena;
    HOLDS(judge_depth(message) <= LIMIT_DEPTH);
    arena_init(&arena, ARENA_CAP);
    buffer_init(&packed, ARENA_CAP);
    uint8_t *at = buffer_extend(&packed, protobuf_c_message_get_packed_size(message));
    HOLDS(at != NULL || packed.len == 0);
    if (packed.len > 0)
        (void)protobuf_c_message_pack(message, at);
    HOLDS(guard_unpack(&again, type, buffer_bytes(&packed), &arena, NULL) == 0);
    HOLDS(protobuf_c_message_get_packed_size(again) == packed.len);
    buffer_free(&packed);
    arena_free(&arena);
}

/* What the guard reckons is enough. */
static void try_memory(const ProtobufCMessageDescriptor *type, struct bytes in, size_t memory) {
    ProtobufCMessage *message = NULL;
    struct arena arena;
    struct fault fault = {0};
    arena_init(&arena, memory);
    int error = guard_check(type, in, memory, &fault);
    HOLDS(error == 0 || error == DEPOSITARY_E_FORMAT || error == DEPOSITARY_E_UTF8 || error == DEPOSITARY_E_LIMIT);
    HOLDS(error == 0 || fault.text[0] != '\0');
    HOLDS((guard_unpack(&message, type, in, &arena, NULL) == 0) == (error == 0));
    HOLDS(arena.used <= memory);
    if (error == 0)
        try_again(type, message);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct bytes answer;
    struct seal seal;
    struct call_request request;
    if (size < HEAD_LEN)
        return 0;
    struct bytes in = bytes_of(data + HEAD_LEN, size - HEAD_LEN);
    try_memory(choose(data[0]), in, (size_t)64 << (data[1] % 18));
    arena_init(&arena, ARENA_CAP);
    (void)!response_read(&answer, &seal, in, &arena, NULL);
    (void)!call_read(&request, in, &arena, NULL);
    arena_free(&arena);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    if (size < HEAD_LEN || seed % 3 == 0) /* most of what the guard is for is no message */
        return LLVMFuzzerMutate(data, size, max);
    return HEAD_LEN + mutate_message(choose(data[0]), data + HEAD_LEN, size - HEAD_LEN, max - HEAD_LEN, seed);
}
