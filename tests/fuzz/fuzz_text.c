#define _GNU_SOURCE /* memmem */
/* Text: units are the source, every byte; spans lie inside; a verdict is VERBATIM only of bytes, and folds do what is said of them. */
#include "base/encode.h"
#include "fuzz.h"
#include "text/citation.h"
#include "text/import.h"
#include "text/quote.h"

#include <string.h>

static bool is_inside(struct span span, size_t len) {
    return span.offset <= len && span.length <= len - span.offset;
}

static void try_import(struct bytes in) {
    struct outline outline;
    const struct import_options options = {0};
    size_t at = 0;
    if (import_plain(&outline, in, &options, NULL) != 0)
        return;
    for (size_t i = 0; i < outline.units_count; i++) {
        const struct unit *unit = &outline.units[i];
        struct structure structure;
        HOLDS(unit->offset == at && unit->length > 0);
        at += unit->length;
        HOLDS(is_inside(unit->number, unit->length) && is_inside(unit->heading, unit->length));
        for (size_t j = 0; j < i && outline.units_count < 100; j++)
            HOLDS(strcmp(outline.units[j].eid, unit->eid) != 0);
        if (structure_of(&structure, bytes_text(unit->eid), bytes_slice(in, unit->offset, unit->length)) != 0)
            continue;
        for (size_t j = 0; j < structure.provisions_count; j++)
            HOLDS(is_inside(structure.provisions[j].span, unit->length));
        structure_free(&structure);
    }
    HOLDS(at == in.len);
    outline_free(&outline);
}

static void try_quote(struct bytes quote, struct bytes text) {
    struct quote_matches matches;
    if (quote.len == 0 || quote_find(&matches, quote, text, NULL) != 0)
        return;
    for (size_t i = 0; i < matches.count; i++) {
        const struct quote_match *match = &matches.matches[i];
        bool is_equal = false;
        HOLDS(is_inside(match->span, text.len));
        if (match->verdict == VERDICT_VERBATIM)
            HOLDS(bytes_equal(bytes_slice(text, match->span.offset, match->span.length), quote));
        if (match->verdict == VERDICT_FOLDED) {
            HOLDS(match->folds != 0);
            HOLDS(quote_equal(&is_equal, quote, text, match->span, match->folds) == 0 && is_equal);
        }
    }
    /* What stands there is found. */
    if (text.len >= quote.len && memmem(text.data, text.len, quote.data, quote.len) != NULL)
        HOLDS(matches.count > 0 && matches.matches[0].verdict == VERDICT_VERBATIM);
    quote_matches_free(&matches);
}

static bool has_even(void *context, const char *eid) {
    (void)context;
    return strlen(eid) % 2 == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes in = bytes_of(data, size);
    struct citation citation;
    struct citation_names names;
    char nearest[LIMIT_EID + 1];
    const uint8_t *cut = size > 0 ? memchr(data, 0, size) : NULL;
    if (!utf8_valid(in) || size > 65536)
        return 0;
    if (cut != NULL) {
        size_t at = (size_t)(cut - data);
        try_quote(bytes_of(data, at), bytes_of(cut + 1, size - at - 1));
        return 0;
    }
    try_import(in);
    if (size <= LIMIT_CITATION && citation_read(&citation, in) == 0) {
        HOLDS(is_inside(citation.reference, in.len));
        citation_resolve(&names, &citation, has_even, NULL);
        (void)citation_nearest(nearest, &citation, has_even, NULL);
    }
    return 0;
}
