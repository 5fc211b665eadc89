/* The capped arena: src/base/arena.h. */
#include "base/arena.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

START_TEST(nothing_is_handed_out_past_the_cap) {
    struct arena arena;
    arena_init(&arena, 1024);
    ck_assert_ptr_null(arena_alloc(&arena, 1025));
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX));
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX - 7));
    size_t handed_out = 0;
    while (arena_alloc(&arena, 1)) {
        handed_out++;
    }
    ck_assert_uint_gt(handed_out, 0);
    ck_assert_uint_le(handed_out, 1024);
    ck_assert_uint_le(arena.used, 1024);
    arena_free(&arena);
}
END_TEST

START_TEST(empty_allocations_count_too) {
    struct arena arena;
    arena_init(&arena, 4096);
    size_t handed_out = 0;
    while (handed_out < 100000 && arena_alloc(&arena, 0)) {
        handed_out++;
    }
    ck_assert_uint_lt(handed_out, 100000);
    arena_free(&arena);
}
END_TEST

START_TEST(all_is_aligned_and_apart) {
    struct arena arena;
    arena_init(&arena, 4u << 20);
    unsigned char *places[500];
    for (size_t i = 0; i < 500; i++) {
        places[i] = arena_alloc(&arena, i * 7);
        ck_assert_ptr_nonnull(places[i]);
        ck_assert_uint_eq((uintptr_t)places[i] % _Alignof(max_align_t), 0);
        memset(places[i], (int)(i & 255), i * 7);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t j = 0; j < i * 7; j++) {
            ck_assert_uint_eq(places[i][j], i & 255);
        }
    }
    arena_free(&arena);
}
END_TEST

START_TEST(one_larger_than_any_block_fits_under_the_cap) {
    struct arena arena;
    arena_init(&arena, 3u << 20);
    unsigned char *place = arena_zalloc(&arena, 2u << 20);
    ck_assert_ptr_nonnull(place);
    ck_assert_uint_eq(place[(2u << 20) - 1], 0);
    arena_free(&arena);
}
END_TEST

START_TEST(a_reset_arena_gives_its_whole_cap_again) {
    struct arena arena;
    arena_init(&arena, 100000);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) {
            unsigned char *place = arena_zalloc(&arena, 900);
            ck_assert_ptr_nonnull(place);
            for (int j = 0; j < 900; j++) {
                ck_assert_uint_eq(place[j], 0);
                place[j] = 0xAA;
            }
        }
        arena_reset(&arena);
        ck_assert_uint_eq(arena.used, 0);
    }
    arena_free(&arena);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 8));
    arena_free(&arena);
    arena_free(&arena);
}
END_TEST

START_TEST(text_ends_in_a_nul) {
    struct arena arena;
    arena_init(&arena, 100);
    ck_assert_str_eq(arena_text(&arena, "abcdef", 3), "abc");
    ck_assert_str_eq(arena_text(&arena, NULL, 0), "");
    ck_assert_ptr_null(arena_text(&arena, "x", SIZE_MAX));
    arena_free(&arena);
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("arena");
    TCase *cases = tcase_create("arena");
    tcase_add_test(cases, nothing_is_handed_out_past_the_cap);
    tcase_add_test(cases, empty_allocations_count_too);
    tcase_add_test(cases, all_is_aligned_and_apart);
    tcase_add_test(cases, one_larger_than_any_block_fits_under_the_cap);
    tcase_add_test(cases, a_reset_arena_gives_its_whole_cap_again);
    tcase_add_test(cases, text_ends_in_a_nul);
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
