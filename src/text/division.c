/* Divisions: the word, its number before or after it, and its name. */
#include "text/division.h"

#include <stdio.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/keyword.h"

/* 第二章, 제1장 */
static bool is_chinese_division(struct bytes in) {
    static const char *const divisions[] = {"编", "章", "节", "部分", "編", "節", "款", "分编", "장", "편", "절", "관"};
    struct number number;
    size_t at = bytes_starts_with(in, BYTES("第")) || bytes_starts_with(in, BYTES("제")) ? BYTES("第").len : 0;
    size_t len = at > 0 ? number_chinese(&number, bytes_from(in, at)) : 0;
    len = len > 0 || at == 0 ? len : number_digits(&number, bytes_from(in, at));
    for (size_t i = 0; len > 0 && i < sizeof divisions / sizeof divisions[0]; i++) {
        if (bytes_starts_with(bytes_from(in, at + len), bytes_text(divisions[i]))) {
            return true;
        }
    }
    return false;
}

/* The number or ordinal that stands before the word: I fəsil, BİRİNCİ BÖLÜM, Erster Teil. */
static size_t take_division_number(struct bytes in) {
    static const char *const ordinals[] = {"birinci", "ikinci",  "üçüncü",  "dördüncü", "beşinci", "altıncı",
                                           "yedinci", "BİRİNCİ", "İKİNCİ",  "BEŞİNCİ",  "ALTINCI", "YEDİNCİ",
                                           "erster",  "erstes",  "zweiter", "zweites",  "dritter", "drittes",
                                           "vierter", "viertes", "fünfter", "fünftes",  "sechster"};
    struct number number;
    for (size_t i = 0; i < sizeof ordinals / sizeof ordinals[0]; i++) {
        size_t len = keyword_len(in, ordinals[i]);
        if (len > 0) {
            return len;
        }
    }
    size_t len = label_number(&number, in);
    return len + (len > 0 && len < in.len && (in.data[len] == '.' || in.data[len] == '-'));
}

bool is_division(struct bytes line) {
    bool marked;
    struct bytes in = trim(bytes_from(line, line_body(line, &marked)));
    struct number number;
    if (marked) {
        return true;
    }
    if (!is_heading_like(in) && !is_heading_like(bytes_slice(in, 0, in.len > 0 ? in.len - 1 : 0))) {
        return false; /* "CHAPTER I." may have its dot */
    }
    if (is_chinese_division(in)) {
        return true;
    }
    size_t before = skip_white_space(in, take_division_number(in));
    if (before > 0 && keyword_take(bytes_from(in, before), KEYWORD_DIVISION) > 0) {
        return true;
    }
    if (is_heading_like(in) && label_roman(&number, in) > 0) {
        return true;
    }
    size_t len = keyword_take(in, KEYWORD_DIVISION);
    struct bytes rest = bytes_from(in, skip_white_space(in, len));
    bool arabic =
        utf8_at(in, 0) >= 0x0600 && utf8_at(in, 0) <= 0x06FF && is_heading_like(in); /* its ordinals are many */
    bool letter = rest.len > 0 && rest.data[0] >= 'A' && rest.data[0] <= 'Z' && !is_word(utf8_at(rest, 1));
    return len > 0 && (arabic || letter || label_number(&number, rest) > 0);
}

/* ---- names */

/* The abbreviation for a word, by the naming convention; other words are called part. */
static const char *abbreviation(struct bytes word) {
    static const char *const words[][2] = {
        {"chapter", "chp"},   {"chapitre", "chp"}, {"capítulo", "chp"}, {"capitulo", "chp"},  {"kapitel", "chp"},
        {"hoofdstuk", "chp"}, {"глава", "chp"},    {"fəsil", "chp"},    {"FƏSİL", "chp"},     {"rozdział", "chp"},
        {"chương", "chp"},    {"bölüm", "chp"},    {"sura", "chp"},     {"sura ya", "chp"},   {"capo", "chp"},
        {"bab", "chp"},       {"الفصل", "chp"},    {"розділ", "chp"},   {"章", "chp"},        {"title", "title"},
        {"titre", "title"},   {"título", "title"}, {"titel", "title"},  {"titolo", "title"},  {"tytuł", "title"},
        {"book", "book"},     {"livre", "book"},   {"libro", "book"},   {"buch", "book"},     {"编", "book"},
        {"編", "book"},       {"section", "sec"},  {"sección", "sec"},  {"abschnitt", "sec"}, {"afdeling", "sec"},
        {"раздел", "sec"},    {"sezione", "sec"},  {"节", "sec"},       {"節", "sec"},        {"subsection", "subsec"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (keyword_len(word, words[i][0]) > 0) {
            return words[i][1];
        }
    }
    return "part";
}

bool division_name(char out[DIVISION_NAME_MAX], struct bytes line) {
    bool marked;
    struct number number;
    struct bytes in = trim(bytes_from(line, line_body(line, &marked)));
    size_t at = 0;
    size_t len;
    if (bytes_starts_with(in, BYTES("第")) && (len = number_chinese(&number, bytes_from(in, BYTES("第").len))) > 0) {
        at = BYTES("第").len + len;
    } else if ((len = label_number(&number, in)) > 0) {
        at = skip_white_space(in, len + (utf8_at(in, len) == '.'));
        len = keyword_take(bytes_from(in, at), KEYWORD_DIVISION);
    } else if ((len = keyword_take(in, KEYWORD_DIVISION)) > 0) {
        len = label_number(&number, bytes_from(in, skip_white_space(in, len)));
    }
    if (len > 0) {
        snprintf(out, DIVISION_NAME_MAX, "%s_%s", abbreviation(bytes_from(in, at)), number.text);
    }
    return len > 0;
}
