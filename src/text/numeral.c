/* Reading of numbers. */
#include "text/numeral.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/keyword.h"

#define ROMAN_MAX   15 /* letters: MMMDCCCLXXXVIII */
#define LETTERS_MAX 3  /* inserted after a number: 300aaa */
#define PARTS_MAX   4  /* of a compound number, after the first */

static struct bytes after(struct bytes in, size_t len) {
    return bytes_slice(in, len, in.len - len);
}

static void number_set(struct number *out, uint32_t value) {
    *out = (struct number){.value = value};
    snprintf(out->text, sizeof out->text, "%u", value);
}

/* ---- decimal digits */

static int digit_of(uint32_t c) {
    static const uint32_t zeros[] = {'0',    0x0660, 0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66,
                                     0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x1040, 0x17E0, 0xFF10};
    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++) {
        if (c >= zeros[i] && c <= zeros[i] + 9) {
            return (int)(c - zeros[i]);
        }
    }
    return -1;
}

static void number_append(struct number *number, const char *text) {
    size_t len = strlen(number->text);
    snprintf(number->text + len, sizeof number->text - len, "%s", text);
}

/* bis, ter ... after a number, perhaps after a space or a hyphen; then no further letter. */
static size_t take_latin_order(struct number *number, struct bytes in) {
    static const char *const orders[] = {"bis",        "ter",        "quater",       "quinquies",  "sexies",
                                         "septies",    "octies",     "novies",       "decies",     "undecies",
                                         "duodecies",  "terdecies",  "quaterdecies", "quindecies", "sexdecies",
                                         "septdecies", "octodecies", "novodecies",   "vicies"};
    size_t gap = in.len > 0 && (in.data[0] == ' ' || in.data[0] == '-') ? 1 : 0;
    gap += gap == 0 && bytes_starts_with(in, BYTES("\xC2\xA0")) ? 2 : 0;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        size_t len = keyword_len(after(in, gap), orders[i]);
        if (len > 0) {
            number->inserted = (uint32_t)i + 2;
            number_append(number, orders[i]);
            return gap + len;
        }
    }
    return 0;
}

static bool is_latin_letter(uint32_t c) {
    return c < 0x80 && (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Letters right after a number, and no further one: 31a, 12ZA, 300aa; not the end of an ordinal, as in 2nd. */
static size_t take_letters(struct number *number, struct bytes in) {
    char letters[LETTERS_MAX + 1] = "";
    uint32_t order = 0;
    size_t len = 0;
    for (uint32_t c; len < LETTERS_MAX && is_latin_letter(c = utf8_at(in, len)); len++) {
        bool capital = c < 'a';
        if (len > 0 && (capital ? in.data[0] >= 'a' : c != in.data[0])) {
            return 0;
        }
        letters[len] = (char)c;
        order = order * 27 + (c | 0x20) - 'a' + 1;
    }
    if (len == 0 || is_word(utf8_at(in, len))) {
        return 0;
    }
    number->inserted = order;
    number_append(number, letters);
    return len;
}

/* 31а, 5Α: a Cyrillic or Greek letter, named by the Latin one of its order, so that languages align. */
static size_t take_other_letter(struct number *number, struct bytes in) {
    uint32_t c = utf8_at(in, 0);
    uint32_t lower = c == CODE_POINT_NOWHERE ? 0 : case_fold(c);
    bool cyrillic = lower >= 0x0430 && lower <= 0x0438;
    bool greek = lower >= 0x03B1 && lower <= 0x03B8;
    if ((!cyrillic && !greek) || is_word(utf8_at(in, 2))) {
        return 0;
    }
    number->inserted = lower - (cyrillic ? 0x0430 : 0x03B1) + 1;
    number_append(number, (char[]){(char)('a' + number->inserted - 1), 0});
    return 2;
}

static int raised_digit(uint32_t c) {
    switch (c) {
    case 0xB9:
        return 1;
    case 0xB2:
    case 0xB3:
        return (int)(c - 0xB0);
    default:
        return c == 0x2070 || (c >= 0x2074 && c <= 0x2079) ? (int)(c - 0x2070) : -1;
    }
}

/* A raised number after one, 2¹: inserted, 2-1. */
static size_t take_raised(struct number *number, struct bytes in) {
    uint32_t value = 0;
    size_t len = 0;
    uint32_t c;
    for (size_t step; (step = utf8_next(&c, after(in, len))) > 0 && raised_digit(c) >= 0 && value < 1000; len += step) {
        value = value * 10 + (uint32_t)raised_digit(c);
    }
    if (value > 0) {
        char text[16];
        snprintf(text, sizeof text, "-%u", value);
        number->inserted = value;
        number_append(number, text);
    }
    return value > 0 ? len : 0;
}

/* 1er, 1re, 1º, 3o., 2.º: marks of an ordinal, which are not part of the number. 327o is not one. */
static size_t take_ordinal_mark(struct bytes in, uint32_t value) {
    static const char *const marks[] = {"º", "°", "ª", ".º", ".ª", ".°", "er", "re", "ère", "o"};
    static const size_t any_number = 6; /* of them: those that may follow another number than 1 */
    for (size_t i = 0; i < (value == 1 ? sizeof marks / sizeof marks[0] : any_number); i++) {
        struct bytes mark = bytes_text(marks[i]);
        if (bytes_starts_with(in, mark) && !is_word(utf8_at(in, mark.len))) {
            return mark.len;
        }
    }
    return value < 10 && bytes_starts_with(in, BYTES("o.")) ? 1 : 0;
}

/* 3-A: a capital after a hyphen. */
static size_t take_hyphen_letter(struct number *number, struct bytes in) {
    uint32_t letter = utf8_at(in, 1);
    if (in.len < 2 || in.data[0] != '-' || letter < 'A' || letter > 'Z' || is_word(utf8_at(in, 2))) {
        return 0;
    }
    number->inserted = letter - 'A' + 1;
    number_append(number, (char[]){'-', (char)letter, 0});
    return 2;
}

static size_t take_insertion(struct number *number, struct bytes in) {
    size_t len = take_letters(number, in);
    len = len > 0 ? len : take_hyphen_letter(number, in);
    len = len > 0 ? len : take_other_letter(number, in);
    len = len > 0 ? len : take_raised(number, in);
    return len > 0 ? len : take_latin_order(number, in);
}

/* Digits alone. */
static size_t take_digits(struct number *out, struct bytes in) {
    uint32_t value = 0;
    size_t len = 0;
    uint32_t c;
    for (size_t step; (step = utf8_next(&c, after(in, len))) > 0 && digit_of(c) >= 0; len += step) {
        value = value * 10 + (uint32_t)digit_of(c);
        if (value > NUMBER_VALUE_MAX) {
            return 0;
        }
    }
    bool zero = value == 0 && len > 0 && len == utf8_next(&c, in); /* "0. Definitions" */
    if (value == 0 && !zero) {
        return 0;
    }
    number_set(out, value);
    return len;
}

size_t number_digits(struct number *out, struct bytes in) {
    struct number number;
    size_t len = take_digits(&number, in);
    if (len == 0) {
        return 0;
    }
    size_t ordinal = take_ordinal_mark(after(in, len), number.value);
    len += ordinal;
    size_t dot = ordinal > 0 && bytes_starts_with(after(in, len), BYTES(". ")) ? 1 : 0; /* 3o. Bis */
    size_t inserted =
        dot > 0 ? take_latin_order(&number, after(in, len + dot)) : take_insertion(&number, after(in, len));
    len += inserted > 0 ? dot + inserted : 0;
    *out = number;
    return len;
}

/* "-4" or ".1" after a number: one more part of a compound one. */
static size_t take_part(struct number *number, struct bytes in) {
    struct number part;
    if (in.len < 2 || (in.data[0] != '-' && in.data[0] != '.')) {
        return 0;
    }
    size_t len = take_digits(&part, after(in, 1));
    if (len == 0) {
        return 0;
    }
    len += 1 + take_insertion(&part, after(in, 1 + len));
    number_append(number, (char[]){(char)in.data[0], 0});
    number_append(number, part.text);
    if (number->inserted == 0) {
        number->inserted = part.value * 32 + (part.inserted < 32 ? part.inserted : 31);
    } else {
        number->further = number->further * 1000 + part.value;
    }
    number->compound = true;
    return len;
}

/* "L. " or "L" before digits: codes have a statutory and a regulatory part, which count for themselves. */
static size_t take_series(struct number *number, struct bytes in) {
    uint32_t letter = utf8_at(in, 0);
    if (letter < 'A' || letter > 'Z') {
        return 0;
    }
    size_t len = 1;
    while (len < in.len && len < 4 && (in.data[len] == '.' || in.data[len] == '*' || in.data[len] == ' ')) {
        len++;
    }
    if (digit_of(utf8_at(in, len)) < 0) {
        return 0;
    }
    number->series[0] = (char)letter;
    return len;
}

size_t number_of_article(struct number *out, struct bytes in) {
    struct number number = {0};
    struct number digits;
    bool bracket = utf8_at(in, 0) == '(';
    size_t at = bracket ? 1 : take_series(&number, in);
    size_t len = number_digits(&digits, after(in, at));
    if (len == 0) {
        return 0;
    }
    memcpy(digits.series, number.series, sizeof digits.series);
    at += len;
    for (unsigned parts = 0; parts < PARTS_MAX && (len = take_part(&digits, after(in, at))) > 0; parts++) {
        at += len;
    }
    if (bracket && utf8_at(in, at) != ')') {
        return 0;
    }
    if (digits.series[0] != '\0') {
        char text[NUMBER_TEXT_MAX];
        memcpy(text, digits.text, sizeof text);
        snprintf(digits.text, sizeof digits.text, "%s%.*s", digits.series, (int)sizeof text - 2, text);
    }
    *out = digits;
    return at + (bracket ? 1 : 0);
}

/* ---- Roman */

static const struct {
    const char *letters;
    uint32_t value;
} roman_steps[] = {{"M", 1000}, {"CM", 900}, {"D", 500}, {"CD", 400}, {"C", 100}, {"XC", 90}, {"L", 50},
                   {"XL", 40},  {"X", 10},   {"IX", 9},  {"V", 5},    {"IV", 4},  {"I", 1}};

/* The one spelling of value (below 4000). */
static void roman_print(char out[ROMAN_MAX + 1], uint32_t value) {
    out[0] = '\0';
    for (size_t i = 0; i < sizeof roman_steps / sizeof roman_steps[0]; i++) {
        for (; value >= roman_steps[i].value; value -= roman_steps[i].value) {
            strcat(out, roman_steps[i].letters);
        }
    }
}

static uint32_t roman_letter(uint8_t letter) {
    for (size_t i = 0; i < sizeof roman_steps / sizeof roman_steps[0]; i++) {
        if (roman_steps[i].letters[1] == '\0' && (uint8_t)roman_steps[i].letters[0] == letter) {
            return roman_steps[i].value;
        }
    }
    return 0;
}

size_t number_roman(struct number *out, struct bytes in) {
    char capitals[ROMAN_MAX + 1] = "";
    char spelled[ROMAN_MAX + 1];
    bool small = in.len > 0 && in.data[0] >= 'a';
    uint32_t value = 0;
    uint32_t before = 0;
    size_t len = 0;
    for (; len < in.len && len < ROMAN_MAX; len++) {
        uint8_t letter = small ? (uint8_t)(in.data[len] - ('a' - 'A')) : in.data[len];
        uint32_t worth = roman_letter(letter);
        if (worth == 0) {
            break;
        }
        capitals[len] = (char)letter;
        value += worth > before ? worth - 2 * before : worth; /* 1 before 10 was added and is to be taken away */
        before = worth;
    }
    if (len == 0 || value == 0 || value >= 4000 || is_word(utf8_at(in, len))) {
        return 0;
    }
    roman_print(spelled, value);
    if (strcmp(capitals, spelled) != 0) {
        return 0;
    }
    number_set(out, value);
    return len;
}

/* ---- Chinese */

static int chinese_digit(uint32_t c) {
    static const uint32_t digits[] = {0x96F6, 0x4E00, 0x4E8C, 0x4E09, 0x56DB, 0x4E94, 0x516D, 0x4E03, 0x516B, 0x4E5D};
    for (int i = 0; i < 10; i++) {
        if (c == digits[i]) {
            return i;
        }
    }
    return c == 0x3007 ? 0 : c == 0x4E24 ? 2 : -1; /* 〇 两 */
}

static uint32_t chinese_unit(uint32_t c) {
    switch (c) {
    case 0x5341: /* 十 */
        return 10;
    case 0x767E: /* 百 */
        return 100;
    case 0x5343: /* 千 */
        return 1000;
    default:
        return 0;
    }
}

/* Below ten thousand: digits with units (一百二十), or digits alone (一二〇). */
size_t number_chinese(struct number *out, struct bytes in) {
    uint32_t value = 0;
    uint32_t digit = 0;
    uint32_t least_unit = 10000;
    size_t len = 0;
    bool units = false;
    uint32_t c;
    for (size_t step; (step = utf8_next(&c, after(in, len))) > 0; len += step) {
        uint32_t unit = chinese_unit(c);
        if (chinese_digit(c) >= 0) {
            digit = units ? (uint32_t)chinese_digit(c) : digit * 10 + (uint32_t)chinese_digit(c);
        } else if (unit > 0 && unit < least_unit) {
            value += (digit == 0 ? 1 : digit) * unit;
            least_unit = unit;
            digit = 0;
            units = true;
        } else {
            break;
        }
        if (digit > NUMBER_VALUE_MAX / 10 || value > NUMBER_VALUE_MAX) {
            return 0;
        }
    }
    value += digit;
    if (value == 0 || value > NUMBER_VALUE_MAX) {
        return 0;
    }
    number_set(out, value);
    return len;
}

size_t number_inserted(struct number *number, struct bytes in) {
    static const char *const joints[] = {"之", "の", "의"};
    for (size_t i = 0; i < sizeof joints / sizeof joints[0]; i++) {
        struct bytes joint = bytes_text(joints[i]);
        if (!bytes_starts_with(in, joint)) {
            continue;
        }
        struct number order;
        size_t len = number_chinese(&order, after(in, joint.len));
        if (len == 0) {
            len = number_digits(&order, after(in, joint.len));
        }
        if (len > 0) {
            number->inserted = order.value;
            number_append(number, "-");
            number_append(number, order.text);
            return joint.len + len;
        }
    }
    return 0;
}

/* ---- words */

struct number_name {
    const char *word;
    uint32_t value;
};

/* Feminine, as after المادة; 11 to 19 and 21 to 99 are put together from these. */
static const struct number_name arabic_units[] = {
    {"الأولى", 1},  {"الاولى", 1},  {"الحادية", 1}, {"الثانية", 2}, {"الثالثة", 3}, {"الرابعة", 4},
    {"الخامسة", 5}, {"السادسة", 6}, {"السابعة", 7}, {"الثامنة", 8}, {"التاسعة", 9}, {"العاشرة", 10},
};
static const struct number_name arabic_tens[] = {
    {"العشرون", 20}, {"الثلاثون", 30}, {"الأربعون", 40}, {"الخمسون", 50}, {"الستون", 60},
    {"السبعون", 70}, {"الثمانون", 80}, {"التسعون", 90},  {"المائة", 100},
};
static const struct number_name words[] = {
    {"premier", 1},   {"première", 1},  {"unique", 1},   {"único", 1},    {"única", 1},      {"unico", 1},
    {"primero", 1},   {"primera", 1},   {"segundo", 2},  {"segunda", 2},  {"tercero", 3},    {"tercera", 3},
    {"cuarto", 4},    {"cuarta", 4},    {"quinto", 5},   {"quinta", 5},   {"sexto", 6},      {"séptimo", 7},
    {"octavo", 8},    {"noveno", 9},    {"décimo", 10},  {"первая", 1},   {"первый", 1},     {"единственная", 1},
    {"one", 1},       {"two", 2},       {"three", 3},    {"four", 4},     {"five", 5},       {"six", 6},
    {"seven", 7},     {"eight", 8},     {"nine", 9},     {"ten", 10},     {"eleven", 11},    {"twelve", 12},
    {"thirteen", 13}, {"fourteen", 14}, {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18},
    {"nineteen", 19}, {"twenty", 20},   {"first", 1},    {"second", 2},   {"third", 3},      {"fourth", 4},
    {"fifth", 5},     {"sixth", 6},     {"seventh", 7},  {"eighth", 8},   {"ninth", 9},      {"tenth", 10},
    {"sole", 1},      {"kwanza", 1},    {"pili", 2},     {"tatu", 3},     {"nne", 4},        {"tano", 5},
    {"sita", 6},      {"saba", 7},      {"nane", 8},     {"tisa", 9},     {"kumi", 10},
};

static size_t take_name(uint32_t *value, struct bytes in, const struct number_name *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t len = keyword_len(in, names[i].word);
        if (len > 0) {
            *value = names[i].value;
            return len;
        }
    }
    return 0;
}
#define TAKE_NAME(value, in, names) take_name(value, in, names, sizeof(names) / sizeof *(names))

/* الثانية عشرة is 12, الثانية والعشرون 22, الثانية بعد المائة 102. */
static size_t take_arabic(uint32_t *value, struct bytes in) {
    uint32_t units = 0;
    uint32_t tens = 0;
    size_t at = TAKE_NAME(&units, in, arabic_units);
    if (at == 0) {
        at = TAKE_NAME(&tens, in, arabic_tens);
    } else {
        size_t teen = keyword_len(after(in, at), " عشرة");
        struct bytes rest = after(in, at);
        size_t joint = bytes_starts_with(rest, BYTES(" و")) ? BYTES(" و").len : 0;
        size_t more = teen == 0 && joint > 0 ? TAKE_NAME(&tens, after(rest, joint), arabic_tens) : 0;
        tens = teen > 0 ? 10 : tens;
        at += teen + (more > 0 ? joint + more : 0);
    }
    *value = units + tens;
    size_t hundred = at > 0 ? keyword_len(after(in, at), " بعد المائة") : 0;
    *value += hundred > 0 ? 100 : 0;
    return at + hundred;
}

size_t number_word(struct number *out, struct bytes in) {
    uint32_t value = 0;
    size_t len = TAKE_NAME(&value, in, words);
    if (len == 0) {
        len = take_arabic(&value, in);
    }
    if (len > 0) {
        number_set(out, value);
    }
    return len;
}

/* ---- order */

static int compare(uint32_t a, uint32_t b) {
    return (a > b) - (a < b);
}

int number_compare(const struct number *a, const struct number *b) {
    if (a->value != b->value) {
        return compare(a->value, b->value);
    }
    return a->inserted != b->inserted ? compare(a->inserted, b->inserted) : compare(a->further, b->further);
}

bool number_is_letter(const struct number *number) {
    return number->value == 0 && number->text[0] != '0';
}

bool number_follows(const struct number *a, const struct number *b) {
    if (b->value <= a->value) {
        return b->value == a->value && number_compare(a, b) < 0;
    }
    bool first_of_its_value = b->compound && b->inserted / 32 == 1 && b->further == 0;
    return b->value == a->value + 1 || (first_of_its_value && (a->compound || a->value == 0));
}
