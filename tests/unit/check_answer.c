/*
 * Judging answers (src/client/judge.c and check_*.c). True answers of every kind are made from a small ledger and accepted; then one thing is
 * changed, sealed again by the service's own key where it could do that, and the answer is refused with the right error: the rows of
 * answer_lies.h, each a lie that a service, or somebody on the way, could tell. At the end every field of every answer is changed in turn.
 */
#include <check.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer_lies.h"
#include "count_signatures.h"

/* Seals the answer as it stands, and judges it. */
static int scene_judge(struct scene *scene, struct judgement *judgement) {
    struct key_facts facts;
    struct bytes request = world_request(&scene->world, scene->method, scene->request);
    struct bytes response = scene_respond(scene, request);
    if (!scene->keeps_no_key) {
        world_facts(&scene->world, scene->key_state, KEY_MAIN, &facts);
        ck_assert_int_eq(trust_keep_key(scene->trust, &facts, BYTES("proof")), 0);
    }
    struct judge_question question = {.method = method_find(bytes_text(scene->method)),
                                      .message = scene->request,
                                      .request = request,
                                      .held = scene->has_held ? &scene->held : NULL,
                                      .before = scene->has_before ? &scene->before : NULL,
                                      .known_root = &scene->known_root};
    return judge(judgement, &scene->terms, &question, response);
}

/* ---- true answers */

static int true_outcome(enum scene_kind kind) {
    switch (kind) {
    case NO_INSTRUMENT:
    case NO_FIRST:
    case NO_LANGUAGE:
    case NO_EDITION:
    case NO_EDITION_ANYWHERE:
    case NO_CLAUSE:
    case TOO_EARLY:
    case NO_SHOWN:
        return DEPOSITARY_E_NO;
    case WITHDRAWN:
        return DEPOSITARY_E_STATUS;
    default:
        return 0;
    }
}

START_TEST(true_answers_are_accepted) {
    struct scene scene;
    struct judgement judgement;
    scene_begin(&scene, (enum scene_kind)_i, WORLD_NOW, STATE_NEW);
    judgement_init(&judgement);
    int error = scene_judge(&scene, &judgement);
    ck_assert_msg(error == true_outcome((enum scene_kind)_i), "scene %d: %s: %s", _i, depositary_error_name(error),
                  judgement.fault.text);
    ck_assert(judgement.is_sealed);
    bool is_absence = error == DEPOSITARY_E_NO && _i != NO_CLAUSE && _i != NO_EDITION_ANYWHERE;
    ck_assert_int_eq(judgement.findings.is_absence_proven, is_absence);
    judgement_free(&judgement);
    scene_end(&scene);
}
END_TEST

/* As the answers of a batch do, and those that carry the same state: seal and checkpoint held before. */
START_TEST(what_was_checked_before_costs_no_signature) {
    struct scene scene;
    struct judgement judgement;
    scene_begin(&scene, CLAUSE, WORLD_NOW, STATE_NEW);
    judgement_init(&judgement);
    scene.keeps_no_key = true; /* its facts are verified by the test itself */
    signatures_checked = 0;
    ck_assert_int_eq(scene_judge(&scene, &judgement), DEPOSITARY_E_STATE);
    ck_assert_int_eq(judgement.need.kind, NEED_KEY);
    ck_assert_uint_eq(signatures_checked, 2);
    ck_assert_int_eq(scene_judge(&scene, &judgement), DEPOSITARY_E_STATE);
    ck_assert_uint_eq(signatures_checked, 2);
    judgement_free(&judgement);
    scene_end(&scene);
}
END_TEST

START_TEST(a_clause_is_handed_out_as_it_was_deposited) {
    struct scene scene;
    struct judgement judgement;
    scene_begin(&scene, CLAUSE, WORLD_NOW, STATE_NEW);
    judgement_init(&judgement);
    ck_assert_int_eq(scene_judge(&scene, &judgement), 0);
    const depositary_clause *clause = &judgement.findings.clauses[0].shown;
    const struct world_clause_text *deposited = &scene.world.editions[PACT_2].texts[3];
    ck_assert_str_eq(clause->text, deposited->text);
    ck_assert_uint_eq(clause->text_len, strlen(deposited->text));
    ck_assert_str_eq(clause->eid, "cl_2");
    ck_assert_uint_eq(clause->place, 3);
    ck_assert_uint_eq(clause->edition->edition, 2);
    ck_assert_int_eq(clause->edition->is_latest, 1);
    ck_assert_str_eq(clause->edition->instrument, "pact");
    judgement_free(&judgement);
    scene_end(&scene);
}
END_TEST

START_TEST(an_old_edition_is_called_old) {
    struct scene scene;
    struct judgement judgement;
    scene_begin(&scene, OLD_EDITION, WORLD_NOW, STATE_NEW);
    judgement_init(&judgement);
    ck_assert_int_eq(scene_judge(&scene, &judgement), 0);
    ck_assert_int_eq(judgement.findings.clauses[0].shown.edition->is_latest, 0);
    ck_assert_uint_eq(judgement.findings.clauses[0].shown.edition->latest_edition, 2);
    judgement_free(&judgement);
    scene_end(&scene);
}
END_TEST

START_TEST(a_quote_is_placed_in_its_clause) {
    struct scene scene;
    struct judgement judgement;
    scene_begin(&scene, FOLDED, WORLD_NOW, STATE_NEW);
    judgement_init(&judgement);
    ck_assert_int_eq(scene_judge(&scene, &judgement), 0);
    const depositary_quote_match *match = &judgement.findings.matches[0];
    ck_assert_int_eq(judgement.findings.verdict, DEPOSITARY_VERDICT_FOLDED);
    ck_assert_uint_eq(match->folds_count, 1);
    ck_assert_str_eq(match->folds[0], "hyphens");
    ck_assert_str_eq(match->provision_eid, "cl_2__point_a");
    ck_assert_int_eq(match->cuts_word, 0);
    judgement_free(&judgement);
    scene_end(&scene);
}
END_TEST

START_TEST(a_lie_is_refused) {
    const struct lie *lie = &lies[_i];
    struct scene scene;
    if (!lie->is_for_unit) {
        return;
    }
    struct judgement judgement;
    scene_begin(&scene, lie->kind, WORLD_NOW, STATE_NEW);
    judgement_init(&judgement);
    lie->alter(&scene);
    int error = scene_judge(&scene, &judgement);
    ck_assert_msg(error == lie->error, "%s: %s (%s), not %s", lie->name, depositary_error_name(error),
                  judgement.fault.text, depositary_error_name(lie->error));
    ck_assert(depositary_error_is_verification(error) || judgement.need.kind != NEED_NOTHING);
    ck_assert_uint_eq(judgement.findings.clauses_count, 0);
    ck_assert_uint_eq(judgement.findings.spoken_count, 0);
    judgement_free(&judgement);
    scene_end(&scene);
}
END_TEST

/* ---- every field of every answer */

/* What a service may say as it likes: it is claimed, and shown as such. Paths of fields; "+" and "-" for an element more and less. */
static const char *const claimed_fields[] = {
    "*.clause.number*",
    "*.clause.provisions*",
    "provision.*",
    "hits-",
    "hits*.score",
    "hits*.matches*",
    "total",
    "next_page_token",
    "outline*.eid",
    "outline*.number",
    "outline*.heading",
    "names*",
    "records*",
    "status",
    "ledger_size",
    "received",
    "searched_ledger_size",
};
#define CLAIMED_COUNT (sizeof claimed_fields / sizeof claimed_fields[0])

static bool claimed_used[CLAIMED_COUNT];
static unsigned changes_tried;

static bool is_claimed(const char *path) {
    for (size_t i = 0; i < CLAIMED_COUNT; i++) {
        if (fnmatch(claimed_fields[i], path, 0) == 0) {
            claimed_used[i] = true;
            return true;
        }
    }
    return false;
}

/* Judges the scene with the change that was just made. */
static void try_change(struct scene *scene, const char *path, const char *how) {
    struct judgement judgement;
    judgement_init(&judgement);
    int error = scene_judge(scene, &judgement);
    changes_tried++;
    if (!depositary_error_is_verification(error)) {
        ck_assert_msg(is_claimed(path), "%s: %s %s is taken as true: %s", scene->method, path, how,
                      judgement.fault.text);
    } else {
        ck_assert_uint_eq(judgement.findings.clauses_count, 0);
        ck_assert_uint_eq(judgement.findings.editions_count, 0);
    }
    judgement_free(&judgement);
}

/* A path of its own, in the world's arena. */
static const char *path_of(struct scene *scene, const char *format, ...) __attribute__((format(printf, 2, 3)));

static const char *path_of(struct scene *scene, const char *format, ...) {
    char *path = world_alloc(&scene->world, 256);
    va_list arguments;
    va_start(arguments, format);
    ck_assert_int_lt(vsnprintf(path, 256, format, arguments), 256);
    va_end(arguments);
    return path;
}

static void change_string(struct scene *scene, char **text, const char *path) {
    char *true_text = *text;
    char *changed = world_alloc(&scene->world, strlen(true_text) + 1);
    *text = strcat(strcpy(changed, true_text), "x");
    try_change(scene, path, "longer");
    if (true_text[0] != '\0') {
        strcpy(changed, true_text);
        changed[strlen(changed) - 1] ^= 1;
        try_change(scene, path, "changed");
        changed[0] = '\0';
        try_change(scene, path, "emptied");
    }
    *text = true_text;
}

static void change_bytes(struct scene *scene, ProtobufCBinaryData *data, const char *path) {
    ProtobufCBinaryData true_data = *data;
    uint8_t *changed = world_alloc(&scene->world, true_data.len + 1);
    for (size_t i = 0; i < true_data.len; i++) {
        changed[i] = true_data.data[i];
    }
    *data = (ProtobufCBinaryData){true_data.len + 1, changed};
    try_change(scene, path, "longer");
    if (true_data.len > 0) {
        data->len = true_data.len;
        changed[true_data.len / 2] ^= 0x10;
        try_change(scene, path, "changed");
        data->len = 0;
        try_change(scene, path, "emptied");
    }
    *data = true_data;
}

static void change_number(struct scene *scene, void *place, size_t size, const char *path) {
    uint64_t true_number = 0;
    memcpy(&true_number, place, size);
    const uint64_t numbers[] = {true_number + 1, true_number - 1, 0, UINT64_MAX, 1000000};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (memcmp(&numbers[i], &true_number, size) != 0) {
            memcpy(place, &numbers[i], size);
            try_change(scene, path, "changed");
        }
    }
    memcpy(place, &true_number, size);
}

static void change_fields(struct scene *scene, ProtobufCMessage *message, const char *path);

static size_t number_size(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

static void change_value(struct scene *scene, const ProtobufCFieldDescriptor *field, void *place, const char *path) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        change_string(scene, place, path);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        change_bytes(scene, place, path);
        break;
    case PROTOBUF_C_TYPE_MESSAGE: {
        ProtobufCMessage *message;
        memcpy(&message, place, sizeof message);
        if (message != NULL) {
            change_fields(scene, message, path);
        }
        break;
    }
    default:
        change_number(scene, place, number_size(field), path);
    }
}

static size_t value_size(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    default:
        return number_size(field);
    }
}

static void change_list(struct scene *scene, const ProtobufCFieldDescriptor *field, size_t *count, void *place,
                        const char *path) {
    size_t size = value_size(field);
    size_t true_count = *count;
    uint8_t *true_list;
    memcpy(&true_list, place, sizeof true_list);
    for (size_t i = 0; i < true_count; i++) {
        change_value(scene, field, true_list + i * size, path_of(scene, "%s[%zu]", path, i));
    }
    if (true_count == 0) {
        return;
    }
    uint8_t *list = world_alloc(&scene->world, (true_count + 1) * size);
    memcpy(list, true_list, true_count * size);
    memcpy(list + true_count * size, true_list + (true_count - 1) * size, size);
    memcpy(place, &list, sizeof list);
    *count = true_count + 1;
    try_change(scene, path_of(scene, "%s+", path), "with its last element twice");
    *count = true_count - 1;
    try_change(scene, path_of(scene, "%s-", path), "without its last element");
    memcpy(list, true_list + size, (true_count - 1) * size);
    try_change(scene, path_of(scene, "%s-", path), "without its first element");
    *count = true_count;
    memcpy(place, &true_list, sizeof true_list);
}

static void change_fields(struct scene *scene, ProtobufCMessage *message, const char *path) {
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        uint8_t *place = (uint8_t *)message + field->offset;
        const char *name = path_of(scene, "%s%s%s", path, path[0] != '\0' ? "." : "", field->name);
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t *count = (size_t *)(void *)((uint8_t *)message + field->quantifier_offset);
            change_list(scene, field, count, place, name);
            continue;
        }
        change_value(scene, field, place, name);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            ProtobufCMessage *true_message;
            ProtobufCMessage *none = NULL;
            memcpy(&true_message, place, sizeof true_message);
            if (true_message != NULL) {
                memcpy(place, &none, sizeof none);
                try_change(scene, name, "dropped");
                memcpy(place, &true_message, sizeof true_message);
            }
        }
    }
}

START_TEST(every_field_that_is_not_claimed_is_proved) {
    for (int kind = 0; kind < SCENES_COUNT; kind++) {
        struct scene scene;
        scene_begin(&scene, (enum scene_kind)kind, WORLD_NOW, STATE_NEW);
        change_fields(&scene, scene.response, "");
        scene_end(&scene);
    }
    ck_assert_uint_gt(changes_tried, 4000);
    for (size_t i = 0; i < CLAIMED_COUNT; i++) {
        ck_assert_msg(claimed_used[i], "%s is listed as claimed, and is always refused", claimed_fields[i]);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("answer");
    TCase *truths = tcase_create("true answers");
    tcase_add_loop_test(truths, true_answers_are_accepted, 0, SCENES_COUNT);
    tcase_add_test(truths, what_was_checked_before_costs_no_signature);
    tcase_add_test(truths, a_clause_is_handed_out_as_it_was_deposited);
    tcase_add_test(truths, an_old_edition_is_called_old);
    tcase_add_test(truths, a_quote_is_placed_in_its_clause);
    suite_add_tcase(suite, truths);
    TCase *refused = tcase_create("lies");
    tcase_set_timeout(refused, 60);
    tcase_add_loop_test(refused, a_lie_is_refused, 0, (int)lies_count);
    suite_add_tcase(suite, refused);
    TCase *fields = tcase_create("fields");
    tcase_set_timeout(fields, 100);
    tcase_add_test(fields, every_field_that_is_not_claimed_is_proved);
    suite_add_tcase(suite, fields);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
