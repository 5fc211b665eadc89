/*
 * Merkle trees: hashing, checks of proofs, and the making of proofs over stored and in-memory trees. PROTOCOL.md section 2;
 * RFC 9162 section 2.1. Pure.
 *
 * A tree of n leaves is seen level by level: at level l stand the nodes 0 to (n - 1) >> l, of which the first n >> l are complete.
 * At most one node of a level, its last, is not; it is its left child where it has no right one. RFC 9162's trees are exactly these.
 */
#include "proof/merkle.h"

#include "base/sha256.h"

#include <protobuf-c/protobuf-c.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(HASH_LEN == SHA256_LEN, "a hash is SHA-256");

#define SIZE_END        (UINT64_C(1) << 63) /* sizes and indices are below this */
#define TREE_LEAVES_MAX (UINT64_C(1) << 32) /* of a tree in memory: 256 GiB of nodes */

bool hash_equal(const struct hash *a, const struct hash *b) {
    return memcmp(a->bytes, b->bytes, HASH_LEN) == 0;
}

struct bytes hash_bytes(const struct hash *hash) {
    return (struct bytes){hash->bytes, HASH_LEN};
}

void merkle_empty_root(struct hash *out) {
    sha256(out->bytes, (struct bytes){NULL, 0});
}

void merkle_leaf_hash(struct hash *out, struct bytes entry) {
    merkle_leaf_hash_2(out, entry, (struct bytes){NULL, 0});
}

void merkle_leaf_hash_2(struct hash *out, struct bytes head, struct bytes tail) {
    static const uint8_t prefix = 0x00;
    struct sha256 hash;

    sha256_begin(&hash);
    sha256_add(&hash, (struct bytes){&prefix, 1});
    sha256_add(&hash, head);
    sha256_add(&hash, tail);
    sha256_end(&hash, out->bytes);
}

void merkle_node_hash(struct hash *out, const struct hash *left, const struct hash *right) {
    uint8_t node[1 + 2 * HASH_LEN];

    node[0] = 0x01;
    memcpy(node + 1, left->bytes, HASH_LEN);
    memcpy(node + 1 + HASH_LEN, right->bytes, HASH_LEN);
    sha256(out->bytes, (struct bytes){node, sizeof(node)});
}

/* ---- checks */

size_t merkle_inclusion_len(uint64_t index, uint64_t size) {
    size_t len = 0;

    /* A hash for each level at which the node has a sibling: it is a right one, or not the last. */
    for (uint64_t node = index, last = size - 1; last > 0; node >>= 1, last >>= 1)
        len += (node & 1) != 0 || node < last;
    return len;
}

int merkle_inclusion_check(const struct hash *leaf, uint64_t index, uint64_t size, const struct merkle_path *path,
                           const struct hash *root) {
    if (size >= SIZE_END || index >= size || path->count > LIMIT_PATH)
        return DEPOSITARY_E_INCLUSION;

    struct hash r = *leaf;
    uint64_t fn = index, sn = size - 1;
    for (size_t i = 0; i < path->count; i++) {
        const struct hash *p = &path->hashes[i];
        if (sn == 0)
            return DEPOSITARY_E_INCLUSION;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node_hash(&r, p, &r);
            /* Up to where the node is a right child: below, it has no sibling. fn is not 0 here, for sn is not. */
            while ((fn & 1) == 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node_hash(&r, &r, p);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && hash_equal(&r, root) ? 0 : DEPOSITARY_E_INCLUSION;
}

/* RFC 9162 section 2.1.4.2 for 0 < old_size < new_size. */
static bool consistency_holds(uint64_t old_size, const struct hash *old_root, uint64_t new_size,
                              const struct hash *new_root, const struct merkle_path *path) {
    uint64_t fn = old_size - 1, sn = new_size - 1;
    size_t next = 0;

    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    /* Where the old size is a power of two, its root is the node to start from, and is left out of the path. */
    const bool power_of_two = (old_size & (old_size - 1)) == 0;
    if (path->count == 0)
        return false;
    struct hash fr = power_of_two ? *old_root : path->hashes[next++];
    struct hash sr = fr;
    for (; next < path->count; next++) {
        const struct hash *c = &path->hashes[next];
        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            merkle_node_hash(&fr, c, &fr);
            merkle_node_hash(&sr, c, &sr);
            while ((fn & 1) == 0) { /* fn is not 0: it equals sn, or is odd */
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node_hash(&sr, &sr, c);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && hash_equal(&fr, old_root) && hash_equal(&sr, new_root);
}

int merkle_consistency_check(uint64_t old_size, const struct hash *old_root, uint64_t new_size,
                             const struct hash *new_root, const struct merkle_path *path) {
    struct hash empty;
    bool holds;

    if (new_size >= SIZE_END || old_size > new_size || path->count > LIMIT_PATH)
        return DEPOSITARY_E_CONSISTENCY;
    merkle_empty_root(&empty);
    if ((old_size == 0 && !hash_equal(old_root, &empty)) || (new_size == 0 && !hash_equal(new_root, &empty)))
        return DEPOSITARY_E_CONSISTENCY;
    if (old_size == 0)
        holds = path->count == 0;
    else if (old_size == new_size)
        holds = path->count == 0 && hash_equal(old_root, new_root);
    else
        holds = consistency_holds(old_size, old_root, new_size, new_root, path);
    return holds ? 0 : DEPOSITARY_E_CONSISTENCY;
}

bool merkle_path_read(struct merkle_path *out, size_t count, const struct ProtobufCBinaryData *hashes) {
    if (count > LIMIT_PATH)
        return false;
    for (size_t i = 0; i < count; i++)
        if (hashes[i].len != HASH_LEN)
            return false;
    for (size_t i = 0; i < count; i++)
        memcpy(out->hashes[i].bytes, hashes[i].data, HASH_LEN);
    out->count = count;
    return true;
}

/* ---- the right edge */

void merkle_edge_init(struct merkle_edge *edge) {
    memset(edge, 0, sizeof(*edge));
}

int merkle_edge_append(struct merkle_edge *edge, const struct hash *leaf, merkle_node_sink *sink, void *context) {
    struct hash hash = *leaf;
    uint64_t index = edge->size;
    unsigned level = 0;

    if (edge->size >= SIZE_END - 1)
        return DEPOSITARY_E_LIMIT;
    for (;;) {
        const int error = sink ? sink(context, level, index, &hash) : 0;
        if (error)
            return error;
        if ((index & 1) == 0)
            break;
        merkle_node_hash(&hash, &edge->peaks[level], &hash);
        index >>= 1;
        level++;
    }
    edge->peaks[level] = hash;
    edge->size++;
    return 0;
}

void merkle_edge_root(struct hash *out, const struct merkle_edge *edge) {
    struct hash root;
    bool any = false;

    merkle_empty_root(&root);
    for (unsigned level = 0; level < 63; level++) {
        if (((edge->size >> level) & 1) == 0)
            continue;
        if (any)
            merkle_node_hash(&root, &edge->peaks[level], &root);
        else
            root = edge->peaks[level];
        any = true;
    }
    *out = root;
}

int merkle_edge_load(struct merkle_edge *out, uint64_t size, merkle_node_source *source, void *context) {
    struct merkle_edge edge;

    if (size >= SIZE_END)
        return DEPOSITARY_E_ARGUMENT;
    merkle_edge_init(&edge);
    edge.size = size;
    for (unsigned level = 0; level < 63; level++) {
        if (((size >> level) & 1) == 0)
            continue;
        const int error = source(context, level, (size >> level) - 1, &edge.peaks[level]);
        if (error)
            return error;
    }
    *out = edge;
    return 0;
}

/* ---- making of proofs over a stored tree, of which only complete nodes can be read */

/* The last node of a level where it is not complete: the peaks below it, joined from the right. size is no multiple of 2^level. */
static int incomplete_node(struct hash *out, unsigned level, uint64_t size, merkle_node_source *source, void *context) {
    struct hash node = {{0}}, peak;
    bool any = false;

    for (unsigned l = 0; l < level; l++) {
        if (((size >> l) & 1) == 0)
            continue;
        const int error = source(context, l, (size >> l) - 1, &peak);
        if (error)
            return error;
        if (any)
            merkle_node_hash(&node, &peak, &node);
        else
            node = peak;
        any = true;
    }
    *out = node;
    return 0;
}

int merkle_any_node(struct hash *out, unsigned level, uint64_t index, uint64_t size, merkle_node_source *source,
                    void *context) {
    if (index < size >> level)
        return source(context, level, index, out);
    return incomplete_node(out, level, size, source, context);
}

/* Appends the siblings on the way from a node up to the root. */
static int append_siblings(struct merkle_path *path, unsigned level, uint64_t index, uint64_t size,
                           merkle_node_source *source, void *context) {
    for (uint64_t last = (size - 1) >> level; last > 0; level++, index >>= 1, last >>= 1) {
        const uint64_t sibling = index ^ 1;
        if (sibling > last)
            continue;
        const int error = merkle_any_node(&path->hashes[path->count], level, sibling, size, source, context);
        if (error)
            return error;
        path->count++;
    }
    return 0;
}

int merkle_inclusion_path(struct merkle_path *out, uint64_t index, uint64_t size, merkle_node_source *source,
                          void *context) {
    struct merkle_path path = {.count = 0};

    if (size >= SIZE_END || index >= size)
        return DEPOSITARY_E_ARGUMENT;
    const int error = append_siblings(&path, 0, index, size, source, context);
    if (!error)
        *out = path;
    return error;
}

int merkle_consistency_path(struct merkle_path *out, uint64_t old_size, uint64_t new_size, merkle_node_source *source,
                            void *context) {
    struct merkle_path path = {.count = 0};
    unsigned level = 0;
    int error = 0;

    if (new_size >= SIZE_END || old_size > new_size)
        return DEPOSITARY_E_ARGUMENT;
    if (old_size != 0 && old_size != new_size) {
        /* The proof starts from the old tree's last complete node of greatest height. It is the whole old tree, whose root the
         * verifier has, where the old size is a power of two. */
        while (((old_size >> level) & 1) == 0)
            level++;
        const uint64_t start = (old_size >> level) - 1;
        if (start != 0) {
            error = source(context, level, start, &path.hashes[0]);
            path.count = 1;
        }
        if (!error)
            error = append_siblings(&path, level, start, new_size, source, context);
    }
    if (!error)
        *out = path;
    return error;
}

int merkle_stored_root(struct hash *out, uint64_t size, merkle_node_source *source, void *context) {
    struct merkle_edge edge;
    const int error = merkle_edge_load(&edge, size, source, context);

    if (!error)
        merkle_edge_root(out, &edge);
    return error;
}

/* ---- a tree in memory */

static struct hash *tree_node(const struct merkle_tree *tree, unsigned level, uint64_t index) {
    return &tree->nodes[2 * (tree->capacity - (tree->capacity >> level)) + index];
}

int merkle_tree_init(struct merkle_tree *tree, uint64_t capacity) {
    uint64_t leaves = 1;

    memset(tree, 0, sizeof(*tree));
    if (capacity > TREE_LEAVES_MAX || capacity > SIZE_MAX / (4 * sizeof(struct hash)))
        return DEPOSITARY_E_LIMIT;
    while (leaves < capacity)
        leaves *= 2;
    tree->nodes = malloc((size_t)(2 * leaves - 1) * sizeof(struct hash));
    if (!tree->nodes)
        return DEPOSITARY_E_MEMORY;
    tree->capacity = leaves;
    return 0;
}

void merkle_tree_free(struct merkle_tree *tree) {
    free(tree->nodes);
    memset(tree, 0, sizeof(*tree));
}

void merkle_tree_reset(struct merkle_tree *tree) {
    tree->size = 0;
    tree->finished = false;
}

void merkle_tree_append(struct merkle_tree *tree, const struct hash *leaf) {
    uint64_t index = tree->size++;

    tree->finished = false;
    *tree_node(tree, 0, index) = *leaf;
    for (unsigned level = 0; (index & 1) != 0; level++, index >>= 1)
        merkle_node_hash(tree_node(tree, level + 1, index >> 1), tree_node(tree, level, index - 1),
                         tree_node(tree, level, index));
}

void merkle_tree_finish(struct merkle_tree *tree) {
    if (tree->size == 0)
        return;
    uint64_t last = tree->size - 1; /* of the level below */
    for (unsigned level = 1; last > 0; level++, last >>= 1) {
        const uint64_t index = tree->size >> level;
        if (index > last >> 1)
            continue; /* the last node of this level is complete */
        struct hash *node = tree_node(tree, level, index);
        const struct hash *left = tree_node(tree, level - 1, 2 * index);
        if (2 * index < last)
            merkle_node_hash(node, left, left + 1);
        else
            *node = *left;
    }
    tree->finished = true;
}

static int tree_source(void *context, unsigned level, uint64_t index, struct hash *out) {
    const struct merkle_tree *tree = context;

    *out = *tree_node(tree, level, index);
    return 0;
}

/* Any node of a level: as it stands where it is complete or the tree is finished, else joined from what is below. */
static void tree_any_node(struct hash *out, const struct merkle_tree *tree, unsigned level, uint64_t index) {
    struct merkle_tree reading = *tree;

    if (tree->finished || index < tree->size >> level)
        *out = *tree_node(tree, level, index);
    else
        (void)incomplete_node(out, level, tree->size, tree_source, &reading); /* memory always answers */
}

void merkle_tree_root(struct hash *out, const struct merkle_tree *tree) {
    unsigned level = 0;

    if (tree->size == 0) {
        merkle_empty_root(out);
        return;
    }
    while ((tree->size - 1) >> level > 0)
        level++;
    tree_any_node(out, tree, level, 0);
}

void merkle_tree_path(struct merkle_path *out, const struct merkle_tree *tree, uint64_t index) {
    uint64_t last = tree->size - 1;

    out->count = 0;
    for (unsigned level = 0; last > 0; level++, index >>= 1, last >>= 1)
        if ((index ^ 1) <= last)
            tree_any_node(&out->hashes[out->count++], tree, level, index ^ 1);
}
