/* The table of methods (method.h). A test holds it against the generated service descriptors. */
#include "rpc/method.h"

#include "depositary/v1/depositary.pb-c.h"
#include "depositary/v1/ledger.pb-c.h"
#include "depositary/v1/reflection.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"

#include <stddef.h>

#define SERVICE_METHOD(package, c_package, service_name, c_service, method_index, method_name, c_method, ...)          \
    {                                                                                                                  \
        .full_name = "/" package "." service_name "/" method_name, .service = &c_package##__##c_service##__descriptor, \
        .index = (method_index), .input = &c_package##__##c_method##_request__descriptor,                              \
        .output = &c_package##__##c_method##_response__descriptor, __VA_ARGS__                                         \
    }
#define DEPOSITARY_METHOD(index, name, c_name)                                                                         \
    SERVICE_METHOD("depositary.v1", depositary__v1, "DepositaryService", depositary_service, index, name, c_name,      \
                   .is_idempotent = true)
#define LEDGER_METHOD(index, name, c_name, ...)                                                                        \
    SERVICE_METHOD("depositary.v1", depositary__v1, "LedgerService", ledger_service, index, name, c_name, __VA_ARGS__)

static const struct method methods[] = {
    DEPOSITARY_METHOD(0, "ListInstruments", list_instruments),
    DEPOSITARY_METHOD(1, "GetInstrument", get_instrument),
    DEPOSITARY_METHOD(2, "GetClause", get_clause),
    DEPOSITARY_METHOD(3, "ListClauses", list_clauses),
    DEPOSITARY_METHOD(4, "SearchClauses", search_clauses),
    DEPOSITARY_METHOD(5, "CheckQuote", check_quote),
    DEPOSITARY_METHOD(6, "ResolveCitation", resolve_citation),
    LEDGER_METHOD(0, "GetCheckpoint", get_checkpoint, .is_idempotent = true),
    LEDGER_METHOD(1, "GetInclusionProof", get_inclusion_proof, .is_idempotent = true),
    LEDGER_METHOD(2, "GetConsistencyProof", get_consistency_proof, .is_idempotent = true),
    LEDGER_METHOD(3, "ListEntries", list_entries, .is_idempotent = true),
    LEDGER_METHOD(4, "GetAnswerKey", get_answer_key, .is_idempotent = true),
    /* Sending these again does no harm either, but that is the office's to decide, which knows what was taken. */
    LEDGER_METHOD(5, "AppendEntries", append_entries, .is_large = true),
    LEDGER_METHOD(6, "PutClauses", put_clauses, .is_large = true),
    SERVICE_METHOD("depositary.v1", depositary__v1, "ReflectionService", reflection_service, 0, "GetDescriptors",
                   get_descriptors, .is_idempotent = true),
    SERVICE_METHOD("grpc.health.v1", grpc__health__v1, "Health", health, 0, "Check", health_check,
                   .is_idempotent = true),
};

const struct method *method_table(size_t *count) {
    *count = sizeof(methods) / sizeof(methods[0]);
    return methods;
}

const struct method *method_find(struct bytes full_name) {
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (bytes_equal(bytes_text(methods[i].full_name), full_name)) {
            return &methods[i];
        }
    }
    return NULL;
}

const struct method *method_of(const ProtobufCServiceDescriptor *service, unsigned index) {
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (methods[i].service == service && methods[i].index == index) {
            return &methods[i];
        }
    }
    return NULL;
}
