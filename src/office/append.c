/*
 * One append on its way: AppendEntries, then PutClauses for what is listed as missing, then AppendEntries again, unchanged, until it is
 * taken. The same towards a server and into the office's own ledger. PROTOCOL.md section 2, "Appending".
 */
#include "office/room.h"

#include <inttypes.h>
#include <stdlib.h>

#define CHUNK_MAX     (3u * 1024 * 1024) /* bytes of the clauses of one PutClauses, below LIMIT_REQUEST_APPEND */
#define CHUNK_CLAUSES 1024u              /* clauses of one PutClauses; each has room for a path beside it */
#define FIELD_COST    16u                /* tags and lengths of a message with its fields, at most */
#define REPEATS       3u /* how often every clause may be asked for: a restarted server has lost what was staged */

/* An edition of the append that can have clauses missing. */
struct sought {
    size_t entry;
    struct hash hash;
    struct edition_record record;
};

struct delivery {
    const struct append *append;
    const struct office_link *link;
    struct sought *editions;
    size_t editions_count;
    uint64_t all;  /* clauses of all editions */
    uint64_t sent; /* clauses sent, again and again counted */
};

/* Clauses that go in one PutClauses. The records lie one after another in `bytes`. */
struct chunk {
    struct placed_clause clauses[CHUNK_CLAUSES];
    struct merkle_path paths[CHUNK_CLAUSES];
    size_t offsets[CHUNK_CLAUSES];
    size_t count;
    size_t cost;
    struct buffer bytes;
    struct buffer record; /* the one at hand */
};

size_t append_cost(const struct bytes *records, size_t count, size_t checkpoint_len) {
    size_t cost = checkpoint_len + FIELD_COST;
    for (size_t i = 0; i < count; i++) {
        if (records[i].len > SIZE_MAX - FIELD_COST - cost) {
            return SIZE_MAX;
        }
        cost += records[i].len + FIELD_COST;
    }
    return cost;
}

/* ---- the editions of an append */

static int add_edition(struct delivery *delivery, size_t entry, struct fault *fault) {
    struct sought *sought = &delivery->editions[delivery->editions_count];
    struct bytes record = delivery->append->records[entry];
    int error = edition_record_parse(&sought->record, record, fault);
    if (error) {
        return error;
    }
    sought->entry = entry;
    merkle_leaf_hash(&sought->hash, record);
    delivery->editions_count++;
    delivery->all += sought->record.clauses; /* each below 2^63 and held in memory or a store: no overflow */
    return 0;
}

static int delivery_init(struct delivery *delivery, const struct append *append, const struct office_link *link,
                         struct fault *fault) {
    *delivery = (struct delivery){.append = append, .link = link};
    delivery->editions = calloc(append->count, sizeof(*delivery->editions));
    if (!delivery->editions) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for an append");
    }
    int error = 0;
    for (size_t i = 0; i < append->count && !error; i++) {
        if (record_type(append->records[i]) == RECORD_EDITION) {
            error = add_edition(delivery, i, fault);
        }
    }
    return error;
}

/* The edition of a run that is listed as missing; a run that is in no edition of ours is nonsense. */
static const struct sought *find_edition(const struct delivery *delivery, const struct missing_run *run) {
    for (size_t i = 0; i < delivery->editions_count; i++) {
        const struct sought *sought = &delivery->editions[i];
        if (hash_equal(&sought->hash, &run->edition)) {
            bool is_inside = run->from_place < sought->record.clauses &&
                             run->count <= sought->record.clauses - run->from_place && run->count > 0;
            return is_inside ? sought : NULL;
        }
    }
    return NULL;
}

/* ---- sending clauses */

static struct chunk *chunk_new(void) {
    struct chunk *chunk = calloc(1, sizeof(*chunk));
    if (chunk) {
        buffer_init(&chunk->bytes, LIMIT_REQUEST_APPEND);
        buffer_init(&chunk->record, LIMIT_CLAUSE_RECORD);
    }
    return chunk;
}

static void chunk_free(struct chunk *chunk) {
    if (chunk) {
        buffer_free(&chunk->bytes);
        buffer_free(&chunk->record);
        free(chunk);
    }
}

static void chunk_clear(struct chunk *chunk) {
    chunk->count = 0;
    chunk->cost = 0;
    buffer_clear(&chunk->bytes);
}

static size_t clause_cost(const struct chunk *chunk, const struct merkle_path *path) {
    return chunk->record.len + path->count * (HASH_LEN + 2) + 2 * FIELD_COST;
}

/* Sends what is in the chunk and empties it. *is_lost: the other side has no such append pending any more. */
static int chunk_send(struct chunk *chunk, struct delivery *delivery, const struct sought *sought, bool *is_lost,
                      struct fault *fault) {
    uint64_t received = 0;
    if (chunk->count == 0) {
        return 0;
    }
    for (size_t i = 0; i < chunk->count; i++) { /* only now: the buffer has moved while it grew */
        chunk->clauses[i].record.data = chunk->bytes.data + chunk->offsets[i];
        chunk->clauses[i].path = &chunk->paths[i];
    }
    const struct office_link *link = delivery->link;
    delivery->sent += chunk->count;
    int error = link->put_clauses(link->context, &sought->hash, chunk->clauses, chunk->count, &received, fault);
    if (error == DEPOSITARY_E_STATE) {
        *is_lost = true;
        error = 0;
    } else if (!error && link->progress) {
        link->progress(link->context, "clauses", delivery->sent < delivery->all ? delivery->sent : delivery->all,
                       delivery->all);
    }
    chunk_clear(chunk);
    return error;
}

/* Puts the record at hand into the chunk, with the path at index count. */
static int chunk_add(struct chunk *chunk, uint64_t place, size_t cost, struct fault *fault) {
    chunk->clauses[chunk->count] = (struct placed_clause){.place = place, .record = buffer_bytes(&chunk->record)};
    chunk->offsets[chunk->count] = chunk->bytes.len;
    buffer_append(&chunk->bytes, buffer_bytes(&chunk->record));
    chunk->count++;
    chunk->cost += cost;
    return chunk->bytes.error ? fault_set(fault, chunk->bytes.error, "no room for clauses to send") : 0;
}

static int read_clause(struct chunk *chunk, const struct append *append, const struct sought *sought, uint64_t place,
                       struct merkle_path *path, struct fault *fault) {
    buffer_clear(&chunk->record);
    int error = append->clause(append->context, sought->entry, &sought->record, place, &chunk->record, path, fault);
    if (!error && chunk->record.error) {
        error = fault_set(fault, chunk->record.error, "clause at place %" PRIu64 " cannot be sent", place);
    }
    return error;
}

static int send_run(struct chunk *chunk, struct delivery *delivery, const struct missing_run *run, bool *is_lost,
                    struct fault *fault) {
    struct merkle_path path;
    const struct sought *sought = find_edition(delivery, run);
    if (!sought) {
        return fault_set(fault, DEPOSITARY_E_STATUS, "clauses are asked for that are not in this append");
    }
    if (delivery->sent / REPEATS >= delivery->all) {
        return fault_set(fault, DEPOSITARY_E_STATUS, "clauses are asked for again and again");
    }
    int error = 0;
    for (uint64_t i = 0; i < run->count && !error && !*is_lost; i++) {
        uint64_t place = run->from_place + i;
        error = read_clause(chunk, delivery->append, sought, place, &path, fault);
        size_t cost = error ? 0 : clause_cost(chunk, &path);
        if (!error && (chunk->count == CHUNK_CLAUSES || chunk->cost + cost > CHUNK_MAX)) {
            error = chunk_send(chunk, delivery, sought, is_lost, fault);
        }
        if (!error) {
            chunk->paths[chunk->count] = path;
            error = chunk_add(chunk, place, cost, fault);
        }
    }
    if (!error && !*is_lost) {
        error = chunk_send(chunk, delivery, sought, is_lost, fault);
    }
    chunk_clear(chunk);
    return error;
}

static int send_missing(struct delivery *delivery, const struct append_result *result, struct fault *fault) {
    if (result->missing_count == 0 || result->missing_count > LEDGER_MISSING_MAX) {
        return fault_set(fault, DEPOSITARY_E_STATUS, "clauses are missing, but not said which");
    }
    struct chunk *chunk = chunk_new();
    if (!chunk) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for clauses to send");
    }
    bool is_lost = false;
    int error = 0;
    for (size_t i = 0; i < result->missing_count && !error && !is_lost; i++) {
        error = send_run(chunk, delivery, &result->missing[i], &is_lost, fault);
    }
    chunk_free(chunk);
    return error;
}

/* ---- the whole */

int append_deliver(const struct append *append, const struct office_link *link, struct fault *fault) {
    struct delivery delivery;
    int error = delivery_init(&delivery, append, link, fault);
    bool is_taken = false;
    while (!error && !is_taken) {
        struct append_result result = {0};
        error = link->append(link->context, append->records, append->count, append->checkpoint, &result, fault);
        is_taken = !error;
        if (error == DEPOSITARY_E_CLAUSES_MISSING) {
            error = send_missing(&delivery, &result, fault);
        }
    }
    free(delivery.editions);
    return error;
}
