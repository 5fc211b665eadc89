/*
 * Merkle proofs: of a tree made from the input's first numbers, a proof holds if and only if it is the true one. Bytes: leaves (two), old size (two), index (two),
 * then what is put in place of the proofs: a count, or FF for the true one, and a bit to turn; then two sizes past all memory. RFC 9162 section 2.1.
 */
#include "fuzz.h"
#include "proof/merkle.h"

#include <protobuf-c/protobuf-c.h>

#include <string.h>

#define LEAVES_MAX 2048u

struct reader {
    struct bytes in;
};

static uint8_t take_byte(struct reader *reader) {
    uint8_t out = reader->in.len > 0 ? reader->in.data[0] : 0;
    reader->in = bytes_slice(reader->in, 1, reader->in.len);
    return out;
}

static unsigned take_word(struct reader *reader) {
    unsigned high = take_byte(reader);
    return high << 8 | take_byte(reader);
}

/* The true path, or one of so many hashes, or with a bit turned. */
static void take_path(struct reader *reader, struct merkle_path *path) {
    uint8_t count = take_byte(reader);
    if (count != 0xFF) {
        size_t len = count % (LIMIT_PATH + 1);
        for (size_t i = path->count; i < len; i++)
            memset(path->hashes[i].bytes, (int)i, HASH_LEN);
        path->count = len;
    }
    uint8_t at = take_byte(reader), bit = take_byte(reader);
    if (path->count > 0 && bit < 0x80)
        path->hashes[at % path->count].bytes[bit % HASH_LEN] ^= (uint8_t)(1u << (bit / HASH_LEN));
}

static bool is_path(const struct merkle_path *a, const struct merkle_path *b) {
    return a->count == b->count && memcmp(a->hashes, b->hashes, a->count * sizeof a->hashes[0]) == 0;
}

/* A node of the tree, hashed anew. */
static int read_node(void *context, unsigned level, uint64_t index, struct hash *out) {
    const struct merkle_tree *tree = context;
    struct hash left, right;
    if (level == 0) {
        HOLDS(index < tree->size);
        *out = tree->nodes[index];
        return 0;
    }
    HOLDS(read_node(context, level - 1, 2 * index, &left) == 0);
    HOLDS(read_node(context, level - 1, 2 * index + 1, &right) == 0);
    merkle_node_hash(out, &left, &right);
    return 0;
}

static void try_inclusion(const struct merkle_tree *tree, uint64_t index, const struct hash *root,
                          struct reader *reader) {
    struct merkle_path truth, stored, shown;
    if (index >= tree->size) {
        HOLDS(merkle_inclusion_path(&stored, index, tree->size, read_node, (void *)(uintptr_t)tree) != 0);
        return;
    }
    merkle_tree_path(&truth, tree, index);
    HOLDS(truth.count == merkle_inclusion_len(index, tree->size));
    HOLDS(merkle_inclusion_path(&stored, index, tree->size, read_node, (void *)(uintptr_t)tree) == 0);
    HOLDS(is_path(&truth, &stored));
    shown = truth;
    take_path(reader, &shown);
    bool holds = merkle_inclusion_check(&tree->nodes[index], index, tree->size, &shown, root) == 0;
    HOLDS(holds == is_path(&truth, &shown));
    uint64_t other = take_word(reader);
    if (merkle_inclusion_check(&tree->nodes[index], other, tree->size, &truth, root) == 0)
        HOLDS(other == index);
}

static void try_consistency(struct merkle_tree *tree, uint64_t old_size, const struct hash *root,
                            struct reader *reader) {
    struct merkle_path truth, shown;
    struct merkle_edge edge, loaded;
    struct hash old_root, stored;
    merkle_edge_init(&edge);
    for (uint64_t i = 0; i < old_size; i++)
        HOLDS(merkle_edge_append(&edge, &tree->nodes[i], NULL, NULL) == 0);
    merkle_edge_root(&old_root, &edge);
    HOLDS(merkle_stored_root(&stored, old_size, read_node, tree) == 0 && hash_equal(&stored, &old_root));
    HOLDS(merkle_edge_load(&loaded, old_size, read_node, tree) == 0);
    merkle_edge_root(&stored, &loaded);
    HOLDS(hash_equal(&stored, &old_root));
    HOLDS(merkle_consistency_path(&truth, old_size, tree->size, read_node, tree) == 0);
    HOLDS(merkle_consistency_check(old_size, &old_root, tree->size, root, &truth) == 0);
    shown = truth;
    take_path(reader, &shown);
    bool holds = merkle_consistency_check(old_size, &old_root, tree->size, root, &shown) == 0;
    HOLDS(holds == is_path(&truth, &shown));
    old_root.bytes[take_byte(reader) % HASH_LEN] ^= 1;
    HOLDS(merkle_consistency_check(old_size, &old_root, tree->size, root, &truth) != 0);
}

/* ---- sizes that no tree in memory has */

static uint64_t take_number(struct reader *reader) {
    uint64_t out = 0;
    for (unsigned i = 0; i < 8; i++)
        out = out << 8 | take_byte(reader);
    return out;
}

static int fail_to_read(void *context, unsigned level, uint64_t index, struct hash *out) {
    unsigned *left = context;
    (void)level, (void)index;
    memset(out->bytes, 3, HASH_LEN);
    return *left == 0 || --*left == 0 ? DEPOSITARY_E_IO : 0;
}

static int refuse(void *context, unsigned level, uint64_t index, const struct hash *hash) {
    (void)context, (void)level, (void)index, (void)hash;
    return DEPOSITARY_E_IO;
}

static void try_any(struct reader *reader) {
    const uint64_t size = take_number(reader), other = take_number(reader);
    const uint8_t count = take_byte(reader);
    struct merkle_path path = {.count = count % (LIMIT_PATH + 2)};
    struct merkle_edge edge;
    struct merkle_tree tree;
    struct hash hash = {{1}};
    ProtobufCBinaryData hashes[256];
    unsigned reads = 1 + take_byte(reader) % 70u;
    for (unsigned i = 0; i < 256; i++)
        hashes[i] = (ProtobufCBinaryData){i == count / 2u && count % 2 ? HASH_LEN - 1 : HASH_LEN, hash.bytes};
    HOLDS(merkle_inclusion_check(&hash, other, size, &path, &hash) != 0 || (size == 1 && other == 0));
    (void)!merkle_consistency_check(other, &hash, size, &hash, &path);
    (void)!merkle_consistency_check(0, &hash, 0, &hash, &path);
    HOLDS(merkle_path_read(&path, count, hashes) == (count <= LIMIT_PATH && count % 2 == 0));
    HOLDS(merkle_path_read(&path, count, hashes) || count % 2 == 1 || count > LIMIT_PATH);
    (void)!merkle_stored_root(&hash, size, fail_to_read, &reads);
    (void)!merkle_inclusion_path(&path, other, size, fail_to_read, &reads);
    (void)!merkle_consistency_path(&path, other, size, fail_to_read, &reads);
    if (merkle_edge_load(&edge, size, fail_to_read, &reads) == 0)
        HOLDS(merkle_edge_append(&edge, &hash, refuse, NULL) != 0);
    if (size > UINT64_C(1) << 32)
        HOLDS(merkle_tree_init(&tree, size) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct reader reader = {bytes_of(data, size)};
    struct merkle_tree tree;
    struct hash root, finished;
    const uint64_t leaves = take_word(&reader) % (LEAVES_MAX + 1);
    const uint64_t old_size = take_word(&reader) % (leaves + 1);
    const uint64_t index = take_word(&reader);
    HOLDS(merkle_tree_init(&tree, leaves) == 0);
    for (uint64_t i = 0; i < leaves; i++) {
        struct hash leaf;
        merkle_leaf_hash(&leaf, bytes_of(&i, sizeof i));
        merkle_tree_append(&tree, &leaf);
    }
    merkle_tree_root(&root, &tree);
    try_inclusion(&tree, index, &root, &reader);
    try_consistency(&tree, old_size, &root, &reader);
    merkle_tree_finish(&tree);
    merkle_tree_root(&finished, &tree);
    HOLDS(hash_equal(&root, &finished));
    try_inclusion(&tree, index, &root, &reader);
    merkle_tree_free(&tree);
    try_any(&reader);
    return 0;
}
