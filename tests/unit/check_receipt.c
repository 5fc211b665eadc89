/*
 * Receipts (src/client/receipt.c): what the reader demands, and what the writer keeps. The answer and what vouches for its key are of one ledger: of
 * one size they are the same, of two sizes a consistency path joins them, whether or not the answer carried its state. PROTOCOL.md section 5.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "answer_scene.h"
#include "service_maker.h"

#include "base/time.h"
#include "client/answer.h"
#include "depositary/client.h"

/* ---- reading */

/* A consistency path as a service could show it: none, the true one between two states, or that with a bit changed, a hash left out, one to spare. */
enum path_kind { NO_PATH, TRUE_PATH, CHANGED_PATH, SHORT_PATH, LONG_PATH };

struct row {
    enum scene_kind kind;
    enum world_state_name answered;
    enum world_state_name vouched;
    enum path_kind path;
    enum world_state_name path_from;
    enum world_state_name path_to;
    int error;
};

static const struct row rows[] = {
    {CLAUSE, STATE_NEW, STATE_NEW, NO_PATH, 0, 0, 0},
    {CLAUSE, STATE_RENEWED, STATE_RENEWED, NO_PATH, 0, 0, 0},
    {NO_INSTRUMENT, STATE_NEW, STATE_NEW, NO_PATH, 0, 0, DEPOSITARY_E_NO},
    {HEALTH, STATE_NEW, STATE_NEW, NO_PATH, 0, 0, 0},
    /* joined */
    {CLAUSE, STATE_NEW, STATE_RENEWED, TRUE_PATH, STATE_NEW, STATE_RENEWED, 0},
    {CLAUSE, STATE_NEW, STATE_LONG_FORK, TRUE_PATH, STATE_NEW, STATE_LONG_FORK, 0},
    {CLAUSE, STATE_FORK, STATE_LONG_FORK, TRUE_PATH, STATE_FORK, STATE_LONG_FORK, 0},
    {NO_INSTRUMENT, STATE_NEW, STATE_RENEWED, TRUE_PATH, STATE_NEW, STATE_RENEWED, DEPOSITARY_E_NO},
    {HEALTH, STATE_NEW, STATE_RENEWED, TRUE_PATH, STATE_NEW, STATE_RENEWED, 0},
    {HEALTH, STATE_OLD, STATE_RENEWED, TRUE_PATH, STATE_OLD, STATE_RENEWED, 0},
    /* not joined, as receipts were written once whose answers carried their state */
    {CLAUSE, STATE_NEW, STATE_RENEWED, NO_PATH, 0, 0, DEPOSITARY_E_CONSISTENCY},
    {NO_INSTRUMENT, STATE_NEW, STATE_RENEWED, NO_PATH, 0, 0, DEPOSITARY_E_CONSISTENCY},
    {HEALTH, STATE_NEW, STATE_RENEWED, NO_PATH, 0, 0, DEPOSITARY_E_CONSISTENCY},
    {CLAUSE, STATE_NEW, STATE_RENEWED, CHANGED_PATH, STATE_NEW, STATE_RENEWED, DEPOSITARY_E_CONSISTENCY},
    {CLAUSE, STATE_NEW, STATE_RENEWED, SHORT_PATH, STATE_NEW, STATE_RENEWED, DEPOSITARY_E_CONSISTENCY},
    {CLAUSE, STATE_NEW, STATE_RENEWED, LONG_PATH, STATE_NEW, STATE_RENEWED, DEPOSITARY_E_CONSISTENCY},
    {CLAUSE, STATE_NEW, STATE_RENEWED, TRUE_PATH, STATE_OLD, STATE_RENEWED, DEPOSITARY_E_CONSISTENCY},
    /* of two ledgers: of one size; the key vouched for by a larger one that grew from the other, with what paths there are */
    {CLAUSE, STATE_RENEWED, STATE_FORK, NO_PATH, 0, 0, DEPOSITARY_E_FORK},
    {CLAUSE, STATE_FORK, STATE_RENEWED, NO_PATH, 0, 0, DEPOSITARY_E_FORK},
    {CLAUSE, STATE_RENEWED, STATE_LONG_FORK, NO_PATH, 0, 0, DEPOSITARY_E_CONSISTENCY},
    {CLAUSE, STATE_RENEWED, STATE_LONG_FORK, TRUE_PATH, STATE_FORK, STATE_LONG_FORK, DEPOSITARY_E_CONSISTENCY},
    {CLAUSE, STATE_RENEWED, STATE_LONG_FORK, TRUE_PATH, STATE_NEW, STATE_LONG_FORK, DEPOSITARY_E_CONSISTENCY},
    {NO_INSTRUMENT, STATE_RENEWED, STATE_LONG_FORK, NO_PATH, 0, 0, DEPOSITARY_E_CONSISTENCY},
    {HEALTH, STATE_RENEWED, STATE_LONG_FORK, TRUE_PATH, STATE_FORK, STATE_LONG_FORK, DEPOSITARY_E_CONSISTENCY},
    /* an older register vouches for the key */
    {CLAUSE, STATE_NEW, STATE_OLD, NO_PATH, 0, 0, DEPOSITARY_E_KEY_STATUS},
    {CLAUSE, STATE_NEW, STATE_OLD, TRUE_PATH, STATE_OLD, STATE_NEW, DEPOSITARY_E_KEY_STATUS},
    /* a path that joins nothing */
    {CLAUSE, STATE_NEW, STATE_NEW, TRUE_PATH, STATE_OLD, STATE_NEW, DEPOSITARY_E_RECEIPT},
    {HEALTH, STATE_NEW, STATE_NEW, TRUE_PATH, STATE_OLD, STATE_NEW, DEPOSITARY_E_RECEIPT},
};
#define ROWS (int)(sizeof rows / sizeof rows[0])

static void put_path(Depositary__V1__Receipt *receipt, struct scene *scene, const struct row *row) {
    struct merkle_path path;
    if (row->path == NO_PATH) {
        return;
    }
    world_consistency(&scene->world, row->path_from, row->path_to, &path);
    ck_assert_uint_gt(path.count, 1);
    if (row->path == CHANGED_PATH) {
        path.hashes[0].bytes[0] ^= 1;
    } else if (row->path == SHORT_PATH) {
        path.count--;
    } else if (row->path == LONG_PATH) {
        path.hashes[path.count] = path.hashes[0];
        path.count++;
    }
    receipt->n_consistency = path.count;
    receipt->consistency = world_path(&scene->world, &path);
}

static depositary_policy *policy_of(const struct world *world) {
    depositary_policy *policy;
    ck_assert_int_eq(
        depositary_policy_new(&policy, (const char *)world->policy_text.data, world->policy_text.len, NULL), 0);
    return policy;
}

START_TEST(the_answer_and_its_key_are_of_one_ledger) {
    const struct row *row = &rows[_i];
    struct scene scene;
    Depositary__V1__Receipt receipt = DEPOSITARY__V1__RECEIPT__INIT;
    depositary_answer *answer = NULL;
    scene_begin(&scene, row->kind, WORLD_NOW, row->answered);
    struct bytes request = world_request(&scene.world, scene.method, scene.request);
    struct bytes response = scene_respond(&scene, request);
    receipt.request = (ProtobufCBinaryData){request.len, (uint8_t *)(uintptr_t)request.data};
    receipt.response = (ProtobufCBinaryData){response.len, (uint8_t *)(uintptr_t)response.data};
    receipt.key = world_key_response(&scene.world, row->vouched, KEY_MAIN);
    put_path(&receipt, &scene, row);
    size_t len = protobuf_c_message_get_packed_size(&receipt.base);
    uint8_t *file = world_alloc(&scene.world, len);
    ck_assert_uint_eq(protobuf_c_message_pack(&receipt.base, file), len);
    depositary_policy *policy = policy_of(&scene.world);
    int error = depositary_receipt_verify(&answer, policy, file, len);
    ck_assert_msg(error == row->error, "row %d: %s, not %s: %s", _i, depositary_error_name(error),
                  depositary_error_name(row->error), depositary_answer_error_text(answer));
    ck_assert_uint_eq(depositary_answer_clauses(answer), row->kind == CLAUSE && error == 0 ? 1 : 0);
    ck_assert(!depositary_answer_absence_proven(answer) || error == DEPOSITARY_E_NO);
    depositary_answer_free(&answer);
    depositary_policy_free(&policy);
    scene_end(&scene);
}
END_TEST

/* ---- writing: a client of a service that tells the truth, of the state that the test says */

static struct {
    struct made_service service;
    depositary_policy *policy;
    depositary_client *client;
    int64_t began;
    enum world_state_name state;
    bool hides_consistency;
    bool has_metadata;
    unsigned links; /* consistency paths asked for */
} told;

static void tell_path(struct scene *scene, const Depositary__V1__GetConsistencyProofRequest *asked) {
    static const enum world_state_name all[] = {STATE_KEYS, STATE_OLD, STATE_NEW, STATE_RENEWED};
    enum world_state_name from = STATES_COUNT, to = STATES_COUNT;
    struct merkle_path path;
    told.links++;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        from = scene->world.states[all[i]].size == asked->old_size ? all[i] : from;
        to = scene->world.states[all[i]].size == asked->new_size ? all[i] : to;
    }
    WORLD_NEED(from != STATES_COUNT && to != STATES_COUNT);
    if (told.hides_consistency) {
        scene_refuse(scene, STATUS_OUT_OF_RANGE, NULL);
        return;
    }
    world_consistency(&scene->world, from, to, &path);
    scene->consistency->n_path = path.count;
    scene->consistency->path = world_path(&scene->world, &path);
}

/* An Answer's third field: a pair of text, as a trace comes back. */
static struct bytes add_metadata(struct scene *scene, struct bytes answer) {
    static const char pair[] = "\x1a\x17\x0a\x0btraceparent\x12\x08"
                               "00-trace";
    uint8_t *longer = world_alloc(&scene->world, answer.len + sizeof pair - 1);
    memcpy(longer, answer.data, answer.len);
    memcpy(longer + answer.len, pair, sizeof pair - 1);
    return bytes_of(longer, answer.len + sizeof pair - 1);
}

static enum serve serve(void *context, struct bytes request, struct buffer *response) {
    static const struct {
        const char *method;
        enum scene_kind kind;
    } kinds[] = {{"/depositary.v1.DepositaryService/GetClause", CLAUSE},
                 {"/depositary.v1.LedgerService/GetAnswerKey", ANSWER_KEY},
                 {"/depositary.v1.LedgerService/GetCheckpoint", CHECKPOINT},
                 {"/depositary.v1.LedgerService/GetConsistencyProof", CONSISTENCY},
                 {"/grpc.health.v1.Health/Check", HEALTH}};
    struct call_request asked;
    struct arena arena;
    struct scene scene;
    size_t i = 0;
    (void)context;
    arena_init(&arena, JUDGE_MEMORY);
    WORLD_NEED(call_read(&asked, request, &arena, NULL) == 0);
    while (strcmp(kinds[i].method, asked.method->full_name) != 0) {
        WORLD_NEED(++i < sizeof kinds / sizeof kinds[0]);
    }
    scene_begin(&scene, kinds[i].kind, told.began, told.state);
    if (kinds[i].kind == CONSISTENCY) {
        tell_path(&scene, (const Depositary__V1__GetConsistencyProofRequest *)asked.message);
    }
    scene.alter_answer = told.has_metadata ? add_metadata : scene.alter_answer;
    struct bytes bytes = scene_respond(&scene, request);
    buffer_append(response, bytes);
    scene_end(&scene);
    arena_free(&arena);
    return SERVE_ANSWER;
}

static void set_up(void) {
    struct world world;
    depositary_failure failure;
    memset(&told, 0, sizeof told);
    told.began = clock_now_s();
    told.state = STATE_NEW;
    world_begin(&world, told.began);
    told.policy = policy_of(&world);
    world_end(&world);
    made_service_open(&told.service, serve, NULL);
    const depositary_client_config config = {.endpoints = told.service.url, .policy = told.policy};
    ck_assert_msg(depositary_client_new(&told.client, &config, &failure) == 0, "%s", failure.text);
}

static void tear_down(void) {
    depositary_client_free(&told.client);
    depositary_policy_free(&told.policy);
    made_service_close(&told.service);
}

static depositary_answer *ask_clause(void) {
    static const depositary_edition_query which = {.instrument = "pact"};
    depositary_answer *answer = NULL;
    int error = depositary_get_clause(told.client, &which, "cl_2", &answer);
    ck_assert_msg(error == 0, "%s", depositary_answer_error_text(answer));
    return answer;
}

static depositary_answer *ask_health(void) {
    depositary_answer *answer = NULL;
    int error = depositary_check_health(told.client, "", &answer);
    ck_assert_msg(error == 0, "%s", depositary_answer_error_text(answer));
    return answer;
}

/* What the file says when it is read again; DEPOSITARY_E_MISSING: there is none. */
static int read_again(const depositary_answer *answer) {
    depositary_answer *read = NULL;
    size_t len;
    const void *file = depositary_answer_receipt(answer, &len);
    if (file == NULL) {
        return DEPOSITARY_E_MISSING;
    }
    int error = depositary_receipt_verify(&read, told.policy, file, len);
    ck_assert_msg(error == 0, "%s", depositary_answer_error_text(read));
    depositary_answer_free(&read);
    return error;
}

START_TEST(an_answer_of_the_keys_own_state_needs_no_path) {
    depositary_answer *answer = ask_clause();
    ck_assert_int_eq(read_again(answer), 0);
    ck_assert_uint_eq(told.links, 0);
    depositary_answer_free(&answer);
}
END_TEST

/* The service lags behind the state that is held; each of its answers gets a path of its own. */
START_TEST(answers_from_behind_the_keys_state_get_a_path) {
    told.state = STATE_RENEWED;
    depositary_answer *answer = ask_clause();
    depositary_answer_free(&answer);
    told.state = STATE_NEW;
    for (unsigned times = 1; times <= 2; times++) {
        answer = ask_health();
        ck_assert_int_eq(read_again(answer), 0);
        ck_assert_uint_eq(told.links, times);
        depositary_answer_free(&answer);
    }
}
END_TEST

START_TEST(without_a_path_there_is_an_answer_and_no_receipt) {
    told.state = STATE_RENEWED;
    depositary_answer *answer = ask_clause();
    depositary_answer_free(&answer);
    told.state = STATE_NEW;
    answer = ask_health(); /* from here on the older state is known to be of this ledger */
    depositary_answer_free(&answer);
    told.hides_consistency = true;
    answer = ask_health();
    ck_assert_int_eq(read_again(answer), DEPOSITARY_E_MISSING);
    ck_assert_uint_eq(told.links, 2);
    depositary_answer_free(&answer);
}
END_TEST

/* The key's proof, made again by a larger state, as another call may have brought it between judging and keeping. */
static void vouch_by(depositary_answer *answer, enum world_state_name state, bool is_joined) {
    struct world world;
    world_begin(&world, told.began);
    const Depositary__V1__GetAnswerKeyResponse *key = world_key_response(&world, state, KEY_MAIN);
    size_t len = protobuf_c_message_get_packed_size(&key->base);
    buffer_clear(&answer->key_proof);
    (void)protobuf_c_message_pack(&key->base, buffer_extend(&answer->key_proof, len));
    answer->key_size = world.states[state].size;
    if (is_joined) {
        world_consistency(&world, STATE_NEW, state, &answer->link_path);
        answer->link = (struct ledger_link){{world.states[STATE_NEW].size, world.states[STATE_NEW].root},
                                            {world.states[state].size, world.states[state].root}};
        answer->has_link = true;
    }
    world_end(&world);
}

START_TEST(a_carried_state_behind_the_keys_is_kept_with_its_path_or_not_at_all) {
    for (int is_joined = 0; is_joined < 2; is_joined++) {
        depositary_answer *answer = ask_clause();
        bool is_carried = answer->judgement.is_state_carried; /* the second time the client holds it */
        vouch_by(answer, STATE_RENEWED, is_joined);
        ck_assert_int_eq(read_again(answer), is_joined && is_carried ? 0 : DEPOSITARY_E_MISSING);
        depositary_answer_free(&answer);
        depositary_client_free(&told.client);
        const depositary_client_config config = {.endpoints = told.service.url, .policy = told.policy};
        ck_assert_int_eq(depositary_client_new(&told.client, &config, NULL), 0);
    }
}
END_TEST

static void expect_trace(const depositary_answer *answer) {
    depositary_metadata pair;
    ck_assert_int_eq(depositary_answer_metadata(answer, 0, &pair), 1);
    ck_assert_str_eq(pair.key, "traceparent");
    ck_assert(bytes_equal(bytes_of(pair.value, pair.value_len), BYTES("00-trace")));
    ck_assert_int_eq(depositary_answer_metadata(answer, 1, &pair), 0);
}

START_TEST(metadata_of_an_answer_is_given_out_and_kept) {
    depositary_answer *read = NULL;
    size_t len;
    told.has_metadata = true;
    depositary_answer *answer = ask_clause();
    expect_trace(answer);
    const void *file = depositary_answer_receipt(answer, &len);
    ck_assert_int_eq(depositary_receipt_verify(&read, told.policy, file, len), 0);
    expect_trace(read);
    depositary_answer_free(&read);
    depositary_answer_free(&answer);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("receipt");
    TCase *reading = tcase_create("reading");
    tcase_add_loop_test(reading, the_answer_and_its_key_are_of_one_ledger, 0, ROWS);
    suite_add_tcase(suite, reading);
    TCase *writing = tcase_create("writing");
    tcase_add_checked_fixture(writing, set_up, tear_down);
    tcase_set_timeout(writing, 30);
    tcase_add_test(writing, an_answer_of_the_keys_own_state_needs_no_path);
    tcase_add_test(writing, answers_from_behind_the_keys_state_get_a_path);
    tcase_add_test(writing, without_a_path_there_is_an_answer_and_no_receipt);
    tcase_add_test(writing, a_carried_state_behind_the_keys_is_kept_with_its_path_or_not_at_all);
    tcase_add_test(writing, metadata_of_an_answer_is_given_out_and_kept);
    suite_add_tcase(suite, writing);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
