/* Another depositary as a source (rpc_source.h): the calls, one after another on a connection that comes again by itself. */
#include "follower/rpc_source.h"

#include "base/arena.h"
#include "base/limits.h"
#include "depositary/v1/depositary.pb-c.h"
#include "depositary/v1/ledger.pb-c.h"
#include "rpc/call.h"
#include "rpc/socket.h"

#include <inttypes.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECT_MS    3000        /* until a request must be on its way */
#define ANSWER_MS     30000       /* until its answer must be there */
#define RECONNECT_MIN 100         /* ms */
#define RECONNECT_MAX 5000        /* ms */
#define ANSWER_MEMORY (96u << 20) /* bytes: a page of clauses, unpacked */
#define ENTRIES_PAGE  LIMIT_PAGE
#define CLAUSES_PAGE  256 /* a few hundred kilobytes */

struct rpc_source {
    struct source base;
    nng_socket socket;
    struct arena arena; /* of the call at hand */
    struct buffer request;
    struct buffer records;                                               /* clause records of a page */
    char instrument[LIMIT_INSTRUMENT + 1], language[LIMIT_LANGUAGE + 1]; /* of the clauses that are asked for */
};

static struct rpc_source *rpc_of(struct source *source) {
    return (struct rpc_source *)source;
}

/* ---- one call */

static int network_fault(struct fault *fault, int result) {
    if (result == NNG_ETIMEDOUT)
        return fault_set(fault, DEPOSITARY_E_TIMEOUT, "the source does not answer");
    if (result == NNG_ECLOSED)
        return fault_set(fault, DEPOSITARY_E_CANCELLED, "stopped");
    return fault_set(fault, DEPOSITARY_E_UNREACHABLE, "the source: %s", nng_strerror(result));
}

static int exchange(struct rpc_source *rpc, nng_msg **response, struct fault *fault) {
    nng_msg *message = NULL;
    int result = nng_msg_alloc(&message, 0);
    if (result == 0)
        result = nng_msg_append(message, rpc->request.data, rpc->request.len);
    if (result == 0)
        result = nng_sendmsg(rpc->socket, message, 0);
    if (result != 0) {
        nng_msg_free(message);
        return network_fault(fault, result);
    }
    result = nng_recvmsg(rpc->socket, response, 0);
    return result == 0 ? 0 : network_fault(fault, result);
}

static int status_fault(struct fault *fault, const struct status_view *status) {
    int error = DEPOSITARY_E_STATUS;
    if (status->code == STATUS_UNAVAILABLE)
        error = bytes_equal(bytes_text(status->reason), BYTES("EMPTY_LEDGER")) ? DEPOSITARY_E_MISSING
                                                                               : DEPOSITARY_E_UNREACHABLE;
    if (status->code == STATUS_DEADLINE_EXCEEDED || status->code == STATUS_RESOURCE_EXHAUSTED)
        error = DEPOSITARY_E_TIMEOUT; /* to be tried again */
    return fault_set(fault, error, "the source answers %s: %s", status_name(status->code), status->message);
}

/* The answer's message, in the arena until the next call. */
static int read_answer(struct rpc_source *rpc, const struct method *method, struct bytes response,
                       const ProtobufCMessage **out, struct fault *fault) {
    struct bytes bytes;
    struct seal seal;
    struct call_answer answer;
    int error = response_read(&bytes, &seal, response, &rpc->arena, fault);
    if (error == 0)
        error = answer_read(&answer, method, bytes, &rpc->arena, fault);
    if (error)
        return error;
    if (answer.status.code != STATUS_OK || answer.message == NULL)
        return status_fault(fault, &answer.status);
    *out = answer.message;
    return 0;
}

static int call(struct rpc_source *rpc, const char *name, const ProtobufCMessage *message, const ProtobufCMessage **out,
                struct fault *fault) {
    const struct method *method = method_find(bytes_text(name));
    uint8_t nonce[LIMIT_NONCE_MIN];
    nng_msg *response = NULL;
    randombytes_buf(nonce, sizeof nonce);
    arena_reset(&rpc->arena);
    buffer_clear(&rpc->request);
    int error = call_print(&rpc->request, method, message, bytes_of(nonce, sizeof nonce), ANSWER_MS, NULL);
    if (error == 0)
        error = exchange(rpc, &response, fault);
    if (error == 0)
        error = read_answer(rpc, method, bytes_of(nng_msg_body(response), nng_msg_len(response)), out, fault);
    nng_msg_free(response);
    return error;
}

/* ---- what a source gives */

static int source_checkpoint(struct source *source, struct buffer *note, struct fault *fault) {
    const Depositary__V1__GetCheckpointRequest request = DEPOSITARY__V1__GET_CHECKPOINT_REQUEST__INIT;
    const ProtobufCMessage *message = NULL;
    int error = call(rpc_of(source), "/depositary.v1.LedgerService/GetCheckpoint", &request.base, &message, fault);
    if (error)
        return error;
    const Depositary__V1__GetCheckpointResponse *response = (const Depositary__V1__GetCheckpointResponse *)message;
    if (response->ledger == NULL)
        return fault_set(fault, DEPOSITARY_E_RESPONSE, "the source gives no checkpoint");
    buffer_append(note, bytes_text(response->ledger->checkpoint));
    return note->error;
}

static int source_entries(struct source *source, uint64_t start, uint64_t count, source_entry_sink *sink, void *context,
                          struct fault *fault) {
    Depositary__V1__ListEntriesRequest request = DEPOSITARY__V1__LIST_ENTRIES_REQUEST__INIT;
    const ProtobufCMessage *message = NULL;
    request.start = start;
    request.page_size = count < ENTRIES_PAGE ? (int32_t)count : (int32_t)ENTRIES_PAGE;
    int error = call(rpc_of(source), "/depositary.v1.LedgerService/ListEntries", &request.base, &message, fault);
    if (error)
        return error;
    const Depositary__V1__ListEntriesResponse *response = (const Depositary__V1__ListEntriesResponse *)message;
    for (size_t i = 0; error == 0 && i < response->n_records && i < count; i++)
        error = sink(context, bytes_of(response->records[i].data, response->records[i].len));
    return error;
}

static int source_consistency(struct source *source, uint64_t old_size, uint64_t new_size, struct merkle_path *out,
                              struct fault *fault) {
    Depositary__V1__GetConsistencyProofRequest request = DEPOSITARY__V1__GET_CONSISTENCY_PROOF_REQUEST__INIT;
    const ProtobufCMessage *message = NULL;
    request.old_size = old_size;
    request.new_size = new_size;
    int error =
        call(rpc_of(source), "/depositary.v1.LedgerService/GetConsistencyProof", &request.base, &message, fault);
    if (error)
        return error;
    const Depositary__V1__GetConsistencyProofResponse *response =
        (const Depositary__V1__GetConsistencyProofResponse *)message;
    return merkle_path_read(out, response->n_path, response->path)
               ? 0
               : fault_set(fault, DEPOSITARY_E_RESPONSE, "the source's consistency proof is not one of hashes");
}

/* ---- clauses */

static void set_request(struct rpc_source *rpc, const struct source_clauses *wanted,
                        Depositary__V1__ListClausesRequest *request) {
    const struct edition_record *record = &wanted->record;
    snprintf(rpc->instrument, sizeof rpc->instrument, "%.*s", (int)record->instrument.len, record->instrument.data);
    snprintf(rpc->language, sizeof rpc->language, "%.*s", (int)record->language.len, record->language.data);
    request->instrument = rpc->instrument;
    request->language = rpc->language;
    request->edition = record->edition;
    request->from_place = wanted->from_place;
    request->page_size = wanted->count < CLAUSES_PAGE ? (int32_t)wanted->count : CLAUSES_PAGE;
}

/* Prints the record of one; its length, since the buffer may move. */
static int print_record(struct rpc_source *rpc, const Depositary__V1__CertifiedClause *in, size_t *len,
                        struct fault *fault) {
    size_t before = rpc->records.len;
    if (in->clause == NULL)
        return fault_set(fault, DEPOSITARY_E_RESPONSE, "the source gives a clause without text");
    const struct clause_record record = {bytes_text(in->clause->instrument), bytes_text(in->clause->language),
                                         bytes_text(in->clause->eid), bytes_text(in->clause->text)};
    int error = clause_record_print(&rpc->records, &record, fault);
    *len = rpc->records.len - before;
    return error ? error : rpc->records.error;
}

/* The page as the ledger takes it, in the arena. */
static int place_clauses(struct rpc_source *rpc, const Depositary__V1__ListClausesResponse *response, size_t count,
                         struct placed_clause **out, struct fault *fault) {
    struct placed_clause *placed = arena_zalloc(&rpc->arena, count * sizeof *placed);
    struct merkle_path *paths = arena_zalloc(&rpc->arena, count * sizeof *paths);
    if (placed == NULL || paths == NULL)
        return fault_set(fault, DEPOSITARY_E_LIMIT, "a page of clauses is larger than it may be");
    buffer_clear(&rpc->records);
    for (size_t i = 0; i < count; i++) {
        const Depositary__V1__CertifiedClause *clause = response->clauses[i];
        int error = print_record(rpc, clause, &placed[i].record.len, fault);
        if (error)
            return error;
        if (!merkle_path_read(&paths[i], clause->n_path, clause->path))
            return fault_set(fault, DEPOSITARY_E_RESPONSE,
                             "the path of the clause at place %" PRIu64 " is not one of hashes", clause->place);
        placed[i].place = clause->place;
        placed[i].path = &paths[i];
    }
    const uint8_t *at = rpc->records.data;
    for (size_t i = 0; i < count; i++) {
        placed[i].record.data = at;
        at += placed[i].record.len;
    }
    *out = placed;
    return 0;
}

static int source_clauses(struct source *source, const struct source_clauses *wanted, source_clause_sink *sink,
                          void *context, struct fault *fault) {
    struct rpc_source *rpc = rpc_of(source);
    Depositary__V1__ListClausesRequest request = DEPOSITARY__V1__LIST_CLAUSES_REQUEST__INIT;
    const ProtobufCMessage *message = NULL;
    struct placed_clause *placed = NULL;
    set_request(rpc, wanted, &request);
    int error = call(rpc, "/depositary.v1.DepositaryService/ListClauses", &request.base, &message, fault);
    if (error)
        return error;
    const Depositary__V1__ListClausesResponse *response = (const Depositary__V1__ListClausesResponse *)message;
    size_t count = response->n_clauses < wanted->count ? response->n_clauses : (size_t)wanted->count;
    if (count == 0)
        return 0;
    error = place_clauses(rpc, response, count, &placed, fault);
    return error ? error : sink(context, placed, count);
}

/* ---- begin and end */

static void source_close(struct source *source) {
    struct rpc_source *rpc = rpc_of(source);
    (void)socket_close(rpc->socket);
    arena_free(&rpc->arena);
    buffer_free(&rpc->request);
    buffer_free(&rpc->records);
    free(rpc);
}

/* A closed socket ends every call, now and later. */
static void source_cancel(struct source *source) {
    (void)socket_close(rpc_of(source)->socket);
}

static const struct source_ops RPC_OPS = {
    .close = source_close,
    .cancel = source_cancel,
    .checkpoint = source_checkpoint,
    .entries = source_entries,
    .consistency = source_consistency,
    .clauses = source_clauses,
};

/* The limit before dialling, and no resending by the socket. */
static int set_up_socket(nng_socket socket, const char *url) {
    int result = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, LIMIT_SOCKET);
    result = result ? result : nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, CONNECT_MS);
    result = result ? result : nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, ANSWER_MS);
    result = result ? result : nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    result = result ? result : nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, RECONNECT_MIN);
    result = result ? result : nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, RECONNECT_MAX);
    return result ? result : nng_dial(socket, url, NULL, NNG_FLAG_NONBLOCK);
}

int rpc_source_new(struct source **out, const char *url, struct fault *fault) {
    struct rpc_source *rpc = calloc(1, sizeof *rpc);
    if (rpc == NULL)
        return DEPOSITARY_E_MEMORY;
    if (nng_req0_open(&rpc->socket) != 0) {
        free(rpc);
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no socket to follow a source");
    }
    rpc->base.ops = &RPC_OPS;
    arena_init(&rpc->arena, ANSWER_MEMORY);
    buffer_init(&rpc->request, LIMIT_REQUEST);
    buffer_init(&rpc->records, CLAUSES_PAGE * (size_t)LIMIT_CLAUSE_RECORD);
    int result = set_up_socket(rpc->socket, url);
    if (result != 0) {
        source_close(&rpc->base);
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "%s: %s", url, nng_strerror(result));
    }
    *out = &rpc->base;
    return 0;
}
