/*
 * The answer cache: encoded answers with their digests, by method and request message, for one state of the ledger. Bounded in bytes; what was
 * not asked for the longest goes first. Thread-safe. An answer is counted, so that one that was dropped lives until it was sent.
 */
#ifndef SERVER_CACHE_H
#define SERVER_CACHE_H

#include "proof/seal.h"
#include "rpc/method.h"

/** An encoded Answer. Immutable once made. */
struct answer {
    struct hash digest; /* SHA-256 of bytes */
    struct bytes bytes;
    unsigned long holders; /* for cache.c */
};

/** One block with a copy of the bytes, held once. NULL without memory. */
struct answer *answer_new(struct bytes bytes);
void answer_hold(struct answer *answer);
void answer_release(struct answer *answer); /* NULL is fine */

struct cache;

#define CACHE_ANSWER_MAX (64u * 1024) /* bytes of an answer that is kept */
#define CACHE_KEY_MAX    2048u        /* bytes of a request message that is remembered */

/** Keeps at most `capacity` bytes, all counted. DEPOSITARY_E_MEMORY. */
MUST_USE int cache_new(struct cache **out, size_t capacity);
void cache_free(struct cache *cache); /* NULL is fine */
/** Bytes that are kept now. */
size_t cache_used(struct cache *cache);
/** The answer, held once more for the caller; NULL where there is none. */
struct answer *cache_find(struct cache *cache, const struct method *method, struct bytes message);
/** Keeps the answer, unless it or the message is too large or memory lacks. One that is there already stays. */
void cache_keep(struct cache *cache, const struct method *method, struct bytes message, struct answer *answer);

#endif
