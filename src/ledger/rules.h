/*
 * The rules of the ledger, PROTOCOL.md section 2, entry by entry: what the ledger says so far, and whether a next entry may
 * follow. Pure: no store, no clock. Used when entries are appended, and again for every entry when a ledger is opened.
 * The rules about an edition's clauses are in rebuild.h.
 */
#ifndef LEDGER_RULES_H
#define LEDGER_RULES_H

#include "ledger/table.h"
#include "proof/policy.h"
#include "proof/register.h"

/** What the ledger says so far, as far as the rules ask. All zero: an empty ledger. */
struct rules {
    struct table texts;    /* H(instrument SP language) -> its latest edition: text and number, see edition_value */
    struct table editions; /* leaf hash of an edition record -> text and number */
    struct table keys;     /* public key -> active or revoked */
    int64_t deposited_at;  /* of the last edition; seconds since 1970 */
    int64_t event;         /* the latest deposited-at or revoked-at */
    int64_t register_time; /* of the last register */
    uint64_t registers;    /* register records so far */
};

void rules_free(struct rules *rules);
/** Makes *out, whatever it held is lost, equal to in. DEPOSITARY_E_MEMORY. */
MUST_USE int rules_copy(struct rules *out, const struct rules *in);

/** An entry that is to follow, and what it is judged by. */
struct rules_entry {
    uint64_t index; /* for the words of a fault */
    struct bytes record;
    const struct hash *leaf_hash;
    const struct policy *policy; /* whose keys must not be answer keys */
    int64_t now_s;               /* the clock; RULES_ANY_TIME where the entry was accepted long ago */
    bool
        skip_register_root; /* of a register only time and number of lines are judged: rebuilding takes O(lines) hashes */
};
#define RULES_ANY_TIME (INT64_MAX - CLOCK_TOLERANCE_S)

/** Lines that a register has now. */
uint64_t rules_register_lines(const struct rules *rules);

/**
 * Judges the entry, and when it may follow adds it to *rules and *lines (what the register says). DEPOSITARY_E_RULE, or
 * DEPOSITARY_E_RECORD where the record is not well-formed, with "entry <index>: ..."; then *rules and *lines are of no more use.
 */
MUST_USE int rules_follow(struct rules *rules, struct register_lines *lines, const struct rules_entry *entry,
                          struct fault *fault);

#endif
