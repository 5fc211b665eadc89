/* The typed questions, one maker each, the same way for all. include/depositary/client.h says what they ask. */
#include "client/question.h"

#include "base/limits.h"
#include "base/time.h"
#include "depositary/client.h"
#include "depositary/v1/depositary.pb-c.h"
#include "depositary/v1/ledger.pb-c.h"
#include "depositary/v1/reflection.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"
#include "proof/policy.h"
#include "proof/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

depositary_question *question_new(const char *method, const ProtobufCMessage *message) {
    struct depositary_question *question = calloc(1, sizeof *question);
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *packed = len <= LIMIT_REQUEST_APPEND ? malloc(len + 1) : NULL;
    if (question == NULL || (packed == NULL && len <= LIMIT_REQUEST_APPEND)) {
        free(question);
        free(packed);
        return NULL;
    }
    question->method = method_find(bytes_text(method));
    if (packed == NULL) {
        question->error = DEPOSITARY_E_LIMIT;
        question->words = "the request is larger than the protocol allows";
        return question;
    }
    question->message = packed;
    question->message_len = protobuf_c_message_pack(message, packed);
    return question;
}

void depositary_question_free(depositary_question **pointer) {
    if (pointer == NULL || *pointer == NULL) {
        return;
    }
    free((*pointer)->message);
    free(*pointer);
    *pointer = NULL;
}

/* A question that cannot be asked: whoever asks it is told. */
static depositary_question *refuse(const char *words) {
    depositary_question *question = calloc(1, sizeof *question);
    if (question != NULL) {
        question->error = DEPOSITARY_E_ARGUMENT;
        question->words = words;
    }
    return question;
}

static depositary_question *with_root(depositary_question *question, const uint8_t root[HASH_LEN]) {
    if (question != NULL && root != NULL) {
        memcpy(question->known_root.bytes, root, HASH_LEN);
        question->has_known_root = true;
    }
    return question;
}

#define DEPOSITARY_METHOD(name) "/depositary.v1.DepositaryService/" name
#define LEDGER_METHOD(name)     "/depositary.v1.LedgerService/" name

static const depositary_edition_query no_query;

/* protobuf-c's messages have plain pointers; what they point at is packed and never written to. */
static char *text_field(const char *text) {
    return (char *)(uintptr_t)(text != NULL ? text : "");
}

static ProtobufCBinaryData data_field(const void *data, size_t len) {
    return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)data};
}

/* as_of: NULL where not asked for. False: no time. */
static bool time_field(const char *text, Google__Protobuf__Timestamp *storage, Google__Protobuf__Timestamp **out) {
    *out = NULL;
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    google__protobuf__timestamp__init(storage);
    *out = storage;
    return time_parse(&storage->seconds, bytes_text(text));
}

#define NO_TIME "as_of is not a time like 2025-04-23T00:00:00Z"

/* ---- DepositaryService */

depositary_question *depositary_question_list_instruments(const depositary_page *page) {
    Depositary__V1__ListInstrumentsRequest question = DEPOSITARY__V1__LIST_INSTRUMENTS_REQUEST__INIT;
    if (page != NULL) {
        question.page_size = page->size;
        question.page_token = text_field(page->token);
    }
    return question_new(DEPOSITARY_METHOD("ListInstruments"), &question.base);
}

depositary_question *depositary_question_get_instrument(const depositary_edition_query *which,
                                                        const depositary_page *page) {
    Depositary__V1__GetInstrumentRequest question = DEPOSITARY__V1__GET_INSTRUMENT_REQUEST__INIT;
    Google__Protobuf__Timestamp as_of;
    which = which != NULL ? which : &no_query;
    question.instrument = text_field(which->instrument);
    question.language = text_field(which->language);
    question.edition = which->edition;
    if (!time_field(which->as_of, &as_of, &question.as_of)) {
        return refuse(NO_TIME);
    }
    if (!instrument_valid(bytes_text(question.instrument))) {
        return refuse("no instrument is named, or its name cannot be one");
    }
    if (page != NULL) {
        question.page_size = page->size;
        question.page_token = text_field(page->token);
    }
    return question_new(DEPOSITARY_METHOD("GetInstrument"), &question.base);
}

depositary_question *depositary_question_get_clause(const depositary_edition_query *which, const char *eid) {
    Depositary__V1__GetClauseRequest question = DEPOSITARY__V1__GET_CLAUSE_REQUEST__INIT;
    Depositary__V1__ClauseName name = DEPOSITARY__V1__CLAUSE_NAME__INIT;
    Google__Protobuf__Timestamp as_of;
    which = which != NULL ? which : &no_query;
    name.instrument = text_field(which->instrument);
    name.language = text_field(which->language);
    name.edition = which->edition;
    name.eid = text_field(eid);
    question.name = &name;
    if (!time_field(which->as_of, &as_of, &question.as_of)) {
        return refuse(NO_TIME);
    }
    if (!instrument_valid(bytes_text(name.instrument)) || !eid_valid(bytes_text(name.eid))) {
        return refuse("no instrument or clause is named, or its name cannot be one");
    }
    return question_new(DEPOSITARY_METHOD("GetClause"), &question.base);
}

depositary_question *depositary_question_list_clauses(const depositary_edition_query *which, uint64_t from_place,
                                                      const depositary_page *page) {
    Depositary__V1__ListClausesRequest question = DEPOSITARY__V1__LIST_CLAUSES_REQUEST__INIT;
    which = which != NULL ? which : &no_query;
    question.instrument = text_field(which->instrument);
    question.language = text_field(which->language);
    question.edition = which->edition;
    question.from_place = from_place;
    if (which->as_of != NULL && which->as_of[0] != '\0') {
        return refuse("clauses are not listed as of a time: find the edition of that time first");
    }
    if (!instrument_valid(bytes_text(question.instrument))) {
        return refuse("no instrument is named, or its name cannot be one");
    }
    if (page != NULL) {
        question.page_size = page->size;
        question.page_token = text_field(page->token);
    }
    return question_new(DEPOSITARY_METHOD("ListClauses"), &question.base);
}

depositary_question *depositary_question_search_clauses(const char *query, const depositary_edition_query *which,
                                                        int kind, const depositary_page *page) {
    Depositary__V1__SearchClausesRequest question = DEPOSITARY__V1__SEARCH_CLAUSES_REQUEST__INIT;
    Google__Protobuf__Timestamp as_of;
    which = which != NULL ? which : &no_query;
    question.query = text_field(query);
    question.instrument = text_field(which->instrument);
    question.language = text_field(which->language);
    question.edition = which->edition;
    question.kind = (Depositary__V1__ClauseKind)kind;
    if (!time_field(which->as_of, &as_of, &question.as_of)) {
        return refuse(NO_TIME);
    }
    if (page != NULL) {
        question.page_size = page->size;
        question.page_token = text_field(page->token);
    }
    return question_new(DEPOSITARY_METHOD("SearchClauses"), &question.base);
}

depositary_question *depositary_question_check_quote(const char *quote, size_t quote_len,
                                                     const depositary_edition_query *which) {
    Depositary__V1__CheckQuoteRequest question = DEPOSITARY__V1__CHECK_QUOTE_REQUEST__INIT;
    Google__Protobuf__Timestamp as_of;
    which = which != NULL ? which : &no_query;
    question.instrument = text_field(which->instrument);
    question.language = text_field(which->language);
    question.edition = which->edition;
    if (!time_field(which->as_of, &as_of, &question.as_of)) {
        return refuse(NO_TIME);
    }
    if (quote_len == 0 || quote_len > LIMIT_QUOTE || memchr(quote, 0, quote_len) != NULL) {
        return refuse("a quote has 1 byte to 16 KiB, and no NUL");
    }
    char *text = malloc(quote_len + 1);
    if (text == NULL) {
        return NULL;
    }
    memcpy(text, quote, quote_len);
    text[quote_len] = '\0';
    question.quote = text;
    depositary_question *made = question_new(DEPOSITARY_METHOD("CheckQuote"), &question.base);
    free(text);
    return made;
}

depositary_question *depositary_question_resolve_citation(const char *citation, const depositary_edition_query *which) {
    Depositary__V1__ResolveCitationRequest question = DEPOSITARY__V1__RESOLVE_CITATION_REQUEST__INIT;
    which = which != NULL ? which : &no_query;
    question.citation = text_field(citation);
    question.instrument = text_field(which->instrument);
    question.language = text_field(which->language);
    return question_new(DEPOSITARY_METHOD("ResolveCitation"), &question.base);
}

/* ---- LedgerService and health */

depositary_question *depositary_question_get_checkpoint(void) {
    Depositary__V1__GetCheckpointRequest question = DEPOSITARY__V1__GET_CHECKPOINT_REQUEST__INIT;
    return question_new(LEDGER_METHOD("GetCheckpoint"), &question.base);
}

depositary_question *depositary_question_get_inclusion_proof(const uint8_t leaf_hash[32], uint64_t ledger_size,
                                                             const uint8_t root[32]) {
    Depositary__V1__GetInclusionProofRequest question = DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__INIT;
    question.entry_case = DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_LEAF_HASH;
    question.leaf_hash = data_field(leaf_hash, HASH_LEN);
    question.ledger_size = ledger_size;
    if (ledger_size != 0 && root == NULL) {
        return refuse("a proof for another size than the current needs that size's root");
    }
    return with_root(question_new(LEDGER_METHOD("GetInclusionProof"), &question.base), root);
}

depositary_question *depositary_question_get_consistency_proof(uint64_t old_size, const uint8_t old_root[32]) {
    Depositary__V1__GetConsistencyProofRequest question = DEPOSITARY__V1__GET_CONSISTENCY_PROOF_REQUEST__INIT;
    question.old_size = old_size;
    return with_root(question_new(LEDGER_METHOD("GetConsistencyProof"), &question.base), old_root);
}

depositary_question *depositary_question_list_entries(uint64_t start, int32_t page_size) {
    Depositary__V1__ListEntriesRequest question = DEPOSITARY__V1__LIST_ENTRIES_REQUEST__INIT;
    question.start = start;
    question.page_size = page_size;
    return question_new(LEDGER_METHOD("ListEntries"), &question.base);
}

depositary_question *depositary_question_get_answer_key(const uint8_t public_key[32]) {
    Depositary__V1__GetAnswerKeyRequest question = DEPOSITARY__V1__GET_ANSWER_KEY_REQUEST__INIT;
    question.public_key = data_field(public_key, PUBLIC_KEY_LEN);
    return question_new(LEDGER_METHOD("GetAnswerKey"), &question.base);
}

depositary_question *depositary_question_get_descriptors(void) {
    Depositary__V1__GetDescriptorsRequest question = DEPOSITARY__V1__GET_DESCRIPTORS_REQUEST__INIT;
    return question_new("/depositary.v1.ReflectionService/GetDescriptors", &question.base);
}

depositary_question *depositary_question_check_health(const char *service) {
    Grpc__Health__V1__HealthCheckRequest question = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    question.service = text_field(service);
    return question_new("/grpc.health.v1.Health/Check", &question.base);
}

/* ---- the office's calls */

depositary_question *depositary_question_append_entries(const depositary_blob *records, size_t count,
                                                        const char *checkpoint, size_t checkpoint_len) {
    Depositary__V1__AppendEntriesRequest question = DEPOSITARY__V1__APPEND_ENTRIES_REQUEST__INIT;
    if (count > LIMIT_REQUEST_APPEND || checkpoint_len > LIMIT_NOTE) {
        return refuse("more than one append can hold");
    }
    ProtobufCBinaryData *fields = calloc(count + 1, sizeof *fields);
    char *note = calloc(checkpoint_len + 1, 1);
    depositary_question *made = NULL;
    if (fields != NULL && note != NULL) {
        memcpy(note, checkpoint, checkpoint_len);
        for (size_t i = 0; i < count; i++) {
            fields[i] = data_field(records[i].data, records[i].len);
        }
        question.n_records = count;
        question.records = fields;
        question.checkpoint = note;
        made = question_new(LEDGER_METHOD("AppendEntries"), &question.base);
    }
    free(note);
    free(fields);
    return made;
}

/* What PutClauses points at while it is packed. */
struct put_fields {
    Depositary__V1__PlacedClause *clauses;
    Depositary__V1__PlacedClause **pointers;
    ProtobufCBinaryData *path; /* of all */
};

static bool make_put_fields(struct put_fields *out, const depositary_placed_clause *clauses, size_t count) {
    size_t hashes = 0;
    for (size_t i = 0; i < count; i++) {
        if (clauses[i].path_count > LIMIT_PATH) {
            return false;
        }
        hashes += clauses[i].path_count;
    }
    out->clauses = calloc(count + 1, sizeof *out->clauses);
    out->pointers = calloc(count + 1, sizeof(Depositary__V1__PlacedClause *));
    out->path = calloc(hashes + 1, sizeof *out->path);
    if (out->clauses == NULL || out->pointers == NULL || out->path == NULL) {
        return false;
    }
    ProtobufCBinaryData *path = out->path;
    for (size_t i = 0; i < count; i++) {
        depositary__v1__placed_clause__init(&out->clauses[i]);
        out->pointers[i] = &out->clauses[i];
        out->clauses[i].place = clauses[i].place;
        out->clauses[i].record = data_field(clauses[i].record.data, clauses[i].record.len);
        out->clauses[i].n_path = clauses[i].path_count;
        out->clauses[i].path = path;
        for (size_t hash = 0; hash < clauses[i].path_count; hash++) {
            *path++ = data_field(clauses[i].path + hash * HASH_LEN, HASH_LEN);
        }
    }
    return true;
}

depositary_question *depositary_question_put_clauses(const uint8_t edition[32], const depositary_placed_clause *clauses,
                                                     size_t count) {
    Depositary__V1__PutClausesRequest question = DEPOSITARY__V1__PUT_CLAUSES_REQUEST__INIT;
    struct put_fields fields = {NULL, NULL, NULL};
    depositary_question *made;
    if (count <= LIMIT_REQUEST_APPEND && make_put_fields(&fields, clauses, count)) {
        question.edition = data_field(edition, HASH_LEN);
        question.n_clauses = count;
        question.clauses = fields.pointers;
        made = question_new(LEDGER_METHOD("PutClauses"), &question.base);
    } else {
        made = refuse("more than one call can hold");
    }
    free(fields.clauses);
    free(fields.pointers);
    free(fields.path);
    return made;
}

/* ---- a method by its name */

depositary_question *depositary_question_generic(const char *method, const void *message, size_t message_len) {
    if (method == NULL || method[0] != '/' || strlen(method) > METHOD_NAME_MAX) {
        return refuse("a method is named like /depositary.v1.DepositaryService/GetClause");
    }
    if (message_len > LIMIT_REQUEST_APPEND) {
        return refuse("the request is larger than the protocol allows");
    }
    depositary_question *question = calloc(1, sizeof *question);
    uint8_t *copy = malloc(message_len + 1);
    if (question == NULL || copy == NULL) {
        free(question);
        free(copy);
        return NULL;
    }
    bytes_write(copy, bytes_of(message, message_len));
    (void)snprintf(question->name, sizeof question->name, "%s", method);
    question->message = copy;
    question->message_len = message_len;
    return question;
}
