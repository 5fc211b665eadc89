/* The built-in instrument is the file, byte for byte: src/corpus. */
#include "corpus/corpus.h"

#include <check.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/encode.h"

START_TEST(the_statement_is_the_published_bytes) {
    /* sha256sum of the file as it was published */
    static const char expected[] = "e96b62a619da88a8728b10851cf9c9b80bd7b8caec352d938bdaa21a997be3fe";
    uint8_t wanted[crypto_hash_sha256_BYTES];
    uint8_t hash[crypto_hash_sha256_BYTES];
    ck_assert_uint_eq(corpus_text().len, 14812);
    crypto_hash_sha256(hash, corpus_text().data, corpus_text().len);
    ck_assert(hex_decode_exact(wanted, sizeof wanted, bytes_text(expected)));
    ck_assert_mem_eq(hash, wanted, sizeof hash);
}
END_TEST

START_TEST(the_description_names_the_instrument) {
    struct bytes about = corpus_about();
    struct bytes line;
    ck_assert(utf8_valid(about));
    ck_assert(bytes_take_line(&about, &line));
    ck_assert(bytes_equal(line, BYTES("instrument az-cn-joint-statement-2025")));
    ck_assert_uint_eq(corpus_about().data[corpus_about().len - 1], '\n');
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("corpus");
    TCase *cases = tcase_create("corpus");
    tcase_add_test(cases, the_statement_is_the_published_bytes);
    tcase_add_test(cases, the_description_names_the_instrument);
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
