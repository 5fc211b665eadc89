/* Whether words of a citation are words of an instrument's title: "Joint Statement", "UN Charter", "BGB", "Joint Statement 2025". Pure. */
#ifndef TEXT_TITLE_H
#define TEXT_TITLE_H

#include "base/bytes.h"
#include "base/error.h"

/** What an instrument is known by. */
struct title_names {
    struct bytes title;
    struct bytes instrument; /* its id, words with - between them */
    struct bytes date;       /* 2025-04-23, or empty */
};

/**
 * *out is whether every word of `wanted` that carries something is a word of the title or the id, the year of the date, or made of the
 * first letters of words of the title that follow one another; case, accents' spelling, quotes and hyphens do not count. Where
 * `wanted` is empty it is true. Work: O(wanted * title).
 */
MUST_USE int title_matches(bool *out, struct bytes wanted, const struct title_names *names);

#endif
