/* Log lines on standard error, text or JSON. Values are written escaped; secrets are never handed to it. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

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

#endif
