/* google.protobuf's Timestamp and Duration as JSON has them (schema.h). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schema/schema.h"

#define NANOS        1000000000
#define DAY_S        86400
#define TIME_FIRST   (-62135596800LL) /* 0001-01-01 */
#define TIME_LAST    253402300799LL   /* 9999-12-31 */
#define DURATION_MAX 315576000000LL   /* seconds: ten thousand years */

/* Days since 1970 of a date of the proleptic Gregorian calendar, and back. */
static int64_t days_of(int64_t year, int month, int day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = (int)(years + era * 400 + (*month <= 2));
}

/* 0, 3, 6 or 9 digits. */
static void print_fraction(char out[16], int32_t nanos) {
    if (nanos == 0) {
        out[0] = '\0';
    } else if (nanos % 1000000 == 0) {
        (void)snprintf(out, 16, ".%03d", nanos / 1000000);
    } else if (nanos % 1000 == 0) {
        (void)snprintf(out, 16, ".%06d", nanos / 1000);
    } else {
        (void)snprintf(out, 16, ".%09d", nanos);
    }
}

bool json_time_print(char out[SCHEMA_TIME_MAX], int64_t seconds, int32_t nanos) {
    char fraction[16];
    int year, month, day;
    if (seconds < TIME_FIRST || seconds > TIME_LAST || nanos < 0 || nanos >= NANOS) {
        return false;
    }
    int64_t days = seconds >= 0 ? seconds / DAY_S : -((-seconds + DAY_S - 1) / DAY_S);
    int rest = (int)(seconds - days * DAY_S);
    date_of(days, &year, &month, &day);
    print_fraction(fraction, nanos);
    (void)snprintf(out, SCHEMA_TIME_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%.10sZ", year, month, day, rest / 3600,
                   rest / 60 % 60, rest % 60, fraction);
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
    int32_t unit = NANOS / 10;
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

static bool is_date(int year, int month, int day) {
    int back_year, back_month, back_day;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31) {
        return false;
    }
    date_of(days_of(year, month, day), &back_year, &back_month, &back_day);
    return back_year == year && back_month == month && back_day == day;
}

bool json_time_parse(int64_t *seconds, int32_t *nanos, const char *text) {
    int year, month, day, hour, minute, second, offset_s;
    if (!take_digits(&text, 4, &year) || !take(&text, '-') || !take_digits(&text, 2, &month) || !take(&text, '-') ||
        !take_digits(&text, 2, &day) || !take(&text, 'T') || !take_digits(&text, 2, &hour) || !take(&text, ':') ||
        !take_digits(&text, 2, &minute) || !take(&text, ':') || !take_digits(&text, 2, &second) ||
        !take_fraction(&text, nanos) || !take_offset(&text, &offset_s) || *text != '\0') {
        return false;
    }
    if (!is_date(year, month, day) || hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    *seconds = days_of(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second - offset_s;
    return *seconds >= TIME_FIRST && *seconds <= TIME_LAST;
}

bool json_duration_print(char out[SCHEMA_TIME_MAX], int64_t seconds, int32_t nanos) {
    char fraction[16];
    bool is_negative = seconds < 0 || nanos < 0;
    if (seconds < -DURATION_MAX || seconds > DURATION_MAX || nanos <= -NANOS || nanos >= NANOS ||
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
