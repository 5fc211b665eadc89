/* The typed calls that wait: a question made and asked. include/depositary/client.h says what they do. */
#include "depositary/client.h"

int depositary_list_instruments(depositary_client *client, const depositary_page *page, depositary_answer **out) {
    return depositary_call(client, depositary_question_list_instruments(page), NULL, out);
}

int depositary_get_instrument(depositary_client *client, const depositary_edition_query *which,
                              const depositary_page *page, depositary_answer **out) {
    return depositary_call(client, depositary_question_get_instrument(which, page), NULL, out);
}

int depositary_get_clause(depositary_client *client, const depositary_edition_query *which, const char *eid,
                          depositary_answer **out) {
    return depositary_call(client, depositary_question_get_clause(which, eid), NULL, out);
}

int depositary_list_clauses(depositary_client *client, const depositary_edition_query *which, uint64_t from_place,
                            const depositary_page *page, depositary_answer **out) {
    return depositary_call(client, depositary_question_list_clauses(which, from_place, page), NULL, out);
}

int depositary_search_clauses(depositary_client *client, const char *query, const depositary_edition_query *which,
                              int kind, const depositary_page *page, depositary_answer **out) {
    return depositary_call(client, depositary_question_search_clauses(query, which, kind, page), NULL, out);
}

int depositary_check_quote(depositary_client *client, const char *quote, size_t quote_len,
                           const depositary_edition_query *which, depositary_answer **out) {
    return depositary_call(client, depositary_question_check_quote(quote, quote_len, which), NULL, out);
}

int depositary_resolve_citation(depositary_client *client, const char *citation, const depositary_edition_query *which,
                                depositary_answer **out) {
    return depositary_call(client, depositary_question_resolve_citation(citation, which), NULL, out);
}

int depositary_get_checkpoint(depositary_client *client, depositary_answer **out) {
    return depositary_call(client, depositary_question_get_checkpoint(), NULL, out);
}

int depositary_get_inclusion_proof(depositary_client *client, const uint8_t leaf_hash[32], uint64_t ledger_size,
                                   const uint8_t root[32], depositary_answer **out) {
    return depositary_call(client, depositary_question_get_inclusion_proof(leaf_hash, ledger_size, root), NULL, out);
}

int depositary_get_consistency_proof(depositary_client *client, uint64_t old_size, const uint8_t old_root[32],
                                     depositary_answer **out) {
    return depositary_call(client, depositary_question_get_consistency_proof(old_size, old_root), NULL, out);
}

int depositary_list_entries(depositary_client *client, uint64_t start, int32_t page_size, depositary_answer **out) {
    return depositary_call(client, depositary_question_list_entries(start, page_size), NULL, out);
}

int depositary_get_answer_key(depositary_client *client, const uint8_t public_key[32], depositary_answer **out) {
    return depositary_call(client, depositary_question_get_answer_key(public_key), NULL, out);
}

int depositary_check_health(depositary_client *client, const char *service, depositary_answer **out) {
    return depositary_call(client, depositary_question_check_health(service), NULL, out);
}

int depositary_append_entries(depositary_client *client, const depositary_blob *records, size_t count,
                              const char *checkpoint, size_t checkpoint_len, depositary_answer **out) {
    return depositary_call(client, depositary_question_append_entries(records, count, checkpoint, checkpoint_len), NULL,
                           out);
}

int depositary_put_clauses(depositary_client *client, const uint8_t edition[32],
                           const depositary_placed_clause *clauses, size_t count, depositary_answer **out) {
    return depositary_call(client, depositary_question_put_clauses(edition, clauses, count), NULL, out);
}

int depositary_get_descriptors(depositary_client *client, depositary_answer **out) {
    return depositary_call(client, depositary_question_get_descriptors(), NULL, out);
}
