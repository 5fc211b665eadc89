/*
 * A client that judges what it is shown while memory runs out (scarce.h), at each allocation in turn, once and for good: a true answer of every kind is
 * judged as ever or cannot be judged (DEPOSITARY_E_MEMORY), and the next time it is judged as ever; a lie of the table is refused for what it is or for
 * want of memory, and is never believed; certified copies the same, alone and in bulk. What is remembered of signatures that held is never wrong for it.
 * Leaks are the sanitizer's to find (tests/run --sanitize).
 */
#include "answer_lies.h"
#include "scarce.h"

#include "base/file.h"

#include <check.h>
#include <depositary/verify.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned refusals; /* of a test, in all */

static void set_up(void) {
    refusals = 0;
    ck_assert_int_eq(depositary_verify_init(), 0);
}

/* ---- answers */

/* A scene with its response made, so that only judging is short of memory. */
struct shown {
    struct scene scene;
    struct bytes request, response;
};

static int judge_shown(struct shown *shown, struct judgement *judgement) {
    const struct judge_question question = {.method = method_find(bytes_text(shown->scene.method)),
                                            .message = shown->scene.request,
                                            .request = shown->request,
                                            .held = shown->scene.has_held ? &shown->scene.held : NULL,
                                            .before = shown->scene.has_before ? &shown->scene.before : NULL,
                                            .known_root = &shown->scene.known_root};
    return judge(judgement, &shown->scene.terms, &question, shown->response);
}

static void show(struct shown *shown, enum scene_kind kind, const struct lie *lie) {
    struct key_facts facts;
    struct scene *scene = &shown->scene;
    scene_begin(scene, kind, WORLD_NOW, STATE_NEW);
    if (lie) {
        lie->alter(scene);
    }
    shown->request = world_request(&scene->world, scene->method, scene->request);
    shown->response = scene_respond(scene, shown->request);
    if (!scene->keeps_no_key) {
        world_facts(&scene->world, scene->key_state, KEY_MAIN, &facts);
        ck_assert_int_eq(trust_keep_key(scene->trust, &facts, BYTES("proof")), 0);
    }
}

static void nothing_came_out(const struct judgement *judgement) {
    ck_assert_uint_eq(judgement->findings.clauses_count, 0);
    ck_assert_uint_eq(judgement->findings.spoken_count, 0);
    ck_assert_uint_eq(judgement->findings.matches_count, 0);
    ck_assert(!judgement->findings.is_absence_proven);
}

/* One judging with one refusal; whether there was one. wanted: what is right besides want of memory. */
static bool judge_with(struct shown *shown, const char *what, int wanted, unsigned at, bool is_lasting) {
    struct judgement judgement;
    judgement_init(&judgement);
    scarce_arm(at, is_lasting);
    int error = judge_shown(shown, &judgement);
    unsigned hits = scarce_disarm();
    ck_assert_msg(error == wanted || (hits > 0 && error == DEPOSITARY_E_MEMORY), "%s, allocation %u: %s (%s), not %s",
                  what, at, depositary_error_name(error), judgement.fault.text, depositary_error_name(wanted));
    if (error == DEPOSITARY_E_MEMORY) {
        ck_assert_int_eq(judgement.need.kind, NEED_NOTHING);
        nothing_came_out(&judgement);
    }
    judgement_free(&judgement);
    refusals += hits > 0;
    return hits > 0;
}

static int judge_once_more(struct shown *shown) {
    struct judgement judgement;
    judgement_init(&judgement);
    int error = judge_shown(shown, &judgement);
    judgement_free(&judgement);
    return error;
}

static int truth_of(enum scene_kind kind) {
    struct shown shown;
    show(&shown, kind, NULL);
    int error = judge_once_more(&shown);
    scene_end(&shown.scene);
    return error;
}

START_TEST(true_answers_are_judged_as_ever_or_not_at_all) {
    for (unsigned kind = 0; kind < SCENES_COUNT; kind++) {
        char what[32];
        int truth = truth_of((enum scene_kind)kind);
        snprintf(what, sizeof(what), "scene %u", kind);
        for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
            bool was_hit = true;
            for (unsigned at = 0; was_hit; at++) { /* each from nothing: no signature was checked before */
                struct shown shown;
                show(&shown, (enum scene_kind)kind, NULL);
                was_hit = judge_with(&shown, what, truth, at, is_lasting);
                ck_assert_msg(judge_once_more(&shown) == truth, "%s, after allocation %u", what, at);
                scene_end(&shown.scene);
            }
        }
    }
    printf("%u allocations refused while true answers were judged\n", refusals);
    ck_assert_uint_gt(refusals, 2 * SCENES_COUNT);
}
END_TEST

START_TEST(a_lie_is_never_believed_for_want_of_memory) {
    for (size_t i = 0; i < lies_count; i++) {
        const struct lie *lie = &lies[i];
        if (!lie->is_for_unit) {
            continue;
        }
        for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
            bool was_hit = true;
            for (unsigned at = 0; was_hit; at++) {
                struct shown shown;
                show(&shown, lie->kind, lie);
                was_hit = judge_with(&shown, lie->name, lie->error, at, is_lasting);
                ck_assert_msg(judge_once_more(&shown) == lie->error, "%s, after allocation %u", lie->name, at);
                scene_end(&shown.scene);
            }
        }
    }
    printf("%u allocations refused while lies were judged\n", refusals);
    ck_assert_uint_gt(refusals, lies_count);
}
END_TEST

/* ---- copies */

static struct buffer record, proof, policy_text;

static void read_vector(struct buffer *out, const char *name) {
    char path[512];
    struct fault fault = {0};
    snprintf(path, sizeof(path), TESTS_DIR "/vectors/copy/%s", name);
    buffer_init(out, 1u << 20);
    ck_assert_msg(file_read(out, path, &fault) == 0, "%s", fault_text(&fault));
}

static void set_up_copies(void) {
    set_up();
    read_vector(&record, "example-treaty.en.1.art_2.record");
    read_vector(&proof, "example-treaty.en.1.art_2.proof");
    read_vector(&policy_text, "policy");
}

static void tear_down_copies(void) {
    buffer_free(&record);
    buffer_free(&proof);
    buffer_free(&policy_text);
}

/* All of it, from the policy on: alone, by a verifier twice, explained. What failed; no check of the test's own in here, which would allocate. */
struct handed {
    depositary_copy *copies[3];
    char *words;
};

static void handed_free(struct handed *handed) {
    for (size_t i = 0; i < 3; i++) {
        depositary_copy_free(&handed->copies[i]);
    }
    free(handed->words);
}

static int check_copies(struct handed *out) {
    depositary_policy *policy = NULL;
    depositary_verifier *verifier = NULL;
    depositary_failure failure;
    int error = depositary_policy_new(&policy, (const char *)policy_text.data, policy_text.len, &failure);
    error = error ? error
                  : depositary_copy_verify(&out->copies[0], policy, record.data, record.len, proof.data, proof.len,
                                           &failure);
    error = error ? error : depositary_verifier_new(&verifier, policy, &failure);
    for (size_t i = 1; i < 3 && !error; i++) {
        error = depositary_verifier_copy(&out->copies[i], verifier, record.data, record.len, proof.data, proof.len,
                                         &failure);
    }
    error =
        error ? error
              : depositary_copy_explain(&out->words, policy, record.data, record.len, proof.data, proof.len, &failure);
    depositary_verifier_free(&verifier);
    depositary_policy_free(&policy);
    bool is_told = failure.error == error && (failure.text[0] != '\0') == (error != 0);
    return is_told ? error : DEPOSITARY_E_STATE;
}

static char *true_words;

static bool check_with(unsigned at, bool is_lasting) {
    struct handed handed = {0};
    scarce_arm(at, is_lasting);
    int error = check_copies(&handed);
    unsigned hits = scarce_disarm();
    ck_assert_msg(error == 0 || (hits > 0 && error == DEPOSITARY_E_MEMORY), "allocation %u: %s", at,
                  depositary_error_name(error));
    for (size_t i = 0; i < 3; i++) {
        ck_assert(!handed.copies[i] || strcmp(depositary_copy_clause(handed.copies[i])->eid, "art_2") == 0);
    }
    ck_assert(error != 0 || strcmp(handed.words, true_words) == 0);
    handed_free(&handed);
    refusals += hits > 0;
    return hits > 0;
}

START_TEST(copies_are_verified_as_ever_or_not_at_all) {
    struct handed whole = {0};
    ck_assert_int_eq(check_copies(&whole), 0);
    true_words = whole.words;
    whole.words = NULL;
    for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
        for (unsigned at = 0; check_with(at, is_lasting); at++) {
        }
    }
    free(true_words);
    handed_free(&whole);
    printf("%u allocations refused while copies were verified\n", refusals);
    ck_assert_uint_gt(refusals, 40);
}
END_TEST

/* One byte is wrong, and the verifier has seen the true copy, or was refused memory for it. */
static bool deceive_with(depositary_policy *policy, size_t byte, unsigned at) {
    uint8_t *changed = byte < record.len ? &record.data[byte] : &proof.data[byte - record.len];
    depositary_verifier *verifier = NULL;
    depositary_copy *copy = NULL;
    depositary_failure failure;
    ck_assert_int_eq(depositary_verifier_new(&verifier, policy, NULL), 0);
    scarce_arm(at, false);
    int error = depositary_verifier_copy(NULL, verifier, record.data, record.len, proof.data, proof.len, NULL);
    bool is_true = error == 0 || error == DEPOSITARY_E_MEMORY;
    *changed ^= 1;
    error = depositary_verifier_copy(&copy, verifier, record.data, record.len, proof.data, proof.len, &failure);
    unsigned hits = scarce_disarm();
    ck_assert(is_true);
    ck_assert_msg(error != 0 && failure.error == error && !copy, "byte %zu, allocation %u: believed", byte, at);
    int again = depositary_verifier_copy(&copy, verifier, record.data, record.len, proof.data, proof.len, &failure);
    ck_assert_msg(again != 0 && again != DEPOSITARY_E_MEMORY && !copy, "byte %zu, after allocation %u", byte, at);
    ck_assert_msg(error == again || (hits > 0 && error == DEPOSITARY_E_MEMORY), "byte %zu, allocation %u: %s, not %s",
                  byte, at, depositary_error_name(error), depositary_error_name(again));
    *changed ^= 1;
    ck_assert_int_eq(depositary_verifier_copy(NULL, verifier, record.data, record.len, proof.data, proof.len, NULL), 0);
    depositary_verifier_free(&verifier);
    refusals += hits > 0;
    return hits > 0;
}

START_TEST(a_changed_copy_is_never_believed_for_want_of_memory) {
    depositary_policy *policy = NULL;
    ck_assert_int_eq(depositary_policy_new(&policy, (const char *)policy_text.data, policy_text.len, NULL), 0);
    for (size_t byte = 0; byte < record.len + proof.len; byte++) {
        for (unsigned at = 0; deceive_with(policy, byte, at); at++) {
        }
    }
    depositary_policy_free(&policy);
    printf("%u allocations refused while changed copies were judged\n", refusals);
    ck_assert_uint_gt(refusals, record.len + proof.len);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("judging");
    TCase *answers = tcase_create("answers");
    tcase_add_checked_fixture(answers, set_up, NULL);
    tcase_set_timeout(answers, 240);
    tcase_add_test(answers, true_answers_are_judged_as_ever_or_not_at_all);
    tcase_add_test(answers, a_lie_is_never_believed_for_want_of_memory);
    suite_add_tcase(suite, answers);
    TCase *copies = tcase_create("copies");
    tcase_add_checked_fixture(copies, set_up_copies, tear_down_copies);
    tcase_set_timeout(copies, 240);
    tcase_add_test(copies, copies_are_verified_as_ever_or_not_at_all);
    tcase_add_test(copies, a_changed_copy_is_never_believed_for_want_of_memory);
    suite_add_tcase(suite, copies);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
