/* How one part of a citation is read: "Article 5", "(1)", "3-cü maddə", 第五条, ".2". For citation.c. Pure. */
#ifndef TEXT_CITATION_PART_H
#define TEXT_CITATION_PART_H

#include "text/citation.h"

/* Each takes a part off the front of `in` and returns its length in bytes, 0 where there is none; *part is then undefined. */

/** With a word for its kind, or in brackets. */
size_t part_take(struct citation_part *part, struct bytes in);
/** A number or letter of a list, alone: 5, a, a), IV. */
size_t part_take_listed(struct citation_part *part, struct bytes in);
/** The same behind a dot or a slash. */
size_t part_take_dotted(struct citation_part *part, struct bytes in);

/** The offset after white space. */
size_t part_skip_spaces(struct bytes in, size_t at);

/** What is left of `in` from an offset on. */
static inline struct bytes rest(struct bytes in, size_t offset) {
    return bytes_slice(in, offset, in.len - (offset < in.len ? offset : in.len));
}

#endif
