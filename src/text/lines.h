/* A text by lines. Bytes stay what they are: CRLF, byte order mark and all. Pure. */
#ifndef TEXT_LINES_H
#define TEXT_LINES_H

#include "base/bytes.h"
#include "base/error.h"

struct line {
    size_t offset; /* bytes in the text */
    size_t len;    /* without what ends the line */
    bool blank;    /* nothing but White_Space */
};

/** Lines end in LF, CR LF or a lone CR; the last one may end in nothing. An empty text has no line. */
struct lines {
    struct line *items;
    size_t count;
};

MUST_USE int lines_of(struct lines *out, struct bytes text);
void lines_free(struct lines *lines);

#endif
