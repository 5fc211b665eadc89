/* A hash table in memory: from 32 bytes that are spread evenly (hashes, public keys) to a number. Nothing is ever taken out. */
#ifndef LEDGER_TABLE_H
#define LEDGER_TABLE_H

#include "proof/merkle.h"

struct table_slot {
    struct hash key;
    uint64_t value; /* 0: the slot is free */
};

/** All zero: empty, no allocation. */
struct table {
    struct table_slot *slots;
    size_t capacity; /* 0 or a power of two */
    size_t count;
};

void table_free(struct table *table); /* empty again; twice is fine */
/** Makes *out, whatever it held is lost, equal to in. DEPOSITARY_E_MEMORY. */
MUST_USE int table_copy(struct table *out, const struct table *in);
/** The value under key; 0 where there is none. */
uint64_t table_get(const struct table *table, const struct hash *key);
/** Sets the value under key, which is not 0. DEPOSITARY_E_MEMORY: nothing changed. */
MUST_USE int table_set(struct table *table, const struct hash *key, uint64_t value);

#endif
