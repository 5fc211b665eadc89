/*
 * Receipts. The first byte chooses a scene (stage.h). The second: bit 0, whether the rest is the receipt as it is, or its `response` is the response's message,
 * which is then answered and sealed to the receipt's own request; bit 1, by which state of the ledger the key is vouched for. No rest: the truth.
 */
#include "mutate.h"
#include "stage.h"

#include <string.h>

#define HEAD_LEN  2
#define IS_SEALED 1u /* bits of the second byte */
#define IS_LATER  2u

static depositary_policy *policy_of(const struct stage *stage) {
    depositary_policy *out;
    struct bytes text = stage->scene.world.policy_text;
    HOLDS(depositary_policy_new(&out, (const char *)text.data, text.len, NULL) == 0);
    return out;
}

static ProtobufCBinaryData data_of(struct bytes in) {
    return (ProtobufCBinaryData){in.len, (uint8_t *)(uintptr_t)in.data};
}

static void print(struct buffer *out, const Depositary__V1__Receipt *receipt) {
    uint8_t *at = buffer_extend(out, protobuf_c_message_get_packed_size(&receipt->base));
    HOLDS(at != NULL);
    (void)protobuf_c_message_pack(&receipt->base, at);
}

/* The true receipt; its response is the message alone where it is sealed later. */
static void print_truth(struct buffer *out, const struct stage *stage, uint8_t mode) {
    const enum world_state_name state = mode & IS_LATER ? STATE_RENEWED : STATE_NEW;
    struct world lent = stage->scene.world;
    Depositary__V1__Receipt receipt = DEPOSITARY__V1__RECEIPT__INIT;
    struct merkle_path path;
    arena_init(&lent.arena, 16u * 1024 * 1024);
    receipt.request = data_of(stage->request);
    receipt.response = data_of(mode & IS_SEALED ? stage->message : stage->response);
    receipt.key = world_key_response(&lent, state, KEY_MAIN);
    if (stage->scene.has_held && state == STATE_RENEWED) {
        world_consistency(&lent, STATE_NEW, STATE_RENEWED, &path);
        receipt.n_consistency = path.count;
        receipt.consistency = world_path(&lent, &path);
    }
    print(out, &receipt);
    arena_free(&lent.arena);
}

/* Puts a sealed answer in place of the message; what is no receipt stays as it is. */
static void seal_receipt(struct buffer *out, const struct stage *stage, struct bytes in) {
    struct buffer answer, response;
    struct arena arena;
    ProtobufCMessage *message;
    arena_init(&arena, 32u * 1024 * 1024);
    buffer_init(&answer, LIMIT_SOCKET);
    buffer_init(&response, LIMIT_SOCKET);
    if (guard_unpack(&message, &depositary__v1__receipt__descriptor, in, &arena, NULL) == 0) {
        Depositary__V1__Receipt receipt = *(Depositary__V1__Receipt *)message;
        stage_answer(&answer, stage, bytes_of(receipt.response.data, receipt.response.len));
        stage_seal(&response, stage, bytes_of(receipt.request.data, receipt.request.len), buffer_bytes(&answer), false);
        receipt.response = data_of(buffer_bytes(&response));
        print(out, &receipt);
    } else {
        buffer_append(out, in);
    }
    buffer_free(&answer);
    buffer_free(&response);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static depositary_policy *policies[SCENES_COUNT];
    struct buffer receipt, given;
    depositary_answer *answer = NULL;
    if (size < HEAD_LEN)
        return 0;
    const struct stage *stage = stage_of(data[0]);
    depositary_policy **policy = &policies[data[0] % SCENES_COUNT];
    if (*policy == NULL)
        *policy = policy_of(stage);
    buffer_init(&receipt, LIMIT_SOCKET);
    buffer_init(&given, LIMIT_SOCKET);
    if (size > HEAD_LEN)
        buffer_append(&given, bytes_of(data + HEAD_LEN, size - HEAD_LEN));
    else
        print_truth(&given, stage, data[1]);
    if (data[1] & IS_SEALED)
        seal_receipt(&receipt, stage, buffer_bytes(&given));
    else
        buffer_append(&receipt, buffer_bytes(&given));
    HOLDS(depositary_receipt_verify(&answer, *policy, receipt.data, receipt.len) == depositary_answer_error(answer));
    stage_judge(stage, answer);
    depositary_answer_free(&answer);
    buffer_free(&given);
    buffer_free(&receipt);
    return 0;
}

/* Changes the response's message where the receipt has it bare. */
static size_t mutate_response(const struct stage *stage, uint8_t *data, size_t size, size_t max, unsigned seed) {
    struct arena arena;
    ProtobufCMessage *message;
    struct buffer out;
    size_t len = 0;
    arena_init(&arena, 32u * 1024 * 1024);
    buffer_init(&out, LIMIT_SOCKET);
    if (guard_unpack(&message, &depositary__v1__receipt__descriptor, bytes_of(data, size), &arena, NULL) == 0) {
        Depositary__V1__Receipt receipt = *(Depositary__V1__Receipt *)message;
        uint8_t *copy = arena_zalloc(&arena, max);
        HOLDS(copy != NULL && receipt.response.len <= max);
        if (receipt.response.len > 0)
            memcpy(copy, receipt.response.data, receipt.response.len);
        len = mutate_message(stage->scene.response->descriptor, copy, receipt.response.len, max, seed);
        receipt.response = data_of(bytes_of(copy, len));
        print(&out, &receipt);
        len = out.len <= max ? out.len : 0;
        if (len > 0)
            memcpy(data, out.data, len);
    }
    buffer_free(&out);
    arena_free(&arena);
    return len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    struct buffer receipt;
    if (size < HEAD_LEN || seed % 64 == 0)
        return LLVMFuzzerMutate(data, size, max);
    buffer_init(&receipt, LIMIT_SOCKET);
    if (size == HEAD_LEN) {
        print_truth(&receipt, stage_of(data[0]), data[1]);
        if (receipt.len <= max - HEAD_LEN) {
            memcpy(data + HEAD_LEN, receipt.data, receipt.len);
            size += receipt.len;
        }
    }
    buffer_free(&receipt);
    if (data[1] & IS_SEALED && seed % 4 != 1) {
        size_t len = mutate_response(stage_of(data[0]), data + HEAD_LEN, size - HEAD_LEN, max - HEAD_LEN, seed);
        if (len > 0)
            return HEAD_LEN + len;
    }
    return HEAD_LEN +
           mutate_message(&depositary__v1__receipt__descriptor, data + HEAD_LEN, size - HEAD_LEN, max - HEAD_LEN, seed);
}
