/* Messages: the first byte chooses one of all that travel; what the guard lets through unpacks, within the arena. */
#include "depositary/v1/ledger.pb-c.h"
#include "depositary/v1/rpc.pb-c.h"
#include "fuzz.h"
#include "rpc/call.h"
#include "rpc/guard.h"
#include "rpc/method.h"

#define ARENA_CAP (16u * 1024 * 1024)

static const ProtobufCMessageDescriptor *choose(uint8_t choice) {
    size_t count;
    const struct method *methods = method_table(&count);
    if (choice < count)
        return methods[choice].input;
    if ((size_t)(choice - count) < count)
        return methods[choice - count].output;
    switch ((choice - 2 * count) % 4) {
    case 0:
        return &depositary__v1__request__descriptor;
    case 1:
        return &depositary__v1__response__descriptor;
    case 2:
        return &depositary__v1__answer__descriptor;
    default:
        return &depositary__v1__receipt__descriptor;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    ProtobufCMessage *message = NULL;
    struct bytes answer;
    struct seal seal;
    struct call_request request;
    if (size == 0)
        return 0;
    struct bytes in = bytes_of(data + 1, size - 1);
    arena_init(&arena, ARENA_CAP);
    if (guard_check(choose(data[0]), in, ARENA_CAP / 2, NULL) == 0)
        HOLDS(guard_unpack(&message, choose(data[0]), in, &arena, NULL) == 0);
    HOLDS(arena.used <= ARENA_CAP);
    arena_free(&arena);
    arena_init(&arena, ARENA_CAP);
    (void)!response_read(&answer, &seal, in, &arena, NULL);
    (void)!call_read(&request, in, &arena, NULL);
    arena_free(&arena);
    return 0;
}
