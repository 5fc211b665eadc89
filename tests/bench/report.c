/* The bench's report (report.h). */
#include "report.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH  720.0
#define HEIGHT 420.0
#define LEFT   80.0
#define RIGHT  170.0
#define TOP    30.0
#define BOTTOM 50.0

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

void report_table(const struct options *options, const struct subject *subjects, size_t count) {
    printf("answers of %zu bytes, %s, server on CPU %s, client on CPU %s, medians of %d rounds of %g s\n",
           subjects[0].answer_bytes, options->transport, options->server_cpus, options->client_cpu, options->rounds,
           options->seconds);
    if (options->data != NULL)
        printf("%lu clauses in %lu editions, access %s\n", options->clauses, options->editions,
               options->is_uniform ? "uniform" : "Zipf, s = 1");
    printf("ratio: %s over the row\n", subjects[0].name);
    printf("%9s  %-20s %10s %9s %9s %8s %7s  %7s %7s %7s\n", "in flight", "", "calls/s", "p50 us", "p99 us", "CPU us",
           "batch", "calls/s", "p50", "p99");
    for (size_t level = 0; level < options->levels; level++)
        for (size_t i = 0; i < count; i++) {
            const struct subject *own = &subjects[i];
            printf("%9u  %-20s %10.0f %9.1f %9.1f %8.2f %7.1f", options->in_flight[level], own->name,
                   MEDIAN(own, level, rate), MEDIAN(own, level, p50_us), MEDIAN(own, level, p99_us),
                   MEDIAN(own, level, cpu_us), MEDIAN(own, level, batch));
            if (i > 0)
                printf("  %7.2f %7.2f %7.2f", RATIO(subjects, own, level, rate), RATIO(subjects, own, level, p50_us),
                       RATIO(subjects, own, level, p99_us));
            putchar('\n');
        }
    for (size_t i = 0; i < count; i++)
        printf("%s: %.1f MB resident, %.2f s until the first answer\n", subjects[i].name, subjects[i].resident_mb,
               subjects[i].started_s);
}

/* ---- JSON */

static void print_level(FILE *file, const struct options *options, const struct subject *subject, size_t level) {
    fprintf(
        file,
        "%s{\"in_flight\": %u, \"rate\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"cpu_us\": %.2f, \"batch\": %.1f}",
        level > 0 ? ", " : "", options->in_flight[level], MEDIAN(subject, level, rate), MEDIAN(subject, level, p50_us),
        MEDIAN(subject, level, p99_us), MEDIAN(subject, level, cpu_us), MEDIAN(subject, level, batch));
}

void report_json(const struct options *options, const struct subject *subjects, size_t count) {
    FILE *file = fopen(options->json, "w");
    if (file == NULL) {
        perror(options->json);
        return;
    }
    fprintf(
        file,
        "{\"answer_bytes\": %zu, \"transport\": \"%s\", \"rounds\": %d, \"seconds\": %g, \"clauses\": %lu, \"subjects\": [",
        subjects[0].answer_bytes, options->transport, options->rounds, options->seconds, options->clauses);
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "%s\n {\"name\": \"%s\", \"resident_mb\": %.1f, \"started_s\": %.2f, \"levels\": [",
                i > 0 ? "," : "", subjects[i].name, subjects[i].resident_mb, subjects[i].started_s);
        for (size_t level = 0; level < options->levels; level++)
            print_level(file, options, &subjects[i], level);
        fprintf(file, "]}");
    }
    fprintf(file, "\n]}\n");
    fclose(file);
}

/* ---- plots */

struct axis {
    double low, high; /* both axes are logarithmic */
};

static double place(const struct axis *axis, double value, double from, double to) {
    double part = (log10(value) - log10(axis->low)) / (log10(axis->high) - log10(axis->low));
    return from + part * (to - from);
}

static void draw_grid(FILE *file, const struct options *options, const struct axis *x, const struct axis *y,
                      const char *title) {
    fprintf(
        file,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" font-family=\"sans-serif\" font-size=\"12\">\n"
        "<rect width=\"%g\" height=\"%g\" fill=\"white\"/>\n<text x=\"%g\" y=\"18\" font-size=\"14\">%s</text>\n",
        WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT, title);
    for (double value = y->low; value <= y->high * 1.001; value *= 10) {
        double at = place(y, value, HEIGHT - BOTTOM, TOP);
        fprintf(file,
                "<line x1=\"%g\" y1=\"%.1f\" x2=\"%g\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"%g\" y=\"%.1f\" "
                "text-anchor=\"end\">%.0f</text>\n",
                LEFT, at, WIDTH - RIGHT, at, LEFT - 6, at + 4, value);
    }
    for (size_t level = 0; level < options->levels; level++)
        fprintf(file, "<text x=\"%.1f\" y=\"%g\" text-anchor=\"middle\">%u</text>\n",
                place(x, options->in_flight[level], LEFT, WIDTH - RIGHT), HEIGHT - BOTTOM + 18,
                options->in_flight[level]);
    fprintf(file, "<text x=\"%g\" y=\"%g\" text-anchor=\"middle\">calls in flight</text>\n", (LEFT + WIDTH - RIGHT) / 2,
            HEIGHT - 12);
}

static void draw_lines(FILE *file, const struct options *options, const struct subject *subjects, size_t count,
                       const struct axis *x, const struct axis *y, size_t offset) {
    static const char *const colours[SUBJECTS_MAX] = {"#0b5394", "#cc0000", "#38761d", "#b45f06",
                                                      "#674ea7", "#45818e", "#85200c", "#444444"};
    for (size_t i = 0; i < count; i++) {
        double at = 0;
        fprintf(file, "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"%s\" points=\"", colours[i]);
        for (size_t level = 0; level < options->levels; level++) {
            at = place(y, median(options, &subjects[i], level, offset), HEIGHT - BOTTOM, TOP);
            fprintf(file, "%.1f,%.1f ", place(x, options->in_flight[level], LEFT, WIDTH - RIGHT), at);
        }
        fprintf(file, "\"/><text x=\"%g\" y=\"%.1f\" fill=\"%s\">%s</text>\n", WIDTH - RIGHT + 8, at + 4, colours[i],
                subjects[i].name);
    }
}

static void plot(const struct options *options, const struct subject *subjects, size_t count, const char *name,
                 const char *title, size_t offset) {
    char path[4200];
    const struct axis x = {options->in_flight[0], options->in_flight[options->levels - 1]};
    struct axis y = {1e12, 1};
    for (size_t i = 0; i < count; i++)
        for (size_t level = 0; level < options->levels; level++) {
            double value = median(options, &subjects[i], level, offset);
            y.low = value < y.low ? value : y.low;
            y.high = value > y.high ? value : y.high;
        }
    y.low = pow(10, floor(log10(y.low)));
    y.high = pow(10, ceil(log10(y.high)));
    snprintf(path, sizeof path, "%s/%s", options->svg, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        return;
    }
    draw_grid(file, options, &x, &y, title);
    draw_lines(file, options, subjects, count, &x, &y, offset);
    fprintf(file, "</svg>\n");
    fclose(file);
}

void report_plots(const struct options *options, const struct subject *subjects, size_t count) {
    if (options->levels < 2) {
        fprintf(stderr, "a plot needs two levels\n");
        return;
    }
    plot(options, subjects, count, "throughput.svg", "calls a second", offsetof(struct sample, rate));
    plot(options, subjects, count, "p99.svg", "p99, microseconds", offsetof(struct sample, p99_us));
}
