/*
 * A ledger that breaks a rule, though every hash and every signature of it is right, written as static files: what a depositary whose own people are
 * crooked could publish, and an audit must tell.
 *
 *     crooked DIR            prints the names of the rules that can be broken
 *     crooked DIR NAME       writes DIR/policy and DIR/files; NAME "none" breaks nothing
 */
#include "ledger/tile_maker.h"
#include "ledger_maker.h"

#include "base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "crooked: %s does not hold (line %d)\n", #condition, __LINE__);                            \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static const struct maker_clause CLAUSES[] = {{"preface", "Agreed.\n\n"}, {"cl_1", "1. One.\n"}, {"cl_2", "2. Two.\n"}};
static const struct maker_clause TWICE[] = {{"cl_1", "1. One.\n"}, {"cl_1", "2. Two.\n"}};
static const struct maker_edition PLAN = {.instrument = "treaty", .clauses = CLAUSES, .clauses_count = 3};

static struct ledger_maker maker;
static struct maker_append append; /* the last one, which is crooked */
static char files[512];

/* ---- what is broken */

static void next_edition(void (*alter)(struct edition_record *)) {
    struct maker_edition plan = PLAN;
    plan.act = ACT_RECTIFICATION;
    plan.remark = "again";
    plan.alter = alter;
    maker_append_edition(&append, &plan);
}

static void set_number(struct edition_record *record) {
    record->edition = 7;
}
static void set_previous(struct edition_record *record) {
    record->previous.bytes[0] ^= 1;
}
static void set_backdated(struct edition_record *record) {
    record->deposited_at -= 86400;
}
static void set_source(struct edition_record *record) {
    record->source_sha256[0] ^= 1;
}
static void set_length(struct edition_record *record) {
    record->source_length++;
}
static void set_root(struct edition_record *record) {
    record->clauses_root.bytes[0] ^= 1;
}
static void set_translation(struct edition_record *record) {
    record->authenticity = AUTHENTICITY_TRANSLATION;
    record->has_translation_of = true;
    memset(record->translation_of.bytes, 5, HASH_LEN);
}

static void none(void) {
    next_edition(NULL);
    maker_append_register(&append, 0);
}
static void number(void) {
    next_edition(set_number);
    maker_append_register(&append, 0);
}
static void previous(void) {
    next_edition(set_previous);
    maker_append_register(&append, 0);
}
static void backdated(void) {
    next_edition(set_backdated);
    maker_append_register(&append, 0);
}
static void source(void) {
    next_edition(set_source);
    maker_append_register(&append, 0);
}
static void length(void) {
    next_edition(set_length);
    maker_append_register(&append, 0);
}
static void clauses_root(void) {
    next_edition(set_root);
    maker_append_register(&append, 0);
}
static void translation(void) {
    next_edition(set_translation);
    maker_append_register(&append, 0);
}
static void eid_twice(void) {
    maker_append_edition(&append, &(struct maker_edition){.instrument = "pact", .clauses = TWICE, .clauses_count = 2});
    maker_append_register(&append, 0);
}
static void another_text(void) { /* the clauses are of "pact", their edition of "pack" */
    struct maker_edition plan = PLAN;
    plan.instrument = "pact";
    maker_append_edition(&append, &plan);
    char *name = strstr((char *)(uintptr_t)append.records[0].data, "instrument pact");
    MUST(name != NULL);
    name[strlen("instrument pac")] = 'k';
    maker_append_register(&append, 0);
}
static void key_role(void) {
    maker_append_key(&append, maker.spare_key.verifier.public_key);
    maker_append_register(&append, 0);
}
static void key_twice(void) {
    maker_append_key(&append, maker.answer_key.verifier.public_key);
    maker_append_register(&append, 0);
}
static void revocation_of_nothing(void) {
    struct maker_key stranger;
    maker_key_make(&stranger, "x", NOTE_TYPE_ED25519, 9);
    maker_append_revocation(&append, stranger.verifier.public_key, maker.now_s);
    maker_append_register(&append, 0);
}
static void revocation_twice(void) {
    maker_append_revocation(&append, maker.answer_key.verifier.public_key, maker.now_s);
    maker_append_revocation(&append, maker.answer_key.verifier.public_key, maker.now_s);
    maker_append_register(&append, 0);
}
static void key_window(void) {
    struct maker_key stranger;
    maker_key_make(&stranger, "x", NOTE_TYPE_ED25519, 9);
    maker_append_key(&append, stranger.verifier.public_key);
    char *year = strstr((char *)(uintptr_t)append.records[0].data, "not-after 20");
    MUST(year != NULL);
    memcpy(year + strlen("not-after 20"), "99", 2);
    maker_append_register(&append, 0);
}
static void register_hides(void) { /* says nothing of the edition before it */
    maker_append_register(&append, 0);
    struct bytes lie = append.records[0];
    append.count = 0;
    next_edition(NULL);
    maker_append_record(&append, lie);
    free((void *)(uintptr_t)lie.data);
}
static void register_root(void) {
    maker_append_register(&append, 0);
    char *root = strstr((char *)(uintptr_t)append.records[0].data, "\nroot ");
    MUST(root != NULL);
    root[6] = root[6] == 'A' ? 'B' : 'A';
}
static void register_time(void) {
    maker_append_register(&append, maker.now_s - 86400);
}
static void register_before_deposit(void) {
    struct maker_edition plan = PLAN;
    plan.act = ACT_RECTIFICATION;
    plan.deposited_at = maker.now_s + 60;
    maker_append_edition(&append, &plan);
    maker_append_register(&append, 0);
}
static void register_missing(void) {
    next_edition(NULL);
}
static void unknown_entry(void) {
    maker_append_record(&append, BYTES("depositary/secret/v1\nanything\n"));
    maker_append_register(&append, 0);
}
static void clause_entry(void) {
    maker_append_record(&append,
                        BYTES("depositary/clause/v1\ninstrument treaty\nlanguage en\nclause cl_1\nlength 1\n\nx"));
    maker_append_register(&append, 0);
}

static const struct {
    const char *name;
    void (*make)(void);
} rules[] = {
    {"none", none},
    {"number", number},
    {"previous", previous},
    {"backdated", backdated},
    {"source", source},
    {"length", length},
    {"clauses_root", clauses_root},
    {"translation", translation},
    {"eid_twice", eid_twice},
    {"another_text", another_text},
    {"key_role", key_role},
    {"key_twice", key_twice},
    {"key_window", key_window},
    {"revocation_of_nothing", revocation_of_nothing},
    {"revocation_twice", revocation_twice},
    {"register_hides", register_hides},
    {"register_root", register_root},
    {"register_time", register_time},
    {"register_before_deposit", register_before_deposit},
    {"register_missing", register_missing},
    {"unknown_entry", unknown_entry},
    {"clause_entry", clause_entry},
};

/* ---- the files */

static void write_file(const char *name, struct bytes bytes) {
    char path[1024];
    struct fault fault = {0};
    snprintf(path, sizeof path, "%s/%s", files, name);
    char folder[1024];
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    MUST(file_make_dir(folder, 0755, &fault) == 0 && file_write(path, bytes, 0644, &fault) == 0);
}

static int write_tile(void *context, const struct tile *tile, struct bytes bytes) {
    struct buffer name;
    (void)context;
    buffer_init(&name, 128);
    buffer_append_text(&name, "tile/");
    tile_print(&name, tile);
    char *text = buffer_take_text(&name);
    MUST(text != NULL);
    write_file(text, bytes);
    free(text);
    return 0;
}

static void write_clause(const struct hash *edition, uint64_t place, struct bytes record) {
    struct buffer name;
    buffer_init(&name, 128);
    buffer_append_text(&name, "clauses/");
    buffer_append_hex(&name, hash_bytes(edition));
    buffer_append_format(&name, "/%" PRIu64, place);
    char *text = buffer_take_text(&name);
    MUST(text != NULL);
    write_file(text, record);
    free(text);
}

static void add(struct tile_maker *tiles, struct bytes record) {
    struct hash leaf;
    merkle_leaf_hash(&leaf, record);
    MUST(tile_maker_add(tiles, record, &leaf) == 0);
}

/* What is good: the ledger so far, and its edition's clauses. */
static void write_ledger(struct tile_maker *tiles, const struct made_edition *edition) {
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    struct buffer record;
    buffer_init(&record, LIMIT_ENTRY);
    for (uint64_t i = 0; i < state->size; i++) {
        buffer_clear(&record);
        MUST(ledger_entry(maker.ledger, state, i, &record, NULL, NULL) == 0);
        add(tiles, buffer_bytes(&record));
    }
    for (size_t i = 0; i < edition->count; i++)
        write_clause(&edition->leaf_hash, i, edition->records[i]);
    buffer_free(&record);
    ledger_state_release(state);
}

static void write_append(struct tile_maker *tiles) {
    for (size_t i = 0; i < append.count; i++) {
        struct hash leaf;
        add(tiles, append.records[i]);
        merkle_leaf_hash(&leaf, append.records[i]);
        for (size_t k = 0; record_type(append.records[i]) == RECORD_EDITION && k < append.editions[0].count; k++)
            write_clause(&leaf, k, append.editions[0].records[k]);
    }
}

static void write_policy(const char *dir) {
    char path[1024];
    struct buffer text;
    snprintf(path, sizeof path, "%s/policy", dir);
    buffer_init(&text, 4096);
    buffer_append_text(&text, "log ");
    verifier_key_print(&text, &maker.ledger_key.verifier);
    buffer_append_text(&text, "\nlog ");
    verifier_key_print(&text, &maker.spare_key.verifier);
    buffer_append_text(&text, "\nquorum none\n");
    MUST(text.error == 0 && file_write(path, buffer_bytes(&text), 0644, NULL) == 0);
    buffer_free(&text);
}

static void write_all(const char *dir, void (*make)(void)) {
    struct maker_append first;
    struct tile_maker tiles;
    ledger_maker_begin_with_key(&maker);
    maker_append_begin(&first, &maker);
    maker_append_edition(&first, &PLAN);
    maker_append_register(&first, 0);
    MUST(maker_append_submit(&first, NULL) == 0);
    maker_append_begin(&append, &maker);
    make();
    maker_append_sign(&append, &maker.ledger_key);
    tile_maker_init(&tiles, write_tile, NULL);
    write_ledger(&tiles, &first.editions[0]);
    write_append(&tiles);
    MUST(tile_maker_finish(&tiles) == 0);
    write_file("checkpoint", buffer_bytes(&append.note));
    write_policy(dir);
    tile_maker_free(&tiles);
    maker_append_end(&first);
    maker_append_end(&append);
    ledger_maker_end(&maker);
}

int main(int argc, char **argv) {
    MUST(argc == 2 || argc == 3);
    MUST(snprintf(files, sizeof files, "%s/files", argv[1]) < (int)sizeof files);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (argc == 2)
            printf("%s\n", rules[i].name);
        else if (strcmp(argv[2], rules[i].name) == 0) {
            write_all(argv[1], rules[i].make);
            return 0;
        }
    }
    return argc == 2 ? 0 : 1;
}
