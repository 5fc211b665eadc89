/* Places of a quote in a text: the growing list, and how places under folds are found. For quote.c and nearest.c. */
#ifndef TEXT_MATCH_H
#define TEXT_MATCH_H

#include "text/pieces.h"
#include "text/quote.h"

/** A list that grows; on failure nothing is added. */
struct match_list {
    struct quote_matches matches;
    size_t capacity;
};

MUST_USE int match_add(struct match_list *list, struct quote_match match);

/**
 * All places under the fewest folds, nothing added where no set of folds does. Sets of one size are tried in the order of their
 * names in the protocol. Places with `ellipsis` do not overlap; each begins as late as its second piece allows.
 * A place does not part what `nfc` composes: half of a letter that has another accent is not the quote. A quote that keeps white
 * space at an end under `whitespace`, because a soft hyphen stands outside it, is not looked for.
 * Work: O(text) for the sieve; if it lets the quote through, O(stretch) for each of at most 64 sets, where the stretch reaches
 * from the first to the last place that the sieve leaves.
 */
MUST_USE int match_folded(struct match_list *list, struct bytes quote, struct bytes text, struct quote_work *work);

/** The nearest place, nothing added where less than two thirds of the quote's letters stand together anywhere. See nearest.c for the bounds. */
MUST_USE int match_nearest(struct match_list *list, struct bytes quote, struct bytes text, struct quote_work *work);

#endif
