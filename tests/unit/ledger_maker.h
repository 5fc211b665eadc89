/*
 * Makes real ledgers for tests: a temporary folder, an office's keys from fixed seeds, a clock that stands still, and appends that
 * are put together record by record, so that any one of them can be made wrong. What fails where it must not ends the program.
 */
#ifndef TESTS_LEDGER_MAKER_H
#define TESTS_LEDGER_MAKER_H

#include "ledger/ledger.h"

#define MAKER_ORIGIN "maker.example/ledger"
#define MAKER_NOW    INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

struct maker_key {
    struct verifier_key verifier;
    uint8_t secret[64];
};

/** An Ed25519 key from a seed of one repeated byte. type: NOTE_TYPE_ED25519, or NOTE_TYPE_COSIGNATURE for a witness. */
void maker_key_make(struct maker_key *out, const char *name, uint8_t type, uint8_t seed);

struct ledger_maker {
    char dir[64];
    char path[96]; /* of the ledger's file */
    char url[112];
    struct maker_key ledger_key;
    struct maker_key spare_key;
    struct maker_key answer_key;
    struct maker_key witness_key;
    struct policy *policy; /* the two ledger keys, and the witness without a quorum */
    struct ledger *ledger;
    int64_t now_s;
};

/** An empty ledger in a folder that is there; its path has fewer than 64 bytes. */
void ledger_maker_begin_at(struct ledger_maker *maker, const char *dir);
/** An empty ledger in a temporary folder. */
void ledger_maker_begin(struct ledger_maker *maker);
/** The same, and its first append: the answer key and a register. */
void ledger_maker_begin_with_key(struct ledger_maker *maker);
void ledger_maker_end(struct ledger_maker *maker);
/** Closes the ledger where it is open, and opens it. Its error. */
int ledger_maker_reopen(struct ledger_maker *maker, struct fault *fault);
void ledger_maker_close(struct ledger_maker *maker);

/** A clause of an edition that is to be made. */
struct maker_clause {
    const char *eid;
    const char *text;
};

/** An edition that is to be made; what is left 0 is as it should be. */
struct maker_edition {
    const char *instrument;
    const char *language; /* "en" */
    const char *title;    /* "A title" */
    enum edition_act act;
    enum authenticity authenticity;
    const struct hash *translation_of;
    int64_t deposited_at; /* the maker's clock */
    const struct maker_clause *clauses;
    size_t clauses_count;
    const char *remark;
    /** Told of the record before it is printed, to make it wrong. */
    void (*alter)(struct edition_record *record);
};

struct made_edition {
    uint64_t index; /* of its record in the ledger */
    struct hash leaf_hash;
    struct merkle_tree tree;
    uint8_t *data; /* the clause records, one after another */
    struct bytes *records;
    size_t count;
};

/** One append: records, clauses, note. */
struct maker_append {
    struct ledger_maker *maker;
    struct bytes *records; /* each owned */
    size_t count;
    struct made_edition *editions;
    size_t editions_count;
    struct buffer note;
};

void maker_append_begin(struct maker_append *append, struct ledger_maker *maker);
void maker_append_end(struct maker_append *append);
void maker_append_record(struct maker_append *append, struct bytes record); /* any bytes; copied */
void maker_append_key(struct maker_append *append, const uint8_t public_key[PUBLIC_KEY_LEN]);
void maker_append_revocation(struct maker_append *append, const uint8_t public_key[PUBLIC_KEY_LEN], int64_t revoked_at);
/** Number and previous as the ledger with this append so far has them. */
void maker_append_edition(struct maker_append *append, const struct maker_edition *plan);
/** The register of the ledger with this append so far, at the maker's clock, or at time_s where that is not 0. */
void maker_append_register(struct maker_append *append, int64_t time_s);
/** The note of the ledger with this append, signed by `key`. Makes it anew. */
void maker_append_sign(struct maker_append *append, const struct maker_key *key);
/** A cosignature of the witness more on the note. */
void maker_append_cosign(struct maker_append *append, const struct maker_key *witness);
/** ledger_append, once. The result may be NULL. */
int maker_append_send(const struct maker_append *append, struct append_result *result, struct fault *fault);
/** ledger_put_clauses of places from up to, but without, to. */
int maker_append_put(const struct maker_append *append, size_t edition, uint64_t from, uint64_t to,
                     struct fault *fault);
/** Signs with the ledger key, sends, puts all clauses of all editions, sends again. The error of what failed. */
int maker_append_submit(struct maker_append *append, struct fault *fault);

/** Runs SQL on the ledger's file through a connection of its own, without the triggers that keep it append-only. There is a function
 * flip(blob, position), which turns over one bit of one byte; a negative position counts from the end. Must succeed. */
void ledger_maker_sql(const struct ledger_maker *maker, const char *sql);
/** The number that a query gives. */
int64_t ledger_maker_number(const struct ledger_maker *maker, const char *sql);

/** One append of one edition; must succeed. The index of its record. */
uint64_t ledger_maker_deposit(struct ledger_maker *maker, const struct maker_edition *plan);
/** The text of a made clause, and of several eIds and texts ("cl_1" ...): for large editions. The caller frees *out and what it names. */
void maker_clauses_make(struct maker_clause **out, size_t count, size_t text_len, unsigned seed);
void maker_clauses_free(struct maker_clause *clauses, size_t count);

#endif
