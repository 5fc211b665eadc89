#define _GNU_SOURCE /* memmem */
/*
 * The client's memory of the largest checkpoint, a file that somebody may have changed. The first byte: 0 to 5 is a state of tests/unit/answer_maker.h, whose note is taken
 * where there is no rest; bit 7, whether the rest's first lines are signed anew, by the ledger's key. Oracle: what was not signed is not remembered, what was
 * is read back, and a larger checkpoint is never replaced by a smaller one.
 */
#include "client/memory.h"

#include "answer_maker.h"
#include "mutate.h"
#include "scratch.h"

static struct world world;

static const struct world_state *state_of(uint8_t choice) {
    if (world.policy == NULL)
        world_begin(&world, WORLD_NOW);
    return &world.states[choice % STATES_COUNT];
}

/* Signs the checkpoint that the note says, if it says one. */
static void sign(struct buffer *out, struct bytes note) {
    struct checkpoint checkpoint;
    const uint8_t *end = note.len > 0 ? memmem(note.data, note.len, "\n\n", 2) : NULL;
    struct bytes text = end != NULL ? bytes_slice(note, 0, (size_t)(end - note.data) + 1) : note;
    if (checkpoint_parse(&checkpoint, text, NULL) != 0 ||
        checkpoint_sign(out, &checkpoint, &world.ledger_key.verifier, world.ledger_key.secret) != 0) {
        buffer_clear(out);
        buffer_append(out, note);
    }
}

static bool was_signed(struct bytes note) {
    for (size_t i = 0; i < STATES_COUNT; i++) {
        struct bytes text = world.states[i].note;
        const uint8_t *end = memmem(text.data, text.len, "\n\n", 2);
        if (bytes_starts_with(note, bytes_of(text.data, (size_t)(end - text.data) + 2)))
            return true;
    }
    return false;
}

/* Remembers the second state first, then the note; what is remembered in the end. */
static void try_store(const struct memory *memory, struct bytes note, const struct checkpoint *shown) {
    const struct world_state *old = &world.states[STATE_OLD];
    struct buffer other, kept;
    struct checkpoint held;
    buffer_init(&other, LIMIT_NOTE);
    buffer_init(&kept, LIMIT_NOTE);
    char path[256];
    snprintf(path, sizeof path, "%s/%s", scratch(), memory->name);
    scratch_write(path, old->note);
    int error = memory_store(memory, world.policy, note, &other, NULL);
    HOLDS(memory_load(memory, world.policy, &kept, &held, NULL) == 0);
    bool is_fork = shown->size == old->size && !hash_equal(&shown->root, &old->root);
    HOLDS((error == DEPOSITARY_E_FORK) == is_fork);
    HOLDS(held.size >= old->size && held.size == (shown->size > old->size ? shown->size : old->size));
    HOLDS((other.len > 0) == (is_fork || shown->size < old->size));
    buffer_free(&other);
    buffer_free(&kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[256];
    struct memory memory;
    struct checkpoint judged, loaded;
    struct buffer note, read;
    struct fault fault = {0};
    if (size == 0 || size > 2 * LIMIT_NOTE)
        return 0;
    const struct world_state *state = state_of(data[0]);
    struct bytes rest = size > 1 ? bytes_of(data + 1, size - 1) : state->note;
    buffer_init(&note, 2 * LIMIT_NOTE);
    buffer_init(&read, LIMIT_NOTE);
    if (data[0] & 0x80)
        sign(&note, rest);
    else
        buffer_append(&note, rest);
    HOLDS(memory_init(&memory, scratch(), world.policy, NULL) == 0);
    snprintf(path, sizeof path, "%s/%s", scratch(), memory.name);
    scratch_write(path, buffer_bytes(&note));
    int error = memory_judge(&judged, world.policy, buffer_bytes(&note), NULL);
    int load = memory_load(&memory, world.policy, &read, &loaded, &fault);
    HOLDS((error == 0) == (load == 0));
    HOLDS(error != 0 || (data[0] & 0x80) || was_signed(buffer_bytes(&note)));
    HOLDS(load == 0 || fault.text[0] != '\0');
    if (error == 0) {
        HOLDS(bytes_equal(buffer_bytes(&read), buffer_bytes(&note)) && judged.size == loaded.size);
        try_store(&memory, buffer_bytes(&note), &judged);
    }
    buffer_free(&note);
    buffer_free(&read);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    (void)seed;
    if (size == 1) {
        struct bytes note = state_of(data[0])->note;
        if (note.len < max) {
            memcpy(data + 1, note.data, note.len);
            size += note.len;
        }
    }
    return LLVMFuzzerMutate(data, size, max);
}
