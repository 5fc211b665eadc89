/* Matches as token ranges, asked of FTS5, which alone knows what matched; then as bytes, by walking the true text
 * again. */
#include "catalog/ranges.h"

#include <stdlib.h>

static void ranges_function(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *context, int values_count,
                            sqlite3_value **values) {
    (void)values_count, (void)values;
    struct token_range ranges[RANGES_MAX];
    int instances = 0;
    size_t count = 0;
    int rc = api->xInstCount(fts, &instances);
    for (int i = 0; rc == SQLITE_OK && i < instances && count < RANGES_MAX; i++) {
        int phrase = 0, column = 0, offset = 0;
        rc = api->xInst(fts, i, &phrase, &column, &offset);
        int size = api->xPhraseSize(fts, phrase);
        if (rc == SQLITE_OK && offset >= 0 && size > 0)
            ranges[count++] = (struct token_range){(uint32_t)offset, (uint32_t)size};
    }
    if (rc != SQLITE_OK)
        sqlite3_result_error_code(context, rc);
    else
        sqlite3_result_blob(context, ranges, (int)(count * sizeof *ranges), SQLITE_TRANSIENT);
}

int ranges_register(sqlite3 *db) {
    fts5_api *api = tokenizer_fts5(db);
    if (!api || api->xCreateFunction(api, RANGES_FUNCTION, NULL, ranges_function, NULL) != SQLITE_OK)
        return DEPOSITARY_E_IO;
    return 0;
}

static int by_first(const void *left, const void *right) {
    const struct token_range *a = left;
    const struct token_range *b = right;
    return a->first < b->first ? -1 : a->first > b->first;
}

/* Sorts, and joins what overlaps; returns how many are left. */
static size_t ranges_join(struct token_range *ranges, size_t count) {
    size_t kept = 0;
    qsort(ranges, count, sizeof *ranges, by_first);
    for (size_t i = 0; i < count; i++) {
        struct token_range *last = kept ? &ranges[kept - 1] : NULL;
        uint64_t end = (uint64_t)ranges[i].first + ranges[i].count;
        if (last && ranges[i].first < (uint64_t)last->first + last->count) {
            if (end > (uint64_t)last->first + last->count)
                last->count = (uint32_t)(end - last->first);
        } else {
            ranges[kept++] = ranges[i];
        }
    }
    return kept;
}

struct span_walk {
    const struct token_range *ranges;
    size_t ranges_count;
    struct span *spans;
    size_t at; /* range that is looked for */
    uint64_t token;
};

static int span_token(void *context, struct bytes token, size_t start, size_t end) {
    struct span_walk *walk = context;
    (void)token;
    if (walk->at == walk->ranges_count)
        return 1;
    const struct token_range *range = &walk->ranges[walk->at];
    struct span *span = &walk->spans[walk->at];
    if (walk->token == range->first)
        span->offset = (uint32_t)start;
    if (walk->token >= range->first)
        span->length = (uint32_t)(end - span->offset);
    if (walk->token + 1 == (uint64_t)range->first + range->count)
        walk->at++;
    walk->token++;
    return 0;
}

int ranges_to_spans(struct span **out, size_t *count, struct tokenizer *tokenizer, struct bytes text,
                    const struct token_range *ranges, size_t ranges_count) {
    struct token_range *sorted = calloc(ranges_count ? ranges_count : 1, sizeof *sorted);
    struct span *spans = calloc(ranges_count ? ranges_count : 1, sizeof *spans);
    int error = sorted && spans ? 0 : DEPOSITARY_E_MEMORY;
    struct span_walk walk = {.ranges = sorted, .spans = spans};
    if (!error) {
        for (size_t i = 0; i < ranges_count; i++)
            sorted[i] = ranges[i];
        walk.ranges_count = ranges_join(sorted, ranges_count);
        int ended = tokenizer_walk(tokenizer, text, span_token, &walk);
        error = ended == 1 ? 0 : ended;
    }
    free(sorted);
    if (error) {
        free(spans);
        return error;
    }
    *out = spans;
    *count = walk.at; /* ranges past the text's last token are left out */
    return 0;
}
