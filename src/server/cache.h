/*
 * The answer cache: encoded answers with their digests, by method and request message, for one state of the ledger. Bounded in bytes. What was
 * asked for least, of the oldest, makes room, and only for what was missed more often: answers that are asked for once do not drive out those that are asked for
 * all the time. Thread-safe. An answer is counted, so that one that was dropped lives until it was sent.
 */
#ifndef SERVER_CACHE_H
#define SERVER_CACHE_H

#include "proof/seal.h"
#include "rpc/method.h"
#include "server/server.h"

/** An encoded Answer: its own bytes, and after them the pieces that it shares. Immutable once made. */
struct answer {
    struct hash digest; /* SHA-256 of all of them */
    size_t len;         /* the same */
    struct bytes own;
    struct piece *tail[ANSWER_TAIL_MAX]; /* the first ones not NULL; held */
    unsigned long holders;               /* for cache.c */
};

/** One block with a copy of its own bytes, held once; it holds the pieces of the tail, too. NULL without memory. */
struct answer *answer_new(struct bytes own, struct piece *const tail[ANSWER_TAIL_MAX]);
/** Writes all its bytes to at, which has room, and returns what follows. */
uint8_t *answer_write(uint8_t *at, const struct answer *answer);
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
