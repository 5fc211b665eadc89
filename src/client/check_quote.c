/*
 * The verdict on a quote, computed again here from the proven text. PROTOCOL.md section 6, CheckQuote. A server cannot call verbatim what
 * is not, nor deny what stands in the clauses of its own answer.
 */
#include "client/check.h"

#include "text/quote.h"

#include <stdlib.h>
#include <string.h>

/* Steps that a server can make a client take before it is not believed; its own bound is less. */
#define WORK_MAX UINT64_C(2000000000)

/* One match while it is judged. */
struct match {
    struct check *check;
    const Depositary__V1__QuoteMatch *message;
    struct bytes quote;
    struct proven_clause *clauses; /* message->n_clauses of them */
    struct bytes text;             /* joined */
    struct span span;
    unsigned folds;
    struct quote_work *work; /* of all matches of the answer */
};

/* The clauses are proved, follow one another in one edition, and are joined. */
static int join_clauses(struct match *match, const struct edition_question *question) {
    struct check *check = match->check;
    size_t len = 0;
    if (match->message->n_clauses == 0) {
        return fault_set(check->fault, DEPOSITARY_E_QUOTE, "a match without a clause");
    }
    for (size_t i = 0; i < match->message->n_clauses; i++) {
        struct proven_clause *clause = &match->clauses[i];
        int error = check_clause(check, match->message->clauses[i], clause);
        if (error == 0 && i == 0) {
            error = check_edition_asked(check, clause->edition, question);
        }
        if (error) {
            return error;
        }
        if (i > 0 && (clause->edition != match->clauses[0].edition ||
                      clause->shown.place != match->clauses[i - 1].shown.place + 1)) {
            return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "the clauses of a match do not follow one another");
        }
        len += clause->shown.text_len;
    }
    char *text = check_room(check, len + 1, 1);
    if (text == NULL || len >= UINT32_MAX) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the text of a match");
    }
    match->text = bytes_of(text, len);
    for (size_t i = 0; i < match->message->n_clauses; i++) {
        memcpy(text, match->clauses[i].shown.text, match->clauses[i].shown.text_len);
        text += match->clauses[i].shown.text_len;
    }
    return 0;
}

/* Names of folds, in the protocol's order, each once. */
static int read_folds(struct match *match) {
    for (size_t i = 0; i < match->message->n_folds; i++) {
        unsigned fold = fold_parse(bytes_text(match->message->folds[i]));
        if (fold == 0 || fold <= match->folds) {
            return fault_set(match->check->fault, DEPOSITARY_E_QUOTE,
                             "the folds of a match are unknown or out of order");
        }
        match->folds |= fold;
    }
    return 0;
}

/* Whether these folds make them equal; 0: the bytes are. Want of memory is no answer: it would say of a fold too many that it is needed. */
static int compare(bool *out, const struct match *match, unsigned folds) {
    bool is_equal = false;
    int error = quote_equal(&is_equal, match->quote, match->text, match->span, folds);
    if (error == DEPOSITARY_E_MEMORY) {
        return fault_set(match->check->fault, error, "no memory to compare a quote with a text");
    }
    *out = error == 0 && is_equal;
    return 0;
}

/* FOLDED: these folds make them equal, and not one of them can be left out. */
static int judge_folded(const struct match *match) {
    bool is_equal = false;
    int error = compare(&is_equal, match, match->folds);
    if (error) {
        return error;
    }
    if (match->folds == 0 || match->message->n_differences > 0 || !is_equal) {
        return fault_set(match->check->fault, DEPOSITARY_E_QUOTE, "the folds named do not make quote and text equal");
    }
    for (unsigned fold = FOLD_NFC; fold <= FOLD_ELLIPSIS; fold <<= 1) {
        if ((match->folds & fold) == 0) {
            continue;
        }
        error = compare(&is_equal, match, match->folds & ~fold);
        if (error || is_equal) {
            return error ? error
                         : fault_set(match->check->fault, DEPOSITARY_E_QUOTE, "more folds are named than are needed");
        }
    }
    return 0;
}

/* Whether nothing differs between two differences: the bytes are the same. */
static bool is_equal_between(const struct match *match, size_t quote_at, size_t quote_end, size_t text_at,
                             size_t text_end) {
    return bytes_equal(bytes_slice(match->quote, quote_at, quote_end - quote_at),
                       bytes_slice(match->text, text_at, text_end - text_at));
}

/* DIFFERS: the differences lie in order inside quote and span, and nothing else differs. */
static int judge_differs(const struct match *match) {
    size_t quote_at = 0;
    size_t text_at = match->span.offset;
    size_t text_end = text_at + match->span.length;
    if (match->folds != 0 || match->message->n_differences == 0) {
        return fault_set(match->check->fault, DEPOSITARY_E_QUOTE, "a quote is said to differ, and not where");
    }
    for (size_t i = 0; i < match->message->n_differences; i++) {
        const Depositary__V1__Difference *difference = match->message->differences[i];
        depositary_span quote = span_shown(difference->quote);
        depositary_span text = span_shown(difference->text);
        if (!span_fits(difference->quote, match->quote) || !span_fits(difference->text, match->text) ||
            quote.offset < quote_at || text.offset < text_at || (size_t)text.offset + text.length > text_end ||
            quote.length + text.length == 0) {
            return fault_set(match->check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "a difference lies outside the match");
        }
        if (!is_equal_between(match, quote_at, quote.offset, text_at, text.offset)) {
            return fault_set(match->check->fault, DEPOSITARY_E_QUOTE, "quote and text differ where it is not said");
        }
        quote_at = (size_t)quote.offset + quote.length;
        text_at = (size_t)text.offset + text.length;
    }
    return is_equal_between(match, quote_at, match->quote.len, text_at, text_end)
               ? 0
               : fault_set(match->check->fault, DEPOSITARY_E_QUOTE, "quote and text differ where it is not said");
}

static unsigned fold_count(unsigned folds) {
    unsigned count = 0;
    for (; folds != 0; folds &= folds - 1) {
        count++;
    }
    return count;
}

/* The clauses shown must not hold the quote better than the server says. */
static int refute(const struct match *match, enum verdict said) {
    struct quote_matches found;
    int error = quote_find_faithful(&found, match->quote, match->text, match->work);
    if (error) { /* a true service shows nothing that costs more than it may cost itself */
        return fault_set(match->check->fault, error == DEPOSITARY_E_LIMIT ? DEPOSITARY_E_QUOTE : error,
                         "the verdict cannot be checked with what it may cost");
    }
    bool is_better = false;
    if (found.count > 0) {
        is_better =
            found.matches[0].verdict < said || (said == VERDICT_FOLDED && found.matches[0].verdict == VERDICT_FOLDED &&
                                                fold_count(found.matches[0].folds) < fold_count(match->folds));
    }
    quote_matches_free(&found);
    return is_better ? fault_set(match->check->fault, DEPOSITARY_E_QUOTE,
                                 "the clauses shown hold the quote better than the verdict says")
                     : 0;
}

static int judge_verbatim(const struct match *match) {
    bool is_equal = false;
    int error = compare(&is_equal, match, 0);
    if (error) {
        return error;
    }
    return match->folds == 0 && match->message->n_differences == 0 && is_equal
               ? 0
               : fault_set(match->check->fault, DEPOSITARY_E_QUOTE, "the text is not the quote, byte for byte");
}

static int judge_match(const struct match *match, enum verdict verdict) {
    if (verdict == VERDICT_VERBATIM) {
        return judge_verbatim(match);
    }
    int error = verdict == VERDICT_FOLDED ? judge_folded(match) : judge_differs(match);
    return error ? error : refute(match, verdict);
}

/* The smallest provision that holds the span, else the clause where it begins. */
static const char *find_provision(const struct match *match) {
    size_t start = 0;
    size_t i = 0;
    while (i + 1 < match->message->n_clauses && match->span.offset >= start + match->clauses[i].shown.text_len) {
        start += match->clauses[i].shown.text_len;
        i++;
    }
    const depositary_clause *clause = &match->clauses[i].shown;
    const char *eid = clause->eid;
    size_t least = SIZE_MAX;
    size_t offset = match->span.offset - start;
    for (size_t p = 0; p < clause->provisions_count; p++) {
        const depositary_span *span = &clause->provisions[p].span;
        if (span->length < least && span->offset <= offset &&
            offset + match->span.length <= (size_t)span->offset + span->length) {
            least = span->length;
            eid = clause->provisions[p].eid;
        }
    }
    return eid;
}

static int keep_match(const struct match *match, depositary_quote_match *out) {
    const Depositary__V1__QuoteMatch *message = match->message;
    const depositary_clause **clauses = check_room(match->check, message->n_clauses, sizeof *clauses);
    const char **folds = check_room(match->check, message->n_folds, sizeof *folds);
    depositary_difference *differences = check_room(match->check, message->n_differences, sizeof *differences);
    if (clauses == NULL || folds == NULL || differences == NULL) {
        return fault_set(match->check->fault, DEPOSITARY_E_MEMORY, "no memory for a match");
    }
    for (size_t i = 0; i < message->n_clauses; i++) {
        clauses[i] = &match->clauses[i].shown;
        check_speak(match->check, match->clauses[i].edition);
    }
    for (size_t i = 0; i < message->n_folds; i++) {
        folds[i] = message->folds[i];
    }
    for (size_t i = 0; i < message->n_differences; i++) {
        differences[i].quote = span_shown(message->differences[i]->quote);
        differences[i].text = span_shown(message->differences[i]->text);
    }
    *out = (depositary_quote_match){.clauses = clauses,
                                    .clauses_count = message->n_clauses,
                                    .text = (const char *)match->text.data,
                                    .text_len = match->text.len,
                                    .span = {match->span.offset, match->span.length},
                                    .provision_eid = find_provision(match),
                                    .folds = folds,
                                    .folds_count = message->n_folds,
                                    .differences = differences,
                                    .differences_count = message->n_differences,
                                    .cuts_word = span_cuts_word(match->text, match->span)};
    return 0;
}

static int check_match(struct match *match, const struct edition_question *question, enum verdict verdict,
                       depositary_quote_match *out) {
    const Depositary__V1__Span *span = match->message->span;
    int error = join_clauses(match, question);
    if (error) {
        return error;
    }
    if (match->clauses[0].edition->shown.index >= match->check->out->searched_size) {
        return fault_set(match->check->fault, DEPOSITARY_E_CLAIM_MISMATCH,
                         "a match in an edition that was not searched");
    }
    if (span == NULL || span->length == 0 || !span_fits(span, match->text)) {
        return fault_set(match->check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "a match lies outside its clauses' text");
    }
    match->span = (struct span){span->offset, span->length};
    error = read_folds(match);
    if (error == 0) {
        error = judge_match(match, verdict);
    }
    return error ? error : keep_match(match, out);
}

/* Where the span begins and ends in the edition: the same place twice is a repeat, whatever clauses stand around it. */
static bool is_repeated(const depositary_quote_match *matches, size_t row) {
    for (size_t i = 0; i < row; i++) {
        const depositary_clause *a = matches[i].clauses[0];
        const depositary_clause *b = matches[row].clauses[0];
        if (a->edition == b->edition && a->place == b->place && matches[i].span.offset == matches[row].span.offset &&
            matches[i].span.length == matches[row].span.length) {
            return true;
        }
    }
    return false;
}

static int check_matches(struct check *check, const Depositary__V1__CheckQuoteRequest *request,
                         const Depositary__V1__CheckQuoteResponse *response, const struct edition_question *question) {
    size_t clauses_count = 0;
    for (size_t i = 0; i < response->n_matches; i++) {
        clauses_count += response->matches[i]->n_clauses;
    }
    struct proven_clause *clauses = check_room(check, clauses_count, sizeof *clauses);
    depositary_quote_match *matches = check_room(check, response->n_matches, sizeof *matches);
    if (clauses == NULL || matches == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the matches");
    }
    size_t used = 0;
    struct quote_work work = {.left = WORK_MAX};
    for (size_t i = 0; i < response->n_matches; i++) {
        struct match match = {.check = check,
                              .message = response->matches[i],
                              .quote = bytes_text(request->quote),
                              .work = &work,
                              .clauses = &clauses[used]};
        int error = check_match(&match, question, (enum verdict)response->verdict, &matches[i]);
        if (error) {
            return error;
        }
        if (is_repeated(matches, i)) {
            return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "a match is listed twice");
        }
        used += response->matches[i]->n_clauses;
    }
    check->out->clauses = clauses;
    check->out->clauses_count = clauses_count;
    check->out->matches = matches;
    check->out->matches_count = response->n_matches;
    return 0;
}

/* The numbers that the answer gives can be true together. */
static int check_numbers(struct check *check, const Depositary__V1__CheckQuoteResponse *response) {
    bool is_none = response->verdict == DEPOSITARY__V1__QUOTE_VERDICT__QUOTE_VERDICT_NOT_FOUND;
    if ((int)response->verdict < VERDICT_VERBATIM || (int)response->verdict > VERDICT_NOT_FOUND ||
        is_none != (response->n_matches == 0)) {
        return fault_set(check->fault, DEPOSITARY_E_QUOTE, "a verdict that its matches do not bear out");
    }
    if (response->n_matches > LIMIT_QUOTE_MATCHES || response->total < response->n_matches ||
        (is_none && response->total != 0) || response->searched_ledger_size > check->state->size) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "what was searched, or the total, cannot be");
    }
    return 0;
}

int check_check_quote(struct check *check, const Depositary__V1__CheckQuoteRequest *request,
                      const Depositary__V1__CheckQuoteResponse *response) {
    struct edition_question question = {
        .instrument = request->instrument, .language = request->language, .edition = request->edition};
    question_as_of(&question, request->as_of);
    if (check->state == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_SEAL_STATE, "a verdict without a ledger state");
    }
    int error = check_numbers(check, response);
    if (error) {
        return error;
    }
    question.searched_size = response->searched_ledger_size < check->state->size ? response->searched_ledger_size : 0;
    check->out->searched_size = response->searched_ledger_size;
    error = check_editions(check, response->n_editions, response->editions);
    if (error == 0) {
        error = check_spoken_room(check, response->n_editions);
    }
    if (error == 0) {
        error = check_matches(check, request, response, &question);
    }
    if (error == 0) {
        check->out->verdict = (depositary_verdict)response->verdict;
        check->out->total = response->total;
    }
    return error;
}
