/*
 * Encoded bytes that many have in common, counted: a part of answers, of one edition or of one ledger state, that is made once and held by each
 * answer that ends in it. Immutable once made.
 */
#ifndef SERVER_PIECE_H
#define SERVER_PIECE_H

#include "base/bytes.h"

struct piece {
    struct bytes bytes;
    unsigned long holders; /* atomic */
    unsigned long kept;    /* by answers of one cache; for cache.c, under its lock */
};

/** One block with a copy of the bytes, held once. NULL without memory. */
struct piece *piece_new(struct bytes bytes);
struct piece *piece_hold(struct piece *piece); /* the same piece; NULL is fine */
void piece_release(struct piece *piece);       /* NULL is fine */
/** Bytes of memory that it takes. */
size_t piece_size(const struct piece *piece);

#endif
