/* Numbers as instruments print them, "12", "31a", "IV", "第一百二十条之一", to the number part of an eId. Pure. */
#ifndef TEXT_NUMERAL_H
#define TEXT_NUMERAL_H

#include "base/bytes.h"

#define NUMBER_TEXT_MAX  24
#define NUMBER_VALUE_MAX 999999u

/**
 * Akoma Ntoso Naming Convention 1.0, section 5: the number without punctuation and spaces, "3a bis" is 3abis. Numerals of other
 * scripts and Roman ones become Arabic; an inserted number (之一) follows a hyphen, 120-1.
 */
struct number {
    uint32_t value;    /* 1 to NUMBER_VALUE_MAX */
    uint32_t inserted; /* order among what was inserted after value: 0 for none, then a, b or bis, ter or 之一, 之二 */
    char text[NUMBER_TEXT_MAX];
};

/* Each takes a number off the front of `in` and returns its length in bytes, 0 where there is none. */

/** Decimal digits of a script (ASCII, full width, Arabic-Indic, Devanagari ...), with "a", "bis", " bis", "-bis". */
size_t number_digits(struct number *out, struct bytes in);
/** A Roman number, canonically spelled, in capitals or small letters, not followed by another letter. */
size_t number_roman(struct number *out, struct bytes in);
/** A Chinese number, 一百二十; without what may be inserted. */
size_t number_chinese(struct number *out, struct bytes in);
/** 之一 or の二 or 의3 after a number: sets inserted and text. */
size_t number_inserted(struct number *number, struct bytes in);
/** "premier", "first", "unique" and kin, always 1. */
size_t number_word(struct number *out, struct bytes in);

/** By value, then by what was inserted; <0, 0, >0. */
int number_compare(const struct number *a, const struct number *b);
/** Whether b may follow a with nothing left out: the next value, or an inserted number after the same or the next value. */
bool number_follows(const struct number *a, const struct number *b);

#endif
