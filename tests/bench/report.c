/* The bench's report (report.h). */
#include "report.h"

#include "plot.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare);
    return count % 2 != 0 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double field_of(const struct sample *sample, size_t offset) {
    double value;
    memcpy(&value, (const char *)sample + offset, sizeof value);
    return value;
}

static double median(const struct options *options, const struct subject *subject, size_t level, size_t offset) {
    double values[ROUNDS_MAX];
    for (int i = 0; i < options->rounds; i++)
        values[i] = field_of(&subject->samples[level][i], offset);
    return median_of(values, options->rounds);
}

#define MEDIAN(subject, level, field) median(options, subject, level, offsetof(struct sample, field))

static double ratio(const struct options *options, const struct subject *a, const struct subject *b, size_t level,
                    size_t offset) {
    double values[ROUNDS_MAX];
    for (int i = 0; i < options->rounds; i++) {
        double x = field_of(&a->samples[level][i], offset), y = field_of(&b->samples[level][i], offset);
        values[i] = y > 0 ? x / y : 0;
    }
    return median_of(values, options->rounds);
}

#define RATIO(a, b, level, field) ratio(options, a, b, level, offsetof(struct sample, field))

/* ---- the table */

static void print_machine(FILE *file) {
    char line[256], name[256] = "";
    double loads[3] = {0};
    FILE *info = fopen("/proc/cpuinfo", "r");
    while (info != NULL && fgets(line, sizeof line, info) != NULL)
        if (sscanf(line, "model name : %255[^\n]", name) == 1)
            break;
    if (info != NULL)
        fclose(info);
    if (getloadavg(loads, 3) < 0)
        loads[0] = -1;
    fprintf(file, "%s, %ld processors, load average %.1f", name, sysconf(_SC_NPROCESSORS_ONLN), loads[0]);
}

static void print_row(const struct options *options, const struct subject *first, const struct subject *own,
                      size_t level) {
    printf("%9u  %-20s %10.0f %9.1f %9.1f %8.2f %8.2f %6.1f %6.3f %6.3f", options->in_flight[level], own->name,
           MEDIAN(own, level, rate), MEDIAN(own, level, p50_us), MEDIAN(own, level, p99_us),
           MEDIAN(own, level, server_us), MEDIAN(own, level, client_us), MEDIAN(own, level, batch),
           MEDIAN(own, level, checks), MEDIAN(own, level, hits));
    if (own != first)
        printf("  %7.2f %7.2f %7.2f", RATIO(first, own, level, rate), RATIO(first, own, level, p50_us),
               RATIO(first, own, level, p99_us));
    putchar('\n');
}

void report_table(const struct options *options, const struct subject *subjects, size_t count) {
    print_machine(stdout);
    printf("\nanswers of %zu bytes, %s, server on CPU %s, client on CPU %s, medians of %d rounds of %g s\n",
           subjects[0].answer_bytes, options->transport, options->server_cpus, options->client_cpu, options->rounds,
           options->seconds);
    if (options->ledger.data != NULL)
        printf("%lu clauses in %lu editions, access %s\n", options->ledger.clauses, options->ledger.editions,
               options->ledger.is_uniform ? "uniform" : "Zipf, s = 1");
    printf(
        "server us, client us: processor time a call; batch: answers a signature; checks: signatures that the client "
        "checked a call; hits: of all calls, those whose answer the service's cache had\nratio: %s over the row\n",
        subjects[0].name);
    printf("%9s  %-20s %10s %9s %9s %8s %8s %6s %6s %6s  %7s %7s %7s\n", "in flight", "", "calls/s", "p50 us", "p99 us",
           "server us", "client us", "batch", "checks", "hits", "calls/s", "p50", "p99");
    for (size_t level = 0; level < options->levels; level++)
        for (size_t i = 0; i < count; i++)
            print_row(options, subjects, &subjects[i], level);
    for (size_t i = 0; i < count; i++)
        if (subjects[i].kind != KIND_CLIENT)
            printf("%s: answers of %zu bytes, %.1f MB resident, %.2f s until the first answer\n", subjects[i].name,
                   subjects[i].answer_bytes, subjects[i].resident_mb, subjects[i].started_s);
}

/* ---- JSON */

static void print_level(FILE *file, const struct options *options, const struct subject *first,
                        const struct subject *own, size_t level) {
    fprintf(
        file,
        "%s\n   {\"in_flight\": %u, \"rate\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"server_us\": %.2f, "
        "\"client_us\": %.2f, \"batch\": %.1f, \"checks\": %.4f, \"hits\": %.4f, \"ratio_rate\": %.3f, \"ratio_p50\": %.3f, "
        "\"ratio_p99\": %.3f, \"rates\": [",
        level > 0 ? "," : "", options->in_flight[level], MEDIAN(own, level, rate), MEDIAN(own, level, p50_us),
        MEDIAN(own, level, p99_us), MEDIAN(own, level, server_us), MEDIAN(own, level, client_us),
        MEDIAN(own, level, batch), MEDIAN(own, level, checks), MEDIAN(own, level, hits), RATIO(first, own, level, rate),
        RATIO(first, own, level, p50_us), RATIO(first, own, level, p99_us));
    for (int round = 0; round < options->rounds; round++)
        fprintf(file, "%s%.0f", round > 0 ? ", " : "", own->samples[level][round].rate);
    fprintf(file, "]}");
}

void report_json(const struct options *options, const struct subject *subjects, size_t count) {
    FILE *file = fopen(options->json, "w");
    if (file == NULL) {
        perror(options->json);
        return;
    }
    fprintf(file, "{\"machine\": \"");
    print_machine(file);
    fprintf(file, "\", \"answer_bytes\": %zu, \"transport\": \"%s\", \"rounds\": %d, \"seconds\": %g, \"subjects\": [",
            subjects[0].answer_bytes, options->transport, options->rounds, options->seconds);
    for (size_t i = 0; i < count; i++) {
        fprintf(file,
                "%s\n {\"name\": \"%s\", \"clauses\": %lu, \"resident_mb\": %.1f, \"started_s\": %.2f, \"levels\": [",
                i > 0 ? "," : "", subjects[i].name, subjects[i].ledger->data != NULL ? subjects[i].ledger->clauses : 0,
                subjects[i].resident_mb, subjects[i].started_s);
        for (size_t level = 0; level < options->levels; level++)
            print_level(file, options, subjects, &subjects[i], level);
        fprintf(file, "]}");
    }
    fprintf(file, "\n]}\n");
    fclose(file);
}

/* ---- plots */

static void write_plot(const struct options *options, struct plot *plot, const char *name, const char *title,
                       const char *x_label, const char *y_label) {
    char path[4200];
    plot->title = title;
    plot->x_label = x_label;
    plot->y_label = y_label;
    snprintf(path, sizeof path, "%s/%s", options->svg, name);
    plot_write(plot, path);
}

static void add_point(struct plot_series *series, double x, double y) {
    if (y > 0) {
        series->x[series->count] = x;
        series->y[series->count++] = y;
    }
}

/* Each row but those of further ledgers is a line. */
static void plot_levels(struct plot *plot, const struct options *options, const struct subject *subjects, size_t count,
                        size_t offset) {
    *plot = (struct plot){.count = 0};
    for (size_t i = 0; i < count; i++) {
        if (subjects[i].name == subjects[i].name_buffer)
            continue;
        struct plot_series *series = &plot->series[plot->count++];
        series->name = subjects[i].name;
        for (size_t level = 0; level < options->levels; level++)
            add_point(series, options->in_flight[level], median(options, &subjects[i], level, offset));
    }
}

/* A line for each number of calls in flight, and, where there are any, for cold catalogs. */
static void plot_ledgers(struct plot *plot, char names[2 * LEVELS_MAX][48], const struct options *options,
                         const struct subject *subjects, size_t count, size_t offset) {
    *plot = (struct plot){.count = 0};
    for (int is_cold = 0; is_cold < 1 + (options->has_cold ? 1 : 0); is_cold++)
        for (size_t level = 0; level < options->levels; level++) {
            struct plot_series *series = &plot->series[plot->count];
            snprintf(names[plot->count], sizeof names[0], "%u in flight%s", options->in_flight[level],
                     is_cold ? ", cold" : "");
            series->name = names[plot->count++];
            for (size_t i = 0; i < count; i++)
                if (subjects[i].name == subjects[i].name_buffer && subjects[i].is_cold == (is_cold != 0))
                    add_point(series, (double)subjects[i].ledger->clauses,
                              median(options, &subjects[i], level, offset));
        }
}

void report_plots(const struct options *options, const struct subject *subjects, size_t count) {
    static struct plot plot;
    char names[2 * LEVELS_MAX][48];
    if (options->levels > 1 && options->ledgers_count == 0) {
        plot_levels(&plot, options, subjects, count, offsetof(struct sample, rate));
        write_plot(options, &plot, "throughput.svg", "Throughput by calls in flight", "calls in flight",
                   "calls a second");
        plot_levels(&plot, options, subjects, count, offsetof(struct sample, p99_us));
        write_plot(options, &plot, "p99.svg", "Latency by calls in flight, 99th percentile", "calls in flight",
                   "microseconds");
    }
    if (options->ledgers_count > 1) {
        plot_ledgers(&plot, names, options, subjects, count, offsetof(struct sample, rate));
        write_plot(options, &plot, "ledger-throughput.svg", "Throughput of GetClause by size of the ledger",
                   "clauses in the ledger", "calls a second");
        plot_ledgers(&plot, names, options, subjects, count, offsetof(struct sample, p99_us));
        write_plot(options, &plot, "ledger-p99.svg", "Latency of GetClause by size of the ledger, 99th percentile",
                   "clauses in the ledger", "microseconds");
    }
}
