/* Nodes that were proved before (proved.h). */
#include "ledger/proved.h"

#include <stdlib.h>

#define LEVEL_SHIFT 56u /* of a slot's name: its level, and its index below */
#define INDEX_END   (UINT64_C(1) << LEVEL_SHIFT)

struct slot {
    store_tree tree; /* 0, the ledger's own, which is not kept here: empty */
    uint64_t name;
    struct hash hash;
};

struct proved {
    pthread_mutex_t lock;
    struct slot *slots;
    size_t count; /* a power of two, 2 or more; or 0 */
};

int proved_new(struct proved **out, size_t capacity) {
    struct proved *proved = calloc(1, sizeof *proved);
    size_t count = 2;
    if (proved == NULL || pthread_mutex_init(&proved->lock, NULL) != 0) {
        free(proved);
        return DEPOSITARY_E_MEMORY;
    }
    while (count <= capacity / sizeof(struct slot) / 2)
        count *= 2;
    if (count * sizeof(struct slot) <= capacity) {
        proved->slots = calloc(count, sizeof(struct slot)); /* pages that are not used cost nothing */
        proved->count = count;
    }
    if (proved->count > 0 && proved->slots == NULL) {
        proved_free(proved);
        return DEPOSITARY_E_MEMORY;
    }
    *out = proved;
    return DEPOSITARY_OK;
}

void proved_free(struct proved *proved) {
    if (proved == NULL)
        return;
    pthread_mutex_destroy(&proved->lock);
    free(proved->slots);
    free(proved);
}

static uint64_t name_of(unsigned level, uint64_t index) {
    return (uint64_t)level << LEVEL_SHIFT | index;
}

/* The first of the two slots where a node may be. */
static struct slot *slots_of(const struct proved *proved, store_tree tree, uint64_t name) {
    uint64_t mixed = (tree * UINT64_C(0x9e3779b97f4a7c15)) ^ name;
    mixed = (mixed ^ mixed >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed ^= mixed >> 29;
    return &proved->slots[mixed & (proved->count - 1) & ~UINT64_C(1)];
}

static bool get(const struct proved *proved, store_tree tree, unsigned level, uint64_t index, struct hash *out) {
    const uint64_t name = name_of(level, index);
    if (proved->count == 0 || index >= INDEX_END)
        return false;
    const struct slot *slots = slots_of(proved, tree, name);
    for (size_t i = 0; i < 2; i++) {
        if (slots[i].tree == tree && slots[i].name == name) {
            *out = slots[i].hash;
            return true;
        }
    }
    return false;
}

static void put(struct proved *proved, store_tree tree, unsigned level, uint64_t index, const struct hash *hash) {
    const uint64_t name = name_of(level, index);
    struct hash known;
    if (proved->count == 0 || index >= INDEX_END || get(proved, tree, level, index, &known))
        return;
    struct slot *slots = slots_of(proved, tree, name);
    struct slot *slot = slots[0].tree == 0                                            ? &slots[0]
                        : slots[1].tree == 0                                          ? &slots[1]
                        : slots[0].name >> LEVEL_SHIFT < slots[1].name >> LEVEL_SHIFT ? &slots[0]
                                                                                      : &slots[1];
    if (slot->tree == 0 || slot->name >> LEVEL_SHIFT <= level)
        *slot = (struct slot){tree, name, *hash};
}

/* One level of the way from a leaf to the root. */
struct rung {
    struct hash sibling, node; /* node: the one on the way; known, or as it was computed */
    bool has_sibling, is_sibling_known, is_node_known;
};

struct climb {
    const struct proved_tree *tree;
    uint64_t index;
    unsigned height;       /* the root's level */
    unsigned first_proved; /* from this level on all siblings are known, and the root is what the caller says */
    struct rung rungs[LIMIT_PATH + 1];
};

static void look_up(struct proved *proved, struct climb *climb) {
    const store_tree tree = climb->tree->tree;
    uint64_t last = climb->tree->size - 1;
    unsigned level = 0;
    pthread_mutex_lock(&proved->lock);
    for (; last > 0; level++, last >>= 1) {
        struct rung *rung = &climb->rungs[level];
        const uint64_t index = climb->index >> level;
        rung->has_sibling = (index ^ 1) <= last;
        rung->is_sibling_known = rung->has_sibling && get(proved, tree, level, index ^ 1, &rung->sibling);
        rung->is_node_known = level > 0 && get(proved, tree, level, index, &rung->node);
    }
    struct rung *top = &climb->rungs[level];
    *top = (struct rung){.is_node_known = level > 0 && get(proved, tree, level, 0, &top->node)};
    pthread_mutex_unlock(&proved->lock);
    climb->height = level;
}

/* Reads what is not known. */
static int read_siblings(struct climb *climb, const struct nodes *nodes) {
    const struct rung *top = &climb->rungs[climb->height];
    const bool is_same_root = top->is_node_known && hash_equal(&top->node, climb->tree->root);
    climb->first_proved = is_same_root ? 0 : climb->height + 1;
    for (unsigned level = 0; level < climb->height; level++) {
        struct rung *rung = &climb->rungs[level];
        if (!rung->has_sibling || rung->is_sibling_known)
            continue;
        int error = merkle_any_node(&rung->sibling, level, (climb->index >> level) ^ 1, climb->tree->size, nodes_read,
                                    (void *)(uintptr_t)nodes);
        if (error)
            return error;
        if (is_same_root)
            climb->first_proved = level + 1;
    }
    return DEPOSITARY_OK;
}

/* Hashes up from the leaf to the first node from which everything is known, else to the root; false where it is another. */
static bool leads_to_root(struct climb *climb, const struct hash *leaf) {
    struct hash node = *leaf;
    for (unsigned level = 0;; level++) {
        struct rung *rung = &climb->rungs[level];
        if (level >= climb->first_proved && rung->is_node_known)
            return hash_equal(&node, &rung->node);
        rung->node = node;
        if (level == climb->height)
            return hash_equal(&node, climb->tree->root);
        if (!rung->has_sibling)
            continue;
        if ((climb->index >> level & 1) != 0)
            merkle_node_hash(&node, &rung->sibling, &node);
        else
            merkle_node_hash(&node, &node, &rung->sibling);
    }
}

static void keep(struct proved *proved, const struct climb *climb) {
    pthread_mutex_lock(&proved->lock);
    for (unsigned level = 0; level <= climb->height; level++) {
        const struct rung *rung = &climb->rungs[level];
        const uint64_t index = climb->index >> level;
        if (level >= climb->first_proved && rung->is_node_known)
            break;
        put(proved, climb->tree->tree, level, index, &rung->node);
        if (rung->has_sibling)
            put(proved, climb->tree->tree, level, index ^ 1, &rung->sibling);
    }
    pthread_mutex_unlock(&proved->lock);
}

int proved_path(struct proved *proved, const struct proved_tree *tree, const struct hash *leaf, uint64_t index,
                const struct nodes *nodes, struct merkle_path *out) {
    struct climb climb = {.tree = tree, .index = index};
    if (tree->tree == 0 || index >= tree->size || tree->size > UINT64_MAX / 2)
        return DEPOSITARY_E_ARGUMENT;
    look_up(proved, &climb);
    int error = read_siblings(&climb, nodes);
    if (error)
        return error;
    if (!leads_to_root(&climb, leaf))
        return DEPOSITARY_E_DAMAGED;
    keep(proved, &climb);
    out->count = 0;
    for (unsigned level = 0; level < climb.height; level++) {
        if (climb.rungs[level].has_sibling)
            out->hashes[out->count++] = climb.rungs[level].sibling;
    }
    return DEPOSITARY_OK;
}
