/*
 * Search hits and citations: the clauses are proved, that they match is claimed. PROTOCOL.md section 6.
 */
#include "client/check.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Two hits are never one clause. */
static bool is_repeated(const struct proven_clause *clauses, size_t row) {
    for (size_t i = 0; i < row; i++) {
        if (clauses[i].edition == clauses[row].edition && clauses[i].shown.place == clauses[row].shown.place) {
            return true;
        }
    }
    return false;
}

static int check_matches(struct check *check, const Depositary__V1__SearchHit *message,
                         const struct proven_clause *clause, depositary_hit *out) {
    struct bytes text = bytes_of(clause->shown.text, clause->shown.text_len);
    depositary_span *matches = check_room(check, message->n_matches, sizeof *matches);
    if (matches == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the matches");
    }
    for (size_t i = 0; i < message->n_matches; i++) {
        if (!span_fits(message->matches[i], text)) {
            return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "a match lies outside the clause's text");
        }
        matches[i] = span_shown(message->matches[i]);
    }
    if (!isfinite(message->score)) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "a score is not a number");
    }
    out->clause = &clause->shown;
    out->score = message->score;
    out->matches = matches;
    out->matches_count = message->n_matches;
    return 0;
}

static int check_hit(struct check *check, const Depositary__V1__SearchClausesRequest *request,
                     const struct edition_question *question, const Depositary__V1__SearchHit *message,
                     struct proven_clause *clauses, size_t row, depositary_hit *out) {
    struct proven_clause *clause = &clauses[row];
    int error = check_clause(check, message->clause, clause);
    if (error == 0) {
        error = check_edition_asked(check, clause->edition, question);
    }
    if (error) {
        return error;
    }
    if (request->kind != DEPOSITARY__V1__CLAUSE_KIND__CLAUSE_KIND_UNSPECIFIED &&
        clause->shown.kind != (int)request->kind) {
        return fault_set(check->fault, DEPOSITARY_E_CLAUSE_MISMATCH, "clause %s is not of the kind asked for",
                         clause->shown.eid);
    }
    if (clause->edition->shown.index >= check->out->searched_size) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "a hit in an edition that was not searched");
    }
    if (is_repeated(clauses, row)) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "clause %s is listed twice", clause->shown.eid);
    }
    check_speak(check, clause->edition);
    return check_matches(check, message, clause, out);
}

int check_search_clauses(struct check *check, const Depositary__V1__SearchClausesRequest *request,
                         const Depositary__V1__SearchClausesResponse *response) {
    struct edition_question question = {
        .instrument = request->instrument, .language = request->language, .edition = request->edition};
    question_as_of(&question, request->as_of);
    if (check->state == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_SEAL_STATE, "search hits without a ledger state");
    }
    if (response->searched_ledger_size > check->state->size || response->total < response->n_hits) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "what was searched, or the total, cannot be");
    }
    if (response->n_hits == 0 && (response->next_page_token[0] != '\0')) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "a page without hits, and yet there are more");
    }
    question.searched_size = response->searched_ledger_size < check->state->size ? response->searched_ledger_size : 0;
    check->out->searched_size = response->searched_ledger_size;
    int error = check_page_size(check, response->n_hits, request->page_size);
    if (error == 0) {
        error = check_editions(check, response->n_editions, response->editions);
    }
    if (error == 0) {
        error = check_spoken_room(check, response->n_editions);
    }
    struct proven_clause *clauses = check_room(check, response->n_hits, sizeof *clauses);
    depositary_hit *hits = check_room(check, response->n_hits, sizeof *hits);
    if (error == 0 && (clauses == NULL || hits == NULL)) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the hits");
    }
    for (size_t i = 0; error == 0 && i < response->n_hits; i++) {
        error = check_hit(check, request, &question, response->hits[i], clauses, i, &hits[i]);
    }
    if (error) {
        return error;
    }
    check->out->clauses = clauses;
    check->out->clauses_count = response->n_hits;
    check->out->hits = hits;
    check->out->hits_count = response->n_hits;
    check->out->total = response->total;
    check->out->next_page = response->next_page_token;
    return 0;
}

int check_resolve_citation(struct check *check, const Depositary__V1__ResolveCitationRequest *request,
                           const Depositary__V1__ResolveCitationResponse *response) {
    depositary_name *names = check_room(check, response->n_names, sizeof *names);
    if (names == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the names");
    }
    for (size_t i = 0; i < response->n_names; i++) {
        const Depositary__V1__ClauseName *name = response->names[i];
        if (!instrument_valid(bytes_text(name->instrument)) || !language_valid(bytes_text(name->language)) ||
            !eid_valid(bytes_text(name->eid))) {
            return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "a name that the citation gives is malformed");
        }
        if (request->instrument[0] != '\0' && strcmp(request->instrument, name->instrument) != 0) {
            return fault_set(check->fault, DEPOSITARY_E_INSTRUMENT_MISMATCH, "a name in \"%s\"", name->instrument);
        }
        if (request->language[0] != '\0' && strcmp(request->language, name->language) != 0) {
            return fault_set(check->fault, DEPOSITARY_E_LANGUAGE_MISMATCH, "a name in \"%s\"", name->language);
        }
        names[i] = (depositary_name){name->instrument, name->language, name->edition, name->eid};
    }
    check->out->names = names;
    check->out->names_count = response->n_names;
    return 0;
}
