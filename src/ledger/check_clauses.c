/*
 * The quick check of editions whose rules were checked before: that every clause, and every node above it, still is what the
 * edition's root says. What was bound to that root then is bound to it now, so eIds and the source's digest need not be looked at
 * again. Editions are cut into pieces of places, and threads take one piece after another, each with a reader of its own.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/check_clauses.h"
#include "ledger/proved.h"

#define PIECE_LEVELS 12u
#define PIECE        (UINT64_C(1) << PIECE_LEVELS) /* places: their hashes are 128 KiB */
#define THREADS_MAX  8

/* What the threads share. */
struct work {
    struct store *store;
    struct proved *proved; /* gets the nodes that were hashed */
    const struct check_edition *editions;
    size_t count;
    pthread_mutex_t lock; /* over what follows */
    size_t next;          /* edition of the next piece */
    uint64_t place;       /* where in it that piece begins */
    int error;            /* the first; the threads stop at it */
};

/* One thread, and the piece that it is at. */
struct worker {
    struct work *work;
    struct store_reader *reader;
    const struct check_edition *edition;
    uint64_t first; /* place */
    uint64_t count;
    uint64_t seen; /* rows so far, of the piece or of a level of it */
    unsigned level;
    struct hash hashes[PIECE];
};

/* ---- a row */

/* Anything unexpected is damage, which the thorough check names. */

/* A store_clause_sink. */
static int see_clause(void *context, uint64_t place, struct bytes record, const struct hash *leaf_hash) {
    struct worker *worker = context;
    if (worker->seen == worker->count || place != worker->first + worker->seen)
        return DEPOSITARY_E_DAMAGED;
    struct hash *hash = &worker->hashes[worker->seen++];
    merkle_leaf_hash(hash, record);
    return hash_equal(hash, leaf_hash) ? DEPOSITARY_OK : DEPOSITARY_E_DAMAGED;
}

/* A store_node_sink. */
static int see_node(void *context, uint64_t index, const struct hash *hash) {
    struct worker *worker = context;
    if (index != (worker->first >> worker->level) + worker->seen)
        return DEPOSITARY_E_DAMAGED;
    return hash_equal(hash, &worker->hashes[worker->seen++]) ? DEPOSITARY_OK : DEPOSITARY_E_DAMAGED;
}

/* ---- a piece */

/* Goes one level up: the nodes that are complete, over `below` hashes. An odd one at the end is a peak. */
static int check_level(struct worker *worker, uint64_t below, struct merkle_edge *edge) {
    if (below & 1)
        edge->peaks[worker->level] = worker->hashes[below - 1];
    worker->level++;
    for (uint64_t i = 0; i < below / 2; i++) {
        struct hash node;
        merkle_node_hash(&node, &worker->hashes[2 * i], &worker->hashes[2 * i + 1]);
        worker->hashes[i] = node;
    }
    worker->seen = 0;
    int error = worker->work->store->ops->nodes(worker->reader, worker->edition->index + 1, worker->level,
                                                worker->first >> worker->level, below / 2, see_node, worker, NULL);
    if (error == 0 && worker->seen != below / 2)
        error = DEPOSITARY_E_DAMAGED;
    if (error == 0)
        proved_put(worker->work->proved, worker->edition->index + 1, worker->level, worker->first >> worker->level,
                   worker->hashes, (size_t)(below / 2));
    return error;
}

static int check_piece(struct worker *worker) {
    struct merkle_edge edge = {.size = worker->count};
    worker->seen = 0;
    worker->level = 0;
    int error = worker->work->store->ops->clauses(worker->reader, worker->edition->index, worker->first, worker->count,
                                                  see_clause, worker, NULL);
    if (error == 0 && worker->seen != worker->count)
        error = DEPOSITARY_E_DAMAGED;
    uint64_t left = worker->count;
    for (; error == 0 && left > 1; left /= 2)
        error = check_level(worker, left, &edge);
    if (error || worker->edition->clauses > PIECE)
        return error; /* the root of more than one piece is seen at the end */
    if (left == 1)
        edge.peaks[worker->level] = worker->hashes[0];
    struct hash root;
    merkle_edge_root(&root, &edge);
    return hash_equal(&root, &worker->edition->clauses_root) ? DEPOSITARY_OK : DEPOSITARY_E_DAMAGED;
}

/* The next piece; false where there is none, or one was bad. */
static bool take_piece(struct worker *worker) {
    struct work *work = worker->work;
    pthread_mutex_lock(&work->lock);
    bool is_there = work->error == 0 && work->next < work->count;
    if (is_there) {
        worker->edition = &work->editions[work->next];
        worker->first = work->place;
        uint64_t left = worker->edition->clauses - work->place;
        worker->count = left < PIECE ? left : PIECE;
        work->place += worker->count;
        if (work->place == worker->edition->clauses) {
            work->next++;
            work->place = 0;
        }
    }
    pthread_mutex_unlock(&work->lock);
    return is_there;
}

static void tell_error(struct work *work, int error) {
    pthread_mutex_lock(&work->lock);
    if (work->error == 0)
        work->error = error;
    pthread_mutex_unlock(&work->lock);
}

static void *run(void *context) {
    struct work *work = context;
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        tell_error(work, DEPOSITARY_E_MEMORY);
        return NULL;
    }
    worker->work = work;
    int error = work->store->ops->read_begin(work->store, &worker->reader, NULL);
    while (error == 0 && take_piece(worker))
        error = check_piece(worker);
    if (error)
        tell_error(work, error);
    work->store->ops->read_end(work->store, worker->reader);
    free(worker);
    return NULL;
}

/* ---- editions of more than one piece: the nodes above the pieces, and the root */

/* A merkle_node_sink that compares those that lie above the pieces: `context` is the tree's struct nodes. */
static int see_upper(void *context, unsigned level, uint64_t index, const struct hash *hash) {
    return level == 0 ? DEPOSITARY_OK : nodes_compare(context, level + PIECE_LEVELS, index, hash);
}

/* Reads the pieces' nodes, which were compared, as leaves of the tree above. */
static int check_upper(struct store *store, struct store_reader *reader, const struct check_edition *edition) {
    struct nodes nodes = {store->ops, reader, edition->index + 1, NULL};
    struct merkle_edge upper, edge;
    int error = DEPOSITARY_OK;
    merkle_edge_init(&upper);
    for (uint64_t i = 0; error == 0 && i < edition->clauses >> PIECE_LEVELS; i++) {
        struct hash node;
        error = nodes_read(&nodes, PIECE_LEVELS, i, &node);
        if (error == 0)
            error = merkle_edge_append(&upper, &node, see_upper, &nodes);
    }
    if (error == 0)
        error = merkle_edge_load(&edge, edition->clauses, nodes_read, &nodes);
    if (error)
        return error;
    struct hash root;
    merkle_edge_root(&root, &edge);
    return hash_equal(&root, &edition->clauses_root) ? DEPOSITARY_OK : DEPOSITARY_E_DAMAGED;
}

static void check_uppers(struct work *work) {
    struct store_reader *reader = NULL;
    int error = work->store->ops->read_begin(work->store, &reader, NULL);
    for (size_t i = 0; error == 0 && i < work->count; i++)
        if (work->editions[i].clauses > PIECE)
            error = check_upper(work->store, reader, &work->editions[i]);
    work->store->ops->read_end(work->store, reader);
    work->error = error;
}

/* ---- the whole */

static size_t threads_wanted(const struct check_edition *editions, size_t count) {
    uint64_t pieces = 0;
    for (size_t i = 0; i < count; i++)
        pieces += editions[i].clauses / PIECE + 1;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = processors < 1 ? 1 : processors > THREADS_MAX ? THREADS_MAX : (size_t)processors;
    return pieces < wanted ? (size_t)pieces : wanted;
}

/* This thread is one of them: where no other can be made it does all. */
static void run_threads(struct work *work) {
    pthread_t threads[THREADS_MAX];
    size_t started = 0, wanted = threads_wanted(work->editions, work->count);
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, run, work) == 0)
        started++;
    run(work);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

int check_clauses_quickly(struct store *store, struct proved *proved, const struct check_edition *editions,
                          size_t count) {
    struct work work = {.store = store, .proved = proved, .editions = editions, .count = count};
    if (count == 0)
        return DEPOSITARY_OK;
    if (pthread_mutex_init(&work.lock, NULL) != 0)
        return DEPOSITARY_E_MEMORY;
    run_threads(&work);
    if (work.error == 0)
        check_uppers(&work);
    pthread_mutex_destroy(&work.lock);
    return work.error;
}
