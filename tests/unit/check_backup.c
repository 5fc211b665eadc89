/* Backups of a ledger: what is made is the ledger of one moment, what is restored was checked, and nothing is taken back. src/ledger/backup.c. */
#include "ledger_maker.h"

#include "base/file.h"
#include "ledger/backup.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct ledger_maker maker;
static char room[64];   /* where backups go */
static char backup[80]; /* one */
static char other[80];  /* another folder */
static struct backup held;
static struct fault fault;

static const struct maker_clause CLAUSES[] = {{"cl_1", "1. One.\n"}, {"cl_2", "2. Two.\n"}};
static const struct maker_edition FIRST = {.instrument = "first", .clauses = CLAUSES, .clauses_count = 2};
static const struct maker_edition SECOND = {.instrument = "second", .clauses = CLAUSES, .clauses_count = 2};

static void set_up(void) {
    fault = (struct fault){0};
    ledger_maker_begin_with_key(&maker);
    ledger_maker_deposit(&maker, &FIRST);
    strcpy(room, "/tmp/check_backup.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(room));
    snprintf(backup, sizeof(backup), "%s/backup", room);
    snprintf(other, sizeof(other), "%s/other", room);
}

static void tear_down(void) {
    char command[96];
    ledger_maker_end(&maker);
    snprintf(command, sizeof(command), "rm -rf %s", room);
    ck_assert_int_eq(system(command), 0);
}

static unsigned files_in(const char *dir) {
    unsigned count = 0;
    DIR *entries = opendir(dir);
    ck_assert_ptr_nonnull(entries);
    for (const struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

static void ck_back_up(void) {
    int error = ledger_back_up(maker.dir, backup, maker.policy, &held, &fault);
    ck_assert_msg(error == 0, "%s", fault_text(&fault));
}

static void ck_restores(const char *dir) {
    int error = ledger_restore(backup, dir, maker.policy, &held, &fault);
    ck_assert_msg(error == 0, "%s", fault_text(&fault));
}

static void ck_refused(const char *dir, int expected, const char *words) {
    struct backup none = {.size = 77};
    fault = (struct fault){0};
    int error = ledger_restore(backup, dir, maker.policy, &none, &fault);
    ck_assert_msg(error == expected, "error %d, expected %d: %s", error, expected, fault_text(&fault));
    ck_assert_msg(strstr(fault_text(&fault), words) != NULL, "\"%s\" does not say \"%s\"", fault_text(&fault), words);
    ck_assert_uint_eq(none.size, 77);
}

/* SQL on the backup's file, with the triggers of the schema out of the way. */
static void change_backup(const char *sql) {
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(backup, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA writable_schema = ON", NULL, NULL, NULL), SQLITE_OK);
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    ck_assert_msg(code == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

START_TEST(a_backup_is_one_closed_file_with_the_ledger_of_now) {
    struct stat about;
    ck_back_up();
    ck_assert_uint_eq(held.size, 4);
    ck_assert_int_eq(held.register_time_s, MAKER_NOW);
    ck_assert_uint_eq(files_in(room), 1);
    ck_assert_int_eq(stat(backup, &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0600);
}
END_TEST

START_TEST(nothing_is_written_over) {
    ck_assert_int_eq(file_write(backup, BYTES("precious"), 0600, NULL), 0);
    ck_assert_int_eq(ledger_back_up(maker.dir, backup, maker.policy, &held, &fault), DEPOSITARY_E_EXISTS);
    ck_assert_uint_eq(files_in(room), 1);
    ck_assert_int_eq(ledger_back_up(other, "nowhere", maker.policy, &held, &fault), DEPOSITARY_E_MISSING);
}
END_TEST

START_TEST(of_a_damaged_ledger_no_backup_is_left) {
    ledger_maker_close(&maker);
    ledger_maker_sql(&maker, "UPDATE clause SET record = flip(record, -2) WHERE id = 1");
    ck_assert_int_eq(ledger_back_up(maker.dir, backup, maker.policy, &held, &fault), DEPOSITARY_E_DAMAGED);
    ck_assert_uint_eq(files_in(room), 0);
}
END_TEST

/* Of the same origin, with a key that did not sign. */
START_TEST(another_policy_believes_no_backup) {
    struct policy *policy = NULL;
    struct maker_key key;
    struct buffer text;
    ck_back_up();
    maker_key_make(&key, MAKER_ORIGIN, NOTE_TYPE_ED25519, 99);
    buffer_init(&text, POLICY_TEXT_MAX);
    buffer_append_text(&text, "log ");
    verifier_key_print(&text, &key.verifier);
    buffer_append_text(&text, "\nquorum none\n");
    ck_assert_int_eq(policy_parse(&policy, buffer_bytes(&text), NULL), 0);
    ck_assert_int_eq(ledger_restore(backup, other, policy, &held, NULL), DEPOSITARY_E_CHECKPOINT_KEY);
    policy_free(policy);
    buffer_free(&text);
}
END_TEST

START_TEST(a_restored_ledger_goes_on) {
    ck_back_up();
    ck_restores(other);
    ck_assert(!held.is_replacing);
    ck_assert_uint_eq(files_in(other), 2); /* the ledger and the lock */
    ledger_maker_close(&maker);
    snprintf(maker.url, sizeof(maker.url), "sqlite:%s/ledger.db", other);
    ck_assert_int_eq(ledger_maker_reopen(&maker, &fault), 0);
    ledger_maker_deposit(&maker, &SECOND);
    ledger_maker_close(&maker);
}
END_TEST

START_TEST(nothing_is_taken_back) {
    ck_back_up();
    ledger_maker_deposit(&maker, &SECOND);
    ledger_maker_close(&maker);
    ck_refused(maker.dir, DEPOSITARY_E_STATE, "nothing is taken back");
    ck_assert_int_eq(ledger_maker_reopen(&maker, &fault), 0);
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    ck_assert_uint_eq(state->size, 6);
    ledger_state_release(state);
}
END_TEST

START_TEST(a_later_backup_takes_the_place_of_its_beginning_also_of_a_damaged_one) {
    ck_back_up();
    ck_restores(other);
    ledger_maker_deposit(&maker, &SECOND);
    ck_assert_int_eq(unlink(backup), 0);
    ck_back_up();
    struct ledger_maker beginning = maker;
    snprintf(beginning.path, sizeof(beginning.path), "%s/ledger.db", other);
    ledger_maker_sql(&beginning, "UPDATE clause SET record = flip(record, -2) WHERE id = 1");
    ck_restores(other);
    ck_assert(held.is_replacing);
    ck_assert_uint_eq(held.replaced, 4);
    ck_assert_uint_eq(held.size, 6);
}
END_TEST

/* By the same key, of the same size, and not the same. */
START_TEST(another_ledger_is_not_replaced) {
    struct ledger_maker fork;
    ck_back_up();
    ledger_maker_begin_with_key(&fork);
    ledger_maker_deposit(&fork, &SECOND);
    ledger_maker_close(&fork);
    ck_refused(fork.dir, DEPOSITARY_E_FORK, "another ledger");
    ck_assert_int_eq(ledger_maker_reopen(&fork, &fault), 0);
    ledger_maker_end(&fork);
}
END_TEST

START_TEST(a_ledger_in_use_is_not_replaced) {
    char path[96];
    int lock = -1;
    ck_back_up();
    ck_assert_int_eq(file_make_dir(other, 0755, NULL), 0);
    snprintf(path, sizeof(path), "%s/%s", other, LEDGER_LOCK);
    ck_assert_int_eq(file_lock(&lock, path, NULL), 0);
    ck_refused(other, DEPOSITARY_E_STATE, "stop it first");
    close(lock);
    ck_restores(other);
    /* another program that has the file open: a closing would leave its -wal to the new one */
    ck_refused(maker.dir, DEPOSITARY_E_STATE, "in use");
}
END_TEST

START_TEST(a_ledger_in_use_is_no_backup) {
    ck_assert_int_eq(ledger_restore(maker.path, other, maker.policy, &held, &fault), DEPOSITARY_E_STATE);
    ck_assert_ptr_nonnull(strstr(fault_text(&fault), "depositary backup"));
}
END_TEST

static const struct {
    const char *sql;
    int error;
    const char *words;
} CHANGES[] = {
    {"DELETE FROM sqlite_schema WHERE name = 'clause_no_update'", DEPOSITARY_E_DAMAGED, "entry_no_delete"},
    {"CREATE TRIGGER later AFTER INSERT ON entry BEGIN SELECT 1; END", DEPOSITARY_E_DAMAGED, "later"},
    {"CREATE VIEW more AS SELECT 1", DEPOSITARY_E_DAMAGED, "more"},
    {"CREATE TABLE more (x)", DEPOSITARY_E_DAMAGED, "more"},
    {"UPDATE sqlite_schema SET sql = replace(sql, '65535', '65536') WHERE name = 'entry'", DEPOSITARY_E_DAMAGED,
     "entry"},
    {"DROP TRIGGER entry_no_delete; DELETE FROM entry WHERE idx = 3;"
     "CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'append-only'); END;",
     DEPOSITARY_E_DAMAGED, ""},
    {"DROP TRIGGER checkpoint_no_delete; DELETE FROM checkpoint;"
     "CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint BEGIN SELECT raise(ABORT, 'append-only'); END;",
     DEPOSITARY_E_DAMAGED, ""},
    /* two indexes that have changed places: whatever is read by way of them is another's */
    {"UPDATE sqlite_schema SET rootpage = (SELECT sum(rootpage) FROM sqlite_schema WHERE name IN ('entry_leaf_hash',"
     " 'sqlite_autoindex_clause_1')) - rootpage WHERE name IN ('entry_leaf_hash', 'sqlite_autoindex_clause_1')",
     DEPOSITARY_E_DAMAGED, "index"},
    {"PRAGMA application_id = 7", DEPOSITARY_E_FORMAT, "not a ledger's file"},
    {"PRAGMA user_version = 99", DEPOSITARY_E_FORMAT, "newer"},
};

START_TEST(a_backup_that_was_changed_is_refused) {
    ck_back_up();
    change_backup(CHANGES[_i].sql);
    ck_refused(other, CHANGES[_i].error, CHANGES[_i].words);
    ck_assert_uint_eq(files_in(other), 1); /* the lock */
}
END_TEST

/* Any byte of it: refused, or of no weight: then all that was deposited is there all the same. */
START_TEST(a_flipped_byte_loses_nothing_unseen) {
    struct hash root;
    ck_back_up();
    root = held.root;
    int file = open(backup, O_RDWR);
    ck_assert_int_ge(file, 0);
    off_t len = lseek(file, 0, SEEK_END);
    unsigned refused = 0;
    for (off_t at = 0; at < len; at += 601) {
        uint8_t byte;
        ck_assert_int_eq(pread(file, &byte, 1, at), 1);
        byte ^= 0x10;
        ck_assert_int_eq(pwrite(file, &byte, 1, at), 1);
        int error = ledger_restore(backup, other, maker.policy, &held, NULL);
        refused += error != 0;
        ck_assert(error != 0 || (held.size == 4 && hash_equal(&held.root, &root)));
        byte ^= 0x10;
        ck_assert_int_eq(pwrite(file, &byte, 1, at), 1);
    }
    close(file);
    ck_assert_uint_gt(refused, 4);
    ck_restores(other);
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("backup");
    TCase *cases = tcase_create("backup");
    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_backup_is_one_closed_file_with_the_ledger_of_now);
    tcase_add_test(cases, nothing_is_written_over);
    tcase_add_test(cases, of_a_damaged_ledger_no_backup_is_left);
    tcase_add_test(cases, another_policy_believes_no_backup);
    tcase_add_test(cases, a_restored_ledger_goes_on);
    tcase_add_test(cases, nothing_is_taken_back);
    tcase_add_test(cases, a_later_backup_takes_the_place_of_its_beginning_also_of_a_damaged_one);
    tcase_add_test(cases, another_ledger_is_not_replaced);
    tcase_add_test(cases, a_ledger_in_use_is_not_replaced);
    tcase_add_test(cases, a_ledger_in_use_is_no_backup);
    tcase_add_loop_test(cases, a_backup_that_was_changed_is_refused, 0, sizeof(CHANGES) / sizeof(*CHANGES));
    tcase_add_test(cases, a_flipped_byte_loses_nothing_unseen);
    suite_add_tcase(all, cases);
    return all;
}

int main(void) {
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
