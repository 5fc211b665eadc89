/* SearchClauses: hits from the catalog, their clauses from the ledger. That a clause matches is claimed. PROTOCOL.md
 * section 6. */
#include <stdlib.h>

#include "server/depositary_parts.h"

static int add_matches(struct call *call, const struct catalog_hit *found, struct bytes text,
                       Depositary__V1__SearchHit *hit) {
    struct span *spans = NULL;
    struct fault fault = {0};
    size_t count = 0;
    int error = catalog_spans(call_server(call)->catalog, found, text, &spans, &count, &fault);
    if (error)
        return part_fault(call, error, &fault);
    hit->matches = answer_alloc(call, (count + 1) * sizeof(Depositary__V1__Span *));
    error = hit->matches ? 0 : DEPOSITARY_E_LIMIT;
    while (!error && hit->n_matches < count) {
        error = span_build(call, spans[hit->n_matches], &hit->matches[hit->n_matches]);
        hit->n_matches += !error;
    }
    free(spans);
    return error;
}

static int build_hit(struct call *call, const struct catalog_hit *found, struct edition_set *editions,
                     Depositary__V1__SearchHit **out) {
    struct clause_built built;
    uint32_t slot = 0;
    Depositary__V1__SearchHit *hit = answer_alloc(call, sizeof *hit);
    if (!hit)
        return DEPOSITARY_E_LIMIT;
    depositary__v1__search_hit__init(hit);
    int error = edition_set_add(call, editions, found->edition_index, &slot);
    if (!error && found->place >= editions->found[slot].record.clauses)
        error = edition_catalog_is_wrong(call);
    if (!error)
        error = clause_build(call, &editions->found[slot], slot, found->place, &built);
    if (!error)
        error = add_matches(call, found, bytes_text(built.message->clause->text), hit);
    if (error)
        return error;
    hit->clause = built.message;
    hit->score = found->score;
    *out = hit;
    return 0;
}

/* Fills in hits until the answer is full; moves page->position behind the last that is in it. */
static int add_hits(struct call *call, const struct catalog_hits *found, bool has_as_of, struct page *page,
                    Depositary__V1__SearchClausesResponse *response) {
    struct edition_set editions;
    size_t room = ANSWER_ROOM;
    response->hits = answer_alloc(call, (found->count + 1) * sizeof(Depositary__V1__SearchHit *));
    if (!response->hits)
        return DEPOSITARY_E_LIMIT;
    int error = edition_set_init(call, &editions, found->count, has_as_of);
    for (size_t i = 0; !error && i < found->count; i++) {
        Depositary__V1__SearchHit *hit = NULL;
        size_t editions_before = editions.count, editions_size = editions.packed_size;
        if (answer_is_late(call))
            return DEPOSITARY_E_TIMEOUT;
        error = build_hit(call, &found->hits[i], &editions, &hit);
        if (error)
            break;
        size_t size = item_size(&hit->base) + (editions.packed_size - editions_size);
        if (size > room) {
            editions.count = editions_before;
            break;
        }
        room -= size;
        response->hits[response->n_hits++] = hit;
        page->position++;
    }
    response->editions = editions.proofs;
    response->n_editions = editions.count;
    return error;
}

static int bad_query(struct call *call, int error, const struct fault *fault) {
    if (error == DEPOSITARY_E_LIMIT) {
        status_set(&call->status, STATUS_RESOURCE_EXHAUSTED, "WORK_LIMIT", "%s", fault_text(fault));
        return error;
    }
    if (error != DEPOSITARY_E_QUERY)
        return part_fault(call, error, fault);
    status_bad_field(&call->status, "query", "%s", fault_text(fault));
    return error;
}

static int search(struct call *call, const Depositary__V1__SearchClausesRequest *input,
                  const struct catalog_scope *scope, const struct page_question *question, struct page *page,
                  Depositary__V1__SearchClausesResponse *response) {
    struct catalog_hits found;
    struct fault fault = {0};
    uint64_t searched = page->searched;
    int error = catalog_search(call_server(call)->catalog, call_state(call), bytes_text(input->query), scope,
                               page->position, page->size, &found, &fault);
    if (error)
        return bad_query(call, error, &fault);
    if (page->position > 0 && searched != found.searched_size)
        error = page_expired(call);
    page->searched = found.searched_size;
    response->searched_ledger_size = found.searched_size;
    response->total = found.total;
    if (!error)
        error = add_hits(call, &found, input->as_of != NULL, page, response);
    if (!error && page->position < found.total && response->n_hits > 0)
        error = page_token_print(call, question, page, &response->next_page_token);
    catalog_hits_free(&found);
    return error;
}

static int search_page(struct call *call, const Depositary__V1__SearchClausesRequest *input,
                       struct catalog_scope *scope, struct page *page,
                       Depositary__V1__SearchClausesResponse *response) {
    Depositary__V1__SearchClausesRequest blanked = *input;
    struct page_question question;
    blanked.page_size = 0;
    blanked.page_token = EMPTY_TEXT;
    blanked.known_ledger_size = 0;
    scope->kind = (enum clause_kind)input->kind;
    int error = page_question_of(call, &blanked.base, &question);
    if (!error)
        error = page_token_read(call, input->page_token, &question, page);
    return error ? error : search(call, input, scope, &question, page, response);
}

static int check_request(struct call *call, const Depositary__V1__SearchClausesRequest *input, struct page *page) {
    if (!answer_page_size(call, input->page_size, DEPOSITARY_SEARCH_PAGE, &page->size))
        return DEPOSITARY_E_ARGUMENT;
    if (input->kind < DEPOSITARY__V1__CLAUSE_KIND__CLAUSE_KIND_UNSPECIFIED ||
        input->kind > DEPOSITARY__V1__CLAUSE_KIND__CLAUSE_KIND_ANNEX) {
        status_bad_field(&call->status, "kind", "no kind of clause has that number");
        return DEPOSITARY_E_ARGUMENT;
    }
    return 0;
}

static int search_clauses(struct call *call, const Depositary__V1__SearchClausesRequest *input,
                          Depositary__V1__SearchClausesResponse *response) {
    struct edition_question question = {"", input->instrument, input->language, input->edition, input->as_of};
    struct edition_choice choice;
    struct catalog_scope scope;
    struct page page = {.position = 0};
    int error = check_request(call, input, &page);
    if (!error)
        error = query_scope(call, &question, &choice, &scope);
    if (!error && choice.is_found)
        error = search_page(call, input, &scope, &page, response);
    else if (!error)
        error = edition_choice_proofs(call, &choice, &response->n_editions, &response->editions);
    return error ? error : answer_ledger_state(call, input->known_ledger_size, &response->ledger);
}

void depositary_search_clauses(Depositary__V1__DepositaryService_Service *service,
                               const Depositary__V1__SearchClausesRequest *input,
                               Depositary__V1__SearchClausesResponse_Closure closure, void *closure_data) {
    struct call *call = call_of(service);
    Depositary__V1__SearchClausesResponse *response = answer_alloc(call, sizeof *response);
    if (response)
        depositary__v1__search_clauses_response__init(response);
    int error = response ? search_clauses(call, input, response) : DEPOSITARY_E_LIMIT;
    closure(error ? NULL : response, closure_data);
}
