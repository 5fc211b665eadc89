/*
 * Merkle trees as in RFC 9162 section 2.1 (hashes as in RFC 6962): one construction for ledger, edition, register and seal.
 * Pure. Nodes are named (level, index): level 0 are leaves, node (l, i) covers leaves i * 2^l to (i + 1) * 2^l - 1.
 */
#ifndef PROOF_MERKLE_H
#define PROOF_MERKLE_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"

#define HASH_LEN 32

struct hash {
    uint8_t bytes[HASH_LEN];
};

/** A proof: hashes in the order of RFC 9162, the leaf's sibling first. */
struct merkle_path {
    size_t count;
    struct hash hashes[LIMIT_PATH];
};

bool hash_equal(const struct hash *a, const struct hash *b);
struct bytes hash_bytes(const struct hash *hash);

void merkle_empty_root(struct hash *out);                    /* H("") */
void merkle_leaf_hash(struct hash *out, struct bytes entry); /* H(0x00 || entry) */
void merkle_leaf_hash_2(struct hash *out, struct bytes head,
                        struct bytes tail); /* of head || tail, not joined in memory */
void merkle_node_hash(struct hash *out, const struct hash *left,
                      const struct hash *right); /* H(0x01 || left || right) */

/** The length that an inclusion proof of leaf index in a tree of size leaves has; index < size. */
size_t merkle_inclusion_len(uint64_t index, uint64_t size);

/** RFC 9162 section 2.1.3.2. DEPOSITARY_E_INCLUSION unless the leaf lies at index in the tree (size, root); exact path length. */
MUST_USE int merkle_inclusion_check(const struct hash *leaf, uint64_t index, uint64_t size,
                                    const struct merkle_path *path, const struct hash *root);
/** RFC 9162 section 2.1.4.2. DEPOSITARY_E_CONSISTENCY unless (new_size, new_root) extends (old_size, old_root). Old size 0: the
 * path must be empty and old_root the empty root. */
MUST_USE int merkle_consistency_check(uint64_t old_size, const struct hash *old_root, uint64_t new_size,
                                      const struct hash *new_root, const struct merkle_path *path);

/** Copies a path of a message (count byte strings of 32 bytes) in; false for another length or more than LIMIT_PATH. */
struct ProtobufCBinaryData;
bool merkle_path_read(struct merkle_path *out, size_t count, const struct ProtobufCBinaryData *hashes);

/** The right edge of a growing tree: enough to append and to know the root. */
struct merkle_edge {
    uint64_t size;
    struct hash peaks[64]; /* peaks[l] is set where bit l of size is */
};

void merkle_edge_init(struct merkle_edge *edge);
/** Told of each complete node as it comes to be, leaf first. A non-zero return ends the append with that error. */
typedef int merkle_node_sink(void *context, unsigned level, uint64_t index, const struct hash *hash);
/** Appends a leaf. sink may be NULL. */
MUST_USE int merkle_edge_append(struct merkle_edge *edge, const struct hash *leaf, merkle_node_sink *sink,
                                void *context);
void merkle_edge_root(struct hash *out, const struct merkle_edge *edge);

/** Reads a complete node of a stored tree. */
typedef int merkle_node_source(void *context, unsigned level, uint64_t index, struct hash *out);
/** Any node of a tree of that size, also the one of a level that is not complete, which is joined from what is below; index is at most
 * (size - 1) >> level. */
MUST_USE int merkle_any_node(struct hash *out, unsigned level, uint64_t index, uint64_t size,
                             merkle_node_source *source, void *context);
/** Restores the edge of a stored tree of that size. */
MUST_USE int merkle_edge_load(struct merkle_edge *out, uint64_t size, merkle_node_source *source, void *context);
/** RFC 9162 section 2.1.3.1: the path of leaf index in the first size leaves. O(log size) reads. DEPOSITARY_E_ARGUMENT where index >= size. */
MUST_USE int merkle_inclusion_path(struct merkle_path *out, uint64_t index, uint64_t size, merkle_node_source *source,
                                   void *context);
/** RFC 9162 section 2.1.4.1: the proof between two sizes. Empty where old_size is 0 or new_size. */
MUST_USE int merkle_consistency_path(struct merkle_path *out, uint64_t old_size, uint64_t new_size,
                                     merkle_node_source *source, void *context);
/** Root of the first size leaves of a stored tree. */
MUST_USE int merkle_stored_root(struct hash *out, uint64_t size, merkle_node_source *source, void *context);

/** A whole tree in memory, for registers, batches and editions at hand. */
struct merkle_tree {
    uint64_t size;
    uint64_t capacity;  /* leaves there is room for, a power of two */
    struct hash *nodes; /* level after level: capacity, capacity / 2, ... 1 */
    bool finished;      /* the incomplete nodes at the right edge are there, too */
};

/** For up to capacity leaves; one allocation. DEPOSITARY_E_LIMIT, DEPOSITARY_E_MEMORY. */
MUST_USE int merkle_tree_init(struct merkle_tree *tree, uint64_t capacity);
void merkle_tree_free(struct merkle_tree *tree);
void merkle_tree_reset(struct merkle_tree *tree); /* no leaves; keeps the memory */
/** Appends; the caller keeps within capacity. */
void merkle_tree_append(struct merkle_tree *tree, const struct hash *leaf);
/** After the last append, where many paths will be asked for: O(log size) hashes once, and root and paths need none. Optional. */
void merkle_tree_finish(struct merkle_tree *tree);
void merkle_tree_root(struct hash *out, const struct merkle_tree *tree);
/** The path of leaf index; index < size. */
void merkle_tree_path(struct merkle_path *out, const struct merkle_tree *tree, uint64_t index);

#endif
