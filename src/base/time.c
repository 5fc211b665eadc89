/* RFC 3339 times in UTC with whole seconds, by the proleptic Gregorian calendar; no time zone, locale or libc calendar. */
#include "base/time.h"

#include <stdio.h>
#include <time.h>

#define SECONDS_A_DAY 86400

struct date {
    int year;
    int month;
    int day;
};

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month) {
    static const int days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month];
}

/* Days here are counted from 0001-01-01, which is 0. */
static int64_t days_before_year(int year) {
    int64_t past = year - 1;
    return past * 365 + past / 4 - past / 100 + past / 400;
}

static int64_t days_of_date(struct date date) {
    int64_t days = days_before_year(date.year);
    for (int month = 1; month < date.month; month++) {
        days += days_in_month(date.year, month);
    }
    return days + date.day - 1;
}

static struct date date_of_days(int64_t days) {
    struct date date = {.year = 1 + (int)(days / 366), .month = 1}; /* never too late; few steps to go */
    while (days_before_year(date.year + 1) <= days) {
        date.year++;
    }
    days -= days_before_year(date.year);
    while (days >= days_in_month(date.year, date.month)) {
        days -= days_in_month(date.year, date.month);
        date.month++;
    }
    date.day = (int)days + 1;
    return date;
}

/* count decimal digits at offset; the caller knows that they are within in. */
static bool digits_at(int *out, struct bytes in, size_t offset, size_t count) {
    int number = 0;
    for (size_t i = offset; i < offset + count; i++) {
        if (in.data[i] < '0' || in.data[i] > '9') {
            return false;
        }
        number = number * 10 + (in.data[i] - '0');
    }
    *out = number;
    return true;
}

static bool date_parse(struct date *out, struct bytes in) {
    struct date date;
    if (in.len != 10 || in.data[4] != '-' || in.data[7] != '-' || !digits_at(&date.year, in, 0, 4) ||
        !digits_at(&date.month, in, 5, 2) || !digits_at(&date.day, in, 8, 2)) {
        return false;
    }
    if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > days_in_month(date.year, date.month)) {
        return false;
    }
    *out = date;
    return true;
}

bool date_valid(struct bytes in) {
    struct date date;
    return date_parse(&date, in);
}

bool time_parse_civil(int64_t *out_s, struct bytes in) {
    struct date date;
    int hour;
    int minute;
    int second;
    if (in.len != TIME_CIVIL_LEN || !date_parse(&date, bytes_slice(in, 0, 10))) {
        return false;
    }
    if (in.data[10] != 'T' || in.data[13] != ':' || in.data[16] != ':' || !digits_at(&hour, in, 11, 2) ||
        !digits_at(&minute, in, 14, 2) || !digits_at(&second, in, 17, 2)) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    *out_s = TIME_FIRST + days_of_date(date) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second;
    return true;
}

bool time_parse(int64_t *out_s, struct bytes in) {
    int64_t time_s;
    if (in.len != TIME_TEXT_LEN || in.data[TIME_CIVIL_LEN] != 'Z' ||
        !time_parse_civil(&time_s, bytes_slice(in, 0, TIME_CIVIL_LEN)) || time_s < 0) {
        return false;
    }
    *out_s = time_s;
    return true;
}

bool time_print_civil(char out[TIME_CIVIL_LEN + 1], int64_t time_s) {
    if (time_s < TIME_FIRST || time_s > TIME_LAST) {
        return false;
    }
    struct date date = date_of_days((time_s - TIME_FIRST) / SECONDS_A_DAY);
    unsigned rest = (unsigned)((time_s - TIME_FIRST) % SECONDS_A_DAY);
    char text[64]; /* roomier than needed, so that the compiler need not know the ranges */
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02u:%02u:%02u", date.year, date.month, date.day, rest / 3600,
             rest / 60 % 60, rest % 60);
    bytes_write_text(out, TIME_CIVIL_LEN + 1, bytes_text(text));
    return true;
}

bool time_print(char out[TIME_TEXT_LEN + 1], int64_t time_s) {
    if (time_s < 0 || !time_print_civil(out, time_s)) {
        return false;
    }
    bytes_write_text(out + TIME_CIVIL_LEN, 2, BYTES("Z"));
    return true;
}

int64_t clock_now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ns(void) {
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t clock_thread_ns(void) {
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void clock_sleep_ms(uint64_t ms) {
    const struct timespec time = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * NS_PER_MS};
    (void)nanosleep(&time, NULL);
}
