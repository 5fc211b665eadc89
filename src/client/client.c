/* The client's public calls: a typed question each, the same way for all. include/depositary/client.h says what they do. */
#include "client/ask.h"

#include "base/time.h"
#include "client/view.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS_DEFAULT 10000u
#define NS_PER_MS          1000000u

/* ---- making and freeing */

/* A checkpoint from before. Two of them that contradict each other are a fork, and then there is no client. */
static int take_anchor(struct depositary_client *client, struct bytes note, const struct checkpoint *checkpoint,
                       struct fault *fault) {
    struct buffer held;
    int error = trust_anchor(client->trust, checkpoint, note);
    if (error != DEPOSITARY_E_FORK) {
        return error ? fault_set(fault, error, "the checkpoint from before cannot be kept") : 0;
    }
    buffer_init(&held, LIMIT_NOTE);
    trust_note(client->trust, checkpoint->size, &held);
    error =
        memory_keep_fork(&client->memory, buffer_bytes(&held), note, client->evidence, sizeof client->evidence, fault);
    buffer_free(&held);
    return error ? error
                 : fault_set(fault, DEPOSITARY_E_FORK,
                             "the floor and the remembered checkpoint are of two ledgers of one origin%s%.400s",
                             client->evidence[0] != '\0' ? "; both notes are in " : "", client->evidence);
}

/* What was seen before: on disk, and what the caller gives. */
static int load_memory(struct depositary_client *client, const depositary_client_config *config, struct fault *fault) {
    const struct policy *policy = client->policy->policy;
    struct checkpoint checkpoint;
    struct buffer note;
    buffer_init(&note, LIMIT_NOTE);
    int error = memory_init(&client->memory, config->state_dir, policy, fault);
    if (error == 0) {
        error = memory_load(&client->memory, policy, &note, &checkpoint, fault);
    }
    if (error == 0 && note.len > 0) {
        error = take_anchor(client, buffer_bytes(&note), &checkpoint, fault);
    }
    if (error == 0 && config->floor_note != NULL) {
        struct bytes floor = bytes_of(config->floor_note, config->floor_note_len);
        error = policy_verify_checkpoint(&checkpoint, policy, floor, fault);
        if (error == 0) {
            error = take_anchor(client, floor, &checkpoint, fault);
        }
    }
    buffer_free(&note);
    return error;
}

static int copy_policy(struct depositary_client *client, const depositary_policy *policy) {
    client->policy = calloc(1, sizeof *client->policy);
    if (client->policy == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    memcpy(client->policy->origin, policy->origin, sizeof policy->origin);
    return policy_copy(&client->policy->policy, policy->policy);
}

static int build(struct depositary_client *client, const depositary_client_config *config, struct fault *fault) {
    struct connect_config connect = {config->endpoints, config->tls_ca_file, config->tls_cert_file,
                                     config->tls_key_file};
    int error = copy_policy(client, config->policy);
    if (error == 0) {
        error = trust_new(&client->trust, client->policy->policy);
    }
    if (error == 0) {
        error = pages_new(&client->pages);
    }
    if (error) {
        return fault_set(fault, error, "no memory for a client");
    }
    error = load_memory(client, config, fault);
    return error ? error : connect_open(&client->connection, &connect, fault);
}

int depositary_client_new(depositary_client **out, const depositary_client_config *config,
                          depositary_failure *failure) {
    struct fault fault = {0, ""};
    depositary_client *client = NULL;
    int error = depositary_verify_init();
    if (error == 0 && (config->policy == NULL || config->endpoints == NULL)) {
        error = fault_set(&fault, DEPOSITARY_E_ARGUMENT, "a client needs a policy and an endpoint");
    }
    if (error == 0) {
        client = calloc(1, sizeof *client);
        error = client == NULL || pthread_mutex_init(&client->lock, NULL) != 0 ? DEPOSITARY_E_MEMORY : 0;
    }
    if (error) {
        free(client);
        return view_failure(failure, error, &fault);
    }
    client->timeout_ms = config->timeout_ms != 0 ? config->timeout_ms : TIMEOUT_MS_DEFAULT;
    client->clock_tolerance_s = config->clock_tolerance_s != 0 ? config->clock_tolerance_s : CLOCK_TOLERANCE_S;
    client->max_age_s = config->max_age_s;
    client->for_office = config->for_office != 0;
    error = build(client, config, &fault);
    if (error) {
        depositary_client_free(&client);
    } else {
        *out = client;
    }
    return view_failure(failure, error, &fault);
}

void depositary_client_free(depositary_client **pointer) {
    if (pointer == NULL || *pointer == NULL) {
        return;
    }
    depositary_client *client = *pointer;
    connect_close(client->connection);
    trust_free(client->trust);
    pages_free(client->pages);
    depositary_policy_free(&client->policy);
    (void)pthread_mutex_destroy(&client->lock);
    free(client);
    *pointer = NULL;
}

const char *depositary_client_fork_evidence(const depositary_client *client) {
    return trust_is_forked(client->trust) ? client->evidence : "";
}

/* ---- calling */

/* A caller that waits. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    bool is_done;
    struct depositary_answer *answer;
};

static void wake(void *context, struct depositary_answer *answer) {
    struct waiter *waiter = context;
    pthread_mutex_lock(&waiter->lock);
    waiter->answer = answer;
    waiter->is_done = true;
    pthread_cond_signal(&waiter->ready);
    pthread_mutex_unlock(&waiter->lock);
}

static int call(depositary_client *client, const char *method, const ProtobufCMessage *message,
                const struct hash *known_root, depositary_answer **out) {
    struct waiter waiter = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, NULL};
    struct ask_options options = {.known_root = known_root,
                                  .deadline_ns = clock_monotonic_ns() + (uint64_t)client->timeout_ms * NS_PER_MS};
    ask_start(client, method_find(bytes_text(method)), message, &options, wake, &waiter);
    pthread_mutex_lock(&waiter.lock);
    while (!waiter.is_done) {
        pthread_cond_wait(&waiter.ready, &waiter.lock);
    }
    pthread_mutex_unlock(&waiter.lock);
    (void)pthread_cond_destroy(&waiter.ready);
    (void)pthread_mutex_destroy(&waiter.lock);
    *out = waiter.answer;
    return waiter.answer != NULL ? waiter.answer->error : DEPOSITARY_E_MEMORY;
}

/* A question that cannot be asked. */
static int refuse(depositary_answer **out, const char *words) {
    *out = answer_failed(DEPOSITARY_E_ARGUMENT, words);
    return *out != NULL ? DEPOSITARY_E_ARGUMENT : DEPOSITARY_E_MEMORY;
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

int depositary_list_instruments(depositary_client *client, const depositary_page *page, depositary_answer **out) {
    Depositary__V1__ListInstrumentsRequest question = DEPOSITARY__V1__LIST_INSTRUMENTS_REQUEST__INIT;
    if (page != NULL) {
        question.page_size = page->size;
        question.page_token = text_field(page->token);
    }
    return call(client, DEPOSITARY_METHOD("ListInstruments"), &question.base, NULL, out);
}

int depositary_get_instrument(depositary_client *client, const depositary_edition_query *which,
                              const depositary_page *page, depositary_answer **out) {
    Depositary__V1__GetInstrumentRequest question = DEPOSITARY__V1__GET_INSTRUMENT_REQUEST__INIT;
    Google__Protobuf__Timestamp as_of;
    which = which != NULL ? which : &no_query;
    question.instrument = text_field(which->instrument);
    question.language = text_field(which->language);
    question.edition = which->edition;
    if (!time_field(which->as_of, &as_of, &question.as_of)) {
        return refuse(out, NO_TIME);
    }
    if (!instrument_valid(bytes_text(question.instrument))) {
        return refuse(out, "no instrument is named, or its name cannot be one");
    }
    if (page != NULL) {
        question.page_size = page->size;
        question.page_token = text_field(page->token);
    }
    return call(client, DEPOSITARY_METHOD("GetInstrument"), &question.base, NULL, out);
}

int depositary_get_clause(depositary_client *client, const depositary_edition_query *which, const char *eid,
                          depositary_answer **out) {
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
        return refuse(out, NO_TIME);
    }
    if (!instrument_valid(bytes_text(name.instrument)) || !eid_valid(bytes_text(name.eid))) {
        return refuse(out, "no instrument or clause is named, or its name cannot be one");
    }
    return call(client, DEPOSITARY_METHOD("GetClause"), &question.base, NULL, out);
}

int depositary_list_clauses(depositary_client *client, const depositary_edition_query *which, uint64_t from_place,
                            const depositary_page *page, depositary_answer **out) {
    Depositary__V1__ListClausesRequest question = DEPOSITARY__V1__LIST_CLAUSES_REQUEST__INIT;
    which = which != NULL ? which : &no_query;
    question.instrument = text_field(which->instrument);
    question.language = text_field(which->language);
    question.edition = which->edition;
    question.from_place = from_place;
    if (which->as_of != NULL && which->as_of[0] != '\0') {
        return refuse(out, "clauses are not listed as of a time: find the edition of that time first");
    }
    if (!instrument_valid(bytes_text(question.instrument))) {
        return refuse(out, "no instrument is named, or its name cannot be one");
    }
    if (page != NULL) {
        question.page_size = page->size;
        question.page_token = text_field(page->token);
    }
    return call(client, DEPOSITARY_METHOD("ListClauses"), &question.base, NULL, out);
}

int depositary_search_clauses(depositary_client *client, const char *query, const depositary_edition_query *which,
                              int kind, const depositary_page *page, depositary_answer **out) {
    Depositary__V1__SearchClausesRequest question = DEPOSITARY__V1__SEARCH_CLAUSES_REQUEST__INIT;
    Google__Protobuf__Timestamp as_of;
    which = which != NULL ? which : &no_query;
    question.query = text_field(query);
    question.instrument = text_field(which->instrument);
    question.language = text_field(which->language);
    question.edition = which->edition;
    question.kind = (Depositary__V1__ClauseKind)kind;
    if (!time_field(which->as_of, &as_of, &question.as_of)) {
        return refuse(out, NO_TIME);
    }
    if (page != NULL) {
        question.page_size = page->size;
        question.page_token = text_field(page->token);
    }
    return call(client, DEPOSITARY_METHOD("SearchClauses"), &question.base, NULL, out);
}

int depositary_check_quote(depositary_client *client, const char *quote, size_t quote_len,
                           const depositary_edition_query *which, depositary_answer **out) {
    Depositary__V1__CheckQuoteRequest question = DEPOSITARY__V1__CHECK_QUOTE_REQUEST__INIT;
    Google__Protobuf__Timestamp as_of;
    which = which != NULL ? which : &no_query;
    question.instrument = text_field(which->instrument);
    question.language = text_field(which->language);
    question.edition = which->edition;
    if (!time_field(which->as_of, &as_of, &question.as_of)) {
        return refuse(out, NO_TIME);
    }
    if (quote_len == 0 || quote_len > LIMIT_QUOTE || memchr(quote, 0, quote_len) != NULL) {
        return refuse(out, "a quote has 1 byte to 16 KiB, and no NUL");
    }
    char *text = malloc(quote_len + 1);
    if (text == NULL) {
        *out = NULL;
        return DEPOSITARY_E_MEMORY;
    }
    memcpy(text, quote, quote_len);
    text[quote_len] = '\0';
    question.quote = text;
    int error = call(client, DEPOSITARY_METHOD("CheckQuote"), &question.base, NULL, out);
    free(text);
    return error;
}

int depositary_resolve_citation(depositary_client *client, const char *citation, const depositary_edition_query *which,
                                depositary_answer **out) {
    Depositary__V1__ResolveCitationRequest question = DEPOSITARY__V1__RESOLVE_CITATION_REQUEST__INIT;
    which = which != NULL ? which : &no_query;
    question.citation = text_field(citation);
    question.instrument = text_field(which->instrument);
    question.language = text_field(which->language);
    return call(client, DEPOSITARY_METHOD("ResolveCitation"), &question.base, NULL, out);
}

/* ---- LedgerService and health */

int depositary_get_checkpoint(depositary_client *client, depositary_answer **out) {
    Depositary__V1__GetCheckpointRequest question = DEPOSITARY__V1__GET_CHECKPOINT_REQUEST__INIT;
    return call(client, LEDGER_METHOD("GetCheckpoint"), &question.base, NULL, out);
}

static struct hash hash_of(const uint8_t bytes[32]) {
    struct hash hash;
    memcpy(hash.bytes, bytes, HASH_LEN);
    return hash;
}

int depositary_get_inclusion_proof(depositary_client *client, const uint8_t leaf_hash[32], uint64_t ledger_size,
                                   const uint8_t root[32], depositary_answer **out) {
    Depositary__V1__GetInclusionProofRequest question = DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__INIT;
    question.entry_case = DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_LEAF_HASH;
    question.leaf_hash = data_field(leaf_hash, HASH_LEN);
    question.ledger_size = ledger_size;
    if (ledger_size != 0 && root == NULL) {
        return refuse(out, "a proof for another size than the current needs that size's root");
    }
    struct hash known = root != NULL ? hash_of(root) : (struct hash){{0}};
    return call(client, LEDGER_METHOD("GetInclusionProof"), &question.base, root != NULL ? &known : NULL, out);
}

int depositary_get_consistency_proof(depositary_client *client, uint64_t old_size, const uint8_t old_root[32],
                                     depositary_answer **out) {
    Depositary__V1__GetConsistencyProofRequest question = DEPOSITARY__V1__GET_CONSISTENCY_PROOF_REQUEST__INIT;
    struct hash known = hash_of(old_root);
    question.old_size = old_size;
    return call(client, LEDGER_METHOD("GetConsistencyProof"), &question.base, &known, out);
}

int depositary_list_entries(depositary_client *client, uint64_t start, int32_t page_size, depositary_answer **out) {
    Depositary__V1__ListEntriesRequest question = DEPOSITARY__V1__LIST_ENTRIES_REQUEST__INIT;
    question.start = start;
    question.page_size = page_size;
    return call(client, LEDGER_METHOD("ListEntries"), &question.base, NULL, out);
}

int depositary_get_answer_key(depositary_client *client, const uint8_t public_key[32], depositary_answer **out) {
    Depositary__V1__GetAnswerKeyRequest question = DEPOSITARY__V1__GET_ANSWER_KEY_REQUEST__INIT;
    question.public_key = data_field(public_key, PUBLIC_KEY_LEN);
    return call(client, LEDGER_METHOD("GetAnswerKey"), &question.base, NULL, out);
}

int depositary_check_health(depositary_client *client, const char *service, depositary_answer **out) {
    Grpc__Health__V1__HealthCheckRequest question = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    question.service = text_field(service);
    return call(client, "/grpc.health.v1.Health/Check", &question.base, NULL, out);
}

/* ---- the office's calls */

int depositary_append_entries(depositary_client *client, const depositary_blob *records, size_t count,
                              const char *checkpoint, size_t checkpoint_len, depositary_answer **out) {
    Depositary__V1__AppendEntriesRequest question = DEPOSITARY__V1__APPEND_ENTRIES_REQUEST__INIT;
    if (count > LIMIT_REQUEST_APPEND || checkpoint_len > LIMIT_NOTE) {
        return refuse(out, "more than one append can hold");
    }
    ProtobufCBinaryData *fields = calloc(count + 1, sizeof *fields);
    char *note = calloc(checkpoint_len + 1, 1);
    int error = DEPOSITARY_E_MEMORY;
    *out = NULL;
    if (fields != NULL && note != NULL) {
        memcpy(note, checkpoint, checkpoint_len);
        for (size_t i = 0; i < count; i++) {
            fields[i] = data_field(records[i].data, records[i].len);
        }
        question.n_records = count;
        question.records = fields;
        question.checkpoint = note;
        error = call(client, LEDGER_METHOD("AppendEntries"), &question.base, NULL, out);
    }
    free(note);
    free(fields);
    return error;
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

int depositary_put_clauses(depositary_client *client, const uint8_t edition[32],
                           const depositary_placed_clause *clauses, size_t count, depositary_answer **out) {
    Depositary__V1__PutClausesRequest question = DEPOSITARY__V1__PUT_CLAUSES_REQUEST__INIT;
    struct put_fields fields = {NULL, NULL, NULL};
    int error;
    if (count <= LIMIT_REQUEST_APPEND && make_put_fields(&fields, clauses, count)) {
        question.edition = data_field(edition, HASH_LEN);
        question.n_clauses = count;
        question.clauses = fields.pointers;
        error = call(client, LEDGER_METHOD("PutClauses"), &question.base, NULL, out);
    } else {
        error = refuse(out, "more than one call can hold");
    }
    free(fields.clauses);
    free(fields.pointers);
    free(fields.path);
    return error;
}
