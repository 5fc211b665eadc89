/* The sealer: every answer gets a seal that holds, batches keep their bound, and never mix states of the ledger. */
#include "server/sealer.h"

#include "base/limits.h"
#include "base/time.h"

#include <check.h>
#include <pthread.h>
#include <semaphore.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "sealer.example/ledger"

static uint8_t public_key[PUBLIC_KEY_LEN];
static uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
static struct sealer *sealer;
static struct ledger_state states[2];

/* An answer under way, and what became of it. */
struct waiting {
    struct sealing sealing; /* first: what the call-back gets is both */
    int error;              /* of seal_check */
    struct seal_head head;
    uint64_t index;
    bool is_signed_by_key;
    pthread_t sealed_by;
    sem_t *hold; /* where it keeps the sealer waiting, having said so at `held` */
    sem_t *done;
};

static sem_t done;
static sem_t held;

static void set_up(void) {
    uint8_t seed[crypto_sign_SEEDBYTES] = {1};
    ck_assert_int_ge(sodium_init(), 0);
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    for (size_t i = 0; i < 2; i++) {
        states[i] = (struct ledger_state){.size = 10 + i};
        memset(states[i].root.bytes, (int)(0x10 + i), HASH_LEN);
    }
    sem_init(&done, 0, 0);
    sem_init(&held, 0, 0);
    ck_assert_int_eq(sealer_start(&sealer, ORIGIN, LIMIT_BATCH, secret_key, public_key, NULL), 0);
}

static void tear_down(void) {
    sealer_stop(sealer);
    sealer = NULL;
    sem_destroy(&held);
    sem_destroy(&done);
}

static void take_seal(struct sealing *sealing, const struct seal *seal) {
    struct waiting *waiting = (struct waiting *)sealing;
    waiting->sealed_by = pthread_self();
    if (waiting->hold) {
        sem_post(&held);
        sem_wait(waiting->hold);
    }
    waiting->error = seal ? seal_check(&waiting->head, seal, &sealing->request_digest, &sealing->answer_digest)
                          : DEPOSITARY_E_SEAL_MISSING;
    if (seal) {
        waiting->index = seal->index;
        waiting->is_signed_by_key = bytes_equal(seal->public_key, bytes_of(public_key, sizeof(public_key)));
    }
    sem_post(waiting->done);
}

static void prepare(struct waiting *waiting, unsigned number, const struct ledger_state *state) {
    *waiting = (struct waiting){.sealing = {.state = state, .begun_ns = clock_monotonic_ns(), .sealed = take_seal},
                                .error = -1,
                                .hold = waiting->hold,
                                .done = &done};
    seal_digest(&waiting->sealing.request_digest, bytes_of(&number, sizeof(number)));
    seal_digest(&waiting->sealing.answer_digest, bytes_of(states, number % 7));
}

static void submit(struct waiting *waiting, unsigned number, const struct ledger_state *state) {
    prepare(waiting, number, state);
    sealer_submit(sealer, &waiting->sealing);
}

static void wait_for(size_t count) {
    for (size_t i = 0; i < count; i++) {
        sem_wait(&done);
    }
}

static void assert_sealed(const struct waiting *waiting, const struct ledger_state *state) {
    ck_assert_int_eq(waiting->error, 0);
    ck_assert(waiting->is_signed_by_key);
    ck_assert_str_eq(waiting->head.origin, ORIGIN);
    ck_assert_uint_eq(waiting->head.ledger_size, state->size);
    ck_assert(hash_equal(&waiting->head.ledger_root, &state->root));
}

START_TEST(lone_answer_waits_for_nobody) {
    struct waiting waiting = {0};
    int64_t before = clock_now_s();
    submit(&waiting, 1, &states[0]);
    wait_for(1);
    assert_sealed(&waiting, &states[0]);
    ck_assert_uint_eq(waiting.head.size, 1);
    ck_assert_uint_eq(waiting.index, 0);
    ck_assert_int_ge(waiting.head.sealed_at, before);
    ck_assert_int_le(waiting.head.sealed_at, clock_now_s());
}
END_TEST

START_TEST(lone_answer_is_sealed_before_submitting_returns) {
    struct waiting waiting = {0};
    prepare(&waiting, 1, &states[0]);
    sealer_submit_lone(sealer, &waiting.sealing);
    ck_assert_int_eq(sem_trywait(&done), 0);
    assert_sealed(&waiting, &states[0]);
    ck_assert_uint_eq(waiting.head.size, 1);
}
END_TEST

START_TEST(lone_answer_joins_the_queue_while_a_batch_is_sealed) {
    static struct waiting waiting[2];
    sem_t hold;
    sem_init(&hold, 0, 0);
    waiting[0].hold = &hold;
    submit(&waiting[0], 0, &states[0]);
    sem_wait(&held);
    prepare(&waiting[1], 1, &states[0]);
    sealer_submit_lone(sealer, &waiting[1].sealing);
    ck_assert_int_eq(waiting[1].error, -1); /* not yet */
    sem_post(&hold);
    wait_for(2);
    assert_sealed(&waiting[1], &states[0]);
    sem_destroy(&hold);
}
END_TEST

START_TEST(lone_answer_on_the_heels_of_another_joins_the_queue) {
    static struct waiting waiting[2];
    prepare(&waiting[0], 0, &states[0]);
    prepare(&waiting[1], 1, &states[0]); /* came before the first was sealed */
    sealer_submit_lone(sealer, &waiting[0].sealing);
    ck_assert_int_eq(sem_trywait(&done), 0);
    sealer_submit_lone(sealer, &waiting[1].sealing);
    wait_for(1);
    ck_assert(!pthread_equal(waiting[1].sealed_by, pthread_self()));
    ck_assert(pthread_equal(waiting[0].sealed_by, pthread_self()));
    assert_sealed(&waiting[1], &states[0]);
}
END_TEST

/* While the first is held up at its caller, the others come in; what batches they make is then certain. */
START_TEST(batch_is_what_waits_up_to_the_limit) {
    enum { COUNT = LIMIT_BATCH + 300 };
    static struct waiting waiting[COUNT + 1];
    sem_t hold;
    sem_init(&hold, 0, 0);
    waiting[0].hold = &hold;
    submit(&waiting[0], 0, &states[0]);
    sem_wait(&held);
    for (unsigned i = 1; i <= COUNT; i++) {
        submit(&waiting[i], i, &states[0]);
    }
    sem_post(&hold);
    wait_for(COUNT + 1);
    ck_assert_uint_eq(waiting[0].head.size, 1);
    for (unsigned i = 1; i <= COUNT; i++) {
        assert_sealed(&waiting[i], &states[0]);
        bool is_first_batch = i <= LIMIT_BATCH;
        ck_assert_uint_eq(waiting[i].head.size, is_first_batch ? LIMIT_BATCH : COUNT - LIMIT_BATCH);
        ck_assert_uint_eq(waiting[i].index, is_first_batch ? i - 1 : i - 1 - LIMIT_BATCH);
    }
    sem_destroy(&hold);
}
END_TEST

START_TEST(batch_keeps_the_bound_that_was_asked_for) {
    enum { COUNT = 20 };
    static struct waiting waiting[COUNT + 1];
    sem_t hold;
    sealer_stop(sealer);
    ck_assert_int_eq(sealer_start(&sealer, ORIGIN, 7, secret_key, public_key, NULL), 0);
    sem_init(&hold, 0, 0);
    waiting[0].hold = &hold;
    submit(&waiting[0], 0, &states[0]);
    sem_wait(&held);
    for (unsigned i = 1; i <= COUNT; i++) {
        waiting[i].hold = NULL;
        submit(&waiting[i], i, &states[0]);
    }
    sem_post(&hold);
    wait_for(COUNT + 1);
    for (unsigned i = 1; i <= COUNT; i++) {
        assert_sealed(&waiting[i], &states[0]);
        ck_assert_uint_eq(waiting[i].head.size, i <= 14 ? 7 : 6);
    }
    sem_destroy(&hold);
}
END_TEST

START_TEST(batch_never_mixes_states) {
    enum { COUNT = 200 };
    static struct waiting waiting[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        waiting[i].hold = NULL;
        submit(&waiting[i], i, &states[i / 3 % 2]);
    }
    wait_for(COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_sealed(&waiting[i], &states[i / 3 % 2]);
        ck_assert_uint_le(waiting[i].head.size, 3);
    }
}
END_TEST

START_TEST(same_state_in_another_place_is_the_same_batch) {
    static struct waiting waiting[3];
    struct ledger_state twin = states[0];
    sem_t hold;
    sem_init(&hold, 0, 0);
    waiting[0].hold = &hold;
    submit(&waiting[0], 0, &states[1]);
    sem_wait(&held);
    submit(&waiting[1], 1, &states[0]);
    submit(&waiting[2], 2, &twin);
    sem_post(&hold);
    wait_for(3);
    ck_assert_uint_eq(waiting[1].head.size, 2);
    ck_assert_uint_eq(waiting[2].index, 1);
    sem_destroy(&hold);
}
END_TEST

/* Its seals are by the new key from its return on, and the secret of the one before is read no more: it is wiped here. */
START_TEST(another_key_seals_once_it_was_told) {
    static struct waiting waiting[2];
    static uint8_t other_secret[crypto_sign_SECRETKEYBYTES];
    uint8_t other_public[PUBLIC_KEY_LEN], seed[crypto_sign_SEEDBYTES] = {2};
    crypto_sign_seed_keypair(other_public, other_secret, seed);
    submit(&waiting[0], 0, &states[0]);
    wait_for(1);
    assert_sealed(&waiting[0], &states[0]);
    sealer_use_key(sealer, other_secret, other_public);
    memset(secret_key, 0, sizeof(secret_key));
    submit(&waiting[1], 1, &states[0]);
    wait_for(1);
    ck_assert_int_eq(waiting[1].error, 0);
    ck_assert(!waiting[1].is_signed_by_key);
    memcpy(public_key, other_public, sizeof(public_key));
    submit(&waiting[0], 0, &states[0]);
    wait_for(1);
    assert_sealed(&waiting[0], &states[0]);
}
END_TEST

START_TEST(what_waits_is_sealed_before_the_end) {
    enum { COUNT = 500 };
    static struct waiting waiting[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        waiting[i].hold = NULL;
        submit(&waiting[i], i, &states[0]);
    }
    sealer_stop(sealer);
    sealer = NULL;
    for (unsigned i = 0; i < COUNT; i++) {
        assert_sealed(&waiting[i], &states[0]);
    }
}
END_TEST

static void *submit_many(void *context) {
    struct waiting *waiting = context;
    for (unsigned i = 0; i < 2000; i++) {
        waiting[i].hold = NULL;
        prepare(&waiting[i], i, &states[0]);
        (i % 3 == 0 ? sealer_submit_lone : sealer_submit)(sealer, &waiting[i].sealing);
    }
    return NULL;
}

START_TEST(many_threads_lose_nothing) {
    enum { THREADS = 4, EACH = 2000 };
    static struct waiting waiting[THREADS][EACH];
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, submit_many, waiting[i]), 0);
    }
    wait_for(THREADS * EACH);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (unsigned j = 0; j < EACH; j++) {
            ck_assert_int_eq(waiting[i][j].error, 0);
        }
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sealer");
    TCase *tests = tcase_create("sealer");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, lone_answer_waits_for_nobody);
    tcase_add_test(tests, lone_answer_is_sealed_before_submitting_returns);
    tcase_add_test(tests, lone_answer_joins_the_queue_while_a_batch_is_sealed);
    tcase_add_test(tests, lone_answer_on_the_heels_of_another_joins_the_queue);
    tcase_add_test(tests, batch_is_what_waits_up_to_the_limit);
    tcase_add_test(tests, batch_keeps_the_bound_that_was_asked_for);
    tcase_add_test(tests, batch_never_mixes_states);
    tcase_add_test(tests, same_state_in_another_place_is_the_same_batch);
    tcase_add_test(tests, another_key_seals_once_it_was_told);
    tcase_add_test(tests, what_waits_is_sealed_before_the_end);
    tcase_add_test(tests, many_threads_lose_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
