/*
 * Clauses: that one stands at its place in its edition, and is the one asked for. PROTOCOL.md section 6. The record is printed
 * from the answer's own fields and hashed: what is handed out is what was proved.
 */
#include "client/check.h"

#include "client/view.h"
#include "text/structure.h"

#include <inttypes.h>
#include <string.h>

int check_provision(struct check *check, const Depositary__V1__Provision *message, const struct proven_clause *clause,
                    depositary_provision *out) {
    struct bytes text = bytes_of(clause->shown.text, clause->shown.text_len);
    struct bytes eid = bytes_text(message->eid);
    if (!eid_valid(eid) || !eid_is_inside(eid, bytes_text(clause->shown.eid))) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "a provision is named as one of another clause");
    }
    if (message->span == NULL || message->span->length == 0 || !span_fits(message->span, text) ||
        !span_fits(message->number, text)) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "a provision lies outside its clause's text");
    }
    out->eid = message->eid;
    out->number = span_shown(message->number);
    out->span = span_shown(message->span);
    return 0;
}

/* What the answer says of the inside of a clause fits its proven text. */
static int check_claims(struct check *check, const Depositary__V1__Clause *message, struct proven_clause *out) {
    struct bytes text = bytes_of(out->shown.text, out->shown.text_len);
    if ((int)message->kind != (int)clause_kind_of(bytes_text(message->eid))) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "clause %s is called another kind than it is",
                         message->eid);
    }
    if (!span_fits(message->number, text) || !span_fits(message->heading, text)) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "number or heading lies outside the clause's text");
    }
    depositary_provision *provisions = check_room(check, message->n_provisions, sizeof *provisions);
    if (provisions == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the provisions");
    }
    for (size_t i = 0; i < message->n_provisions; i++) {
        int error = check_provision(check, message->provisions[i], out, &provisions[i]);
        if (error) {
            return error;
        }
    }
    out->shown.kind = (int)message->kind;
    out->shown.number = span_shown(message->number);
    out->shown.heading = span_shown(message->heading);
    out->shown.provisions = provisions;
    out->shown.provisions_count = message->n_provisions;
    return 0;
}

static int check_clause_names(struct check *check, const struct clause_record *record,
                              const struct proven_edition *edition) {
    if (!bytes_equal(record->instrument, edition->record.instrument)) {
        return fault_set(check->fault, DEPOSITARY_E_INSTRUMENT_MISMATCH,
                         "a clause of another instrument than its edition");
    }
    if (!bytes_equal(record->language, edition->record.language)) {
        return fault_set(check->fault, DEPOSITARY_E_LANGUAGE_MISMATCH, "a clause in another language than its edition");
    }
    return 0;
}

/* The record printed from the message lies at its place under the edition's clauses-root. */
static int check_clause_proof(struct check *check, const Depositary__V1__CertifiedClause *message, struct bytes record,
                              struct proven_clause *out) {
    const struct edition_record *edition = &out->edition->record;
    struct merkle_path path;
    merkle_leaf_hash(&out->leaf, record);
    if (!merkle_path_read(&path, message->n_path, message->path) || message->place >= edition->clauses ||
        merkle_inclusion_check(&out->leaf, message->place, edition->clauses, &path, &edition->clauses_root) != 0) {
        return fault_set(check->fault, DEPOSITARY_E_CLAUSE_PROOF,
                         "clause %s is not at place %" PRIu64 " of edition %" PRIu32, message->clause->eid,
                         message->place, edition->edition);
    }
    return 0;
}

/* Proves a record that was printed, and only then keeps it. */
static int check_printed(struct check *check, const Depositary__V1__CertifiedClause *message,
                         const struct clause_record *fields, struct bytes record, struct proven_clause *out) {
    int error = check_clause_proof(check, message, record, out);
    if (error) {
        return error;
    }
    error = view_clause(&out->shown, check->arena, fields, record, message->place, &out->edition->shown);
    if (error) {
        return fault_set(check->fault, error, "the clause cannot be kept");
    }
    return check_claims(check, message->clause, out);
}

int check_clause(struct check *check, const Depositary__V1__CertifiedClause *message, struct proven_clause *out) {
    if (message == NULL || message->clause == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_CLAUSE_RECORD, "there is no clause in the answer");
    }
    if (message->edition >= check->out->editions_count) {
        return fault_set(check->fault, DEPOSITARY_E_EDITION_PROOF, "the clause's edition is not shown");
    }
    const Depositary__V1__Clause *clause = message->clause;
    struct clause_record fields = {bytes_text(clause->instrument), bytes_text(clause->language),
                                   bytes_text(clause->eid), bytes_text(clause->text)};
    struct buffer record;
    out->edition = &check->out->editions[message->edition];
    out->message = message;
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    int error = clause_record_print(&record, &fields, NULL);
    if (error == 0) {
        error = record.error;
    }
    if (error == DEPOSITARY_E_MEMORY) {
        error = fault_set(check->fault, error, "no memory for a clause");
    } else if (error) {
        error = fault_set(check->fault, DEPOSITARY_E_CLAUSE_RECORD, "the clause shown cannot be printed as a record");
    } else {
        error = check_clause_names(check, &fields, out->edition);
    }
    if (error == 0) {
        error = check_printed(check, message, &fields, buffer_bytes(&record), out);
    }
    buffer_free(&record);
    return error;
}

/* The clause asked for, or the one that holds the provision asked for: then that provision is named, and no other. */
static int check_eid_asked(struct check *check, const char *asked, const Depositary__V1__Provision *provision,
                           const struct proven_clause *clause) {
    struct bytes eid = bytes_text(clause->shown.eid);
    if (bytes_equal(bytes_text(asked), eid)) {
        return provision == NULL ? 0
                                 : fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH,
                                             "a provision is shown where a whole clause was asked for");
    }
    if (!eid_is_inside(bytes_text(asked), eid)) {
        return fault_set(check->fault, DEPOSITARY_E_CLAUSE_MISMATCH, "an answer of clause %s", clause->shown.eid);
    }
    if (provision == NULL || strcmp(provision->eid, asked) != 0) {
        return fault_set(check->fault, DEPOSITARY_E_CLAUSE_MISMATCH, "the provision asked for is not the one shown");
    }
    depositary_provision *shown = check_room(check, 1, sizeof *shown);
    if (shown == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the provision");
    }
    int error = check_provision(check, provision, clause, shown);
    if (error == 0) {
        check->out->provision = shown;
    }
    return error;
}

static int check_clause_found(struct check *check, const struct edition_question *question, const char *asked,
                              const Depositary__V1__GetClauseResponse *response) {
    if (response->n_absence > 0) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "both a clause and an absence are shown");
    }
    struct proven_clause *clause = check_room(check, 1, sizeof *clause);
    if (clause == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the clause");
    }
    int error = check_clause(check, response->clause, clause);
    if (error == 0) {
        error = check_edition_asked(check, clause->edition, question);
    }
    if (error == 0) {
        error = check_eid_asked(check, asked, response->provision, clause);
    }
    if (error == 0) {
        error = check_spoken_room(check, 1);
    }
    if (error) {
        return error;
    }
    check_speak(check, clause->edition);
    check->out->clauses = clause;
    check->out->clauses_count = 1;
    return 0;
}

int check_get_clause(struct check *check, const Depositary__V1__GetClauseRequest *request,
                     const Depositary__V1__GetClauseResponse *response) {
    static const Depositary__V1__ClauseName no_name = DEPOSITARY__V1__CLAUSE_NAME__INIT;
    const Depositary__V1__ClauseName *name = request->name != NULL ? request->name : &no_name;
    struct edition_question question = {
        .instrument = name->instrument, .language = name->language, .edition = name->edition};
    question_as_of(&question, request->as_of);
    int error = check_editions(check, response->n_editions, response->editions);
    if (error) {
        return error;
    }
    if (check->status.code == STATUS_OK) {
        return check_clause_found(check, &question, name->eid, response);
    }
    if (response->clause != NULL || response->provision != NULL) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "a clause is shown with a refusal");
    }
    return check->status.code == STATUS_NOT_FOUND
               ? check_not_found(check, &question, true, response->n_absence, response->absence)
               : check_withdrawn(check, &question);
}

/* Rows follow one another in one edition, from where the question or the page before says. */
static int check_clause_row(struct check *check, const Depositary__V1__ListClausesRequest *request,
                            const struct proven_clause *clauses, size_t row) {
    uint64_t place = clauses[row].shown.place;
    if (row > 0) {
        if (clauses[row].edition != clauses[0].edition || place != clauses[row - 1].shown.place + 1) {
            return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "the clauses shown do not follow one another");
        }
        return 0;
    }
    bool is_known = request->page_token[0] == '\0' || check->before != NULL;
    uint64_t expected = request->page_token[0] == '\0' ? request->from_place
                        : check->before != NULL        ? check->before->next
                                                       : 0;
    if (is_known && place != expected) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "the clauses begin at place %" PRIu64 ", not %" PRIu64,
                         place, expected);
    }
    return 0;
}

/* The place after the page; where a page is empty, the one that it was to begin with, as far as that is known. */
static uint64_t clauses_next(const struct check *check, const Depositary__V1__ListClausesRequest *request,
                             const Depositary__V1__ListClausesResponse *response, const struct proven_clause *clauses,
                             const struct proven_edition *edition) {
    if (response->n_clauses > 0) {
        return clauses[response->n_clauses - 1].shown.place + 1;
    }
    if (request->page_token[0] == '\0') {
        return request->from_place;
    }
    return check->before != NULL ? check->before->next : edition->record.clauses;
}

/* The last page ends with the edition's last clause, any other page before it; an edition without clauses has one page. */
static int check_clauses_end(struct check *check, const Depositary__V1__ListClausesRequest *request,
                             const Depositary__V1__ListClausesResponse *response, const struct proven_clause *clauses,
                             const struct proven_edition *edition) {
    bool is_last = response->next_page_token[0] == '\0';
    uint64_t next = clauses_next(check, request, response, clauses, edition);
    bool is_end = next >= edition->record.clauses;
    if (request->page_token[0] != '\0' && check->before != NULL &&
        !hash_equal(&check->before->edition, &edition->leaf)) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "the pages are of two editions");
    }
    if (is_last != is_end || (!is_last && response->n_clauses == 0)) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP,
                         "the list of clauses ends at place %" PRIu64 " of %" PRIu64, next, edition->record.clauses);
    }
    check->out->page_end.next = next;
    check->out->page_end.edition = edition->leaf;
    check->out->has_page_end = !is_last;
    return 0;
}

static int check_clauses_found(struct check *check, const struct edition_question *question,
                               const Depositary__V1__ListClausesRequest *request,
                               const Depositary__V1__ListClausesResponse *response) {
    if (check->out->editions_count == 0) {
        return fault_set(check->fault, DEPOSITARY_E_EDITION_PROOF, "the clauses' edition is not shown");
    }
    int error = check_page_size(check, response->n_clauses, request->page_size);
    struct proven_clause *clauses = check_room(check, response->n_clauses, sizeof *clauses);
    if (error == 0 && clauses == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the clauses");
    }
    for (size_t i = 0; error == 0 && i < response->n_clauses; i++) {
        error = check_clause(check, response->clauses[i], &clauses[i]);
        if (error == 0) {
            error = check_clause_row(check, request, clauses, i);
        }
    }
    const struct proven_edition *edition =
        response->n_clauses > 0 && error == 0 ? clauses[0].edition : &check->out->editions[0];
    if (error == 0) {
        error = check_edition_asked(check, edition, question);
    }
    if (error == 0) {
        error = check_clauses_end(check, request, response, clauses, edition);
    }
    if (error == 0) {
        error = check_spoken_room(check, 1);
    }
    if (error) {
        return error;
    }
    check_speak(check, edition);
    check->out->clauses = clauses;
    check->out->clauses_count = response->n_clauses;
    check->out->next_page = response->next_page_token;
    return 0;
}

int check_list_clauses(struct check *check, const Depositary__V1__ListClausesRequest *request,
                       const Depositary__V1__ListClausesResponse *response) {
    struct edition_question question = {
        .instrument = request->instrument, .language = request->language, .edition = request->edition};
    int error = check_editions(check, response->n_editions, response->editions);
    if (error) {
        return error;
    }
    if (check->status.code == STATUS_OK) {
        return check_clauses_found(check, &question, request, response);
    }
    if (response->n_clauses > 0) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "clauses are shown with a refusal");
    }
    if (check->status.code != STATUS_NOT_FOUND) {
        return check_withdrawn(check, &question);
    }
    if (check->out->editions_count > 0) {
        return check_not_found(check, &question, false, 0, NULL);
    }
    return fault_set(check->fault, DEPOSITARY_E_NO,
                     "the service says that there is none"); /* claimed: no field for more */
}
