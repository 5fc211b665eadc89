/* A quote decided here, by the whole edition: each clause proved, all of them together the deposited file. NOT_FOUND is then proven. */
#include "cli/quote.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "text/quote.h"

#define WORK_MAX  UINT64_C(20000000000) /* steps of comparison: the texts are large, and nobody else waits */
#define FOLDS_MAX 8                     /* names of folds of one match */

/* ---- the edition */

static size_t count_clauses(const struct cli_whole *whole) {
    size_t count = 0;
    for (size_t i = 0; i < whole->pages.count; i++)
        count += depositary_answer_clauses(whole->pages.answers[i]);
    return count;
}

static int join(struct quote_whole *whole) {
    size_t count = count_clauses(&whole->whole);
    buffer_init(&whole->text, UINT32_MAX - 1);
    whole->clauses = calloc(count + 1, sizeof *whole->clauses);
    whole->ends = calloc(count + 1, sizeof *whole->ends);
    if (whole->clauses == NULL || whole->ends == NULL)
        return DEPOSITARY_E_MEMORY;
    for (size_t i = 0; i < whole->whole.pages.count; i++) {
        const depositary_answer *page = whole->whole.pages.answers[i];
        for (size_t j = 0; j < depositary_answer_clauses(page); j++) {
            const depositary_clause *clause = depositary_answer_clause(page, j);
            buffer_append(&whole->text, bytes_of(clause->text, clause->text_len));
            whole->clauses[whole->count] = clause;
            whole->ends[whole->count++] = whole->text.len;
        }
    }
    return whole->text.error;
}

int quote_whole_open(struct quote_whole *out, struct cli *cli, const depositary_edition_query *which) {
    *out = (struct quote_whole){0};
    int status = cli_whole(cli, which, &out->whole);
    if (status != 0)
        return status;
    int error = join(out);
    if (error == 0)
        return 0;
    cli_error("the whole text: %s", depositary_error_text(error));
    quote_whole_close(out);
    return CLI_REFUSED;
}

void quote_whole_close(struct quote_whole *whole) {
    buffer_free(&whole->text);
    free(whole->clauses);
    free(whole->ends);
    cli_whole_free(&whole->whole);
    *whole = (struct quote_whole){0};
}

/* ---- from what was found to what is shown */

/* Memory for the matches of one quote, in one piece. */
struct shown {
    depositary_quote_match *matches;
    depositary_difference *differences;
    const char **folds;
};

static size_t clause_of(const struct quote_whole *whole, size_t offset) {
    size_t low = 0, high = whole->count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (whole->ends[middle] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The smallest provision that holds the span, else the clause. */
static const char *provision_of(const depositary_clause *clause, size_t offset, size_t length) {
    const char *eid = clause->eid;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < clause->provisions_count; i++) {
        const depositary_span *span = &clause->provisions[i].span;
        if (span->length < least && span->offset <= offset && offset + length <= (size_t)span->offset + span->length) {
            least = span->length;
            eid = clause->provisions[i].eid;
        }
    }
    return eid;
}

static size_t put_folds(unsigned folds, const char **out) {
    size_t count = 0;
    for (unsigned fold = FOLD_NFC; fold <= FOLD_ELLIPSIS; fold <<= 1)
        if (folds & fold)
            out[count++] = fold_name((enum fold)fold);
    return count;
}

static depositary_quote_match show_match(const struct quote_whole *whole, const struct quote_match *match,
                                         depositary_difference *differences, const char **folds) {
    size_t end = (size_t)match->span.offset + match->span.length;
    size_t first = clause_of(whole, match->span.offset);
    size_t last = clause_of(whole, end > match->span.offset ? end - 1 : end);
    size_t base = first > 0 ? whole->ends[first - 1] : 0;
    for (size_t i = 0; i < match->differences_count; i++) {
        differences[i].quote =
            (depositary_span){match->differences[i].quote.offset, match->differences[i].quote.length};
        differences[i].text =
            (depositary_span){(uint32_t)(match->differences[i].text.offset - base), match->differences[i].text.length};
    }
    struct bytes text = bytes_slice(buffer_bytes(&whole->text), base, whole->ends[last] - base);
    return (depositary_quote_match){
        .clauses = &whole->clauses[first],
        .clauses_count = last - first + 1,
        .text = (const char *)text.data,
        .text_len = text.len,
        .span = {(uint32_t)(match->span.offset - base), match->span.length},
        .provision_eid = provision_of(whole->clauses[first], match->span.offset - base, match->span.length),
        .folds = folds,
        .folds_count = put_folds(match->folds, folds),
        .differences = differences,
        .differences_count = match->differences_count,
        .cuts_word = span_cuts_word(buffer_bytes(&whole->text), match->span)};
}

/* One piece: the matches, their differences, the names of folds. */
static int make_room(struct shown *out, const struct quote_matches *found, size_t count, void **owned) {
    size_t differences = 0;
    for (size_t i = 0; i < count; i++)
        differences += found->matches[i].differences_count;
    char *room = calloc(1, count * sizeof *out->matches + differences * sizeof *out->differences +
                               (count + 1) * FOLDS_MAX * sizeof *out->folds);
    if (room == NULL)
        return DEPOSITARY_E_MEMORY;
    *owned = room;
    out->matches = (depositary_quote_match *)(void *)room;
    room += count * sizeof *out->matches;
    out->folds = (const char **)(void *)room;
    room += (count + 1) * FOLDS_MAX * sizeof *out->folds;
    out->differences = (depositary_difference *)(void *)room;
    return 0;
}

static int show_all(const struct quote_whole *whole, const struct quote_matches *found, struct quote_result *result) {
    struct shown shown;
    size_t count = found->count < LIMIT_QUOTE_MATCHES ? found->count : LIMIT_QUOTE_MATCHES;
    int error = make_room(&shown, found, count, &result->owned);
    if (error)
        return error;
    depositary_difference *differences = shown.differences;
    for (size_t i = 0; i < count; i++) {
        const struct quote_match *match = &found->matches[i];
        shown.matches[i] = show_match(whole, match, differences, shown.folds + i * FOLDS_MAX);
        differences += match->differences_count;
    }
    result->matches = shown.matches;
    result->matches_count = count;
    return 0;
}

void quote_whole_ask(const struct quote_whole *whole, struct quote_result *result) {
    struct quote_matches found;
    struct quote_work work = {.left = WORK_MAX};
    const depositary_ledger *ledger = depositary_answer_ledger(whole->whole.pages.answers[0]);
    result->error = quote_find(&found, bytes_of(result->quote, result->quote_len), buffer_bytes(&whole->text), &work);
    if (result->error != 0)
        return;
    result->verdict = found.count > 0 ? (depositary_verdict)found.matches[0].verdict : DEPOSITARY_VERDICT_NOT_FOUND;
    result->total = found.count;
    result->searched = ledger != NULL ? ledger->size : 0;
    result->is_proven = true;
    if (found.count > 0)
        result->error = show_all(whole, &found, result);
    quote_matches_free(&found);
}
