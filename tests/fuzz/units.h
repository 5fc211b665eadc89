/* What every import must keep: the units are the source, byte for byte, with names that a record can hold, and spans lie inside. */
#ifndef FUZZ_UNITS_H
#define FUZZ_UNITS_H

#include <string.h>

#include "fuzz.h"
#include "proof/record.h"
#include "text/import.h"

static inline bool is_inside(struct span span, size_t len) {
    return span.offset <= len && span.length <= len - span.offset;
}

static inline void judge_structure(const struct unit *unit, struct bytes text) {
    struct structure structure;
    HOLDS(structure_of(&structure, bytes_text(unit->eid), text) == 0);
    HOLDS(is_inside(structure.number, text.len) && is_inside(structure.heading, text.len));
    HOLDS(structure.provisions_count <= STRUCTURE_PROVISIONS_MAX);
    for (size_t i = 0; i < structure.provisions_count; i++) {
        const struct provision *provision = &structure.provisions[i];
        HOLDS(is_inside(provision->span, text.len) && is_inside(provision->number, text.len));
        HOLDS(eid_is_inside(bytes_text(provision->eid), bytes_text(unit->eid)));
        HOLDS(utf8_is_boundary(text, provision->span.offset));
        HOLDS(utf8_is_boundary(text, provision->span.offset + provision->span.length));
    }
    structure_free(&structure);
}

static inline void judge_units(const struct outline *outline, struct bytes source) {
    size_t at = 0;
    for (size_t i = 0; i < outline->units_count; i++) {
        const struct unit *unit = &outline->units[i];
        HOLDS(unit->offset == at && unit->length > 0 && unit->length <= source.len - at);
        HOLDS(utf8_is_boundary(source, at));
        HOLDS(eid_valid(bytes_text(unit->eid)));
        at += unit->length;
        HOLDS(is_inside(unit->number, unit->length) && is_inside(unit->heading, unit->length));
        for (size_t j = 0; j < i && outline->units_count < 200; j++)
            HOLDS(strcmp(outline->units[j].eid, unit->eid) != 0);
        judge_structure(unit, bytes_slice(source, unit->offset, unit->length));
    }
    HOLDS(at == source.len);
}

#endif
