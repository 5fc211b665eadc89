/* Where in a text a quote may stand changed: windows that share most of its letter triples. Pure. */
#ifndef TEXT_WINDOW_H
#define TEXT_WINDOW_H

#include "text/fold.h"

#define WINDOWS_MAX 3

/** A stretch of the text, with what may belong to it on either side; bytes, on code point boundaries. */
struct window {
    size_t start;
    size_t end;
    uint32_t shared; /* triples of the quote that stand in it */
};

struct windows {
    struct window items[WINDOWS_MAX]; /* the best first; those that share too little are left out */
    size_t count;
};

/** Slides a window of the quote's length over the skeleton of the text and counts shared triples. Work: O(quote + text). */
MUST_USE int windows_find(struct windows *out, struct bytes quote, struct bytes text);

#endif
