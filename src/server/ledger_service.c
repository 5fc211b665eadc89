/*
 * LedgerService: the ledger for auditors, mirrors and the office. PROTOCOL.md sections 2 and 6. Reads are of the call's state; `ledger` is always
 * in the answer, but for GetAnswerKey, whose request says what the client holds. Appends go to ledger/, which judges them.
 *
 * Statuses, beside those of answer.c: a checkpoint that no pinned key signed PERMISSION_DENIED; one that does not extend the current one
 * ABORTED; CLAUSES_MISSING and NO_PENDING_APPEND FAILED_PRECONDITION; sizes and places past the ledger OUT_OF_RANGE.
 */
#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"
#include "depositary/v1/ledger.pb-c.h"
#include "server/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ENTRIES_PAGE 100u                                   /* where the request leaves it to us */
#define STATE_ROOM   (LIMIT_NOTE + LIMIT_ENTRY + 8 * 1024u) /* bytes of a response beside its list */
#define APPEND_TRIES 5u                                     /* where others append at the same time */
#define PUT_CHUNK    256u /* clauses handed to the ledger at once; each needs room for a path */

/* ---- sizes in requests */

/* A size of the ledger in a request: 0 is the state's. False, with the status set, where it is past the state. */
static bool read_size(struct call *call, uint64_t asked, const char *field, uint64_t *out) {
    uint64_t current = call_state(call)->size;
    if (asked > current) {
        status_set(&call->status, STATUS_OUT_OF_RANGE, "SIZE", "%s: the ledger has %" PRIu64 " entries", field,
                   current);
        return false;
    }
    *out = asked == 0 ? current : asked;
    return true;
}

static bool read_hash(struct call *call, const ProtobufCBinaryData *bytes, const char *field, struct hash *out) {
    if (bytes->len != HASH_LEN) {
        status_bad_field(&call->status, field, "%s has %d bytes, not %zu", field, HASH_LEN, bytes->len);
        return false;
    }
    memcpy(out->bytes, bytes->data, HASH_LEN);
    return true;
}

/* ---- reads */

static void ledger_get_checkpoint(Depositary__V1__LedgerService_Service *service,
                                  const Depositary__V1__GetCheckpointRequest *input,
                                  Depositary__V1__GetCheckpointResponse_Closure closure, void *closure_data) {
    (void)input;
    struct call *call = call_of(service);
    Depositary__V1__GetCheckpointResponse response = DEPOSITARY__V1__GET_CHECKPOINT_RESPONSE__INIT;
    int error = answer_ledger_state(call, 0, &response.ledger);
    closure(error ? NULL : &response, closure_data);
}

static int find_leaf(struct call *call, const struct hash *leaf_hash, uint64_t size, uint64_t *index) {
    int error = ledger_find(call_server(call)->ledger, call_state(call), leaf_hash, index);
    if (error && error != DEPOSITARY_E_MISSING) {
        return answer_error(call, error);
    }
    if (error || *index >= size) {
        status_set(&call->status, STATUS_NOT_FOUND, "ENTRY", "no entry of the tree has this leaf hash");
        return DEPOSITARY_E_MISSING;
    }
    return 0;
}

/* The entry that a request names, by index or leaf hash. */
static int find_entry(struct call *call, const Depositary__V1__GetInclusionProofRequest *input, uint64_t size,
                      uint64_t *index) {
    struct hash leaf_hash;
    switch (input->entry_case) {
    case DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_INDEX:
        if (input->index >= size) {
            status_set(&call->status, STATUS_OUT_OF_RANGE, "INDEX", "the tree has %" PRIu64 " entries", size);
            return DEPOSITARY_E_ARGUMENT;
        }
        *index = input->index;
        return 0;
    case DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_LEAF_HASH:
        if (!read_hash(call, &input->leaf_hash, "leaf_hash", &leaf_hash)) {
            return DEPOSITARY_E_ARGUMENT;
        }
        return find_leaf(call, &leaf_hash, size, index);
    default:
        status_bad_field(&call->status, "entry", "index or leaf_hash says which entry");
        return DEPOSITARY_E_ARGUMENT;
    }
}

static int prove_inclusion(struct call *call, const Depositary__V1__GetInclusionProofRequest *input,
                           Depositary__V1__GetInclusionProofResponse *response) {
    uint64_t size;
    if (!read_size(call, input->ledger_size, "ledger_size", &size)) {
        return DEPOSITARY_E_ARGUMENT;
    }
    int error = find_entry(call, input, size, &response->index);
    if (error) {
        return error;
    }
    struct merkle_path path;
    error = ledger_inclusion(call_server(call)->ledger, response->index, size, &path);
    if (error) {
        return answer_error(call, error);
    }
    error = answer_path(call, &path, &response->n_path, &response->path);
    return error ? error : answer_ledger_state(call, 0, &response->ledger);
}

static void ledger_get_inclusion_proof(Depositary__V1__LedgerService_Service *service,
                                       const Depositary__V1__GetInclusionProofRequest *input,
                                       Depositary__V1__GetInclusionProofResponse_Closure closure, void *closure_data) {
    Depositary__V1__GetInclusionProofResponse response = DEPOSITARY__V1__GET_INCLUSION_PROOF_RESPONSE__INIT;
    int error = prove_inclusion(call_of(service), input, &response);
    closure(error ? NULL : &response, closure_data);
}

static int prove_consistency(struct call *call, const Depositary__V1__GetConsistencyProofRequest *input,
                             Depositary__V1__GetConsistencyProofResponse *response) {
    uint64_t new_size;
    if (!read_size(call, input->new_size, "new_size", &new_size)) {
        return DEPOSITARY_E_ARGUMENT;
    }
    if (input->old_size == 0 || input->old_size > new_size) {
        status_bad_field(&call->status, "old_size", "old_size is 1 to new_size, %" PRIu64 " here", new_size);
        return DEPOSITARY_E_ARGUMENT;
    }
    struct merkle_path path;
    int error = ledger_consistency(call_server(call)->ledger, input->old_size, new_size, &path);
    if (error) {
        return answer_error(call, error);
    }
    error = answer_path(call, &path, &response->n_path, &response->path);
    return error ? error : answer_ledger_state(call, 0, &response->ledger);
}

static void ledger_get_consistency_proof(Depositary__V1__LedgerService_Service *service,
                                         const Depositary__V1__GetConsistencyProofRequest *input,
                                         Depositary__V1__GetConsistencyProofResponse_Closure closure,
                                         void *closure_data) {
    Depositary__V1__GetConsistencyProofResponse response = DEPOSITARY__V1__GET_CONSISTENCY_PROOF_RESPONSE__INIT;
    int error = prove_consistency(call_of(service), input, &response);
    closure(error ? NULL : &response, closure_data);
}

/* Reads entries until the page or the response is full; at least one. */
static int read_entries(struct call *call, uint64_t start, uint64_t count, ProtobufCBinaryData *records, size_t *n) {
    struct buffer record;
    buffer_init(&record, LIMIT_ENTRY);
    size_t bytes = 0;
    int error = 0;
    for (*n = 0; *n < count && !error; (*n)++) {
        if (answer_is_late(call)) {
            error = DEPOSITARY_E_TIMEOUT;
            break;
        }
        struct fault fault = {0};
        buffer_clear(&record);
        error = ledger_entry(call_server(call)->ledger, call_state(call), start + *n, &record, NULL, &fault);
        if (error) {
            fault.error = error;
            answer_fault(call, &fault);
            break;
        }
        bytes += record.len + 8; /* with its tag and length */
        if (*n > 0 && bytes > LIMIT_RESPONSE - STATE_ROOM) {
            break;
        }
        error = answer_bytes(call, buffer_bytes(&record), &records[*n]);
    }
    buffer_free(&record);
    return error;
}

static int list_entries(struct call *call, const Depositary__V1__ListEntriesRequest *input,
                        Depositary__V1__ListEntriesResponse *response) {
    uint64_t size = call_state(call)->size;
    unsigned page_size;
    if (!answer_page_size(call, input->page_size, ENTRIES_PAGE, &page_size)) {
        return DEPOSITARY_E_ARGUMENT;
    }
    if (input->start >= size) {
        status_set(&call->status, STATUS_OUT_OF_RANGE, "SIZE", "start: the ledger has %" PRIu64 " entries", size);
        return DEPOSITARY_E_ARGUMENT;
    }
    uint64_t left = size - input->start;
    uint64_t count = left < page_size ? left : page_size;
    response->records = answer_alloc(call, (size_t)count * sizeof(*response->records));
    if (!response->records) {
        return DEPOSITARY_E_MEMORY;
    }
    int error = read_entries(call, input->start, count, response->records, &response->n_records);
    return error ? error : answer_ledger_state(call, 0, &response->ledger);
}

static void ledger_list_entries(Depositary__V1__LedgerService_Service *service,
                                const Depositary__V1__ListEntriesRequest *input,
                                Depositary__V1__ListEntriesResponse_Closure closure, void *closure_data) {
    Depositary__V1__ListEntriesResponse response = DEPOSITARY__V1__LIST_ENTRIES_RESPONSE__INIT;
    int error = list_entries(call_of(service), input, &response);
    closure(error ? NULL : &response, closure_data);
}

/* ---- answer keys */

/* Index of the register's line of a key. */
static int find_key_line(struct call *call, const ProtobufCBinaryData *public_key, size_t *index) {
    if (public_key->len != PUBLIC_KEY_LEN) {
        status_bad_field(&call->status, "public_key", "a public key has %d bytes, not %zu", PUBLIC_KEY_LEN,
                         public_key->len);
        return DEPOSITARY_E_ARGUMENT;
    }
    struct buffer words;
    buffer_init(&words, 64);
    buffer_append(&words, BYTES("key "));
    buffer_append_base64(&words, bytes_of(public_key->data, public_key->len));
    buffer_append(&words, BYTES(" "));
    int error = words.error;
    if (error) {
        answer_error(call, error);
    } else if (!register_lines_find(call_state(call)->lines, buffer_bytes(&words), index)) {
        status_set(&call->status, STATUS_NOT_FOUND, "KEY", "the ledger has no record of this key");
        error = DEPOSITARY_E_MISSING;
    }
    buffer_free(&words);
    return error;
}

static int read_key_record(struct call *call, const struct hash *leaf_hash,
                           Depositary__V1__GetAnswerKeyResponse *response) {
    struct server *server = call_server(call);
    struct fault fault = {0};
    struct merkle_path path;
    struct buffer record;
    buffer_init(&record, LIMIT_ENTRY);
    int error = ledger_find_named(server->ledger, call_state(call), leaf_hash, &response->index);
    if (!error) {
        error = ledger_entry(server->ledger, call_state(call), response->index, &record, &path, &fault);
    }
    if (error) {
        fault.error = error;
        answer_fault(call, &fault);
    } else {
        error = answer_bytes(call, buffer_bytes(&record), &response->record);
    }
    buffer_free(&record);
    return error ? error : answer_path(call, &path, &response->n_path, &response->path);
}

static int get_answer_key(struct call *call, const Depositary__V1__GetAnswerKeyRequest *input,
                          Depositary__V1__GetAnswerKeyResponse *response) {
    const struct register_lines *lines = call_state(call)->lines;
    size_t index;
    int error = find_key_line(call, &input->public_key, &index);
    if (error) {
        return error;
    }
    struct register_line line;
    if (register_line_parse(&line, register_lines_line(lines, index)) != 0) {
        return answer_error(call, DEPOSITARY_E_DAMAGED);
    }
    error = read_key_record(call, &line.record, response);
    if (!error) {
        error = answer_register_line(call, index, &response->status);
    }
    return error ? error : answer_ledger_state(call, input->known_ledger_size, &response->ledger);
}

static void ledger_get_answer_key(Depositary__V1__LedgerService_Service *service,
                                  const Depositary__V1__GetAnswerKeyRequest *input,
                                  Depositary__V1__GetAnswerKeyResponse_Closure closure, void *closure_data) {
    Depositary__V1__GetAnswerKeyResponse response = DEPOSITARY__V1__GET_ANSWER_KEY_RESPONSE__INIT;
    int error = get_answer_key(call_of(service), input, &response);
    closure(error ? NULL : &response, closure_data);
}

/* ---- appending */

/* A mirror takes over what its origin accepted, and nothing else. False, with the status set, where this is one. */
static bool takes_appends(struct call *call) {
    if (call_server(call)->is_mirror)
        status_set(&call->status, STATUS_FAILED_PRECONDITION, "MIRROR",
                   "this is a mirror; append at the depositary that it follows");
    return !call_server(call)->is_mirror;
}

static int add_missing(struct call *call, const struct append_result *result) {
    for (size_t i = 0; i < result->missing_count; i++) {
        struct hash edition = result->missing[i].edition;
        Depositary__V1__MissingClauses missing = DEPOSITARY__V1__MISSING_CLAUSES__INIT;
        missing.edition = (ProtobufCBinaryData){HASH_LEN, edition.bytes};
        missing.from_place = result->missing[i].from_place;
        missing.count = result->missing[i].count;
        int error = status_add_detail(&call->status, &missing.base);
        if (error) {
            return error;
        }
    }
    return 0;
}

static void log_append(const struct call *call, const struct append_result *result) {
    char size[24];
    snprintf(size, sizeof(size), "%" PRIu64, result->size);
    log_line(LOG_LEVEL_INFO, "ledger extended", "size", size, "peer", call->peer, "traceparent", call->traceparent,
             NULL);
}

/* After DEPOSITARY_E_STATE, where others append to the same ledger: brings ours up to theirs. 0: it may go otherwise now. */
static int catch_up(struct server *server, struct fault *fault) {
    int (*now)(void *, struct fault *) = __atomic_load_n(&server->catch_up, __ATOMIC_ACQUIRE);
    return now ? now(server->catch_up_context, fault) : DEPOSITARY_E_STATE;
}

/* Where another service has appended to the same ledger, it is judged anew upon what that one did. */
static int append(struct server *server, const struct bytes *records, size_t count, struct bytes checkpoint,
                  struct append_result *result, struct fault *fault) {
    int error = ledger_append(server->ledger, records, count, checkpoint, clock_now_s(), result, fault);
    for (unsigned i = 0; error == DEPOSITARY_E_STATE && i < APPEND_TRIES; i++) {
        error = catch_up(server, fault);
        if (error) {
            return error;
        }
        error = ledger_append(server->ledger, records, count, checkpoint, clock_now_s(), result, fault);
    }
    return error == DEPOSITARY_E_STATE ? DEPOSITARY_E_CONFLICT : error; /* others are faster, again and again */
}

static int append_entries(struct call *call, const Depositary__V1__AppendEntriesRequest *input,
                          Depositary__V1__AppendEntriesResponse *response) {
    struct server *server = call_server(call);
    struct bytes *records = answer_alloc(call, input->n_records * sizeof(*records));
    if (!records) {
        return DEPOSITARY_E_MEMORY;
    }
    for (size_t i = 0; i < input->n_records; i++) {
        records[i] = bytes_of(input->records[i].data, input->records[i].len);
    }
    struct append_result result = {0};
    struct fault fault = {0};
    int error = append(server, records, input->n_records, bytes_text(input->checkpoint), &result, &fault);
    if (error) {
        fault.error = error;
        answer_fault(call, &fault);
        if (error == DEPOSITARY_E_CLAUSES_MISSING && add_missing(call, &result) != 0) {
            answer_error(call, DEPOSITARY_E_MEMORY);
        }
        return error;
    }
    if (result.size > call_state(call)->size) { /* else anybody may send again what is there */
        log_append(call, &result);
    }
    if (server->grown) {
        server->grown(server->grown_context, call->deadline_ns);
    }
    response->ledger_size = result.size;
    return 0;
}

static void ledger_append_entries(Depositary__V1__LedgerService_Service *service,
                                  const Depositary__V1__AppendEntriesRequest *input,
                                  Depositary__V1__AppendEntriesResponse_Closure closure, void *closure_data) {
    Depositary__V1__AppendEntriesResponse response = DEPOSITARY__V1__APPEND_ENTRIES_RESPONSE__INIT;
    int error =
        takes_appends(call_of(service)) ? append_entries(call_of(service), input, &response) : DEPOSITARY_E_STATE;
    closure(error ? NULL : &response, closure_data);
}

/* Room for the clauses that are handed to the ledger at once. */
struct put_chunk {
    struct placed_clause clauses[PUT_CHUNK];
    struct merkle_path paths[PUT_CHUNK];
};

static bool read_clause(struct call *call, const Depositary__V1__PlacedClause *clause, struct placed_clause *out,
                        struct merkle_path *path) {
    if (!merkle_path_read(path, clause->n_path, clause->path)) {
        status_bad_field(&call->status, "clauses.path", "a path is at most %u hashes of %d bytes", LIMIT_PATH,
                         HASH_LEN);
        return false;
    }
    *out = (struct placed_clause){
        .place = clause->place, .record = bytes_of(clause->record.data, clause->record.len), .path = path};
    return true;
}

static int put_some(struct call *call, const struct hash *edition, Depositary__V1__PlacedClause *const *clauses,
                    size_t count, struct put_chunk *chunk, uint64_t *received) {
    for (size_t i = 0; i < count; i++) {
        if (!read_clause(call, clauses[i], &chunk->clauses[i], &chunk->paths[i])) {
            return DEPOSITARY_E_ARGUMENT;
        }
    }
    struct fault fault = {0};
    uint64_t taken = 0;
    struct server *server = call_server(call);
    int error = ledger_put_clauses(server->ledger, edition, chunk->clauses, count, clock_now_s(), &taken, &fault);
    if (error == DEPOSITARY_E_STATE) {
        error = catch_up(server, &fault);
        if (!error) {
            error = ledger_put_clauses(server->ledger, edition, chunk->clauses, count, clock_now_s(), &taken, &fault);
        }
    }
    if (error) {
        fault.error = error;
        answer_fault(call, &fault);
        if (error == DEPOSITARY_E_STATE) {
            status_set(&call->status, STATUS_FAILED_PRECONDITION, "NO_PENDING_APPEND", "%s", fault_text(&fault));
        }
        return error;
    }
    *received += taken;
    return 0;
}

static int put_clauses(struct call *call, const Depositary__V1__PutClausesRequest *input,
                       Depositary__V1__PutClausesResponse *response) {
    struct hash edition;
    if (!read_hash(call, &input->edition, "edition", &edition)) {
        return DEPOSITARY_E_ARGUMENT;
    }
    struct put_chunk *chunk = answer_alloc(call, sizeof(*chunk));
    if (!chunk) {
        return DEPOSITARY_E_MEMORY;
    }
    size_t done = 0;
    do { /* once for no clauses, too: whether the append is pending is said all the same */
        size_t count = input->n_clauses - done < PUT_CHUNK ? input->n_clauses - done : PUT_CHUNK;
        int error = put_some(call, &edition, input->clauses + done, count, chunk, &response->received);
        if (error) {
            return error;
        }
        done += count;
    } while (done < input->n_clauses);
    return 0;
}

static void ledger_put_clauses_call(Depositary__V1__LedgerService_Service *service,
                                    const Depositary__V1__PutClausesRequest *input,
                                    Depositary__V1__PutClausesResponse_Closure closure, void *closure_data) {
    Depositary__V1__PutClausesResponse response = DEPOSITARY__V1__PUT_CLAUSES_RESPONSE__INIT;
    int error = takes_appends(call_of(service)) ? put_clauses(call_of(service), input, &response) : DEPOSITARY_E_STATE;
    closure(error ? NULL : &response, closure_data);
}

static const Depositary__V1__LedgerService_Service implementation = {
    .base = {.descriptor = &depositary__v1__ledger_service__descriptor, .invoke = protobuf_c_service_invoke_internal},
    .get_checkpoint = ledger_get_checkpoint,
    .get_inclusion_proof = ledger_get_inclusion_proof,
    .get_consistency_proof = ledger_get_consistency_proof,
    .list_entries = ledger_list_entries,
    .get_answer_key = ledger_get_answer_key,
    .append_entries = ledger_append_entries,
    .put_clauses = ledger_put_clauses_call,
};

const struct service_entry ledger_service = {&depositary__v1__ledger_service__descriptor, &implementation.base,
                                             sizeof(implementation)};
