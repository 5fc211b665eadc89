/*
 * Certified copies verified in memory, a second of each: one by one, and by a verifier, in their order and in any order, handed out or checked only:
 *
 *     bench_copies [EDITIONS] [CLAUSES of each]
 *
 * All share one checkpoint. What is given out is copies a second of a processor, the median of five interleaved rounds.
 */
#include "depositary/verify.h"

#include "proof/copy.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ORIGIN "bench.example/treaties"
#define ROUNDS 5

struct copies {
    depositary_policy *policy;
    struct buffer *records, *proofs;
    size_t *shuffled;
    size_t editions, each, count;
};

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "bench_copies: %s does not hold (line %d)\n", #condition, __LINE__);                       \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static void *room(size_t count, size_t size) {
    void *memory = calloc(count, size);
    MUST(memory != NULL);
    return memory;
}

/* Texts of 200 to 799 bytes, a numbered paragraph for every 200. */
static void print_record(struct buffer *out, const char *instrument, size_t number) {
    static const char *const words[] = {"the", "Parties", "shall", "agree", "on", "measures", "within", "territory"};
    char eid[32];
    struct buffer text;
    size_t paragraph = 0;
    buffer_init(&text, 4096);
    buffer_append_format(&text, "Article %zu", number);
    for (size_t want = 200 + number * 7919 % 600; text.len < want;) {
        if (text.len >= 200 * paragraph)
            buffer_append_format(&text, "\n\n%zu.", ++paragraph);
        buffer_append_format(&text, " %s", words[(number + text.len) % 8]);
    }
    buffer_append_text(&text, ".\n");
    snprintf(eid, sizeof eid, "art_%zu", number);
    const struct clause_record clause = {bytes_text(instrument), BYTES("en"), bytes_text(eid), buffer_bytes(&text)};
    buffer_init(out, LIMIT_CLAUSE_RECORD);
    MUST(clause_record_print(out, &clause, NULL) == 0);
    buffer_free(&text);
}

static void make_edition(struct copies *copies, size_t number, struct buffer *record, struct merkle_tree *tree) {
    char instrument[32];
    struct hash leaf;
    struct buffer *records = &copies->records[number * copies->each];
    snprintf(instrument, sizeof instrument, "made-up-%06zu", number);
    MUST(merkle_tree_init(tree, copies->each) == 0);
    for (size_t i = 0; i < copies->each; i++) {
        print_record(&records[i], instrument, i + 1);
        merkle_leaf_hash(&leaf, buffer_bytes(&records[i]));
        merkle_tree_append(tree, &leaf);
    }
    struct edition_record edition = {.instrument = bytes_text(instrument),
                                     .language = BYTES("en"),
                                     .edition = 1,
                                     .act = ACT_DEPOSIT,
                                     .title = BYTES("A made-up treaty between two made-up parties"),
                                     .date = BYTES("2025-04-23"),
                                     .place = BYTES("Here"),
                                     .parties = BYTES("party Here\nparty There\n"),
                                     .parties_count = 2,
                                     .authenticity = AUTHENTICITY_AUTHENTIC,
                                     .source_length = copies->each * 500,
                                     .clauses = copies->each,
                                     .deposited_at = 1745366400};
    merkle_tree_root(&edition.clauses_root, tree);
    buffer_init(record, LIMIT_ENTRY);
    MUST(edition_record_print(record, &edition, NULL) == 0);
}

static void sign(struct copies *copies, const struct merkle_tree *ledger, struct buffer *note) {
    uint8_t public_key[32], secret[64];
    struct verifier_key key;
    struct checkpoint checkpoint = {.origin = BYTES(ORIGIN), .size = ledger->size};
    struct buffer policy;
    crypto_sign_keypair(public_key, secret);
    MUST(verifier_key_make(&key, BYTES(ORIGIN), NOTE_TYPE_ED25519, public_key) == 0);
    merkle_tree_root(&checkpoint.root, ledger);
    buffer_init(note, LIMIT_NOTE);
    MUST(checkpoint_sign(note, &checkpoint, &key, secret) == 0);
    buffer_init(&policy, POLICY_TEXT_MAX);
    buffer_append_text(&policy, "log ");
    verifier_key_print(&policy, &key);
    buffer_append_text(&policy, "\nquorum none\n");
    MUST(depositary_policy_new(&copies->policy, (const char *)policy.data, policy.len, NULL) == 0);
    buffer_free(&policy);
}

static void print_proofs(struct copies *copies, const struct buffer *editions, struct merkle_tree *trees,
                         const struct merkle_tree *ledger, struct bytes note) {
    for (size_t i = 0; i < copies->count; i++) {
        const size_t edition = i / copies->each;
        struct copy_proof proof = {.place = i % copies->each,
                                   .edition_record = buffer_bytes(&editions[edition]),
                                   .index = edition,
                                   .checkpoint = note};
        merkle_tree_path(&proof.clause_path, &trees[edition], proof.place);
        merkle_tree_path(&proof.ledger_path, ledger, edition);
        buffer_init(&copies->proofs[i], 65536);
        MUST(copy_proof_print(&copies->proofs[i], &proof) == 0);
    }
}

static void make_copies(struct copies *copies) {
    struct buffer *editions = room(copies->editions, sizeof *editions), note;
    struct merkle_tree *trees = room(copies->editions, sizeof *trees), ledger;
    struct hash leaf;
    copies->records = room(copies->count, sizeof *copies->records);
    copies->proofs = room(copies->count, sizeof *copies->proofs);
    copies->shuffled = room(copies->count, sizeof *copies->shuffled);
    MUST(merkle_tree_init(&ledger, copies->editions) == 0);
    for (size_t i = 0; i < copies->editions; i++) {
        make_edition(copies, i, &editions[i], &trees[i]);
        merkle_leaf_hash(&leaf, buffer_bytes(&editions[i]));
        merkle_tree_append(&ledger, &leaf);
    }
    sign(copies, &ledger, &note);
    print_proofs(copies, editions, trees, &ledger, buffer_bytes(&note));
    for (size_t i = 0; i < copies->count; i++) {
        const size_t j = randombytes_uniform((uint32_t)i + 1);
        copies->shuffled[i] = copies->shuffled[j];
        copies->shuffled[j] = i;
    }
    for (size_t i = 0; i < copies->editions; i++) {
        merkle_tree_free(&trees[i]);
        buffer_free(&editions[i]);
    }
    merkle_tree_free(&ledger);
    buffer_free(&note);
    free(trees);
    free(editions);
}

enum way { ONE_BY_ONE, IN_ORDER, IN_ANY_ORDER, CHECKED_IN_ORDER, CHECKED_IN_ANY_ORDER, WAYS };
static const char *const names[WAYS] = {"depositary_copy_verify", "depositary_verifier_copy, in order",
                                        "depositary_verifier_copy, in any order", "... checked only, in order",
                                        "... checked only, in any order"};

/* Processor time of this thread: what others do on the machine counts less. */
static uint64_t spent_ns(void) {
    struct timespec spent;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return (uint64_t)spent.tv_sec * 1000000000u + (uint64_t)spent.tv_nsec;
}

/* Copies a second. */
static double measure(const struct copies *copies, enum way way) {
    depositary_verifier *verifier = NULL;
    MUST(depositary_verifier_new(&verifier, copies->policy, NULL) == 0);
    const uint64_t start = spent_ns();
    uint64_t now = start;
    size_t done = 0;
    for (; now - start < 1000000000; now = done % 64 == 0 ? spent_ns() : now, done++) {
        const bool is_any = way == IN_ANY_ORDER || way == CHECKED_IN_ANY_ORDER;
        const size_t i = is_any ? copies->shuffled[done % copies->count] : done % copies->count;
        const struct buffer *record = &copies->records[i], *proof = &copies->proofs[i];
        depositary_copy *copy = NULL;
        const int error = way == ONE_BY_ONE
                              ? depositary_copy_verify(&copy, copies->policy, record->data, record->len, proof->data,
                                                       proof->len, NULL)
                              : depositary_verifier_copy(way >= CHECKED_IN_ORDER ? NULL : &copy, verifier, record->data,
                                                         record->len, proof->data, proof->len, NULL);
        MUST(error == 0);
        depositary_copy_free(&copy);
    }
    depositary_verifier_free(&verifier);
    return (double)done * 1e9 / (double)(now - start);
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    struct copies copies = {.editions = argc > 1 ? strtoul(argv[1], NULL, 10) : 100,
                            .each = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000};
    double rates[WAYS][ROUNDS];
    size_t bytes = 0;
    copies.count = copies.editions * copies.each;
    if (copies.count == 0 || copies.count > 10000000 || argc > 3) {
        fprintf(stderr, "usage: bench_copies [EDITIONS] [CLAUSES]\n");
        return 2;
    }
    MUST(depositary_verify_init() == 0);
    make_copies(&copies);
    for (size_t i = 0; i < copies.count; i++)
        bytes += copies.records[i].len + copies.proofs[i].len;
    printf("%zu copies of %zu bytes (record and proof), %zu editions, one checkpoint\n", copies.count,
           bytes / copies.count, copies.editions);
    for (int round = 0; round < ROUNDS; round++)
        for (int way = 0; way < WAYS; way++)
            rates[way][round] = measure(&copies, (enum way)way);
    for (int way = 0; way < WAYS; way++) {
        qsort(rates[way], ROUNDS, sizeof rates[way][0], compare);
        printf("%-40s %10.0f copies/s\n", names[way], rates[way][ROUNDS / 2]);
    }
    for (size_t i = 0; i < copies.count; i++) {
        buffer_free(&copies.records[i]);
        buffer_free(&copies.proofs[i]);
    }
    free(copies.records);
    free(copies.proofs);
    free(copies.shuffled);
    depositary_policy_free(&copies.policy);
    return 0;
}
