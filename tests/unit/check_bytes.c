/* Views and the growing buffer: src/base/bytes.h. */
#include "base/bytes.h"

#include "base/error.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(slice_is_clamped) {
    struct bytes in = BYTES("abcdef");
    ck_assert(bytes_equal(bytes_slice(in, 2, 3), BYTES("cde")));
    ck_assert(bytes_equal(bytes_slice(in, 4, SIZE_MAX), BYTES("ef")));
    ck_assert_uint_eq(bytes_slice(in, 7, 1).len, 0);
    ck_assert_uint_eq(bytes_slice(in, SIZE_MAX, SIZE_MAX).len, 0);
    ck_assert_uint_eq(bytes_slice(bytes_of(NULL, 0), 3, 4).len, 0);
}
END_TEST

START_TEST(order_is_by_unsigned_byte_with_a_prefix_first) {
    ck_assert_int_lt(bytes_compare(BYTES("a"), BYTES("ab")), 0);
    ck_assert_int_gt(bytes_compare(BYTES("b"), BYTES("ab")), 0);
    ck_assert_int_gt(bytes_compare(BYTES("\xC3"), BYTES("a")), 0);
    ck_assert_int_lt(bytes_compare(BYTES("edition a en"), BYTES("edition a-b en")), 0);
    ck_assert_int_eq(bytes_compare(BYTES(""), bytes_of(NULL, 0)), 0);
    ck_assert(bytes_equal(BYTES(""), bytes_of(NULL, 0)));
    ck_assert(!bytes_equal(BYTES("a"), BYTES("a\0")));
}
END_TEST

START_TEST(a_line_without_newline_is_not_taken) {
    struct bytes in = BYTES("one\n\ntwo");
    struct bytes line;
    ck_assert(bytes_take_line(&in, &line) && bytes_equal(line, BYTES("one")));
    ck_assert(bytes_take_line(&in, &line) && line.len == 0);
    ck_assert(!bytes_take_line(&in, &line));
    ck_assert(bytes_equal(in, BYTES("two")));
}
END_TEST

START_TEST(take_takes_nothing_that_differs) {
    struct bytes in = BYTES("word value");
    ck_assert(!bytes_take(&in, BYTES("word value ")));
    ck_assert(!bytes_take(&in, BYTES("Word")));
    ck_assert(bytes_take(&in, BYTES("word ")) && bytes_equal(in, BYTES("value")));
}
END_TEST

START_TEST(write_takes_an_empty_view_without_data) {
    char out[] = "......";
    ck_assert_ptr_eq(bytes_write(out + 1, bytes_of(NULL, 0)), out + 1);
    ck_assert_str_eq(out, "......");
    ck_assert_ptr_eq(bytes_write(out + 1, BYTES("ab")), out + 3);
    ck_assert_str_eq(out, ".ab...");
}
END_TEST

START_TEST(a_text_that_is_written_ends_within_its_room) {
    char out[] = "......";
    bytes_write_text(out, 4, BYTES("abcdef"));
    ck_assert_mem_eq(out, "abc\0..", 6);
    bytes_write_text(out, 4, BYTES("de"));
    ck_assert_mem_eq(out, "de\0\0..", 6);
    bytes_write_text(out, 1, BYTES("f"));
    bytes_write_text(out + 3, 1, bytes_of(NULL, 0));
    ck_assert_mem_eq(out, "\0e\0\0..", 6);
}
END_TEST

START_TEST(append_past_the_limit_fails_for_good) {
    struct buffer buffer;
    buffer_init(&buffer, 4);
    buffer_append(&buffer, BYTES("abc"));
    buffer_append(&buffer, BYTES("de"));
    ck_assert_int_eq(buffer.error, DEPOSITARY_E_LIMIT);
    buffer_append(&buffer, BYTES("d"));
    ck_assert(bytes_equal(buffer_bytes(&buffer), BYTES("abc")));
    ck_assert_ptr_null(buffer_extend(&buffer, 0));
    ck_assert_ptr_null(buffer_take_text(&buffer));
    buffer_clear(&buffer);
    buffer_append(&buffer, BYTES("wxyz"));
    ck_assert_int_eq(buffer.error, 0);
    ck_assert(bytes_equal(buffer_bytes(&buffer), BYTES("wxyz")));
    buffer_free(&buffer);
    buffer_free(&buffer);
}
END_TEST

START_TEST(lengths_that_would_overflow_are_refused) {
    struct buffer buffer;
    uint8_t byte = 0;
    buffer_init(&buffer, SIZE_MAX);
    buffer_append(&buffer, BYTES("a"));
    ck_assert_ptr_null(buffer_extend(&buffer, SIZE_MAX));
    ck_assert_int_ne(buffer.error, 0);
    buffer_clear(&buffer);
    buffer_append_base64(&buffer, bytes_of(&byte, SIZE_MAX));
    ck_assert_int_eq(buffer.error, DEPOSITARY_E_LIMIT);
    buffer_clear(&buffer);
    buffer_append_hex(&buffer, bytes_of(&byte, SIZE_MAX));
    ck_assert_int_eq(buffer.error, DEPOSITARY_E_LIMIT);
    buffer_free(&buffer);
}
END_TEST

START_TEST(a_full_buffer_still_takes_its_nul) {
    struct buffer buffer;
    buffer_init(&buffer, 64);
    for (int i = 0; i < 64; i++) {
        buffer_append_byte(&buffer, 'x');
    }
    char *text = buffer_take_text(&buffer);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(strlen(text), 64);
    free(text);
    ck_assert_uint_eq(buffer.len, 0);
    text = buffer_take_text(&buffer);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

START_TEST(numbers_and_encodings_are_written_as_the_standards_have_them) {
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    buffer_append_decimal(&buffer, 0);
    buffer_append_text(&buffer, " ");
    buffer_append_decimal(&buffer, UINT64_MAX);
    buffer_append_format(&buffer, " %s-%d ", "x", -5);
    buffer_append_hex(&buffer, BYTES("\x00\xAB\xff"));
    ck_assert(bytes_equal(buffer_bytes(&buffer), BYTES("0 18446744073709551615 x--5 00abff")));
    /* RFC 4648 section 10 */
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        buffer_clear(&buffer);
        buffer_append_base64(&buffer, bytes_text(vectors[i][0]));
        ck_assert(bytes_equal(buffer_bytes(&buffer), bytes_text(vectors[i][1])));
    }
    buffer_free(&buffer);
}
END_TEST

START_TEST(format_past_the_limit_leaves_what_was_there) {
    struct buffer buffer;
    buffer_init(&buffer, 5);
    buffer_append_format(&buffer, "%s", "abcde");
    ck_assert_int_eq(buffer.error, 0);
    buffer_append_format(&buffer, "%d", 1);
    ck_assert_int_eq(buffer.error, DEPOSITARY_E_LIMIT);
    ck_assert(bytes_equal(buffer_bytes(&buffer), BYTES("abcde")));
    buffer_free(&buffer);
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("bytes");
    TCase *views = tcase_create("views");
    tcase_add_test(views, slice_is_clamped);
    tcase_add_test(views, order_is_by_unsigned_byte_with_a_prefix_first);
    tcase_add_test(views, a_line_without_newline_is_not_taken);
    tcase_add_test(views, take_takes_nothing_that_differs);
    tcase_add_test(views, write_takes_an_empty_view_without_data);
    tcase_add_test(views, a_text_that_is_written_ends_within_its_room);
    suite_add_tcase(all, views);
    TCase *buffers = tcase_create("buffers");
    tcase_add_test(buffers, append_past_the_limit_fails_for_good);
    tcase_add_test(buffers, lengths_that_would_overflow_are_refused);
    tcase_add_test(buffers, a_full_buffer_still_takes_its_nul);
    tcase_add_test(buffers, numbers_and_encodings_are_written_as_the_standards_have_them);
    tcase_add_test(buffers, format_past_the_limit_leaves_what_was_there);
    suite_add_tcase(all, buffers);
    return all;
}

int main(void) {
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
