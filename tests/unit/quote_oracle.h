/*
 * An oracle for quotes that shares no code with src/text: made-up texts of several scripts, folds by the lists of PROTOCOL.md section 6
 * as they stand there, searches byte by byte, and the plain table of Levenshtein.
 */
#ifndef TESTS_QUOTE_ORACLE_H
#define TESTS_QUOTE_ORACLE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXTS        8
#define TEXT_BYTES   9000
#define QUOTE_MAX    2048
#define FOLDS        5 /* that the text has, too: all but ellipsis */
#define SETS         (1u << FOLDS)
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* As ck_assert_msg, but without a mark on the disk each time: this is asked millions of times. */
#define HOLDS(expression, ...)                                                                                         \
    do {                                                                                                               \
        if (!(expression))                                                                                             \
            ck_abort_msg(__VA_ARGS__);                                                                                 \
    } while (0)

/** Chance is the same in every run that begins with the same seed. */
void chance_begin(uint64_t seed);
uint32_t any(uint32_t below);

/** Bytes with a NUL behind them. */
struct string {
    size_t len;
    char bytes[4 * TEXT_BYTES];
};
void put(struct string *out, const char *bytes, size_t len);
void put_text(struct string *out, const char *text);
void put_letter(struct string *out, int32_t c);
/** The letter there, and its length in bytes. */
size_t letter_at(const char *at, int32_t *out);
/** Whether a slice may begin or end there: not inside a letter, and not between a letter and its marks. */
bool begins_letter(const char *at);
/** Letters and signs, without spaces and marks. */
size_t count_letters(const char *from, size_t len);

enum { NFC = 1, WHITESPACE = 2, QUOTES = 4, HYPHENS = 8, CASE = 16, ELLIPSIS = 32 };
bool is_space(int32_t c);
bool is_mark(int32_t c);
int32_t fold_quote(int32_t c);
int32_t fold_letter(int32_t c);
/** Folds [text, text + len); with trim, without spaces at the ends where white space is folded. */
void fold(struct string *out, const char *text, size_t len, unsigned set, bool trim);
unsigned set_size(unsigned set);

/** Text 0 is the built-in statement. */
extern struct string texts[TEXTS];
extern struct string folded_texts[TEXTS][SETS];
void make_texts(void);
/** A word of a made-up text, and a word that stands in none. */
void put_word_of(struct string *out, unsigned text);
void put_made_up_word(struct string *out);

/** The pieces of the quote stand in the text one after another, each where it first stands. */
bool holds_pieces(const struct string *text, const struct string *quote, unsigned set);
/** The size of the smallest set of folds under which the quote stands in the text; 0: bytes, 7: none. */
unsigned oracle_size(unsigned text, const struct string *quote);
/** Places of its bytes. */
size_t oracle_places(unsigned text, const struct string *quote);
/** Least edits, letter by letter, that make the quote any part of the text. */
size_t oracle_distance(unsigned text, const struct string *quote);

#endif
