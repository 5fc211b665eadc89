/* How folded text grows: code point by code point, each byte with the offset that it came from. For fold.c and skeleton.c. */
#ifndef TEXT_FOLDED_H
#define TEXT_FOLDED_H

#include "text/fold.h"

/** After a failure later calls do nothing; error is looked at once, at the end. */
struct folded_writer {
    struct folded folded;
    size_t capacity; /* bytes of text, and entries of source */
    int error;
};

/** Room for about size bytes is made at once. */
void folded_begin(struct folded_writer *writer, size_t size);
void folded_put(struct folded_writer *writer, uint32_t c, size_t source);
/** Ends with source[len] = end and hands over; on failure everything is freed and *out is not touched. */
MUST_USE int folded_end(struct folded *out, struct folded_writer *writer, size_t end);

#endif
