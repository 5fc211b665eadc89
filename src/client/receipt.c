/*
 * Receipts: one call in a file, with what vouches for its seal, checked later without network and clock. PROTOCOL.md section 5. The writer and the
 * reader of that file.
 */
#include "client/answer.h"

#include "client/view.h"
#include "rpc/wire.h"

#include <inttypes.h>
#include <string.h>

#define RECEIPT_MAX (LIMIT_REQUEST_APPEND + LIMIT_SOCKET + 1024u * 1024) /* bytes */

enum { RECEIPT_REQUEST = 1, RECEIPT_RESPONSE = 2, RECEIPT_KEY = 3, RECEIPT_CONSISTENCY = 4 };

/* ---- writing */

int key_proof_print(struct buffer *out, const struct depositary_answer *answer) {
    const struct ledger_view *state = &answer->judgement.state;
    const ProtobufCMessage *message = answer->judgement.answer.message;
    ProtobufCBinaryData path[LIMIT_PATH];
    if (message == NULL || message->descriptor != &depositary__v1__get_answer_key_response__descriptor) {
        return DEPOSITARY_E_ARGUMENT;
    }
    Depositary__V1__GetAnswerKeyResponse key = *(const Depositary__V1__GetAnswerKeyResponse *)message;
    Depositary__V1__LedgerState ledger = DEPOSITARY__V1__LEDGER_STATE__INIT;
    struct hash hashes[LIMIT_PATH];
    for (size_t i = 0; i < state->register_path.count; i++) {
        hashes[i] = state->register_path.hashes[i];
        path[i] = (ProtobufCBinaryData){HASH_LEN, hashes[i].bytes};
    }
    ledger.checkpoint = (char *)(uintptr_t)state->checkpoint.data; /* packed, never written to; a NUL follows it */
    ledger.register_record =
        (ProtobufCBinaryData){state->register_record.len, (uint8_t *)(uintptr_t)state->register_record.data};
    ledger.n_register_path = state->register_path.count;
    ledger.register_path = path;
    key.ledger = &ledger;
    size_t len = protobuf_c_message_get_packed_size(&key.base);
    uint8_t *place = buffer_extend(out, len);
    if (place == NULL) {
        return out->error;
    }
    (void)protobuf_c_message_pack(&key.base, place);
    return 0;
}

/* Whether the file needs a consistency path: sealed from another state than the key's. */
static bool needs_link(const struct depositary_answer *answer) {
    return answer->judgement.head.ledger_size != answer->key_size;
}

/* A state that the client held already stands in the file only as the key's. */
static bool has_proofs(const struct depositary_answer *answer) {
    const struct ledger_link *link = &answer->link;
    if (!needs_link(answer)) {
        return true;
    }
    return answer->has_link && !answer->judgement.is_state_known &&
           link->from.size == answer->judgement.head.ledger_size && link->to.size == answer->key_size;
}

int receipt_print(struct buffer *out, const struct depositary_answer *answer) {
    if (answer->key_proof.len == 0 || !has_proofs(answer)) {
        return DEPOSITARY_E_MISSING;
    }
    wire_append_bytes(out, RECEIPT_REQUEST, buffer_bytes(&answer->request));
    wire_append_bytes(out, RECEIPT_RESPONSE, buffer_bytes(&answer->response));
    wire_append_bytes(out, RECEIPT_KEY, buffer_bytes(&answer->key_proof));
    for (size_t i = 0; needs_link(answer) && i < answer->link_path.count; i++) {
        wire_append_bytes(out, RECEIPT_CONSISTENCY, hash_bytes(&answer->link_path.hashes[i]));
    }
    return out->error;
}

/* ---- reading */

struct reading {
    struct depositary_answer *answer;
    const struct policy *policy;
    const Depositary__V1__Receipt *receipt;
    struct trust *trust;
    struct fault fault;
};

/* Want of memory says nothing of the receipt. */
static int unreadable(struct reading *reading, int error, const char *words) {
    return error == DEPOSITARY_E_MEMORY ? error : fault_set(&reading->fault, DEPOSITARY_E_RECEIPT, "%s", words);
}

static int read_file(struct reading *reading, struct bytes file) {
    struct depositary_answer *answer = reading->answer;
    ProtobufCMessage *message;
    struct call_request request;
    int error = file.len > RECEIPT_MAX
                    ? DEPOSITARY_E_LIMIT
                    : guard_unpack(&message, &depositary__v1__receipt__descriptor, file, &answer->arena, NULL);
    if (error) {
        return unreadable(reading, error, "not a receipt");
    }
    reading->receipt = (const Depositary__V1__Receipt *)message;
    if (reading->receipt->key == NULL || reading->receipt->key->ledger == NULL) {
        return fault_set(&reading->fault, DEPOSITARY_E_RECEIPT, "the receipt does not show what authorises its seal");
    }
    error = call_read(&request, bytes_of_data(reading->receipt->request), &answer->arena, NULL);
    if (error) {
        return unreadable(reading, error, "the receipt's request cannot be read");
    }
    answer->method = request.method;
    answer->message = (ProtobufCMessage *)(uintptr_t)request.message; /* in our own arena */
    buffer_append(&answer->request, bytes_of_data(reading->receipt->request));
    buffer_append(&answer->response, bytes_of_data(reading->receipt->response));
    error = answer->request.error ? answer->request.error : answer->response.error;
    return error ? unreadable(reading, error, "the receipt is too large") : 0;
}

/* The ledger that vouches for the key, and the key that the response names. */
static int read_key(struct reading *reading) {
    struct depositary_answer *answer = reading->answer;
    const Depositary__V1__GetAnswerKeyResponse *key = reading->receipt->key;
    struct ledger_link link;
    enum trust_verdict verdict;
    struct bytes ignored;
    struct seal seal;
    struct key_facts facts;
    int error = check_ledger_state(&answer->held, trust_checked(reading->trust), key->ledger, &reading->fault);
    if (error == 0) {
        error = response_read(&ignored, &seal, buffer_bytes(&answer->response), &answer->arena, &reading->fault);
    }
    if (error == 0) {
        error = check_key(&facts, &answer->held, key, seal.public_key, &reading->fault);
    }
    if (error == 0) {
        error = trust_weigh(reading->trust, &answer->held, &verdict, &link, NULL);
    }
    if (error) {
        return error;
    }
    size_t len = protobuf_c_message_get_packed_size(&key->base);
    uint8_t *packed = buffer_extend(&answer->key_proof, len);
    if (packed == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    (void)protobuf_c_message_pack(&key->base, packed);
    answer->has_held = true;
    answer->key_size = answer->held.size;
    return trust_keep_key(reading->trust, &facts, buffer_bytes(&answer->key_proof));
}

/* The path that joins the sealed state to the key's, where they are of two sizes. */
static int join(struct reading *reading) {
    struct depositary_answer *answer = reading->answer;
    const struct ledger_link *link = &answer->judgement.need.link;
    if (reading->receipt->n_consistency == 0) {
        return fault_set(&reading->fault, DEPOSITARY_E_CONSISTENCY,
                         "answered from %" PRIu64 " entries, and the key is vouched for by %" PRIu64
                         ", with no consistency path between them: nothing says that they are of one ledger; ask again "
                         "with --receipt",
                         link->from.size, link->to.size);
    }
    if (!merkle_path_read(&answer->link_path, reading->receipt->n_consistency, reading->receipt->consistency) ||
        merkle_consistency_check(link->from.size, &link->from.root, link->to.size, &link->to.root,
                                 &answer->link_path) != 0) {
        return fault_set(&reading->fault, DEPOSITARY_E_CONSISTENCY,
                         "the sealed state is not joined to the ledger that vouches for the key");
    }
    answer->link = *link;
    answer->has_link = true;
    return trust_join(reading->trust, link, NULL, NULL);
}

/* What a client would ask for, a receipt has to have in it. */
static int unmet_need(struct reading *reading) {
    const struct judgement *judgement = &reading->answer->judgement;
    if (judgement->need.kind == NEED_KEY || judgement->head.ledger_size > reading->answer->held.size) {
        return fault_set(&reading->fault, DEPOSITARY_E_KEY_STATUS,
                         "the register that vouches for the key is older than the answer");
    }
    return fault_set(&reading->fault, DEPOSITARY_E_SEAL_STATE,
                     "the sealed state is not the ledger's that vouches for the key");
}

static int judge_receipt(struct reading *reading) {
    struct depositary_answer *answer = reading->answer;
    struct judge_terms terms = {.trust = reading->trust, .is_receipt = true};
    struct judge_question question = {.method = answer->method,
                                      .message = answer->message,
                                      .request = buffer_bytes(&answer->request),
                                      .held = &answer->held};
    (void)judge(&answer->judgement, &terms, &question, buffer_bytes(&answer->response));
    if (answer->judgement.need.kind == NEED_LINK) {
        int error = join(reading);
        if (error) {
            return error;
        }
        (void)judge(&answer->judgement, &terms, &question, buffer_bytes(&answer->response));
    }
    if (answer->judgement.need.kind != NEED_NOTHING) {
        return unmet_need(reading);
    }
    if (reading->receipt->n_consistency > 0 && !answer->has_link) {
        return fault_set(&reading->fault, DEPOSITARY_E_RECEIPT,
                         "the receipt has a consistency path that joins nothing");
    }
    return 0;
}

int depositary_receipt_verify(depositary_answer **out, const depositary_policy *policy, const void *receipt,
                              size_t receipt_len) {
    struct reading reading = {.policy = policy->policy};
    int error = answer_new(&reading.answer, NULL);
    if (error) {
        return error;
    }
    error = trust_new(&reading.trust, policy->policy);
    if (error == 0) {
        error = read_file(&reading, bytes_of(receipt, receipt_len));
    }
    if (error == 0) {
        error = read_key(&reading);
    }
    if (error == 0) {
        error = judge_receipt(&reading);
    }
    if (error) {
        answer_set_error(reading.answer, error, reading.fault.error == error ? reading.fault.text : NULL);
    } else {
        answer_finish(reading.answer, policy->policy);
        error = reading.answer->error;
    }
    trust_free(reading.trust);
    *out = reading.answer;
    return error;
}
