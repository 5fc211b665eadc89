/* The answer cache: the right answer or none, within its bytes, and nothing freed that somebody still sends. */
#include "server/cache.h"

#include <check.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct method *get_clause;
static const struct method *get_instrument;
static struct cache *cache;

/* In place of libsodium's where the linker finds it called: the same for everything, as nobody without the key can bring about. */
static bool collides;
int __real_crypto_shorthash(unsigned char *out, const unsigned char *in, unsigned long long len,
                            const unsigned char *key);
int __wrap_crypto_shorthash(unsigned char *out, const unsigned char *in, unsigned long long len,
                            const unsigned char *key);
int __wrap_crypto_shorthash(unsigned char *out, const unsigned char *in, unsigned long long len,
                            const unsigned char *key) {
    if (!collides)
        return __real_crypto_shorthash(out, in, len, key);
    memset(out, 7, crypto_shorthash_BYTES);
    return 0;
}

static void set_up(void) {
    ck_assert_int_ge(sodium_init(), 0);
    get_clause = method_find(BYTES("/depositary.v1.DepositaryService/GetClause"));
    get_instrument = method_find(BYTES("/depositary.v1.DepositaryService/GetInstrument"));
    cache = NULL;
    collides = false;
}

static void tear_down(void) {
    cache_free(cache);
}

static void keep(const struct method *method, const char *message, const char *text) {
    struct answer *answer = answer_new(bytes_text(text), NULL);
    ck_assert_ptr_nonnull(answer);
    cache_keep(cache, method, bytes_text(message), answer);
    answer_release(answer);
}

static bool has(const struct method *method, const char *message, const char *text) {
    struct answer *answer = cache_find(cache, method, bytes_text(message));
    bool is_there = answer && bytes_equal(answer->own, bytes_text(text));
    answer_release(answer);
    return is_there;
}

START_TEST(answer_knows_its_digest) {
    struct answer *answer = answer_new(BYTES("an answer"), NULL);
    struct hash digest;
    seal_digest(&digest, BYTES("an answer"));
    ck_assert(hash_equal(&answer->digest, &digest));
    answer_release(answer);
}
END_TEST

/* GetClause with this message from another method with it, and from GetClause with other messages. */
static void tell_apart(const struct method *method, const char *message, const char *other, const char *another) {
    ck_assert_int_eq(cache_new(&cache, 100000), 0);
    keep(get_clause, message, "a");
    ck_assert(has(get_clause, message, "a"));
    ck_assert_ptr_null(cache_find(cache, method, bytes_text(message)));
    ck_assert_ptr_null(cache_find(cache, get_clause, bytes_text(other)));
    ck_assert_ptr_null(cache_find(cache, get_clause, bytes_text(another)));
    keep(method, message, "b");
    keep(get_clause, other, "c");
    ck_assert(has(get_clause, message, "a"));
    ck_assert(has(method, message, "b"));
    ck_assert(has(get_clause, other, "c"));
}

START_TEST(other_methods_and_messages_are_other_answers) {
    tell_apart(get_instrument, "m", "", "mm");
}
END_TEST

/* Whatever the hash says: method and message are compared. */
START_TEST(one_hash_is_not_one_question) {
    const struct method *other = method_find(BYTES("/depositary.v1.LedgerService/GetConsistencyProof"));
    collides = true;
    ck_assert_int_eq(get_clause->index,
                     other->index); /* of two services, so that nothing but the method itself tells them apart */
    tell_apart(other, "question", "questiom", "question ");
}
END_TEST

START_TEST(first_answer_stays) {
    ck_assert_int_eq(cache_new(&cache, 100000), 0);
    keep(get_clause, "m", "a");
    keep(get_clause, "m", "b");
    ck_assert(has(get_clause, "m", "a"));
}
END_TEST

START_TEST(large_answers_and_messages_are_not_kept) {
    ck_assert_int_eq(cache_new(&cache, 16 * 1024 * 1024), 0);
    char *text = malloc(CACHE_ANSWER_MAX + 2);
    memset(text, 'a', CACHE_ANSWER_MAX + 1);
    text[CACHE_ANSWER_MAX + 1] = '\0';
    keep(get_clause, "large", text);
    ck_assert_ptr_null(cache_find(cache, get_clause, BYTES("large")));
    text[CACHE_ANSWER_MAX] = '\0';
    keep(get_clause, "large", text);
    ck_assert(has(get_clause, "large", text));
    text[CACHE_KEY_MAX + 1] = '\0';
    keep(get_clause, text, "a");
    ck_assert_ptr_null(cache_find(cache, get_clause, bytes_text(text)));
    free(text);
}
END_TEST

START_TEST(answer_larger_than_the_whole_cache_is_not_kept) {
    ck_assert_int_eq(cache_new(&cache, 500), 0);
    keep(get_clause, "small", "a");
    char text[1000];
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    keep(get_clause, "m", text);
    ck_assert_ptr_null(cache_find(cache, get_clause, BYTES("m")));
    ck_assert(has(get_clause, "small", "a"));
}
END_TEST

/* A kilobyte for message number `i`. */
static void keep_number(unsigned i, struct piece *const tail[ANSWER_TAIL_MAX]) {
    static uint8_t text[1000];
    char message[16];
    snprintf(message, sizeof(message), "m%u", i);
    struct answer *answer = answer_new(bytes_of(text, sizeof(text)), tail);
    ck_assert_ptr_nonnull(answer);
    cache_keep(cache, get_clause, bytes_text(message), answer);
    answer_release(answer);
}

static bool has_number(unsigned i) {
    char message[16];
    snprintf(message, sizeof(message), "m%u", i);
    struct answer *answer = cache_find(cache, get_clause, bytes_text(message));
    answer_release(answer);
    return answer != NULL;
}

/* As a caller does: asks, and where it is not there it is made and kept. */
static bool ask_number(unsigned i) {
    bool is_there = has_number(i);
    if (!is_there) {
        keep_number(i, NULL);
    }
    return is_there;
}

START_TEST(what_is_asked_for_once_does_not_drive_out_what_is_asked_for_often) {
    ck_assert_int_eq(cache_new(&cache, 100 * 1300), 0);
    unsigned found = 0, asked = 0;
    for (unsigned i = 0; i < 20000; i++) {
        ask_number(1000 + i); /* each once */
        if (i > 2000) {
            found += ask_number(i % 50);
            asked++;
        } else {
            ask_number(i % 50);
        }
    }
    ck_assert_msg(found >= asked - asked / 50, "%u of %u", found, asked);
    ck_assert_uint_le(cache_used(cache), 100 * 1300);
}
END_TEST

START_TEST(what_is_asked_for_no_more_makes_room) {
    ck_assert_int_eq(cache_new(&cache, 100 * 1300), 0);
    for (unsigned i = 0; i < 5000; i++) {
        ask_number(i % 90);
    }
    unsigned found = 0;
    for (unsigned i = 0; i < 10000; i++) {
        found += ask_number(500 + i % 90);
    }
    ck_assert_msg(found >= 8000, "%u of 10000", found);
}
END_TEST

START_TEST(pieces_in_common_are_counted_once) {
    uint8_t bytes[20000] = {0};
    ck_assert_int_eq(cache_new(&cache, 100000), 0);
    struct piece *piece = piece_new(bytes_of(bytes, sizeof(bytes)));
    struct piece *const tail[ANSWER_TAIL_MAX] = {piece};
    for (unsigned i = 0; i < 20; i++) {
        keep_number(i, tail);
    }
    for (unsigned i = 0; i < 20; i++) {
        ck_assert(has_number(i));
    }
    ck_assert_uint_ge(cache_used(cache), 40000);
    ck_assert_uint_le(cache_used(cache), 50000);
    for (unsigned i = 100; i < 3000; i++) { /* others drive them out, and the last one takes the piece along */
        keep_number(i % 80 + 100, NULL);
        keep_number(i % 80 + 100, NULL);
    }
    unsigned kept = 0;
    for (unsigned i = 0; i < 3000; i++) {
        kept += has_number(i);
    }
    ck_assert_uint_le(cache_used(cache), 100000);
    ck_assert_uint_ge(kept, 50);
    piece_release(piece);
}
END_TEST

/* The entry that makes room is the only other one that ends in the piece. */
START_TEST(piece_of_what_makes_room_is_counted_still) {
    static uint8_t bytes[3000];
    const size_t capacity = 4000;
    ck_assert_int_eq(cache_new(&cache, capacity), 0);
    struct piece *piece = piece_new(bytes_of(bytes, sizeof(bytes)));
    struct piece *const tail[ANSWER_TAIL_MAX] = {piece};
    struct answer *small = answer_new(BYTES("a"), tail);
    cache_keep(cache, get_clause, BYTES("small"), small);
    answer_release(small);
    for (unsigned i = 0; i < 3; i++) {
        keep_number(1, tail);
        ck_assert_uint_le(cache_used(cache), capacity);
    }
    for (unsigned i = 100; i < 200; i++) { /* and what comes after has no more room than there is */
        keep_number(i, NULL);
        ck_assert_uint_le(cache_used(cache), capacity);
    }
    piece_release(piece);
}
END_TEST

START_TEST(dropped_answer_lives_while_it_is_held) {
    ck_assert_int_eq(cache_new(&cache, 1700), 0);
    keep(get_clause, "m", "held");
    struct answer *answer = cache_find(cache, get_clause, BYTES("m"));
    char text[1500];
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    for (unsigned i = 0; i < 20; i++) {
        keep(get_clause, "n", text);
    }
    ck_assert(has(get_clause, "n", text));
    ck_assert_ptr_null(cache_find(cache, get_clause, BYTES("m")));
    cache_free(cache);
    cache = NULL;
    ck_assert(bytes_equal(answer->own, BYTES("held")));
    answer_release(answer);
}
END_TEST

static void *hammer(void *context) {
    unsigned seed = *(unsigned *)context;
    for (unsigned i = 0; i < 20000; i++) {
        char message[16];
        seed = seed * 1103515245 + 12345;
        snprintf(message, sizeof(message), "m%u", seed / 65536 % 300);
        struct answer *answer = cache_find(cache, get_clause, bytes_text(message));
        if (answer) {
            if (!bytes_equal(answer->own, bytes_text(message))) {
                return (void *)1;
            }
            answer_release(answer);
        } else {
            keep(get_clause, message, message);
        }
    }
    return NULL;
}

START_TEST(threads_never_get_another_answer) {
    ck_assert_int_eq(cache_new(&cache, 20000), 0);
    pthread_t threads[4];
    unsigned seeds[4] = {1, 2, 3, 4};
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        ck_assert_ptr_null(wrong);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cache");
    TCase *tests = tcase_create("cache");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, answer_knows_its_digest);
    tcase_add_test(tests, other_methods_and_messages_are_other_answers);
    tcase_add_test(tests, one_hash_is_not_one_question);
    tcase_add_test(tests, first_answer_stays);
    tcase_add_test(tests, large_answers_and_messages_are_not_kept);
    tcase_add_test(tests, answer_larger_than_the_whole_cache_is_not_kept);
    tcase_add_test(tests, what_is_asked_for_once_does_not_drive_out_what_is_asked_for_often);
    tcase_add_test(tests, what_is_asked_for_no_more_makes_room);
    tcase_add_test(tests, pieces_in_common_are_counted_once);
    tcase_add_test(tests, piece_of_what_makes_room_is_counted_still);
    tcase_add_test(tests, dropped_answer_lives_while_it_is_held);
    tcase_add_test(tests, threads_never_get_another_answer);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
