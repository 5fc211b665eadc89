/* Bytes in common (piece.h). */
#include "server/piece.h"

#include <stdlib.h>

struct piece *piece_new(struct bytes bytes) {
    struct piece *piece = malloc(sizeof(*piece) + bytes.len);
    if (!piece) {
        return NULL;
    }
    uint8_t *copy = (uint8_t *)(piece + 1);
    bytes_write(copy, bytes);
    *piece = (struct piece){.bytes = bytes_of(copy, bytes.len), .holders = 1};
    return piece;
}

struct piece *piece_hold(struct piece *piece) {
    if (piece) {
        __atomic_add_fetch(&piece->holders, 1, __ATOMIC_RELAXED);
    }
    return piece;
}

void piece_release(struct piece *piece) {
    if (piece && __atomic_sub_fetch(&piece->holders, 1, __ATOMIC_ACQ_REL) == 0) {
        free(piece);
    }
}

size_t piece_size(const struct piece *piece) {
    return sizeof(*piece) + piece->bytes.len;
}
