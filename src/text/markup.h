/*
 * The tags of a piece of XML, by a scan over its bytes: just enough to find what an eId stands at. Whether a file is well-formed is
 * judged elsewhere, when it is imported; here nothing is trusted, and a scan ends where it makes no sense. Pure.
 */
#ifndef TEXT_MARKUP_H
#define TEXT_MARKUP_H

#include "base/bytes.h"

enum tag_kind { TAG_START, TAG_END, TAG_EMPTY };

struct tag {
    enum tag_kind kind;
    struct bytes name; /* without a namespace's prefix */
    size_t offset;     /* of '<' */
    size_t end;        /* after '>' */
    struct bytes attributes;
};

/** The next tag from *at on, which moves past it; comments, CDATA and instructions are passed over. False at the end. */
bool markup_next(struct tag *out, struct bytes text, size_t *at);
/** The value of an attribute, as written; empty where there is none. */
struct bytes markup_attribute(const struct tag *tag, const char *name);

#endif
