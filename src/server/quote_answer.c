/* The answer of CheckQuote: each match with its clauses, proofs, folds and differences. PROTOCOL.md section 6. */
#include <string.h>

#include "server/depositary_quote.h"

static int add_folds(struct call *call, unsigned folds, Depositary__V1__QuoteMatch *out) {
    out->folds = answer_alloc(call, 8 * sizeof(char *));
    if (!out->folds)
        return DEPOSITARY_E_LIMIT;
    for (unsigned fold = FOLD_NFC; fold <= FOLD_ELLIPSIS; fold <<= 1) {
        if (!(folds & fold))
            continue;
        char *name = answer_text(call, bytes_text(fold_name((enum fold)fold)));
        if (!name)
            return DEPOSITARY_E_LIMIT;
        out->folds[out->n_folds++] = name;
    }
    return 0;
}

static int add_differences(struct call *call, const struct quote_match *match, size_t base,
                           Depositary__V1__QuoteMatch *out) {
    out->differences = answer_alloc(call, (match->differences_count + 1) * sizeof(Depositary__V1__Difference *));
    if (!out->differences)
        return DEPOSITARY_E_LIMIT;
    for (size_t i = 0; i < match->differences_count; i++) {
        struct span text = match->differences[i].text;
        Depositary__V1__Difference *difference = answer_alloc(call, sizeof *difference);
        if (!difference)
            return DEPOSITARY_E_LIMIT;
        depositary__v1__difference__init(difference);
        text.offset -= (uint32_t)base;
        int error = span_build(call, match->differences[i].quote, &difference->quote);
        if (!error)
            error = span_build(call, text, &difference->text);
        if (error)
            return error;
        out->differences[out->n_differences++] = difference;
    }
    return 0;
}

/* Clauses of the region that the span touches: [*first, *last], and where the text of the first begins. */
static void touched(const struct joined *joined, struct span span, size_t *first, size_t *last, size_t *base) {
    size_t end = (size_t)span.offset + span.length;
    size_t i = 0;
    while (i + 1 < joined->count && joined->ends[i] <= span.offset)
        i++;
    *first = i;
    *base = i > 0 ? joined->ends[i - 1] : 0;
    while (i + 1 < joined->count && joined->ends[i] < end)
        i++;
    *last = i;
}

/* The region of the match is joined. A clause of several matches is made once. */
static int add_match_clauses(struct check *check, const struct region *region, size_t first, size_t last,
                             Depositary__V1__QuoteMatch *out) {
    uint32_t slot = 0;
    out->clauses = answer_alloc(check->call, (last - first + 1) * sizeof(Depositary__V1__CertifiedClause *));
    if (!out->clauses)
        return DEPOSITARY_E_LIMIT;
    int error = edition_set_add(check->call, &check->editions, region->edition_index, &slot);
    for (size_t i = first; !error && i <= last; i++) {
        struct clause_built built = {.message = check->joined.built[i]};
        if (!built.message)
            error = clause_build(check->call, &check->editions.found[slot], slot, region->first + i, &built);
        if (!error)
            out->clauses[out->n_clauses++] = check->joined.built[i] = built.message;
    }
    return error;
}

static int build_match(struct check *check, const struct placed_match *placed, Depositary__V1__QuoteMatch **out) {
    struct span span = placed->match.span;
    size_t first = 0, last = 0, base = 0;
    Depositary__V1__QuoteMatch *message = answer_alloc(check->call, sizeof *message);
    if (!message)
        return DEPOSITARY_E_LIMIT;
    depositary__v1__quote_match__init(message);
    int error = quote_join_region(check, placed->region);
    if (error)
        return error;
    touched(&check->joined, span, &first, &last, &base);
    span.offset -= (uint32_t)base;
    error = add_match_clauses(check, placed->region, first, last, message);
    if (!error)
        error = span_build(check->call, span, &message->span);
    if (!error)
        error = add_folds(check->call, placed->match.folds, message);
    if (!error)
        error = add_differences(check->call, &placed->match, base, message);
    if (!error)
        *out = message;
    return error;
}

/* As many matches as the answer has room for. */
int quote_add_matches(struct check *check, Depositary__V1__CheckQuoteResponse *response) {
    size_t room = ANSWER_ROOM;
    response->n_matches = 0; /* another look may have been taken before */
    response->matches = answer_alloc(check->call, (check->matches_count + 1) * sizeof(Depositary__V1__QuoteMatch *));
    if (!response->matches)
        return DEPOSITARY_E_LIMIT;
    for (size_t i = 0; i < check->matches_count; i++) {
        Depositary__V1__QuoteMatch *match = NULL;
        size_t editions_before = check->editions.count, editions_size = check->editions.packed_size;
        int error = build_match(check, &check->matches[i], &match);
        if (error)
            return error;
        size_t size = item_size(&match->base) + (check->editions.packed_size - editions_size);
        if (size > room) {
            check->editions.count = editions_before;
            break;
        }
        room -= size;
        response->matches[response->n_matches++] = match;
    }
    return 0;
}
