/* Log lines on standard error, text or JSON. Values are written escaped; secrets are never handed to it. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/** For the whole process; call before threads start. */
void log_setup(enum log_level least, enum log_format format);
bool log_level_parse(enum log_level *out, const char *name); /* error, warning, info, debug */
bool log_wants(enum log_level level);

/**
 * Writes one line in one write(2). What follows the message are pairs of const char * (key, value), ended by NULL:
 * log_line(LOG_LEVEL_INFO, "ready", "listen", url, NULL).
 */
void log_line(enum log_level level, const char *message, ...) __attribute__((sentinel));

/** Lines of one kind, which strangers can cause: so many a minute. All zero at first; for many threads. */
struct log_budget {
    uint64_t minute; /* atomic, as the others */
    uint64_t lines;
    uint64_t left_out;
};

#define LOG_BUDGET_LINES 60u /* a minute: 20 MB a day */

/** Whether one more may be written at now_ns. *left_out, which is mostly 0: how many were not since this was told last. */
bool log_budget_take(struct log_budget *budget, uint64_t now_ns, uint64_t *left_out);
/** log_wants, within the budget but at debug, where all is wanted. Writes a line that tells of those that were left out. */
bool log_wants_within(struct log_budget *budget, enum log_level level);

#endif
