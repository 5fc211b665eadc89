/*
 * A disk that fails: a VFS of SQLite's in front of the real one, which makes the nth operation of a kind fail. Deposits meet it at every operation in turn.
 * What was acknowledged is there after the next start; what was not is there whole or not at all; what is open serves only what is proved.
 */
#include "ledger_maker.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum trouble { DISK_FULL, WRITE_FAILS, WRITE_IS_SHORT, SYNC_FAILS, READ_FAILS, TROUBLES };

static const char *const TROUBLE_NAMES[TROUBLES] = {"full disk", "EIO on write", "short write", "failed fsync",
                                                    "EIO on read"};

/* The fault to come: after `left` more operations of its kind, once or from then on. */
static struct {
    bool is_armed;
    bool is_lasting;
    enum trouble trouble;
    int left;
    unsigned hits;
} fault_plan;

static bool is_hit(bool is_kind) {
    if (!fault_plan.is_armed || !is_kind)
        return false;
    if (fault_plan.left > 0) {
        fault_plan.left--;
        return false;
    }
    if (fault_plan.hits > 0 && !fault_plan.is_lasting)
        return false;
    fault_plan.hits++;
    return true;
}

/* ---- the file: the real one lies behind it */

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_file *real_of(sqlite3_file *file) {
    return ((struct faulty_file *)file)->real;
}

static int faulty_close(sqlite3_file *file) {
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int faulty_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at) {
    if (is_hit(fault_plan.trouble == READ_FAILS))
        return SQLITE_IOERR_READ;
    return real_of(file)->pMethods->xRead(real_of(file), data, len, at);
}

static int faulty_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at) {
    if (is_hit(fault_plan.trouble <= WRITE_IS_SHORT)) {
        if (fault_plan.trouble == WRITE_IS_SHORT)
            (void)real_of(file)->pMethods->xWrite(real_of(file), data, len / 2, at);
        return fault_plan.trouble == WRITE_FAILS ? SQLITE_IOERR_WRITE : SQLITE_FULL;
    }
    return real_of(file)->pMethods->xWrite(real_of(file), data, len, at);
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size) {
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int faulty_sync(sqlite3_file *file, int flags) {
    if (is_hit(fault_plan.trouble == SYNC_FAILS))
        return SQLITE_IOERR_FSYNC;
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int faulty_size(sqlite3_file *file, sqlite3_int64 *size) {
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int faulty_lock(sqlite3_file *file, int lock) {
    return real_of(file)->pMethods->xLock(real_of(file), lock);
}

static int faulty_unlock(sqlite3_file *file, int lock) {
    return real_of(file)->pMethods->xUnlock(real_of(file), lock);
}

static int faulty_reserved(sqlite3_file *file, int *out) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int faulty_control(sqlite3_file *file, int op, void *argument) {
    return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

static int faulty_sector(sqlite3_file *file) {
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int faulty_device(sqlite3_file *file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int faulty_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out) {
    return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, out);
}

static int faulty_shm_lock(sqlite3_file *file, int offset, int n, int flags) {
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void faulty_shm_barrier(sqlite3_file *file) {
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int faulty_shm_unmap(sqlite3_file *file, int is_deleted) {
    return real_of(file)->pMethods->xShmUnmap(real_of(file), is_deleted);
}

/* Version 2: no memory mapping of the file itself, so that every read passes here. */
static const sqlite3_io_methods FAULTY_METHODS = {
    .iVersion = 2,
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_reserved,
    .xFileControl = faulty_control,
    .xSectorSize = faulty_sector,
    .xDeviceCharacteristics = faulty_device,
    .xShmMap = faulty_shm_map,
    .xShmLock = faulty_shm_lock,
    .xShmBarrier = faulty_shm_barrier,
    .xShmUnmap = faulty_shm_unmap,
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs faulty_vfs;

static int faulty_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags) {
    (void)vfs;
    struct faulty_file *faulty = (struct faulty_file *)file;
    faulty->base.pMethods = NULL;
    faulty->real = (sqlite3_file *)(faulty + 1);
    int code = real_vfs->xOpen(real_vfs, name, faulty->real, flags, out_flags);
    if (code == SQLITE_OK)
        faulty->base.pMethods = &FAULTY_METHODS;
    return code;
}

static void install(void) {
    real_vfs = sqlite3_vfs_find(NULL);
    ck_assert_ptr_nonnull(real_vfs);
    faulty_vfs = *real_vfs;
    faulty_vfs.zName = "faulty";
    faulty_vfs.szOsFile = (int)sizeof(struct faulty_file) + real_vfs->szOsFile;
    faulty_vfs.xOpen = faulty_open;
    ck_assert_int_eq(sqlite3_vfs_register(&faulty_vfs, 1), SQLITE_OK);
}

static void arm(enum trouble trouble, int at, bool is_lasting) {
    fault_plan.trouble = trouble;
    fault_plan.left = at;
    fault_plan.is_lasting = is_lasting;
    fault_plan.hits = 0;
    fault_plan.is_armed = true;
}

static unsigned disarm(void) {
    fault_plan.is_armed = false;
    return fault_plan.hits;
}

/* ---- a deposit */

static struct ledger_maker maker;
static struct maker_append append;
static struct maker_clause *clauses;
#define CLAUSES 12

static void begin(void) {
    ledger_maker_begin_with_key(&maker);
    maker_append_begin(&append, &maker);
    maker_clauses_make(&clauses, CLAUSES, 2000, 1);
    maker_append_edition(&append,
                         &(struct maker_edition){.instrument = "treaty", .clauses = clauses, .clauses_count = CLAUSES});
    maker_append_register(&append, 0);
    maker_append_sign(&append, &maker.ledger_key);
}

static void end(void) {
    maker_append_end(&append);
    maker_clauses_free(clauses, CLAUSES);
    ledger_maker_end(&maker);
}

static uint64_t size_now(void) {
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    uint64_t size = state->size;
    ledger_state_release(state);
    return size;
}

static void read_clauses(const struct ledger_state *state) {
    const struct made_edition *edition = &append.editions[0];
    struct hash root;
    struct buffer record;
    struct merkle_path path;
    if (state->size < 4)
        return;
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    merkle_tree_root(&root, &edition->tree);
    for (uint64_t place = 0; place < edition->count; place++) {
        buffer_clear(&record);
        ck_assert_int_eq(
            ledger_clause(maker.ledger, edition->index, edition->count, &root, place, &record, &path, NULL), 0);
        ck_assert(bytes_equal(buffer_bytes(&record), edition->records[place]));
    }
    buffer_free(&record);
}

/* Every entry and clause that the state promises is there and proved. */
static void read_all(void) {
    const struct ledger_state *state = ledger_state_take(maker.ledger);
    struct buffer record;
    struct merkle_path path;
    buffer_init(&record, LIMIT_ENTRY);
    for (uint64_t i = 0; i < state->size; i++) {
        buffer_clear(&record);
        ck_assert_int_eq(ledger_entry(maker.ledger, state, i, &record, &path, NULL), 0);
    }
    buffer_free(&record);
    read_clauses(state);
    ledger_state_release(state);
}

static int deposit(void) {
    int error = maker_append_send(&append, NULL, NULL);
    if (error != DEPOSITARY_E_CLAUSES_MISSING)
        return error;
    error = maker_append_put(&append, 0, 0, CLAUSES, NULL);
    return error ? error : maker_append_send(&append, NULL, NULL);
}

/* One deposit with one fault. Returns whether the fault came to pass. */
static bool deposit_with(enum trouble trouble, int at, bool is_lasting) {
    struct fault fault = {0};
    begin();
    arm(trouble, at, is_lasting);
    int error = deposit();
    uint64_t told = size_now();
    unsigned hits = disarm();
    /* A write or sync that failed is never an acknowledgement; nor is anything else than the whole append. */
    ck_assert_msg(error != 0 || hits == 0 || trouble == READ_FAILS, "%s at %d was acknowledged", TROUBLE_NAMES[trouble],
                  at);
    ck_assert_uint_eq(told, error == 0 ? 4 : 2);
    read_all(); /* what is open still serves what it says */
    ck_assert_msg(ledger_maker_reopen(&maker, &fault) == 0, "%s at %d: %s", TROUBLE_NAMES[trouble], at,
                  fault_text(&fault));
    ck_assert_msg(size_now() == 4 || (error != 0 && size_now() == 2), "%s at %d: size %d", TROUBLE_NAMES[trouble], at,
                  (int)size_now());
    read_all();
    ck_assert_int_eq(deposit(), 0); /* and the same append again goes through, or is contained */
    ck_assert_uint_eq(size_now(), 4);
    read_all();
    end();
    return hits > 0;
}

/* The fault at each operation in turn, until there is none left to meet. */
static unsigned deposit_through(enum trouble trouble, bool is_lasting) {
    int at = 0;
    while (deposit_with(trouble, at, is_lasting))
        at++;
    return (unsigned)at;
}

START_TEST(nothing_is_lost_and_nothing_false_at_any_failing_operation) {
    unsigned injected = 0;
    for (int trouble = 0; trouble < TROUBLES; trouble++) {
        unsigned once = deposit_through((enum trouble)trouble, false);
        unsigned lasting = deposit_through((enum trouble)trouble, true);
        printf("%s: at %u operations, once and for good\n", TROUBLE_NAMES[trouble], once);
        ck_assert_msg(trouble == READ_FAILS || (once > 0 && lasting > 0), "%s never came", TROUBLE_NAMES[trouble]);
        injected += once + lasting;
    }
    printf("%u faults injected\n", injected);
}
END_TEST

/* Opening reads everything: a read that fails is an error, and the next start is whole. */
START_TEST(a_read_that_fails_while_opening_opens_nothing) {
    struct fault fault = {0};
    int at = 0;
    begin();
    ck_assert_int_eq(deposit(), 0);
    for (;; at++) {
        ledger_maker_close(&maker);
        arm(READ_FAILS, at, false);
        int error = ledger_maker_reopen(&maker, &fault);
        unsigned hits = disarm();
        if (hits == 0) {
            ck_assert_int_eq(error, 0);
            break;
        }
        if (error == 0) { /* SQLite read it again */
            ck_assert_uint_eq(size_now(), 4);
            read_all();
        } else {
            ck_assert_ptr_null(maker.ledger);
            ck_assert_str_ne(fault_text(&fault), "");
        }
    }
    printf("EIO on read while opening: at %d operations\n", at);
    ck_assert_int_ge(at, 10);
    read_all();
    end();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("disk");
    TCase *tcase = tcase_create("faults");
    tcase_add_checked_fixture(tcase, install, NULL);
    tcase_set_timeout(tcase, 240);
    tcase_add_test(tcase, nothing_is_lost_and_nothing_false_at_any_failing_operation);
    tcase_add_test(tcase, a_read_that_fails_while_opening_opens_nothing);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
