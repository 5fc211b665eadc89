/*
 * Where each text stands: the editions that hold it, in memory, so that a search can tell of each of a hundred thousand hits whether it
 * is in its scope without asking the file. Made from the file at the start and kept beside it; thirteen bytes a clause.
 */
#ifndef CATALOG_STANDING_H
#define CATALOG_STANDING_H

#include <pthread.h>

#include "catalog/catalog.h"
#include "catalog/db.h"

struct standing_edition {
    uint64_t index; /* of its record in the ledger */
    uint32_t number;
    uint32_t name; /* index into names: instrument and language */
    int64_t deposited_at;
    uint64_t superseded_by; /* index of the edition after it; UINT64_MAX: none */
    int64_t superseded_at;
    uint32_t first_text; /* the least and greatest of its texts; first > last: none */
    uint32_t last_text;
};

struct standing_name {
    char instrument[LIMIT_INSTRUMENT + 1];
    char language[LIMIT_LANGUAGE + 1];
};

/** One clause of one edition. */
struct standing_place {
    uint32_t edition; /* into editions */
    uint32_t place;
    uint32_t next; /* index + 1 of another place of the same text; 0: none */
};

struct standing {
    pthread_rwlock_t lock;
    struct standing_edition *editions; /* in the order of the ledger */
    size_t editions_count, editions_capacity;
    struct standing_name *names;
    size_t names_count, names_capacity;
    struct standing_place *places;
    size_t places_count, places_capacity;
    uint32_t *first; /* by text: index + 1 of its last place; 0: none */
    uint8_t *kinds;  /* by text */
    size_t texts_capacity;
    bool is_lost; /* it is not as the file is */
};

MUST_USE int standing_init(struct standing *standing);
void standing_clean_up(struct standing *standing);

/** Makes it anew from the file, as the connection sees it. */
MUST_USE int standing_load(struct standing *standing, struct catalog_db *connection, struct fault *fault);
/** It is not as the file is, and of no use until it was loaded again; a loading that fails leaves it so, too. */
void standing_lose(struct standing *standing);
bool standing_is_lost(struct standing *standing);

/* Told of what is written to the file, before that is committed: rows past a reader's size are not seen. */
MUST_USE int standing_add_edition(struct standing *standing, uint64_t index, const struct edition_record *edition);
MUST_USE int standing_add_place(struct standing *standing, uint64_t index, uint64_t place, uint64_t text,
                                enum clause_kind kind);

/** A scope, looked up once. Between begin and end nothing is added. */
struct standing_scope {
    const struct standing *standing;
    const struct catalog_scope *scope;
    uint64_t size;       /* editions of entries below it */
    uint64_t first_text; /* texts outside these bounds are in none of its editions */
    uint64_t last_text;
    bool *in_scope; /* by edition */
};
MUST_USE int standing_begin(struct standing_scope *out, struct standing *standing, const struct catalog_scope *scope,
                            uint64_t size);
void standing_end(struct standing_scope *scope, struct standing *standing);
/** Whether the text stands in the scope, and where: it is at one place at most, since a scope has one edition of each text. */
bool standing_find(const struct standing_scope *scope, uint64_t text, uint64_t *edition_index, uint64_t *place);

#endif
