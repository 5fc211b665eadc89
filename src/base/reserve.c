/* An allocator with a reserve (reserve.h). Thread-safe: a slot is anybody's who sets its flag first. */
#include "base/reserve.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS     64u
#define SLOT_SIZE 1024u /* bytes: more than any of the things it is for */

static alignas(max_align_t) unsigned char slots[SLOTS][SLOT_SIZE];
static atomic_bool is_taken[SLOTS];
static atomic_bool has_lacked;

static bool is_slot(const void *at) {
    const uintptr_t place = (uintptr_t)at;
    return place >= (uintptr_t)slots && place < (uintptr_t)slots + sizeof slots;
}

static void *take_slot(size_t size) {
    atomic_store(&has_lacked, true);
    for (unsigned i = 0; size <= SLOT_SIZE && i < SLOTS; i++) {
        bool was_taken = false;
        if (atomic_compare_exchange_strong(&is_taken[i], &was_taken, true)) {
            return slots[i];
        }
    }
    return NULL;
}

void *reserve_malloc(size_t size) {
    void *at = malloc(size > 0 ? size : 1);
    return at ? at : take_slot(size);
}

void reserve_free(void *at) {
    if (is_slot(at)) {
        atomic_store(&is_taken[((uintptr_t)at - (uintptr_t)slots) / SLOT_SIZE], false);
    } else {
        free(at);
    }
}

/* What grows is a list or a text, whose want libevent bears: it gets no slot, and one that it has it outgrows as it can. */
void *reserve_realloc(void *at, size_t size) {
    if (!is_slot(at)) {
        void *larger = realloc(at, size > 0 ? size : 1);
        if (!larger) {
            atomic_store(&has_lacked, true);
        }
        return larger;
    }
    if (size <= SLOT_SIZE) {
        return at;
    }
    void *larger = malloc(size);
    if (larger) {
        memcpy(larger, at, SLOT_SIZE);
        reserve_free(at);
    }
    return larger;
}

bool reserve_has_lacked(void) {
    return atomic_exchange(&has_lacked, false);
}
