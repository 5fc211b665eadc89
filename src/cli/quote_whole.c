/* A quote decided here, by the whole edition: each clause proved, all of them together the deposited file. NOT_FOUND is then proven. */
#include "cli/quote.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "text/quote.h"

#define WORK_MAX  UINT64_C(20000000000) /* steps of comparison: the texts are large, and nobody else waits */
#define FOLDS_MAX 8                     /* names of folds of one match */

/* What looking through a text takes, measured: WORK_PER_BYTE bytes for each of its own, in each thread that does. */
#define WORK_PER_BYTE 16u
#define WORK_MEMORY   (UINT64_C(1) << 30) /* bytes, for all threads */
#define TURNS_MAX     32u

/* ---- the edition */

static depositary_provision *list_provisions(const struct cli_texts *texts) {
    const struct cli_text_provision *from = (const struct cli_text_provision *)(const void *)texts->provisions.data;
    const size_t count = texts->provisions.len / sizeof *from;
    depositary_provision *provisions = calloc(count + 1, sizeof *provisions);
    for (size_t i = 0; provisions != NULL && i < count; i++)
        provisions[i] = (depositary_provision){.eid = cli_texts_eid(texts, from[i].eid), .span = from[i].span};
    return provisions;
}

/* What is shown of a clause: its names, and no text of its own. */
static int list_clauses(struct quote_whole *whole) {
    const struct cli_texts *texts = &whole->texts;
    const size_t count = cli_texts_count(texts);
    size_t provisions = 0;
    whole->provisions = list_provisions(texts);
    whole->clauses = calloc(count + 1, sizeof *whole->clauses);
    whole->shown = calloc(count + 1, sizeof(depositary_clause *));
    if (whole->provisions == NULL || whole->clauses == NULL || whole->shown == NULL)
        return DEPOSITARY_E_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const struct cli_text *clause = cli_texts_clause(texts, i);
        whole->clauses[i] = (depositary_clause){.edition = whole->whole.edition,
                                                .eid = cli_texts_eid(texts, clause->eid),
                                                .place = i,
                                                .provisions = whole->provisions + provisions,
                                                .provisions_count = clause->provisions_end - provisions};
        whole->shown[i] = &whole->clauses[i];
        provisions = clause->provisions_end;
    }
    return 0;
}

/* A cli_page_sink: the pages, as long as they are not too much to look through. */
static int take_page(void *context, const depositary_answer *page) {
    struct quote_whole *whole = context;
    int status = cli_texts_take(&whole->texts, page);
    if (status == 0 && spool_len(&whole->texts.text) > QUOTE_WHOLE_MAX) {
        cli_error("the text has more than %u bytes, which --whole would look through: without it the service looks",
                  QUOTE_WHOLE_MAX);
        status = CLI_REFUSED;
    }
    return status;
}

/* Of many quotes at one time as many as there is memory for. */
static int open_turns(struct quote_whole *whole) {
    const uint64_t each = ((uint64_t)whole->text.len + 1) * WORK_PER_BYTE;
    const uint64_t turns = WORK_MEMORY / each;
    if (sem_init(&whole->turns, 0, turns == 0 ? 1 : turns < TURNS_MAX ? (unsigned)turns : TURNS_MAX) != 0)
        return DEPOSITARY_E_MEMORY;
    whole->has_turns = true;
    return 0;
}

int quote_whole_open(struct quote_whole *out, struct cli *cli, const depositary_edition_query *which) {
    *out = (struct quote_whole){0};
    cli_texts_init(&out->texts);
    int status = cli_whole(cli, which, take_page, out, &out->whole);
    if (status == 0 && spool_view(&out->texts.text, &out->text) != 0)
        status = cli_spool_status(&out->texts.text);
    int error = status == 0 ? list_clauses(out) : 0;
    if (status == 0 && error == 0)
        error = open_turns(out);
    if (error != 0) {
        cli_error("the whole text: %s", depositary_error_text(error));
        status = CLI_REFUSED;
    }
    if (status != 0)
        quote_whole_close(out);
    return status;
}

void quote_whole_close(struct quote_whole *whole) {
    if (whole->has_turns)
        (void)sem_destroy(&whole->turns);
    free(whole->shown);
    free(whole->clauses);
    free(whole->provisions);
    cli_texts_free(&whole->texts);
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
    size_t low = 0, high = cli_texts_count(&whole->texts) - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cli_texts_clause(&whole->texts, middle)->end <= offset)
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
    size_t base = cli_texts_begin(&whole->texts, first);
    for (size_t i = 0; i < match->differences_count; i++) {
        differences[i].quote =
            (depositary_span){match->differences[i].quote.offset, match->differences[i].quote.length};
        differences[i].text =
            (depositary_span){(uint32_t)(match->differences[i].text.offset - base), match->differences[i].text.length};
    }
    struct bytes text = bytes_slice(whole->text, base, cli_texts_clause(&whole->texts, last)->end - base);
    return (depositary_quote_match){
        .clauses = &whole->shown[first],
        .clauses_count = last - first + 1,
        .text = (const char *)text.data,
        .text_len = text.len,
        .span = {(uint32_t)(match->span.offset - base), match->span.length},
        .provision_eid = provision_of(&whole->clauses[first], match->span.offset - base, match->span.length),
        .folds = folds,
        .folds_count = put_folds(match->folds, folds),
        .differences = differences,
        .differences_count = match->differences_count,
        .cuts_word = span_cuts_word(whole->text, match->span)};
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

static void take_turn(struct quote_whole *whole) {
    while (sem_wait(&whole->turns) != 0) { /* a signal */
    }
}

static void find(const struct quote_whole *whole, struct quote_result *result) {
    struct quote_matches found;
    struct quote_work work = {.left = WORK_MAX};
    const depositary_ledger *ledger = depositary_answer_ledger(whole->whole.pages.answers[0]);
    result->error = quote_find(&found, bytes_of(result->quote, result->quote_len), whole->text, &work);
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

void quote_whole_ask(struct quote_whole *whole, struct quote_result *result) {
    take_turn(whole);
    find(whole, result);
    (void)sem_post(&whole->turns);
}
