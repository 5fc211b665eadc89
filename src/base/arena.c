/* The capped arena: blocks in a list, the newest first; the oldest is kept over a reset. */
#include "base/arena.h"

#include "base/bytes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_FIRST_BLOCK 4096u          /* bytes of data in the first block */
#define ARENA_LARGE_BLOCK (256u * 1024u) /* blocks double up to this */

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    max_align_t data[];
};

void arena_init(struct arena *arena, size_t cap) {
    *arena = (struct arena){.cap = cap};
}

static struct arena_block *arena_grow(struct arena *arena, size_t size) {
    size_t wanted = ARENA_FIRST_BLOCK;
    if (arena->blocks) {
        wanted = arena->blocks->size < ARENA_LARGE_BLOCK ? arena->blocks->size * 2 : arena->blocks->size;
    }
    if (wanted > ARENA_LARGE_BLOCK) {
        wanted = ARENA_LARGE_BLOCK;
    }
    if (wanted < size) {
        wanted = size;
    }
    struct arena_block *block = malloc(sizeof(*block) + wanted);
    if (!block) {
        arena->is_short = true;
        return NULL;
    }
    block->next = arena->blocks;
    block->size = wanted;
    block->used = 0;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size) {
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size = size == 0 ? align : (size + align - 1) / align * align;
    if (arena->used > arena->cap || size > arena->cap - arena->used) {
        return NULL;
    }
    struct arena_block *block = arena->blocks;
    if (!block || size > block->size - block->used) {
        block = arena_grow(arena, size);
    }
    if (!block) {
        return NULL;
    }
    void *place = (unsigned char *)block->data + block->used;
    block->used += size;
    arena->used += size;
    return place;
}

void *arena_zalloc(struct arena *arena, size_t size) {
    void *place = arena_alloc(arena, size);
    if (place) {
        memset(place, 0, size);
    }
    return place;
}

char *arena_text(struct arena *arena, const void *data, size_t len) {
    char *text = len == SIZE_MAX ? NULL : arena_alloc(arena, len + 1);
    if (text) {
        bytes_write_text(text, len + 1, bytes_of(data, len));
    }
    return text;
}

void arena_reset(struct arena *arena) {
    while (arena->blocks && arena->blocks->next) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    if (arena->blocks) {
        arena->blocks->used = 0;
    }
    arena->used = 0;
}

void arena_free(struct arena *arena) {
    arena_reset(arena);
    free(arena->blocks);
    arena->blocks = NULL;
}
