/*
 * The ledger's calls and health: what is proved by them, and what is only shown. PROTOCOL.md sections 2 and 6.
 */
#include "client/check.h"

#include <inttypes.h>
#include <string.h>

int check_get_checkpoint(struct check *check, const Depositary__V1__GetCheckpointRequest *request,
                         const Depositary__V1__GetCheckpointResponse *response) {
    (void)request;
    (void)response;
    return check->state != NULL ? 0 : fault_set(check->fault, DEPOSITARY_E_SEAL_STATE, "no checkpoint in the answer");
}

/* The root of the size that was asked for: the state's, or one that the caller holds. */
static const struct hash *root_of_size(const struct check *check, uint64_t size) {
    if (check->state != NULL && (size == 0 || size == check->state->size)) {
        return &check->state->root;
    }
    return size == 0 ? NULL : check->known_root;
}

int check_get_inclusion_proof(struct check *check, const Depositary__V1__GetInclusionProofRequest *request,
                              const Depositary__V1__GetInclusionProofResponse *response) {
    struct merkle_path path;
    struct hash leaf;
    const struct hash *root = root_of_size(check, request->ledger_size);
    uint64_t size = request->ledger_size != 0 ? request->ledger_size : check->state != NULL ? check->state->size : 0;
    if (request->entry_case != DEPOSITARY__V1__GET_INCLUSION_PROOF_REQUEST__ENTRY_LEAF_HASH ||
        request->leaf_hash.len != HASH_LEN || root == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_INCLUSION, "leaf hash or root is not known, so nothing is proved");
    }
    memcpy(leaf.bytes, request->leaf_hash.data, HASH_LEN);
    if (!merkle_path_read(&path, response->n_path, response->path) || response->index >= size ||
        merkle_inclusion_check(&leaf, response->index, size, &path, root) != 0) {
        return fault_set(check->fault, DEPOSITARY_E_INCLUSION, "the entry is not in the ledger of size %" PRIu64, size);
    }
    check->out->number = response->index;
    return 0;
}

int check_get_consistency_proof(struct check *check, const Depositary__V1__GetConsistencyProofRequest *request,
                                const Depositary__V1__GetConsistencyProofResponse *response) {
    struct merkle_path path;
    const struct ledger_view *state = check->state;
    if (state == NULL || check->known_root == NULL || (request->new_size != 0 && request->new_size != state->size)) {
        return fault_set(check->fault, DEPOSITARY_E_CONSISTENCY, "a root is not known, so nothing is proved");
    }
    if (!merkle_path_read(&path, response->n_path, response->path) ||
        merkle_consistency_check(request->old_size, check->known_root, state->size, &state->root, &path) != 0) {
        return fault_set(check->fault, DEPOSITARY_E_CONSISTENCY,
                         "the ledger of size %" PRIu64 " does not extend the one of size %" PRIu64, state->size,
                         request->old_size);
    }
    check->out->number = state->size;
    return 0;
}

int check_list_entries(struct check *check, const Depositary__V1__ListEntriesRequest *request,
                       const Depositary__V1__ListEntriesResponse *response) {
    depositary_blob *records = check_room(check, response->n_records, sizeof *records);
    int error = check_page_size(check, response->n_records, request->page_size);
    if (error) {
        return error;
    }
    if (check->state == NULL || response->n_records == 0 || request->start >= check->state->size ||
        response->n_records > check->state->size - request->start) {
        return fault_set(check->fault, DEPOSITARY_E_LIST_GAP, "more or fewer entries than the ledger has from %" PRIu64,
                         request->start);
    }
    if (records == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the entries");
    }
    for (size_t i = 0; i < response->n_records; i++) {
        struct bytes record = bytes_of_data(response->records[i]);
        if (record.len == 0 || record.len > LIMIT_ENTRY) {
            return fault_set(check->fault, DEPOSITARY_E_RESPONSE, "entry %" PRIu64 " has %zu bytes", request->start + i,
                             record.len);
        }
        records[i] = (depositary_blob){record.data, record.len};
    }
    check->out->records = records;
    check->out->records_count = response->n_records;
    return 0;
}

int check_get_answer_key(struct check *check, const Depositary__V1__GetAnswerKeyRequest *request,
                         const Depositary__V1__GetAnswerKeyResponse *response) {
    if (check->state == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_SEAL_STATE, "an answer key without a ledger state");
    }
    depositary_blob *record = check_room(check, 1, sizeof *record);
    if (record == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the key record");
    }
    int error = check_key(&check->out->key, check->state, response, bytes_of_data(request->public_key), check->fault);
    if (error) {
        return error;
    }
    *record = (depositary_blob){response->record.data, response->record.len};
    check->out->has_key = true;
    check->out->records = record;
    check->out->records_count = 1;
    return 0;
}

/* FAILED_PRECONDITION, reason CLAUSES_MISSING: the runs that the server lacks, from the status details. */
int check_missing_clauses(struct check *check, const Depositary__V1__Status *status) {
    static const char type[] = "type.googleapis.com/depositary.v1.MissingClauses";
    depositary_missing *runs = check_room(check, status->n_details, sizeof *runs);
    size_t count = 0;
    if (runs == NULL) {
        return fault_set(check->fault, DEPOSITARY_E_MEMORY, "no memory for the missing clauses");
    }
    for (size_t i = 0; i < status->n_details; i++) {
        ProtobufCMessage *message;
        if (strcmp(status->details[i]->type_url, type) != 0) {
            continue;
        }
        int error = guard_unpack(&message, &depositary__v1__missing_clauses__descriptor,
                                 bytes_of_data(status->details[i]->value), check->arena, check->fault);
        if (error) {
            return fault_set(check->fault, DEPOSITARY_E_RESPONSE, "the list of missing clauses cannot be read");
        }
        const Depositary__V1__MissingClauses *run = (const Depositary__V1__MissingClauses *)message;
        if (run->edition.len != HASH_LEN || run->count == 0 || run->from_place > UINT64_MAX - run->count) {
            return fault_set(check->fault, DEPOSITARY_E_RESPONSE, "the list of missing clauses cannot be");
        }
        memcpy(runs[count].edition, run->edition.data, HASH_LEN);
        runs[count].from_place = run->from_place;
        runs[count].count = run->count;
        count++;
    }
    if (count == 0) {
        return fault_set(check->fault, DEPOSITARY_E_RESPONSE, "clauses are missing, and it is not said which");
    }
    check->out->missing = runs;
    check->out->missing_count = count;
    return fault_set(check->fault, DEPOSITARY_E_CLAUSES_MISSING, "%s", check->status.message);
}

int check_append_entries(struct check *check, const Depositary__V1__AppendEntriesRequest *request,
                         const Depositary__V1__AppendEntriesResponse *response) {
    struct note note;
    struct checkpoint sent;
    bool is_known =
        note_parse(&note, bytes_text(request->checkpoint), NULL) == 0 && checkpoint_parse(&sent, note.text, NULL) == 0;
    if (is_known && response->ledger_size < sent.size) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH,
                         "the ledger is said to have %" PRIu64 " entries after an append that makes them %" PRIu64,
                         response->ledger_size, sent.size);
    }
    check->out->number = response->ledger_size;
    return 0;
}

int check_put_clauses(struct check *check, const Depositary__V1__PutClausesRequest *request,
                      const Depositary__V1__PutClausesResponse *response) {
    if (response->received > request->n_clauses) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "more clauses were received than were sent");
    }
    check->out->number = response->received;
    return 0;
}

int check_health(struct check *check, const Grpc__Health__V1__HealthCheckRequest *request,
                 const Grpc__Health__V1__HealthCheckResponse *response) {
    (void)request;
    if ((int)response->status < GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__UNKNOWN ||
        (int)response->status > GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN) {
        return fault_set(check->fault, DEPOSITARY_E_CLAIM_MISMATCH, "a health status that there is none of: %d",
                         (int)response->status);
    }
    return response->status == GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
               ? 0
               : fault_set(check->fault, DEPOSITARY_E_NO, "the service is not serving");
}
