/* The units of an edition while they are found: in order, each with an eId that no other has. Pure. */
#ifndef TEXT_UNITS_H
#define TEXT_UNITS_H

#include "text/import.h"

struct units {
    struct unit *items;
    size_t count;
    size_t capacity;
    uint32_t *slots;    /* eIds by hash: index + 1, 0 is free */
    size_t slots_count; /* a power of 2 */
    uint32_t *again;    /* for each unit: how many more asked for its eId */
    int error;          /* the first one; then nothing is added any more */
};

/** Opens a unit at an offset; the one before ends there. A name that is taken gets _2, _3 ... True where it was not taken. */
bool units_open(struct units *units, size_t offset, const char *eid);
bool units_has(const struct units *units, const char *eid);
/** Lengths to the end of the source, and what structure_of says of number and heading. */
void units_finish(struct units *units, struct bytes source);
/** Gives the units away; frees the rest. */
void units_give(struct units *units, struct outline *out);
void units_free(struct units *units);

#endif
