/* Folds and their way back: src/text/fold.h, with nfc, case_fold and skeleton under it. */
#include "text/fold.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "text/character.h"
#include "text/skeleton.h"

#define ALL (FOLD_NFC | FOLD_WHITESPACE | FOLD_QUOTES | FOLD_HYPHENS | FOLD_CASE)

static struct bytes folded_bytes(const struct folded *folded) {
    return bytes_of(folded->text, folded->len);
}

/* A fixed sequence: the same strings in every run. */
static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* What composes, decomposes, reorders, disappears or folds, and some that do nothing. */
static const uint32_t awkward[] = {
    'a',    'A',    ' ',    '\n',   0xA0,    0x2003,  0x3000,  '\'',    0x2019, '"',    0x201C, '-',    0x2013,
    0x00AD, 0x0301, 0x0323, 0x0307, 0x0345,  0x00C5,  0x212B,  0x1E9B,  0x017F, 0x1E9E, 0x00DF, 0x0130, 0x0131,
    0x03B9, 0x0399, 0x1FBE, 0x1F88, 0x1FEF,  0x1FFD,  0x00B4,  0x0060,  0x1100, 0x1161, 0x11A8, 0xAC00, 0x09C7,
    0x09BE, 0x0CC6, 0x0CC2, 0x0CD5, 0x1B35,  0x1B05,  0x2126,  0x212A,  0xFB1D, 0x0958, 0x4E00, 0xF900, 0x2000,
    0x13A0, 0xAB70, 0x0344, 0x0F73, 0x110BA, 0x11099, 0x1D15E, 0x10400, 0x2260, 0x226F, '.',    0x2026, '['};

static size_t random_text(uint8_t *out, size_t code_points, uint32_t *state) {
    size_t len = 0;
    for (size_t i = 0; i < code_points; i++) {
        uint32_t pick = next_random(state) % (uint32_t)(sizeof awkward / sizeof awkward[0]);
        len += utf8_put(out + len, awkward[pick]);
    }
    return len;
}

static void expect(const char *in, unsigned folds, bool trimmed, const char *out) {
    struct folded folded;
    ck_assert_int_eq(fold_text(&folded, bytes_text(in), folds, trimmed), 0);
    ck_assert_msg(bytes_equal(folded_bytes(&folded), bytes_text(out)), "%s: %.*s instead of %s", in, (int)folded.len,
                  (const char *)folded.text, out);
    folded_free(&folded);
}

START_TEST(bytes_that_are_not_utf8_are_refused) {
    struct folded folded = {0};
    for (unsigned folds = 0; folds <= ALL; folds++) {
        ck_assert_int_eq(fold_text(&folded, BYTES("ab\xC3"), folds, false), DEPOSITARY_E_UTF8);
        ck_assert_int_eq(fold_text(&folded, BYTES("\xED\xA0\x80"), folds, false), DEPOSITARY_E_UTF8);
    }
    ck_assert_int_eq(skeleton_of(&folded, BYTES("ab\xFF")), DEPOSITARY_E_UTF8);
    ck_assert_ptr_null(folded.text);
}
END_TEST

START_TEST(names_are_the_protocols_and_each_others_inverse) {
    static const char *const names[] = {"nfc", "whitespace", "quotes", "hyphens", "case", "ellipsis"};
    for (unsigned i = 0; i < 6; i++) {
        ck_assert_str_eq(fold_name((enum fold)(1u << i)), names[i]);
        ck_assert_uint_eq(fold_parse(bytes_text(names[i])), 1u << i);
    }
    ck_assert_ptr_null(fold_name((enum fold)64));
    ck_assert_uint_eq(fold_parse(BYTES("NFC")), 0);
    ck_assert_uint_eq(fold_parse(BYTES("nfc ")), 0);
    ck_assert_uint_eq(fold_parse(BYTES("")), 0);
}
END_TEST

START_TEST(white_space_is_the_property_and_a_run_is_one_space) {
    expect("a \t\r\n\xC2\xA0\xE3\x80\x80 b", FOLD_WHITESPACE, false, "a b");
    expect("a\xC2\x85\xE1\x9A\x80\xE2\x80\x80\xE2\x80\x8A\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAF\xE2\x81\x9F"
           "b",
           FOLD_WHITESPACE, false, "a b");
    expect("a\xE2\x80\x8B"
           "b\xEF\xBB\xBF"
           "c",
           FOLD_WHITESPACE, false,
           "a\xE2\x80\x8B"
           "b\xEF\xBB\xBF"
           "c");
    expect(" \n a \n ", FOLD_WHITESPACE, true, "a");
    expect(" \n a \n ", FOLD_WHITESPACE, false, " a ");
    expect(" a ", FOLD_CASE, true, " a ");
    expect(" \n ", FOLD_WHITESPACE, true, "");
    expect("", ALL, true, "");
}
END_TEST

START_TEST(quotes_are_those_listed_and_no_others) {
    expect("‘’‚‛′`´", FOLD_QUOTES, false, "'''''''");
    expect("“”„‟″«»", FOLD_QUOTES, false, "\"\"\"\"\"\"\"");
    expect("‹›ʼ‴＇", FOLD_QUOTES, false, "‹›ʼ‴＇");
}
END_TEST

START_TEST(hyphens_are_those_listed_and_the_soft_one_goes) {
    expect("‐‑‒–—―−", FOLD_HYPHENS, false, "-------");
    expect("co\xC2\xADoperation", FOLD_HYPHENS, false, "cooperation");
    expect("⁃﹣－‖", FOLD_HYPHENS, false, "⁃﹣－‖");
}
END_TEST

START_TEST(case_folds_simply_and_not_as_in_turkish) {
    expect("ẞß", FOLD_CASE, false, "ßß");
    expect("ΑΣς", FOLD_CASE, false, "ασσ");
    expect("Iİı", FOLD_CASE, false, "iİı");
    expect("ﬁŉǰ", FOLD_CASE, false, "ﬁŉǰ");
    expect("ДƏИ", FOLD_CASE, false, "дəи");
    expect("ᏸᎠꭰ", FOLD_CASE, false, "ᏰᎠᎠ");
    expect("ᾈᾀ", FOLD_CASE, false, "ᾀᾀ");
}
END_TEST

/* An independent source of the mapping: full case folding is the simple one, wherever it is one code point long. */
START_TEST(case_table_agrees_with_utf8proc_on_every_code_point) {
    size_t mapped = 0;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        utf8proc_int32_t full[8];
        if (c >= 0xD800 && c <= 0xDFFF) {
            continue;
        }
        utf8proc_ssize_t len = utf8proc_decompose_char((utf8proc_int32_t)c, full, 8, UTF8PROC_CASEFOLD, NULL);
        mapped += case_fold(c) != c;
        if (len == 1) {
            ck_assert_msg(case_fold(c) == (uint32_t)full[0], "U+%04X", c);
        } else {
            ck_assert_msg(case_fold(case_fold(c)) == case_fold(c), "U+%04X", c);
        }
    }
    ck_assert_uint_eq(mapped, 1454);
}
END_TEST

START_TEST(nfc_composes_orders_and_replaces) {
    expect("e\xCC\x81", FOLD_NFC, false, "é");
    expect("Å", FOLD_NFC, false, "Å");
    expect("q\xCC\x87\xCC\xA3", FOLD_NFC, false, "q\xCC\xA3\xCC\x87");
    expect("각", FOLD_NFC, false, "각");
    expect("ো", FOLD_NFC, false, "ো");
    expect("क़", FOLD_NFC, false, "क\xE0\xA4\xBC"); /* a composition exclusion */
    expect("ﬁ①", FOLD_NFC, false, "ﬁ①");           /* compatibility is left alone */
}
END_TEST

/* The oracle composes the string as a whole; here it is done stretch by stretch. */
START_TEST(nfc_by_stretches_is_nfc_of_the_whole) {
    uint32_t state = 1;
    uint8_t text[64 * 4];
    for (int round = 0; round < 5000; round++) {
        size_t len = random_text(text, 1 + next_random(&state) % 12, &state);
        utf8proc_uint8_t *whole = NULL;
        utf8proc_ssize_t whole_len =
            utf8proc_map(text, (utf8proc_ssize_t)len, &whole, (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
        struct folded folded;
        ck_assert_int_ge(whole_len, 0);
        ck_assert_int_eq(fold_text(&folded, bytes_of(text, len), FOLD_NFC, false), 0);
        ck_assert(bytes_equal(folded_bytes(&folded), bytes_of(whole, (size_t)whole_len)));
        folded_free(&folded);
        free(whole);
    }
}
END_TEST

START_TEST(a_megabyte_of_marks_out_of_order_takes_no_quadratic_time) {
    const size_t len = 1024 * 1024;
    uint8_t *text = malloc(len);
    struct folded folded;
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < len; i += 2) {
        memcpy(text + i, i < len / 2 ? "\xCC\x81" : "\xCC\xA3", 2); /* above first, below after it */
    }
    ck_assert_int_eq(fold_text(&folded, bytes_of(text, len), FOLD_NFC, false), 0);
    ck_assert_uint_eq(folded.len, len);
    ck_assert_mem_eq(folded.text, "\xCC\xA3", 2);
    ck_assert_mem_eq(folded.text + len - 2, "\xCC\x81", 2);
    folded_free(&folded);
    free(text);
}
END_TEST

static bool can_cut(const struct folded *folded, size_t at) {
    return at == 0 || at == folded->len || folded->source[at] != folded->source[at - 1];
}

/* The promise of fold.h: what stands between two places that can be cut is the fold of what they came from. */
START_TEST(between_any_two_cuts_lies_the_fold_of_their_source) {
    uint32_t state = 2;
    uint8_t text[16 * 4];
    for (int round = 0; round < 3000; round++) {
        struct bytes in = bytes_of(text, random_text(text, 1 + next_random(&state) % 8, &state));
        unsigned folds = next_random(&state) & ALL;
        struct folded folded;
        ck_assert_int_eq(fold_text(&folded, in, folds, false), 0);
        ck_assert_uint_eq(folded.source[folded.len], in.len);
        for (size_t i = 0; i <= folded.len; i++) {
            for (size_t j = i; j <= folded.len; j++) {
                struct folded part;
                ck_assert_uint_le(folded.source[i], folded.source[j]);
                if (!can_cut(&folded, i) || !can_cut(&folded, j)) {
                    continue;
                }
                struct bytes source = bytes_slice(in, folded.source[i], folded.source[j] - folded.source[i]);
                ck_assert_int_eq(fold_text(&part, source, folds, false), 0);
                ck_assert(bytes_equal(folded_bytes(&part), bytes_slice(folded_bytes(&folded), i, j - i)));
                folded_free(&part);
            }
        }
        folded_free(&folded);
    }
}
END_TEST

START_TEST(effects_are_the_folds_that_change_something) {
    unsigned effects;
    ck_assert_int_eq(fold_effects(&effects, BYTES("plain text"), true), 0);
    ck_assert_uint_eq(effects, 0);
    ck_assert_int_eq(fold_effects(&effects, BYTES(" plain"), false), 0);
    ck_assert_uint_eq(effects, 0);
    ck_assert_int_eq(fold_effects(&effects, BYTES(" plain"), true), 0);
    ck_assert_uint_eq(effects, FOLD_WHITESPACE);
    ck_assert_int_eq(fold_effects(&effects, BYTES("A\nb ’-"), true), 0);
    ck_assert_uint_eq(effects, FOLD_CASE | FOLD_WHITESPACE | FOLD_QUOTES);
    ck_assert_int_eq(fold_effects(&effects, BYTES("\xE1\xBF\xAF"), true), 0); /* NFC makes it U+0060, a quote */
    ck_assert_uint_eq(effects, FOLD_NFC | FOLD_QUOTES);
}
END_TEST

/* Folds outside the effects do nothing, so leaving them out cannot lose a match. */
START_TEST(folds_without_effect_change_nothing_in_any_set) {
    uint32_t state = 3;
    uint8_t text[16 * 4];
    for (int round = 0; round < 5000; round++) {
        struct bytes in = bytes_of(text, random_text(text, 1 + next_random(&state) % 6, &state));
        unsigned folds = next_random(&state) & ALL;
        unsigned effects;
        struct folded with;
        struct folded without;
        ck_assert_int_eq(fold_effects(&effects, in, true), 0);
        ck_assert_int_eq(fold_text(&with, in, folds, true), 0);
        ck_assert_int_eq(fold_text(&without, in, folds & effects, true), 0);
        ck_assert(bytes_equal(folded_bytes(&with), folded_bytes(&without)));
        folded_free(&with);
        folded_free(&without);
    }
}
END_TEST

/* Equal under folds, equal in the skeleton: otherwise the sieve would lose matches. */
START_TEST(no_fold_changes_the_skeleton) {
    uint32_t state = 4;
    uint8_t text[16 * 4];
    for (int round = 0; round < 5000; round++) {
        struct bytes in = bytes_of(text, random_text(text, 1 + next_random(&state) % 8, &state));
        struct folded folded;
        struct folded bones;
        struct folded bones_of_folded;
        ck_assert_int_eq(fold_text(&folded, in, next_random(&state) & ALL, true), 0);
        ck_assert_int_eq(skeleton_of(&bones, in), 0);
        ck_assert_int_eq(skeleton_of(&bones_of_folded, folded_bytes(&folded)), 0);
        ck_assert(bytes_equal(folded_bytes(&bones), folded_bytes(&bones_of_folded)));
        folded_free(&folded);
        folded_free(&bones);
        folded_free(&bones_of_folded);
    }
}
END_TEST

START_TEST(no_fold_changes_the_skeleton_of_any_single_code_point) {
    static const unsigned each[] = {FOLD_NFC, FOLD_WHITESPACE, FOLD_QUOTES, FOLD_HYPHENS, FOLD_CASE};
    for (uint32_t c = 1; c <= 0x10FFFF; c++) {
        uint8_t text[UTF8_LEN_MAX];
        struct folded bones;
        if (c == 0x3400 || c == 0x20000) {
            c = c == 0x3400 ? 0xA000 : 0x2F800; /* ideographs have neither case nor decomposition */
        }
        if (c == 0xAC00 || c == 0x2FA20) {
            c = c == 0xAC00 ? 0xF900
                            : 0x10FFFF; /* nor have private use and the planes; Hangul decomposes by a formula */
        }
        struct bytes in = bytes_of(text, utf8_put(text, c));
        ck_assert_int_eq(skeleton_of(&bones, in), 0);
        for (size_t i = 0; i < sizeof each / sizeof each[0]; i++) {
            struct folded folded;
            struct folded other;
            ck_assert_int_eq(fold_text(&folded, in, each[i], false), 0);
            if (!bytes_equal(folded_bytes(&folded), in)) {
                ck_assert_int_eq(skeleton_of(&other, folded_bytes(&folded)), 0);
                ck_assert_msg(bytes_equal(folded_bytes(&bones), folded_bytes(&other)), "U+%04X", c);
                folded_free(&other);
            }
            folded_free(&folded);
        }
        folded_free(&bones);
    }
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("fold");
    TCase *cases = tcase_create("fold");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, bytes_that_are_not_utf8_are_refused);
    tcase_add_test(cases, names_are_the_protocols_and_each_others_inverse);
    tcase_add_test(cases, white_space_is_the_property_and_a_run_is_one_space);
    tcase_add_test(cases, quotes_are_those_listed_and_no_others);
    tcase_add_test(cases, hyphens_are_those_listed_and_the_soft_one_goes);
    tcase_add_test(cases, case_folds_simply_and_not_as_in_turkish);
    tcase_add_test(cases, case_table_agrees_with_utf8proc_on_every_code_point);
    tcase_add_test(cases, nfc_composes_orders_and_replaces);
    tcase_add_test(cases, nfc_by_stretches_is_nfc_of_the_whole);
    tcase_add_test(cases, a_megabyte_of_marks_out_of_order_takes_no_quadratic_time);
    tcase_add_test(cases, between_any_two_cuts_lies_the_fold_of_their_source);
    tcase_add_test(cases, effects_are_the_folds_that_change_something);
    tcase_add_test(cases, folds_without_effect_change_nothing_in_any_set);
    tcase_add_test(cases, no_fold_changes_the_skeleton);
    tcase_add_test(cases, no_fold_changes_the_skeleton_of_any_single_code_point);
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
