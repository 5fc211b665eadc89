/*
 * One answer, its method's rules: which function judges which method, and what a status other than OK means. PROTOCOL.md sections 4 and 6.
 */
#include "client/check.h"

#include "depositary/v1/reflection.pb-c.h"

#include <string.h>

/* What the service speaks: its own word, whatever it is. Whoever reads the set reads it as hostile bytes. */
static int check_get_descriptors(struct check *check, const Depositary__V1__GetDescriptorsRequest *request,
                                 const Depositary__V1__GetDescriptorsResponse *response) {
    (void)check;
    (void)request;
    (void)response;
    return 0;
}

/* Generated messages begin with their ProtobufCMessage, so that a check of the type makes the cast safe. */
#define METHOD_CHECK(name, Request, Response)                                                                          \
    static int name##_any(struct check *check, const ProtobufCMessage *request, const ProtobufCMessage *response) {    \
        return check_##name(check, (const Request *)request, (const Response *)response);                              \
    }

METHOD_CHECK(list_instruments, Depositary__V1__ListInstrumentsRequest, Depositary__V1__ListInstrumentsResponse)
METHOD_CHECK(get_instrument, Depositary__V1__GetInstrumentRequest, Depositary__V1__GetInstrumentResponse)
METHOD_CHECK(get_clause, Depositary__V1__GetClauseRequest, Depositary__V1__GetClauseResponse)
METHOD_CHECK(list_clauses, Depositary__V1__ListClausesRequest, Depositary__V1__ListClausesResponse)
METHOD_CHECK(search_clauses, Depositary__V1__SearchClausesRequest, Depositary__V1__SearchClausesResponse)
METHOD_CHECK(check_quote, Depositary__V1__CheckQuoteRequest, Depositary__V1__CheckQuoteResponse)
METHOD_CHECK(resolve_citation, Depositary__V1__ResolveCitationRequest, Depositary__V1__ResolveCitationResponse)
METHOD_CHECK(get_checkpoint, Depositary__V1__GetCheckpointRequest, Depositary__V1__GetCheckpointResponse)
METHOD_CHECK(get_inclusion_proof, Depositary__V1__GetInclusionProofRequest, Depositary__V1__GetInclusionProofResponse)
METHOD_CHECK(get_consistency_proof, Depositary__V1__GetConsistencyProofRequest,
             Depositary__V1__GetConsistencyProofResponse)
METHOD_CHECK(list_entries, Depositary__V1__ListEntriesRequest, Depositary__V1__ListEntriesResponse)
METHOD_CHECK(get_answer_key, Depositary__V1__GetAnswerKeyRequest, Depositary__V1__GetAnswerKeyResponse)
METHOD_CHECK(append_entries, Depositary__V1__AppendEntriesRequest, Depositary__V1__AppendEntriesResponse)
METHOD_CHECK(put_clauses, Depositary__V1__PutClausesRequest, Depositary__V1__PutClausesResponse)
METHOD_CHECK(get_descriptors, Depositary__V1__GetDescriptorsRequest, Depositary__V1__GetDescriptorsResponse)
METHOD_CHECK(health, Grpc__Health__V1__HealthCheckRequest, Grpc__Health__V1__HealthCheckResponse)

static const struct method_check {
    const char *full_name;
    int (*check)(struct check *check, const ProtobufCMessage *request, const ProtobufCMessage *response);
    bool judges_not_found; /* NOT_FOUND has a message that proves, or at least shows, something */
    bool judges_withdrawn;
    bool needs_not_found_message; /* without it NOT_FOUND fails verification */
} methods[] = {
    {"/depositary.v1.DepositaryService/GetClause", get_clause_any, true, true, true},
    {"/depositary.v1.DepositaryService/GetInstrument", get_instrument_any, true, true, true},
    {"/depositary.v1.DepositaryService/ListClauses", list_clauses_any, true, true, false},
    {"/depositary.v1.DepositaryService/ListInstruments", list_instruments_any, false, false, false},
    {"/depositary.v1.DepositaryService/SearchClauses", search_clauses_any, false, false, false},
    {"/depositary.v1.DepositaryService/CheckQuote", check_quote_any, false, false, false},
    {"/depositary.v1.DepositaryService/ResolveCitation", resolve_citation_any, false, false, false},
    {"/depositary.v1.LedgerService/GetCheckpoint", get_checkpoint_any, false, false, false},
    {"/depositary.v1.LedgerService/GetInclusionProof", get_inclusion_proof_any, false, false, false},
    {"/depositary.v1.LedgerService/GetConsistencyProof", get_consistency_proof_any, false, false, false},
    {"/depositary.v1.LedgerService/ListEntries", list_entries_any, false, false, false},
    {"/depositary.v1.LedgerService/GetAnswerKey", get_answer_key_any, false, false, false},
    {"/depositary.v1.LedgerService/AppendEntries", append_entries_any, false, false, false},
    {"/depositary.v1.LedgerService/PutClauses", put_clauses_any, false, false, false},
    {"/depositary.v1.ReflectionService/GetDescriptors", get_descriptors_any, false, false, false},
    {"/grpc.health.v1.Health/Check", health_any, false, false, false},
};

static const struct method_check *find_check(const struct method *method) {
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].full_name, method->full_name) == 0) {
            return &methods[i];
        }
    }
    return NULL;
}

static int check_refusal(struct check *check, const struct method_check *row, const ProtobufCMessage *request,
                         const struct call_answer *answer) {
    bool is_withdrawn =
        check->status.code == STATUS_FAILED_PRECONDITION && strcmp(check->status.reason, "WITHDRAWN") == 0;
    if (check->status.code == STATUS_DATA_LOSS) {
        return fault_set(check->fault, DEPOSITARY_E_SERVER_DAMAGED, "%s", check->status.message);
    }
    if (check->status.code == STATUS_NOT_FOUND) {
        if (row->judges_not_found && answer->message != NULL) {
            return row->check(check, request, answer->message);
        }
        return row->needs_not_found_message
                   ? fault_set(check->fault, DEPOSITARY_E_ABSENCE, "\"not found\" without any proof")
                   : fault_set(check->fault, DEPOSITARY_E_NO, "%s", check->status.message);
    }
    if (is_withdrawn && row->judges_withdrawn) {
        return answer->message != NULL
                   ? row->check(check, request, answer->message)
                   : fault_set(check->fault, DEPOSITARY_E_EDITION_PROOF, "a withdrawal is said, and not shown");
    }
    if (check->status.code == STATUS_FAILED_PRECONDITION && strcmp(check->status.reason, "CLAUSES_MISSING") == 0 &&
        answer->raw_status != NULL) {
        return check_missing_clauses(check, answer->raw_status);
    }
    return fault_set(check->fault, DEPOSITARY_E_STATUS, "%s: %s", status_name(check->status.code),
                     check->status.message);
}

int check_answer(struct check *check, const struct method *method, const ProtobufCMessage *request,
                 const struct call_answer *answer) {
    const struct method_check *row = find_check(method);
    check->status = answer->status;
    if (row == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_ARGUMENT, "no rules are known for %s", method->full_name);
    }
    if (check->status.code != STATUS_OK) {
        return check_refusal(check, row, request, answer);
    }
    if (answer->message == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_RESPONSE, "an answer without a message");
    }
    return row->check(check, request, answer->message);
}
