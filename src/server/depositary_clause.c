/* GetClause, and clauses as they stand in any answer: read from the ledger, which checks them, with their path.
 * PROTOCOL.md section 6. */
#include <string.h>

#include "base/time.h"
#include "server/depositary_parts.h"
#include "server/shelf.h"

/* Provisions are claimed; a text that is cut into more than this is shown without the rest of them. */
#define PROVISIONS_MAX 1000u

size_t item_size(const ProtobufCMessage *message) {
    return protobuf_c_message_get_packed_size(message) + 8; /* tag and length */
}

int span_build(struct call *call, struct span span, Depositary__V1__Span **out) {
    Depositary__V1__Span *message = answer_alloc(call, sizeof *message);
    if (!message)
        return DEPOSITARY_E_LIMIT;
    depositary__v1__span__init(message);
    message->offset = span.offset;
    message->length = span.length;
    *out = message;
    return 0;
}

static int provision_build(struct call *call, const struct provision *provision, Depositary__V1__Provision **out) {
    Depositary__V1__Provision *message = answer_alloc(call, sizeof *message);
    if (!message)
        return DEPOSITARY_E_LIMIT;
    depositary__v1__provision__init(message);
    message->eid = answer_text(call, bytes_text(provision->eid));
    int error = message->eid ? 0 : DEPOSITARY_E_LIMIT;
    if (!error && provision->number.length)
        error = span_build(call, provision->number, &message->number);
    if (!error)
        error = span_build(call, provision->span, &message->span);
    if (!error)
        *out = message;
    return error;
}

/* Kind, number, heading and provisions follow from eId and text. */
static int add_structure(struct call *call, Depositary__V1__Clause *clause, struct bytes eid, struct bytes text) {
    struct structure structure;
    int error = structure_of(&structure, eid, text);
    if (error)
        return answer_error(call, error);
    size_t count = structure.provisions_count < PROVISIONS_MAX ? structure.provisions_count : PROVISIONS_MAX;
    clause->kind = (Depositary__V1__ClauseKind)clause_kind_of(eid);
    if (structure.number.length)
        error = span_build(call, structure.number, &clause->number);
    if (!error && structure.heading.length)
        error = span_build(call, structure.heading, &clause->heading);
    if (!error && count) {
        clause->provisions = answer_alloc(call, count * sizeof(Depositary__V1__Provision *));
        error = clause->provisions ? 0 : DEPOSITARY_E_LIMIT;
    }
    while (!error && clause->n_provisions < count) {
        error = provision_build(call, &structure.provisions[clause->n_provisions],
                                &clause->provisions[clause->n_provisions]);
        clause->n_provisions += !error;
    }
    structure_free(&structure);
    return error;
}

static int fill_clause(struct call *call, const struct clause_record *record, Depositary__V1__Clause *clause) {
    depositary__v1__clause__init(clause);
    clause->instrument = answer_text(call, record->instrument);
    clause->language = answer_text(call, record->language);
    clause->eid = answer_text(call, record->eid);
    clause->text = answer_text(call, record->text);
    if (!clause->instrument || !clause->language || !clause->eid || !clause->text)
        return DEPOSITARY_E_LIMIT;
    return add_structure(call, clause, record->eid, record->text);
}

static int fill_certified(struct call *call, struct bytes record, const struct merkle_path *path,
                          Depositary__V1__CertifiedClause *message) {
    struct clause_record parsed;
    struct fault fault = {0};
    int error = clause_record_parse(&parsed, record, &fault);
    if (error)
        return part_fault(call, error, &fault);
    message->clause = answer_alloc(call, sizeof *message->clause);
    if (!message->clause)
        return DEPOSITARY_E_LIMIT;
    error = fill_clause(call, &parsed, message->clause);
    return error ? error : answer_path(call, path, &message->n_path, &message->path);
}

int clause_build(struct call *call, const struct edition_found *edition, uint32_t slot, uint64_t place,
                 struct clause_built *out) {
    struct buffer record;
    struct merkle_path path;
    struct fault fault = {0};
    Depositary__V1__CertifiedClause *message = answer_alloc(call, sizeof *message);
    if (!message)
        return DEPOSITARY_E_LIMIT;
    depositary__v1__certified_clause__init(message);
    message->edition = slot;
    message->place = place;
    buffer_init(&record, LIMIT_CLAUSE_RECORD);
    int error = ledger_clause(call_server(call)->ledger, edition->index, edition->record.clauses,
                              &edition->record.clauses_root, place, &record, &path, &fault);
    if (error)
        part_fault(call, error, &fault);
    else
        error = fill_certified(call, buffer_bytes(&record), &path, message);
    buffer_free(&record);
    if (error)
        return error;
    out->message = message;
    out->packed_size = item_size(&message->base);
    return 0;
}

/* A value that may be none is an empty string in a message. */
static int fill_instrument(struct call *call, const struct edition_record *edition,
                           Depositary__V1__Instrument *message) {
    char deposited_at[TIME_TEXT_LEN + 1];
    struct bytes parties = edition->parties;
    struct bytes party;
    depositary__v1__instrument__init(message);
    if (!time_print(deposited_at, edition->deposited_at))
        return answer_error(call, DEPOSITARY_E_RECORD);
    message->instrument = answer_text(call, edition->instrument);
    message->language = answer_text(call, edition->language);
    message->edition = edition->edition;
    message->act = answer_text(call, bytes_text(edition_act_text(edition->act)));
    message->title = answer_text(call, edition->title);
    message->date = answer_text(call, edition->date);
    message->place = answer_text(call, edition->place);
    message->authenticity = answer_text(call, bytes_text(authenticity_text(edition->authenticity)));
    message->clauses = edition->clauses;
    message->deposited_at = answer_text(call, bytes_text(deposited_at));
    message->remark = answer_text(call, edition->remark);
    message->parties = answer_alloc(call, (edition->parties_count + 1) * sizeof(char *));
    if (!message->parties || !message->remark || !message->deposited_at || !message->authenticity || !message->place ||
        !message->date || !message->title || !message->act || !message->language || !message->instrument)
        return DEPOSITARY_E_LIMIT;
    while (message->n_parties < edition->parties_count && edition_record_party(&party, &parties)) {
        char *text = answer_text(call, party);
        if (!text)
            return DEPOSITARY_E_LIMIT;
        message->parties[message->n_parties++] = text;
    }
    return 0;
}

int instrument_build(struct call *call, const struct edition_record *edition, Depositary__V1__Instrument **out) {
    Depositary__V1__Instrument *message = answer_alloc(call, sizeof *message);
    if (!message)
        return DEPOSITARY_E_LIMIT;
    int error = fill_instrument(call, edition, message);
    if (!error)
        *out = message;
    return error;
}

static int no_such_clause(struct call *call, const struct edition_record *edition) {
    status_set(&call->status, STATUS_NOT_FOUND, NULL, "edition %u has no clause or provision with that eId",
               edition->edition);
    return 0;
}

/* The provision that was asked for, by the clause's own structure; *out stays NULL where there is none. */
static int find_provision(struct call *call, const Depositary__V1__Clause *clause, const char *eid,
                          Depositary__V1__Provision **out) {
    struct structure structure;
    int error = structure_of(&structure, bytes_text(clause->eid), bytes_text(clause->text));
    if (error)
        return answer_error(call, error);
    for (size_t i = 0; !error && i < structure.provisions_count; i++) {
        if (strcmp(structure.provisions[i].eid, eid) == 0) {
            error = provision_build(call, &structure.provisions[i], out);
            break;
        }
    }
    structure_free(&structure);
    return error;
}

/* Fills in clause and provision from the clause at that place, where the catalog says that the eId leads to it. */
static int add_clause_at(struct call *call, const struct edition_found *edition, const char *eid, uint64_t place,
                         Depositary__V1__GetClauseResponse *response) {
    struct clause_built built;
    int error = clause_build(call, edition, 0, place, &built);
    if (error)
        return error;
    const Depositary__V1__Clause *clause = built.message->clause;
    if (strcmp(clause->eid, eid) != 0) {
        if (!eid_is_inside(bytes_text(eid), bytes_text(clause->eid)))
            return edition_catalog_is_wrong(call);
        error = find_provision(call, clause, eid, &response->provision);
        if (error || !response->provision)
            return error ? error : no_such_clause(call, &edition->record);
    }
    response->clause = built.message;
    return 0;
}

/* Leaves clause and provision out where the edition has none with that eId. *place is where it was found, if it was. */
static int add_clause(struct call *call, const struct edition_found *edition, const char *eid, uint64_t *place,
                      Depositary__V1__GetClauseResponse *response) {
    int error = catalog_place(call_server(call)->catalog, edition->index, eid, place);
    if (error == DEPOSITARY_E_MISSING)
        return no_such_clause(call, &edition->record);
    if (error)
        return answer_error(call, error);
    if (*place >= edition->record.clauses)
        return edition_catalog_is_wrong(call);
    return add_clause_at(call, edition, eid, *place, response);
}

/* The same for an edition on the shelf: where the clause is looked for is guessed at first. */
static int add_clause_from_shelf(struct call *call, struct shelf_edition *edition, const char *eid,
                                 Depositary__V1__GetClauseResponse *response) {
    struct clause_built built;
    uint64_t place;
    int error = 0;
    if (shelf_guess(edition, eid, &place)) {
        error = clause_build(call, &edition->found, 0, place, &built);
        if (!error && strcmp(built.message->clause->eid, eid) == 0) {
            response->clause = built.message;
            return 0;
        }
    }
    if (!error)
        error = add_clause(call, &edition->found, eid, &place, response);
    if (!error && response->clause && !response->provision)
        shelf_learn(edition, eid, place);
    return error;
}

/*
 * The common question, for the latest edition: what its answers have in common lies ready, encoded, and the response ends in it. *is_answered is false where
 * it is another question. The bytes are those that make_response would give.
 */
static int answer_from_shelf(struct call *call, const Depositary__V1__GetClauseRequest *input,
                             Depositary__V1__GetClauseResponse *response, bool *is_answered) {
    const Depositary__V1__ClauseName *name = input->name;
    const struct edition_question question = {"name.", name->instrument, name->language, name->edition, input->as_of};
    struct server_call *context = call->context;
    struct shelf_edition *edition = NULL;
    struct piece *ledger = NULL;
    size_t line = 0;
    *is_answered = false;
    if (!context->shelf || input->as_of || call->traceparent[0] || !edition_line(call, &question, &line))
        return 0;
    int error = shelf_edition(context->shelf, call, line, &edition);
    if (error || !edition)
        return error;
    const struct edition_record *record = &edition->found.record;
    if (name->edition ? name->edition == record->edition : record->act != ACT_WITHDRAWAL) {
        error = add_clause_from_shelf(call, edition, name->eid, response);
        if (!error && input->known_ledger_size != context->state->size)
            error = shelf_ledger(context->shelf, call, &ledger);
        *is_answered = true;
    }
    if (!error && *is_answered) {
        context->tail[0] = piece_hold(edition->proof);
        context->tail[1] = ledger;
    }
    shelf_edition_release(edition);
    return error;
}

static int make_response(struct call *call, const Depositary__V1__GetClauseRequest *input,
                         Depositary__V1__GetClauseResponse *response) {
    const Depositary__V1__ClauseName *name = input->name;
    struct edition_choice choice;
    uint64_t place;
    if (!name || !eid_valid(bytes_text(name->eid))) {
        status_bad_field(&call->status, name ? "name.eid" : "name", "an eId is [A-Za-z0-9][A-Za-z0-9_.-]{0,127}");
        return DEPOSITARY_E_ARGUMENT;
    }
    bool is_answered;
    int error = answer_from_shelf(call, input, response, &is_answered);
    if (error || is_answered)
        return error;
    struct edition_question question = {"name.", name->instrument, name->language, name->edition, input->as_of};
    error = edition_choose(call, &question, &choice);
    if (!error && choice.is_found)
        error = add_clause(call, &choice.edition, name->eid, &place, response);
    if (!error)
        error = answer_ledger_state(call, input->known_ledger_size, &response->ledger);
    if (!error)
        error = edition_choice_proofs(call, &choice, &response->n_editions, &response->editions);
    if (error)
        return error;
    response->absence = choice.absence;
    response->n_absence = choice.n_absence;
    return 0;
}

void depositary_get_clause(Depositary__V1__DepositaryService_Service *service,
                           const Depositary__V1__GetClauseRequest *input,
                           Depositary__V1__GetClauseResponse_Closure closure, void *closure_data) {
    struct call *call = call_of(service);
    Depositary__V1__GetClauseResponse *response = answer_alloc(call, sizeof *response);
    if (response)
        depositary__v1__get_clause_response__init(response);
    int error = response ? make_response(call, input, response) : DEPOSITARY_E_LIMIT;
    closure(error ? NULL : response, closure_data);
}
