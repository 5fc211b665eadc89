/*
 * What the folds and the importer ask about one code point. The sets and the case mapping are those of Unicode 15, spelled out
 * here so that a verdict does not change with the version of a library. Pure.
 */
#ifndef TEXT_CHARACTER_H
#define TEXT_CHARACTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define SOFT_HYPHEN        0x00ADu
#define UTF8_LEN_MAX       4
#define CODE_POINT_NOWHERE 0xFFFFFFFFu /* what stands before the first and after the last code point */

/** Property White_Space (PropList.txt). */
bool is_white_space(uint32_t c);
/** Whether a code point is part of a word: letters, marks and numbers by general category. */
bool is_word(uint32_t c);
/** Whether it belongs to a script that is written without spaces between words: each such character counts as a word. */
bool is_unspaced(uint32_t c);
/** Whether it ends a sentence or a member of a list: full stops, colons, semicolons, commas of the scripts in use. */
bool is_terminal(uint32_t c);

/** Simple case folding: entries C and S of CaseFolding.txt, without the Turkic T. Itself where there is none. */
uint32_t case_fold(uint32_t c);
/** Fold `quotes`: ' or " for the marks that PROTOCOL.md section 6 lists, else itself. */
uint32_t quote_fold(uint32_t c);
/** Fold `hyphens` without its deletion of U+00AD: - for the hyphens and dashes listed, else itself. */
uint32_t hyphen_fold(uint32_t c);

/** Writes one code point as UTF-8 and returns its length in bytes, 1 to 4. */
size_t utf8_put(uint8_t out[UTF8_LEN_MAX], uint32_t c);
/** Start of the code point that ends at offset (offset > 0, a boundary of valid UTF-8). */
size_t utf8_before(struct bytes in, size_t offset);
/** The code point that begins at offset, or CODE_POINT_NOWHERE at the end. */
uint32_t utf8_at(struct bytes in, size_t offset);

/** in from an offset on; empty past its end. */
struct bytes bytes_from(struct bytes in, size_t offset);
/** The offset of what is no White_Space, from `at` on. */
size_t skip_white_space(struct bytes in, size_t at);
/** in without White_Space at its ends. */
struct bytes trim(struct bytes in);

#endif
