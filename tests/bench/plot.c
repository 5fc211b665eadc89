/*
 * Line charts (plot.h). Each series has a colour and a marker of its own, so that it is told apart without colours too, and its name at the right end of its
 * line, moved apart from the others where they would overlap.
 */
#include "plot.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define WIDTH  860.0
#define HEIGHT 480.0
#define LEFT   76.0
#define RIGHT  190.0
#define TOP    48.0
#define BOTTOM 58.0
#define LINE   15.0 /* of the names */

struct axis {
    double low, high; /* of the values */
    double from, to;  /* on the page */
};

static double place(const struct axis *axis, double value) {
    double part = (log10(value) - log10(axis->low)) / (log10(axis->high) - log10(axis->low));
    return axis->from + part * (axis->to - axis->from);
}

/* Around all values, with some room. */
static struct axis fit(const struct plot *plot, bool is_x, double from, double to) {
    struct axis axis = {.low = 1e300, .high = 0, .from = from, .to = to};
    for (size_t i = 0; i < plot->count; i++)
        for (size_t at = 0; at < plot->series[i].count; at++) {
            double value = is_x ? plot->series[i].x[at] : plot->series[i].y[at];
            axis.low = value < axis.low ? value : axis.low;
            axis.high = value > axis.high ? value : axis.high;
        }
    if (!is_x) {
        axis.low /= 1.3;
        axis.high *= 1.3;
    } else if (axis.low == axis.high) {
        axis.low /= 2;
        axis.high *= 2;
    }
    return axis;
}

/* 1, 20, 1,000, 500k, 2M */
static const char *number_text(double value, char out[32]) {
    if (value >= 1e6)
        snprintf(out, 32, "%gM", value / 1e6);
    else if (value >= 1e4)
        snprintf(out, 32, "%gk", value / 1e3);
    else if (value >= 1e3)
        snprintf(out, 32, "%d,%03d", (int)value / 1000, (int)value % 1000);
    else
        snprintf(out, 32, "%g", value);
    return out;
}

static void draw_y(FILE *file, const struct axis *y) {
    char text[32];
    for (double decade = pow(10, floor(log10(y->low))); decade <= y->high; decade *= 10)
        for (int digit = 1; digit < 10; digit++) {
            double value = decade * digit, at = value >= y->low && value <= y->high ? place(y, value) : 0;
            if (at == 0)
                continue;
            fprintf(file, "<line x1=\"%g\" y1=\"%.1f\" x2=\"%g\" y2=\"%.1f\" stroke=\"%s\"/>\n", LEFT, at,
                    WIDTH - RIGHT, at, digit == 1 ? "#bbb" : "#eee");
            if (digit == 1 || digit == 2 || digit == 5)
                fprintf(file, "<text x=\"%g\" y=\"%.1f\" text-anchor=\"end\" fill=\"#333\">%s</text>\n", LEFT - 8,
                        at + 4, number_text(value, text));
        }
}

/* A line at each place that has been measured. */
static void draw_x(FILE *file, const struct plot *plot, const struct axis *x) {
    double drawn[PLOT_SERIES_MAX * PLOT_POINTS_MAX];
    size_t count = 0;
    char text[32];
    for (size_t i = 0; i < plot->count; i++)
        for (size_t at = 0; at < plot->series[i].count; at++) {
            double value = plot->series[i].x[at], page = place(x, value);
            bool is_drawn = false;
            for (size_t j = 0; j < count; j++)
                is_drawn = is_drawn || fabs(drawn[j] - page) < 1;
            if (is_drawn)
                continue;
            drawn[count++] = page;
            fprintf(file,
                    "<line x1=\"%.1f\" y1=\"%g\" x2=\"%.1f\" y2=\"%g\" stroke=\"#eee\"/>"
                    "<text x=\"%.1f\" y=\"%g\" text-anchor=\"middle\" fill=\"#333\">%s</text>\n",
                    page, TOP, page, HEIGHT - BOTTOM, page, HEIGHT - BOTTOM + 18, number_text(value, text));
        }
}

static void draw_frame(FILE *file, const struct plot *plot, const struct axis *x, const struct axis *y) {
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n<title>%s</title>\n"
            "<rect width=\"%g\" height=\"%g\" fill=\"white\"/>\n"
            "<text x=\"%g\" y=\"26\" font-size=\"15\" font-weight=\"bold\" fill=\"#111\">%s</text>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, plot->title, WIDTH, HEIGHT, LEFT, plot->title);
    draw_y(file, y);
    draw_x(file, plot, x);
    fprintf(file,
            "<path d=\"M%g %g V%g H%g\" fill=\"none\" stroke=\"#333\"/>\n"
            "<text x=\"%g\" y=\"%g\" text-anchor=\"middle\" fill=\"#333\">%s</text>\n"
            "<text transform=\"translate(18 %g) rotate(-90)\" text-anchor=\"middle\" fill=\"#333\">%s</text>\n",
            LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, plot->x_label,
            (TOP + HEIGHT - BOTTOM) / 2, plot->y_label);
}

/* ---- lines, and their names */

static const char *const colours[] = {"#0b5394", "#cc0000", "#38761d", "#b45f06", "#674ea7", "#0f7f8b",
                                      "#a61c6b", "#444444", "#7f6000", "#1155cc", "#85200c", "#274e13"};

static const char *colour_of(size_t i) {
    return colours[i % (sizeof colours / sizeof colours[0])];
}

static void draw_marker(FILE *file, size_t i, double x, double y) {
    const char *colour = colour_of(i);
    switch (i % 4) {
    case 0:
        fprintf(file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>\n", x, y, colour);
        break;
    case 1:
        fprintf(file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"7\" height=\"7\" fill=\"%s\"/>\n", x - 3.5, y - 3.5, colour);
        break;
    case 2:
        fprintf(file, "<path d=\"M%.1f %.1f l4.5 8 h-9 z\" fill=\"%s\"/>\n", x, y - 5, colour);
        break;
    default:
        fprintf(file, "<path d=\"M%.1f %.1f l5 5 l-5 5 l-5 -5 z\" fill=\"%s\"/>\n", x, y - 5, colour);
    }
}

static void draw_series(FILE *file, const struct plot_series *series, size_t i, const struct axis *x,
                        const struct axis *y) {
    fprintf(file, "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"%s\" points=\"", colour_of(i));
    for (size_t at = 0; at < series->count; at++)
        fprintf(file, "%.1f,%.1f ", place(x, series->x[at]), place(y, series->y[at]));
    fprintf(file, "\"/>\n");
    for (size_t at = 0; at < series->count; at++)
        draw_marker(file, i, place(x, series->x[at]), place(y, series->y[at]));
}

struct name {
    size_t series;
    double wanted, at;
};

static int by_place(const void *a, const void *b) {
    double x = ((const struct name *)a)->wanted, y = ((const struct name *)b)->wanted;
    return (x > y) - (x < y);
}

/* From the top down each keeps its distance; what would leave the page at the bottom pushes back up. */
static void spread(struct name *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        names[i].at = i > 0 && names[i].wanted < names[i - 1].at + LINE ? names[i - 1].at + LINE : names[i].wanted;
    double last = HEIGHT - BOTTOM;
    for (size_t i = count; i-- > 0; last = names[i].at - LINE)
        names[i].at = names[i].at > last ? last : names[i].at;
}

static void draw_names(FILE *file, const struct plot *plot, const struct axis *x, const struct axis *y) {
    struct name names[PLOT_SERIES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < plot->count; i++)
        if (plot->series[i].count > 0)
            names[count++] =
                (struct name){.series = i, .wanted = place(y, plot->series[i].y[plot->series[i].count - 1])};
    qsort(names, count, sizeof names[0], by_place);
    spread(names, count);
    for (size_t i = 0; i < count; i++) {
        const struct plot_series *series = &plot->series[names[i].series];
        double end = place(x, series->x[series->count - 1]);
        fprintf(file, "<path d=\"M%.1f %.1f L%g %.1f\" stroke=\"%s\" stroke-width=\"0.7\" fill=\"none\"/>\n", end + 5,
                names[i].wanted, WIDTH - RIGHT + 14, names[i].at, colour_of(names[i].series));
        draw_marker(file, names[i].series, WIDTH - RIGHT + 20, names[i].at);
        fprintf(file, "<text x=\"%g\" y=\"%.1f\" fill=\"%s\">%s</text>\n", WIDTH - RIGHT + 30, names[i].at + 4,
                colour_of(names[i].series), series->name);
    }
}

void plot_write(const struct plot *plot, const char *path) {
    const struct axis x = fit(plot, true, LEFT + 24, WIDTH - RIGHT - 10), y = fit(plot, false, HEIGHT - BOTTOM, TOP);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        return;
    }
    draw_frame(file, plot, &x, &y);
    for (size_t i = 0; i < plot->count; i++)
        draw_series(file, &plot->series[i], i, &x, &y);
    draw_names(file, plot, &x, &y);
    fprintf(file, "</svg>\n");
    if (fclose(file) != 0)
        perror(path);
}
