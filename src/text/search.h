/* All places of a needle in a haystack, overlapping ones too, in linear time (Knuth, Morris and Pratt). Pure. */
#ifndef TEXT_SEARCH_H
#define TEXT_SEARCH_H

#include "base/bytes.h"
#include "base/error.h"

/** A needle made ready. It looks at the needle's bytes for as long as it lives. */
struct needle {
    struct bytes bytes;
    uint32_t *failure; /* failure[i]: length of the longest proper border of the first i + 1 bytes */
};

/** The needle is at least one byte (else DEPOSITARY_E_ARGUMENT) and below 4 GiB. */
MUST_USE int needle_init(struct needle *needle, struct bytes bytes);
void needle_free(struct needle *needle);

/** A search under way. All zero but for needle, haystack and, to begin later than at the start, at. */
struct search {
    const struct needle *needle;
    struct bytes haystack;
    size_t at;    /* offset of the next byte to look at */
    size_t state; /* how many bytes of the needle stand before it */
};

/** The next place, by its start; false when there is no more. All calls together: O(haystack). */
bool search_next(struct search *search, size_t *place);

#endif
