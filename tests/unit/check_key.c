/* Key files of the office: src/office/key.h. Every changed, torn or unsafe file is refused, with the reason. */
#include "office/key.h"

#include "base/file.h"
#include "guarded.h"

#include <check.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORIGIN "test.example/ledger"

static char dir[64];
static char path[128];
static struct fault fault;

static void set_up(void) {
    strcpy(dir, "/tmp/depositary-key-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/key", dir);
    fault = (struct fault){0};
}

static void tear_down(void) {
    unlink(path);
    ck_assert_int_eq(rmdir(dir), 0);
}

static void make_key(struct verifier_key *key, const char *passphrase) {
    ck_assert_int_eq(key_generate(key, path, BYTES(ORIGIN), passphrase, &fault), 0);
}

static int read_back(const char *passphrase) {
    struct verifier_key key;
    uint8_t *secret_key = NULL;
    int error = key_read(&key, &secret_key, path, passphrase, &fault);
    ck_assert_int_eq(error != 0, secret_key == NULL);
    key_free(secret_key);
    return error;
}

static void read_file(struct buffer *out) {
    buffer_init(out, 4096);
    ck_assert_int_eq(file_read(out, path, NULL), 0);
}

static void write_over(struct bytes text) {
    ck_assert_int_eq(file_write(path, text, 0600, NULL), 0);
}

/* Writes the file with `from` replaced by `to`. */
static void replace(const char *from, const char *to) {
    struct buffer old;
    struct buffer changed;
    read_file(&old);
    buffer_append_byte(&old, '\0');
    char *at = strstr((char *)old.data, from);
    ck_assert_ptr_nonnull(at);
    buffer_init(&changed, 4096);
    buffer_append(&changed, bytes_of(old.data, (size_t)(at - (char *)old.data)));
    buffer_append_text(&changed, to);
    buffer_append_text(&changed, at + strlen(from));
    write_over(buffer_bytes(&changed));
    buffer_free(&old);
    buffer_free(&changed);
}

static void signs_for(const struct verifier_key *key, const char *passphrase) {
    struct verifier_key read;
    uint8_t *secret_key = NULL;
    uint8_t signature[SIGNATURE_LEN];
    ck_assert_int_eq(key_read(&read, &secret_key, path, passphrase, &fault), 0);
    ck_assert_str_eq(read.name, ORIGIN);
    ck_assert_mem_eq(read.public_key, key->public_key, PUBLIC_KEY_LEN);
    crypto_sign_detached(signature, NULL, (const uint8_t *)"text", 4, secret_key);
    ck_assert_int_eq(crypto_sign_verify_detached(signature, (const uint8_t *)"text", 4, key->public_key), 0);
    key_free(secret_key);
}

START_TEST(an_open_key_signs_after_it_was_read_back) {
    struct verifier_key key;
    bool is_sealed = true;
    make_key(&key, NULL);
    signs_for(&key, NULL);
    ck_assert_int_eq(key_is_sealed(&is_sealed, path, &fault), 0);
    ck_assert(!is_sealed);
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0600);
}
END_TEST

START_TEST(the_secret_lies_in_guarded_memory) {
    struct verifier_key key;
    uint8_t *secret_key = NULL;
    make_key(&key, NULL);
    ck_assert_int_eq(key_read(&key, &secret_key, path, NULL, &fault), 0);
    ck_assert(is_guarded(secret_key, crypto_sign_SECRETKEYBYTES));
    key_free(secret_key);
    uint8_t open[1] = {0};
    ck_assert(!is_guarded(open, 0)); /* other memory is not */
}
END_TEST

START_TEST(a_sealed_key_opens_with_its_passphrase_only) {
    struct verifier_key key;
    bool is_sealed = false;
    make_key(&key, "correct horse");
    ck_assert_int_eq(key_is_sealed(&is_sealed, path, &fault), 0);
    ck_assert(is_sealed);
    signs_for(&key, "correct horse");
    ck_assert_int_eq(read_back("correct horsf"), DEPOSITARY_E_PASSPHRASE);
    ck_assert_int_eq(read_back("correct horse "), DEPOSITARY_E_PASSPHRASE);
    ck_assert_int_eq(read_back(NULL), DEPOSITARY_E_PASSPHRASE);
    ck_assert_int_eq(read_back(""), DEPOSITARY_E_ARGUMENT);
}
END_TEST

START_TEST(a_sealed_file_holds_no_seed_in_the_clear) {
    struct verifier_key key;
    uint8_t *secret_key = NULL;
    uint8_t seed[crypto_sign_SEEDBYTES];
    char seed_text[64];
    struct buffer file;
    make_key(&key, "correct horse");
    struct verifier_key read;
    ck_assert_int_eq(key_read(&read, &secret_key, path, "correct horse", &fault), 0);
    crypto_sign_ed25519_sk_to_seed(seed, secret_key);
    sodium_bin2base64(seed_text, sizeof(seed_text), seed, sizeof(seed), sodium_base64_VARIANT_ORIGINAL);
    key_free(secret_key);
    read_file(&file);
    buffer_append_byte(&file, '\0');
    /* the padded end apart: inside a longer string its last digits would differ */
    seed_text[40] = '\0';
    ck_assert_ptr_null(strstr((char *)file.data, seed_text));
    ck_assert_ptr_nonnull(strstr((char *)file.data, "protection argon2id 3 268435456 "));
    buffer_free(&file);
}
END_TEST

START_TEST(a_passphrase_for_an_open_key_is_refused) {
    struct verifier_key key;
    make_key(&key, NULL);
    ck_assert_int_eq(read_back("something"), DEPOSITARY_E_PASSPHRASE);
}
END_TEST

START_TEST(empty_and_endless_passphrases_are_refused) {
    struct verifier_key key;
    char longest[PASSPHRASE_MAX + 2];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    ck_assert_int_eq(key_generate(&key, path, BYTES(ORIGIN), "", &fault), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_eq(key_generate(&key, path, BYTES(ORIGIN), longest, &fault), DEPOSITARY_E_ARGUMENT);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_key_is_never_written_over) {
    struct verifier_key key;
    struct verifier_key other;
    make_key(&key, NULL);
    ck_assert_int_eq(key_generate(&other, path, BYTES(ORIGIN), NULL, &fault), DEPOSITARY_E_EXISTS);
    signs_for(&key, NULL);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("elsewhere", path), 0);
    ck_assert_int_eq(key_generate(&other, path, BYTES(ORIGIN), NULL, &fault), DEPOSITARY_E_EXISTS);
}
END_TEST

START_TEST(two_keys_are_never_the_same) {
    struct verifier_key key;
    struct verifier_key other;
    make_key(&key, NULL);
    ck_assert_int_eq(unlink(path), 0);
    make_key(&other, NULL);
    ck_assert_mem_ne(key.public_key, other.public_key, PUBLIC_KEY_LEN);
}
END_TEST

START_TEST(every_truncation_of_an_open_file_is_refused) {
    struct verifier_key key;
    struct buffer file;
    make_key(&key, NULL);
    read_file(&file);
    for (size_t len = 0; len < file.len; len++) {
        write_over(bytes_of(file.data, len));
        ck_assert_int_eq(read_back(NULL), DEPOSITARY_E_FORMAT);
        ck_assert(fault.text[0] != '\0');
    }
    buffer_free(&file);
}
END_TEST

START_TEST(every_changed_bit_of_an_open_file_is_refused) {
    struct verifier_key key;
    struct buffer file;
    make_key(&key, NULL);
    read_file(&file);
    for (size_t i = 0; i < file.len * 8; i++) {
        file.data[i / 8] ^= (uint8_t)(1u << i % 8);
        write_over(buffer_bytes(&file));
        ck_assert_msg(read_back(NULL) != 0, "bit %zu of byte %zu", i % 8, i / 8);
        file.data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    write_over(buffer_bytes(&file));
    signs_for(&key, NULL);
    buffer_free(&file);
}
END_TEST

START_TEST(trailing_bytes_are_refused) {
    struct verifier_key key;
    struct buffer file;
    make_key(&key, NULL);
    read_file(&file);
    buffer_append_text(&file, "\n");
    write_over(buffer_bytes(&file));
    ck_assert_int_eq(read_back(NULL), DEPOSITARY_E_FORMAT);
    buffer_free(&file);
}
END_TEST

START_TEST(a_secret_under_another_key_s_name_is_refused) {
    struct verifier_key key;
    struct buffer first;
    struct buffer second;
    struct buffer mixed;
    make_key(&key, NULL);
    read_file(&first);
    ck_assert_int_eq(unlink(path), 0);
    make_key(&key, NULL);
    read_file(&second);
    buffer_append_byte(&first, '\0');
    buffer_append_byte(&second, '\0');
    buffer_init(&mixed, 4096);
    buffer_append(&mixed, bytes_of(first.data, (size_t)(strstr((char *)first.data, "\nsecret ") - (char *)first.data)));
    buffer_append_text(&mixed, strstr((char *)second.data, "\nsecret "));
    write_over(buffer_bytes(&mixed));
    ck_assert_int_eq(read_back(NULL), DEPOSITARY_E_FORMAT);
    buffer_free(&first);
    buffer_free(&second);
    buffer_free(&mixed);
}
END_TEST

START_TEST(limits_that_would_take_all_memory_are_refused_unopened) {
    struct verifier_key key;
    make_key(&key, "correct horse");
    replace("argon2id 3 268435456", "argon2id 3 268435456000");
    ck_assert_int_eq(read_back("correct horse"), DEPOSITARY_E_FORMAT);
    replace("argon2id 3 268435456000", "argon2id 4000000 268435456");
    ck_assert_int_eq(read_back("correct horse"), DEPOSITARY_E_FORMAT);
    replace("argon2id 4000000 268435456", "argon2id 0 268435456");
    ck_assert_int_eq(read_back("correct horse"), DEPOSITARY_E_FORMAT);
}
END_TEST

START_TEST(weakened_limits_do_not_open_the_file) {
    struct verifier_key key;
    make_key(&key, "correct horse");
    replace("argon2id 3 268435456", "argon2id 1 8192");
    ck_assert_int_eq(read_back("correct horse"), DEPOSITARY_E_PASSPHRASE);
    /* and taking the protection line away does not make the box a seed */
    replace("argon2id 1 8192", "argon2id 3 268435456");
    struct buffer file;
    read_file(&file);
    buffer_append_byte(&file, '\0');
    char line[256];
    char *start = strstr((char *)file.data, "protection ");
    size_t len = strcspn(start, "\n");
    ck_assert_uint_lt(len, sizeof(line));
    memcpy(line, start, len);
    line[len] = '\0';
    buffer_free(&file);
    replace(line, "protection none");
    ck_assert_int_eq(read_back(NULL), DEPOSITARY_E_FORMAT);
}
END_TEST

START_TEST(a_changed_box_salt_or_nonce_does_not_open) {
    struct verifier_key key;
    struct buffer file;
    make_key(&key, "correct horse");
    read_file(&file);
    buffer_append_byte(&file, '\0');
    char *salt = strstr((char *)file.data, "268435456 ") + strlen("268435456 ");
    char *nonce = strchr(salt, ' ') + 1;
    char *box = strstr(nonce, "\nsecret ") + strlen("\nsecret ");
    char *const places[] = {salt, nonce, box, box + 30};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char kept = *places[i];
        *places[i] = kept == 'A' ? 'B' : 'A';
        write_over(bytes_of(file.data, file.len - 1));
        ck_assert_int_eq(read_back("correct horse"), DEPOSITARY_E_PASSPHRASE);
        *places[i] = kept;
    }
    buffer_free(&file);
}
END_TEST

START_TEST(unsafe_modes_and_links_are_refused_with_the_reason) {
    struct verifier_key key;
    char target[160];
    make_key(&key, NULL);
    const mode_t modes[] = {0640, 0604, 0660, 0610};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        ck_assert_int_eq(chmod(path, modes[i]), 0);
        ck_assert_int_eq(read_back(NULL), DEPOSITARY_E_PERMISSION);
        ck_assert_ptr_nonnull(strstr(fault.text, "chmod 600"));
    }
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_int_eq(read_back(NULL), 0);
    snprintf(target, sizeof(target), "%s/real", dir);
    ck_assert_int_eq(rename(path, target), 0);
    ck_assert_int_eq(symlink(target, path), 0);
    ck_assert_int_eq(read_back(NULL), DEPOSITARY_E_PERMISSION);
    unlink(target);
}
END_TEST

START_TEST(another_user_s_file_is_refused) {
    struct verifier_key key;
    make_key(&key, NULL);
    if (geteuid() == 0) { /* only root can give a file away */
        ck_assert_int_eq(chown(path, 65534, (gid_t)-1), 0);
        ck_assert_int_eq(read_back(NULL), DEPOSITARY_E_PERMISSION);
    }
}
END_TEST

START_TEST(a_missing_file_and_a_folder_are_told_apart) {
    ck_assert_int_eq(read_back(NULL), DEPOSITARY_E_MISSING);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(read_back(NULL), DEPOSITARY_E_PERMISSION);
    rmdir(path);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("key");
    TCase *group = tcase_create("key");
    suite_add_tcase(suite, group);
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_set_timeout(group, 60);
    tcase_add_test(group, an_open_key_signs_after_it_was_read_back);
    tcase_add_test(group, the_secret_lies_in_guarded_memory);
    tcase_add_test(group, a_sealed_key_opens_with_its_passphrase_only);
    tcase_add_test(group, a_sealed_file_holds_no_seed_in_the_clear);
    tcase_add_test(group, a_passphrase_for_an_open_key_is_refused);
    tcase_add_test(group, empty_and_endless_passphrases_are_refused);
    tcase_add_test(group, a_key_is_never_written_over);
    tcase_add_test(group, two_keys_are_never_the_same);
    tcase_add_test(group, every_truncation_of_an_open_file_is_refused);
    tcase_add_test(group, every_changed_bit_of_an_open_file_is_refused);
    tcase_add_test(group, trailing_bytes_are_refused);
    tcase_add_test(group, a_secret_under_another_key_s_name_is_refused);
    tcase_add_test(group, limits_that_would_take_all_memory_are_refused_unopened);
    tcase_add_test(group, weakened_limits_do_not_open_the_file);
    tcase_add_test(group, a_changed_box_salt_or_nonce_does_not_open);
    tcase_add_test(group, unsafe_modes_and_links_are_refused_with_the_reason);
    tcase_add_test(group, another_user_s_file_is_refused);
    tcase_add_test(group, a_missing_file_and_a_folder_are_told_apart);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
