/* The offline library through its public headers alone: what it hands out is owned by its objects, and nothing comes from a failure. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <depositary/verify.h>

/* A file of tests/vectors, in memory of exactly its size, so that a read past its end is seen. */
struct file {
    char *data;
    size_t len;
};

static struct file read_file(const char *name) {
    char path[512];
    struct file file = {.len = 0};

    snprintf(path, sizeof(path), TESTS_DIR "/vectors/%s", name);
    FILE *stream = fopen(path, "re");
    ck_assert_msg(stream != NULL, "cannot open %s", path);
    char bytes[65536];
    file.len = fread(bytes, 1, sizeof(bytes), stream);
    fclose(stream);
    file.data = malloc(file.len);
    ck_assert_ptr_nonnull(file.data);
    memcpy(file.data, bytes, file.len);
    return file;
}

static depositary_policy *load_policy(const char *name) {
    char path[512];
    depositary_policy *policy = NULL;
    depositary_failure failure;

    ck_assert_int_eq(depositary_verify_init(), 0);
    snprintf(path, sizeof(path), TESTS_DIR "/vectors/%s", name);
    ck_assert_int_eq(depositary_policy_load(&policy, path, &failure), 0);
    ck_assert_int_eq(failure.error, 0);
    ck_assert_str_eq(failure.text, "");
    return policy;
}

START_TEST(a_policy_is_loaded_and_freed) {
    depositary_policy *policy = load_policy("copy/policy");
    ck_assert_str_eq(depositary_policy_origin(policy), "example.org/treaties");
    depositary_policy_free(&policy);
    ck_assert_ptr_null(policy);
    depositary_policy_free(&policy);
    depositary_policy_free(NULL);
}
END_TEST

START_TEST(a_policy_that_cannot_be_used_says_why) {
    depositary_policy *policy = NULL;
    depositary_failure failure;

    ck_assert_int_eq(depositary_policy_new(&policy, "log x\n", 6, &failure), DEPOSITARY_E_POLICY);
    ck_assert_int_eq(failure.error, DEPOSITARY_E_POLICY);
    ck_assert_ptr_nonnull(strstr(failure.text, "line 1"));
    ck_assert_int_eq(depositary_policy_new(&policy, NULL, 0, NULL), DEPOSITARY_E_POLICY);
    ck_assert_int_eq(depositary_policy_load(&policy, "/nonexistent/policy", &failure), DEPOSITARY_E_MISSING);
    ck_assert_int_eq(failure.error, DEPOSITARY_E_MISSING);
    ck_assert_int_ne(failure.text[0], 0);
    ck_assert_int_eq(depositary_policy_load(&policy, "/dev/zero", &failure), DEPOSITARY_E_PERMISSION);
    char path[] = "/tmp/check_verify.XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(ftruncate(file, 65 * 1024), 0);
    ck_assert_int_eq(depositary_policy_load(&policy, path, &failure), DEPOSITARY_E_LIMIT);
    close(file);
    unlink(path);
    ck_assert_ptr_null(policy);
}
END_TEST

START_TEST(a_checkpoint_is_verified_under_a_policy) {
    depositary_policy *policy = load_policy("checkpoint-cosigned.policy");
    struct file note = read_file("checkpoint-cosigned.txt");
    depositary_checkpoint checkpoint = {.size = 9};
    depositary_failure failure;

    note.data[25] ^= 1;
    ck_assert_int_ne(depositary_checkpoint_verify(&checkpoint, policy, note.data, note.len, &failure), 0);
    ck_assert(depositary_error_is_verification(failure.error));
    ck_assert_uint_eq(checkpoint.size, 9);
    note.data[25] ^= 1;
    ck_assert_int_eq(depositary_checkpoint_verify(&checkpoint, policy, note.data, note.len, NULL), 0);
    ck_assert_uint_eq(checkpoint.size, 3);
    free(note.data);
    depositary_policy_free(&policy);
}
END_TEST

START_TEST(proofs_are_verified) {
    uint8_t leaves[2][32], root[32], path[64 * 32] = {0};

    ck_assert_int_eq(depositary_verify_init(), 0);
    depositary_leaf_hash(leaves[0], "a", 1);
    depositary_leaf_hash(leaves[1], NULL, 0);
    /* H(0x00), by sha256sum */
    ck_assert_mem_eq(leaves[1],
                     "\x6e\x34\x0b\x9c\xff\xb3\x7a\x98\x9c\xa5\x44\xe6\xbb\x78\x0a\x2c"
                     "\x78\x90\x1d\x3f\xb3\x37\x38\x76\x85\x11\xa3\x06\x17\xaf\xa0\x1d",
                     32);
    memcpy(root, leaves[0], 32);
    ck_assert_int_eq(depositary_inclusion_verify(leaves[0], 0, 1, NULL, 0, root), 0);
    ck_assert_int_eq(depositary_inclusion_verify(leaves[1], 0, 1, NULL, 0, root), DEPOSITARY_E_INCLUSION);
    ck_assert_int_eq(depositary_inclusion_verify(leaves[0], 0, 1, path, 64, root), DEPOSITARY_E_INCLUSION);
    ck_assert_int_eq(depositary_consistency_verify(1, root, 1, root, NULL, 0), 0);
    ck_assert_int_eq(depositary_consistency_verify(1, root, 1, leaves[1], NULL, 0), DEPOSITARY_E_CONSISTENCY);
    ck_assert_int_eq(depositary_consistency_verify(1, root, 2, root, path, 64), DEPOSITARY_E_CONSISTENCY);
}
END_TEST

START_TEST(a_copy_hands_out_what_was_proved_and_owns_it) {
    depositary_policy *policy = load_policy("copy/policy");
    struct file record = read_file("copy/example-treaty.en.1.art_2.record");
    struct file proof = read_file("copy/example-treaty.en.1.art_2.proof");
    depositary_copy *copy = NULL;
    static const char text[] =
        "Article 2\n\n1. The Parties shall meet \xE2\x80\x9Conce a year\xE2\x80\x9D.\n\n2. They may "
        "meet more often.\n\n";

    ck_assert_int_eq(depositary_copy_verify(&copy, policy, record.data, record.len, proof.data, proof.len, NULL), 0);
    const size_t record_len = record.len;
    free(record.data); /* nothing points at the input */
    free(proof.data);
    depositary_policy_free(&policy);
    const depositary_clause *clause = depositary_copy_clause(copy);
    const depositary_edition *edition = clause->edition;
    ck_assert_str_eq(clause->eid, "art_2");
    ck_assert_uint_eq(clause->place, 1);
    ck_assert_uint_eq(clause->text_len, sizeof(text) - 1);
    ck_assert_str_eq(clause->text, text);
    ck_assert_uint_eq(clause->record_len, record_len);
    ck_assert_uint_eq(strlen(clause->record), record_len);
    ck_assert_str_eq(edition->instrument, "example-treaty");
    ck_assert_str_eq(edition->language, "en");
    ck_assert_uint_eq(edition->edition, 1);
    ck_assert_str_eq(edition->act, "deposit");
    ck_assert_str_eq(edition->title, "An example treaty");
    ck_assert_str_eq(edition->date, "2025-04-23");
    ck_assert_str_eq(edition->place, "Baku");
    ck_assert_uint_eq(edition->parties_count, 2);
    ck_assert_str_eq(edition->parties[0], "The First Party");
    ck_assert_str_eq(edition->parties[1], "The Second Party");
    ck_assert_str_eq(edition->authenticity, "authentic");
    ck_assert_str_eq(edition->translation_of, "");
    ck_assert_uint_eq(edition->source_length, 161);
    ck_assert_uint_eq(edition->clauses, 3);
    ck_assert_str_eq(edition->deposited_at, "2025-04-23T00:00:00Z");
    ck_assert_str_eq(edition->remark, "");
    ck_assert_uint_eq(edition->index, 1);
    ck_assert_uint_eq(strlen(edition->record), edition->record_len);
    ck_assert_uint_eq(edition->latest_edition, 0);
    ck_assert_int_eq(edition->is_latest, -1);
    ck_assert_uint_eq(depositary_copy_checkpoint(copy).size, 3);
    /* claimed: what stands inside the text, always within it */
    ck_assert_uint_eq(clause->provisions_count, 2);
    for (size_t i = 0; i < clause->provisions_count; i++) {
        const depositary_provision *provision = &clause->provisions[i];
        ck_assert_int_eq(strncmp(provision->eid, "art_2__", 7), 0);
        ck_assert_uint_le((uint64_t)provision->span.offset + provision->span.length, clause->text_len);
    }
    depositary_copy_free(&copy);
    ck_assert_ptr_null(copy);
    depositary_copy_free(&copy);
    depositary_copy_free(NULL);
}
END_TEST

START_TEST(a_changed_copy_hands_out_nothing) {
    depositary_policy *policy = load_policy("copy/policy");
    struct file record = read_file("copy/example-treaty.en.1.art_2.record");
    struct file proof = read_file("copy/example-treaty.en.1.art_2.proof");
    depositary_copy *copy = NULL;
    depositary_failure failure;

    record.data[record.len - 3] ^= 1;
    ck_assert_int_eq(depositary_copy_verify(&copy, policy, record.data, record.len, proof.data, proof.len, &failure),
                     DEPOSITARY_E_CLAUSE_PROOF);
    ck_assert_int_eq(failure.error, DEPOSITARY_E_CLAUSE_PROOF);
    ck_assert_int_ne(failure.text[0], 0);
    ck_assert_ptr_null(copy);
    ck_assert_int_eq(depositary_copy_verify(&copy, policy, NULL, 0, NULL, 0, &failure), DEPOSITARY_E_COPY_FORMAT);
    ck_assert_ptr_null(copy);
    free(record.data);
    free(proof.data);
    depositary_policy_free(&policy);
}
END_TEST

START_TEST(a_verifier_gives_what_a_copy_alone_gives) {
    depositary_policy *policy = load_policy("copy/policy");
    struct file record = read_file("copy/example-treaty.en.1.art_2.record");
    struct file proof = read_file("copy/example-treaty.en.1.art_2.proof");
    depositary_verifier *verifier = NULL;
    depositary_copy *copies[3] = {NULL};
    depositary_failure failure;

    ck_assert_int_eq(depositary_verifier_new(&verifier, policy, &failure), 0);
    depositary_policy_free(&policy); /* the verifier has its own */
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(
            depositary_verifier_copy(&copies[i], verifier, record.data, record.len, proof.data, proof.len, &failure),
            0);
        ck_assert_int_eq(failure.error, 0);
        ck_assert_int_eq(depositary_verifier_copy(NULL, verifier, record.data, record.len, proof.data, proof.len, NULL),
                         0);
        for (size_t at = 0; at < record.len + proof.len; at++) { /* every byte, with all of the copy known by now */
            char *byte = at < record.len ? &record.data[at] : &proof.data[at - record.len];
            depositary_copy *none = NULL;
            *byte ^= 1;
            const int error =
                depositary_verifier_copy(&none, verifier, record.data, record.len, proof.data, proof.len, &failure);
            ck_assert_msg(error != 0 && failure.error == error && failure.text[0] != '\0', "byte %zu", at);
            ck_assert_ptr_null(none);
            *byte ^= 1;
        }
    }
    memset(record.data, 0, record.len);
    memset(proof.data, 0, proof.len);
    free(record.data);
    free(proof.data);
    depositary_verifier_free(&verifier);
    ck_assert_ptr_null(verifier);
    depositary_verifier_free(&verifier);
    depositary_verifier_free(NULL);
    for (unsigned i = 0; i < 3; i++) { /* they outlive all of it */
        const depositary_clause *clause = depositary_copy_clause(copies[i]);
        ck_assert_str_eq(clause->eid, "art_2");
        ck_assert_str_eq(clause->edition->title, "An example treaty");
        ck_assert_uint_eq(depositary_copy_checkpoint(copies[i]).size, 3);
        depositary_copy_free(&copies[i]);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("verify");
    TCase *tests = tcase_create("verify");

    tcase_add_test(tests, a_policy_is_loaded_and_freed);
    tcase_add_test(tests, a_policy_that_cannot_be_used_says_why);
    tcase_add_test(tests, a_checkpoint_is_verified_under_a_policy);
    tcase_add_test(tests, proofs_are_verified);
    tcase_add_test(tests, a_copy_hands_out_what_was_proved_and_owns_it);
    tcase_add_test(tests, a_changed_copy_hands_out_nothing);
    tcase_add_test(tests, a_verifier_gives_what_a_copy_alone_gives);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
