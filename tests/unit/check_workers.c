/* Threads for long calls: all work is done once, the queue has its bound, and the end waits for what was taken. */
#include "server/workers.h"

#include <check.h>
#include <semaphore.h>
#include <stdlib.h>

static struct workers *workers;
static sem_t hold;
static sem_t held;
static unsigned done;

static void set_up(void) {
    sem_init(&hold, 0, 0);
    sem_init(&held, 0, 0);
    done = 0;
}

static void tear_down(void) {
    sem_destroy(&hold);
    sem_destroy(&held);
}

static void count(struct work *work) {
    (void)work;
    __atomic_add_fetch(&done, 1, __ATOMIC_RELAXED);
}

static void wait_and_count(struct work *work) {
    sem_post(&held);
    sem_wait(&hold);
    count(work);
}

START_TEST(full_queue_takes_nothing_more) {
    enum { QUEUE = 5 };
    static struct work work[QUEUE + 3];
    ck_assert_int_eq(workers_start(&workers, 2, QUEUE, NULL), 0);
    for (unsigned i = 0; i < 2; i++) {
        work[i].run = wait_and_count;
        ck_assert(workers_add(workers, &work[i]));
        sem_wait(&held);
    }
    for (unsigned i = 2; i < 2 + QUEUE; i++) {
        work[i].run = count;
        ck_assert(workers_add(workers, &work[i]));
    }
    work[QUEUE + 2].run = count;
    ck_assert(!workers_add(workers, &work[QUEUE + 2]));
    sem_post(&hold);
    sem_post(&hold);
    workers_stop(workers);
    ck_assert_uint_eq(done, QUEUE + 2);
}
END_TEST

START_TEST(end_waits_for_all_that_was_taken) {
    enum { COUNT = 1000 };
    static struct work work[COUNT];
    ck_assert_int_eq(workers_start(&workers, 3, COUNT, NULL), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        work[i].run = count;
        ck_assert(workers_add(workers, &work[i]));
    }
    workers_stop(workers);
    ck_assert_uint_eq(done, COUNT);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("workers");
    TCase *tests = tcase_create("workers");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, full_queue_takes_nothing_more);
    tcase_add_test(tests, end_waits_for_all_that_was_taken);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
