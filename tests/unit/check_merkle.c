/*
 * Merkle trees against a recursive reading of RFC 9162 section 2.1, and against the public vectors of tests/vectors. What is
 * made and what is checked are held against each other for every size up to SIZES.
 */
#include <check.h>
#include <inttypes.h>
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "proof/merkle.h"

#define SIZES 130

static struct hash leaves[SIZES + 1];

/* ---- the reference: RFC 9162 sections 2.1.1, 2.1.3.1 and 2.1.4.1 word for word */

static size_t split(size_t n) {
    size_t k = 1;
    while (k * 2 < n)
        k *= 2;
    return k;
}

static struct hash reference_root(const struct hash *d, size_t n) {
    struct hash out, left, right;
    if (n == 0) {
        crypto_hash_sha256(out.bytes, NULL, 0);
        return out;
    }
    if (n == 1)
        return d[0];
    const size_t k = split(n);
    left = reference_root(d, k);
    right = reference_root(d + k, n - k);
    uint8_t node[65] = {1};
    memcpy(node + 1, left.bytes, 32);
    memcpy(node + 33, right.bytes, 32);
    crypto_hash_sha256(out.bytes, node, sizeof(node));
    return out;
}

static void reference_path(struct merkle_path *out, size_t m, const struct hash *d, size_t n) {
    if (n == 1)
        return;
    const size_t k = split(n);
    if (m < k) {
        reference_path(out, m, d, k);
        out->hashes[out->count++] = reference_root(d + k, n - k);
    } else {
        reference_path(out, m - k, d + k, n - k);
        out->hashes[out->count++] = reference_root(d, k);
    }
}

static void reference_subproof(struct merkle_path *out, size_t m, const struct hash *d, size_t n, bool whole) {
    if (m == n) {
        if (!whole)
            out->hashes[out->count++] = reference_root(d, n);
        return;
    }
    const size_t k = split(n);
    if (m <= k) {
        reference_subproof(out, m, d, k, whole);
        out->hashes[out->count++] = reference_root(d + k, n - k);
    } else {
        reference_subproof(out, m - k, d + k, n - k, false);
        out->hashes[out->count++] = reference_root(d, k);
    }
}

/* ---- a stored tree: every complete node, kept by an edge's sink; counts how often it is read */

struct stored {
    struct hash nodes[9][SIZES + 1];
    uint64_t counts[9];
    unsigned reads;
};

static int keep(void *context, unsigned level, uint64_t index, const struct hash *hash) {
    struct stored *stored = context;
    ck_assert_uint_lt(level, 9);
    ck_assert_uint_eq(index, stored->counts[level]);
    stored->counts[level]++;
    stored->nodes[level][index] = *hash;
    return 0;
}

static int give(void *context, unsigned level, uint64_t index, struct hash *out) {
    struct stored *stored = context;
    ck_assert_uint_lt(level, 9);
    ck_assert_uint_lt(index, stored->counts[level]);
    stored->reads++;
    *out = stored->nodes[level][index];
    return 0;
}

static int fail_to_give(void *context, unsigned level, uint64_t index, struct hash *out) {
    (void)context, (void)level, (void)index, (void)out;
    return DEPOSITARY_E_DAMAGED;
}

static int fail_to_keep(void *context, unsigned level, uint64_t index, const struct hash *hash) {
    (void)context, (void)index, (void)hash;
    return level == 1 ? DEPOSITARY_E_IO : 0;
}

static struct stored *store_leaves(size_t count) {
    struct stored *stored = calloc(1, sizeof(*stored));
    struct merkle_edge edge;
    ck_assert_ptr_nonnull(stored);
    merkle_edge_init(&edge);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(merkle_edge_append(&edge, &leaves[i], keep, stored), 0);
    return stored;
}

static bool path_equal(const struct merkle_path *a, const struct merkle_path *b) {
    return a->count == b->count && memcmp(a->hashes, b->hashes, a->count * sizeof(struct hash)) == 0;
}

static void setup(void) {
    ck_assert_int_ge(sodium_init(), 0);
    for (size_t i = 0; i <= SIZES; i++) {
        char entry[32];
        const int len = snprintf(entry, sizeof(entry), "entry %zu", i);
        merkle_leaf_hash(&leaves[i], bytes_of(entry, (size_t)len));
    }
}

/* ---- hashing */

static void assert_hex(const struct hash *hash, const char *hex) {
    uint8_t want[HASH_LEN];
    ck_assert(hex_decode_exact(want, sizeof(want), bytes_text(hex)));
    ck_assert_mem_eq(hash->bytes, want, sizeof(want));
}

/* From RFC 6962's own words: SHA-256 of nothing, of one 0 byte, and of the example entries, by sha256sum. */
START_TEST(hashes_are_those_of_the_rfc) {
    struct hash hash, left, right;
    merkle_empty_root(&hash);
    assert_hex(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    merkle_leaf_hash(&hash, BYTES(""));
    assert_hex(&hash, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    merkle_leaf_hash(&left, BYTES("L123456"));
    assert_hex(&left, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    merkle_leaf_hash_2(&right, BYTES("L123"), BYTES("456"));
    ck_assert(hash_equal(&left, &right));
    merkle_leaf_hash_2(&right, BYTES("L123456"), BYTES(""));
    ck_assert(hash_equal(&left, &right));
    merkle_leaf_hash_2(&right, BYTES("L12"), BYTES("456"));
    ck_assert(!hash_equal(&left, &right));
}
END_TEST

/* ---- every size against the reference */

START_TEST(every_root_is_the_references) {
    struct merkle_tree tree;
    struct merkle_edge edge;
    struct hash root;
    struct stored *stored = store_leaves(SIZES);

    ck_assert_int_eq(merkle_tree_init(&tree, SIZES), 0);
    ck_assert_uint_eq(tree.capacity, 256);
    merkle_edge_init(&edge);
    for (size_t size = 0; size <= SIZES; size++) {
        const struct hash want = reference_root(leaves, size);
        merkle_tree_root(&root, &tree);
        ck_assert(hash_equal(&root, &want));
        merkle_tree_finish(&tree);
        merkle_tree_root(&root, &tree);
        ck_assert(hash_equal(&root, &want));
        merkle_edge_root(&root, &edge);
        ck_assert(hash_equal(&root, &want));
        ck_assert_int_eq(merkle_stored_root(&root, size, give, stored), 0);
        ck_assert(hash_equal(&root, &want));
        merkle_tree_append(&tree, &leaves[size]);
        ck_assert_int_eq(merkle_edge_append(&edge, &leaves[size], NULL, NULL), 0);
    }
    merkle_tree_reset(&tree);
    merkle_tree_root(&root, &tree);
    merkle_empty_root(&leaves[0]);
    ck_assert(hash_equal(&root, &leaves[0]));
    merkle_tree_free(&tree);
    free(stored);
}
END_TEST

START_TEST(every_inclusion_path_is_the_references_and_verifies) {
    struct merkle_tree tree;
    struct stored *stored = store_leaves(SIZES);

    ck_assert_int_eq(merkle_tree_init(&tree, SIZES), 0);
    for (size_t size = 1; size <= SIZES; size++) {
        const struct hash root = reference_root(leaves, size);
        merkle_tree_append(&tree, &leaves[size - 1]);
        for (size_t index = 0; index < size; index++) {
            struct merkle_path want = {.count = 0}, path;
            reference_path(&want, index, leaves, size);
            ck_assert_uint_eq(merkle_inclusion_len(index, size), want.count);
            stored->reads = 0;
            ck_assert_int_eq(merkle_inclusion_path(&path, index, size, give, stored), 0);
            ck_assert(path_equal(&path, &want));
            ck_assert_uint_le(stored->reads, 16);
            merkle_tree_path(&path, &tree, index);
            ck_assert(path_equal(&path, &want));
            ck_assert_int_eq(merkle_inclusion_check(&leaves[index], index, size, &want, &root), 0);
        }
        merkle_tree_finish(&tree);
        for (size_t index = 0; index < size; index++) {
            struct merkle_path want = {.count = 0}, path;
            reference_path(&want, index, leaves, size);
            merkle_tree_path(&path, &tree, index);
            ck_assert(path_equal(&path, &want));
        }
    }
    merkle_tree_free(&tree);
    free(stored);
}
END_TEST

START_TEST(every_consistency_path_is_the_references_and_verifies) {
    struct stored *stored = store_leaves(SIZES);
    struct hash roots[SIZES + 1];

    for (size_t size = 0; size <= SIZES; size++)
        roots[size] = reference_root(leaves, size);
    for (size_t new_size = 0; new_size <= SIZES; new_size++) {
        for (size_t old_size = 0; old_size <= new_size; old_size++) {
            struct merkle_path want = {.count = 0}, path;
            if (old_size > 0)
                reference_subproof(&want, old_size, leaves, new_size, true);
            ck_assert_int_eq(merkle_consistency_path(&path, old_size, new_size, give, stored), 0);
            ck_assert(path_equal(&path, &want));
            ck_assert_int_eq(merkle_consistency_check(old_size, &roots[old_size], new_size, &roots[new_size], &path),
                             0);
        }
    }
    free(stored);
}
END_TEST

/* ---- hostile proofs */

START_TEST(inclusion_with_another_path_leaf_place_size_or_root_is_refused) {
    for (size_t size = 1; size <= 40; size++) {
        const struct hash root = reference_root(leaves, size);
        for (size_t index = 0; index < size; index++) {
            struct merkle_path path = {.count = 0}, bad;
            reference_path(&path, index, leaves, size);

            bad = path; /* one hash too many, at each end */
            bad.hashes[bad.count++] = leaves[0];
            ck_assert_int_eq(merkle_inclusion_check(&leaves[index], index, size, &bad, &root), DEPOSITARY_E_INCLUSION);
            memmove(bad.hashes + 1, bad.hashes, path.count * sizeof(struct hash));
            ck_assert_int_eq(merkle_inclusion_check(&leaves[index], index, size, &bad, &root), DEPOSITARY_E_INCLUSION);
            for (size_t i = 0; i < path.count; i++) {
                bad = path; /* a missing hash */
                memmove(bad.hashes + i, bad.hashes + i + 1, (path.count - i - 1) * sizeof(struct hash));
                bad.count--;
                ck_assert_int_eq(merkle_inclusion_check(&leaves[index], index, size, &bad, &root),
                                 DEPOSITARY_E_INCLUSION);
                bad = path; /* a changed bit */
                bad.hashes[i].bytes[i % HASH_LEN] ^= 0x10;
                ck_assert_int_eq(merkle_inclusion_check(&leaves[index], index, size, &bad, &root),
                                 DEPOSITARY_E_INCLUSION);
            }
            for (size_t other = 0; other <= size; other++)
                if (other != index) { /* another place for the leaf, another leaf for the place */
                    ck_assert_int_eq(merkle_inclusion_check(&leaves[index], other, size, &path, &root),
                                     DEPOSITARY_E_INCLUSION);
                    ck_assert_int_eq(merkle_inclusion_check(&leaves[other], index, size, &path, &root),
                                     DEPOSITARY_E_INCLUSION);
                }
            const struct hash larger = reference_root(leaves, size + 1);
            ck_assert_int_eq(merkle_inclusion_check(&leaves[index], index, size, &path, &larger),
                             DEPOSITARY_E_INCLUSION);
        }
    }
}
END_TEST

START_TEST(inclusion_in_an_empty_tree_is_refused) {
    const struct merkle_path none = {.count = 0};
    struct hash empty;
    merkle_empty_root(&empty);
    ck_assert_int_eq(merkle_inclusion_check(&empty, 0, 0, &none, &empty), DEPOSITARY_E_INCLUSION);
    ck_assert_int_eq(merkle_inclusion_check(&leaves[0], 0, 1, &none, &leaves[0]), 0);
}
END_TEST

START_TEST(sizes_from_2_63_and_overlong_paths_are_refused) {
    struct merkle_path path = {.count = LIMIT_PATH};
    struct hash root = leaves[0];
    const uint64_t end = UINT64_C(1) << 63;

    /* Index 0 in a tree of 2^63 leaves has a path of 63 hashes: it would verify, were the size allowed. */
    for (size_t i = 0; i < LIMIT_PATH; i++) {
        path.hashes[i] = leaves[1];
        merkle_node_hash(&root, &root, &leaves[1]);
    }
    ck_assert_uint_eq(merkle_inclusion_len(0, end - 1), 63);
    ck_assert_int_eq(merkle_inclusion_check(&leaves[0], 0, end - 1, &path, &root), 0);
    ck_assert_int_eq(merkle_inclusion_check(&leaves[0], 0, end, &path, &root), DEPOSITARY_E_INCLUSION);
    path.count = LIMIT_PATH + 1; /* a count past the array is never followed */
    ck_assert_int_eq(merkle_inclusion_check(&leaves[0], 0, UINT64_MAX, &path, &root), DEPOSITARY_E_INCLUSION);
    ck_assert_int_eq(merkle_inclusion_check(&leaves[0], 0, end - 1, &path, &root), DEPOSITARY_E_INCLUSION);
    ck_assert_int_eq(merkle_consistency_check(1, &leaves[0], end - 1, &root, &path), DEPOSITARY_E_CONSISTENCY);
    path.count = LIMIT_PATH;
    ck_assert_int_eq(merkle_consistency_check(1, &leaves[0], end - 1, &root, &path), 0);
    ck_assert_int_eq(merkle_consistency_check(1, &leaves[0], end, &root, &path), DEPOSITARY_E_CONSISTENCY);
}
END_TEST

START_TEST(consistency_with_another_path_size_or_root_is_refused) {
    struct hash roots[42];
    for (size_t size = 0; size < 42; size++)
        roots[size] = reference_root(leaves, size);
    for (size_t n = 2; n <= 40; n++) {
        for (size_t m = 1; m < n; m++) {
            struct merkle_path path = {.count = 0}, bad;
            reference_subproof(&path, m, leaves, n, true);
            bad = path;
            bad.hashes[bad.count++] = roots[n];
            ck_assert_int_eq(merkle_consistency_check(m, &roots[m], n, &roots[n], &bad), DEPOSITARY_E_CONSISTENCY);
            memmove(bad.hashes + 1, bad.hashes, path.count * sizeof(struct hash));
            bad.hashes[0] = roots[m];
            ck_assert_int_eq(merkle_consistency_check(m, &roots[m], n, &roots[n], &bad), DEPOSITARY_E_CONSISTENCY);
            for (size_t i = 0; i < path.count; i++) {
                bad = path;
                memmove(bad.hashes + i, bad.hashes + i + 1, (path.count - i - 1) * sizeof(struct hash));
                bad.count--;
                ck_assert_int_eq(merkle_consistency_check(m, &roots[m], n, &roots[n], &bad), DEPOSITARY_E_CONSISTENCY);
                bad = path;
                bad.hashes[i].bytes[31] ^= 0x01;
                ck_assert_int_eq(merkle_consistency_check(m, &roots[m], n, &roots[n], &bad), DEPOSITARY_E_CONSISTENCY);
            }
            for (size_t other = 0; other < 42; other++) {
                if (other != m) {
                    ck_assert_int_eq(merkle_consistency_check(m, &roots[other], n, &roots[n], &path),
                                     DEPOSITARY_E_CONSISTENCY);
                    ck_assert_int_eq(merkle_consistency_check(other, &roots[m], n, &roots[n], &path),
                                     DEPOSITARY_E_CONSISTENCY);
                }
                if (other != n)
                    ck_assert_int_eq(merkle_consistency_check(m, &roots[m], n, &roots[other], &path),
                                     DEPOSITARY_E_CONSISTENCY);
            }
        }
    }
}
END_TEST

START_TEST(consistency_at_the_ends) {
    const struct merkle_path none = {.count = 0};
    struct merkle_path one = {.count = 1};
    const struct hash empty = reference_root(leaves, 0), three = reference_root(leaves, 3);
    one.hashes[0] = leaves[0];

    ck_assert_int_eq(merkle_consistency_check(0, &empty, 0, &empty, &none), 0);
    ck_assert_int_eq(merkle_consistency_check(0, &empty, 3, &three, &none), 0);
    ck_assert_int_eq(merkle_consistency_check(3, &three, 3, &three, &none), 0);
    /* nothing is empty but the empty tree; the same size has the same root; no proof shrinks a ledger */
    ck_assert_int_eq(merkle_consistency_check(0, &three, 3, &three, &none), DEPOSITARY_E_CONSISTENCY);
    ck_assert_int_eq(merkle_consistency_check(0, &three, 0, &three, &none), DEPOSITARY_E_CONSISTENCY);
    ck_assert_int_eq(merkle_consistency_check(0, &empty, 0, &three, &none), DEPOSITARY_E_CONSISTENCY);
    ck_assert_int_eq(merkle_consistency_check(3, &three, 3, &empty, &none), DEPOSITARY_E_CONSISTENCY);
    ck_assert_int_eq(merkle_consistency_check(3, &three, 2, &three, &none), DEPOSITARY_E_CONSISTENCY);
    ck_assert_int_eq(merkle_consistency_check(3, &three, 0, &empty, &none), DEPOSITARY_E_CONSISTENCY);
    ck_assert_int_eq(merkle_consistency_check(1, &leaves[0], 3, &three, &none), DEPOSITARY_E_CONSISTENCY);
    /* a path where there is nothing to prove */
    ck_assert_int_eq(merkle_consistency_check(0, &empty, 3, &three, &one), DEPOSITARY_E_CONSISTENCY);
    ck_assert_int_eq(merkle_consistency_check(0, &empty, 0, &empty, &one), DEPOSITARY_E_CONSISTENCY);
    ck_assert_int_eq(merkle_consistency_check(3, &three, 3, &three, &one), DEPOSITARY_E_CONSISTENCY);
}
END_TEST

START_TEST(a_path_of_a_message_has_hashes_of_32_bytes_and_an_end) {
    uint8_t bytes[33] = {7};
    ProtobufCBinaryData hashes[LIMIT_PATH + 1];
    struct merkle_path path = {.count = 5};

    for (size_t i = 0; i <= LIMIT_PATH; i++)
        hashes[i] = (ProtobufCBinaryData){HASH_LEN, bytes};
    ck_assert(!merkle_path_read(&path, LIMIT_PATH + 1, hashes));
    ck_assert(!merkle_path_read(&path, SIZE_MAX, hashes));
    hashes[1].len = 31;
    ck_assert(!merkle_path_read(&path, 2, hashes));
    hashes[1].len = 33;
    ck_assert(!merkle_path_read(&path, 2, hashes));
    hashes[1] = (ProtobufCBinaryData){0, NULL};
    ck_assert(!merkle_path_read(&path, 2, hashes));
    ck_assert_uint_eq(path.count, 5);
    ck_assert(merkle_path_read(&path, 0, NULL));
    ck_assert_uint_eq(path.count, 0);
    hashes[1] = hashes[0];
    ck_assert(merkle_path_read(&path, LIMIT_PATH, hashes));
    ck_assert_uint_eq(path.count, LIMIT_PATH);
    ck_assert_mem_eq(path.hashes[LIMIT_PATH - 1].bytes, bytes, HASH_LEN);
}
END_TEST

START_TEST(an_index_or_size_out_of_range_makes_no_proof) {
    struct stored *stored = store_leaves(8);
    struct merkle_path path = {.count = 9};

    ck_assert_int_eq(merkle_inclusion_path(&path, 0, 0, give, stored), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(merkle_inclusion_path(&path, 8, 8, give, stored), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(merkle_inclusion_path(&path, 0, UINT64_C(1) << 63, give, stored), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(merkle_consistency_path(&path, 9, 8, give, stored), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(merkle_consistency_path(&path, 1, UINT64_MAX, give, stored), DEPOSITARY_E_ARGUMENT);
    ck_assert_uint_eq(path.count, 9);
    free(stored);
}
END_TEST

START_TEST(a_failing_store_ends_the_work_and_leaves_the_outputs) {
    struct merkle_path path = {.count = 9};
    struct merkle_edge edge, before;
    struct hash root = leaves[3];

    ck_assert_int_eq(merkle_inclusion_path(&path, 2, 7, fail_to_give, NULL), DEPOSITARY_E_DAMAGED);
    ck_assert_int_eq(merkle_consistency_path(&path, 3, 7, fail_to_give, NULL), DEPOSITARY_E_DAMAGED);
    ck_assert_uint_eq(path.count, 9);
    ck_assert_int_eq(merkle_stored_root(&root, 7, fail_to_give, NULL), DEPOSITARY_E_DAMAGED);
    ck_assert(hash_equal(&root, &leaves[3]));
    merkle_edge_init(&edge);
    ck_assert_int_eq(merkle_edge_append(&edge, &leaves[0], fail_to_keep, NULL), 0);
    before = edge;
    ck_assert_int_eq(merkle_edge_append(&edge, &leaves[1], fail_to_keep, NULL), DEPOSITARY_E_IO);
    ck_assert_mem_eq(&edge, &before, sizeof(edge));
    ck_assert_int_eq(merkle_edge_append(&edge, &leaves[1], NULL, NULL), 0);
}
END_TEST

START_TEST(a_restored_edge_goes_on_like_the_one_that_was_left) {
    struct stored *stored = store_leaves(SIZES);
    for (size_t size = 0; size < SIZES; size++) {
        struct merkle_edge edge;
        struct hash root;
        ck_assert_int_eq(merkle_edge_load(&edge, size, give, stored), 0);
        for (size_t i = size; i < SIZES; i++)
            ck_assert_int_eq(merkle_edge_append(&edge, &leaves[i], NULL, NULL), 0);
        const struct hash want = reference_root(leaves, SIZES);
        merkle_edge_root(&root, &edge);
        ck_assert(hash_equal(&root, &want));
    }
    free(stored);
}
END_TEST

START_TEST(an_edge_and_a_tree_know_their_ends) {
    struct merkle_edge edge;
    struct merkle_tree tree;
    merkle_edge_init(&edge);
    edge.size = (UINT64_C(1) << 63) - 1;
    ck_assert_int_eq(merkle_edge_append(&edge, &leaves[0], NULL, NULL), DEPOSITARY_E_LIMIT);
    ck_assert_int_eq(merkle_tree_init(&tree, UINT64_MAX), DEPOSITARY_E_LIMIT);
    ck_assert_int_eq(merkle_tree_init(&tree, 0), 0);
    ck_assert_uint_eq(tree.capacity, 1);
    merkle_tree_free(&tree);
    merkle_tree_free(&tree);
}
END_TEST

/* ---- public vectors */

/* One case: numbers and hashes as text; a hash of another length than 32 bytes is refused by whoever reads it in. */
struct vector {
    bool accept;
    uint64_t first; /* leaf index, or old size */
    uint64_t second;
    struct bytes hash_1; /* base64: leaf, or old root */
    struct bytes hash_2; /* base64: root, or new root */
    size_t path_count;
    struct bytes path[70]; /* base64 */
    const char *name;
};

static bool vector_holds(const struct vector *v, bool consistency) {
    struct hash hash_1, hash_2;
    struct merkle_path path = {.count = v->path_count};

    if (v->path_count > LIMIT_PATH || !base64_decode_exact(hash_1.bytes, HASH_LEN, v->hash_1) ||
        !base64_decode_exact(hash_2.bytes, HASH_LEN, v->hash_2))
        return false;
    for (size_t i = 0; i < v->path_count; i++)
        if (!base64_decode_exact(path.hashes[i].bytes, HASH_LEN, v->path[i]))
            return false;
    return consistency ? merkle_consistency_check(v->first, &hash_1, v->second, &hash_2, &path) == 0
                       : merkle_inclusion_check(&hash_1, v->first, v->second, &path, &hash_2) == 0;
}

/* One accepted case cannot be written down here: two equal roots of 12 bytes, for sizes 1 and 1. */
static bool vector_is_of_sha256(const struct vector *v) {
    return !v->accept || v->hash_1.len == 44;
}

static unsigned run_text_vectors(const char *name, bool consistency) {
    char path[512], *line = NULL, *rest;
    size_t capacity = 0;
    unsigned count = 0;

    snprintf(path, sizeof(path), TESTS_DIR "/vectors/%s", name);
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    while (getline(&line, &capacity, file) > 0) {
        struct vector v = {.path_count = 0};
        v.accept = strcmp(strtok_r(line, " ", &rest), "accept") == 0;
        v.first = strtoull(strtok_r(NULL, " ", &rest), NULL, 10);
        v.second = strtoull(strtok_r(NULL, " ", &rest), NULL, 10);
        v.hash_1 = bytes_text(strtok_r(NULL, " ", &rest));
        v.hash_2 = bytes_text(strtok_r(NULL, " ", &rest));
        char *hashes = strtok_r(NULL, " ", &rest), *comma;
        v.name = strtok_r(NULL, "\n", &rest);
        ck_assert_ptr_nonnull(v.name);
        if (strcmp(hashes, "-") != 0)
            for (char *h = strtok_r(hashes, ",", &comma); h; h = strtok_r(NULL, ",", &comma))
                v.path[v.path_count++] = bytes_text(h);
        if (vector_is_of_sha256(&v))
            ck_assert_msg(vector_holds(&v, consistency) == v.accept, "%s: %s", name, v.name);
        count++;
    }
    free(line);
    fclose(file);
    return count;
}

static unsigned run_json_vectors(const char *folder, const char *name, bool consistency) {
    char path[512], *line = NULL;
    size_t capacity = 0;
    unsigned count = 0;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    while (getline(&line, &capacity, file) > 0) {
        /* as reals, for one index is 2^64 - 1 */
        json_t *json = json_loads(line, JSON_DECODE_INT_AS_REAL, NULL), *element;
        struct vector v = {.path_count = 0};
        size_t i;
        ck_assert_ptr_nonnull(json);
        const double first = json_real_value(json_object_get(json, consistency ? "size1" : "leafIdx"));
        v.first = first < 9e15 ? (uint64_t)first : UINT64_MAX;
        v.second = (uint64_t)json_real_value(json_object_get(json, consistency ? "size2" : "treeSize"));
        v.hash_1 = bytes_text(json_string_value(json_object_get(json, consistency ? "root1" : "leafHash")));
        v.hash_2 = bytes_text(json_string_value(json_object_get(json, consistency ? "root2" : "root")));
        v.accept = !json_is_true(json_object_get(json, "wantErr"));
        v.name = json_string_value(json_object_get(json, "case"));
        json_array_foreach(json_object_get(json, "proof"), i, element) {
            v.path[v.path_count++] = bytes_text(json_string_value(element));
        }
        if (vector_is_of_sha256(&v))
            ck_assert_msg(vector_holds(&v, consistency) == v.accept, "%s: %s", name, v.name);
        json_decref(json);
        count++;
    }
    free(line);
    fclose(file);
    return count;
}

START_TEST(public_vectors_are_judged_as_their_makers_say) {
    ck_assert_uint_eq(run_text_vectors("merkle-inclusion.txt", false), 98);
    ck_assert_uint_eq(run_text_vectors("merkle-consistency.txt", true), 98);
    const char *folder = getenv("DEPOSITARY_VECTORS");
    if (folder) {
        ck_assert_uint_gt(run_json_vectors(folder, "merkle-inclusion.jsonl", false), 0);
        ck_assert_uint_gt(run_json_vectors(folder, "merkle-consistency.jsonl", true), 0);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("merkle");
    TCase *tests = tcase_create("merkle");

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, hashes_are_those_of_the_rfc);
    tcase_add_test(tests, every_root_is_the_references);
    tcase_add_test(tests, every_inclusion_path_is_the_references_and_verifies);
    tcase_add_test(tests, every_consistency_path_is_the_references_and_verifies);
    tcase_add_test(tests, inclusion_with_another_path_leaf_place_size_or_root_is_refused);
    tcase_add_test(tests, inclusion_in_an_empty_tree_is_refused);
    tcase_add_test(tests, sizes_from_2_63_and_overlong_paths_are_refused);
    tcase_add_test(tests, consistency_with_another_path_size_or_root_is_refused);
    tcase_add_test(tests, consistency_at_the_ends);
    tcase_add_test(tests, a_path_of_a_message_has_hashes_of_32_bytes_and_an_end);
    tcase_add_test(tests, an_index_or_size_out_of_range_makes_no_proof);
    tcase_add_test(tests, a_failing_store_ends_the_work_and_leaves_the_outputs);
    tcase_add_test(tests, a_restored_edge_goes_on_like_the_one_that_was_left);
    tcase_add_test(tests, an_edge_and_a_tree_know_their_ends);
    tcase_add_test(tests, public_vectors_are_judged_as_their_makers_say);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
