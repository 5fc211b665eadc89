/* A hash table with open addressing. Part of what the rules remember; see rules.h. */
#include "ledger/table.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 64u

void table_free(struct table *table) {
    free(table->slots);
    *table = (struct table){0};
}

int table_copy(struct table *out, const struct table *in) {
    *out = (struct table){0};
    if (in->capacity == 0)
        return DEPOSITARY_OK;
    struct table_slot *slots = malloc(in->capacity * sizeof *slots);
    if (slots == NULL)
        return DEPOSITARY_E_MEMORY;
    memcpy(slots, in->slots, in->capacity * sizeof *slots);
    *out = (struct table){slots, in->capacity, in->count};
    return DEPOSITARY_OK;
}

/* The slot of key, or the free one where it would stand. There always is a free one. */
static struct table_slot *slot_of(const struct table *table, const struct hash *key) {
    uint64_t start;
    memcpy(&start, key->bytes, sizeof start);
    size_t at = (size_t)start & (table->capacity - 1);
    while (table->slots[at].value != 0 && !hash_equal(&table->slots[at].key, key))
        at = (at + 1) & (table->capacity - 1);
    return &table->slots[at];
}

uint64_t table_get(const struct table *table, const struct hash *key) {
    return table->capacity == 0 ? 0 : slot_of(table, key)->value;
}

static int table_grow(struct table *table) {
    if (table->capacity > SIZE_MAX / 2 / sizeof *table->slots)
        return DEPOSITARY_E_MEMORY;
    struct table grown = {NULL, table->capacity == 0 ? CAPACITY_FIRST : table->capacity * 2, table->count};
    grown.slots = calloc(grown.capacity, sizeof *grown.slots);
    if (grown.slots == NULL)
        return DEPOSITARY_E_MEMORY;
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->slots[i].value != 0)
            *slot_of(&grown, &table->slots[i].key) = table->slots[i];
    }
    free(table->slots);
    *table = grown;
    return DEPOSITARY_OK;
}

int table_set(struct table *table, const struct hash *key, uint64_t value) {
    /* At most two thirds full, so that searches end soon. */
    if (table->count >= table->capacity / 3 * 2) {
        int error = table_grow(table);
        if (error)
            return error;
    }
    struct table_slot *slot = slot_of(table, key);
    if (slot->value == 0)
        table->count++;
    *slot = (struct table_slot){*key, value};
    return DEPOSITARY_OK;
}
