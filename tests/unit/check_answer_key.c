/* The answer key: its file keeps it and nobody else reads it; the ledger says whether it seals. */
#include "server/answer_key.h"

#include "base/file.h"
#include "guarded.h"
#include "ledger_maker.h"

#include <check.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];
static char path[96];
static struct fault fault;

static void set_up(void) {
    ck_assert_int_ge(sodium_init(), 0);
    snprintf(dir, sizeof(dir), "/tmp/depositary-answer-key-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/keys/answer-key", dir);
    fault = (struct fault){0};
}

static void tear_down(void) {
    char folder[96];
    snprintf(folder, sizeof(folder), "%s/keys", dir);
    unlink(path);
    rmdir(folder);
    rmdir(dir);
}

static void make_key(struct answer_key *key) {
    *key = (struct answer_key){0};
    ck_assert_int_eq(answer_key_open(key, dir, &fault), 0);
}

static int open_again(void) {
    struct answer_key key = {0};
    int error = answer_key_open(&key, dir, &fault);
    answer_key_close(&key);
    return error;
}

START_TEST(key_is_made_once_and_signs) {
    struct answer_key first;
    struct answer_key second;
    make_key(&first);
    make_key(&second);
    ck_assert_mem_eq(first.public_key, second.public_key, PUBLIC_KEY_LEN);
    uint8_t signature[crypto_sign_BYTES];
    crypto_sign_detached(signature, NULL, (const uint8_t *)"m", 1, second.secret_key);
    ck_assert_int_eq(crypto_sign_verify_detached(signature, (const uint8_t *)"m", 1, first.public_key), 0);
    answer_key_close(&first);
    answer_key_close(&second);
}
END_TEST

START_TEST(the_secret_lies_in_guarded_memory_that_nobody_writes) {
    struct answer_key key;
    make_key(&key);
    ck_assert(is_guarded(key.secret_key, crypto_sign_SECRETKEYBYTES));
    ck_assert(touch_ends(key.secret_key, true));
    ck_assert(!touch_ends(key.secret_key, false));
    answer_key_close(&key);
}
END_TEST

/* The daemon and --print-key-request may both be the first to come: all must end up with what the file holds. */
START_TEST(many_at_once_make_one_key) {
    enum { COUNT = 8 };
    int pipes[2];
    struct answer_key key;
    ck_assert_int_eq(pipe(pipes), 0);
    for (int i = 0; i < COUNT; i++) {
        if (fork() == 0) {
            struct answer_key mine = {0};
            int error = answer_key_open(&mine, dir, &fault);
            _exit(error == 0 && write(pipes[1], mine.public_key, PUBLIC_KEY_LEN) == PUBLIC_KEY_LEN ? 0 : 1);
        }
    }
    for (int i = 0; i < COUNT; i++) {
        int status = 1;
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    make_key(&key);
    for (int i = 0; i < COUNT; i++) {
        uint8_t theirs[PUBLIC_KEY_LEN];
        ck_assert_int_eq(read(pipes[0], theirs, sizeof(theirs)), (ssize_t)sizeof(theirs));
        ck_assert_mem_eq(theirs, key.public_key, PUBLIC_KEY_LEN);
    }
    answer_key_close(&key);
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

START_TEST(next_key_takes_over_and_the_one_before_is_gone) {
    struct answer_key first, next, now;
    next = (struct answer_key){0};
    make_key(&first);
    ck_assert_int_eq(answer_key_open_next(&next, dir, false, &fault), DEPOSITARY_E_MISSING);
    ck_assert_int_eq(answer_key_open_next(&next, dir, true, &fault), 0);
    ck_assert_mem_ne(first.public_key, next.public_key, PUBLIC_KEY_LEN);
    ck_assert_int_eq(answer_key_promote(dir, &fault), 0);
    make_key(&now);
    ck_assert_mem_eq(now.public_key, next.public_key, PUBLIC_KEY_LEN);
    ck_assert_int_eq(answer_key_promote(dir, &fault), DEPOSITARY_E_MISSING); /* there is none any more */
    answer_key_close(&first);
    answer_key_close(&next);
    answer_key_close(&now);
}
END_TEST

START_TEST(file_and_folder_are_the_owners_alone) {
    struct answer_key key;
    make_key(&key);
    answer_key_close(&key);
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    *strrchr(path, '/') = '\0';
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0700);
    path[strlen(path)] = '/';
}
END_TEST

START_TEST(file_that_others_may_read_is_refused) {
    struct answer_key key;
    make_key(&key);
    answer_key_close(&key);
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert_int_eq(open_again(), DEPOSITARY_E_PERMISSION);
}
END_TEST

START_TEST(torn_or_longer_file_is_refused_and_kept) {
    struct answer_key key;
    make_key(&key);
    answer_key_close(&key);
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    for (off_t len = status.st_size - 1; len >= 0; len--) {
        ck_assert_int_eq(truncate(path, len), 0);
        ck_assert_int_eq(open_again(), DEPOSITARY_E_FORMAT);
        ck_assert_int_eq(stat(path, &status), 0);
        ck_assert_int_eq(status.st_size, len);
    }
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("depositary/answer-key/v1\nseed AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmore\n", file);
    fclose(file);
    ck_assert_int_eq(open_again(), DEPOSITARY_E_FORMAT);
}
END_TEST

static void write_over(struct bytes in) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(in.data, 1, in.len, file), in.len);
    ck_assert_int_eq(fclose(file), 0);
}

/* Else it would be another key, which nobody has authorised, and no word of why. */
START_TEST(a_changed_bit_of_any_byte_is_refused) {
    struct answer_key key;
    struct buffer whole;
    make_key(&key);
    answer_key_close(&key);
    buffer_init(&whole, 4096);
    ck_assert_int_eq(file_read(&whole, path, NULL), 0);
    for (size_t at = 0; at < whole.len; at++) {
        uint8_t bit = (uint8_t)(1u << at % 8);
        whole.data[at] ^= bit;
        write_over(buffer_bytes(&whole));
        ck_assert_msg(open_again() == DEPOSITARY_E_FORMAT, "byte %zu", at);
        whole.data[at] ^= bit;
    }
    write_over(buffer_bytes(&whole));
    ck_assert_int_eq(open_again(), 0);
    buffer_free(&whole);
}
END_TEST

START_TEST(a_file_of_version_1_is_read) {
    struct answer_key key;
    make_key(&key);
    answer_key_close(&key);
    write_over(BYTES("depositary/answer-key/v1\nseed AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"));
    ck_assert_int_eq(open_again(), 0);
    write_over(BYTES("depositary/answer-key/v1\nseed AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n"));
    ck_assert_int_eq(open_again(), DEPOSITARY_E_FORMAT); /* another spelling of the same */
    write_over(BYTES("depositary/answer-key/v2\nseed AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"));
    ck_assert_int_eq(open_again(), DEPOSITARY_E_FORMAT);
}
END_TEST

/* ---- what the ledger says */

static int status_at(struct ledger_maker *maker, int64_t now_s) {
    const struct ledger_state *state = ledger_state_take(maker->ledger);
    int error = answer_key_check(maker->answer_key.verifier.public_key, maker->ledger, state, now_s, &fault);
    ledger_state_release(state);
    return error;
}

START_TEST(key_without_a_record_is_not_authorised) {
    struct ledger_maker maker;
    ledger_maker_begin(&maker);
    ck_assert_int_eq(status_at(&maker, MAKER_NOW), DEPOSITARY_E_KEY_RECORD);
    struct maker_append append;
    maker_append_begin(&append, &maker);
    maker_append_key(&append, (const uint8_t *)"another key of thirty-two bytes.");
    maker_append_register(&append, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    maker_append_end(&append);
    ck_assert_int_eq(status_at(&maker, MAKER_NOW), DEPOSITARY_E_KEY_RECORD);
    ledger_maker_end(&maker);
}
END_TEST

START_TEST(window_is_half_open) {
    struct ledger_maker maker;
    ledger_maker_begin_with_key(&maker);
    ck_assert_int_eq(status_at(&maker, MAKER_NOW - 3601), DEPOSITARY_E_KEY_WINDOW);
    ck_assert_int_eq(status_at(&maker, MAKER_NOW - 3600), 0);
    ck_assert_int_eq(status_at(&maker, MAKER_NOW + 90 * 86400 - 1), 0);
    ck_assert_int_eq(status_at(&maker, MAKER_NOW + 90 * 86400), DEPOSITARY_E_KEY_WINDOW);
    ledger_maker_end(&maker);
}
END_TEST

START_TEST(revoked_key_is_not_authorised) {
    struct ledger_maker maker;
    ledger_maker_begin_with_key(&maker);
    struct maker_append append;
    maker_append_begin(&append, &maker);
    maker_append_revocation(&append, maker.answer_key.verifier.public_key, MAKER_NOW);
    maker_append_register(&append, 0);
    ck_assert_int_eq(maker_append_submit(&append, NULL), 0);
    maker_append_end(&append);
    ck_assert_int_eq(status_at(&maker, MAKER_NOW), DEPOSITARY_E_KEY_REVOKED);
    ledger_maker_end(&maker);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("answer_key");
    TCase *tests = tcase_create("answer_key");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, key_is_made_once_and_signs);
    tcase_add_test(tests, the_secret_lies_in_guarded_memory_that_nobody_writes);
    tcase_add_test(tests, many_at_once_make_one_key);
    tcase_add_test(tests, next_key_takes_over_and_the_one_before_is_gone);
    tcase_add_test(tests, file_and_folder_are_the_owners_alone);
    tcase_add_test(tests, file_that_others_may_read_is_refused);
    tcase_add_test(tests, torn_or_longer_file_is_refused_and_kept);
    tcase_add_test(tests, a_file_of_version_1_is_read);
    tcase_add_test(tests, a_changed_bit_of_any_byte_is_refused);
    tcase_add_test(tests, key_without_a_record_is_not_authorised);
    tcase_add_test(tests, window_is_half_open);
    tcase_add_test(tests, revoked_key_is_not_authorised);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
