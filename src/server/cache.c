/* The answer cache (cache.h): a hash table of chains, and a list in the order of use. */
#include "server/cache.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN      64u
#define BYTES_PER_BUCKET 2048u /* of capacity */

struct entry {
    struct entry *chain;
    struct entry *newer;
    struct entry *older;
    uint64_t hash;
    const struct method *method;
    struct answer *answer;
    size_t message_len;
    uint8_t message[];
};

struct cache {
    pthread_mutex_t lock;
    uint8_t hash_key[crypto_shorthash_KEYBYTES]; /* random: a caller must not choose the bucket */
    struct entry **buckets;
    size_t buckets_count; /* a power of two */
    struct entry *newest;
    struct entry *oldest;
    size_t used;
    size_t capacity;
};

/* ---- answers */

struct answer *answer_new(struct bytes bytes) {
    struct answer *answer = malloc(sizeof(*answer) + bytes.len);
    if (!answer) {
        return NULL;
    }
    uint8_t *copy = (uint8_t *)(answer + 1);
    if (bytes.len > 0) {
        memcpy(copy, bytes.data, bytes.len);
    }
    answer->bytes = bytes_of(copy, bytes.len);
    seal_digest(&answer->digest, answer->bytes);
    answer->holders = 1;
    return answer;
}

void answer_hold(struct answer *answer) {
    __atomic_add_fetch(&answer->holders, 1, __ATOMIC_RELAXED);
}

void answer_release(struct answer *answer) {
    if (answer && __atomic_sub_fetch(&answer->holders, 1, __ATOMIC_ACQ_REL) == 0) {
        free(answer);
    }
}

/* ---- the cache */

static size_t entry_size(const struct entry *entry) {
    return sizeof(*entry) + entry->message_len + sizeof(*entry->answer) + entry->answer->bytes.len;
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
    cache->buckets = calloc(cache->buckets_count, sizeof(*cache->buckets));
    if (!cache->buckets || pthread_mutex_init(&cache->lock, NULL) != 0) {
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
    while (cache->newest) {
        struct entry *entry = cache->newest;
        cache->newest = entry->older;
        entry_free(entry);
    }
    pthread_mutex_destroy(&cache->lock);
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

static void list_remove(struct cache *cache, struct entry *entry) {
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void list_add_newest(struct cache *cache, struct entry *entry) {
    entry->newer = NULL;
    entry->older = cache->newest;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void drop_oldest(struct cache *cache) {
    struct entry *entry = cache->oldest;
    struct entry **link = bucket_of(cache, entry->hash);
    while (*link != entry) {
        link = &(*link)->chain;
    }
    *link = entry->chain;
    list_remove(cache, entry);
    cache->used -= entry_size(entry);
    entry_free(entry);
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
        if (cache->newest != entry) {
            list_remove(cache, entry);
            list_add_newest(cache, entry);
        }
        answer = entry->answer;
        answer_hold(answer);
    }
    pthread_mutex_unlock(&cache->lock);
    return answer;
}

static struct entry *entry_new(uint64_t hash, const struct method *method, struct bytes message,
                               struct answer *answer) {
    struct entry *entry = malloc(sizeof(*entry) + message.len);
    if (!entry) {
        return NULL;
    }
    *entry = (struct entry){.hash = hash, .method = method, .answer = answer, .message_len = message.len};
    if (message.len > 0) {
        memcpy(entry->message, message.data, message.len);
    }
    answer_hold(answer);
    return entry;
}

void cache_keep(struct cache *cache, const struct method *method, struct bytes message, struct answer *answer) {
    if (message.len > CACHE_KEY_MAX || answer->bytes.len > CACHE_ANSWER_MAX) {
        return;
    }
    uint64_t hash = hash_of(cache, method, message);
    struct entry *entry = entry_new(hash, method, message, answer);
    if (!entry) {
        return;
    }
    pthread_mutex_lock(&cache->lock);
    bool is_wanted = entry_size(entry) <= cache->capacity && !lookup(cache, hash, method, message);
    if (is_wanted) {
        while (entry_size(entry) > cache->capacity - cache->used) {
            drop_oldest(cache);
        }
        entry->chain = *bucket_of(cache, hash);
        *bucket_of(cache, hash) = entry;
        list_add_newest(cache, entry);
        cache->used += entry_size(entry);
    }
    pthread_mutex_unlock(&cache->lock);
    if (!is_wanted) {
        entry_free(entry);
    }
}

size_t cache_used(struct cache *cache) {
    pthread_mutex_lock(&cache->lock);
    size_t used = cache->used;
    pthread_mutex_unlock(&cache->lock);
    return used;
}
