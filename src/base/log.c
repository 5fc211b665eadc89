/* Log lines. Each is built in memory and leaves in one write, so that lines of threads do not mix. */
#include "base/log.h"

#include "base/bytes.h"
#include "base/encode.h"
#include "base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX 8192u /* bytes; what goes past it is cut */

static const char *const level_names[] = {"error", "warning", "info", "debug"};

/* Set once before threads start, read by all. */
static enum log_level setup_least = LOG_LEVEL_INFO;
static enum log_format setup_format = LOG_FORMAT_TEXT;

void log_setup(enum log_level least, enum log_format format) {
    setup_least = least;
    setup_format = format;
}

bool log_level_parse(enum log_level *out, const char *name) {
    for (unsigned i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_wants(enum log_level level) {
    return level <= setup_least;
}

/* A line under construction; what does not fit is left out, whole escapes and code points at a time. */
struct line {
    char text[LOG_LINE_MAX];
    size_t len;
    size_t room; /* len may go up to it */
};

static bool line_put(struct line *line, const char *in, size_t len) {
    if (len > line->room - line->len) {
        return false;
    }
    memcpy(line->text + line->len, in, len);
    line->len += len;
    return true;
}

static bool line_put_text(struct line *line, const char *in) {
    return line_put(line, in, strlen(in));
}

/* Whether a code point could move a cursor, end a line or turn the direction of what is shown. */
static bool must_escape(uint32_t code_point) {
    return code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F) || code_point == '"' || code_point == '\\' ||
           (code_point >= 0x200B && code_point <= 0x200F) || (code_point >= 0x2028 && code_point <= 0x202E) ||
           (code_point >= 0x2060 && code_point <= 0x2069) || code_point == 0xFEFF;
}

/* One code point as JSON spells it (RFC 8259 section 7); every one that is escaped lies in the basic plane. */
static bool line_put_escape(struct line *line, uint32_t code_point) {
    char escape[16];
    switch (code_point) {
    case '"':
        return line_put_text(line, "\\\"");
    case '\\':
        return line_put_text(line, "\\\\");
    case '\n':
        return line_put_text(line, "\\n");
    case '\r':
        return line_put_text(line, "\\r");
    case '\t':
        return line_put_text(line, "\\t");
    default:
        snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)code_point);
        return line_put_text(line, escape);
    }
}

static void line_put_quoted(struct line *line, const char *value) {
    struct bytes left = bytes_text(value);
    line->room -= 1; /* for the closing quote */
    bool fits = line_put(line, "\"", 1);
    while (fits && left.len > 0) {
        uint32_t code_point;
        size_t len = utf8_next(&code_point, left);
        if (len == 0) { /* a stray byte is shown as U+FFFD */
            fits = line_put_text(line, "\xEF\xBF\xBD");
            len = 1;
        } else if (must_escape(code_point)) {
            fits = line_put_escape(line, code_point);
        } else {
            fits = line_put(line, (const char *)left.data, len);
        }
        left = bytes_slice(left, len, left.len);
    }
    line->room += 1;
    line_put(line, "\"", 1);
}

/* Text: bare where it cannot be misread. */
static void line_put_value(struct line *line, const char *value) {
    bool bare = value[0] != '\0';
    for (const char *at = value; bare && *at; at++) {
        bare = *at > ' ' && *at < 0x7F && *at != '"' && *at != '\\' && *at != '=';
    }
    if (bare && strlen(value) <= line->room - line->len) {
        line_put_text(line, value);
    } else {
        line_put_quoted(line, value);
    }
}

/* Whether a pair with at least the start of its value still fits; a pair is written whole or not at all. */
static bool line_has_room(const struct line *line, const char *key) {
    size_t longest_key = strlen(key) * 6; /* all escaped */
    return longest_key < LOG_LINE_MAX && line->room - line->len > longest_key + 32;
}

static void line_put_pair_json(struct line *line, const char *key, const char *value) {
    if (!line_has_room(line, key)) {
        return;
    }
    line_put_text(line, line->len == 1 ? "" : ",");
    line_put_quoted(line, key);
    line_put_text(line, ":");
    line_put_quoted(line, value);
}

static void line_put_pair_text(struct line *line, const char *key, const char *value) {
    if (!line_has_room(line, key)) {
        return;
    }
    line_put_text(line, " ");
    line_put_text(line, key);
    line_put_text(line, "=");
    line_put_value(line, value);
}

static void line_write(const struct line *line) {
    int saved = errno;
    ssize_t written;
    do {
        written = write(STDERR_FILENO, line->text, line->len);
    } while (written < 0 && errno == EINTR);
    errno = saved; /* a log line changes nothing for its caller, and there is nowhere to say that it failed */
}

bool log_budget_take(struct log_budget *budget, uint64_t now_ns, uint64_t *left_out) {
    uint64_t minute = now_ns / (60 * NS_PER_S) + 1; /* 0: none has begun */
    uint64_t seen = __atomic_load_n(&budget->minute, __ATOMIC_ACQUIRE);
    if (seen != minute &&
        __atomic_compare_exchange_n(&budget->minute, &seen, minute, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        __atomic_store_n(&budget->lines, 0, __ATOMIC_RELEASE);
    }
    bool is_taken = __atomic_fetch_add(&budget->lines, 1, __ATOMIC_ACQ_REL) < LOG_BUDGET_LINES;
    if (is_taken) {
        *left_out = __atomic_exchange_n(&budget->left_out, 0, __ATOMIC_ACQ_REL);
    } else {
        __atomic_add_fetch(&budget->left_out, 1, __ATOMIC_ACQ_REL);
    }
    return is_taken;
}

void log_line(enum log_level level, const char *message, ...) {
    if (!log_wants(level)) {
        return;
    }
    struct line line;
    line.len = 0;
    line.room = sizeof(line.text) - 2; /* for the end of the object and the newline */
    char now[TIME_TEXT_LEN + 1] = "";
    (void)time_print(now, clock_now_s());
    bool json = setup_format == LOG_FORMAT_JSON;
    if (json) {
        line_put_text(&line, "{");
        line_put_pair_json(&line, "time", now);
        line_put_pair_json(&line, "level", level_names[level]);
        line_put_pair_json(&line, "message", message);
    } else {
        line_put_text(&line, now);
        line_put_text(&line, " ");
        line_put_text(&line, level_names[level]);
        line_put_text(&line, " ");
        line_put_value(&line, message);
    }
    va_list pairs;
    va_start(pairs, message);
    for (const char *key = va_arg(pairs, const char *); key; key = va_arg(pairs, const char *)) {
        const char *value = va_arg(pairs, const char *);
        (json ? line_put_pair_json : line_put_pair_text)(&line, key, value ? value : "");
    }
    va_end(pairs);
    line.room = sizeof(line.text);
    line_put_text(&line, json ? "}\n" : "\n");
    line_write(&line);
}

bool log_wants_within(struct log_budget *budget, enum log_level level) {
    char count[24];
    uint64_t left_out;
    if (!log_wants(level) || log_wants(LOG_LEVEL_DEBUG)) {
        return log_wants(level);
    }
    if (!log_budget_take(budget, clock_monotonic_ns(), &left_out)) {
        return false;
    }
    if (left_out > 0) {
        snprintf(count, sizeof(count), "%" PRIu64, left_out);
        log_line(level, "lines like the next were left out", "count", count, NULL);
    }
    return true;
}
