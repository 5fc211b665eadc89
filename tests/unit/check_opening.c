/* What opening a ledger checks: all of it where nothing says that it was checked, its hashes where something does. src/ledger/check.c. */
#include "ledger_maker.h"

#include "base/encode.h"
#include "ledger/backup.h"
#include "ledger/ledger_private.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define MANY 9001u /* clauses: two pieces of check_clauses.c, and an odd rest */

static struct ledger_maker maker;
static const struct maker_clause CLAUSES[] = {{"cl_1", "1. One.\n"}, {"cl_2", "2. Two.\n"}, {"cl_3", "3. Three.\n"}};
static const struct maker_edition PLAN = {.instrument = "treaty", .clauses = CLAUSES, .clauses_count = 3};

static void set_up(void) {
    ledger_maker_begin_with_key(&maker);
}

static void tear_down(void) {
    ledger_maker_end(&maker);
}

static void ck_error(int error, int expected, const struct fault *fault, const char *words) {
    ck_assert_msg(error == expected, "error %d, expected %d: %s", error, expected, fault_text(fault));
    ck_assert_msg(strstr(fault_text(fault), words) != NULL, "\"%s\" does not say \"%s\"", fault_text(fault), words);
}

/* Entry 2 is an edition of MANY clauses, entry 4 one of three. */
static void make_many(void) {
    struct maker_clause *clauses;
    maker_clauses_make(&clauses, MANY, 60, 7);
    const struct maker_edition plan = {.instrument = "code", .clauses = clauses, .clauses_count = MANY};
    ledger_maker_deposit(&maker, &plan);
    maker_clauses_free(clauses, MANY);
    ledger_maker_deposit(&maker, &PLAN);
}

static int open_with(bool is_thorough, struct fault *fault) {
    ledger_maker_close(&maker);
    const struct ledger_config config = {.url = maker.url, .policy = maker.policy, .is_thorough = is_thorough};
    return ledger_open(&maker.ledger, &config, fault);
}

START_TEST(an_append_leaves_its_mark) {
    make_many();
    ck_assert_int_eq(ledger_maker_number(&maker, "SELECT size FROM checked"), 6);
    ck_assert_int_eq(open_with(false, NULL), 0);
    ck_assert_int_eq(open_with(true, NULL), 0);
    ck_assert_int_eq(ledger_maker_number(&maker, "SELECT size FROM checked"), 6);
}
END_TEST

START_TEST(opening_leaves_a_mark_where_there_is_none) {
    ledger_maker_deposit(&maker, &PLAN);
    ledger_maker_close(&maker);
    ledger_maker_sql(&maker, "DELETE FROM checked");
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    ck_assert_int_eq(ledger_maker_number(&maker, "SELECT size FROM checked"), 4);
}
END_TEST

/* Where hashing finds something, what is said is as exact as ever. */
static const struct damage {
    const char *sql;
    const char *words;
} damages[] = {
    {"UPDATE clause SET record = flip(record, -1) WHERE id = 1", "clause at place 0 of the edition at entry 2"},
    {"UPDATE clause SET record = flip(record, 5) WHERE id = 4096", "clause at place 4095 of the edition at entry 2"},
    {"UPDATE clause SET record = flip(record, 5) WHERE id = 4097", "clause at place 4096 of the edition at entry 2"},
    {"UPDATE clause SET record = flip(record, 5) WHERE id = 9001", "clause at place 9000 of the edition at entry 2"},
    {"UPDATE clause SET leaf_hash = flip(leaf_hash, 0) WHERE id = 9000", "clause at place 8999 of the edition"},
    {"DELETE FROM place WHERE edition = 2 AND place = 5000", "clause at place 5000 of the edition at entry 2"},
    {"DELETE FROM place WHERE edition = 2 AND place = 9000", "clause at place 9000 of the edition at entry 2"},
    {"INSERT INTO place VALUES (2, 9001, 1)", "clause at place 9001 of the edition at entry 2"},
    {"INSERT INTO place VALUES (2, 99999, 1)", "clause at place 9001 of the edition at entry 2"},
    {"UPDATE node SET hash = flip(hash, 0) WHERE tree = 3 AND level = 1 AND idx = 4499", "node 1/4499 of the edition"},
    {"UPDATE node SET hash = flip(hash, 0) WHERE tree = 3 AND level = 12 AND idx = 1", "node 12/1 of the edition"},
    {"UPDATE node SET hash = flip(hash, 0) WHERE tree = 3 AND level = 13 AND idx = 0", "node 13/0 of the edition"},
    {"DELETE FROM node WHERE tree = 3 AND level = 5 AND idx = 17", "node 5/17 of the edition at entry 2"},
    {"INSERT INTO node VALUES (3, 13, 1, zeroblob(32))", "nodes that belong to nothing"},
    {"UPDATE clause SET record = flip(record, -1) WHERE id = 9004", "clause at place 2 of the edition at entry 4"},
};

START_TEST(damage_is_found_by_hashing_and_named) {
    struct fault fault = {0};
    make_many();
    ledger_maker_close(&maker);
    ledger_maker_sql(&maker, damages[_i].sql);
    ck_error(ledger_maker_reopen(&maker, &fault), DEPOSITARY_E_DAMAGED, &fault, damages[_i].words);
}
END_TEST

/* Of an edition with one clause there is nothing stored above it but the edition's own root, which is signed. */
START_TEST(a_clause_changed_with_its_hash_is_found_by_hashing) {
    struct fault fault = {0};
    struct hash leaf;
    struct buffer record, sql;
    const struct maker_edition plan = {.instrument = "short", .clauses = CLAUSES, .clauses_count = 1};
    ledger_maker_deposit(&maker, &plan);
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    buffer_init(&sql, 4096);
    const struct clause_record changed = {BYTES("short"), BYTES("en"), BYTES("cl_1"), BYTES("1. Two.\n")};
    ck_assert_int_eq(clause_record_print(&record, &changed, NULL), 0);
    merkle_leaf_hash(&leaf, buffer_bytes(&record));
    buffer_append_text(&sql, "UPDATE clause SET record = x'");
    buffer_append_hex(&sql, buffer_bytes(&record));
    buffer_append_text(&sql, "', leaf_hash = x'");
    buffer_append_hex(&sql, hash_bytes(&leaf));
    buffer_append_text(&sql, "'");
    buffer_append_byte(&sql, 0);
    ledger_maker_close(&maker);
    ledger_maker_sql(&maker, (const char *)sql.data);
    ck_error(ledger_maker_reopen(&maker, &fault), DEPOSITARY_E_DAMAGED, &fault, "the edition at entry 2");
    buffer_free(&sql);
    buffer_free(&record);
}
END_TEST

/* ---- a ledger whose signed edition breaks a rule, written past the checks of an append */

static void alter_digest(struct edition_record *record) {
    record->source_sha256[0] ^= 1;
}

struct put {
    struct store *store;
    store_tree tree;
};

/* A merkle_node_sink. */
static int put_node(void *context, unsigned level, uint64_t index, const struct hash *hash) {
    const struct put *put = context;
    return level == 0 ? 0 : put->store->ops->put_node(put->store, put->tree, level, index, hash, NULL);
}

/* All that an append of this one edition writes. */
static void put_append(const struct maker_append *append, bool is_marked) {
    struct store *store;
    uint64_t first;
    struct merkle_edge clauses, entries = maker.ledger->edge;
    const struct made_edition *made = &append->editions[0];
    merkle_edge_init(&clauses);
    ledger_maker_close(&maker);
    ck_assert_int_eq(store_sqlite_open(&store, maker.path, false, NULL), 0);
    ck_assert_int_eq(store->ops->begin(store, &first, NULL), 0);
    struct put ledger_nodes = {store, 0}, edition_nodes = {store, made->index + 1};
    for (size_t i = 0; i < append->count; i++) {
        struct hash leaf;
        merkle_leaf_hash(&leaf, append->records[i]);
        ck_assert_int_eq(store->ops->put_entry(store, first + i, append->records[i], &leaf, NULL), 0);
        ck_assert_int_eq(merkle_edge_append(&entries, &leaf, put_node, &ledger_nodes), 0);
    }
    for (size_t i = 0; i < made->count; i++) {
        struct hash leaf;
        merkle_leaf_hash(&leaf, made->records[i]);
        ck_assert_int_eq(store->ops->put_clause(store, made->index, i, made->records[i], &leaf, NULL), 0);
        ck_assert_int_eq(merkle_edge_append(&clauses, &leaf, put_node, &edition_nodes), 0);
    }
    ck_assert_int_eq(store->ops->put_checkpoint(store, first + append->count, buffer_bytes(&append->note), NULL), 0);
    struct store_mark mark = {.rules = CHECK_RULES, .size = entries.size};
    merkle_edge_root(&mark.root, &entries);
    ck_assert_int_eq(is_marked ? store->ops->put_mark(store, &mark, NULL) : 0, 0);
    ck_assert_int_eq(store->ops->commit(store, NULL), 0);
    store->ops->close(store);
}

/* The mark as one who had checked the whole ledger would leave it: its size, and the root that its checkpoint says. */
static void set_mark(const struct maker_append *append) {
    struct note note;
    struct checkpoint checkpoint;
    struct buffer sql;
    ck_assert_int_eq(note_parse(&note, buffer_bytes(&append->note), NULL), 0);
    ck_assert_int_eq(checkpoint_parse(&checkpoint, note.text, NULL), 0);
    buffer_init(&sql, 1024);
    buffer_append_format(&sql, "INSERT OR REPLACE INTO checked VALUES (0, %u, %d, x'", CHECK_RULES, 4);
    buffer_append_hex(&sql, hash_bytes(&checkpoint.root));
    buffer_append_text(&sql, "')");
    buffer_append_byte(&sql, 0);
    ledger_maker_sql(&maker, (const char *)sql.data);
    buffer_free(&sql);
}

START_TEST(rules_are_judged_unless_a_true_mark_says_that_they_were) {
    struct fault fault = {0};
    struct maker_append append;
    struct maker_edition plan = PLAN;
    plan.alter = alter_digest;
    maker_append_begin(&append, &maker);
    maker_append_edition(&append, &plan);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    put_append(&append, false);
    ck_error(ledger_maker_reopen(&maker, &fault), DEPOSITARY_E_DAMAGED, &fault, "source-sha256");

    set_mark(&append);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    ck_error(open_with(true, &fault), DEPOSITARY_E_DAMAGED, &fault, "source-sha256");
    ledger_maker_sql(&maker, "UPDATE checked SET root = flip(root, 0)");
    ck_error(ledger_maker_reopen(&maker, &fault), DEPOSITARY_E_DAMAGED, &fault, "source-sha256");
    set_mark(&append);
    ledger_maker_sql(&maker, "UPDATE checked SET rules = rules + 1");
    ck_error(ledger_maker_reopen(&maker, &fault), DEPOSITARY_E_DAMAGED, &fault, "source-sha256");
    set_mark(&append);
    ledger_maker_sql(&maker, "UPDATE checked SET size = 5");
    ck_error(ledger_maker_reopen(&maker, &fault), DEPOSITARY_E_DAMAGED, &fault, "source-sha256");
    maker_append_end(&append);
}
END_TEST

/* Whoever made a backup may have left any mark in it: it is judged without. */
START_TEST(a_mark_in_a_backup_is_not_believed) {
    struct fault fault = {0};
    struct maker_append append;
    struct maker_edition plan = PLAN;
    char backup[96];
    struct backup made;
    plan.alter = alter_digest;
    maker_append_begin(&append, &maker);
    maker_append_edition(&append, &plan);
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
    put_append(&append, true);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    snprintf(backup, sizeof backup, "%s/backup", maker.dir);
    ck_error(ledger_back_up(maker.dir, backup, maker.policy, &made, &fault), DEPOSITARY_E_DAMAGED, &fault,
             "source-sha256");
    maker_append_end(&append);
}
END_TEST

/* ---- versions of the file */

START_TEST(a_file_of_version_1_is_migrated) {
    ledger_maker_deposit(&maker, &PLAN);
    ledger_maker_close(&maker);
    ledger_maker_sql(&maker, "DROP TABLE checked; PRAGMA user_version = 1");
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    ck_assert_int_eq(ledger_maker_number(&maker, "PRAGMA user_version"), 2);
    ck_assert_int_eq(ledger_maker_number(&maker, "SELECT size FROM checked"), 4);
    const struct maker_edition another = {.instrument = "pact", .clauses = CLAUSES, .clauses_count = 3};
    ledger_maker_deposit(&maker, &another);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
}
END_TEST

START_TEST(a_migration_that_fails_changes_nothing) {
    struct fault fault = {0};
    ledger_maker_close(&maker);
    ledger_maker_sql(&maker, "PRAGMA user_version = 1"); /* its step will find its table there */
    ck_error(ledger_maker_reopen(&maker, &fault), DEPOSITARY_E_IO, &fault, "already exists");
    ck_assert_int_eq(ledger_maker_number(&maker, "PRAGMA user_version"), 1);
}
END_TEST

START_TEST(a_file_of_a_newer_version_is_refused) {
    struct fault fault = {0};
    ledger_maker_close(&maker);
    ledger_maker_sql(&maker, "PRAGMA user_version = 3");
    ck_error(ledger_maker_reopen(&maker, &fault), DEPOSITARY_E_FORMAT, &fault, "version 3");
    ck_assert_int_eq(ledger_maker_number(&maker, "PRAGMA user_version"), 3);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("opening");
    TCase *tcase = tcase_create("opening");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, an_append_leaves_its_mark);
    tcase_add_test(tcase, opening_leaves_a_mark_where_there_is_none);
    tcase_add_loop_test(tcase, damage_is_found_by_hashing_and_named, 0, (int)(sizeof damages / sizeof damages[0]));
    tcase_add_test(tcase, a_clause_changed_with_its_hash_is_found_by_hashing);
    tcase_add_test(tcase, rules_are_judged_unless_a_true_mark_says_that_they_were);
    tcase_add_test(tcase, a_mark_in_a_backup_is_not_believed);
    tcase_add_test(tcase, a_file_of_version_1_is_migrated);
    tcase_add_test(tcase, a_migration_that_fails_changes_nothing);
    tcase_add_test(tcase, a_file_of_a_newer_version_is_refused);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
