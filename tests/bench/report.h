/* What was measured, as a table, as JSON and as plots. Medians, and medians of the ratios round by round: each pair ran side by side. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "subject.h"

void report_table(const struct options *options, const struct subject *subjects, size_t count);
/** Both say on standard error what cannot be written. */
void report_json(const struct options *options, const struct subject *subjects, size_t count);
/** In options->svg: throughput.svg and p99.svg against calls in flight, or, where there are several, ledger-throughput.svg and ledger-p99.svg against
 * the size of ledgers. */
void report_plots(const struct options *options, const struct subject *subjects, size_t count);

#endif
