/* Keys, notes and files for the tests of notes, policies, seals and certified copies. Included by one program each. */
#ifndef TESTS_PROOF_KEYS_H
#define TESTS_PROOF_KEYS_H

#include <check.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "proof/note.h"

/** An Ed25519 key from a seed of one repeated byte, under a name. */
struct test_key {
    struct verifier_key verifier;
    uint8_t secret[64];
};

static inline struct test_key test_key(const char *name, uint8_t type, uint8_t seed_byte) {
    struct test_key key;
    uint8_t seed[32], public_key[32];

    ck_assert_int_ge(sodium_init(), 0);
    memset(seed, seed_byte, sizeof(seed));
    ck_assert_int_eq(crypto_sign_seed_keypair(public_key, key.secret, seed), 0);
    ck_assert_int_eq(verifier_key_make(&key.verifier, bytes_text(name), type, public_key), 0);
    return key;
}

/** Appends a file of tests/vectors. */
static inline void read_vector(struct buffer *out, const char *name) {
    char path[512];

    snprintf(path, sizeof(path), TESTS_DIR "/vectors/%s", name);
    ck_assert_msg(file_read(out, path, NULL) == 0, "cannot read %s", path);
}

static inline bool buffer_is(const struct buffer *buffer, const char *text) {
    return bytes_equal(buffer_bytes(buffer), bytes_text(text));
}

/** Runs one suite of one case. */
static inline int run_tests(const char *name, const TTest *const *tests, size_t count) {
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
