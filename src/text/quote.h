/*
 * Is a quote verbatim in a text, and if not, what differs. Bytes first, then the fewest folds, then the nearest place.
 * PROTOCOL.md section 6, CheckQuote. Pure; used by the server to answer and by the client to judge the answer.
 */
#ifndef TEXT_QUOTE_H
#define TEXT_QUOTE_H

#include "text/fold.h"
#include "text/structure.h"

/** As in the protocol's QuoteVerdict, same values. */
enum verdict { VERDICT_UNSPECIFIED, VERDICT_VERBATIM, VERDICT_FOLDED, VERDICT_DIFFERS, VERDICT_NOT_FOUND };

struct difference {
    struct span quote;
    struct span text;
};

struct quote_match {
    enum verdict verdict;           /* never NOT_FOUND */
    struct span span;               /* in the text */
    unsigned folds;                 /* FOLDED: the fewest that do */
    struct difference *differences; /* DIFFERS */
    size_t differences_count;
    double score; /* DIFFERS: 0 to 1, the part of the quote that stands there */
};

struct quote_matches {
    struct quote_match *matches; /* all of one verdict, in the order of the text */
    size_t count;
};

/** What comparing may still cost, in steps of about a nanosecond: a byte that is read is one, a pair of words that is looked at several. */
struct quote_work {
    uint64_t left;
};
/** Takes steps off; DEPOSITARY_E_LIMIT, and nothing is left, where there are not as many. work NULL: without a bound. */
MUST_USE int quote_work_spend(struct quote_work *work, uint64_t steps);

/**
 * The best verdict for a quote in one text (the joined texts of clauses that follow one another), and each place of it:
 * all verbatim places, or all places with the fewest folds, or the nearest place where at least two thirds of the
 * quote's letters stand. None: count 0.
 * DEPOSITARY_E_LIMIT where it would cost more than *work has left (NULL: no bound), or quote or text is too long. Where a place was found that differs,
 * and the work does not suffice to compare the others, it is the nearest of those that were.
 */
MUST_USE int quote_find(struct quote_matches *out, struct bytes quote, struct bytes text, struct quote_work *work);
/** The first two of these alone: verbatim places, or those with the fewest folds. */
MUST_USE int quote_find_faithful(struct quote_matches *out, struct bytes quote, struct bytes text,
                                 struct quote_work *work);
/** The last of these alone: at most one match, that DIFFERS. */
MUST_USE int quote_find_nearest(struct quote_matches *out, struct bytes quote, struct bytes text,
                                struct quote_work *work);
/** How much of the quote, in triples of letters, some place of the text may share, at a small part of the cost; 0: nothing is near. */
MUST_USE int quote_likeness(uint32_t *out, struct bytes quote, struct bytes text, struct quote_work *work);
void quote_matches_free(struct quote_matches *matches);

/** Whether quote and text[span] are equal under exactly these folds (0: bytes). The client's own check of a verdict. */
MUST_USE int quote_equal(bool *out, struct bytes quote, struct bytes text, struct span span, unsigned folds);

/** Whether a span begins or ends inside a word. */
bool span_cuts_word(struct bytes text, struct span span);

#endif
