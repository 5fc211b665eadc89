/* Fold `ellipsis`: a quote cut at its marks of left-out text. PROTOCOL.md section 6, CheckQuote. Pure. */
#ifndef TEXT_PIECES_H
#define TEXT_PIECES_H

#include "base/bytes.h"
#include "base/error.h"

/** The pieces between the marks, as views into the quote, trimmed of White_Space; empty ones are left out. */
struct pieces {
    struct bytes *items;
    size_t count;
    bool marked; /* whether there is a mark at all; without one the only piece is the trimmed quote */
};

/** Cuts at `…`, `...`, `[…]` and `[...]`. Of more than three dots in a row the last three are the mark, as after a full stop. */
MUST_USE int pieces_cut(struct pieces *out, struct bytes quote);
void pieces_free(struct pieces *pieces);

#endif
