/*
 * References as people write them, "7", "7(2)", "cl_7", "Article 5 (1) (a)", "§ 31a Abs. 2", 第一百二十条之一, "Articles 2 to 4", to eIds.
 * Pure; the one parser of service and command line. A reference is a list of chains, each a word for its kind (or none) and a number,
 * again and again from the whole to the part; the eIds that a chain can have are tried, the likeliest first.
 */
#ifndef TEXT_CITATION_H
#define TEXT_CITATION_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"
#include "text/keyword.h"
#include "text/numeral.h"
#include "text/structure.h"

#define CITATION_PARTS_MAX 6
#define CITATION_ITEMS_MAX 16 /* of a list; more are left out */
#define CITATION_RANGE_MAX 64 /* numbers of "2 to 4" */
#define CITATION_NAMES_MAX 64 /* more are left out */
#define CITATION_STEPS_MAX 8000 /* parts of names that are tried: a range of 64 articles takes some 1,300 */

/** One step of a reference: "Article 5", "(1)", "lit. a". */
struct citation_part {
    enum keyword kind;    /* KEYWORD_NONE for a number alone */
    struct number number; /* text only, for letters and Roman numbers as they stand */
    struct number roman;  /* the other reading of i, v, x ...; value 0 for none */
};

/** "Article 5 (1)": from the whole to the part. */
struct citation_chain {
    struct citation_part parts[CITATION_PARTS_MAX];
    size_t count;
    struct number to;   /* of a range: the last number of its last part; value 0 and no text for none */
    bool is_hyphenated; /* the range is written "2-4", which may as well be the number 2-4 */
    bool
        is_wanted; /* joined by a word, not by a comma, after which anything may stand: it is missed where it is not there */
};

struct citation {
    struct bytes eid; /* the whole, where it can be an eId as it stands; else empty */
    struct citation_chain items[CITATION_ITEMS_MAX];
    size_t count;
    struct span reference; /* where the chains stand in the text */
    struct bytes title; /* words before the reference, or after it: of an instrument's title; may be empty. A view. */
};

/** Takes a text apart. DEPOSITARY_E_FORMAT for what is no reference, DEPOSITARY_E_LIMIT, DEPOSITARY_E_UTF8. */
MUST_USE int citation_read(struct citation *out, struct bytes text);

/** Tells whether an edition has a clause or provision with this eId. */
typedef bool citation_has(void *context, const char *eid);

struct citation_names {
    size_t count;
    bool is_ambiguous; /* some part of the reference may mean more than one of these; else all of them are meant */
    bool is_cut;       /* it can be read in more ways than are tried, so names may be missing */
    char eids[CITATION_NAMES_MAX][LIMIT_EID + 1];
    char missing[LIMIT_EID +
                 1]; /* what would be the eId of the first chain of the list that is not there; "" for none */
};

/** Every eId that the reference may mean and that `has` knows, in the order of the reference, of one chain the likeliest first. `has` is asked
 * CITATION_STEPS_MAX times at most: each part of a chain has up to twelve names, so that short citations can have millions. */
void citation_resolve(struct citation_names *out, const struct citation *citation, citation_has *has, void *context);

/**
 * What comes nearest to the first chain that is not there: the same number under another word, what holds the part that is not there,
 * or the unit before or after. False where nothing does. `has` is asked CITATION_STEPS_MAX times at most.
 */
bool citation_nearest(char out[LIMIT_EID + 1], const struct citation *citation, citation_has *has, void *context);

#endif
