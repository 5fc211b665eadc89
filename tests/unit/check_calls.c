/*
 * Calls of the client against a service that refuses, drops and keeps silent: retries by gRPC's A6, asynchronous calls, cancelling, freeing. The
 * service seals its refusals with a key that nothing vouches for: enough to be tried again, never enough to be believed.
 */
#include "proof_keys.h"
#include "service_maker.h"

#include "base/limits.h"
#include "base/time.h"
#include "client/retry.h"
#include "depositary/client.h"
#include "google/rpc/error_details.pb-c.h"
#include "proof/seal.h"
#include "rpc/call.h"
#include "rpc/guard.h"
#include "rpc/wire.h"

#include <stdatomic.h>

#define ORIGIN "example.org/calls"
#define MS     1000000u

static struct made_service service;
static depositary_policy *policy;
static depositary_client *client;
static struct test_key answer_key;

/* What the service does, and what it saw of the first question that it was asked. */
static struct {
    enum serve what;
    struct status status;
    struct buffer first;
    unsigned same; /* requests with the very bytes of the first */
    uint64_t first_ns;
    uint64_t second_ns;
} plan;

/* ---- the service */

static void seal(struct buffer *response, struct bytes request, struct bytes answer) {
    struct seal_head head = {.origin = ORIGIN, .size = 1, .sealed_at = clock_now_s(), .ledger_size = 3};
    struct hash request_digest, answer_digest;
    struct buffer encoded;
    uint8_t signature[64];
    seal_digest(&request_digest, request);
    seal_digest(&answer_digest, answer);
    seal_leaf(&head.root, &request_digest, &answer_digest);
    buffer_init(&encoded, LIMIT_SEAL_HEAD);
    ck_assert_int_eq(seal_head_print(&encoded, &head), 0);
    ck_assert_int_eq(seal_sign(signature, buffer_bytes(&encoded), answer_key.secret), 0);
    const struct seal made = {.public_key = bytes_of(answer_key.verifier.public_key, 32),
                              .head = buffer_bytes(&encoded),
                              .signature = bytes_of(signature, sizeof signature)};
    ck_assert_int_eq(response_print(response, answer, &made), 0);
    buffer_free(&encoded);
}

static void refuse(struct buffer *response, struct bytes request) {
    struct buffer status, answer;
    buffer_init(&status, LIMIT_RESPONSE);
    buffer_init(&answer, LIMIT_RESPONSE);
    ck_assert_int_eq(status_print(&status, &plan.status), 0);
    wire_append_bytes(&answer, 1, buffer_bytes(&status));
    seal(response, request, buffer_bytes(&answer));
    buffer_free(&status);
    buffer_free(&answer);
}

static enum serve serve(void *context, struct bytes request, struct buffer *response) {
    (void)context;
    if (plan.first.len == 0) {
        buffer_append(&plan.first, request);
        plan.first_ns = clock_monotonic_ns();
    }
    if (bytes_equal(request, buffer_bytes(&plan.first))) {
        plan.same++;
        plan.second_ns = plan.same == 2 ? clock_monotonic_ns() : plan.second_ns;
    }
    refuse(response, request);
    return plan.what;
}

/* ---- the client */

static void open_client(const depositary_client_config *more) {
    depositary_client_config config = *more;
    depositary_failure failure;
    config.endpoints = service.url;
    config.policy = policy;
    ck_assert_msg(depositary_client_new(&client, &config, &failure) == 0, "%s", failure.text);
}

static void set_up(void) {
    struct test_key ledger = test_key(ORIGIN, 1, 7);
    struct buffer text;
    answer_key = test_key("answer", 1, 8);
    buffer_init(&text, 4096);
    buffer_append_text(&text, "log ");
    verifier_key_print(&text, &ledger.verifier);
    buffer_append_text(&text, "\nquorum none\n");
    ck_assert_int_eq(depositary_policy_new(&policy, (const char *)text.data, text.len, NULL), 0);
    buffer_free(&text);
    memset(&plan, 0, sizeof plan);
    buffer_init(&plan.first, LIMIT_REQUEST_APPEND);
    made_service_open(&service, serve, NULL);
}

static void tear_down(void) {
    depositary_client_free(&client);
    depositary_policy_free(&policy);
    made_service_close(&service);
    buffer_free(&plan.first);
    status_clear(&plan.status);
}

static const depositary_edition_query which = {.instrument = "treaty"};

static depositary_question *question(void) {
    return depositary_question_get_clause(&which, "cl_1");
}

static int ask(const depositary_call_options *options) {
    depositary_answer *answer = NULL;
    int error = depositary_call(client, question(), options, &answer);
    ck_assert_ptr_nonnull(answer);
    ck_assert_int_eq(depositary_answer_error(answer), error);
    ck_assert_uint_eq(depositary_answer_clauses(answer), 0);
    ck_assert_ptr_null(depositary_answer_seal(answer));
    depositary_answer_free(&answer);
    return error;
}

static unsigned times_asked(void) {
    pthread_mutex_lock(&service.lock);
    unsigned same = plan.same;
    pthread_mutex_unlock(&service.lock);
    return same;
}

/* ---- retries */

START_TEST(unavailable_is_asked_again_with_the_same_bytes_and_never_believed) {
    status_set(&plan.status, STATUS_UNAVAILABLE, "DRAINING", "going away");
    open_client(&(depositary_client_config){.timeout_ms = 8000});
    int error = ask(NULL);
    ck_assert_msg(depositary_error_is_verification(error), "%s", depositary_error_text(error));
    ck_assert_uint_eq(times_asked(), RETRY_ATTEMPTS);
}
END_TEST

START_TEST(a_lost_connection_is_asked_again_with_the_same_bytes) {
    plan.what = SERVE_DROP;
    open_client(&(depositary_client_config){.timeout_ms = 8000});
    ck_assert_int_eq(ask(NULL), DEPOSITARY_E_UNREACHABLE);
    ck_assert_uint_eq(times_asked(), RETRY_ATTEMPTS);
}
END_TEST

START_TEST(the_caller_may_want_no_retries) {
    plan.what = SERVE_DROP;
    open_client(&(depositary_client_config){.timeout_ms = 8000, .max_attempts = 1});
    ck_assert_int_eq(ask(NULL), DEPOSITARY_E_UNREACHABLE);
    ck_assert_uint_eq(times_asked(), 1);
}
END_TEST

START_TEST(what_may_not_be_done_twice_is_sent_once) {
    static const enum serve ways[] = {SERVE_DROP, SERVE_ANSWER};
    status_set(&plan.status, STATUS_UNAVAILABLE, "DRAINING", "going away");
    open_client(&(depositary_client_config){.timeout_ms = 8000});
    for (size_t i = 0; i < 2; i++) {
        const depositary_blob record = {"x", 1};
        depositary_answer *answer = NULL;
        pthread_mutex_lock(&service.lock);
        plan.what = ways[i];
        plan.same = 0;
        buffer_clear(&plan.first);
        pthread_mutex_unlock(&service.lock);
        ck_assert_int_ne(depositary_append_entries(client, &record, 1, "note", 4, &answer), 0);
        depositary_answer_free(&answer);
        ck_assert_uint_eq(times_asked(), 1);
    }
}
END_TEST

START_TEST(the_time_that_the_service_asks_for_is_waited) {
    status_set(&plan.status, STATUS_RESOURCE_EXHAUSTED, "OVERLOADED", "later");
    plan.status.retry_delay_ms = 400;
    open_client(&(depositary_client_config){.timeout_ms = 8000, .max_attempts = 2});
    ck_assert_int_ne(ask(NULL), 0);
    ck_assert_uint_eq(times_asked(), 2);
    ck_assert_uint_ge((plan.second_ns - plan.first_ns) / MS, 400);
}
END_TEST

START_TEST(a_service_that_says_not_to_come_again_is_not_asked_again) {
    Google__Protobuf__Duration delay = GOOGLE__PROTOBUF__DURATION__INIT;
    Google__Rpc__RetryInfo info = GOOGLE__RPC__RETRY_INFO__INIT;
    delay.seconds = -1;
    info.retry_delay = &delay;
    status_set(&plan.status, STATUS_UNAVAILABLE, NULL, "never");
    ck_assert_int_eq(status_add_detail(&plan.status, &info.base), 0);
    open_client(&(depositary_client_config){.timeout_ms = 8000});
    ck_assert_int_ne(ask(NULL), 0);
    ck_assert_uint_eq(times_asked(), 1);
}
END_TEST

START_TEST(overload_without_a_time_and_other_refusals_are_not_asked_again) {
    static const enum status_code codes[] = {STATUS_RESOURCE_EXHAUSTED, STATUS_INVALID_ARGUMENT, STATUS_INTERNAL,
                                             STATUS_DEADLINE_EXCEEDED, STATUS_NOT_FOUND};
    open_client(&(depositary_client_config){.timeout_ms = 8000});
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        pthread_mutex_lock(&service.lock);
        status_clear(&plan.status);
        status_set(&plan.status, codes[i], NULL, "no");
        plan.same = 0;
        buffer_clear(&plan.first);
        pthread_mutex_unlock(&service.lock);
        ck_assert_int_ne(ask(NULL), 0);
        ck_assert_uint_eq(times_asked(), 1);
    }
}
END_TEST

START_TEST(a_wait_past_the_deadline_is_not_begun) {
    status_set(&plan.status, STATUS_UNAVAILABLE, NULL, "later");
    plan.status.retry_delay_ms = 30000;
    open_client(&(depositary_client_config){0});
    uint64_t before = clock_monotonic_ns();
    ck_assert_int_ne(ask(&(depositary_call_options){.timeout_ms = 3000}), 0);
    ck_assert_uint_lt((clock_monotonic_ns() - before) / MS, 2500);
    ck_assert_uint_eq(times_asked(), 1);
}
END_TEST

START_TEST(many_failures_draw_the_throttle) {
    plan.what = SERVE_DROP;
    open_client(&(depositary_client_config){.timeout_ms = 20000});
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ask(NULL), DEPOSITARY_E_UNREACHABLE);
    }
    pthread_mutex_lock(&service.lock);
    plan.same = 0;
    buffer_clear(&plan.first);
    pthread_mutex_unlock(&service.lock);
    ck_assert_int_eq(ask(NULL), DEPOSITARY_E_UNREACHABLE);
    ck_assert_uint_eq(times_asked(), 1);
}
END_TEST

START_TEST(backoff_doubles_up_to_its_end_and_the_throttle_fills_again) {
    struct retry_throttle throttle;
    ck_assert_uint_eq(retry_backoff_ms(2, 100), 100);
    ck_assert_uint_eq(retry_backoff_ms(2, 101), 0);
    ck_assert_uint_eq(retry_backoff_ms(3, 200), 200);
    ck_assert_uint_eq(retry_backoff_ms(4, 400), 400);
    ck_assert_uint_eq(retry_backoff_ms(40, 2000), 2000);
    ck_assert_uint_eq(retry_backoff_ms(40, 2001), 0);
    retry_throttle_init(&throttle);
    for (int i = 0; i < 4; i++) {
        ck_assert(retry_failed(&throttle));
    }
    for (int i = 0; i < 20; i++) {
        ck_assert(!retry_failed(&throttle));
    }
    for (int i = 0; i < 60; i++) {
        retry_succeeded(&throttle); /* from none to six */
    }
    ck_assert(!retry_failed(&throttle)); /* to five: not more than half */
    for (int i = 0; i < 11; i++) {
        retry_succeeded(&throttle);
    }
    ck_assert(retry_failed(&throttle));
}
END_TEST

/* A hundred calls were under way on it, and it is one failure; those that are sent later and lost again are another. */
START_TEST(a_lost_connection_is_one_failure) {
    struct retry_throttle throttle;
    retry_throttle_init(&throttle);
    for (uint64_t now_ns = 1000; now_ns < 5000; now_ns += 1000) {
        for (uint64_t i = 0; i < 100; i++) {
            ck_assert(retry_lost(&throttle, now_ns - 100 + i, now_ns + i));
        }
    }
    ck_assert(!retry_lost(&throttle, 5000, 5001)); /* the fifth: half of the tokens are gone */
    ck_assert(!retry_lost(&throttle, 5000, 5002));
    ck_assert(!retry_failed(&throttle));
}
END_TEST

/* ---- deadlines and metadata */

START_TEST(a_call_ends_by_its_deadline) {
    plan.what = SERVE_NEVER;
    open_client(&(depositary_client_config){0});
    uint64_t before = clock_monotonic_ns();
    ck_assert_int_eq(ask(&(depositary_call_options){.timeout_ms = 300}), DEPOSITARY_E_TIMEOUT);
    uint64_t ms = (clock_monotonic_ns() - before) / MS;
    ck_assert_uint_ge(ms, 290);
    ck_assert_uint_lt(ms, 3000);
}
END_TEST

static void read_first(Depositary__V1__Request **out, struct arena *arena) {
    ProtobufCMessage *message = NULL;
    arena_init(arena, 1024 * 1024);
    ck_assert_int_eq(
        guard_unpack(&message, &depositary__v1__request__descriptor, buffer_bytes(&plan.first), arena, NULL), 0);
    *out = (Depositary__V1__Request *)message;
}

START_TEST(time_left_and_metadata_travel) {
    static const char traceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const depositary_metadata pairs[] = {{"caller", "newsroom", 8}, {"caller-bin", "\0\1\2", 3}};
    struct arena arena;
    Depositary__V1__Request *request;
    status_set(&plan.status, STATUS_INTERNAL, NULL, "no");
    open_client(&(depositary_client_config){0});
    ck_assert_int_ne(ask(&(depositary_call_options){
                         .timeout_ms = 2500, .traceparent = traceparent, .metadata = pairs, .metadata_count = 2}),
                     0);
    read_first(&request, &arena);
    ck_assert_int_eq(request->timeout->seconds, 2);
    ck_assert_int_gt(request->timeout->nanos, 0);
    ck_assert_uint_eq(request->n_metadata, 3);
    ck_assert_str_eq(request->metadata[0]->key, "traceparent");
    ck_assert_str_eq(request->metadata[0]->text, traceparent);
    ck_assert_str_eq(request->metadata[1]->text, "newsroom");
    ck_assert_uint_eq(request->metadata[2]->binary.len, 3);
    arena_free(&arena);
}
END_TEST

START_TEST(metadata_against_the_rules_is_not_sent) {
    static const depositary_metadata bad[] = {{"Caller", "x", 1},  {"grpc-timeout", "x", 1}, {"", "x", 1},
                                              {"caller", "\n", 1}, {"call er", "x", 1},      {"caller", "\xc3\xa9", 2}};
    static const char *const traces[] = {"", "00-ab", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                                         "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01"};
    open_client(&(depositary_client_config){0});
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(ask(&(depositary_call_options){.metadata = &bad[i], .metadata_count = 1}),
                         DEPOSITARY_E_ARGUMENT);
    }
    for (size_t i = 0; i < sizeof traces / sizeof *traces; i++) {
        ck_assert_int_eq(ask(&(depositary_call_options){.traceparent = traces[i]}), DEPOSITARY_E_ARGUMENT);
    }
    ck_assert_uint_eq(made_service_asked(&service), 0);
}
END_TEST

/* ---- asynchronous calls */

/* What a callback saw; *left is the count of those that are still to be told. */
struct told {
    atomic_int count;
    atomic_int last_error;
    atomic_bool is_inside;
    atomic_bool was_twice_inside;
    atomic_int again; /* further calls that callbacks are to begin */
    atomic_bool is_freed;
    uint64_t number;
};

static struct told told;

static void note(void *context, depositary_answer *answer) {
    struct told *seen = context;
    if (atomic_exchange(&seen->is_inside, true)) {
        atomic_store(&seen->was_twice_inside, true);
    }
    atomic_store(&seen->last_error, answer != NULL ? depositary_answer_error(answer) : DEPOSITARY_E_MEMORY);
    depositary_answer_free(&answer);
    atomic_store(&seen->is_inside, false);
    atomic_fetch_add(&seen->count, 1);
}

static uint64_t start(depositary_done *done) {
    uint64_t number = depositary_start(client, question(), NULL, done, &told);
    ck_assert_uint_ne(number, 0);
    return number;
}

static void forget_told(void) {
    memset(&told, 0, sizeof told);
}

START_TEST(thousands_are_told_once_each_and_one_at_a_time) {
    forget_told();
    status_set(&plan.status, STATUS_INTERNAL, NULL, "no");
    open_client(&(depositary_client_config){.timeout_ms = 60000});
    for (int i = 0; i < 3000; i++) {
        start(note);
    }
    ck_assert_int_eq(depositary_client_wait(client), 0);
    ck_assert_int_eq(atomic_load(&told.count), 3000);
    ck_assert(!atomic_load(&told.was_twice_inside));
}
END_TEST

static void *start_hundred(void *argument) {
    (void)argument;
    for (int i = 0; i < 100; i++) {
        start(note);
    }
    return NULL;
}

START_TEST(many_threads_share_a_client) {
    pthread_t threads[8];
    forget_told();
    status_set(&plan.status, STATUS_INTERNAL, NULL, "no");
    open_client(&(depositary_client_config){.timeout_ms = 60000});
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, start_hundred, NULL), 0);
    }
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert_int_eq(depositary_client_wait(client), 0);
    ck_assert_int_eq(atomic_load(&told.count), 800);
}
END_TEST

START_TEST(a_cancelled_call_is_told_so_and_the_others_go_on) {
    uint64_t numbers[100];
    forget_told();
    plan.what = SERVE_NEVER;
    open_client(&(depositary_client_config){.timeout_ms = 60000, .max_in_flight = 4});
    for (int i = 0; i < 100; i++) {
        numbers[i] = start(note);
    }
    WAIT_UNTIL(made_service_asked(&service) == 4);
    for (int i = 0; i < 99; i++) { /* some under way, most in the queue */
        depositary_cancel(client, numbers[i]);
    }
    WAIT_UNTIL(atomic_load(&told.count) == 99);
    ck_assert_int_eq(atomic_load(&told.last_error), DEPOSITARY_E_CANCELLED);
    depositary_cancel(client, numbers[0]); /* nothing is there any more */
    depositary_cancel(client, 0);
    depositary_cancel(client, UINT64_MAX);
    made_wait_step(50);
    ck_assert_int_eq(atomic_load(&told.count), 99);
    depositary_cancel(client, numbers[99]);
    ck_assert_int_eq(depositary_client_wait(client), 0);
    ck_assert_int_eq(atomic_load(&told.count), 100);
}
END_TEST

START_TEST(a_call_is_cancelled_while_it_waits_to_be_tried_again) {
    forget_told();
    status_set(&plan.status, STATUS_UNAVAILABLE, NULL, "later");
    plan.status.retry_delay_ms = 20000;
    open_client(&(depositary_client_config){.timeout_ms = 60000});
    uint64_t number = start(note);
    WAIT_UNTIL(made_service_asked(&service) == 1);
    made_wait_step(50);
    depositary_cancel(client, number);
    WAIT_UNTIL(atomic_load(&told.count) == 1);
    ck_assert_int_eq(atomic_load(&told.last_error), DEPOSITARY_E_CANCELLED);
}
END_TEST

START_TEST(a_client_that_is_freed_tells_all_calls_first) {
    forget_told();
    plan.what = SERVE_NEVER;
    open_client(&(depositary_client_config){.timeout_ms = 60000});
    for (int i = 0; i < 500; i++) {
        start(note);
    }
    depositary_client_free(&client);
    ck_assert_ptr_null(client);
    ck_assert_int_eq(atomic_load(&told.count), 500);
    ck_assert_int_eq(atomic_load(&told.last_error), DEPOSITARY_E_CANCELLED);
}
END_TEST

static void begin_next(void *context, depositary_answer *answer) {
    struct told *seen = context;
    note(seen, answer);
    if (atomic_fetch_sub(&seen->again, 1) > 0) {
        ck_assert_uint_ne(depositary_start(client, question(), NULL, begin_next, seen), 0);
    }
}

START_TEST(a_callback_starts_the_next_call) {
    forget_told();
    atomic_store(&told.again, 50);
    status_set(&plan.status, STATUS_INTERNAL, NULL, "no");
    open_client(&(depositary_client_config){.timeout_ms = 60000});
    start(begin_next);
    WAIT_UNTIL(atomic_load(&told.count) == 51);
}
END_TEST

/* A second client pointer, since the test's own is cleared by whoever frees. */
static depositary_client *kept;

static void insist(void *context, depositary_answer *answer) {
    note(context, answer);
    ck_assert_uint_eq(depositary_start(kept, question(), NULL, insist, context), 0);
}

START_TEST(a_callback_that_insists_does_not_hold_up_the_freeing) {
    forget_told();
    plan.what = SERVE_NEVER;
    open_client(&(depositary_client_config){.timeout_ms = 60000});
    kept = client;
    for (int i = 0; i < 10; i++) {
        start(insist);
    }
    depositary_client_free(&client);
    ck_assert_int_eq(atomic_load(&told.count), 10);
}
END_TEST

static void free_client(void *context, depositary_answer *answer) {
    struct told *seen = context;
    note(seen, answer);
    depositary_client_free(&client);
    atomic_store(&seen->is_freed, true);
}

START_TEST(a_callback_may_free_the_client) {
    forget_told();
    plan.what = SERVE_NEVER;
    open_client(&(depositary_client_config){.timeout_ms = 60000});
    for (int i = 0; i < 20; i++) {
        start(note);
    }
    depositary_question *refused = depositary_question_get_clause(&which, "not an eid");
    ck_assert_uint_ne(depositary_start(client, refused, NULL, free_client, &told), 0);
    WAIT_UNTIL(atomic_load(&told.count) == 21); /* the one, then those that were cut off */
    ck_assert(atomic_load(&told.is_freed));
    ck_assert_ptr_null(client);
    ck_assert_int_eq(atomic_load(&told.last_error), DEPOSITARY_E_CANCELLED);
    made_wait_step(100); /* the thread that told them ends by itself */
}
END_TEST

static void wait_inside(void *context, depositary_answer *answer) {
    struct told *seen = context;
    ck_assert_int_eq(depositary_client_wait(client), DEPOSITARY_E_STATE);
    ck_assert_int_ne(ask(NULL), 0); /* a call that waits is fine */
    note(seen, answer);
}

START_TEST(a_callback_may_wait_for_a_call_but_not_for_all) {
    forget_told();
    status_set(&plan.status, STATUS_INTERNAL, NULL, "no");
    open_client(&(depositary_client_config){.timeout_ms = 60000});
    for (int i = 0; i < 10; i++) {
        start(wait_inside);
    }
    ck_assert_int_eq(depositary_client_wait(client), 0);
    ck_assert_int_eq(atomic_load(&told.count), 10);
}
END_TEST

static void read_words(void *context, depositary_answer *answer) {
    ck_assert_int_eq(depositary_answer_error(answer), DEPOSITARY_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(depositary_answer_error_text(answer), "clause"));
    note(context, answer);
}

START_TEST(a_question_that_cannot_be_asked_says_why) {
    forget_told();
    open_client(&(depositary_client_config){0});
    depositary_question *bad = depositary_question_get_clause(&which, "not an eid");
    ck_assert_uint_ne(depositary_start(client, bad, NULL, read_words, &told), 0);
    ck_assert_int_eq(depositary_client_wait(client), 0);
    ck_assert_int_eq(atomic_load(&told.count), 1);
    depositary_question *unasked = question();
    depositary_question_free(&unasked);
    ck_assert_ptr_null(unasked);
    depositary_question_free(NULL);
}
END_TEST

START_TEST(with_wait_for_ready_a_service_that_comes_late_is_waited_for) {
    static struct made_service late;
    char url[128];
    depositary_failure failure;
    forget_told();
    made_service_address(url);
    const depositary_client_config config = {.endpoints = url, .policy = policy, .timeout_ms = 30000};
    status_set(&plan.status, STATUS_INTERNAL, NULL, "no");
    ck_assert_int_eq(depositary_client_new(&client, &config, &failure), 0);
    const depositary_call_options patient = {.wait_for_ready = 1};
    ck_assert_uint_ne(depositary_start(client, question(), &patient, note, &told), 0);
    ck_assert_int_eq(ask(NULL), DEPOSITARY_E_UNREACHABLE); /* without: told after three seconds */
    ck_assert_int_eq(atomic_load(&told.count), 0);
    made_service_open_at(&late, url, serve, NULL);
    ck_assert_int_eq(depositary_client_wait(client), 0);
    ck_assert_uint_gt(made_service_asked(&late), 0);
    depositary_client_free(&client);
    made_service_close(&late);
}
END_TEST

/* A service that is restarted, under one call that waits and one that does not: both have ten seconds, and it is away for four. */
START_TEST(a_service_that_is_away_for_four_seconds_fails_no_call) {
    char url[128];
    forget_told();
    status_set(&plan.status, STATUS_INTERNAL, NULL, "no");
    open_client(&(depositary_client_config){0});
    int usual = ask(NULL); /* what comes of a call that is answered */
    ck_assert_int_ne(usual, DEPOSITARY_E_UNREACHABLE);
    snprintf(url, sizeof url, "%s", service.url);
    made_service_close(&service);
    made_wait_step(100);
    start(note);
    for (uint64_t gone_ns = clock_monotonic_ns(); clock_monotonic_ns() - gone_ns < 4000 * (uint64_t)MS;) {
        made_wait_step(50);
    }
    ck_assert_int_eq(atomic_load(&told.count), 0);
    made_service_open_at(&service, url, serve, NULL);
    ck_assert_int_eq(ask(NULL), usual);
    ck_assert_int_eq(depositary_client_wait(client), 0);
    ck_assert_int_eq(atomic_load(&told.last_error), usual);
    ck_assert_uint_gt(made_service_asked(&service), 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("calls");
    TCase *tcase = tcase_create("calls");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, unavailable_is_asked_again_with_the_same_bytes_and_never_believed);
    tcase_add_test(tcase, a_lost_connection_is_asked_again_with_the_same_bytes);
    tcase_add_test(tcase, the_caller_may_want_no_retries);
    tcase_add_test(tcase, what_may_not_be_done_twice_is_sent_once);
    tcase_add_test(tcase, the_time_that_the_service_asks_for_is_waited);
    tcase_add_test(tcase, a_service_that_says_not_to_come_again_is_not_asked_again);
    tcase_add_test(tcase, overload_without_a_time_and_other_refusals_are_not_asked_again);
    tcase_add_test(tcase, a_wait_past_the_deadline_is_not_begun);
    tcase_add_test(tcase, many_failures_draw_the_throttle);
    tcase_add_test(tcase, backoff_doubles_up_to_its_end_and_the_throttle_fills_again);
    tcase_add_test(tcase, a_lost_connection_is_one_failure);
    tcase_add_test(tcase, a_call_ends_by_its_deadline);
    tcase_add_test(tcase, time_left_and_metadata_travel);
    tcase_add_test(tcase, metadata_against_the_rules_is_not_sent);
    tcase_add_test(tcase, with_wait_for_ready_a_service_that_comes_late_is_waited_for);
    tcase_add_test(tcase, a_service_that_is_away_for_four_seconds_fails_no_call);
    tcase_add_test(tcase, thousands_are_told_once_each_and_one_at_a_time);
    tcase_add_test(tcase, many_threads_share_a_client);
    tcase_add_test(tcase, a_cancelled_call_is_told_so_and_the_others_go_on);
    tcase_add_test(tcase, a_call_is_cancelled_while_it_waits_to_be_tried_again);
    tcase_add_test(tcase, a_client_that_is_freed_tells_all_calls_first);
    tcase_add_test(tcase, a_callback_starts_the_next_call);
    tcase_add_test(tcase, a_callback_that_insists_does_not_hold_up_the_freeing);
    tcase_add_test(tcase, a_callback_may_free_the_client);
    tcase_add_test(tcase, a_callback_may_wait_for_a_call_but_not_for_all);
    tcase_add_test(tcase, a_question_that_cannot_be_asked_says_why);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
