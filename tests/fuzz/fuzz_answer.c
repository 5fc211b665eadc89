/*
 * Answers at the client: what a service, or whoever stands between, may send. The first byte chooses a scene (stage.h), the second says what the rest is: the
 * response's message or the whole answer, which is then sealed by the true key, or the whole response. No rest: the truth. Oracle: text comes out
 * only as it was deposited, and what was not sealed by the key is never taken for its word. Bit 2 of the second byte: who seals has not the key. Bit 3: the client has judged the true
 * answer before, so what it keeps of signatures that held must not let another one through.
 */
#include "mutate.h"
#include "stage.h"

#include <string.h>

enum rest { REST_MESSAGE, REST_ANSWER, REST_RESPONSE, RESTS_COUNT };

#define HEAD_LEN 2

static enum rest rest_of(uint8_t mode) {
    return (enum rest)(mode % RESTS_COUNT);
}

static struct bytes truth(const struct stage *stage, enum rest rest) {
    return rest == REST_MESSAGE ? stage->message : rest == REST_ANSWER ? stage->answer : stage->response;
}

static struct depositary_answer *judge_response(const struct stage *stage, uint8_t mode, struct bytes response) {
    const struct scene *scene = &stage->scene;
    struct judge_terms terms = scene->terms;
    struct depositary_answer *answer;
    HOLDS(trust_new(&terms.trust, scene->world.policy) == 0);
    if (!scene->keeps_no_key)
        HOLDS(trust_keep_key(terms.trust, &stage->facts, BYTES("proof")) == 0);
    terms.for_office = (mode & 0x10) != 0;
    terms.is_link = (mode & 0x20) != 0;
    terms.is_receipt = terms.is_link || (mode & 0x40) != 0;
    terms.has_clock = (mode & 0x80) == 0;
    struct judge_question question = {.method = method_find(bytes_text(scene->method)),
                                      .message = scene->request,
                                      .request = stage->request,
                                      .held = scene->has_held ? &scene->held : NULL,
                                      .known_root = &scene->known_root};
    HOLDS(answer_new(&answer, NULL) == 0);
    answer->method = question.method;
    answer->message = scene->request;
    buffer_append(&answer->request, stage->request);
    buffer_append(&answer->response, response);
    if (mode & 0x08)
        (void)judge(&answer->judgement, &terms, &question, stage->response);
    (void)judge(&answer->judgement, &terms, &question, buffer_bytes(&answer->response));
    answer_finish(answer, scene->world.policy);
    trust_free(terms.trust);
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buffer answer_bytes, response;
    if (size < HEAD_LEN)
        return 0;
    const struct stage *stage = stage_of(data[0]);
    const enum rest kind = rest_of(data[1]);
    const bool is_forged = (data[1] & 0x04) != 0;
    struct bytes rest = size > HEAD_LEN ? bytes_of(data + HEAD_LEN, size - HEAD_LEN) : truth(stage, kind);
    buffer_init(&answer_bytes, LIMIT_SOCKET);
    buffer_init(&response, LIMIT_SOCKET);
    if (kind == REST_MESSAGE) {
        stage_answer(&answer_bytes, stage, rest);
        stage_seal(&response, stage, stage->request, buffer_bytes(&answer_bytes), is_forged);
    } else if (kind == REST_ANSWER) {
        stage_seal(&response, stage, stage->request, rest, is_forged);
    } else {
        buffer_append(&response, rest);
    }
    struct depositary_answer *answer = judge_response(stage, data[1], buffer_bytes(&response));
    stage_judge(stage, answer);
    HOLDS(kind == REST_RESPONSE || !is_forged || !answer->judgement.is_sealed);
    if (kind == REST_RESPONSE && answer->judgement.is_sealed) {
        struct hash digest;
        seal_digest(&digest, stage->answer);
        HOLDS(hash_equal(&digest, &answer->judgement.answer_sha256));
    }
    depositary_answer_free(&answer);
    buffer_free(&answer_bytes);
    buffer_free(&response);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    if (size < HEAD_LEN || seed % 64 == 0)
        return LLVMFuzzerMutate(data, size, max);
    const struct stage *stage = stage_of(data[0]);
    const enum rest kind = rest_of(data[1]);
    struct bytes rest = truth(stage, kind);
    if (size == HEAD_LEN && rest.len <= max - HEAD_LEN) {
        memcpy(data + HEAD_LEN, rest.data, rest.len);
        size += rest.len;
    }
    const ProtobufCMessageDescriptor *type = kind == REST_MESSAGE  ? stage->scene.response->descriptor
                                             : kind == REST_ANSWER ? &depositary__v1__answer__descriptor
                                                                   : &depositary__v1__response__descriptor;
    return HEAD_LEN + mutate_message(type, data + HEAD_LEN, size - HEAD_LEN, max - HEAD_LEN, seed);
}
