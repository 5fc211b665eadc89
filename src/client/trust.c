/* What is held as verified. PROTOCOL.md section 8. */
#include "client/trust.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ANCHORS_MAX 4  /* checkpoints from before: remembered on disk, given as a floor */
#define JOINED_MAX  32 /* older points known to be consistent with the largest */
#define KEYS_MAX    64

/* A state that owns its bytes, in one block. */
struct held_state {
    struct ledger_view view;
    struct arena arena;
};

struct anchor {
    struct ledger_point point;
    char *note;
    size_t note_len;
};

struct known_key {
    struct key_facts facts;
    uint8_t *proof;
    size_t proof_len;
};

/* Invariant: anchors are sorted, the largest first, and smaller than `largest`, which is NULL while an anchor is the largest point.
 * joined points are consistent with the largest point. */
struct trust {
    pthread_mutex_t lock;
    const struct policy *policy;
    struct checked *checked;
    struct held_state *largest;
    struct anchor anchors[ANCHORS_MAX]; /* not yet joined to `largest`; the largest first */
    size_t anchors_count;
    struct ledger_point joined[JOINED_MAX];
    size_t joined_count; /* ever; the oldest are overwritten */
    struct known_key keys[KEYS_MAX];
    size_t keys_count;
    size_t keys_next; /* the one to be replaced when full */
    bool is_forked;
};

static bool point_equal(const struct ledger_point *a, const struct ledger_point *b) {
    return a->size == b->size && hash_equal(&a->root, &b->root);
}

static struct ledger_point point_of(const struct ledger_view *view) {
    return (struct ledger_point){view->size, view->root};
}

/* ---- making and freeing */

int trust_new(struct trust **out, const struct policy *policy) {
    struct trust *trust = calloc(1, sizeof *trust);
    if (trust == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    int error = checked_new(&trust->checked, policy);
    if (error == 0 && pthread_mutex_init(&trust->lock, NULL) != 0) {
        error = DEPOSITARY_E_MEMORY;
    }
    if (error) {
        checked_free(trust->checked);
        free(trust);
        return error;
    }
    trust->policy = policy;
    *out = trust;
    return 0;
}

static void held_free(struct held_state *held) {
    if (held != NULL) {
        arena_free(&held->arena);
        free(held);
    }
}

static int held_new(struct held_state **out, const struct ledger_view *view) {
    struct held_state *held = calloc(1, sizeof *held);
    if (held == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    arena_init(&held->arena, LIMIT_NOTE + LIMIT_ENTRY + 4096u);
    int error = ledger_view_copy(&held->view, view, &held->arena);
    if (error) {
        held_free(held);
        return error;
    }
    *out = held;
    return 0;
}

void trust_free(struct trust *trust) {
    if (trust == NULL) {
        return;
    }
    held_free(trust->largest);
    checked_free(trust->checked);
    for (size_t i = 0; i < trust->anchors_count; i++) {
        free(trust->anchors[i].note);
    }
    for (size_t i = 0; i < trust->keys_count; i++) {
        free(trust->keys[i].proof);
    }
    (void)pthread_mutex_destroy(&trust->lock);
    free(trust);
}

const struct policy *trust_policy(const struct trust *trust) {
    return trust->policy;
}

struct checked *trust_checked(struct trust *trust) {
    return trust->checked;
}

/* ---- anchors */

static bool largest_point(const struct trust *trust, struct ledger_point *out) {
    if (trust->largest != NULL) {
        *out = point_of(&trust->largest->view);
    } else if (trust->anchors_count > 0) {
        *out = trust->anchors[0].point;
    }
    return trust->largest != NULL || trust->anchors_count > 0;
}

static void drop_anchor(struct trust *trust, size_t index) {
    free(trust->anchors[index].note);
    trust->anchors_count--;
    memmove(&trust->anchors[index], &trust->anchors[index + 1],
            (trust->anchors_count - index) * sizeof trust->anchors[0]);
}

static int insert_anchor(struct trust *trust, const struct ledger_point *point, struct bytes note) {
    size_t at = 0;
    for (size_t i = 0; i < trust->anchors_count; i++) {
        if (trust->anchors[i].point.size == point->size) {
            return point_equal(&trust->anchors[i].point, point) ? 0 : DEPOSITARY_E_FORK;
        }
        at += trust->anchors[i].point.size > point->size;
    }
    if (trust->anchors_count == ANCHORS_MAX) {
        return DEPOSITARY_E_LIMIT;
    }
    char *copy = malloc(note.len + 1);
    if (copy == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    memcpy(copy, note.data, note.len);
    copy[note.len] = '\0';
    memmove(&trust->anchors[at + 1], &trust->anchors[at], (trust->anchors_count - at) * sizeof trust->anchors[0]);
    trust->anchors[at] = (struct anchor){*point, copy, note.len};
    trust->anchors_count++;
    return 0;
}

/* Points above the largest state were joined to that state, not to what takes its place. */
static void drop_joined_above(struct trust *trust, uint64_t size) {
    size_t count = trust->joined_count < JOINED_MAX ? trust->joined_count : JOINED_MAX;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (trust->joined[i].size < size) {
            trust->joined[kept++] = trust->joined[i];
        }
    }
    trust->joined_count = kept;
}

/* An anchor past the largest state makes that an anchor too: whatever comes next has to be joined to both. */
static int add_anchor(struct trust *trust, const struct ledger_point *point, struct bytes note) {
    struct held_state *held = trust->largest;
    if (held == NULL || point->size < held->view.size) {
        return insert_anchor(trust, point, note);
    }
    struct ledger_point old = point_of(&held->view);
    if (point->size == old.size) {
        return point_equal(point, &old) ? 0 : DEPOSITARY_E_FORK;
    }
    int error = insert_anchor(trust, &old, held->view.checkpoint);
    if (error == 0) {
        error = insert_anchor(trust, point, note);
    }
    if (error == 0) {
        drop_joined_above(trust, old.size);
        trust->largest = NULL;
        held_free(held);
    }
    return error;
}

int trust_anchor(struct trust *trust, const struct checkpoint *checkpoint, struct bytes note) {
    struct ledger_point point = {checkpoint->size, checkpoint->root};
    pthread_mutex_lock(&trust->lock);
    int error = add_anchor(trust, &point, note);
    pthread_mutex_unlock(&trust->lock);
    return error;
}

/* ---- states */

static bool is_joined(const struct trust *trust, const struct ledger_point *point) {
    size_t count = trust->joined_count < JOINED_MAX ? trust->joined_count : JOINED_MAX;
    for (size_t i = 0; i < count; i++) {
        if (point_equal(&trust->joined[i], point)) {
            return true;
        }
    }
    return false;
}

static void add_joined(struct trust *trust, const struct ledger_point *point) {
    if (!is_joined(trust, point)) {
        trust->joined[trust->joined_count++ % JOINED_MAX] = *point;
    }
}

static int replace_largest(struct trust *trust, const struct ledger_view *state) {
    struct held_state *held;
    int error = held_new(&held, state);
    if (error) {
        return error;
    }
    if (trust->largest != NULL) {
        struct ledger_point old = point_of(&trust->largest->view);
        drop_joined_above(trust, old.size);
        add_joined(trust, &old);
        held_free(trust->largest);
    }
    trust->largest = held;
    return 0;
}

/* The state is the largest point; is there an anchor that is still to be joined to it? */
static enum trust_verdict weigh_largest(const struct trust *trust, const struct ledger_point *point,
                                        struct ledger_link *link) {
    if (trust->anchors_count == 0) {
        return TRUST_HELD;
    }
    *link = (struct ledger_link){trust->anchors[0].point, *point};
    return TRUST_NEEDS_PROOF;
}

static int weigh(struct trust *trust, const struct ledger_view *state, enum trust_verdict *verdict,
                 struct ledger_link *link, bool *is_new) {
    struct ledger_point point = point_of(state);
    struct ledger_point largest;
    bool has_largest = largest_point(trust, &largest);
    for (size_t i = 0; i < trust->anchors_count; i++) {
        if (trust->anchors[i].point.size == point.size && !point_equal(&trust->anchors[i].point, &point)) {
            *verdict = TRUST_FORK;
            return 0;
        }
    }
    if (has_largest && point.size < largest.size) {
        *verdict = TRUST_OLDER;
        *link = (struct ledger_link){point, largest};
        return 0;
    }
    if (has_largest && point.size > largest.size) {
        *verdict = TRUST_NEEDS_PROOF;
        *link = (struct ledger_link){largest, point};
        return 0;
    }
    if (has_largest && !point_equal(&point, &largest)) {
        *verdict = TRUST_FORK;
        return 0;
    }
    if (trust->largest == NULL) {
        int error = replace_largest(trust, state);
        if (error) {
            return error;
        }
        *is_new = !has_largest;
        if (has_largest) {
            drop_anchor(trust, 0);
        }
    }
    *verdict = weigh_largest(trust, &point, link);
    return 0;
}

int trust_weigh(struct trust *trust, const struct ledger_view *state, enum trust_verdict *verdict,
                struct ledger_link *link, bool *is_new) {
    bool ignored;
    bool *told = is_new != NULL ? is_new : &ignored;
    *told = false;
    pthread_mutex_lock(&trust->lock);
    int error = weigh(trust, state, verdict, link, told);
    pthread_mutex_unlock(&trust->lock);
    return error;
}

/* The link's start was an anchor: it has been led to the link's end. */
static void settle_anchor(struct trust *trust, const struct ledger_link *link, const struct ledger_point *largest) {
    for (size_t i = 0; i < trust->anchors_count; i++) {
        if (point_equal(&trust->anchors[i].point, &link->from) && point_equal(&link->to, largest)) {
            drop_anchor(trust, i);
            return;
        }
    }
}

static int join(struct trust *trust, const struct ledger_link *link, const struct ledger_view *state, bool *is_new) {
    struct ledger_point largest;
    bool has_largest = largest_point(trust, &largest);
    bool is_end = state != NULL && state->size == link->to.size && hash_equal(&state->root, &link->to.root);
    if (!has_largest) {
        return 0;
    }
    /* another call may have moved on meanwhile; then the end is weighed again, against what is held by now */
    if (is_end && point_equal(&link->from, &largest) && link->to.size > largest.size) {
        int error = replace_largest(trust, state);
        if (error) {
            return error;
        }
        *is_new = true;
        largest = link->to;
    }
    settle_anchor(trust, link, &largest);
    if (point_equal(&link->to, &largest)) {
        add_joined(trust, &link->from);
    } else if (point_equal(&link->from, &largest)) {
        add_joined(trust, &link->to);
    }
    return 0;
}

int trust_join(struct trust *trust, const struct ledger_link *link, const struct ledger_view *state, bool *is_new) {
    bool ignored;
    bool *told = is_new != NULL ? is_new : &ignored;
    *told = false;
    pthread_mutex_lock(&trust->lock);
    int error = join(trust, link, state, told);
    pthread_mutex_unlock(&trust->lock);
    return error;
}

bool trust_knows(struct trust *trust, const struct ledger_point *point) {
    struct ledger_point largest;
    pthread_mutex_lock(&trust->lock);
    bool knows = (largest_point(trust, &largest) && point_equal(&largest, point)) || is_joined(trust, point);
    pthread_mutex_unlock(&trust->lock);
    return knows;
}

bool trust_largest(struct trust *trust, struct ledger_point *out) {
    pthread_mutex_lock(&trust->lock);
    bool has = largest_point(trust, out);
    pthread_mutex_unlock(&trust->lock);
    return has;
}

int trust_take(struct trust *trust, struct arena *arena, struct ledger_view *out, bool *has) {
    int error = 0;
    pthread_mutex_lock(&trust->lock);
    *has = trust->largest != NULL && trust->anchors_count == 0;
    if (*has) {
        error = ledger_view_copy(out, &trust->largest->view, arena);
    }
    pthread_mutex_unlock(&trust->lock);
    return error;
}

void trust_note(struct trust *trust, uint64_t size, struct buffer *note) {
    pthread_mutex_lock(&trust->lock);
    if (trust->largest != NULL && trust->largest->view.size == size) {
        buffer_append(note, trust->largest->view.checkpoint);
    }
    for (size_t i = 0; i < trust->anchors_count; i++) {
        if (trust->anchors[i].point.size == size) {
            buffer_append(note, bytes_of(trust->anchors[i].note, trust->anchors[i].note_len));
        }
    }
    pthread_mutex_unlock(&trust->lock);
}

/* ---- answer keys */

static struct known_key *find_key(struct trust *trust, struct bytes public_key) {
    for (size_t i = 0; i < trust->keys_count; i++) {
        if (bytes_equal(public_key, bytes_of(trust->keys[i].facts.public_key, PUBLIC_KEY_LEN))) {
            return &trust->keys[i];
        }
    }
    return NULL;
}

static struct known_key *room_for_key(struct trust *trust) {
    if (trust->keys_count < KEYS_MAX) {
        return &trust->keys[trust->keys_count++];
    }
    struct known_key *key = &trust->keys[trust->keys_next];
    trust->keys_next = (trust->keys_next + 1) % KEYS_MAX;
    free(key->proof);
    key->proof = NULL;
    return key;
}

int trust_keep_key(struct trust *trust, const struct key_facts *facts, struct bytes proof) {
    uint8_t *copy = malloc(proof.len + 1);
    if (copy == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    bytes_write(copy, proof);
    pthread_mutex_lock(&trust->lock);
    struct known_key *key = find_key(trust, bytes_of(facts->public_key, PUBLIC_KEY_LEN));
    if (key != NULL && key->facts.register_size > facts->register_size) {
        free(copy);
    } else {
        if (key == NULL) {
            key = room_for_key(trust);
        }
        free(key->proof);
        *key = (struct known_key){*facts, copy, proof.len};
    }
    pthread_mutex_unlock(&trust->lock);
    return 0;
}

bool trust_find_key(struct trust *trust, struct bytes public_key, uint64_t least_size, struct key_facts *out,
                    struct buffer *proof) {
    pthread_mutex_lock(&trust->lock);
    const struct known_key *key = find_key(trust, public_key);
    bool is_found = key != NULL && key->facts.register_size >= least_size;
    if (is_found) {
        *out = key->facts;
        if (proof != NULL) {
            buffer_append(proof, bytes_of(key->proof, key->proof_len));
        }
    }
    pthread_mutex_unlock(&trust->lock);
    return is_found;
}

/* ---- forks */

void trust_set_forked(struct trust *trust) {
    pthread_mutex_lock(&trust->lock);
    trust->is_forked = true;
    pthread_mutex_unlock(&trust->lock);
}

bool trust_is_forked(struct trust *trust) {
    pthread_mutex_lock(&trust->lock);
    bool is_forked = trust->is_forked;
    pthread_mutex_unlock(&trust->lock);
    return is_forked;
}
