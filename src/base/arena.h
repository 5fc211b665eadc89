/* An arena with a cap: many small allocations, freed at once. What hostile bytes can make us allocate ends at the cap. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t used;   /* bytes handed out */
    size_t cap;    /* bytes that may be handed out */
    bool is_short; /* some was refused that the cap allowed: it is the machine that has none */
};

void arena_init(struct arena *arena, size_t cap);    /* no allocation */
void *arena_alloc(struct arena *arena, size_t size); /* aligned for anything; NULL past the cap or without memory */
void *arena_zalloc(struct arena *arena, size_t size);
char *arena_text(struct arena *arena, const void *data, size_t len); /* a copy with a NUL after it */
void arena_reset(struct arena *arena); /* frees all but the first block, which is kept for use again */
void arena_free(struct arena *arena);

#endif
