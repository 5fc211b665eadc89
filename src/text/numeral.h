/* Numbers as instruments print them, "12", "31a", "IV", "第一百二十条之一", to the number part of an eId. Pure. */
#ifndef TEXT_NUMERAL_H
#define TEXT_NUMERAL_H

#include "base/bytes.h"

#define NUMBER_TEXT_MAX   24
#define NUMBER_VALUE_MAX  999999u
#define NUMBER_SERIES_MAX 8

/**
 * Akoma Ntoso Naming Convention 1.0, section 5: the number without punctuation and spaces, "3a bis" is 3abis. Numerals of other
 * scripts and Roman ones become Arabic; an inserted number (之一) follows a hyphen, 120-1.
 */
struct number {
    uint32_t value;    /* up to NUMBER_VALUE_MAX; 0 as well where there is only a letter or nothing */
    uint32_t inserted; /* order among what was inserted after value: 0 for none, then a, b or bis, ter or 之一, 之二 */
    uint32_t further;               /* order among what was inserted after that: the last 1 of L124-1-1 */
    bool compound;                  /* of several numbers: L123-4, 2.1 */
    char series[NUMBER_SERIES_MAX]; /* what counts for itself: "L" and "R" of L123-4 and R123-4; "" otherwise */
    char text[NUMBER_TEXT_MAX];
};

/* Each takes a number off the front of `in` and returns its length in bytes, 0 where there is none. */

/** Decimal digits of a script (ASCII, full width, Arabic-Indic, Devanagari ...), with "a", "ZA", "bis", " bis", "-bis" or a raised ¹. */
size_t number_digits(struct number *out, struct bytes in);
/** A Roman number, canonically spelled, in capitals or small letters, not followed by another letter. */
size_t number_roman(struct number *out, struct bytes in);
/** A Chinese number, 一百二十; without what may be inserted. */
size_t number_chinese(struct number *out, struct bytes in);
/** 之一 or の二 or 의3 after a number: sets inserted and text. */
size_t number_inserted(struct number *number, struct bytes in);
/** What follows the word for article: digits, also of several parts (2.1, 124-1-1) and with a series (L. 123-4), in brackets or not. */
size_t number_of_article(struct number *out, struct bytes in);
/** "premier", "first", "Two", "unique", "الحادية عشرة" and kin. */
size_t number_word(struct number *out, struct bytes in);

/** Whether it is a letter for itself, as of a point: (a). */
bool number_is_letter(const struct number *number);
/** Of one series: by value, then by what was inserted; <0, 0, >0. */
int number_compare(const struct number *a, const struct number *b);
/** Whether b may follow a with nothing left out: the next value, or an inserted number after the same or the next value; of
 * compound numbers (L112-5, L121-1) also the first of a later value. */
bool number_follows(const struct number *a, const struct number *b);

#endif
