/* See stage.h. */
#include "stage.h"

#include "text/quote.h"

#include <string.h>

const struct stage *stage_of(uint8_t choice) {
    static struct stage stages[SCENES_COUNT];
    struct stage *stage = &stages[choice % SCENES_COUNT];
    struct scene *scene = &stage->scene;
    if (stage->is_set)
        return stage;
    scene_begin(scene, (enum scene_kind)(choice % SCENES_COUNT), WORLD_NOW, STATE_NEW);
    stage->request = world_request(&scene->world, scene->method, scene->request);
    size_t len = protobuf_c_message_get_packed_size(scene->response);
    uint8_t *packed = world_alloc(&scene->world, len);
    stage->message = bytes_of(packed, protobuf_c_message_pack(scene->response, packed));
    stage->answer = world_answer(&scene->world, &scene->status, scene->response);
    stage->response = world_response(&scene->world, &scene->seal, stage->request, stage->answer);
    world_facts(&scene->world, STATE_NEW, KEY_MAIN, &stage->facts);
    stage->is_set = true;
    return stage;
}

void stage_answer(struct buffer *out, const struct stage *stage, struct bytes message) {
    Depositary__V1__Answer answer = DEPOSITARY__V1__ANSWER__INIT;
    ProtobufCMessage *status = NULL;
    struct arena arena;
    struct buffer text;
    arena_init(&arena, 1024 * 1024);
    buffer_init(&text, 65536);
    answer.message = (ProtobufCBinaryData){message.len, (uint8_t *)(uintptr_t)message.data};
    if (stage->scene.status.code != STATUS_OK) {
        HOLDS(status_print(&text, &stage->scene.status) == 0);
        HOLDS(guard_unpack(&status, &depositary__v1__status__descriptor, buffer_bytes(&text), &arena, NULL) == 0);
        answer.status = (Depositary__V1__Status *)status;
    }
    uint8_t *at = buffer_extend(out, protobuf_c_message_get_packed_size(&answer.base));
    HOLDS(at != NULL);
    (void)protobuf_c_message_pack(&answer.base, at);
    buffer_free(&text);
    arena_free(&arena);
}

/* In memory of its own: the scene's is never given back. */
void stage_seal(struct buffer *out, const struct stage *stage, struct bytes request, struct bytes answer,
                bool is_forged) {
    struct world lent = stage->scene.world;
    struct world_seal seal = stage->scene.seal;
    struct world_key forged = *seal.key;
    memcpy(forged.secret, lent.stranger_key.secret, sizeof forged.secret);
    seal.key = is_forged ? &forged : seal.key;
    arena_init(&lent.arena, 64u * 1024 * 1024);
    buffer_append(out, world_response(&lent, &seal, request, answer));
    arena_free(&lent.arena);
}

/* ---- the oracle */

static bool is_name(const char *text, struct bytes name) {
    return bytes_equal(bytes_text(text), name);
}

static bool is_deposited(const struct world *world, const depositary_clause *clause) {
    for (size_t i = 0; i < EDITIONS_COUNT; i++) {
        const struct world_edition *edition = &world->editions[i];
        if (clause->edition->edition == edition->fields.edition && clause->place < edition->count &&
            is_name(clause->edition->instrument, edition->fields.instrument) &&
            is_name(clause->edition->language, edition->fields.language))
            return strcmp(clause->eid, edition->texts[clause->place].eid) == 0 &&
                   is_name(edition->texts[clause->place].text, bytes_of(clause->text, clause->text_len));
    }
    return false;
}

static bool is_edition(const struct world *world, struct bytes record) {
    bool is_there = false;
    for (size_t i = 0; i < EDITIONS_COUNT; i++)
        is_there = is_there || bytes_equal(record, world->editions[i].record);
    return is_there;
}

/* Whether a match is what its verdict says, by the texts that come with it. */
static bool is_match(struct bytes quote, struct bytes text, depositary_verdict verdict,
                     const depositary_quote_match *match) {
    const struct span span = {match->span.offset, match->span.length};
    unsigned folds = 0;
    bool is_equal = false;
    for (size_t i = 0; i < match->folds_count; i++)
        folds |= fold_parse(bytes_text(match->folds[i]));
    if (verdict == DEPOSITARY_VERDICT_VERBATIM)
        return folds == 0 && bytes_equal(quote, bytes_slice(text, span.offset, span.length));
    if (verdict == DEPOSITARY_VERDICT_FOLDED)
        return folds != 0 && quote_equal(&is_equal, quote, text, span, folds) == 0 && is_equal;
    return match->differences_count > 0;
}

static void judge_quotes(const struct stage *stage, const struct depositary_answer *answer) {
    size_t count;
    const depositary_quote_match *matches = depositary_answer_quote_matches(answer, &count);
    for (size_t i = 0; i < count; i++) {
        struct buffer joined;
        buffer_init(&joined, LIMIT_SOCKET);
        for (size_t j = 0; j < matches[i].clauses_count; j++)
            buffer_append(&joined, bytes_of(matches[i].clauses[j]->text, matches[i].clauses[j]->text_len));
        HOLDS(stage->scene.ask_quote != NULL);
        HOLDS(is_match(bytes_text(stage->scene.ask_quote->quote), buffer_bytes(&joined),
                       depositary_answer_verdict(answer), &matches[i]));
        buffer_free(&joined);
    }
}

void stage_judge(const struct stage *stage, const struct depositary_answer *answer) {
    const struct world *world = &stage->scene.world;
    int error = depositary_answer_error(answer);
    bool is_word =
        error == 0 || error == DEPOSITARY_E_NO || error == DEPOSITARY_E_STATUS || error == DEPOSITARY_E_CLAUSES_MISSING;
    size_t len = 0;
    for (size_t i = 0; i < depositary_answer_clauses(answer); i++)
        HOLDS(is_word && is_deposited(world, depositary_answer_clause(answer, i)));
    for (size_t i = 0; i < depositary_answer_editions(answer); i++) {
        const depositary_edition *edition = depositary_answer_edition(answer, i);
        HOLDS(is_word && is_edition(world, bytes_of(edition->record, edition->record_len)));
    }
    judge_quotes(stage, answer);
    HOLDS(depositary_answer_message(answer, &len) != NULL && (is_word || len == 0));
    HOLDS(depositary_answer_explanation(answer) != NULL && depositary_answer_question(answer) != NULL);
    (void)depositary_answer_receipt(answer, &len);
}
