/*
 * What CheckQuote is made of: the regions of text that a quote may stand in, and the matches that were kept. For depositary_quote.c, which
 * judges, and quote_answer.c, which makes the message.
 */
#ifndef SERVER_DEPOSITARY_QUOTE_H
#define SERVER_DEPOSITARY_QUOTE_H

#include "server/depositary_parts.h"
#include "text/quote.h"

#define REGION_MAX     (4u * 1024 * 1024) /* bytes of joined text; a longer region ends there */
#define REGION_CLAUSES 2048u

/* Clauses first to last of an edition, that follow one another. */
struct region {
    uint64_t edition_index;
    uint64_t first;
    uint64_t last;
    size_t bytes;      /* of their texts, by the catalog */
    size_t rank;       /* of its likeliest candidate */
    uint32_t likeness; /* quote_likeness, once that is asked for */
};

/* The texts of a region, joined. */
struct joined {
    const struct region *region;
    struct buffer text;
    size_t count;                            /* clauses */
    size_t *ends;                            /* [i]: where the text of clause first + i ends */
    Depositary__V1__CertifiedClause **built; /* [i]: that clause as a message, once it was made */
};

/* A match in a region, by the region's offsets. */
struct placed_match {
    const struct region *region;
    struct quote_match match; /* differences are its own */
};

/* One call. */
struct check {
    struct call *call;
    struct bytes quote;
    bool is_elided; /* the quote leaves something out */
    struct region *regions;
    size_t regions_count;
    struct edition_set looked_in; /* editions of all regions */
    struct edition_set editions;  /* of the answer */
    struct joined joined;
    struct quote_work *work; /* what is left of the call's */
    bool is_spent;           /* it did not suffice */
    enum verdict verdict;    /* of `matches` */
    struct placed_match matches[LIMIT_QUOTE_MATCHES];
    size_t matches_count;
    uint64_t total;
};

/** Reads the region's clauses and joins their texts, where that is not done. */
MUST_USE int quote_join_region(struct check *check, const struct region *region);

/** Builds as many of the matches as the answer has room for. */
MUST_USE int quote_add_matches(struct check *check, Depositary__V1__CheckQuoteResponse *response);

#endif
