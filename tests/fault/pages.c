/*
 * Rotten disks: each page of the ledger's and of the catalog's file, and of their write-ahead logs, in turn has a byte that is another, holds garbage or
 * nothing, or what belongs to another page; found by the next start, or met by a service that has the file open. Every answer is the true one or a
 * failure: nothing false is served, nothing crashes. A catalog that is found bad is made anew.
 */
#include "house.h"

#include "base/file.h"
#include "base/log.h"
#include "ledger/ledger_private.h"

#include <check.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE       4096u
#define WAL_HEADER 32u /* of the file, and before each page */
#define WAL_FRAME  24u
#define FILE_MAX   (16u * 1024 * 1024)

enum rot { ROT_FIRST_BYTE, ROT_CELL_COUNT, ROT_BYTE, ROT_LAST_BYTE, ROT_GARBAGE, ROT_ZEROS, ROT_OTHER_PAGE, ROTS };

static struct house house;
static struct buffer ledger_file, wal_file, catalog_file; /* as they were when all was whole */
static char ledger_path[128], wal_path[128];
static uint32_t seed;

/* What came of it. */
static struct {
    unsigned pages;
    unsigned rots;
    unsigned refused;  /* at the start, with a reason */
    unsigned failures; /* answers that say that the service failed */
    unsigned truths;
} seen;

static uint32_t random_number(void) { /* any will do; told with the seed */
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

/* ---- files */

static void put_file(const char *path, const struct buffer *bytes) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes->data, bytes->len), (ssize_t)bytes->len);
    close(fd);
}

static void get_file(struct buffer *out, const char *path) {
    buffer_init(out, FILE_MAX);
    ck_assert_int_eq(file_read(out, path, NULL), 0);
}

/* As they were; has_wal: after a crash, with the last deposit in the log. */
static void restore(bool has_wal) {
    char name[160];
    put_file(ledger_path, &ledger_file);
    put_file(house.catalog_path, &catalog_file);
    for (int i = 0; i < 2; i++) {
        const char *base = i == 0 ? ledger_path : house.catalog_path;
        snprintf(name, sizeof(name), "%s-wal", base);
        unlink(name);
        snprintf(name, sizeof(name), "%s-shm", base);
        unlink(name);
    }
    if (has_wal)
        put_file(wal_path, &wal_file);
}

/* ---- rot */

static void make_rot(uint8_t page[PAGE], enum rot rot, const uint8_t *other) {
    size_t start = page[0] == 'S' ? 100 : 0; /* the first page begins with the file's header */
    size_t places[] = {[ROT_FIRST_BYTE] = start, [ROT_CELL_COUNT] = start + 4, [ROT_LAST_BYTE] = PAGE - 1};
    places[ROT_BYTE] = random_number() % PAGE;
    if (rot <= ROT_LAST_BYTE) {
        page[places[rot]] ^= (uint8_t)(1u << random_number() % 8);
        return;
    }
    for (size_t i = 0; i < PAGE; i++)
        page[i] = rot == ROT_OTHER_PAGE ? other[i] : rot == ROT_GARBAGE ? (uint8_t)random_number() : 0;
}

/* Puts a rotten page into the file at path, whose sound bytes are `whole`; pages lie `stride` apart from `from` on. */
static void rot_page(const char *path, const struct buffer *whole, size_t from, size_t stride, size_t number,
                     enum rot rot) {
    uint8_t page[PAGE];
    size_t count = (whole->len - from + stride - PAGE) / stride;
    size_t other = (number + 1 + random_number() % (count > 1 ? count - 1 : 1)) % count;
    memcpy(page, whole->data + from + number * stride, PAGE);
    make_rot(page, rot, whole->data + from + other * stride);
    int fd = open(path, O_WRONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, page, PAGE, (off_t)(from + number * stride)), (ssize_t)PAGE);
    close(fd);
    seen.rots++;
}

/* ---- what is seen of it */

struct target {
    const char *where;
    const char *path;
    const struct buffer *whole;
    size_t from;   /* of the first page */
    size_t stride; /* from one page to the next */
    bool has_wal;
};

static void ask_all(const struct target *target, size_t page, enum rot rot, uint32_t seed_before) {
    for (size_t i = 0; i < house.questions_count; i++) {
        int code;
        enum house_said said = house_ask(&house, &house.questions[i], &code);
        ck_assert_msg(said == SAID_TRUE || said == SAID_FAILURE, "%s page %zu, rot %d, seed %u: %s: status %d",
                      target->where, page, (int)rot, (unsigned)seed_before, house.questions[i].what, code);
        seen.truths += said == SAID_TRUE;
        seen.failures += said == SAID_FAILURE;
    }
}

static void start_with_rot(const struct target *target, size_t page, enum rot rot, uint32_t seed_before) {
    struct fault fault = {0};
    int error = house_open(&house, &fault);
    if (error) {
        ck_assert_str_ne(fault_text(&fault), "");
        if (target->whole == &catalog_file)
            printf("%s page %zu, rot %d, seed %u: %s\n", target->where, page, (int)rot, (unsigned)seed_before,
                   fault_text(&fault));
        seen.refused++;
        return;
    }
    ask_all(target, page, rot, seed_before);
    house_close(&house);
}

enum when { BEFORE_THE_START, WHILE_OPEN };

static void try_page(const struct target *target, size_t page, enum rot rot, enum when when) {
    uint32_t seed_before = seed;
    restore(target->has_wal);
    if (when == BEFORE_THE_START) {
        rot_page(target->path, target->whole, target->from, target->stride, page, rot);
        start_with_rot(target, page, rot, seed_before);
        return;
    }
    ck_assert_int_eq(house_open(&house, NULL), 0);
    rot_page(target->path, target->whole, target->from, target->stride, page, rot);
    ask_all(target, page, rot, seed_before);
    house_close(&house);
}

static void tell(const struct target *target, const char *when) {
    printf("%s, %s: %u pages, %u rots: %u starts refused, %u answers true, %u failed, none false\n", target->where,
           when, seen.pages, seen.rots, seen.refused, seen.truths, seen.failures);
}

static void try_all(const struct target *target, enum when when) {
    memset(&seen, 0, sizeof(seen));
    size_t first = target->from;
    for (size_t page = 0; first + page * target->stride + PAGE <= target->whole->len; page++) {
        for (int rot = 0; rot < ROTS; rot++)
            try_page(target, page, (enum rot)rot, when);
        seen.pages++;
    }
    tell(target, when == WHILE_OPEN ? "while open" : "before the start");
    ck_assert_uint_gt(seen.pages, 3);
    /* and all is whole with the sound file */
    restore(target->has_wal);
    ck_assert_int_eq(house_open(&house, NULL), 0);
    house_is_whole(&house, "with the sound file");
    house_close(&house);
}

/* ---- a house whose ledger has all kinds of pages: tables, indexes, overflow, free ones, a log that was not merged */

/* Every connection reads its pages from the file each time. */
static int keep_no_pages(sqlite3 *db, char **why, const struct sqlite3_api_routines *api) {
    (void)why;
    (void)api;
    return sqlite3_exec(db, "PRAGMA cache_size = 0", NULL, NULL, NULL);
}

/* An edition with a clause of several pages. */
static void deposit_long_clause(const char *instrument) {
    struct maker_clause *clauses;
    maker_clauses_make(&clauses, 3, 9000, 5);
    ledger_maker_deposit(&house.library.maker,
                         &(struct maker_edition){.instrument = instrument, .clauses = clauses, .clauses_count = 3});
    maker_clauses_free(clauses, 3);
}

static void set_up(void) {
    ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))keep_no_pages), SQLITE_OK);
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    seed = (uint32_t)getpid();
    printf("seed %u\n", (unsigned)seed);
    house_begin(&house);
    struct ledger_maker *maker = &house.library.maker;
    snprintf(ledger_path, sizeof(ledger_path), "%s", maker->path);
    snprintf(wal_path, sizeof(wal_path), "%s-wal", maker->path);
    ledger_maker_sql(maker, "CREATE TABLE scratch (filler); INSERT INTO scratch VALUES (zeroblob(20000));"
                            "DROP TABLE scratch");
    ck_assert_int_ge(ledger_maker_number(maker, "PRAGMA freelist_count"), 4);
    ck_assert_int_eq(ledger_maker_reopen(maker, NULL), 0);
    deposit_long_clause("treaty");
    ledger_maker_close(maker);
    get_file(&ledger_file, ledger_path);
    ck_assert_int_eq(ledger_maker_reopen(maker, NULL), 0);
    deposit_long_clause("last-treaty");
    get_file(&wal_file, wal_path);
    ledger_maker_close(maker); /* which merges the log */
    buffer_init(&catalog_file, FILE_MAX);
}

static void tear_down(void) {
    buffer_free(&ledger_file);
    buffer_free(&wal_file);
    buffer_free(&catalog_file);
    house_end(&house);
}

/* With the log or without, the answers and the catalog are others. */
static void learn(bool has_wal) {
    struct fault fault = {0};
    restore(has_wal);
    unlink(house.catalog_path);
    ck_assert_msg(house_open(&house, &fault) == 0, "%s", fault_text(&fault));
    house_learn(&house);
    house_close(&house);
    buffer_free(&catalog_file);
    get_file(&catalog_file, house.catalog_path);
}

/* As it was before the log's deposit; the questions stay those of after it. */
static void learn_catalog_without_last(void) {
    restore(false);
    unlink(house.catalog_path);
    ck_assert_int_eq(house_open(&house, NULL), 0);
    house_close(&house);
    buffer_free(&catalog_file);
    get_file(&catalog_file, house.catalog_path);
}

static struct target ledger_target(void) {
    return (struct target){.where = "ledger", .path = ledger_path, .whole = &ledger_file, .stride = PAGE};
}

START_TEST(a_start_on_a_rotten_ledger_is_refused_or_true) {
    learn(false);
    const struct target target = ledger_target();
    try_all(&target, BEFORE_THE_START);
    ck_assert_uint_gt(seen.refused, seen.rots / 2);
}
END_TEST

START_TEST(a_ledger_that_rots_while_it_is_served_gives_nothing_false) {
    learn(false);
    const struct target target = ledger_target();
    try_all(&target, WHILE_OPEN);
    ck_assert_uint_gt(seen.failures, seen.pages / 2);
}
END_TEST

START_TEST(a_log_that_rots_while_it_is_served_gives_nothing_false) {
    learn(true);
    const struct target target = {.where = "log",
                                  .path = wal_path,
                                  .whole = &wal_file,
                                  .from = WAL_HEADER + WAL_FRAME,
                                  .stride = WAL_FRAME + PAGE,
                                  .has_wal = true};
    try_all(&target, WHILE_OPEN);
    ck_assert_uint_gt(seen.failures, seen.pages / 2);
}
END_TEST

/* ---- a log that has rotted when the service starts after a crash: it is refused, or what was committed before the rot is there, all of it proved */

/* The answers of the state without the log's last deposit; the questions have those with it. */
static struct question before[QUESTIONS_MAX];

static void learn_both(uint64_t *before_size, uint64_t *whole_size) {
    learn(false);
    ck_assert_int_eq(house_open(&house, NULL), 0);
    *before_size = house.server.ledger->state->size;
    house_close(&house);
    for (size_t i = 0; i < house.questions_count; i++) {
        before[i] = house.questions[i];
        buffer_init(&house.questions[i].answer, 2 * LIMIT_RESPONSE);
    }
    learn(true);
    ck_assert_int_eq(house_open(&house, NULL), 0);
    *whole_size = house.server.ledger->state->size;
    house_close(&house);
    ck_assert_uint_lt(*before_size, *whole_size);
}

struct log_starts {
    unsigned refused, whole, prefix;
};

static void start_with_log(struct log_starts *starts, uint64_t before_size, uint64_t whole_size, const char *what,
                           size_t number) {
    struct fault fault = {0};
    if (house_open(&house, &fault)) {
        ck_assert_str_ne(fault_text(&fault), "");
        starts->refused++;
        return;
    }
    const uint64_t size = house.server.ledger->state->size;
    const struct question *questions = size == whole_size ? house.questions : before;
    ck_assert_msg(size == whole_size || size == before_size, "%s %zu: a ledger of %u entries", what, number,
                  (unsigned)size);
    for (size_t i = 0; i < house.questions_count; i++) {
        int code;
        enum house_said said = house_ask(&house, &questions[i], &code);
        ck_assert_msg(said == SAID_TRUE, "%s %zu, %u entries: %s: status %d", what, number, (unsigned)size,
                      questions[i].what, code);
    }
    starts->whole += size == whole_size;
    starts->prefix += size == before_size;
    house_close(&house);
}

START_TEST(a_start_on_a_rotten_log_is_refused_or_true) {
    uint64_t before_size, whole_size;
    struct log_starts starts = {0};
    unsigned pages = 0, rots = 0;
    learn_both(&before_size, &whole_size);
    memset(&seen, 0, sizeof(seen));
    for (size_t from = WAL_HEADER + WAL_FRAME; from + PAGE <= wal_file.len; from += WAL_FRAME + PAGE, pages++) {
        for (int rot = 0; rot < ROTS; rot++, rots++) {
            restore(true);
            rot_page(wal_path, &wal_file, WAL_HEADER + WAL_FRAME, WAL_FRAME + PAGE, pages, (enum rot)rot);
            start_with_log(&starts, before_size, whole_size, "page", pages);
        }
    }
    /* a bit of each byte of what stands before the pages: of the file, and of each page */
    for (size_t at = 0; at < wal_file.len; at++) {
        if (at >= WAL_HEADER && (at - WAL_HEADER) % (WAL_FRAME + PAGE) >= WAL_FRAME)
            continue;
        restore(true);
        int fd = open(wal_path, O_WRONLY);
        const uint8_t byte = (uint8_t)(wal_file.data[at] ^ 1u << random_number() % 8);
        ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)at), 1);
        close(fd);
        start_with_log(&starts, before_size, whole_size, "byte", at);
        rots++;
    }
    /* cut anywhere */
    for (size_t len = 0; len < wal_file.len; len += 1 + random_number() % 997, rots++) {
        restore(true);
        ck_assert_int_eq(truncate(wal_path, (off_t)len), 0);
        start_with_log(&starts, before_size, whole_size, "cut at", len);
    }
    printf("log, before the start: %u pages, %u rots: %u starts refused, %u with all, %u with what was before\n", pages,
           rots, starts.refused, starts.whole, starts.prefix);
    ck_assert_uint_gt(pages, 3);
    ck_assert_uint_gt(starts.prefix,
                      rots / 2); /* the log has sums of its own: what they do not hold for is not taken */
    for (size_t i = 0; i < house.questions_count; i++)
        buffer_free(&before[i].answer);
}
END_TEST

START_TEST(a_rotten_catalog_is_made_anew) {
    learn(false);
    const struct target target = {
        .where = "catalog", .path = house.catalog_path, .whole = &catalog_file, .stride = PAGE};
    try_all(&target, BEFORE_THE_START);
    ck_assert_uint_eq(seen.refused, 0);
}
END_TEST

START_TEST(a_catalog_that_rots_while_it_is_used_gives_nothing_false) {
    learn(false);
    const struct target target = {
        .where = "catalog", .path = house.catalog_path, .whole = &catalog_file, .stride = PAGE};
    try_all(&target, WHILE_OPEN);
    ck_assert_uint_gt(seen.failures, seen.pages);
    ck_assert_uint_gt(seen.truths, seen.failures);
}
END_TEST

/* What the catalog has read since the start stands in its log, and is read from there. */
static void rot_catalog_log(size_t page, enum rot rot, size_t *pages) {
    char name[160];
    struct buffer log;
    struct target target = {.where = "catalog's log", .path = name, .whole = &log};
    target.from = WAL_HEADER + WAL_FRAME;
    target.stride = WAL_FRAME + PAGE;
    uint32_t seed_before = seed;
    snprintf(name, sizeof(name), "%s-wal", house.catalog_path);
    restore(true);
    ck_assert_int_eq(house_open(&house, NULL), 0);
    get_file(&log, name);
    *pages = (log.len - WAL_HEADER) / target.stride;
    ck_assert_uint_gt(*pages, page);
    rot_page(name, &log, target.from, target.stride, page, rot);
    ask_all(&target, page, rot, seed_before);
    house_close(&house);
    buffer_free(&log);
}

START_TEST(a_catalogs_log_that_rots_while_it_is_used_gives_nothing_false) {
    learn(true);
    learn_catalog_without_last();
    memset(&seen, 0, sizeof(seen));
    size_t pages = 1;
    for (size_t page = 0; page < pages; page++, seen.pages++) {
        for (int rot = 0; rot < ROTS; rot++)
            rot_catalog_log(page, (enum rot)rot, &pages);
    }
    tell(&(struct target){.where = "catalog's log"}, "while open");
    ck_assert_uint_gt(seen.pages, 3);
    ck_assert_uint_gt(seen.failures, seen.pages);
    ck_assert_uint_gt(seen.truths, seen.failures);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pages");
    TCase *tcase = tcase_create("rot");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 240);
    tcase_add_test(tcase, a_start_on_a_rotten_ledger_is_refused_or_true);
    tcase_add_test(tcase, a_ledger_that_rots_while_it_is_served_gives_nothing_false);
    tcase_add_test(tcase, a_log_that_rots_while_it_is_served_gives_nothing_false);
    tcase_add_test(tcase, a_start_on_a_rotten_log_is_refused_or_true);
    tcase_add_test(tcase, a_rotten_catalog_is_made_anew);
    tcase_add_test(tcase, a_catalog_that_rots_while_it_is_used_gives_nothing_false);
    tcase_add_test(tcase, a_catalogs_log_that_rots_while_it_is_used_gives_nothing_false);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
