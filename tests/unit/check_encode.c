/* Strict decoding: src/base/encode.h. The hostile spellings first. */
#include "base/encode.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(base64_other_spellings_are_refused) {
    static const char *const bad[] = {
        "Zg",                                                  /* no padding */
        "Zg=",      "Zg===", "Z===",      "====", "=", "Zh==", /* bits left over */
        "Zm9=",                                                /* bits left over */
        "Zg==Zg==",                                            /* padding inside */
        "Zm9v\n",   " Zm9",  "Zm9v Zm9v", "Zm-_",              /* the URL alphabet */
        "Zm9\xC3",  "Zm=v",  "=m9v",
    };
    uint8_t out[16];
    size_t len;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(!base64_decode(out, sizeof(out), &len, bytes_text(bad[i])), "taken: %s", bad[i]);
    }
    ck_assert(!base64_decode(out, sizeof(out), &len, BYTES("Zm9\0")));
}
END_TEST

START_TEST(base64_never_writes_past_its_capacity) {
    uint8_t out[4] = {9, 9, 9, 9};
    size_t len = 77;
    ck_assert(!base64_decode(out, 2, &len, BYTES("Zm9v")));
    ck_assert_uint_eq(len, 77);
    ck_assert(base64_decode(out, 3, &len, BYTES("Zm9v")));
    ck_assert_uint_eq(len, 3);
    ck_assert_mem_eq(out, "foo\x09", 4);
    ck_assert(!base64_decode_exact(out, 2, BYTES("Zm9v")));
    ck_assert(!base64_decode_exact(out, 4, BYTES("Zm9v")));
    ck_assert(base64_decode_exact(out, 0, BYTES("")));
}
END_TEST

START_TEST(base64_reads_what_is_written) {
    uint8_t in[70];
    uint8_t out[70];
    for (size_t i = 0; i < sizeof(in); i++) {
        in[i] = (uint8_t)(i * 37 + 200);
    }
    for (size_t len = 0; len <= sizeof(in); len++) {
        struct buffer buffer;
        buffer_init(&buffer, 200);
        buffer_append_base64(&buffer, bytes_of(in, len));
        ck_assert(base64_decode_exact(out, len, buffer_bytes(&buffer)));
        ck_assert(len == 0 || memcmp(in, out, len) == 0);
        buffer_free(&buffer);
    }
}
END_TEST

/* In the 44 digits of a hash, each byte at each place: 64 are digits, of the last 16 leave no bits over, and one is the padding. */
START_TEST(base64_takes_the_bytes_that_it_would_write_and_no_other) {
    char in[45] = "RbdxxxsOKTMWTlvW285UAG0X8UrUHZi81ya97ZWfnJQ=";
    struct buffer again;
    uint8_t out[32];
    buffer_init(&again, 64);
    for (size_t i = 0; i < 44; i++) {
        const char kept = in[i];
        unsigned taken = 0;
        for (unsigned byte = 0; byte < 256; byte++) {
            in[i] = (char)byte;
            if (!base64_decode_exact(out, sizeof(out), bytes_of(in, 44)))
                continue;
            taken++;
            buffer_clear(&again);
            buffer_append_base64(&again, bytes_of(out, sizeof(out)));
            ck_assert_mem_eq(again.data, in, 44);
        }
        ck_assert_uint_eq(taken, i < 42 ? 64 : i == 42 ? 16 : 1);
        in[i] = kept;
    }
    buffer_free(&again);
}
END_TEST

START_TEST(of_all_last_digits_base64_takes_one_spelling_a_byte) {
    unsigned taken = 0;
    uint8_t out[1];
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            uint8_t in[4] = {(uint8_t)first, (uint8_t)second, '=', '='};
            taken += base64_decode_exact(out, 1, bytes_of(in, 4));
        }
    }
    ck_assert_uint_eq(taken, 256);
}
END_TEST

START_TEST(hex_takes_lower_case_of_the_exact_length) {
    uint8_t out[3];
    ck_assert(hex_decode_exact(out, 3, BYTES("00abff")));
    ck_assert_mem_eq(out, "\x00\xAB\xFF", 3);
    ck_assert(!hex_decode_exact(out, 3, BYTES("00ABff")));
    ck_assert(!hex_decode_exact(out, 3, BYTES("00abf")));
    ck_assert(!hex_decode_exact(out, 3, BYTES("00abff0")));
    ck_assert(!hex_decode_exact(out, 3, BYTES("00abff00")));
    ck_assert(!hex_decode_exact(out, 3, BYTES("0xabff")));
    ck_assert(!hex_decode_exact(out, 3, BYTES("00abfg")));
}
END_TEST

START_TEST(decimal_has_no_sign_no_leading_zero_and_an_end) {
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      "01",
                                      "00",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x1",
                                      "a",
                                      "1e3",
                                      "9223372036854775808",  /* 2^63 */
                                      "18446744073709551616", /* 2^64 */
                                      "18446744073709551617",
                                      "99999999999999999999999"};
    uint64_t number = 5;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(!decimal_parse(&number, bytes_text(bad[i])), "taken: %s", bad[i]);
    }
    ck_assert(!decimal_parse(&number, BYTES("1\0")));
    ck_assert_uint_eq(number, 5);
    ck_assert(decimal_parse(&number, BYTES("0")) && number == 0);
    ck_assert(decimal_parse(&number, BYTES("9223372036854775807")) && number == INT64_MAX);
}
END_TEST

START_TEST(utf8_refuses_what_rfc_3629_refuses) {
    static const char *const bad[] = {
        "\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF", /* stray, overlong */
        "\xE0\x80\x80",
        "\xE0\x9F\xBF", /* overlong */
        "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF", /* overlong */
        "\xED\xA0\x80",
        "\xED\xBF\xBF", /* surrogates */
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFF", /* past U+10FFFF */
        "\xC3",
        "\xE2\x82",
        "\xF0\x9F\x92", /* cut short */
        "\xC3\x28",
        "\xE2\x28\xA1",
        "\xE2\x82\x28",
        "\xF0\x9F\x92\x28",
        "0123456789\x80",
        "01234567\xE2\x82",
        "\xC3\xA9\xA9",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(!utf8_valid(bytes_text(bad[i])), "taken: number %zu", i);
    }
    ck_assert(utf8_valid(BYTES("")));
    ck_assert(utf8_valid(BYTES("a\0b")));
    ck_assert(utf8_valid(BYTES(
        "0123456789 \xC2\x80 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF")));
}
END_TEST

START_TEST(every_code_point_decodes_to_itself) {
    for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++) {
        if (code_point == 0xD800) {
            code_point = 0xE000;
        }
        uint8_t in[4];
        size_t len = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
        static const uint8_t first[5] = {0, 0, 0xC0, 0xE0, 0xF0};
        uint32_t left = code_point;
        for (size_t i = len - 1; i > 0; i--) {
            in[i] = (uint8_t)(0x80 | (left & 0x3F));
            left >>= 6;
        }
        in[0] = (uint8_t)(first[len] | left);
        uint32_t out = UINT32_MAX;
        if (!utf8_valid(bytes_of(in, len)) || utf8_next(&out, bytes_of(in, len)) != len || out != code_point) {
            ck_abort_msg("U+%04X", (unsigned)code_point);
        }
    }
    uint32_t out = 7;
    ck_assert_uint_eq(utf8_next(&out, BYTES("")), 0);
    ck_assert_uint_eq(utf8_next(&out, BYTES("\xE2\x82")), 0);
    ck_assert_uint_eq(out, 7);
}
END_TEST

START_TEST(a_boundary_is_a_start_or_the_end) {
    struct bytes in = BYTES("a\xC3\xA9");
    ck_assert(utf8_is_boundary(in, 0) && utf8_is_boundary(in, 1) && utf8_is_boundary(in, 3));
    ck_assert(!utf8_is_boundary(in, 2) && !utf8_is_boundary(in, 4) && !utf8_is_boundary(in, SIZE_MAX));
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("encode");
    TCase *cases = tcase_create("encode");
    tcase_add_test(cases, base64_other_spellings_are_refused);
    tcase_add_test(cases, base64_never_writes_past_its_capacity);
    tcase_add_test(cases, base64_reads_what_is_written);
    tcase_add_test(cases, base64_takes_the_bytes_that_it_would_write_and_no_other);
    tcase_add_test(cases, of_all_last_digits_base64_takes_one_spelling_a_byte);
    tcase_add_test(cases, hex_takes_lower_case_of_the_exact_length);
    tcase_add_test(cases, decimal_has_no_sign_no_leading_zero_and_an_end);
    tcase_add_test(cases, utf8_refuses_what_rfc_3629_refuses);
    tcase_add_test(cases, every_code_point_decodes_to_itself);
    tcase_add_test(cases, a_boundary_is_a_start_or_the_end);
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
