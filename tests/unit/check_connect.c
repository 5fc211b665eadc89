/* The client's connection: many exchanges, several endpoints, and everything that can go wrong between. src/client/connect.h */
#include "service_maker.h"

#include "base/limits.h"
#include "base/time.h"
#include "base/url.h"
#include "client/connect_parts.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000u

/* An exchange with what became of it. */
struct tried {
    struct exchange exchange;
    char request[16];
    atomic_bool flag;
    atomic_int result; /* -1: not told yet */
    atomic_int tellings;
    char response[16];
};

static struct made_service service;
static struct connection *connection;
static struct fault fault;
static atomic_int told;

static struct {
    enum serve what;
    size_t pad; /* bytes behind the echo */
    unsigned most;
    char order[64];
} plan;

static enum serve echo(void *context, struct bytes request, struct buffer *response) {
    struct made_service *self = context;
    size_t len = strlen(plan.order);
    buffer_append(response, request);
    if (plan.pad > 0) {
        ck_assert_ptr_nonnull(buffer_extend(response, plan.pad)); /* what stands there matters to nobody */
        memset(response->data + request.len, 'x', plan.pad);
    }
    if (request.len > 0 && len + 1 < sizeof plan.order) {
        plan.order[len] = (char)request.data[0];
    }
    plan.most = self->held + 1 > plan.most ? self->held + 1 : plan.most;
    return plan.what;
}

static void note(void *context, enum line_result result, struct bytes response) {
    struct tried *tried = context;
    size_t len = response.len < sizeof tried->response - 1 ? response.len : sizeof tried->response - 1;
    memcpy(tried->response, response.data, len);
    atomic_fetch_add(&tried->tellings, 1);
    atomic_store(&tried->result, (int)result);
    atomic_fetch_add(&told, 1);
}

static void prepare(struct tried *tried, const char *request, uint64_t send_ms, uint64_t answer_ms) {
    uint64_t now = clock_monotonic_ns();
    memset(tried, 0, sizeof *tried);
    snprintf(tried->request, sizeof tried->request, "%s", request);
    atomic_init(&tried->result, -1);
    tried->exchange = (struct exchange){.request = bytes_text(tried->request),
                                        .avoid = ENDPOINT_NONE,
                                        .prefer = ENDPOINT_NONE,
                                        .send_by_ns = now + send_ms * MS,
                                        .answer_by_ns = now + answer_ms * MS,
                                        .is_cancelled = &tried->flag,
                                        .done = note,
                                        .context = tried};
}

static void begin(struct tried *tried, const char *request) {
    prepare(tried, request, 5000, 10000);
    ck_assert_int_eq(connect_exchange(connection, &tried->exchange), LINE_OK);
}

static int result_of(struct tried *tried) {
    WAIT_UNTIL(atomic_load(&tried->result) != -1);
    ck_assert_int_eq(atomic_load(&tried->tellings), 1);
    return atomic_load(&tried->result);
}

static void dial(const char *endpoints, unsigned window) {
    const struct connect_config config = {.endpoints = endpoints, .window = window};
    ck_assert_msg(connect_open(&connection, &config, &fault) == 0, "%s", fault_text(&fault));
}

static void set_up(void) {
    memset(&plan, 0, sizeof plan);
    atomic_store(&told, 0);
    made_service_open(&service, echo, &service);
}

static void tear_down(void) {
    connect_close(connection);
    connection = NULL;
    made_service_close(&service);
}

START_TEST(each_request_has_its_own_answer) {
    static struct tried tries[1000];
    dial(service.url, 8);
    for (int i = 0; i < 1000; i++) {
        char request[16];
        snprintf(request, sizeof request, "n%d", i);
        begin(&tries[i], request);
    }
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(result_of(&tries[i]), LINE_OK);
        ck_assert_str_eq(tries[i].response, tries[i].request);
    }
}
END_TEST

START_TEST(no_more_are_under_way_than_the_window) {
    static struct tried tries[40];
    plan.what = SERVE_HOLD;
    dial(service.url, 8);
    for (int i = 0; i < 40; i++) {
        begin(&tries[i], "x");
    }
    WAIT_UNTIL(made_service_held(&service) == 8);
    made_wait_step(100); /* a ninth would come now */
    ck_assert_uint_eq(made_service_held(&service), 8);
    while (atomic_load(&told) < 40) {
        made_service_release(&service);
        made_wait_step(2);
    }
    ck_assert_uint_eq(plan.most, 8);
}
END_TEST

START_TEST(what_others_wait_for_goes_ahead_of_those_that_wait) {
    static struct tried a, b, c;
    plan.what = SERVE_HOLD;
    dial(service.url, 1);
    begin(&a, "a");
    WAIT_UNTIL(made_service_held(&service) == 1);
    begin(&b, "b");
    prepare(&c, "c", 5000, 10000);
    c.exchange.is_urgent = true;
    ck_assert_int_eq(connect_exchange(connection, &c.exchange), LINE_OK);
    while (atomic_load(&told) < 3) {
        made_service_release(&service);
        made_wait_step(2);
    }
    ck_assert_str_eq(plan.order, "acb");
}
END_TEST

START_TEST(one_that_waits_and_one_under_way_are_cancelled) {
    static struct tried way, waits, stays;
    plan.what = SERVE_HOLD;
    dial(service.url, 1);
    begin(&way, "a");
    WAIT_UNTIL(made_service_held(&service) == 1);
    begin(&waits, "b");
    begin(&stays, "c");
    atomic_store(&waits.flag, true);
    connect_cancel(connection, &waits.flag);
    ck_assert_int_eq(result_of(&waits), LINE_CANCELLED);
    ck_assert_int_eq(atomic_load(&way.result), -1);
    atomic_store(&way.flag, true);
    connect_cancel(connection, &way.flag);
    ck_assert_int_eq(result_of(&way), LINE_CANCELLED);
    while (atomic_load(&stays.result) == -1) {
        made_service_release(&service);
        made_wait_step(2);
    }
    ck_assert_int_eq(result_of(&stays), LINE_OK);
    ck_assert_str_eq(plan.order, "ac");
}
END_TEST

START_TEST(one_with_its_flag_set_does_not_begin) {
    static struct tried late;
    dial(service.url, 1);
    prepare(&late, "a", 5000, 10000);
    atomic_store(&late.flag, true);
    ck_assert_int_eq(connect_exchange(connection, &late.exchange), LINE_CANCELLED);
    ck_assert_int_eq(atomic_load(&late.tellings), 0);
}
END_TEST

START_TEST(stopping_tells_all_and_lets_nothing_begin) {
    static struct tried tries[100], pause, late;
    plan.what = SERVE_HOLD;
    dial(service.url, 8);
    for (int i = 0; i < 100; i++) {
        begin(&tries[i], "x");
    }
    prepare(&pause, "", 0, 0);
    ck_assert_int_eq(connect_pause(connection, &pause.exchange, 60000), LINE_OK);
    WAIT_UNTIL(made_service_held(&service) == 8);
    connect_stop(connection);
    ck_assert_int_eq(atomic_load(&told), 101);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(result_of(&tries[i]), LINE_CLOSED);
    }
    ck_assert_int_eq(result_of(&pause), LINE_CLOSED);
    prepare(&late, "x", 1000, 1000);
    ck_assert_int_eq(connect_exchange(connection, &late.exchange), LINE_CLOSED);
}
END_TEST

static uint64_t ms_since(uint64_t start_ns) {
    return (clock_monotonic_ns() - start_ns) / MS;
}

/* Of an exchange with these times it is told between those that it was not sent. */
static void wait_in_vain(uint64_t send_ms, uint64_t answer_ms, uint64_t least_ms, uint64_t most_ms) {
    static struct tried tried;
    uint64_t before = clock_monotonic_ns();
    prepare(&tried, "x", send_ms, answer_ms);
    ck_assert_int_eq(connect_exchange(connection, &tried.exchange), LINE_OK);
    ck_assert_int_eq(result_of(&tried), LINE_NOT_SENT);
    ck_assert_uint_ge(ms_since(before), least_ms);
    ck_assert_uint_lt(ms_since(before), most_ms);
}

START_TEST(with_nobody_there_it_is_told_in_time_that_it_was_not_sent) {
    char url[128];
    made_service_address(url);
    dial(url, 8);
    wait_in_vain(200, 10000, 200, 5000);
}
END_TEST

START_TEST(an_endpoint_that_comes_later_is_waited_for) {
    static struct tried tried;
    static struct made_service late;
    char url[128];
    made_service_address(url);
    dial(url, 8);
    begin(&tried, "x");
    made_wait_step(150);
    ck_assert_int_eq(atomic_load(&tried.result), -1);
    made_service_open_at(&late, url, echo, &late);
    ck_assert_int_eq(result_of(&tried), LINE_OK);
    made_service_close(&late);
}
END_TEST

START_TEST(a_lost_connection_is_told_and_the_next_exchange_finds_the_way_back) {
    static struct tried lost, next;
    plan.what = SERVE_DROP;
    dial(service.url, 8);
    begin(&lost, "x");
    ck_assert_int_eq(result_of(&lost), LINE_LOST);
    plan.what = SERVE_ANSWER;
    begin(&next, "y");
    ck_assert_int_eq(result_of(&next), LINE_OK);
}
END_TEST

/* ---- a service that was there goes away */

static bool is_there(size_t endpoint) {
    pthread_mutex_lock(&connection->lock);
    bool there = connection->endpoints[endpoint].pipes > 0;
    pthread_mutex_unlock(&connection->lock);
    return there;
}

/* Asks once, so that the connection was there; then the service closes it and is gone. */
static void lose_service(void) {
    static struct tried first;
    dial(service.url, 8);
    begin(&first, "a");
    ck_assert_int_eq(result_of(&first), LINE_OK);
    made_service_close(&service);
    WAIT_UNTIL(!is_there(0));
}

START_TEST(a_service_that_comes_back_is_waited_for_past_the_time_for_one_that_was_never_there) {
    static struct tried tried, patient;
    char url[128];
    lose_service();
    uint64_t before = clock_monotonic_ns();
    prepare(&tried, "x", 300, 20000);
    ck_assert_int_eq(connect_exchange(connection, &tried.exchange), LINE_OK);
    prepare(&patient, "y", 20000, 20000);
    ck_assert_int_eq(connect_exchange(connection, &patient.exchange), LINE_OK);
    while (ms_since(before) < 1500) { /* five times as long */
        made_wait_step(50);
    }
    ck_assert_int_eq(atomic_load(&told), 1); /* lose_service's own */
    snprintf(url, sizeof url, "%s", service.url);
    made_service_open_at(&service, url, echo, &service);
    ck_assert_int_eq(result_of(&tried), LINE_OK);
    ck_assert_int_eq(result_of(&patient), LINE_OK);
    ck_assert_str_eq(tried.response, "x");
}
END_TEST

START_TEST(one_that_never_comes_back_is_told_when_the_time_of_the_exchange_is_over) {
    lose_service();
    wait_in_vain(200, 1000, 1000, 6000);
}
END_TEST

START_TEST(one_that_went_away_long_ago_is_as_one_that_was_never_there) {
    lose_service();
    pthread_mutex_lock(&connection->lock);
    ck_assert_uint_gt(connection->left_ns, 0);
    connection->left_ns -= RETURN_MS * (uint64_t)NS_PER_MS;
    pthread_mutex_unlock(&connection->lock);
    wait_in_vain(200, 20000, 200, 6000);
}
END_TEST

START_TEST(a_service_that_says_nothing_runs_into_the_deadline) {
    static struct tried tried, waits;
    plan.what = SERVE_HOLD;
    dial(service.url, 1);
    prepare(&tried, "x", 5000, 3000);
    ck_assert_int_eq(connect_exchange(connection, &tried.exchange), LINE_OK);
    WAIT_UNTIL(made_service_held(&service) == 1);
    uint64_t before = clock_monotonic_ns();
    prepare(&waits, "y", 100, 300); /* there is an endpoint, but never a turn */
    ck_assert_int_eq(connect_exchange(connection, &waits.exchange), LINE_OK);
    ck_assert_int_eq(result_of(&waits), LINE_TIMEOUT);
    ck_assert_int_eq(result_of(&tried), LINE_TIMEOUT);
    ck_assert_uint_ge(ms_since(before), 300);
    ck_assert_uint_lt(ms_since(before), 8000);
}
END_TEST

/* PROTOCOL.md section 9: a client takes 8 MiB, with the four bytes of the request's id, then closes. */
START_TEST(a_response_past_the_limit_closes_the_connection) {
    static struct tried largest, larger, next;
    dial(service.url, 1);
    plan.pad = LIMIT_SOCKET - 4 - 1;
    begin(&largest, "x");
    ck_assert_int_eq(result_of(&largest), LINE_OK);
    plan.pad++;
    begin(&larger, "y");
    ck_assert_int_eq(result_of(&larger), LINE_LOST);
    plan.pad = 0;
    begin(&next, "z");
    ck_assert_int_eq(result_of(&next), LINE_OK);
}
END_TEST

static void count_pipe(nng_pipe pipe, nng_pipe_ev event, void *count) {
    (void)pipe;
    (void)event;
    atomic_fetch_add((atomic_int *)count, 1);
}

/* The machine may be gone, which TCP would not tell for minutes. A call that had less time proves nothing of the kind. */
START_TEST(an_endpoint_from_which_nothing_comes_is_dialled_anew) {
    static atomic_int dialled;
    static struct tried impatient, patient, next;
    atomic_store(&dialled, 0);
    ck_assert_int_eq(nng_pipe_notify(service.socket, NNG_PIPE_EV_ADD_POST, count_pipe, &dialled), 0);
    plan.what = SERVE_NEVER;
    dial(service.url, 4);
    prepare(&impatient, "x", 5000, 300);
    ck_assert_int_eq(connect_exchange(connection, &impatient.exchange), LINE_OK);
    ck_assert_int_eq(result_of(&impatient), LINE_TIMEOUT);
    ck_assert_int_eq(atomic_load(&dialled), 1);
    prepare(&patient, "y", 5000, 5300);
    ck_assert_int_eq(connect_exchange(connection, &patient.exchange), LINE_OK);
    ck_assert_int_eq(result_of(&patient), LINE_TIMEOUT);
    WAIT_UNTIL(atomic_load(&dialled) == 2);
    plan.what = SERVE_ANSWER;
    begin(&next, "z");
    ck_assert_int_eq(result_of(&next), LINE_OK);
}
END_TEST

START_TEST(pauses_end_in_the_order_of_their_times) {
    static struct tried longer, shorter;
    dial(service.url, 1);
    prepare(&longer, "", 0, 0);
    prepare(&shorter, "", 0, 0);
    uint64_t before = clock_monotonic_ns();
    ck_assert_int_eq(connect_pause(connection, &longer.exchange, 400), LINE_OK);
    ck_assert_int_eq(connect_pause(connection, &shorter.exchange, 50), LINE_OK);
    ck_assert_int_eq(result_of(&shorter), LINE_OK);
    ck_assert_int_eq(atomic_load(&longer.result), -1);
    ck_assert_int_eq(result_of(&longer), LINE_OK);
    ck_assert_uint_ge((clock_monotonic_ns() - before) / MS, 400);
}
END_TEST

/* ---- several endpoints */

static struct made_service second;

static void set_up_two(void) {
    char both[300];
    set_up();
    made_service_open(&second, echo, &second);
    snprintf(both, sizeof both, "%s,%s", service.url, second.url);
    dial(both, 8);
    /* both are connected before anything is counted */
    struct tried *probe = calloc(1, sizeof *probe);
    for (int i = 0; i < 2000 && made_service_asked(&second) + made_service_asked(&service) < 4000; i++) {
        begin(probe, "p");
        ck_assert_int_eq(result_of(probe), LINE_OK);
        if (made_service_asked(&service) > 0 && made_service_asked(&second) > 0) {
            break;
        }
        made_wait_step(5);
    }
    free(probe);
    ck_assert_uint_gt(made_service_asked(&service), 0);
    ck_assert_uint_gt(made_service_asked(&second), 0);
}

static void tear_down_two(void) {
    tear_down();
    made_service_close(&second);
}

/* `count` exchanges, one after the other; how many came to the first. */
static unsigned first_of(int count, int avoid, int prefer) {
    static struct tried tried;
    unsigned before = made_service_asked(&service);
    for (int i = 0; i < count; i++) {
        prepare(&tried, "x", 5000, 10000);
        tried.exchange.avoid = avoid;
        tried.exchange.prefer = prefer;
        ck_assert_int_eq(connect_exchange(connection, &tried.exchange), LINE_OK);
        ck_assert_int_eq(result_of(&tried), LINE_OK);
    }
    return made_service_asked(&service) - before;
}

START_TEST(exchanges_go_round_the_endpoints) {
    ck_assert_uint_eq(first_of(20, ENDPOINT_NONE, ENDPOINT_NONE), 10);
    ck_assert_uint_eq(first_of(20, 0, ENDPOINT_NONE), 0);
    ck_assert_uint_eq(first_of(20, ENDPOINT_NONE, 0), 20);
}
END_TEST

START_TEST(an_endpoint_rests_as_long_as_it_asked_for) {
    connect_rest(connection, 0, 300);
    ck_assert_uint_eq(first_of(10, ENDPOINT_NONE, ENDPOINT_NONE), 0);
    made_wait_step(320);
    ck_assert_uint_eq(first_of(10, ENDPOINT_NONE, ENDPOINT_NONE), 5);
    connect_rest(connection, 0, 60000);
    connect_rest(connection, 1, 60000); /* none but resting ones: better than nothing */
    ck_assert_uint_eq(first_of(10, ENDPOINT_NONE, ENDPOINT_NONE), 5);
}
END_TEST

/* Neither turns into the other's loss: what waits for the first goes to the second as soon as that is there, not when the first is back. */
START_TEST(with_both_gone_the_first_that_is_back_takes_all) {
    static struct tried tries[20];
    char url[128];
    made_service_close(&service);
    made_service_close(&second);
    WAIT_UNTIL(!is_there(0) && !is_there(1));
    for (int i = 0; i < 20; i++) {
        prepare(&tries[i], "x", 100, 20000);
        tries[i].exchange.prefer = 0;
        tries[i].exchange.avoid = 1;
        ck_assert_int_eq(connect_exchange(connection, &tries[i].exchange), LINE_OK);
    }
    made_wait_step(400);
    snprintf(url, sizeof url, "%s", second.url);
    made_service_open_at(&second, url, echo, &second);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(result_of(&tries[i]), LINE_OK);
    }
    ck_assert_uint_eq(made_service_asked(&second), 20);
}
END_TEST

START_TEST(with_one_endpoint_gone_the_other_takes_all) {
    made_service_close(&second);
    WAIT_UNTIL(first_of(4, ENDPOINT_NONE, ENDPOINT_NONE) == 4);
    ck_assert_uint_eq(first_of(20, 0, 1), 20);
}
END_TEST

/* ---- callbacks that go on */

struct chain {
    struct exchange exchange;
    atomic_int left;
};

static void next_link(void *context, enum line_result result, struct bytes response) {
    struct chain *chain = context;
    (void)response;
    ck_assert_int_eq(result, LINE_OK);
    if (atomic_fetch_sub(&chain->left, 1) > 1) {
        ck_assert_int_eq(connect_exchange(connection, &chain->exchange), LINE_OK);
    }
}

START_TEST(a_callback_begins_the_next_with_the_same_memory) {
    static struct chain chains[16];
    uint64_t until = clock_monotonic_ns() + 30000 * (uint64_t)MS;
    dial(service.url, 4);
    for (int i = 0; i < 16; i++) {
        atomic_init(&chains[i].left, 200);
        chains[i].exchange = (struct exchange){.request = BYTES("x"),
                                               .avoid = ENDPOINT_NONE,
                                               .prefer = ENDPOINT_NONE,
                                               .send_by_ns = until,
                                               .answer_by_ns = until,
                                               .done = next_link,
                                               .context = &chains[i]};
        ck_assert_int_eq(connect_exchange(connection, &chains[i].exchange), LINE_OK);
    }
    for (int i = 0; i < 16; i++) {
        WAIT_UNTIL(atomic_load(&chains[i].left) == 0);
    }
    ck_assert_uint_eq(made_service_asked(&service), 3200);
}
END_TEST

/* ---- names */

START_TEST(only_this_machine_is_loopback) {
    static const char *const yes[] = {"ipc:///run/x", "tcp://127.0.0.1:1", "tls+tcp://localhost:1", "tcp://[::1]:1",
                                      "tcp://127.9.9.9:1"};
    static const char *const no[] = {"tcp://127.example.org:1", "tls+tcp://example.org:1",
                                     "tcp://10.0.0.1:1",        "tcp://localhost.example.org:1",
                                     "tcp://[::2]:1",           "tcp://:1",
                                     "http://127.0.0.1"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        ck_assert_msg(url_is_loopback(yes[i]), "%s", yes[i]);
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        ck_assert_msg(!url_is_loopback(no[i]), "%s", no[i]);
    }
}
END_TEST

START_TEST(an_endpoint_is_known_by_its_scheme) {
    ck_assert_str_eq(url_ipc_path("ipc:///run/x"), "/run/x");
    ck_assert_ptr_null(url_ipc_path("tcp://ipc:1"));
    ck_assert_ptr_null(url_ipc_path("ipc:/run/x"));
    ck_assert(url_is_ipc("ipc:///run/x") && !url_is_ipc("inproc://x") && !url_is_ipc(""));
    ck_assert(url_is_tcp("tcp://h:1") && !url_is_tcp("tls+tcp://h:1") && !url_is_tcp("tcp6://h:1"));
    ck_assert(url_is_tls("tls+tcp://h:1") && !url_is_tls("tcp://h:1"));
}
END_TEST

START_TEST(what_is_no_endpoint_is_refused_with_its_name) {
    static const char *const bad[] = {"", "http://x", "ws://127.0.0.1:1", "tcp://127.0.0.1:1,inproc://a",
                                      "tls+tcp://example.org:1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct connect_config config = {.endpoints = bad[i], .window = 1};
        ck_assert_int_eq(connect_open(&connection, &config, &fault), DEPOSITARY_E_ARGUMENT);
    }
    const struct connect_config insecure = {.endpoints = "tls+tcp://example.org:1", .is_insecure = true, .window = 1};
    ck_assert_int_eq(connect_open(&connection, &insecure, &fault), DEPOSITARY_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(fault.text, "loopback"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("connect");
    TCase *one = tcase_create("one endpoint");
    tcase_add_checked_fixture(one, set_up, tear_down);
    tcase_add_test(one, each_request_has_its_own_answer);
    tcase_add_test(one, no_more_are_under_way_than_the_window);
    tcase_add_test(one, what_others_wait_for_goes_ahead_of_those_that_wait);
    tcase_add_test(one, one_that_waits_and_one_under_way_are_cancelled);
    tcase_add_test(one, one_with_its_flag_set_does_not_begin);
    tcase_add_test(one, stopping_tells_all_and_lets_nothing_begin);
    tcase_add_test(one, with_nobody_there_it_is_told_in_time_that_it_was_not_sent);
    tcase_add_test(one, an_endpoint_that_comes_later_is_waited_for);
    tcase_add_test(one, a_lost_connection_is_told_and_the_next_exchange_finds_the_way_back);
    tcase_add_test(one, a_service_that_comes_back_is_waited_for_past_the_time_for_one_that_was_never_there);
    tcase_add_test(one, one_that_never_comes_back_is_told_when_the_time_of_the_exchange_is_over);
    tcase_add_test(one, one_that_went_away_long_ago_is_as_one_that_was_never_there);
    tcase_add_test(one, a_service_that_says_nothing_runs_into_the_deadline);
    tcase_add_test(one, a_response_past_the_limit_closes_the_connection);
    tcase_add_test(one, an_endpoint_from_which_nothing_comes_is_dialled_anew);
    tcase_add_test(one, pauses_end_in_the_order_of_their_times);
    tcase_add_test(one, a_callback_begins_the_next_with_the_same_memory);
    tcase_set_timeout(one, 60);
    suite_add_tcase(suite, one);
    TCase *two = tcase_create("two endpoints");
    tcase_add_checked_fixture(two, set_up_two, tear_down_two);
    tcase_add_test(two, exchanges_go_round_the_endpoints);
    tcase_add_test(two, an_endpoint_rests_as_long_as_it_asked_for);
    tcase_add_test(two, with_one_endpoint_gone_the_other_takes_all);
    tcase_add_test(two, with_both_gone_the_first_that_is_back_takes_all);
    tcase_set_timeout(two, 60);
    suite_add_tcase(suite, two);
    TCase *names = tcase_create("names");
    tcase_add_test(names, only_this_machine_is_loopback);
    tcase_add_test(names, an_endpoint_is_known_by_its_scheme);
    tcase_add_test(names, what_is_no_endpoint_is_refused_with_its_name);
    suite_add_tcase(suite, names);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
