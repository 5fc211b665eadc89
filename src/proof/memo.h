/*
 * What was verified before, known again by its bytes: so that a signature that comes with many answers, or many copies, is checked once. Only what held
 * is kept, and only the very same bytes are found again; a failure is never remembered. Bounded, the oldest goes first. Pure; whoever has one sees to
 * it that one thread at a time uses it.
 */
#ifndef PROOF_MEMO_H
#define PROOF_MEMO_H

#include "base/bytes.h"
#include "base/error.h"

struct memo_entry;

struct memo {
    struct memo_entry *entries; /* a ring */
    size_t entries_max;
    size_t key_max;    /* bytes; a longer key is not kept */
    size_t value_size; /* bytes that are kept with a key, copied as they are */
    size_t next;       /* the entry that is written next */
};

/** Memory is taken for the keys as they come, entries_max * key_max bytes at most. */
MUST_USE int memo_init(struct memo *memo, size_t entries_max, size_t key_max, size_t value_size);
void memo_free(struct memo *memo); /* twice, and all zero, is fine */

/** The value that was kept with these bytes, good until the next memo_keep; NULL where there is none. An empty key is never found. */
const void *memo_find(const struct memo *memo, struct bytes key);
/** Keeps a copy of both. Where there is no memory nothing is kept, and all is verified anew. */
void memo_keep(struct memo *memo, struct bytes key, const void *value);

#endif
