/* google.protobuf's Timestamp and Duration as JSON has them (schema.h). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "schema/schema.h"

#define DURATION_MAX INT64_C(315576000000) /* seconds: ten thousand years */

/* 0, 3, 6 or 9 digits. */
static void print_fraction(char out[16], int32_t nanos) {
    if (nanos == 0) {
        out[0] = '\0';
    } else if (nanos % NS_PER_MS == 0) {
        (void)snprintf(out, 16, ".%03d", (int)(nanos / NS_PER_MS));
    } else if (nanos % 1000 == 0) {
        (void)snprintf(out, 16, ".%06d", nanos / 1000);
    } else {
        (void)snprintf(out, 16, ".%09d", nanos);
    }
}

bool json_time_print(char out[SCHEMA_TIME_MAX], int64_t seconds, int32_t nanos) {
    char civil[TIME_CIVIL_LEN + 1];
    char fraction[16];
    if (nanos < 0 || nanos >= NS_PER_S || !time_print_civil(civil, seconds)) {
        return false;
    }
    print_fraction(fraction, nanos);
    (void)snprintf(out, SCHEMA_TIME_MAX, "%s%.10sZ", civil, fraction);
    return true;
}

/* Exactly so many digits. */
static bool take_digits(const char **at, int count, int *out) {
    *out = 0;
    for (int i = 0; i < count; i++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        *out = *out * 10 + (*(*at)++ - '0');
    }
    return true;
}

static bool take(const char **at, char wanted) {
    bool is_there = **at == wanted;
    *at += is_there;
    return is_there;
}

/* A point and 1 to 9 digits, or nothing. */
static bool take_fraction(const char **at, int32_t *nanos) {
    int32_t unit = NS_PER_S / 10;
    *nanos = 0;
    if (!take(at, '.')) {
        return true;
    }
    const char *start = *at;
    while (**at >= '0' && **at <= '9' && unit > 0) {
        *nanos += (*(*at)++ - '0') * unit;
        unit /= 10;
    }
    return *at > start && !(**at >= '0' && **at <= '9');
}

static bool take_offset(const char **at, int *offset_s) {
    int hours, minutes;
    *offset_s = 0;
    if (take(at, 'Z')) {
        return true;
    }
    bool is_behind = **at == '-';
    if ((!take(at, '+') && !take(at, '-')) || !take_digits(at, 2, &hours) || !take(at, ':') ||
        !take_digits(at, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *offset_s = (hours * 3600 + minutes * 60) * (is_behind ? -1 : 1);
    return true;
}

bool json_time_parse(int64_t *seconds, int32_t *nanos, const char *text) {
    int offset_s;
    const struct bytes civil = bytes_slice(bytes_text(text), 0, TIME_CIVIL_LEN);
    if (!time_parse_civil(seconds, civil)) {
        return false;
    }
    text += civil.len;
    if (!take_fraction(&text, nanos) || !take_offset(&text, &offset_s) || *text != '\0') {
        return false;
    }
    *seconds -= offset_s;
    return *seconds >= TIME_FIRST && *seconds <= TIME_LAST;
}

bool json_duration_print(char out[SCHEMA_TIME_MAX], int64_t seconds, int32_t nanos) {
    char fraction[16];
    bool is_negative = seconds < 0 || nanos < 0;
    if (seconds < -DURATION_MAX || seconds > DURATION_MAX || nanos <= -NS_PER_S || nanos >= NS_PER_S ||
        (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) {
        return false;
    }
    print_fraction(fraction, nanos < 0 ? -nanos : nanos);
    (void)snprintf(out, SCHEMA_TIME_MAX, "%s%" PRId64 "%.10ss", is_negative ? "-" : "",
                   seconds < 0 ? -seconds : seconds, fraction);
    return true;
}

bool json_duration_parse(int64_t *seconds, int32_t *nanos, const char *text) {
    bool is_negative = take(&text, '-');
    const char *start = text;
    *seconds = 0;
    while (*text >= '0' && *text <= '9' && *seconds <= DURATION_MAX) {
        *seconds = *seconds * 10 + (*text++ - '0');
    }
    if (text == start || !take_fraction(&text, nanos) || strcmp(text, "s") != 0 || *seconds > DURATION_MAX) {
        return false;
    }
    *seconds = is_negative ? -*seconds : *seconds;
    *nanos = is_negative ? -*nanos : *nanos;
    return true;
}
