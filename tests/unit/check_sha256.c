/* SHA-256 as FIPS 180-4 has it, whole and in pieces: src/base/sha256.c. */
#include "base/sha256.h"

#include <check.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"

/* The examples that NIST published with FIPS 180-4 ("SHA256.pdf"), and the empty message. */
static const struct {
    const char *message, *digest;
} examples[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

START_TEST(the_published_examples_come_out) {
    uint8_t wanted[SHA256_LEN], found[SHA256_LEN];
    ck_assert(hex_decode_exact(wanted, sizeof wanted, bytes_text(examples[_i].digest)));
    sha256(found, bytes_text(examples[_i].message));
    ck_assert_mem_eq(found, wanted, sizeof found);
}
END_TEST

START_TEST(a_million_letters_in_uneven_pieces_come_out) {
    static const char digest[] =
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"; /* NIST, as above */
    uint8_t wanted[SHA256_LEN], found[SHA256_LEN], letters[977];
    struct sha256 hash;
    ck_assert(hex_decode_exact(wanted, sizeof wanted, bytes_text(digest)));
    memset(letters, 'a', sizeof letters);
    sha256_begin(&hash);
    for (size_t left = 1000000; left > 0;) {
        const size_t take = left < sizeof letters ? left : sizeof letters;
        sha256_add(&hash, bytes_of(letters, take));
        left -= take;
    }
    sha256_end(&hash, found);
    ck_assert_mem_eq(found, wanted, sizeof found);
}
END_TEST

START_TEST(each_length_in_two_pieces_is_what_another_library_says) {
    uint8_t message[200], wanted[SHA256_LEN], found[SHA256_LEN];
    struct sha256 hash;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i * 131 + 7);
    for (size_t len = 0; len <= sizeof message; len++) {
        crypto_hash_sha256(wanted, message, len);
        for (size_t cut = 0; cut <= len; cut++) {
            sha256_begin(&hash);
            sha256_add(&hash, bytes_of(message, cut));
            sha256_add(&hash, bytes_of(message + cut, len - cut));
            sha256_end(&hash, found);
            ck_assert_mem_eq(found, wanted, sizeof found);
        }
    }
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("sha256");
    TCase *cases = tcase_create("sha256");
    tcase_add_loop_test(cases, the_published_examples_come_out, 0, (int)(sizeof examples / sizeof examples[0]));
    tcase_add_test(cases, a_million_letters_in_uneven_pieces_come_out);
    tcase_add_test(cases, each_length_in_two_pieces_is_what_another_library_says);
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
