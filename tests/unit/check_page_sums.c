/* A file with sums, and its log, in which bytes are changed: what is read is what was written, or an error. */
#include "catalog/page_sums.h"

#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE         PAGE_SUMS_PAGE
#define LOG_HEADER   32
#define FRAME_HEADER 24
#define FRAME        (FRAME_HEADER + PAGE)
#define ROWS         9 /* of 500 bytes; the last is so long that it has pages of its own */

#define PAGES 4 /* at least */

static char dir[] = "/tmp/check_page_sums.XXXXXX";
static char path[64], log_path[80];
static sqlite3 *writer; /* keeps the log from being merged */

static sqlite3 *open_file(const char *vfs) {
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs), SQLITE_OK);
    sqlite3_extended_result_codes(db, 1);
    if (vfs)
        ck_assert_int_eq(page_sums_prepare(db), SQLITE_OK);
    return db;
}

static void run(sqlite3 *db, const char *sql) {
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
}

/* All rows, read by a connection of its own. True where they are the ones that were written; false, with the error of SQLite's. */
static bool reads_true(const char *vfs, int *rc) {
    char wanted[512];
    sqlite3 *db = open_file(vfs);
    sqlite3_stmt *statement = NULL;
    int rows = 0;
    *rc = sqlite3_prepare_v2(db, "SELECT id, words FROM lines ORDER BY id", -1, &statement, NULL);
    while (*rc == SQLITE_OK && (*rc = sqlite3_step(statement)) == SQLITE_ROW) {
        int id = sqlite3_column_int(statement, 0);
        memset(wanted, 'a' + id % 26, 500);
        int len = sqlite3_column_bytes(statement, 1);
        ck_assert_int_eq(id, ++rows);
        ck_assert_int_eq(len, id == ROWS ? 9000 : 500);
        for (int at = 0; at < len; at += 500)
            ck_assert_mem_eq((const char *)sqlite3_column_blob(statement, 1) + at, wanted, 500);
        *rc = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    ck_assert(*rc != SQLITE_DONE || rows == ROWS);
    return *rc == SQLITE_DONE;
}

static void write_rows(sqlite3 *db) {
    run(db, "BEGIN; CREATE TABLE lines (id INTEGER PRIMARY KEY, words TEXT)");
    for (int id = 1; id <= ROWS; id++) {
        char *sql = sqlite3_mprintf("INSERT INTO lines VALUES (%d, replace(hex(zeroblob(%d)), '00', '%c'))", id,
                                    id == ROWS ? 9000 : 500, 'a' + id % 26);
        run(db, sql);
        sqlite3_free(sql);
    }
    run(db, "COMMIT");
}

static void set_up(void) {
    ck_assert_int_eq(page_sums_register(), 0);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/file", dir);
    snprintf(log_path, sizeof log_path, "%s-wal", path);
    writer = open_file(PAGE_SUMS_VFS);
    run(writer, "PRAGMA journal_mode = WAL");
    write_rows(writer);
}

static void tear_down(void) {
    char name[96];
    sqlite3_close(writer);
    const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
    rmdir(dir);
}

/* Merges the log into the file. */
static void close_writer(void) {
    ck_assert_int_eq(sqlite3_close(writer), SQLITE_OK);
    writer = NULL;
    ck_assert_int_ne(access(log_path, F_OK), 0);
}

static off_t size_of(const char *name) {
    struct stat status;
    ck_assert_int_eq(stat(name, &status), 0);
    return status.st_size;
}

static void move_bytes(const char *name, void *data, size_t len, off_t at, bool is_write) {
    int fd = open(name, O_RDWR);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(is_write ? pwrite(fd, data, len, at) : pread(fd, data, len, at), (ssize_t)len);
    close(fd);
}

static void flip(const char *name, off_t at) {
    uint8_t byte;
    move_bytes(name, &byte, 1, at, false);
    byte ^= (uint8_t)(1u << at % 8);
    move_bytes(name, &byte, 1, at, true);
}

/* ---- the file */

START_TEST(what_was_written_is_read) {
    int rc;
    ck_assert(reads_true(PAGE_SUMS_VFS, &rc)); /* from the log */
    close_writer();
    ck_assert(reads_true(PAGE_SUMS_VFS, &rc));
    ck_assert(reads_true(NULL, &rc)); /* whoever has SQLite can look into the file */
}
END_TEST

START_TEST(no_byte_of_the_file_changes_unnoticed) {
    int rc;
    close_writer();
    off_t size = size_of(path);
    ck_assert_int_ge(size, PAGES * PAGE);
    for (off_t at = 0; at < size; at++) {
        flip(path, at);
        ck_assert_msg(!reads_true(PAGE_SUMS_VFS, &rc), "byte %ld", (long)at);
        ck_assert_msg(rc == SQLITE_IOERR_DATA || (at < 100 && rc == SQLITE_NOTADB), "byte %ld: %d", (long)at, rc);
        flip(path, at);
    }
    ck_assert(reads_true(PAGE_SUMS_VFS, &rc));
}
END_TEST

START_TEST(a_page_of_zeros_and_one_in_anothers_place_are_noticed) {
    uint8_t mine[PAGE], other[PAGE], zeros[PAGE] = {0};
    int rc;
    close_writer();
    off_t size = size_of(path);
    for (off_t at = 0; at < size; at += PAGE) {
        move_bytes(path, mine, PAGE, at, false);
        move_bytes(path, other, PAGE, at > 0 ? at - PAGE : size - PAGE, false);
        move_bytes(path, other, PAGE, at, true);
        ck_assert(!reads_true(PAGE_SUMS_VFS, &rc));
        move_bytes(path, zeros, PAGE, at, true);
        ck_assert(!reads_true(PAGE_SUMS_VFS, &rc));
        move_bytes(path, mine, PAGE, at, true);
    }
    ck_assert(reads_true(PAGE_SUMS_VFS, &rc));
}
END_TEST

/* As its header says, of which SQLite reads the beginning alone at first. */
START_TEST(a_file_whose_pages_have_another_size_is_not_read) {
    uint8_t sizes[][2] = {{2, 0}, {4, 0}, {8, 0}, {0x20, 0}, {0x80, 0}, {0, 1}};
    int rc;
    close_writer();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        move_bytes(path, sizes[i], 2, 16, true);
        ck_assert(!reads_true(PAGE_SUMS_VFS, &rc));
        ck_assert_msg(rc == SQLITE_IOERR_DATA, "%zu: %d", i, rc);
    }
}
END_TEST

/* As later versions of SQLite read the pages of long values. */
START_TEST(a_part_of_a_page_is_read_where_all_of_it_is_as_it_was_written) {
    sqlite3_file *file = NULL;
    uint8_t page[PAGE], part[PAGE + 1];
    int rc;
    close_writer();
    move_bytes(path, page, PAGE, 2 * PAGE, false);
    sqlite3 *db = open_file(PAGE_SUMS_VFS);
    ck_assert_int_eq(sqlite3_file_control(db, NULL, SQLITE_FCNTL_FILE_POINTER, &file), SQLITE_OK);
    ck_assert_int_eq(file->pMethods->xRead(file, part, PAGE - PAGE_SUMS_LEN, 2 * PAGE), SQLITE_OK);
    ck_assert_mem_eq(part, page, PAGE - PAGE_SUMS_LEN);
    ck_assert_int_eq(file->pMethods->xRead(file, part, 7, 2 * PAGE + 1000), SQLITE_OK);
    ck_assert_mem_eq(part, page + 1000, 7);
    ck_assert_int_eq(file->pMethods->xRead(file, part, PAGE, PAGE + 1), SQLITE_IOERR_DATA);
    ck_assert_int_eq(file->pMethods->xRead(file, part, PAGE + 1, PAGE), SQLITE_IOERR_DATA);
    flip(path, 2 * PAGE + 3000);
    ck_assert_int_eq(file->pMethods->xRead(file, part, 7, 2 * PAGE + 1000), SQLITE_IOERR_DATA);
    flip(path, 2 * PAGE + 3000);
    sqlite3_close(db);
    ck_assert(reads_true(PAGE_SUMS_VFS, &rc));
}
END_TEST

START_TEST(a_file_that_was_cut_is_noticed) {
    int rc;
    close_writer();
    for (off_t size = size_of(path) - 1; size > 0; size -= 500) {
        ck_assert_int_eq(truncate(path, size), 0);
        ck_assert_msg(!reads_true(PAGE_SUMS_VFS, &rc), "%ld bytes", (long)size);
    }
}
END_TEST

START_TEST(a_file_without_sums_is_not_read) {
    int rc;
    close_writer();
    unlink(path);
    sqlite3 *plain = open_file(NULL);
    write_rows(plain);
    sqlite3_close(plain);
    ck_assert(reads_true(NULL, &rc));
    ck_assert(!reads_true(PAGE_SUMS_VFS, &rc));
    ck_assert_int_eq(rc, SQLITE_IOERR_DATA);
}
END_TEST

/* ---- the log */

static unsigned frames(void) {
    return (unsigned)((size_of(log_path) - LOG_HEADER) / FRAME);
}

/* Among the frames are some whose pages were written again later: those are not read any more. */
START_TEST(no_byte_of_a_page_in_the_log_changes_unnoticed) {
    unsigned noticed = 0;
    int rc;
    ck_assert_uint_ge(frames(), PAGES);
    for (unsigned frame = 0; frame < frames(); frame++) {
        off_t start = LOG_HEADER + (off_t)frame * FRAME;
        bool is_read = false;
        for (off_t at = start; at < start + FRAME; at++) {
            flip(log_path, at);
            bool is_true = reads_true(PAGE_SUMS_VFS, &rc);
            ck_assert_msg(is_true || rc == SQLITE_IOERR_DATA, "frame %u, byte %ld: %d", frame, (long)(at - start), rc);
            flip(log_path, at);
            if (at == start + FRAME_HEADER)
                is_read = !is_true;
            if (at >= start + FRAME_HEADER)
                ck_assert_msg(is_read == !is_true, "frame %u, byte %ld", frame, (long)(at - start));
        }
        noticed += is_read;
    }
    ck_assert_uint_ge(noticed, PAGES);
    ck_assert(reads_true(PAGE_SUMS_VFS, &rc));
}
END_TEST

/* Else it would have a sum of its own there. */
START_TEST(rot_of_the_log_is_not_merged_into_the_file) {
    int rc;
    run(writer, "PRAGMA wal_checkpoint(TRUNCATE); CREATE TEMP TABLE kept AS SELECT * FROM lines;"
                "BEGIN; DELETE FROM lines; INSERT INTO lines SELECT * FROM kept; COMMIT");
    ck_assert_uint_ge(frames(), PAGES);
    off_t at = LOG_HEADER + (off_t)(frames() - 1) * FRAME + FRAME_HEADER + PAGE / 2;
    flip(log_path, at);
    ck_assert_int_eq(sqlite3_wal_checkpoint_v2(writer, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL),
                     SQLITE_IOERR_DATA);
    ck_assert(!reads_true(PAGE_SUMS_VFS, &rc));
    flip(log_path, at);
    ck_assert(reads_true(PAGE_SUMS_VFS, &rc));
    close_writer();
    ck_assert(reads_true(PAGE_SUMS_VFS, &rc));
}
END_TEST

/* After a crash SQLite tries the log's sums itself, and takes what holds. */
START_TEST(a_log_that_is_left_over_is_read) {
    char copy[96];
    int rc;
    uint8_t *data = malloc((size_t)size_of(log_path));
    off_t len = size_of(log_path);
    move_bytes(log_path, data, (size_t)len, 0, false);
    off_t file_len = size_of(path);
    uint8_t *file = malloc((size_t)file_len);
    move_bytes(path, file, (size_t)file_len, 0, false);
    close_writer();
    snprintf(copy, sizeof copy, "%s-shm", path);
    unlink(copy);
    ck_assert_int_eq(truncate(path, 0), 0);
    move_bytes(path, file, (size_t)file_len, 0, true);
    int fd = open(log_path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(pwrite(fd, data, (size_t)len, 0), len);
    close(fd);
    ck_assert(reads_true(PAGE_SUMS_VFS, &rc));
    free(data);
    free(file);
}
END_TEST

/* Much in one transaction, read back within it; then much is deleted and other things written in its place. */
START_TEST(pages_that_come_and_go_are_read) {
    int rc;
    run(writer, "PRAGMA cache_size = 10; CREATE TABLE much (filler); BEGIN");
    for (int i = 0; i < 400; i++)
        run(writer, "INSERT INTO much VALUES (randomblob(3000))");
    run(writer, "UPDATE much SET filler = randomblob(2500) WHERE rowid % 3 = 0; SELECT sum(length(filler)) FROM much;"
                "DELETE FROM much WHERE rowid > 100; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    run(writer, "INSERT INTO much SELECT randomblob(9000) FROM much; DROP TABLE much; PRAGMA wal_checkpoint(TRUNCATE)");
    run(writer, "BEGIN; CREATE TABLE more (filler); INSERT INTO more SELECT randomblob(9000) FROM lines; ROLLBACK");
    run(writer, "CREATE TABLE more (filler); INSERT INTO more SELECT randomblob(9000) FROM lines");
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_prepare_v2(writer, "PRAGMA integrity_check", -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
    close_writer();
    ck_assert(reads_true(PAGE_SUMS_VFS, &rc));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("page_sums");
    TCase *tcase = tcase_create("sums");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, what_was_written_is_read);
    tcase_add_test(tcase, no_byte_of_the_file_changes_unnoticed);
    tcase_add_test(tcase, a_page_of_zeros_and_one_in_anothers_place_are_noticed);
    tcase_add_test(tcase, a_file_whose_pages_have_another_size_is_not_read);
    tcase_add_test(tcase, a_part_of_a_page_is_read_where_all_of_it_is_as_it_was_written);
    tcase_add_test(tcase, a_file_that_was_cut_is_noticed);
    tcase_add_test(tcase, a_file_without_sums_is_not_read);
    tcase_add_test(tcase, no_byte_of_a_page_in_the_log_changes_unnoticed);
    tcase_add_test(tcase, rot_of_the_log_is_not_merged_into_the_file);
    tcase_add_test(tcase, a_log_that_is_left_over_is_read);
    tcase_add_test(tcase, pages_that_come_and_go_are_read);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
