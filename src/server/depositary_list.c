/* The lists: instruments in the register's order, an edition's outline, an edition's clauses. PROTOCOL.md section 6,
 * AIP-158. */
#include <string.h>

#include "server/depositary_parts.h"

/* An answer's list while it is filled: it ends at the page's size, or where the answer is full. */
struct room {
    unsigned items;
    size_t bytes;
};

static bool room_take(struct room *room, size_t bytes) {
    if (room->items == 0 || bytes > room->bytes)
        return false;
    room->items--;
    room->bytes -= bytes;
    return true;
}

/* ---- ListInstruments */

static bool is_edition_line(const struct ledger_state *state, uint64_t line) {
    return line < register_lines_count(state->lines) &&
           bytes_starts_with(register_lines_line(state->lines, (size_t)line), BYTES("edition "));
}

static int read_line(struct call *call, uint64_t line, struct edition_found *out) {
    const struct ledger_state *state = call_state(call);
    struct register_line parsed;
    uint64_t index = 0;
    int error = register_line_parse(&parsed, register_lines_line(state->lines, (size_t)line));
    if (!error)
        error = ledger_find_named(call_server(call)->ledger, state, &parsed.record, &index);
    return error ? answer_error(call, error) : edition_read(call, index, out);
}

/* Rows from page->position on; leaves page->position at the first line that is not in the answer. */
static int add_instruments(struct call *call, struct page *page, Depositary__V1__ListInstrumentsResponse *response) {
    const struct ledger_state *state = call_state(call);
    struct room room = {page->size, ANSWER_ROOM};
    response->instruments = answer_alloc(call, page->size * sizeof(Depositary__V1__Instrument *));
    response->editions = answer_alloc(call, page->size * sizeof(Depositary__V1__EditionProof *));
    if (!response->instruments || !response->editions)
        return DEPOSITARY_E_LIMIT;
    for (; room.items > 0 && is_edition_line(state, page->position); page->position++) {
        struct edition_found found;
        Depositary__V1__Instrument *row = NULL;
        if (answer_is_late(call))
            return DEPOSITARY_E_TIMEOUT;
        int error = read_line(call, page->position, &found);
        if (!error)
            error = instrument_build(call, &found.record, &row);
        if (error)
            return error;
        if (!room_take(&room, item_size(&row->base) + item_size(&found.proof->base)))
            break;
        response->instruments[response->n_instruments++] = row;
        response->editions[response->n_editions++] = found.proof;
    }
    return 0;
}

static int list_instruments(struct call *call, const Depositary__V1__ListInstrumentsRequest *input,
                            Depositary__V1__ListInstrumentsResponse *response) {
    Depositary__V1__ListInstrumentsRequest blanked = DEPOSITARY__V1__LIST_INSTRUMENTS_REQUEST__INIT;
    const struct ledger_state *state = call_state(call);
    struct page_question question;
    struct page page = {.position = 0};
    if (!answer_page_size(call, input->page_size, DEPOSITARY_PAGE, &page.size))
        return DEPOSITARY_E_ARGUMENT;
    int error = page_question_of(call, &blanked.base, &question);
    if (!error)
        error = page_token_read(call, input->page_token, &question, &page);
    if (!error)
        error = add_instruments(call, &page, response);
    if (!error && is_edition_line(state, page.position))
        error = page_token_print(call, &question, &page, &response->next_page_token);
    else if (!error && page.position < register_lines_count(state->lines))
        error = answer_register_line(call, (size_t)page.position, &response->end);
    return error ? error : answer_ledger_state(call, input->known_ledger_size, &response->ledger);
}

void depositary_list_instruments(Depositary__V1__DepositaryService_Service *service,
                                 const Depositary__V1__ListInstrumentsRequest *input,
                                 Depositary__V1__ListInstrumentsResponse_Closure closure, void *closure_data) {
    struct call *call = call_of(service);
    Depositary__V1__ListInstrumentsResponse *response = answer_alloc(call, sizeof *response);
    if (response)
        depositary__v1__list_instruments_response__init(response);
    int error = response ? list_instruments(call, input, response) : DEPOSITARY_E_LIMIT;
    closure(error ? NULL : response, closure_data);
}

/* ---- GetInstrument */

/* Rows of an outline on their way into the answer. */
struct outline_page {
    struct call *call;
    struct room room;
    struct page *page;
    bool is_full;
    Depositary__V1__GetInstrumentResponse *response;
};

static int fill_outline_item(struct call *call, const struct catalog_clause *clause,
                             Depositary__V1__OutlineItem *item) {
    depositary__v1__outline_item__init(item);
    item->eid = answer_text(call, bytes_text(clause->eid));
    item->kind = (Depositary__V1__ClauseKind)clause->kind;
    item->number = answer_text(call, bytes_text(clause->number));
    item->heading = answer_text(call, bytes_text(clause->heading));
    item->place = clause->place;
    item->length = clause->length;
    if (!item->eid || !item->number || !item->heading)
        return DEPOSITARY_E_LIMIT;
    return answer_bytes(call, hash_bytes(&clause->leaf_hash), &item->leaf_hash);
}

/* A sink of catalog_outline; 1 ends the walk where the page is full. */
static int add_outline_item(void *context, const struct catalog_clause *clause) {
    struct outline_page *outline = context;
    Depositary__V1__OutlineItem *item = answer_alloc(outline->call, sizeof *item);
    if (!item)
        return DEPOSITARY_E_LIMIT;
    if (clause->place != outline->page->position)
        return edition_catalog_is_wrong(outline->call);
    int error = fill_outline_item(outline->call, clause, item);
    if (error)
        return error;
    outline->is_full = !room_take(&outline->room, item_size(&item->base));
    if (outline->is_full)
        return 1;
    outline->response->outline[outline->response->n_outline++] = item;
    outline->page->position++;
    return 0;
}

/* The rows come from the catalog; where they are a whole edition, they are held against its clauses-root. */
static bool outline_is_wrong(const struct edition_record *edition,
                             const Depositary__V1__GetInstrumentResponse *response) {
    struct merkle_edge edge;
    struct hash hash, root;
    if (response->n_outline != edition->clauses)
        return false;
    merkle_edge_init(&edge);
    for (size_t i = 0; i < response->n_outline; i++) {
        memcpy(hash.bytes, response->outline[i]->leaf_hash.data, HASH_LEN);
        if (merkle_edge_append(&edge, &hash, NULL, NULL))
            return true;
    }
    merkle_edge_root(&root, &edge);
    return !hash_equal(&root, &edition->clauses_root);
}

static int add_outline(struct call *call, const struct edition_found *edition, const struct page_question *question,
                       struct page *page, Depositary__V1__GetInstrumentResponse *response) {
    struct outline_page outline = {.call = call, .room = {page->size, ANSWER_ROOM}, .page = page, .response = response};
    response->outline = answer_alloc(call, page->size * sizeof(Depositary__V1__OutlineItem *));
    if (!response->outline)
        return DEPOSITARY_E_LIMIT;
    int error = catalog_outline(call_server(call)->catalog, edition->index, page->position, add_outline_item, &outline);
    if (error && !outline.is_full)
        return call->status.code ? error : answer_error(call, error);
    if (page->position < edition->record.clauses)
        return outline.is_full ? page_token_print(call, question, page, &response->next_page_token)
                               : edition_catalog_is_wrong(call);
    return outline_is_wrong(&edition->record, response) ? edition_catalog_is_wrong(call) : 0;
}

static int add_instrument(struct call *call, const struct edition_found *edition,
                          const Depositary__V1__GetInstrumentRequest *input, struct page *page,
                          Depositary__V1__GetInstrumentResponse *response) {
    Depositary__V1__GetInstrumentRequest blanked = *input;
    struct page_question question;
    blanked.page_size = 0;
    blanked.page_token = EMPTY_TEXT;
    blanked.known_ledger_size = 0;
    int error = page_question_of(call, &blanked.base, &question);
    if (!error)
        error = page_token_read(call, input->page_token, &question, page);
    if (!error)
        error = instrument_build(call, &edition->record, &response->instrument);
    return error ? error : add_outline(call, edition, &question, page, response);
}

static int get_instrument(struct call *call, const Depositary__V1__GetInstrumentRequest *input,
                          Depositary__V1__GetInstrumentResponse *response) {
    struct edition_question question = {"", input->instrument, input->language, input->edition, input->as_of};
    struct edition_choice choice;
    struct page page = {.position = 0};
    if (!answer_page_size(call, input->page_size, LIMIT_PAGE, &page.size))
        return DEPOSITARY_E_ARGUMENT;
    int error = edition_choose(call, &question, &choice);
    if (!error && choice.is_found)
        error = add_instrument(call, &choice.edition, input, &page, response);
    if (!error)
        error = edition_choice_proofs(call, &choice, &response->n_editions, &response->editions);
    if (error)
        return error;
    response->absence = choice.absence;
    response->n_absence = choice.n_absence;
    return answer_ledger_state(call, input->known_ledger_size, &response->ledger);
}

void depositary_get_instrument(Depositary__V1__DepositaryService_Service *service,
                               const Depositary__V1__GetInstrumentRequest *input,
                               Depositary__V1__GetInstrumentResponse_Closure closure, void *closure_data) {
    struct call *call = call_of(service);
    Depositary__V1__GetInstrumentResponse *response = answer_alloc(call, sizeof *response);
    if (response)
        depositary__v1__get_instrument_response__init(response);
    int error = response ? get_instrument(call, input, response) : DEPOSITARY_E_LIMIT;
    closure(error ? NULL : response, closure_data);
}

/* ---- ListClauses */

static int add_clauses(struct call *call, const struct edition_found *edition, struct page *page,
                       Depositary__V1__ListClausesResponse *response) {
    struct room room = {page->size, ANSWER_ROOM};
    response->clauses = answer_alloc(call, page->size * sizeof(Depositary__V1__CertifiedClause *));
    if (!response->clauses)
        return DEPOSITARY_E_LIMIT;
    for (; room.items > 0 && page->position < edition->record.clauses; page->position++) {
        struct clause_built built;
        if (answer_is_late(call))
            return DEPOSITARY_E_TIMEOUT;
        int error = clause_build(call, edition, 0, page->position, &built);
        if (error)
            return error;
        if (!room_take(&room, built.packed_size))
            break;
        response->clauses[response->n_clauses++] = built.message;
    }
    return 0;
}

static int add_clause_page(struct call *call, const struct edition_found *edition,
                           const Depositary__V1__ListClausesRequest *input, struct page *page,
                           Depositary__V1__ListClausesResponse *response) {
    Depositary__V1__ListClausesRequest blanked = *input;
    struct page_question question;
    blanked.page_size = 0;
    blanked.page_token = EMPTY_TEXT;
    blanked.known_ledger_size = 0;
    int error = page_question_of(call, &blanked.base, &question);
    if (!error)
        error = page_token_read(call, input->page_token, &question, page);
    if (!error && page->position > edition->record.clauses) {
        status_set(&call->status, STATUS_OUT_OF_RANGE, NULL, "the edition has %llu clauses",
                   (unsigned long long)edition->record.clauses);
        error = DEPOSITARY_E_ARGUMENT;
    }
    if (!error)
        error = add_clauses(call, edition, page, response);
    if (!error && page->position < edition->record.clauses)
        error = page_token_print(call, &question, page, &response->next_page_token);
    return error;
}

static int list_clauses(struct call *call, const Depositary__V1__ListClausesRequest *input,
                        Depositary__V1__ListClausesResponse *response) {
    struct edition_question question = {"", input->instrument, input->language, input->edition, NULL};
    struct edition_choice choice;
    struct page page = {.position = input->from_place};
    if (!answer_page_size(call, input->page_size, DEPOSITARY_PAGE, &page.size))
        return DEPOSITARY_E_ARGUMENT;
    int error = edition_choose(call, &question, &choice);
    if (!error && choice.is_found)
        error = add_clause_page(call, &choice.edition, input, &page, response);
    if (!error)
        error = edition_choice_proofs(call, &choice, &response->n_editions, &response->editions);
    return error ? error : answer_ledger_state(call, input->known_ledger_size, &response->ledger);
}

void depositary_list_clauses(Depositary__V1__DepositaryService_Service *service,
                             const Depositary__V1__ListClausesRequest *input,
                             Depositary__V1__ListClausesResponse_Closure closure, void *closure_data) {
    struct call *call = call_of(service);
    Depositary__V1__ListClausesResponse *response = answer_alloc(call, sizeof *response);
    if (response)
        depositary__v1__list_clauses_response__init(response);
    int error = response ? list_clauses(call, input, response) : DEPOSITARY_E_LIMIT;
    closure(error ? NULL : response, closure_data);
}
