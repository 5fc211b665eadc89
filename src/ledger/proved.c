/* Nodes that were proved before (proved.h). */
#include "ledger/proved.h"

#include <stdlib.h>
#include <string.h>

#define LEVEL_SHIFT 56u /* of a slot's name: its level, and its index below */
#define INDEX_END   (UINT64_C(1) << LEVEL_SHIFT)

/*
 * A clause is read together with the leaf hashes of its group, from which the lowest levels of its path are hashed: its rows lie side by side, and nodes of these
 * levels, the greater part of a tree, need not be kept. A group that is not full, at the end of an edition, is read node by node.
 */
#define GROUP_LEVELS 3u
#define GROUP        (1u << GROUP_LEVELS)

/* Besides, of each tree, where its clauses begin in the store, as the name of a level that no tree has. */
#define ROW_LEVEL 255u

#define WAYS 4u /* slots where a node may be */

struct slot {
    store_tree tree; /* 0, the ledger's own, which is not kept here: empty */
    uint64_t name;
    struct hash hash;
};

struct proved {
    pthread_mutex_t lock;
    struct slot *slots;
    size_t count; /* a multiple of WAYS, or 0 */
};

int proved_new(struct proved **out, size_t capacity) {
    struct proved *proved = calloc(1, sizeof *proved);
    if (proved == NULL || pthread_mutex_init(&proved->lock, NULL) != 0) {
        free(proved);
        return DEPOSITARY_E_MEMORY;
    }
    const size_t groups = capacity / (WAYS * sizeof(struct slot));
    proved->count = WAYS * (groups < UINT32_MAX ? groups : UINT32_MAX);
    if (proved->count > 0)
        proved->slots = calloc(proved->count, sizeof(struct slot)); /* pages that are not used cost nothing */
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

/* The first of the slots where a node may be. */
static struct slot *slots_of(const struct proved *proved, store_tree tree, uint64_t name) {
    uint64_t mixed = (tree * UINT64_C(0x9e3779b97f4a7c15)) ^ name;
    mixed = (mixed ^ mixed >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed ^= mixed >> 29;
    return &proved->slots[WAYS * ((mixed >> 32) * (proved->count / WAYS) >> 32)];
}

static struct slot *find(const struct proved *proved, store_tree tree, uint64_t name) {
    struct slot *slots = slots_of(proved, tree, name);
    for (size_t i = 0; i < WAYS; i++) {
        if (slots[i].tree == tree && slots[i].name == name)
            return &slots[i];
    }
    return NULL;
}

static bool get(const struct proved *proved, store_tree tree, unsigned level, uint64_t index, struct hash *out) {
    if (proved->count == 0 || index >= INDEX_END)
        return false;
    const struct slot *slot = find(proved, tree, name_of(level, index));
    if (slot != NULL)
        *out = slot->hash;
    return slot != NULL;
}

/* In its own slot, an empty one, or that of the lowest node, unless that is above it. */
static void put(struct proved *proved, store_tree tree, unsigned level, uint64_t index, const struct hash *hash) {
    const uint64_t name = name_of(level, index);
    if (proved->count == 0 || index >= INDEX_END)
        return;
    struct slot *slot = find(proved, tree, name);
    if (slot == NULL) {
        slot = slots_of(proved, tree, name);
        for (size_t i = 1; i < WAYS && slot->tree != 0; i++) {
            struct slot *other = slots_of(proved, tree, name) + i;
            if (other->tree == 0 || other->name >> LEVEL_SHIFT < slot->name >> LEVEL_SHIFT)
                slot = other;
        }
    }
    if (slot->tree == 0 || slot->name >> LEVEL_SHIFT <= level)
        *slot = (struct slot){tree, name, *hash};
}

void proved_put(struct proved *proved, store_tree tree, unsigned level, uint64_t index, const struct hash *hashes,
                size_t count) {
    if (level < GROUP_LEVELS)
        return;
    pthread_mutex_lock(&proved->lock);
    for (size_t i = 0; i < count; i++)
        put(proved, tree, level, index + i, &hashes[i]);
    pthread_mutex_unlock(&proved->lock);
}

/* One level of the way from a leaf to the root. */
struct rung {
    struct hash sibling, node; /* node: the one on the way; known, or as it was computed */
    bool has_sibling, is_sibling_known, is_node_known;
};

struct climb {
    const struct proved_tree *tree;
    const struct nodes *nodes;
    uint64_t place;
    unsigned height;       /* the root's level */
    unsigned first_kept;   /* the levels below are read with the clause */
    unsigned first_proved; /* from this level on all siblings are known, and the root is what the caller says */
    bool is_guessed; /* the clause is read at the row where it stands if it stands beside the tree's other clauses */
    uint64_t base;   /* where place 0 would have its row, modulo 2^64 */
    bool is_base_known;
    struct rung rungs[LIMIT_PATH + 1];
};

static bool get_base(const struct proved *proved, store_tree tree, uint64_t *out) {
    struct hash hash;
    if (!get(proved, tree, ROW_LEVEL, 0, &hash))
        return false;
    memcpy(out, hash.bytes, sizeof *out);
    return true;
}

static void put_base(struct proved *proved, store_tree tree, uint64_t base) {
    struct hash hash = {0};
    memcpy(hash.bytes, &base, sizeof base);
    put(proved, tree, ROW_LEVEL, 0, &hash);
}

static void look_up(struct proved *proved, struct climb *climb) {
    const store_tree tree = climb->tree->tree;
    uint64_t last = climb->tree->size - 1;
    unsigned level = 0;
    pthread_mutex_lock(&proved->lock);
    for (; last > 0; level++, last >>= 1) {
        struct rung *rung = &climb->rungs[level];
        const uint64_t index = climb->place >> level;
        rung->has_sibling = (index ^ 1) <= last;
        rung->is_sibling_known =
            level >= climb->first_kept && rung->has_sibling && get(proved, tree, level, index ^ 1, &rung->sibling);
        rung->is_node_known = level > 0 && level >= climb->first_kept && get(proved, tree, level, index, &rung->node);
    }
    struct rung *top = &climb->rungs[level];
    *top = (struct rung){0};
    top->is_node_known = level > 0 && get(proved, tree, level, 0, &top->node);
    climb->is_guessed = climb->is_guessed && get_base(proved, tree, &climb->base);
    pthread_mutex_unlock(&proved->lock);
    climb->height = level;
    climb->first_proved = top->is_node_known && hash_equal(&top->node, climb->tree->root) ? 0 : level + 1;
}

/* A sibling that was read, and not proved before. */
static void set_sibling(struct climb *climb, unsigned level, const struct hash *hash) {
    climb->rungs[level].sibling = *hash;
    climb->rungs[level].is_sibling_known = true;
    if (climb->first_proved <= level)
        climb->first_proved = level + 1;
}

static int read_rows(struct climb *climb, uint64_t from, struct buffer *record, struct hash leaf_hashes[GROUP]) {
    const struct nodes *nodes = climb->nodes;
    uint64_t first = 0;
    if (climb->is_guessed)
        return nodes->ops->clause_in_row(nodes->reader, climb->base + from, climb->place - from, GROUP, record,
                                         leaf_hashes);
    int error = nodes->ops->clause_among(nodes->reader, climb->tree->tree - 1, climb->place, from, GROUP, record,
                                         leaf_hashes, &first, nodes->fault);
    climb->is_base_known = error == 0 && first > 0;
    climb->base = first - from;
    return error;
}

/* The record and the leaf hashes beside it, of which the lowest siblings are made. */
static int read_group(struct climb *climb, struct buffer *record) {
    struct hash row[GROUP];
    const uint64_t from = climb->place & ~(uint64_t)(GROUP - 1);
    int error = read_rows(climb, from, record, row);
    for (unsigned level = 0; error == 0 && level < GROUP_LEVELS; level++) {
        set_sibling(climb, level, &row[((climb->place - from) >> level) ^ 1]);
        for (size_t i = 0; i < GROUP >> (level + 1); i++)
            merkle_node_hash(&row[i], &row[2 * i], &row[2 * i + 1]);
    }
    return error;
}

static int read_record(struct climb *climb, struct buffer *record) {
    const struct nodes *nodes = climb->nodes;
    int error = climb->first_kept > 0
                    ? read_group(climb, record)
                    : nodes->ops->clause(nodes->reader, climb->tree->tree - 1, climb->place, record, nodes->fault);
    return must_be_there(error, nodes->fault);
}

static int read_siblings(struct climb *climb) {
    for (unsigned level = 0; level < climb->height; level++) {
        const struct rung *rung = &climb->rungs[level];
        struct hash sibling;
        if (!rung->has_sibling || rung->is_sibling_known)
            continue;
        int error = merkle_any_node(&sibling, level, (climb->place >> level) ^ 1, climb->tree->size, nodes_read,
                                    (void *)(uintptr_t)climb->nodes);
        if (error)
            return error;
        set_sibling(climb, level, &sibling);
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
        if ((climb->place >> level & 1) != 0)
            merkle_node_hash(&node, &rung->sibling, &node);
        else
            merkle_node_hash(&node, &node, &rung->sibling);
    }
}

static void keep(struct proved *proved, const struct climb *climb) {
    pthread_mutex_lock(&proved->lock);
    for (unsigned level = climb->first_kept; level <= climb->height; level++) {
        const struct rung *rung = &climb->rungs[level];
        const uint64_t index = climb->place >> level;
        if (level >= climb->first_proved && rung->is_node_known)
            break;
        put(proved, climb->tree->tree, level, index, &rung->node);
        if (rung->has_sibling)
            put(proved, climb->tree->tree, level, index ^ 1, &rung->sibling);
    }
    if (climb->is_base_known)
        put_base(proved, climb->tree->tree, climb->base);
    pthread_mutex_unlock(&proved->lock);
}

/* One way to read what is not known; climb->is_guessed tells afterwards whether there was a guess to follow. */
static int climb_up(struct proved *proved, struct climb *climb, unsigned first_kept, bool is_guessed,
                    struct buffer *record) {
    const size_t start = record->len;
    struct hash leaf;
    climb->first_kept = first_kept;
    climb->is_guessed = is_guessed;
    climb->is_base_known = false;
    look_up(proved, climb);
    int error = read_record(climb, record);
    if (error == 0)
        error = read_siblings(climb);
    if (error == 0) {
        merkle_leaf_hash(&leaf, bytes_slice(buffer_bytes(record), start, record->len - start));
        error = leads_to_root(climb, &leaf) ? DEPOSITARY_OK : DEPOSITARY_E_DAMAGED;
    }
    if (error == 0)
        keep(proved, climb);
    else
        record->len = start;
    return error;
}

int proved_clause(struct proved *proved, const struct proved_tree *tree, uint64_t place, const struct nodes *nodes,
                  struct buffer *record, struct merkle_path *out) {
    struct nodes silent = *nodes;
    struct climb climb = {.tree = tree, .nodes = &silent, .place = place};
    int error = DEPOSITARY_E_DAMAGED;
    silent.fault = NULL;
    if (tree->tree == 0 || place >= tree->size || tree->size > UINT64_MAX / 2)
        return DEPOSITARY_E_ARGUMENT;
    if (nodes->ops->clause_among != NULL && place / GROUP < tree->size / GROUP) {
        error = climb_up(proved, &climb, GROUP_LEVELS, true, record);
        if (error && climb.is_guessed)
            error = climb_up(proved, &climb, GROUP_LEVELS, false, record);
    }
    if (error == DEPOSITARY_E_DAMAGED) { /* or a neighbour alone is, which does this one no harm */
        climb.nodes = nodes;
        error = climb_up(proved, &climb, 0, false, record);
    }
    if (error)
        return error;
    out->count = 0;
    for (unsigned level = 0; level < climb.height; level++) {
        if (climb.rungs[level].has_sibling)
            out->hashes[out->count++] = climb.rungs[level].sibling;
    }
    return DEPOSITARY_OK;
}
