/* The answer cache (cache.h): a hash table of chains, a queue, and a count of what was missed. */
#include "server/cache.h"

#include "base/sha256.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN       64u
#define BYTES_PER_BUCKET  1024u /* of capacity */
#define BLOCKS_OVERHEAD   48u   /* of the two blocks of an entry, and its share of the tables */
#define USES_MAX          15u
#define SPARED_MAX        4u  /* entries that begin anew for one that wants to come in */
#define MISSES_PER_BUCKET 16u /* counters, of a byte each */
#define MISSES_HALVED     4u  /* counters a miss, after which all are halved */

/* Entries stand in a queue. Being asked for only counts; the one at its end goes, or, where it was asked for more often than what wants to come in, begins anew. */
struct entry {
    struct entry *chain;
    struct entry *next; /* newer in the queue */
    uint64_t hash;
    const struct method *method;
    struct answer *answer;
    unsigned uses; /* up to USES_MAX */
    size_t message_len;
    uint8_t message[];
};

struct cache {
    pthread_mutex_t lock;
    uint8_t hash_key[crypto_shorthash_KEYBYTES]; /* random: a caller must not choose the bucket */
    struct entry **buckets;
    size_t buckets_count; /* a power of two */
    struct entry *oldest;
    struct entry **newest; /* where the next one is linked */
    size_t used;
    size_t capacity;
    uint8_t *misses; /* by hash: how often something was asked for that was not here; halved from time to time */
    size_t misses_seen;
};

/* ---- answers */

struct answer *answer_new(struct bytes own, struct piece *const tail[ANSWER_TAIL_MAX]) {
    struct answer *answer = malloc(sizeof(*answer) + own.len);
    if (!answer) {
        return NULL;
    }
    uint8_t *copy = (uint8_t *)(answer + 1);
    bytes_write(copy, own);
    *answer = (struct answer){.own = bytes_of(copy, own.len), .len = own.len, .holders = 1};
    struct sha256 hash;
    sha256_begin(&hash);
    sha256_add(&hash, answer->own);
    for (size_t i = 0; i < ANSWER_TAIL_MAX && tail && tail[i]; i++) {
        answer->tail[i] = piece_hold(tail[i]);
        answer->len += tail[i]->bytes.len;
        sha256_add(&hash, tail[i]->bytes);
    }
    sha256_end(&hash, answer->digest.bytes);
    return answer;
}

void answer_hold(struct answer *answer) {
    __atomic_add_fetch(&answer->holders, 1, __ATOMIC_RELAXED);
}

void answer_release(struct answer *answer) {
    if (answer && __atomic_sub_fetch(&answer->holders, 1, __ATOMIC_ACQ_REL) == 0) {
        for (size_t i = 0; i < ANSWER_TAIL_MAX; i++) {
            piece_release(answer->tail[i]);
        }
        free(answer);
    }
}

uint8_t *answer_write(uint8_t *at, const struct answer *answer) {
    at = bytes_write(at, answer->own);
    for (size_t i = 0; i < ANSWER_TAIL_MAX && answer->tail[i]; i++) {
        at = bytes_write(at, answer->tail[i]->bytes);
    }
    return at;
}

/* ---- the cache */

/* Without the pieces, which are counted once for all entries that end in them. */
static size_t entry_size(size_t message_len, const struct answer *answer) {
    return sizeof(struct entry) + message_len + sizeof(*answer) + answer->own.len + BLOCKS_OVERHEAD;
}

int cache_new(struct cache **out, size_t capacity) {
    struct cache *cache = calloc(1, sizeof(*cache));
    if (!cache) {
        return DEPOSITARY_E_MEMORY;
    }
    cache->capacity = capacity;
    cache->buckets_count = BUCKETS_MIN;
    while (cache->buckets_count < capacity / BYTES_PER_BUCKET) {
        cache->buckets_count *= 2;
    }
    cache->newest = &cache->oldest;
    cache->buckets = calloc(cache->buckets_count, sizeof(*cache->buckets));
    cache->misses = calloc(MISSES_PER_BUCKET, cache->buckets_count);
    if (!cache->buckets || !cache->misses || pthread_mutex_init(&cache->lock, NULL) != 0) {
        free(cache->misses);
        free(cache->buckets);
        free(cache);
        return DEPOSITARY_E_MEMORY;
    }
    randombytes_buf(cache->hash_key, sizeof(cache->hash_key));
    *out = cache;
    return 0;
}

static void entry_free(struct entry *entry) {
    answer_release(entry->answer);
    free(entry);
}

void cache_free(struct cache *cache) {
    if (!cache) {
        return;
    }
    while (cache->oldest) {
        struct entry *entry = cache->oldest;
        cache->oldest = entry->next;
        entry_free(entry);
    }
    pthread_mutex_destroy(&cache->lock);
    free(cache->misses);
    free(cache->buckets);
    free(cache);
}

static uint64_t hash_of(const struct cache *cache, const struct method *method, struct bytes message) {
    uint64_t hash;
    uint8_t bytes[crypto_shorthash_BYTES];
    crypto_shorthash(bytes, message.data, message.len, cache->hash_key);
    memcpy(&hash, bytes, sizeof(hash));
    return hash + method->index;
}

static struct entry **bucket_of(struct cache *cache, uint64_t hash) {
    return &cache->buckets[hash & (cache->buckets_count - 1)];
}

static struct entry *lookup(struct cache *cache, uint64_t hash, const struct method *method, struct bytes message) {
    for (struct entry *entry = *bucket_of(cache, hash); entry; entry = entry->chain) {
        if (entry->hash == hash && entry->method == method &&
            bytes_equal(bytes_of(entry->message, entry->message_len), message)) {
            return entry;
        }
    }
    return NULL;
}

static uint8_t count_up(uint8_t *count) {
    *count = (uint8_t)(*count + (*count < USES_MAX));
    return *count;
}

/* About the number of times, this one counted, that something of this hash was missed lately: the smaller of two counters that others may share. */
static unsigned count_miss(struct cache *cache, uint64_t hash) {
    const size_t size = MISSES_PER_BUCKET * cache->buckets_count;
    const uint8_t first = count_up(&cache->misses[(hash >> 32) & (size - 1)]);
    const uint8_t second = count_up(&cache->misses[(hash >> 8) & (size - 1)]);
    if (++cache->misses_seen >= size / MISSES_HALVED) {
        cache->misses_seen = 0;
        for (size_t i = 0; i < size; i++) {
            cache->misses[i] /= 2;
        }
    }
    return first < second ? first : second;
}

static void queue_add(struct cache *cache, struct entry *entry) {
    entry->next = NULL;
    *cache->newest = entry;
    cache->newest = &entry->next;
}

static struct entry *queue_take_oldest(struct cache *cache) {
    struct entry *entry = cache->oldest;
    cache->oldest = entry->next;
    if (!cache->oldest) {
        cache->newest = &cache->oldest;
    }
    return entry;
}

/* The bytes that an answer's pieces take, where it is the first to bring them or the last to hold them. */
static size_t keep_pieces(const struct answer *answer) {
    size_t size = 0;
    for (size_t i = 0; i < ANSWER_TAIL_MAX && answer->tail[i]; i++) {
        size += answer->tail[i]->kept++ == 0 ? piece_size(answer->tail[i]) : 0;
    }
    return size;
}

static size_t drop_pieces(const struct answer *answer) {
    size_t size = 0;
    for (size_t i = 0; i < ANSWER_TAIL_MAX && answer->tail[i]; i++) {
        size += --answer->tail[i]->kept == 0 ? piece_size(answer->tail[i]) : 0;
    }
    return size;
}

/* An entry that was taken out of the queue. */
static void drop(struct cache *cache, struct entry *entry) {
    struct entry **link = bucket_of(cache, entry->hash);
    while (*link != entry) {
        link = &(*link)->chain;
    }
    *link = entry->chain;
    cache->used -= entry_size(entry->message_len, entry->answer) + drop_pieces(entry->answer);
    entry_free(entry);
}

/*
 * Whether there is room. What is missed for the first time drives nothing out; for what was missed again the oldest go that were not asked for as often, and
 * a few others begin anew with half of what they had.
 */
static bool make_room(struct cache *cache, size_t size, unsigned misses) {
    if (misses < 2) {
        return size <= cache->capacity - cache->used;
    }
    for (unsigned spared = 0; size > cache->capacity - cache->used && cache->oldest;) {
        struct entry *entry = queue_take_oldest(cache);
        if (entry->uses + 1 < misses) {
            drop(cache, entry);
            continue;
        }
        entry->uses /= 2;
        queue_add(cache, entry);
        if (++spared == SPARED_MAX) {
            return false;
        }
    }
    return size <= cache->capacity - cache->used;
}

struct answer *cache_find(struct cache *cache, const struct method *method, struct bytes message) {
    if (message.len > CACHE_KEY_MAX) {
        return NULL;
    }
    uint64_t hash = hash_of(cache, method, message);
    struct answer *answer = NULL;
    pthread_mutex_lock(&cache->lock);
    struct entry *entry = lookup(cache, hash, method, message);
    if (entry) {
        entry->uses += entry->uses < USES_MAX;
        answer = entry->answer;
        answer_hold(answer);
    }
    pthread_mutex_unlock(&cache->lock);
    return answer;
}

static struct entry *entry_new(uint64_t hash, const struct method *method, struct bytes message, struct answer *answer,
                               unsigned uses) {
    struct entry *entry = malloc(sizeof(*entry) + message.len);
    if (!entry) {
        return NULL;
    }
    *entry = (struct entry){.hash = hash, .method = method, .answer = answer, .uses = uses, .message_len = message.len};
    bytes_write(entry->message, message);
    answer_hold(answer);
    return entry;
}

/* The answer's pieces are kept by now; false where it is not. */
static bool add(struct cache *cache, uint64_t hash, const struct method *method, struct bytes message,
                struct answer *answer, size_t size) {
    unsigned misses = count_miss(cache, hash);
    if (size > cache->capacity || lookup(cache, hash, method, message) || !make_room(cache, size, misses)) {
        return false;
    }
    struct entry *entry = entry_new(hash, method, message, answer, misses - 1);
    if (!entry) {
        return false;
    }
    entry->chain = *bucket_of(cache, hash);
    *bucket_of(cache, hash) = entry;
    queue_add(cache, entry);
    cache->used += size;
    return true;
}

void cache_keep(struct cache *cache, const struct method *method, struct bytes message, struct answer *answer) {
    if (message.len > CACHE_KEY_MAX || answer->len > CACHE_ANSWER_MAX) {
        return;
    }
    uint64_t hash = hash_of(cache, method, message);
    pthread_mutex_lock(&cache->lock);
    size_t pieces = keep_pieces(answer); /* first, so that an entry that makes room does not take them along */
    if (!add(cache, hash, method, message, answer, entry_size(message.len, answer) + pieces)) {
        cache->used -= drop_pieces(answer) - pieces; /* 0, unless the entries that they were of have gone */
    }
    pthread_mutex_unlock(&cache->lock);
}

size_t cache_used(struct cache *cache) {
    pthread_mutex_lock(&cache->lock);
    size_t used = cache->used;
    pthread_mutex_unlock(&cache->lock);
    return used;
}
