/* Reading of numbers. */
#include "text/numeral.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/keyword.h"

#define ROMAN_MAX 15 /* letters: MMMDCCCLXXXVIII */

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
    static const char *const orders[] = {"bis",     "ter",    "quater", "quinquies", "sexies",
                                         "septies", "octies", "novies", "decies"};
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

/* One letter right after a number, and no further one: 31a. */
static size_t take_letter(struct number *number, struct bytes in) {
    uint32_t c = utf8_at(in, 0);
    uint32_t lower = c | 0x20;
    if (c >= 0x80 || lower < 'a' || lower > 'z' || is_word(utf8_at(in, 1))) {
        return 0;
    }
    number->inserted = lower - 'a' + 1;
    number_append(number, (char[]){(char)c, 0});
    return 1;
}

/* 1er, 1re, 1º: marks of an ordinal, which are not part of the number. */
static size_t take_ordinal_mark(struct bytes in) {
    static const char *const marks[] = {"er", "re", "ère", "º", "°", "ª", "o"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        struct bytes mark = bytes_text(marks[i]);
        if (bytes_starts_with(in, mark) && !is_word(utf8_at(in, mark.len))) {
            return mark.len;
        }
    }
    return 0;
}

size_t number_digits(struct number *out, struct bytes in) {
    uint32_t value = 0;
    size_t len = 0;
    uint32_t c;
    for (size_t step; (step = utf8_next(&c, after(in, len))) > 0 && digit_of(c) >= 0; len += step) {
        value = value * 10 + (uint32_t)digit_of(c);
        if (value > NUMBER_VALUE_MAX) {
            return 0;
        }
    }
    if (value == 0) {
        return 0;
    }
    struct number number;
    number_set(&number, value);
    size_t ordinal = value == 1 ? take_ordinal_mark(after(in, len)) : 0;
    len += ordinal;
    if (ordinal == 0) {
        size_t letter = take_letter(&number, after(in, len));
        len += letter;
        if (letter == 0) {
            len += take_latin_order(&number, after(in, len));
        }
    }
    *out = number;
    return len;
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

/* ---- words, order */

size_t number_word(struct number *out, struct bytes in) {
    static const char *const words[] = {"premier", "première", "first",  "one",    "unique",
                                        "único",   "primero",  "первая", "первый", "единственная"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = keyword_len(in, words[i]);
        if (len > 0) {
            number_set(out, 1);
            return len;
        }
    }
    return 0;
}

int number_compare(const struct number *a, const struct number *b) {
    if (a->value != b->value) {
        return a->value < b->value ? -1 : 1;
    }
    return a->inserted < b->inserted ? -1 : a->inserted > b->inserted;
}

bool number_follows(const struct number *a, const struct number *b) {
    if (b->value == a->value) {
        return b->inserted > a->inserted;
    }
    return b->value == a->value + 1;
}
