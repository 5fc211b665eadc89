/* What answers have in common (shelf.h): a table in which an edition is in its own place or nowhere. */
#include "server/shelf.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/wire.h"

#define EDITION_MAX     8192u /* bytes of one that is kept */
#define BYTES_PER_PLACE 1024u /* of capacity */
#define FIELD_EDITIONS  14u   /* of every response that proves something */
#define FIELD_LEDGER    15u

struct place {
    size_t line;
    struct shelf_edition *edition; /* NULL: nothing */
};

struct shelf {
    pthread_mutex_t lock;
    struct piece *ledger; /* NULL until it is asked for */
    struct place *places;
    size_t count; /* a power of two */
    size_t used;
    size_t capacity;
};

int shelf_new(struct shelf **out, size_t capacity) {
    struct shelf *shelf = calloc(1, sizeof *shelf);
    if (!shelf)
        return DEPOSITARY_E_MEMORY;
    shelf->capacity = capacity;
    shelf->count = 1;
    while (shelf->count < capacity / BYTES_PER_PLACE)
        shelf->count *= 2;
    shelf->places = calloc(shelf->count, sizeof *shelf->places);
    if (!shelf->places || pthread_mutex_init(&shelf->lock, NULL)) {
        free(shelf->places);
        free(shelf);
        return DEPOSITARY_E_MEMORY;
    }
    *out = shelf;
    return 0;
}

void shelf_edition_release(struct shelf_edition *edition) {
    if (edition && __atomic_sub_fetch(&edition->holders, 1, __ATOMIC_ACQ_REL) == 0) {
        piece_release(edition->proof);
        free(edition);
    }
}

void shelf_free(struct shelf *shelf) {
    if (!shelf)
        return;
    for (size_t i = 0; i < shelf->count; i++)
        shelf_edition_release(shelf->places[i].edition);
    piece_release(shelf->ledger);
    pthread_mutex_destroy(&shelf->lock);
    free(shelf->places);
    free(shelf);
}

/* ---- guesses */

/* An eId as what stands before its last number, hashed, and that number; false where it does not end in one of 1 to 9 digits. */
static bool split_eid(const char *eid, uint32_t *stem, uint32_t *number) {
    size_t len = strlen(eid), end = len;
    while (len > 0 && eid[len - 1] >= '0' && eid[len - 1] <= '9')
        len--;
    if (len == end || end - len > 9)
        return false;
    *stem = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        *stem = (*stem ^ (uint8_t)eid[i]) * 16777619u;
    *number = 0;
    for (size_t i = len; i < end; i++)
        *number = *number * 10 + (uint32_t)(eid[i] - '0');
    return true;
}

/* A rule: the stem, and the place that number 0 would have, which may be below 0. */
bool shelf_guess(const struct shelf_edition *edition, const char *eid, uint64_t *place) {
    uint32_t stem, number;
    if (!split_eid(eid, &stem, &number))
        return false;
    const uint64_t rule = __atomic_load_n(&edition->rules[stem % SHELF_RULES], __ATOMIC_RELAXED);
    *place = (uint32_t)(number + (uint32_t)rule);
    return rule >> 32 == stem && *place < edition->found.record.clauses;
}

void shelf_learn(struct shelf_edition *edition, const char *eid, uint64_t place) {
    uint32_t stem, number;
    if (!split_eid(eid, &stem, &number) || place > UINT32_MAX)
        return;
    const uint64_t rule = (uint64_t)stem << 32 | (uint32_t)((uint32_t)place - number);
    __atomic_store_n(&edition->rules[stem % SHELF_RULES], rule, __ATOMIC_RELAXED);
}

/* ---- making */

/* A field of a response, encoded by itself. */
static int encode(struct call *call, uint32_t field, const ProtobufCMessage *message, struct piece **out) {
    struct buffer encoded;
    buffer_init(&encoded, LIMIT_RESPONSE);
    wire_append_message_field(&encoded, field, message);
    struct piece *piece = encoded.error ? NULL : piece_new(buffer_bytes(&encoded));
    buffer_free(&encoded);
    if (!piece)
        return answer_error(call, DEPOSITARY_E_MEMORY);
    *out = piece;
    return 0;
}

static size_t size_of(const struct shelf_edition *edition) {
    return sizeof *edition + 2 * piece_size(edition->proof); /* the record stands in both */
}

/* The record's views must be into memory that lives as long as they do: the edition's own. */
static struct shelf_edition *copy_edition(const struct edition_found *found, struct piece *proof) {
    struct bytes record = bytes_of(found->proof->record.data, found->proof->record.len);
    struct shelf_edition *edition = calloc(1, sizeof *edition + record.len);
    if (!edition)
        return NULL;
    memcpy(edition + 1, record.data, record.len);
    if (edition_record_parse(&edition->found.record, bytes_of(edition + 1, record.len), NULL)) {
        free(edition);
        return NULL;
    }
    edition->found.index = found->index;
    edition->proof = proof;
    edition->holders = 1;
    return edition;
}

static int read_edition(struct call *call, size_t line, struct shelf_edition **out) {
    struct edition_found found;
    struct piece *proof = NULL;
    int error = edition_read_latest(call, line, &found);
    if (!error)
        error = encode(call, FIELD_EDITIONS, &found.proof->base, &proof);
    if (error)
        return error;
    struct shelf_edition *edition = copy_edition(&found, proof);
    if (!edition) {
        piece_release(proof);
        return answer_error(call, DEPOSITARY_E_MEMORY);
    }
    *out = edition;
    return 0;
}

/* Under the lock: takes the edition over, where there is room. */
static void put(struct shelf *shelf, size_t line, struct shelf_edition *edition) {
    struct place *place = &shelf->places[line & (shelf->count - 1)];
    if (place->edition)
        shelf->used -= size_of(place->edition);
    shelf_edition_release(place->edition);
    place->edition = NULL;
    if (shelf->used + size_of(edition) > shelf->capacity)
        return;
    __atomic_add_fetch(&edition->holders, 1, __ATOMIC_RELAXED);
    *place = (struct place){line, edition};
    shelf->used += size_of(edition);
}

int shelf_edition(struct shelf *shelf, struct call *call, size_t line, struct shelf_edition **out) {
    struct shelf_edition *edition = NULL;
    pthread_mutex_lock(&shelf->lock);
    const struct place *place = &shelf->places[line & (shelf->count - 1)];
    if (place->edition && place->line == line) {
        edition = place->edition;
        __atomic_add_fetch(&edition->holders, 1, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&shelf->lock);
    *out = edition;
    if (edition)
        return 0;
    int error = read_edition(call, line, &edition);
    if (error)
        return error;
    if (size_of(edition) > EDITION_MAX) {
        shelf_edition_release(edition);
        return 0;
    }
    pthread_mutex_lock(&shelf->lock);
    put(shelf, line, edition);
    pthread_mutex_unlock(&shelf->lock);
    *out = edition;
    return 0;
}

int shelf_ledger(struct shelf *shelf, struct call *call, struct piece **out) {
    Depositary__V1__LedgerState *state = NULL;
    pthread_mutex_lock(&shelf->lock);
    struct piece *ledger = piece_hold(shelf->ledger);
    pthread_mutex_unlock(&shelf->lock);
    *out = ledger;
    if (ledger)
        return 0;
    int error = answer_ledger_state(call, 0, &state);
    if (!error)
        error = encode(call, FIELD_LEDGER, &state->base, &ledger);
    if (error)
        return error;
    pthread_mutex_lock(&shelf->lock);
    if (!shelf->ledger)
        shelf->ledger = piece_hold(ledger);
    pthread_mutex_unlock(&shelf->lock);
    *out = ledger;
    return 0;
}
