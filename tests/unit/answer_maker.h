/*
 * Makes true answers from a small ledger in memory, so that tests can change one thing and see it refused. Keys come from fixed seeds; texts,
 * times and sizes are named below. What fails where it must not ends the program.
 */
#ifndef TESTS_ANSWER_MAKER_H
#define TESTS_ANSWER_MAKER_H

#include "client/judge.h"
#include "proof/register.h"

#include <stdio.h>
#include <stdlib.h>

#define WORLD_ORIGIN "world.example/ledger"
#define WORLD_NOW    INT64_C(1767225600) /* 2026-01-01T00:00:00Z: a clock for tests that have none */

/* Seconds before the clock by which answers are sealed and judged. */
#define WORLD_FIRST  3000 /* deposit of the first editions */
#define WORLD_SECOND 2000 /* of the second */

/* What cannot fail in a test's own making. */
#define WORLD_NEED(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

struct world_key {
    struct verifier_key verifier;
    uint8_t public_key[PUBLIC_KEY_LEN];
    uint8_t secret[64];
};

/* Answer keys: what the ledger says of them. */
enum world_answer_key { KEY_MAIN, KEY_REPLICA, KEY_REVOKED, KEY_EXPIRED, KEY_UNKNOWN, KEYS_COUNT };

struct world_clause_text {
    const char *eid;
    const char *text;
};

/*
 * pact en: editions 1 and 2, of which cl_2 differs; accord zh: edition 1; accord en: edition 1, its translation; gone en: edition 1, and
 * edition 2 that withdraws it.
 */
enum world_edition_name { PACT_1, PACT_2, ACCORD_ZH, ACCORD_EN, GONE_1, GONE_2, EDITIONS_COUNT };

struct world_edition {
    uint64_t index; /* of its record in the ledger */
    struct bytes record;
    struct edition_record fields;
    struct hash leaf;
    const struct world_clause_text *texts;
    size_t count;
    struct merkle_tree tree;
};

/*
 * States: KEYS has keys only; OLD has the first editions; NEW has the second; RENEWED has one more register after that. FORK has RENEWED's size,
 * and LONG_FORK grew from FORK.
 */
enum world_state_name { STATE_KEYS, STATE_OLD, STATE_NEW, STATE_RENEWED, STATE_FORK, STATE_LONG_FORK, STATES_COUNT };

struct world_state {
    uint64_t size;
    struct hash root;
    struct bytes note; /* a NUL follows */
    struct bytes register_record;
    struct register_lines *lines;
    struct merkle_tree tree;
};

struct world {
    struct arena arena;
    int64_t now; /* when answers are sealed and judged */
    struct world_key ledger_key;
    struct world_key spare_key;
    struct world_key stranger_key; /* pinned by nobody */
    struct world_key answer_keys[KEYS_COUNT];
    struct policy *policy;
    struct bytes policy_text;
    struct bytes key_records[KEYS_COUNT];
    uint64_t key_indices[KEYS_COUNT];
    struct world_edition editions[EDITIONS_COUNT];
    struct world_state states[STATES_COUNT];
    /* while it is made: */
    struct bytes entries[64];
    size_t entries_count;
    struct register_lines *lines;
};

void world_begin(struct world *world, int64_t now);
void world_end(struct world *world);

/* ---- parts of messages, in the world's arena, free to be changed */

void *world_alloc(struct world *world, size_t size);
char *world_text(struct world *world, const char *text);
ProtobufCBinaryData *world_path(struct world *world, const struct merkle_path *path);
Depositary__V1__LedgerState *world_ledger(struct world *world, enum world_state_name state);
Depositary__V1__RegisterLine *world_line(struct world *world, enum world_state_name state, size_t index);
/** Index of the first line that begins so. */
size_t world_find_line(struct world *world, enum world_state_name state, const char *words);
Depositary__V1__EditionProof *world_edition(struct world *world, enum world_state_name state,
                                            enum world_edition_name edition);
/** edition_index: in the response. */
Depositary__V1__CertifiedClause *world_clause(struct world *world, enum world_edition_name edition, size_t place,
                                              uint32_t edition_index);
Depositary__V1__Instrument *world_instrument(struct world *world, enum world_edition_name edition);
Depositary__V1__GetAnswerKeyResponse *world_key_response(struct world *world, enum world_state_name state,
                                                         enum world_answer_key key);
/** Consistency between two states of one history. */
void world_consistency(struct world *world, enum world_state_name old, enum world_state_name new_state,
                       struct merkle_path *out);
void world_view(struct world *world, enum world_state_name state, struct ledger_view *out);
void world_facts(struct world *world, enum world_state_name state, enum world_answer_key key, struct key_facts *out);

/* ---- answers */

/** An encoded Answer. status NULL: OK. message NULL: none. */
struct bytes world_answer(struct world *world, const struct status *status, const ProtobufCMessage *message);

struct world_seal {
    struct world_key *key;
    const char *origin;
    uint64_t ledger_size;
    struct hash ledger_root;
    int64_t sealed_at;
    /** Told before head, signature and seal are made, to make them wrong; may be NULL. */
    void (*alter_head)(struct seal_head *head);
    void (*alter_seal)(struct world *world, struct seal *seal);
};
/** A seal as it should be, by KEY_MAIN, from that state, now. */
struct world_seal world_seal(struct world *world, enum world_state_name state);
/** An encoded Response: the answer among three of a batch, at index 1. */
struct bytes world_response(struct world *world, const struct world_seal *seal, struct bytes request,
                            struct bytes answer);
/** An encoded Request. */
struct bytes world_request(struct world *world, const char *method, const ProtobufCMessage *message);

#endif
