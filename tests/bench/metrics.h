/* A service's own counters, as it tells Prometheus of them. */
#ifndef BENCH_METRICS_H
#define BENCH_METRICS_H

/** The sum of all samples whose line begins with `name`, from /metrics on that port of loopback; 0 where there are none. Exits where nobody answers. */
double metrics_sum(int port, const char *name);

#endif
