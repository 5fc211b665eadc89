/* Who may connect and call: each limit takes what it says and refuses one more, and what ends makes room again. */
#include "server/peers.h"

#include "server/serving.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct peers *peers;

static void set_up(const struct limits *limits) {
    ck_assert_int_ge(sodium_init(), 0);
    ck_assert_int_eq(peers_new(&peers, limits), 0);
}

static void tear_down(void) {
    peers_free(peers);
    peers = NULL;
}

static enum peers_answer come(uint32_t pipe, const char *address) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(1000)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(1000)};
    const struct sockaddr local = {.sa_family = AF_UNIX};
    if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
        return peers_connect(peers, pipe, (const struct sockaddr *)&in);
    }
    if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1) {
        return peers_connect(peers, pipe, (const struct sockaddr *)&in6);
    }
    return peers_connect(peers, pipe, &local);
}

static enum admission admit(struct connection *connection) {
    int64_t retry_ms = 0;
    return connection_admit(peers, connection, &retry_ms);
}

START_TEST(connections_are_counted_in_all) {
    set_up(&(struct limits){.connections = 3, .connection_calls = 1});
    ck_assert_int_eq(come(1, "192.0.2.1"), PEERS_WELCOME);
    ck_assert_int_eq(come(2, "192.0.2.2"), PEERS_WELCOME);
    ck_assert(!peers_are_full(peers));
    ck_assert_int_eq(come(3, "ipc"), PEERS_WELCOME);
    ck_assert(peers_are_full(peers));
    ck_assert_int_eq(come(4, "192.0.2.3"), PEERS_FULL);
    peers_disconnect(peers, 4); /* was not welcome */
    ck_assert_uint_eq(peers_connections(peers), 3);
    peers_disconnect(peers, 2);
    ck_assert_uint_eq(peers_connections(peers), 2);
    ck_assert_int_eq(come(5, "192.0.2.3"), PEERS_WELCOME);
}
END_TEST

START_TEST(connections_of_one_peer_are_counted) {
    set_up(&(struct limits){.connections = 100, .connection_calls = 1, .remote = {.connections = 2}});
    ck_assert_int_eq(come(1, "192.0.2.1"), PEERS_WELCOME);
    ck_assert_int_eq(come(2, "192.0.2.1"), PEERS_WELCOME);
    ck_assert_int_eq(come(3, "192.0.2.1"), PEERS_PEER_HAS_MANY);
    ck_assert_int_eq(come(4, "192.0.2.2"), PEERS_WELCOME); /* another peer */
    ck_assert_int_eq(come(5, "::ffff:192.0.2.1"), PEERS_PEER_HAS_MANY);
    peers_disconnect(peers, 1);
    ck_assert_int_eq(come(6, "192.0.2.1"), PEERS_WELCOME);
}
END_TEST

START_TEST(a_64_of_ipv6_is_one_peer) {
    set_up(&(struct limits){.connections = 100, .connection_calls = 1, .remote = {.connections = 1}});
    ck_assert_int_eq(come(1, "2001:db8:1:1::1"), PEERS_WELCOME);
    ck_assert_int_eq(come(2, "2001:db8:1:1:ffff::2"), PEERS_PEER_HAS_MANY);
    ck_assert_int_eq(come(3, "2001:db8:1:2::1"), PEERS_WELCOME);
}
END_TEST

START_TEST(this_machine_has_its_own_limits_and_ipc_has_none) {
    set_up(&(struct limits){
        .connections = 100, .connection_calls = 9, .remote = {.connections = 1}, .machine = {.connections = 2}});
    for (uint32_t pipe = 1; pipe <= 2; pipe++) {
        ck_assert_int_eq(come(pipe, "127.0.0.1"), PEERS_WELCOME);
        ck_assert_int_eq(come(10 + pipe, "::1"), PEERS_WELCOME);
        ck_assert_int_eq(come(20 + pipe, "ipc"), PEERS_WELCOME);
    }
    ck_assert_int_eq(come(3, "127.0.0.1"), PEERS_PEER_HAS_MANY);
    ck_assert_int_eq(come(13, "::1"), PEERS_PEER_HAS_MANY);
    ck_assert_int_eq(come(23, "ipc"), PEERS_WELCOME);
}
END_TEST

START_TEST(calls_of_one_connection_are_counted) {
    set_up(&(struct limits){.connections = 10, .connection_calls = 2});
    come(1, "192.0.2.1");
    struct connection *calls[3];
    for (unsigned i = 0; i < 3; i++) {
        calls[i] = connection_begin_call(peers, 1);
        ck_assert_int_eq(admit(calls[i]), i < 2 ? ADMITTED : ADMIT_CONNECTION_CALLS);
    }
    connection_end_call(peers, calls[2]);
    connection_end_call(peers, calls[1]);
    calls[1] = connection_begin_call(peers, 1);
    ck_assert_int_eq(admit(calls[1]), ADMITTED);
    connection_end_call(peers, calls[1]);
    connection_end_call(peers, calls[0]);
}
END_TEST

START_TEST(calls_of_one_peer_are_counted_over_its_connections) {
    set_up(&(struct limits){.connections = 10, .connection_calls = 10, .remote = {.calls = 2}});
    struct connection *calls[3];
    for (uint32_t i = 0; i < 3; i++) {
        come(i + 1, "192.0.2.1");
        calls[i] = connection_begin_call(peers, i + 1);
        ck_assert_int_eq(admit(calls[i]), i < 2 ? ADMITTED : ADMIT_PEER_CALLS);
    }
    come(9, "192.0.2.9");
    struct connection *other = connection_begin_call(peers, 9);
    ck_assert_int_eq(admit(other), ADMITTED);
    connection_end_call(peers, other);
    for (unsigned i = 0; i < 3; i++) {
        connection_end_call(peers, calls[i]);
    }
}
END_TEST

static unsigned take(uint32_t pipe, unsigned times, int64_t *retry_ms) {
    unsigned taken = 0;
    for (unsigned i = 0; i < times; i++) {
        struct connection *call = connection_begin_call(peers, pipe);
        taken += connection_admit(peers, call, retry_ms) == ADMITTED;
        connection_end_call(peers, call);
    }
    return taken;
}

/* A second's worth at once, then as many as the time brings; coming again under another connection does not help. */
START_TEST(rate_of_one_peer_is_held) {
    set_up(&(struct limits){.connections = 10, .connection_calls = 10, .remote = {.rate = 20}});
    int64_t retry_ms = 0;
    come(1, "192.0.2.1");
    unsigned taken = take(1, 100, &retry_ms);
    ck_assert_uint_ge(taken, 20);
    ck_assert_uint_le(taken, 25); /* the test may be slow, but not so slow */
    ck_assert_int_ge(retry_ms, 1);
    ck_assert_int_le(retry_ms, 51);
    peers_disconnect(peers, 1);
    come(2, "192.0.2.1");
    ck_assert_uint_le(take(2, 100, &retry_ms), 5);
    come(3, "192.0.2.2");
    ck_assert_uint_ge(take(3, 100, &retry_ms), 20);
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    ck_assert_uint_ge(take(2, 100, &retry_ms), 3);
}
END_TEST

START_TEST(call_outlives_its_connection) {
    set_up(&(struct limits){.connections = 1, .connection_calls = 10});
    come(7, "192.0.2.7");
    struct connection *call = connection_begin_call(peers, 7);
    ck_assert_str_eq(connection_name(call), "192.0.2.7:1000");
    ck_assert_uint_eq(connection_pipe(call), 7);
    ck_assert(!*connection_is_gone(call));
    peers_disconnect(peers, 7);
    ck_assert(*connection_is_gone(call));
    ck_assert(peers_are_full(peers)); /* its place is taken until the call has ended */
    connection_end_call(peers, call);
    ck_assert_uint_eq(peers_connections(peers), 0);
    ck_assert_ptr_null(connection_begin_call(peers, 7));
}
END_TEST

/* At either kind of door. */
START_TEST(call_whose_connection_is_gone_is_counted) {
    static struct metrics metrics;
    struct server server = {.metrics = &metrics};
    struct exchanger exchanger = {.server = &server};
    set_up(&(struct limits){.connections = 1, .connection_calls = 10});
    const struct listener_parts parts = {.exchanger = &exchanger, .peers = peers};
    struct serving serving = {.parts = &parts};
    come(7, "192.0.2.7");
    ck_assert(serving_hold(&serving, 7));
    serving_end(&serving);
    ck_assert_uint_eq(metrics.events[METRIC_CALLS_GONE], 0);
    peers_disconnect(peers, 7);
    ck_assert(!serving_hold(&serving, 7));
    ck_assert_uint_eq(metrics.events[METRIC_CALLS_GONE], 1);
}
END_TEST

START_TEST(connection_that_takes_no_answers_is_found) {
    set_up(&(struct limits){.connections = 1, .connection_calls = 2});
    come(1, "192.0.2.1");
    struct connection *calls[4];
    for (unsigned i = 0; i < 4; i++) {
        calls[i] = connection_begin_call(peers, 1);
        ck_assert(!connection_is_stalled(peers, calls[i]));
    }
    ck_assert(connection_is_busy(peers, calls[0]));
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    connection_sent(calls[0]); /* it takes one */
    ck_assert(!connection_is_stalled(peers, calls[0]));
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    ck_assert(connection_is_stalled(peers, calls[0]));
    for (unsigned i = 0; i < 4; i++) {
        connection_end_call(peers, calls[i]);
    }
}
END_TEST

#define ROUNDS  20000u
#define THREADS 4u

static void *come_and_go(void *context) {
    uint32_t first = *(const uint32_t *)context;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t pipe = first + i * THREADS;
        if (come(pipe, i % 2 ? "192.0.2.1" : "192.0.2.2") != PEERS_WELCOME) {
            continue;
        }
        struct connection *call = connection_begin_call(peers, pipe);
        peers_disconnect(peers, pipe);
        if (!call || connection_pipe(call) != pipe || !*connection_is_gone(call)) {
            abort();
        }
        connection_end_call(peers, call);
        if (connection_begin_call(peers, pipe)) {
            abort();
        }
    }
    return NULL;
}

/* For ThreadSanitizer too. */
START_TEST(threads_that_come_and_go_leave_nothing) {
    set_up(&(struct limits){.connections = 8, .connection_calls = 2, .remote = {.connections = 6, .rate = 1000}});
    pthread_t threads[THREADS];
    uint32_t first[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        first[i] = i + 1;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, &first[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    ck_assert_uint_eq(peers_connections(peers), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("peers");
    TCase *all = tcase_create("limits");
    tcase_add_checked_fixture(all, NULL, tear_down);
    tcase_set_timeout(all, 60);
    tcase_add_test(all, connections_are_counted_in_all);
    tcase_add_test(all, connections_of_one_peer_are_counted);
    tcase_add_test(all, a_64_of_ipv6_is_one_peer);
    tcase_add_test(all, this_machine_has_its_own_limits_and_ipc_has_none);
    tcase_add_test(all, calls_of_one_connection_are_counted);
    tcase_add_test(all, calls_of_one_peer_are_counted_over_its_connections);
    tcase_add_test(all, rate_of_one_peer_is_held);
    tcase_add_test(all, call_outlives_its_connection);
    tcase_add_test(all, call_whose_connection_is_gone_is_counted);
    tcase_add_test(all, connection_that_takes_no_answers_is_found);
    tcase_add_test(all, threads_that_come_and_go_leave_nothing);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
