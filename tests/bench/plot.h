/* Line charts as SVG, on logarithmic axes. */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include <stddef.h>

#define PLOT_SERIES_MAX 20
#define PLOT_POINTS_MAX 8

struct plot_series {
    const char *name;
    double x[PLOT_POINTS_MAX], y[PLOT_POINTS_MAX];
    size_t count;
};

struct plot {
    const char *title;
    const char *x_label, *y_label; /* with the unit */
    struct plot_series series[PLOT_SERIES_MAX];
    size_t count;
};

/** Writes it; tells on standard error where it cannot. */
void plot_write(const struct plot *plot, const char *path);

#endif
