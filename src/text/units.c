/* The table of units, with its hash of names: a file may hold many thousands. */
#include "text/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t *slot_of(const struct units *units, const char *eid) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (const char *at = eid; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001B3);
    }
    size_t slot = (hash ^ hash >> 32) & (units->slots_count - 1);
    while (units->slots[slot] != 0 && strcmp(units->items[units->slots[slot] - 1].eid, eid) != 0) {
        slot = (slot + 1) & (units->slots_count - 1);
    }
    return &units->slots[slot];
}

static int grow(struct units *units) {
    size_t capacity = units->capacity == 0 ? 64 : units->capacity * 2;
    struct unit *items = realloc(units->items, capacity * sizeof *items);
    if (!items) {
        return DEPOSITARY_E_MEMORY;
    }
    units->items = items;
    uint32_t *again = realloc(units->again, capacity * sizeof *again);
    if (!again) {
        return DEPOSITARY_E_MEMORY;
    }
    memset(again + units->capacity, 0, (capacity - units->capacity) * sizeof *again);
    units->again = again;
    units->capacity = capacity;
    uint32_t *slots = calloc(capacity * 2, sizeof *slots);
    if (!slots) {
        return DEPOSITARY_E_MEMORY;
    }
    free(units->slots);
    units->slots = slots;
    units->slots_count = capacity * 2;
    for (size_t i = 0; i < units->count; i++) {
        *slot_of(units, items[i].eid) = (uint32_t)i + 1;
    }
    return 0;
}

bool units_has(const struct units *units, const char *eid) {
    return units->slots_count > 0 && *slot_of(units, eid) != 0;
}

bool units_open(struct units *units, size_t offset, const char *eid) {
    if (units->error == 0 && strlen(eid) > LIMIT_EID) {
        units->error = DEPOSITARY_E_LIMIT;
    }
    if (units->error == 0 && units->count == units->capacity) {
        units->error = grow(units);
    }
    if (units->error != 0) {
        return false;
    }
    struct unit *unit = &units->items[units->count];
    *unit = (struct unit){.offset = offset};
    memcpy(unit->eid, eid, strlen(eid) + 1);
    uint32_t *slot = slot_of(units, unit->eid);
    bool is_new = *slot == 0;
    int len = 0;
    if (!is_new) { /* counted at the first of the name, so that repeats are not quadratic */
        uint32_t *again = &units->again[*slot - 1];
        do {
            len = snprintf(unit->eid, sizeof unit->eid, "%s_%u", eid, ++*again + 1);
            slot = slot_of(units, unit->eid);
        } while (*slot != 0 && len > 0);
    }
    if (len < 0 || len > (int)LIMIT_EID) {
        units->error = DEPOSITARY_E_LIMIT;
        return false;
    }
    *slot = (uint32_t)++units->count;
    return is_new;
}

void units_finish(struct units *units, struct bytes source) {
    for (size_t i = 0; i < units->count && units->error == 0; i++) {
        struct unit *unit = &units->items[i];
        struct structure structure;
        unit->length = (i + 1 < units->count ? units->items[i + 1].offset : source.len) - unit->offset;
        units->error = structure_of(&structure, bytes_text(unit->eid), bytes_slice(source, unit->offset, unit->length));
        if (units->error == 0) {
            unit->number = structure.number;
            unit->heading = structure.heading;
            structure_free(&structure);
        }
    }
}

void units_give(struct units *units, struct outline *out) {
    out->units = units->items;
    out->units_count = units->count;
    units->items = NULL;
    units_free(units);
}

void units_free(struct units *units) {
    free(units->items);
    free(units->slots);
    free(units->again);
    *units = (struct units){0};
}
