/* Connections and peers (peers.h). */
#include "server/peers.h"

#include "base/time.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAYS        8u     /* places in which a connection may stand */
#define ROOM        4u     /* places for each connection that is allowed, so that its ways are hardly ever all taken */
#define BUCKETS     1024u  /* of peers; a power of two */
#define PEERS_MAX   16384u /* peers that are remembered; past them only known ones are taken */
#define STALL_NS    UINT64_C(250000000)
#define ADDRESS_LEN 17u

enum address_kind { ADDRESS_IPC, ADDRESS_IPV4, ADDRESS_IPV6 };

struct peer {
    struct peer *next;            /* in its bucket */
    uint8_t address[ADDRESS_LEN]; /* kind, then the address or its /64 */
    const struct peer_limits *limits;
    unsigned connections; /* under the lock */
    unsigned calls;       /* atomic */
    uint64_t paid_until;  /* atomic, ns: the time by which its calls so far were due at its rate */
};

struct connection {
    uint32_t pipe;
    unsigned holders; /* atomic: the pipe while it is open, and each call; free at 0 */
    bool is_gone;     /* atomic */
    bool is_put_out;  /* atomic */
    struct peer *peer;
    unsigned sent;         /* atomic: answers */
    unsigned stalled_sent; /* atomic: as many as when it was first seen not to take any */
    uint64_t stalled_ns;   /* atomic: when that was */
    char name[60];
};

static const struct peer_limits no_limits;

struct peers {
    struct limits limits;
    unsigned count;  /* connections; atomic */
    unsigned sets;   /* a power of two */
    uint32_t *pipes; /* sets * WAYS, atomic: the pipe that stands in a place, or 0. Small, to be searched */
    struct connection *connections;              /* the same places */
    pthread_mutex_t lock;                        /* over what follows, and over who stands where */
    uint8_t hash_key[crypto_shorthash_KEYBYTES]; /* random: nobody chooses a bucket */
    unsigned peers_count;
    struct peer *buckets[BUCKETS];
};

/* ---- begin and end */

int peers_new(struct peers **out, const struct limits *limits) {
    struct peers *peers = calloc(1, sizeof(*peers));
    if (!peers || pthread_mutex_init(&peers->lock, NULL) != 0) {
        free(peers);
        return DEPOSITARY_E_MEMORY;
    }
    peers->limits = *limits;
    peers->sets = 1;
    while (peers->sets * WAYS < limits->connections * ROOM) {
        peers->sets *= 2;
    }
    peers->pipes = calloc((size_t)peers->sets * WAYS, sizeof(*peers->pipes));
    peers->connections = calloc((size_t)peers->sets * WAYS, sizeof(*peers->connections));
    if (!peers->pipes || !peers->connections) {
        peers_free(peers);
        return DEPOSITARY_E_MEMORY;
    }
    randombytes_buf(peers->hash_key, sizeof(peers->hash_key));
    *out = peers;
    return 0;
}

void peers_free(struct peers *peers) {
    if (!peers) {
        return;
    }
    for (unsigned i = 0; i < BUCKETS; i++) {
        while (peers->buckets[i]) {
            struct peer *peer = peers->buckets[i];
            peers->buckets[i] = peer->next;
            free(peer);
        }
    }
    pthread_mutex_destroy(&peers->lock);
    free(peers->connections);
    free(peers->pipes);
    free(peers);
}

/* ---- addresses */

static void read_ipv4(uint8_t out[ADDRESS_LEN], const void *address) {
    out[0] = ADDRESS_IPV4;
    memcpy(out + 1, address, 4);
}

/* What one customer has of IPv6 is a /64; an IPv4 address in IPv6's clothes is that address. */
static void read_ipv6(uint8_t out[ADDRESS_LEN], const struct in6_addr *address) {
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        read_ipv4(out, address->s6_addr + 12);
        return;
    }
    out[0] = ADDRESS_IPV6;
    memcpy(out + 1, address->s6_addr, IN6_IS_ADDR_LOOPBACK(address) ? 16 : 8);
}

static void read_address(uint8_t out[ADDRESS_LEN], char *name, size_t capacity, const struct sockaddr *address) {
    char text[INET6_ADDRSTRLEN] = "";
    memset(out, 0, ADDRESS_LEN);
    snprintf(name, capacity, "ipc");
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        read_ipv4(out, &in->sin_addr);
        inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
        snprintf(name, capacity, "%s:%u", text, (unsigned)ntohs(in->sin_port));
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
        read_ipv6(out, &in6->sin6_addr);
        inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
        snprintf(name, capacity, "[%s]:%u", text, (unsigned)ntohs(in6->sin6_port));
    }
}

static const struct peer_limits *limits_of(const struct peers *peers, const uint8_t address[ADDRESS_LEN]) {
    static const uint8_t loopback6[ADDRESS_LEN] = {ADDRESS_IPV6, [16] = 1};
    if (address[0] == ADDRESS_IPC) {
        return &no_limits;
    }
    bool is_loopback =
        (address[0] == ADDRESS_IPV4 && address[1] == 127) || memcmp(address, loopback6, ADDRESS_LEN) == 0;
    return is_loopback ? &peers->limits.machine : &peers->limits.remote;
}

/* ---- peers; all under the lock */

/* Nothing is lost by forgetting it: it would begin again with what it has now. */
static bool is_forgettable(const struct peer *peer, uint64_t now) {
    return peer->connections == 0 && __atomic_load_n(&peer->paid_until, __ATOMIC_RELAXED) <= now;
}

static struct peer **bucket_of(struct peers *peers, const uint8_t address[ADDRESS_LEN]) {
    uint64_t hash;
    uint8_t bytes[crypto_shorthash_BYTES];
    crypto_shorthash(bytes, address, ADDRESS_LEN, peers->hash_key);
    memcpy(&hash, bytes, sizeof(hash));
    return &peers->buckets[hash % BUCKETS];
}

/* Drops from the bucket whom nobody needs to remember. */
static void tidy_bucket(struct peers *peers, struct peer **link, uint64_t now) {
    while (*link) {
        struct peer *peer = *link;
        if (is_forgettable(peer, now)) {
            *link = peer->next;
            peers->peers_count--;
            free(peer);
        } else {
            link = &peer->next;
        }
    }
}

/* NULL: there is no room for one more. */
static struct peer *find_peer(struct peers *peers, const uint8_t address[ADDRESS_LEN]) {
    struct peer **bucket = bucket_of(peers, address);
    for (struct peer *peer = *bucket; peer; peer = peer->next) {
        if (memcmp(peer->address, address, ADDRESS_LEN) == 0) {
            return peer;
        }
    }
    tidy_bucket(peers, bucket, clock_monotonic_ns());
    struct peer *peer = peers->peers_count < PEERS_MAX ? calloc(1, sizeof(*peer)) : NULL;
    if (peer) {
        memcpy(peer->address, address, ADDRESS_LEN);
        peer->limits = limits_of(peers, address);
        peer->next = *bucket;
        *bucket = peer;
        peers->peers_count++;
    }
    return peer;
}

/* ---- connections */

static size_t first_place(const struct peers *peers, uint32_t pipe) {
    return (size_t)(pipe & (peers->sets - 1)) * WAYS;
}

/* Under the lock. */
static enum peers_answer take_place(struct peers *peers, uint32_t pipe, struct peer *peer, const char *name) {
    size_t first = first_place(peers, pipe);
    for (size_t place = first; place < first + WAYS; place++) {
        struct connection *connection = &peers->connections[place];
        if (peers->pipes[place] != 0) {
            continue;
        }
        *connection = (struct connection){.pipe = pipe, .peer = peer};
        snprintf(connection->name, sizeof(connection->name), "%s", name);
        peer->connections++;
        __atomic_add_fetch(&peers->count, 1, __ATOMIC_RELAXED);
        __atomic_store_n(&connection->holders, 1, __ATOMIC_RELEASE);
        __atomic_store_n(&peers->pipes[place], pipe, __ATOMIC_RELEASE);
        return PEERS_WELCOME;
    }
    return PEERS_FULL;
}

enum peers_answer peers_connect(struct peers *peers, uint32_t pipe, const struct sockaddr *address) {
    uint8_t key[ADDRESS_LEN];
    char name[sizeof(((struct connection *)0)->name)];
    read_address(key, name, sizeof(name), address);
    enum peers_answer answer = PEERS_FULL;
    pthread_mutex_lock(&peers->lock);
    struct peer *peer = peers_are_full(peers) ? NULL : find_peer(peers, key);
    if (peer && peer->limits->connections > 0 && peer->connections >= peer->limits->connections) {
        answer = PEERS_PEER_HAS_MANY;
    } else if (peer) {
        answer = take_place(peers, pipe, peer, name);
    }
    pthread_mutex_unlock(&peers->lock);
    return answer;
}

static void release(struct peers *peers, struct connection *connection) {
    if (__atomic_sub_fetch(&connection->holders, 1, __ATOMIC_ACQ_REL) > 0) {
        return;
    }
    pthread_mutex_lock(&peers->lock);
    connection->peer->connections--;
    __atomic_sub_fetch(&peers->count, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&peers->pipes[connection - peers->connections], 0, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&peers->lock);
}

/* The connection in whose place the pipe stands, held once more. */
static struct connection *hold(struct peers *peers, uint32_t pipe) {
    size_t first = first_place(peers, pipe);
    for (size_t place = first; place < first + WAYS; place++) {
        if (__atomic_load_n(&peers->pipes[place], __ATOMIC_ACQUIRE) != pipe) {
            continue;
        }
        struct connection *connection = &peers->connections[place];
        unsigned holders = __atomic_load_n(&connection->holders, __ATOMIC_RELAXED);
        while (holders > 0 && !__atomic_compare_exchange_n(&connection->holders, &holders, holders + 1, true,
                                                           __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        }
        if (holders > 0 && connection->pipe == pipe) {
            return connection;
        }
        if (holders > 0) { /* another has taken the place meanwhile */
            release(peers, connection);
        }
    }
    return NULL;
}

void peers_disconnect(struct peers *peers, uint32_t pipe) {
    struct connection *connection = hold(peers, pipe);
    if (connection) {
        __atomic_store_n(&connection->is_gone, true, __ATOMIC_RELEASE);
        release(peers, connection); /* what the pipe held */
        release(peers, connection);
    }
}

unsigned peers_connections(const struct peers *peers) {
    return __atomic_load_n(&peers->count, __ATOMIC_RELAXED);
}

bool peers_are_full(const struct peers *peers) {
    return peers_connections(peers) >= peers->limits.connections;
}

/* ---- calls */

struct connection *connection_begin_call(struct peers *peers, uint32_t pipe) {
    struct connection *connection = hold(peers, pipe);
    if (connection) {
        __atomic_add_fetch(&connection->peer->calls, 1, __ATOMIC_RELAXED);
    }
    return connection;
}

void connection_end_call(struct peers *peers, struct connection *connection) {
    __atomic_sub_fetch(&connection->peer->calls, 1, __ATOMIC_RELAXED);
    release(peers, connection);
}

/* Calls on their way; one fewer than there are once the pipe has gone, which then matters to nobody. */
static unsigned calls_of(const struct connection *connection) {
    return __atomic_load_n(&connection->holders, __ATOMIC_RELAXED) - 1;
}

/* A token bucket, kept as the one time until which what was taken is paid for (the generic cell rate algorithm). */
static bool pays(struct peer *peer, int64_t *retry_ms) {
    const uint64_t cost = NS_PER_S / peer->limits->rate;
    uint64_t now = clock_monotonic_ns();
    uint64_t before = __atomic_load_n(&peer->paid_until, __ATOMIC_RELAXED);
    for (;;) {
        uint64_t until = (before > now ? before : now) + cost;
        if (until > now + NS_PER_S) {
            *retry_ms = (int64_t)((until - now - NS_PER_S) / NS_PER_MS) + 1;
            return false;
        }
        if (__atomic_compare_exchange_n(&peer->paid_until, &before, until, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            return true;
        }
    }
}

enum admission connection_admit(struct peers *peers, struct connection *connection, int64_t *retry_ms) {
    struct peer *peer = connection->peer;
    if (calls_of(connection) > peers->limits.connection_calls) {
        return ADMIT_CONNECTION_CALLS;
    }
    if (peer->limits->calls > 0 && __atomic_load_n(&peer->calls, __ATOMIC_RELAXED) > peer->limits->calls) {
        return ADMIT_PEER_CALLS;
    }
    return peer->limits->rate == 0 || pays(peer, retry_ms) ? ADMITTED : ADMIT_PEER_RATE;
}

bool connection_is_stalled(struct peers *peers, struct connection *connection) {
    if (calls_of(connection) <= peers->limits.connection_calls + peers->limits.connection_calls / 2) {
        return false;
    }
    uint64_t now = clock_monotonic_ns();
    unsigned sent = __atomic_load_n(&connection->sent, __ATOMIC_RELAXED);
    uint64_t since = __atomic_load_n(&connection->stalled_ns, __ATOMIC_RELAXED);
    if (since == 0 || sent != __atomic_load_n(&connection->stalled_sent, __ATOMIC_RELAXED)) {
        __atomic_store_n(&connection->stalled_sent, sent, __ATOMIC_RELAXED);
        __atomic_store_n(&connection->stalled_ns, now, __ATOMIC_RELAXED);
        return false;
    }
    return now - since > STALL_NS;
}

bool connection_is_busy(const struct peers *peers, const struct connection *connection) {
    return calls_of(connection) > peers->limits.connection_calls / 2;
}

bool connection_put_out(struct connection *connection) {
    return !__atomic_exchange_n(&connection->is_put_out, true, __ATOMIC_RELAXED);
}

void connection_sent(struct connection *connection) {
    __atomic_add_fetch(&connection->sent, 1, __ATOMIC_RELAXED);
}

const bool *connection_is_gone(const struct connection *connection) {
    return &connection->is_gone;
}

const char *connection_name(const struct connection *connection) {
    return connection->name;
}

uint32_t connection_pipe(const struct connection *connection) {
    return connection->pipe;
}
