/* Titles as people shorten them. */
#define _GNU_SOURCE /* memmem */
#include "text/title.h"

#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/fold.h"

#define TITLE_FOLDS    (FOLD_NFC | FOLD_WHITESPACE | FOLD_QUOTES | FOLD_HYPHENS | FOLD_CASE)
#define INITIALS_LEAST 2 /* letters of a shortened title */
#define INITIALS_MAX   16

static bool is_letter(uint32_t c) {
    return c != CODE_POINT_NOWHERE && is_word(c);
}

/* The word at *at or after it; empty at the end. Letters of scripts without spaces that stand together are one. */
static struct bytes next_word(struct bytes in, size_t *at) {
    uint32_t c;
    size_t len;
    while (*at < in.len && (len = utf8_next(&c, bytes_slice(in, *at, in.len - *at))) > 0 && !is_letter(c)) {
        *at += len;
    }
    size_t start = *at;
    bool unspaced = is_unspaced(utf8_at(in, start));
    while (*at < in.len && (len = utf8_next(&c, bytes_slice(in, *at, in.len - *at))) > 0 && is_letter(c) &&
           is_unspaced(c) == unspaced) {
        *at += len;
    }
    return bytes_slice(in, start, *at - start);
}

/* Small words, which titles are cited with and without. */
static bool is_small(struct bytes word) {
    static const char *const words[] = {"the",     "of",  "on",  "a",   "an", "and",  "for", "in",  "to",
                                        "between", "de",  "du",  "des", "la", "le",   "les", "et",  "sur",
                                        "der",     "die", "das", "und", "zu", "über", "del", "el",  "los",
                                        "y",       "и",   "о",   "об",  "в",  "на",   "və",  "the", "с"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (bytes_equal(word, bytes_text(words[i]))) {
            return true;
        }
    }
    return false;
}

static bool has_word(struct bytes in, struct bytes wanted) {
    size_t at = 0;
    if (is_unspaced(utf8_at(wanted, 0))) {
        return in.len > 0 && memmem(in.data, in.len, wanted.data, wanted.len) != NULL;
    }
    for (struct bytes word; (word = next_word(in, &at)).len > 0;) {
        if (bytes_equal(word, wanted)) {
            return true;
        }
    }
    return false;
}

/* Whether the letters, from the i-th on, are the first ones of the words from `at` on; small words may be left out. */
static bool initials_from(struct bytes title, size_t at, const uint32_t *letters, size_t count) {
    size_t i = 0;
    for (struct bytes word; i < count && (word = next_word(title, &at)).len > 0;) {
        if (utf8_at(word, 0) == letters[i]) {
            i++;
        } else if (!is_small(word)) {
            return false;
        }
    }
    return i == count;
}

/* UN, UNCLOS: at any word of the title. */
static bool is_initials(struct bytes title, struct bytes wanted) {
    uint32_t letters[INITIALS_MAX];
    size_t count = 0;
    for (uint32_t c; wanted.len > 0 && count < INITIALS_MAX;) {
        size_t len = utf8_next(&c, wanted);
        letters[count++] = c;
        wanted = bytes_slice(wanted, len, wanted.len - len);
    }
    if (wanted.len > 0 || count < INITIALS_LEAST) {
        return false;
    }
    size_t at = 0;
    size_t start = 0;
    for (struct bytes word; (word = next_word(title, &at)).len > 0; start = at) {
        if (utf8_at(word, 0) == letters[0] && initials_from(title, start, letters, count)) {
            return true;
        }
    }
    return false;
}

static bool word_matches(struct bytes word, struct bytes title, const struct title_names *names) {
    bool is_year = names->date.len >= 4 && bytes_equal(word, bytes_slice(names->date, 0, 4));
    return is_small(word) || is_year || has_word(title, word) || has_word(names->instrument, word) ||
           is_initials(title, word);
}

static bool words_match(struct bytes wanted, struct bytes title, const struct title_names *names) {
    size_t at = 0;
    bool any = false;
    for (struct bytes word; (word = next_word(wanted, &at)).len > 0;) {
        if (!word_matches(word, title, names)) {
            return false;
        }
        any = any || !is_small(word);
    }
    return any;
}

int title_matches(bool *out, struct bytes wanted, const struct title_names *names) {
    struct folded folded_wanted;
    struct folded folded_title;
    int error = fold_text(&folded_wanted, wanted, TITLE_FOLDS, true);
    if (error) {
        return error;
    }
    error = fold_text(&folded_title, names->title, TITLE_FOLDS, true);
    if (!error) {
        struct bytes words = bytes_of(folded_wanted.text, folded_wanted.len);
        struct bytes title = bytes_of(folded_title.text, folded_title.len);
        *out = words.len == 0 || bytes_equal(words, names->instrument) || words_match(words, title, names);
        folded_free(&folded_title);
    }
    folded_free(&folded_wanted);
    return error;
}
