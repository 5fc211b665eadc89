/* The page of /metrics: what was counted stands in it, under Prometheus' rules for names, labels and histograms. */
#include "server/metrics.h"

#include "rpc/status.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct metrics metrics;
static struct buffer page;
static char *text;

static void set_up(void) {
    metrics = (struct metrics){0};
    buffer_init(&page, 1024 * 1024);
}

static void tear_down(void) {
    free(text);
    text = NULL;
    buffer_free(&page);
}

static void print(void) {
    ck_assert_int_eq(metrics_print(&page, &metrics), 0);
    text = buffer_take_text(&page);
    ck_assert_ptr_nonnull(text);
}

static void has_line(const char *line) {
    const char *at = strstr(text, line);
    ck_assert_msg(at && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n', "not there: %s\n%s", line, text);
}

START_TEST(calls_stand_by_method_and_code) {
    const struct method *method = method_find(BYTES("/depositary.v1.DepositaryService/GetClause"));
    metrics_call(&metrics, method, STATUS_OK, 60000);
    metrics_call(&metrics, method, STATUS_OK, 700000000);
    metrics_call(&metrics, method, STATUS_NOT_FOUND, 20000000000);
    metrics_call(&metrics, NULL, STATUS_INTERNAL, 0);
    print();
#define LABELS "service=\"depositary.v1.DepositaryService\",method=\"GetClause\""
    has_line("depositary_calls_total{" LABELS ",code=\"OK\"} 2");
    has_line("depositary_calls_total{" LABELS ",code=\"NOT_FOUND\"} 1");
    has_line("depositary_calls_total{service=\"\",method=\"\",code=\"INTERNAL\"} 1");
    has_line("depositary_call_seconds_bucket{" LABELS ",le=\"0.00005\"} 0");
    has_line("depositary_call_seconds_bucket{" LABELS ",le=\"0.0001\"} 1");
    has_line("depositary_call_seconds_bucket{" LABELS ",le=\"0.25\"} 1");
    has_line("depositary_call_seconds_bucket{" LABELS ",le=\"1\"} 2");
    has_line("depositary_call_seconds_bucket{" LABELS ",le=\"10\"} 2");
    has_line("depositary_call_seconds_bucket{" LABELS ",le=\"+Inf\"} 3");
    has_line("depositary_call_seconds_count{" LABELS "} 3");
    has_line("depositary_call_seconds_sum{" LABELS "} 20.700060000");
}
END_TEST

START_TEST(every_method_has_a_row) {
    size_t count;
    const struct method *table = method_table(&count);
    ck_assert_uint_lt(count, METRICS_METHODS);
    for (size_t i = 0; i < count; i++) {
        metrics_call(&metrics, &table[i], (int)i % METRICS_CODES, 1);
    }
    print();
    size_t lines = 0;
    for (const char *at = text; (at = strstr(at, "\ndepositary_calls_total{")); at++) {
        lines++;
    }
    ck_assert_uint_eq(lines, count);
}
END_TEST

START_TEST(batches_fall_into_powers_of_two) {
    static const size_t sizes[] = {1, 1, 2, 3, 1024};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        metrics_batch(&metrics, sizes[i]);
    }
    print();
    has_line("depositary_seal_answers_bucket{le=\"1\"} 2");
    has_line("depositary_seal_answers_bucket{le=\"2\"} 3");
    has_line("depositary_seal_answers_bucket{le=\"4\"} 4");
    has_line("depositary_seal_answers_bucket{le=\"1024\"} 5");
    has_line("depositary_seal_answers_bucket{le=\"+Inf\"} 5");
    has_line("depositary_seal_answers_sum 1031");
    has_line("depositary_seal_answers_count 5");
}
END_TEST

static double answer(void *context) {
    return *(const double *)context;
}

START_TEST(gauges_are_read_when_asked) {
    double value = 1.5;
    double nothing = NAN;
    metrics_gauge(&metrics, "a_gauge", "What it is.", answer, &value);
    metrics_gauge(&metrics, "nothing_to_tell", "None.", answer, &nothing);
    metrics_gauge(&metrics, "a_counter_total", "Grows.", answer, &value);
    value = 42;
    print();
    has_line("# HELP a_gauge What it is.");
    has_line("# TYPE a_gauge gauge");
    has_line("a_gauge 42");
    has_line("# TYPE a_counter_total counter");
    ck_assert_ptr_null(strstr(text, "nothing_to_tell"));
}
END_TEST

START_TEST(events_of_one_name_have_one_head) {
    metrics_add(&metrics, METRIC_CALLS_RATE);
    metrics_add(&metrics, METRIC_CALLS_RATE);
    print();
    has_line("depositary_calls_shed_total{reason=\"rate\"} 2");
    has_line("depositary_calls_shed_total{reason=\"queue\"} 0");
    const char *first = strstr(text, "# TYPE depositary_calls_shed_total counter\n");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(strstr(first + 1, "# TYPE depositary_calls_shed_total"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("metrics");
    TCase *all = tcase_create("page");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, calls_stand_by_method_and_code);
    tcase_add_test(all, every_method_has_a_row);
    tcase_add_test(all, batches_fall_into_powers_of_two);
    tcase_add_test(all, gauges_are_read_when_asked);
    tcase_add_test(all, events_of_one_name_have_one_head);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
