/* What a client remembers, in a file that rots: it is the checkpoint that was kept, or refused by name; never nothing, and never written over. */
#include "client/memory.h"

#include "ledger_maker.h"

#include "base/file.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct ledger_maker maker;
static struct memory memory;
static struct buffer note; /* signed by the ledger key, cosigned by the witness */
static uint64_t size;
static char path[4096];

static void set_up(void) {
    struct buffer other;
    struct fault fault = {0};
    const struct maker_clause clause = {"cl_1", "1. A promise.\n"};
    ledger_maker_begin_with_key(&maker);
    ledger_maker_deposit(&maker,
                         &(struct maker_edition){.instrument = "treaty", .clauses = &clause, .clauses_count = 1});
    buffer_init(&note, LIMIT_NOTE);
    buffer_init(&other, LIMIT_NOTE);
    ck_assert_int_eq(ledger_checkpoint_from(maker.ledger, 3, &note, &size), 0);
    ck_assert_msg(memory_init(&memory, maker.dir, maker.policy, &fault) == 0, "%s", fault_text(&fault));
    ck_assert_msg(memory_store(&memory, maker.policy, buffer_bytes(&note), &other, &fault) == 0, "%s",
                  fault_text(&fault));
    snprintf(path, sizeof(path), "%s/%s", memory.dir, memory.name);
    buffer_free(&other);
}

static void tear_down(void) {
    unlink(path);
    strcat(path, ".lock");
    unlink(path);
    buffer_free(&note);
    ledger_maker_end(&maker);
}

static void write_over(struct bytes bytes) {
    int fd = open(path, O_WRONLY | O_TRUNC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes.data, bytes.len), (ssize_t)bytes.len);
    close(fd);
}

static int load(struct checkpoint *checkpoint, struct fault *fault) {
    struct buffer loaded;
    buffer_init(&loaded, LIMIT_NOTE);
    int error = memory_load(&memory, maker.policy, &loaded, checkpoint, fault);
    ck_assert(error || loaded.len > 0); /* it never is as if there were nothing */
    buffer_free(&loaded);
    return error;
}

static bool is_refused_by_name(void) {
    struct checkpoint checkpoint;
    struct fault fault = {0};
    return load(&checkpoint, &fault) == DEPOSITARY_E_STATE && strstr(fault_text(&fault), path) != NULL;
}

START_TEST(what_was_kept_is_remembered) {
    struct checkpoint checkpoint;
    struct fault fault = {0};
    ck_assert_int_eq(load(&checkpoint, &fault), 0);
    ck_assert_uint_eq(checkpoint.size, size);
}
END_TEST

START_TEST(every_changed_bit_is_refused) {
    for (size_t i = 0; i < note.len * 8; i++) {
        note.data[i / 8] ^= (uint8_t)(1u << i % 8);
        write_over(buffer_bytes(&note));
        ck_assert_msg(is_refused_by_name(), "bit %zu", i);
        note.data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}
END_TEST

START_TEST(every_cut_is_refused) {
    for (size_t len = 0; len < note.len; len++) {
        write_over(bytes_of(note.data, len));
        ck_assert_msg(is_refused_by_name(), "%zu bytes", len);
    }
}
END_TEST

/* Whoever finds out why must still have it. */
START_TEST(what_cannot_be_used_is_not_written_over) {
    struct buffer other, there;
    struct fault fault = {0};
    buffer_init(&other, LIMIT_NOTE);
    buffer_init(&there, LIMIT_NOTE);
    note.data[note.len / 2] ^= 1;
    write_over(buffer_bytes(&note));
    note.data[note.len / 2] ^= 1;
    ck_assert_int_eq(memory_store(&memory, maker.policy, buffer_bytes(&note), &other, &fault), DEPOSITARY_E_STATE);
    ck_assert_int_eq(file_read(&there, path, NULL), 0);
    ck_assert_uint_eq(there.len, note.len);
    ck_assert_int_eq(there.data[note.len / 2], note.data[note.len / 2] ^ 1);
    buffer_free(&there);
    buffer_free(&other);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("memory");
    TCase *tcase = tcase_create("rot");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_was_kept_is_remembered);
    tcase_add_test(tcase, every_changed_bit_is_refused);
    tcase_add_test(tcase, every_cut_is_refused);
    tcase_add_test(tcase, what_cannot_be_used_is_not_written_over);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
