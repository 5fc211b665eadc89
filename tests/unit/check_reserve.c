/* An allocator with a reserve: what is small is there without memory, as often as it has slots; what is large is not; each want is noted. */
#include "base/reserve.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 100u
#define LARGE 5000u
#define MANY  1000u

/* Put in front of the C library's by the linker (--wrap). */
static bool is_scarce;
void *__real_malloc(size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *at, size_t size);

void *__wrap_malloc(size_t size) {
    return is_scarce ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *at, size_t size) {
    return is_scarce ? NULL : __real_realloc(at, size);
}

START_TEST(with_memory_it_is_the_c_librarys) {
    uint8_t *at = reserve_malloc(SMALL);
    ck_assert_ptr_nonnull(at);
    memset(at, 7, SMALL);
    at = reserve_realloc(at, LARGE);
    ck_assert_ptr_nonnull(at);
    ck_assert_uint_eq(at[SMALL - 1], 7);
    reserve_free(at);
    reserve_free(NULL);
    ck_assert(!reserve_has_lacked());
}
END_TEST

START_TEST(without_memory_what_is_small_is_there_and_noted) {
    is_scarce = true;
    uint8_t *at = reserve_malloc(SMALL);
    void *large = reserve_malloc(LARGE);
    is_scarce = false;
    ck_assert_ptr_nonnull(at);
    ck_assert_ptr_null(large);
    ck_assert(reserve_has_lacked());
    ck_assert(!reserve_has_lacked());
    memset(at, 7, SMALL);
    at = reserve_realloc(at, LARGE); /* memory is back: it moves there */
    ck_assert_ptr_nonnull(at);
    ck_assert_uint_eq(at[SMALL - 1], 7);
    reserve_free(at);
}
END_TEST

START_TEST(what_grows_gets_no_slot) {
    void *at = reserve_malloc(SMALL);
    is_scarce = true;
    void *larger = reserve_realloc(at, LARGE);
    is_scarce = false;
    ck_assert_ptr_null(larger);
    ck_assert(reserve_has_lacked());
    reserve_free(at);
}
END_TEST

START_TEST(slots_are_given_back) {
    for (int round = 0; round < 3; round++) {
        void *taken[MANY];
        size_t count = 0;
        is_scarce = true;
        while (count < MANY && (taken[count] = reserve_malloc(SMALL)) != NULL) {
            memset(taken[count], (int)count, SMALL);
            count++;
        }
        is_scarce = false;
        ck_assert_uint_eq(count, 64);
        for (size_t i = 0; i < count; i++) {
            ck_assert_uint_eq(((uint8_t *)taken[i])[SMALL - 1], i); /* each is its own */
            reserve_free(taken[i]);
        }
    }
    ck_assert(reserve_has_lacked());
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reserve");
    TCase *tests = tcase_create("reserve");
    tcase_add_test(tests, with_memory_it_is_the_c_librarys);
    tcase_add_test(tests, without_memory_what_is_small_is_there_and_noted);
    tcase_add_test(tests, what_grows_gets_no_slot);
    tcase_add_test(tests, slots_are_given_back);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
