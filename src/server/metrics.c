/* Counters and gauges (metrics.h). */
#include "server/metrics.h"

#include "base/time.h"
#include "depositary/version.h"
#include "rpc/status.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const struct {
    uint64_t ns;
    const char *seconds;
} latency_bounds[METRICS_LATENCY] = {
    {50000, "0.00005"},  {100000, "0.0001"},  {250000, "0.00025"}, {500000, "0.0005"}, {1000000, "0.001"},
    {2500000, "0.0025"}, {5000000, "0.005"},  {10000000, "0.01"},  {50000000, "0.05"}, {250000000, "0.25"},
    {1000000000, "1"},   {2500000000, "2.5"}, {10000000000, "10"},
};

static const struct {
    const char *name; /* with its labels; those of one name stand together */
    const char *help; /* "" where it is the same as before */
} events[METRICS_EVENTS] = {
    [METRIC_CACHE_HITS] = {"depositary_cache_hits_total", "Answers that the answer cache had."},
    [METRIC_CONNECTIONS] = {"depositary_connections_accepted_total", "Connections that were taken."},
    [METRIC_CONNECTIONS_FULL] = {"depositary_connections_refused_total{reason=\"full\"}",
                                 "Connections that were closed."},
    [METRIC_CONNECTIONS_PEER] = {"depositary_connections_refused_total{reason=\"peer\"}", ""},
    [METRIC_CONNECTIONS_STALLED] = {"depositary_connections_refused_total{reason=\"stalled\"}", ""},
    [METRIC_CONNECTIONS_FLOOD] = {"depositary_connections_refused_total{reason=\"flood\"}", ""},
    [METRIC_CALLS_CONNECTION] = {"depositary_calls_shed_total{reason=\"connection\"}",
                                 "Calls that were refused for load, or given up."},
    [METRIC_CALLS_PEER] = {"depositary_calls_shed_total{reason=\"peer\"}", ""},
    [METRIC_CALLS_RATE] = {"depositary_calls_shed_total{reason=\"rate\"}", ""},
    [METRIC_CALLS_QUEUE] = {"depositary_calls_shed_total{reason=\"queue\"}", ""},
    [METRIC_CALLS_GONE] = {"depositary_calls_shed_total{reason=\"gone\"}", ""},
    [METRIC_CALLS_DROPPED] = {"depositary_calls_shed_total{reason=\"dropped\"}", ""},
    [METRIC_DOORS_REOPENED] = {"depositary_doors_reopened_total", "Front doors that had died and were opened again."},
    [METRIC_ANNOUNCEMENTS] = {"depositary_announcements_total", "Checkpoints sent to subscribers."},
    [METRIC_TLS_RELOADS] = {"depositary_tls_reloads_total{result=\"taken\"}", "Certificates that were read anew."},
    [METRIC_TLS_RELOADS_REFUSED] = {"depositary_tls_reloads_total{result=\"refused\"}", ""},
};

static uint64_t load(const uint64_t *counter) {
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void add(uint64_t *counter, uint64_t value) {
    __atomic_add_fetch(counter, value, __ATOMIC_RELAXED);
}

/* ---- counting */

static size_t row_of(const struct method *method) {
    size_t count;
    const struct method *table = method_table(&count);
    size_t row = method ? (size_t)(method - table) : METRICS_METHODS - 1;
    return row < METRICS_METHODS ? row : METRICS_METHODS - 1;
}

void metrics_call(struct metrics *metrics, const struct method *method, int code, uint64_t duration_ns) {
    size_t row = row_of(method);
    size_t bucket = 0;
    while (bucket < METRICS_LATENCY && duration_ns > latency_bounds[bucket].ns) {
        bucket++;
    }
    add(&metrics->calls[row][code >= 0 && code < METRICS_CODES ? code : STATUS_UNKNOWN], 1);
    add(&metrics->latency[row][bucket], 1);
    add(&metrics->latency_ns[row], duration_ns);
}

void metrics_batch(struct metrics *metrics, size_t answers) {
    size_t bucket = 0;
    while (bucket < METRICS_BATCH && answers > (size_t)1 << bucket) {
        bucket++;
    }
    add(&metrics->batches[bucket], 1);
    add(&metrics->batched, answers);
}

void metrics_gauge(struct metrics *metrics, const char *name, const char *help, double (*read)(void *context),
                   void *context) {
    if (metrics->gauges_count < METRICS_GAUGES) {
        metrics->gauges[metrics->gauges_count++] =
            (struct metrics_gauge){.name = name, .help = help, .read = read, .context = context};
    }
}

/* ---- printing */

static void head(struct buffer *out, const char *name, size_t name_len, const char *type, const char *help) {
    buffer_append_format(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)name_len, name, help, (int)name_len, name, type);
}

static void print_events(struct buffer *out, const struct metrics *metrics) {
    for (size_t i = 0; i < METRICS_EVENTS; i++) {
        if (events[i].help[0] != '\0') {
            head(out, events[i].name, strcspn(events[i].name, "{"), "counter", events[i].help);
        }
        buffer_append_format(out, "%s %" PRIu64 "\n", events[i].name, load(&metrics->events[i]));
    }
}

/* service="depositary.v1.LedgerService",method="GetCheckpoint" */
static void print_labels(struct buffer *out, size_t row) {
    size_t count;
    const struct method *table = method_table(&count);
    if (row < count) {
        const struct method *method = &table[row];
        buffer_append_format(out, "service=\"%s\",method=\"%s\"", method->service->name,
                             method->service->methods[method->index].name);
    } else {
        buffer_append_text(out, "service=\"\",method=\"\"");
    }
}

static void print_calls(struct buffer *out, const struct metrics *metrics) {
    static const char name[] = "depositary_calls_total";
    head(out, name, sizeof(name) - 1, "counter", "Calls that were answered, by method and status code.");
    for (size_t row = 0; row < METRICS_METHODS; row++) {
        for (int code = 0; code < METRICS_CODES; code++) {
            uint64_t calls = load(&metrics->calls[row][code]);
            if (calls > 0) {
                buffer_append_format(out, "%s{", name);
                print_labels(out, row);
                buffer_append_format(out, ",code=\"%s\"} %" PRIu64 "\n", status_name(code), calls);
            }
        }
    }
}

static void print_latency_row(struct buffer *out, const struct metrics *metrics, size_t row) {
    uint64_t calls = 0;
    for (size_t i = 0; i <= METRICS_LATENCY; i++) {
        calls += load(&metrics->latency[row][i]);
        buffer_append_text(out, "depositary_call_seconds_bucket{");
        print_labels(out, row);
        buffer_append_format(out, ",le=\"%s\"} %" PRIu64 "\n", i < METRICS_LATENCY ? latency_bounds[i].seconds : "+Inf",
                             calls);
    }
    buffer_append_text(out, "depositary_call_seconds_sum{");
    print_labels(out, row);
    buffer_append_format(out, "} %.9f\ndepositary_call_seconds_count{",
                         (double)load(&metrics->latency_ns[row]) / NS_PER_S);
    print_labels(out, row);
    buffer_append_format(out, "} %" PRIu64 "\n", calls);
}

/* Rows of methods that nobody has called are left out. */
static void print_latency(struct buffer *out, const struct metrics *metrics) {
    static const char name[] = "depositary_call_seconds";
    head(out, name, sizeof(name) - 1, "histogram", "From a request's arrival to its sealed answer, by method.");
    for (size_t row = 0; row < METRICS_METHODS; row++) {
        if (load(&metrics->latency_ns[row]) > 0) {
            print_latency_row(out, metrics, row);
        }
    }
}

static void print_batches(struct buffer *out, const struct metrics *metrics) {
    static const char name[] = "depositary_seal_answers";
    head(out, name, sizeof(name) - 1, "histogram", "Answers under one signature.");
    uint64_t seals = 0;
    for (size_t i = 0; i < METRICS_BATCH; i++) {
        seals += load(&metrics->batches[i]);
        buffer_append_format(out, "%s_bucket{le=\"%u\"} %" PRIu64 "\n", name, 1u << i, seals);
    }
    seals += load(&metrics->batches[METRICS_BATCH]);
    buffer_append_format(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %" PRIu64 "\n%s_count %" PRIu64 "\n", name,
                         seals, name, load(&metrics->batched), name, seals);
}

static void print_gauges(struct buffer *out, const struct metrics *metrics) {
    for (size_t i = 0; i < metrics->gauges_count; i++) {
        const struct metrics_gauge *gauge = &metrics->gauges[i];
        double value = gauge->read(gauge->context);
        if (!isnan(value)) {
            size_t len = strlen(gauge->name);
            bool only_grows = len > 6 && strcmp(gauge->name + len - 6, "_total") == 0;
            head(out, gauge->name, len, only_grows ? "counter" : "gauge", gauge->help);
            buffer_append_format(out, "%s %.15g\n", gauge->name, value);
        }
    }
}

int metrics_print(struct buffer *out, const struct metrics *metrics) {
    static const char build[] = "depositary_build_info";
    head(out, build, sizeof(build) - 1, "gauge", "The version that runs.");
    buffer_append_format(out, "%s{version=\"%s\"} 1\n", build, DEPOSITARY_VERSION);
    print_calls(out, metrics);
    print_latency(out, metrics);
    print_batches(out, metrics);
    print_events(out, metrics);
    print_gauges(out, metrics);
    return out->error;
}
