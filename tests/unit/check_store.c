/* The SQLite store below the ledger: what is committed and when it is seen, files, damage. src/ledger/store.h. */
#include "ledger_maker.h"

#include "ledger/store.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static char path[96];
static struct store *store;

static void open_store(void) {
    ck_assert_int_eq(store_sqlite_open(&store, path, true, NULL), 0);
}

static void close_store(void) {
    if (store != NULL)
        store->ops->close(store);
    store = NULL;
}

static void set_up(void) {
    snprintf(dir, sizeof dir, "/tmp/depositary-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/ledger.db", dir);
    open_store();
}

/* Files in the folder; removes them where asked to. */
static size_t files(bool remove) {
    size_t count = 0;
    DIR *open = opendir(dir);
    const struct dirent *entry;
    ck_assert_ptr_nonnull(open);
    while ((entry = readdir(open)) != NULL) {
        char name[512];
        if (entry->d_name[0] == '.')
            continue;
        count++;
        snprintf(name, sizeof name, "%s/%s", dir, entry->d_name);
        if (remove)
            ck_assert_int_eq(unlink(name), 0);
    }
    closedir(open);
    return count;
}

static void tear_down(void) {
    close_store();
    files(true);
    ck_assert_int_eq(rmdir(dir), 0);
}

static struct hash hash_of(struct bytes record) {
    struct hash hash;
    merkle_leaf_hash(&hash, record);
    return hash;
}

static void begin(uint64_t expected) {
    uint64_t entries = 99;
    ck_assert_int_eq(store->ops->begin(store, &entries, NULL), 0);
    ck_assert_uint_eq(entries, expected);
}

static int put_entry(uint64_t index, const char *record) {
    struct hash hash = hash_of(bytes_text(record));
    return store->ops->put_entry(store, index, bytes_text(record), &hash, NULL);
}

static int put_clause(uint64_t edition, uint64_t place, const char *record) {
    struct hash hash = hash_of(bytes_text(record));
    return store->ops->put_clause(store, edition, place, bytes_text(record), &hash, NULL);
}

static uint64_t size_of(struct store_reader *reader) {
    uint64_t size = 99;
    ck_assert_int_eq(store->ops->size(reader, &size, NULL), 0);
    return size;
}

static struct store_reader *read_begin(void) {
    struct store_reader *reader;
    ck_assert_int_eq(store->ops->read_begin(store, &reader, NULL), 0);
    return reader;
}

START_TEST(rows_come_back) {
    struct store_reader *reader;
    struct buffer out;
    struct hash hash, expected = hash_of(BYTES("two")), node;
    uint64_t number, len;
    struct fault fault = {0};
    memset(node.bytes, 5, HASH_LEN);
    begin(0);
    ck_assert_int_eq(put_entry(0, "one"), 0);
    ck_assert_int_eq(put_entry(1, "two"), 0);
    ck_assert_int_eq(put_entry(2, "two"), 0);
    ck_assert_int_eq(store->ops->put_node(store, 0, 1, 0, &node, NULL), 0);
    ck_assert_int_eq(put_clause(1, 0, "clause"), 0);
    ck_assert_int_eq(put_clause(1, 1, ""), 0);
    ck_assert_int_eq(put_clause(2, 0, "clause"), 0);
    ck_assert_int_eq(store->ops->put_checkpoint(store, 3, BYTES("note"), NULL), 0);
    ck_assert_int_eq(store->ops->put_checkpoint(store, 3, BYTES("longer note"), NULL), 0);
    ck_assert_int_eq(store->ops->commit(store, NULL), 0);

    buffer_init(&out, 1000);
    reader = read_begin();
    ck_assert_uint_eq(size_of(reader), 3);
    ck_assert_int_eq(store->ops->entry(reader, 1, &out, &hash, NULL), 0);
    ck_assert(bytes_equal(buffer_bytes(&out), BYTES("two")) && hash_equal(&hash, &expected));
    ck_assert_int_eq(store->ops->entry(reader, 3, &out, &hash, &fault), DEPOSITARY_E_MISSING);
    ck_assert_str_eq(fault_text(&fault), "entry 3 is not there");
    ck_assert_int_eq(store->ops->entry(reader, UINT64_MAX, &out, &hash, NULL), DEPOSITARY_E_IO);
    ck_assert_int_eq(store->ops->find(reader, &expected, &number, NULL), 0);
    ck_assert_uint_eq(number, 1);
    ck_assert_int_eq(store->ops->find(reader, &node, &number, NULL), DEPOSITARY_E_MISSING);
    ck_assert_int_eq(store->ops->node(reader, 0, 0, 1, &hash, NULL), 0);
    ck_assert(hash_equal(&hash, &expected));
    ck_assert_int_eq(store->ops->node(reader, 0, 1, 0, &hash, NULL), 0);
    ck_assert(hash_equal(&hash, &node));
    expected = hash_of(BYTES("clause"));
    ck_assert_int_eq(store->ops->node(reader, 2, 0, 0, &hash, NULL), 0);
    ck_assert(hash_equal(&hash, &expected));
    ck_assert_int_eq(store->ops->node(reader, 2, 1, 0, &hash, &fault), DEPOSITARY_E_MISSING);
    ck_assert_str_eq(fault_text(&fault), "node 1/0 of the edition at entry 1 is not there");
    buffer_clear(&out);
    ck_assert_int_eq(store->ops->clause(reader, 2, 0, &out, NULL), 0);
    ck_assert(bytes_equal(buffer_bytes(&out), BYTES("clause")));
    ck_assert_int_eq(store->ops->clause_hash(reader, 1, 1, &hash, &len, NULL), 0);
    ck_assert_uint_eq(len, 0);
    ck_assert_int_eq(store->ops->clause(reader, 2, 1, &out, &fault), DEPOSITARY_E_MISSING);
    ck_assert_str_eq(fault_text(&fault), "clause at place 1 of the edition at entry 2 is not there");
    buffer_clear(&out);
    ck_assert_int_eq(store->ops->checkpoint_from(reader, 1, &out, &number, NULL), 0);
    ck_assert(number == 3 && bytes_equal(buffer_bytes(&out), BYTES("longer note")));
    ck_assert_int_eq(store->ops->checkpoint_from(reader, 4, &out, &number, NULL), DEPOSITARY_E_MISSING);
    store->ops->read_end(store, reader);
    buffer_free(&out);
}
END_TEST

START_TEST(readers_see_what_is_committed_and_keep_to_it) {
    struct store_reader *before = read_begin(), *during, *after;
    ck_assert_uint_eq(size_of(before), 0);
    begin(0);
    ck_assert_int_eq(put_entry(0, "one"), 0);
    during = read_begin();
    ck_assert_uint_eq(size_of(during), 0);
    ck_assert_int_eq(store->ops->commit(store, NULL), 0);
    after = read_begin();
    ck_assert_uint_eq(size_of(after), 1);
    ck_assert_uint_eq(size_of(before), 0);
    ck_assert_uint_eq(size_of(during), 0);
    store->ops->read_end(store, before);
    store->ops->read_end(store, during);
    store->ops->read_end(store, after);
    after = read_begin();
    ck_assert_uint_eq(size_of(after), 1);
    store->ops->read_end(store, after);
}
END_TEST

START_TEST(rollback_takes_everything_back) {
    begin(0);
    ck_assert_int_eq(put_entry(0, "one"), 0);
    ck_assert_int_eq(put_clause(0, 0, "clause"), 0);
    store->ops->rollback(store);
    store->ops->rollback(store);
    begin(0);
    ck_assert_int_eq(put_entry(0, "other"), 0);
    close_store(); /* in the middle */
    open_store();
    begin(0);
    store->ops->rollback(store);
}
END_TEST

START_TEST(row_that_is_there_is_not_put_again) {
    struct hash hash = hash_of(BYTES("x"));
    begin(0);
    ck_assert_int_eq(put_entry(0, "one"), 0);
    ck_assert_int_eq(put_entry(0, "other"), DEPOSITARY_E_DAMAGED);
    ck_assert_int_eq(store->ops->put_node(store, 0, 1, 0, &hash, NULL), 0);
    ck_assert_int_eq(store->ops->put_node(store, 0, 1, 0, &hash, NULL), DEPOSITARY_E_DAMAGED);
    ck_assert_int_eq(put_clause(0, 0, "clause"), 0);
    ck_assert_int_eq(put_clause(0, 0, "clause"), DEPOSITARY_E_DAMAGED);
    store->ops->rollback(store);
}
END_TEST

START_TEST(tables_are_append_only) {
    static const char *const attempts[] = {
        "DELETE FROM entry",
        "DELETE FROM clause",
        "DELETE FROM place",
        "DELETE FROM node",
        "DELETE FROM checkpoint",
        "UPDATE entry SET record = x'00'",
        "UPDATE clause SET record = x'00'",
        "UPDATE place SET clause = 7",
        "UPDATE node SET idx = 7",
        "REPLACE INTO entry VALUES (0, zeroblob(32), 7)",
        "INSERT INTO entry VALUES (1, zeroblob(31), x'00')",
        "INSERT INTO entry VALUES (1, 'text', x'00')",
        "INSERT INTO node VALUES (0, 0, 0, zeroblob(32))",
        "INSERT INTO node VALUES (0, 1, -1, zeroblob(32))",
    };
    struct hash hash = hash_of(BYTES("x"));
    begin(0);
    ck_assert_int_eq(put_entry(0, "one"), 0);
    ck_assert_int_eq(put_clause(0, 0, "clause"), 0);
    ck_assert_int_eq(store->ops->put_node(store, 0, 1, 0, &hash, NULL), 0);
    ck_assert_int_eq(store->ops->put_checkpoint(store, 1, BYTES("note"), NULL), 0);
    ck_assert_int_eq(store->ops->commit(store, NULL), 0);
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++)
        ck_assert_msg(sqlite3_exec(db, attempts[i], NULL, NULL, NULL) != SQLITE_OK, "%s", attempts[i]);
    sqlite3_close(db);
}
END_TEST

static int note_place(void *context, uint64_t place) {
    uint64_t *places = context;
    *places = *places * 10 + place;
    return 0;
}

static int stop_at_second(void *context, uint64_t place, struct bytes record, const struct hash *leaf_hash) {
    int *calls = context;
    (void)place;
    ck_assert(record.len > 0 && leaf_hash == NULL);
    return ++*calls == 2 ? DEPOSITARY_E_LIMIT : 0;
}

static void stage(uint64_t edition, uint64_t place, const char *record, bool expected) {
    bool is_new;
    ck_assert_int_eq(store->ops->stage_put(store, edition, place, bytes_text(record), &is_new, NULL), 0);
    ck_assert(is_new == expected);
}

START_TEST(staging_has_no_file_and_no_part_in_the_ledger) {
    uint64_t places = 0;
    int calls = 0;
    size_t before = files(false);
    ck_assert_int_eq(store->ops->stage_places(store, 5, note_place, &places, NULL), 0);
    ck_assert_int_eq(store->ops->stage_begin(store, NULL), 0);
    stage(5, 3, "three", true);
    stage(5, 1, "one", true);
    stage(5, 1, "again", false);
    stage(6, 2, "another's", true);
    ck_assert_int_eq(store->ops->stage_commit(store, NULL), 0);
    ck_assert_int_eq(store->ops->stage_begin(store, NULL), 0);
    stage(5, 4, "taken back", true);
    store->ops->stage_rollback(store);
    store->ops->stage_rollback(store);
    ck_assert_int_eq(store->ops->stage_places(store, 5, note_place, &places, NULL), 0);
    ck_assert_uint_eq(places, 13);
    ck_assert_int_eq(store->ops->stage_clauses(store, 5, stop_at_second, &calls, NULL), DEPOSITARY_E_LIMIT);
    ck_assert_uint_eq(files(false), before);
    struct store_reader *reader = read_begin();
    ck_assert_uint_eq(size_of(reader), 0);
    store->ops->read_end(store, reader);
    store->ops->stage_clear(store);
    places = 0;
    ck_assert_int_eq(store->ops->stage_places(store, 5, note_place, &places, NULL), 0);
    ck_assert_uint_eq(places, 0);
}
END_TEST

START_TEST(files_are_ours_alone) {
    struct stat status;
    DIR *open = opendir(dir);
    const struct dirent *entry;
    size_t count = 0;
    begin(0);
    ck_assert_int_eq(put_entry(0, "one"), 0);
    ck_assert_int_eq(store->ops->commit(store, NULL), 0);
    while ((entry = readdir(open)) != NULL) {
        char name[512];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", dir, entry->d_name);
        ck_assert_int_eq(stat(name, &status), 0);
        ck_assert_msg((status.st_mode & 0777) == 0600, "%s has mode %o", name, (unsigned)status.st_mode & 0777u);
        count++;
    }
    closedir(open);
    ck_assert_uint_ge(count, 2); /* the file and its log */
}
END_TEST

START_TEST(file_that_is_not_there) {
    struct store *none = NULL;
    char name[128];
    snprintf(name, sizeof name, "%s/none.db", dir);
    ck_assert_int_eq(store_sqlite_open(&none, name, false, NULL), DEPOSITARY_E_MISSING);
    ck_assert_int_eq(access(name, F_OK), -1);
    snprintf(name, sizeof name, "%s/none/none.db", dir);
    ck_assert_int_eq(store_sqlite_open(&none, name, true, NULL), DEPOSITARY_E_IO);
    ck_assert_ptr_null(none);
}
END_TEST

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(name, "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(file_that_is_something_else) {
    struct store *none = NULL;
    struct fault fault = {0};
    char name[128];
    sqlite3 *db;
    snprintf(name, sizeof name, "%s/other.db", dir);
    write_file(name,
               "This is a text of a treaty, and no database at all. It is long enough to be looked at in earnest.\n");
    ck_assert_int_eq(store_sqlite_open(&none, name, true, &fault), DEPOSITARY_E_DAMAGED);
    /* empty: what a crash leaves before the first byte, or nothing at all */
    write_file(name, "");
    ck_assert_int_eq(store_sqlite_open(&none, name, false, NULL), DEPOSITARY_E_MISSING);
    ck_assert_int_eq(sqlite3_open(name, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "CREATE TABLE entry (x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    ck_assert_int_eq(store_sqlite_open(&none, name, true, &fault), DEPOSITARY_E_FORMAT);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA user_version = 3", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    ck_assert_int_eq(store_sqlite_open(&none, path, true, &fault), DEPOSITARY_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(fault_text(&fault), "version 3"));
    ck_assert_ptr_null(none);
}
END_TEST

/* Turns over bytes of the closed file, page by page: whatever SQLite then says of it is an error of ours, and never the wrong bytes. */
START_TEST(any_damaged_page_is_refused_or_changes_nothing) {
    struct ledger_maker maker;
    struct maker_clause *clauses;
    ledger_maker_begin_with_key(&maker);
    maker_clauses_make(&clauses, 40, 300, 1);
    const struct maker_edition plan = {.instrument = "treaty", .clauses = clauses, .clauses_count = 40};
    ledger_maker_deposit(&maker, &plan);
    ledger_maker_close(&maker);
    struct hash root, found;
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    ck_assert_int_eq(ledger_root_at(maker.ledger, 4, &root), 0);
    ledger_maker_close(&maker);

    int file = open(maker.path, O_RDWR);
    off_t size = lseek(file, 0, SEEK_END);
    unsigned refused = 0;
    ck_assert_int_gt(size, 4096 * 8);
    for (off_t at = 20; at < size; at += 397) {
        uint8_t byte, changed;
        ck_assert_int_eq(pread(file, &byte, 1, at), 1);
        changed = byte ^ 0x21;
        ck_assert_int_eq(pwrite(file, &changed, 1, at), 1);
        struct fault fault = {0};
        int error = ledger_maker_reopen(&maker, &fault);
        if (error == 0) {
            /* in what is not used: free space, an index, the words of the schema */
            ck_assert_int_eq(ledger_root_at(maker.ledger, 4, &found), 0);
            ck_assert(hash_equal(&found, &root));
        } else {
            ck_assert_msg(error == DEPOSITARY_E_DAMAGED || error == DEPOSITARY_E_FORMAT || error == DEPOSITARY_E_IO ||
                              error == DEPOSITARY_E_MISSING || error == DEPOSITARY_E_CHECKPOINT_KEY,
                          "at %ld: %d %s", (long)at, error, fault_text(&fault));
            ck_assert_str_ne(fault_text(&fault), "");
            refused++;
        }
        ledger_maker_close(&maker);
        ck_assert_int_eq(pwrite(file, &byte, 1, at), 1);
    }
    ck_assert_uint_ge(refused, 20);
    close(file);
    ck_assert_int_eq(ledger_maker_reopen(&maker, NULL), 0);
    maker_clauses_free(clauses, 40);
    ledger_maker_end(&maker);
}
END_TEST

START_TEST(truncated_file_is_damaged) {
    struct ledger_maker maker;
    struct maker_clause *clauses;
    struct fault fault = {0};
    ledger_maker_begin_with_key(&maker);
    maker_clauses_make(&clauses, 40, 300, 1);
    const struct maker_edition plan = {.instrument = "treaty", .clauses = clauses, .clauses_count = 40};
    ledger_maker_deposit(&maker, &plan);
    ledger_maker_close(&maker);
    ck_assert_int_eq(truncate(maker.path, 4096 * 8), 0);
    int error = ledger_maker_reopen(&maker, &fault);
    ck_assert_msg(error == DEPOSITARY_E_DAMAGED, "%d %s", error, fault_text(&fault));
    maker_clauses_free(clauses, 40);
    ledger_maker_end(&maker);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        rows_come_back,
        readers_see_what_is_committed_and_keep_to_it,
        rollback_takes_everything_back,
        row_that_is_there_is_not_put_again,
        tables_are_append_only,
        staging_has_no_file_and_no_part_in_the_ledger,
        files_are_ours_alone,
        file_that_is_not_there,
        file_that_is_something_else,
        any_damaged_page_is_refused_or_changes_nothing,
        truncated_file_is_damaged,
    };
    Suite *suite = suite_create("store");
    TCase *tcase = tcase_create("store");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
