/* Times as the records spell them, and the clock. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include "base/bytes.h"

#define NS_PER_S      INT64_C(1000000000)
#define NS_PER_MS     INT64_C(1000000)
#define TIME_TEXT_LEN 20 /* "2025-04-23T00:00:00Z" */

/* Without the Z, for who writes something else there. Years 0001 to 9999. */
#define TIME_CIVIL_LEN 19                    /* "2025-04-23T00:00:00" */
#define TIME_FIRST     INT64_C(-62135596800) /* 0001-01-01T00:00:00 */
#define TIME_LAST      INT64_C(253402300799) /* 9999-12-31T23:59:59 */
bool time_parse_civil(int64_t *out_s, struct bytes in);
bool time_print_civil(char out[TIME_CIVIL_LEN + 1], int64_t time_s);

/** Parses RFC 3339 in UTC with whole seconds, exactly "YYYY-MM-DDTHH:MM:SSZ", years 1970 to 9999, no leap second. */
bool time_parse(int64_t *out_s, struct bytes in);
/** Prints what time_parse reads, with a NUL. False outside its years. */
bool time_print(char out[TIME_TEXT_LEN + 1], int64_t time_s);
/** Whether in is a real day, "YYYY-MM-DD", years 0001 to 9999. */
bool date_valid(struct bytes in);

int64_t clock_now_s(void); /* seconds since 1970, by the system's clock */
uint64_t clock_monotonic_ns(void);
uint64_t clock_thread_ns(void);   /* of the processor, that this thread has had */
void clock_sleep_ms(uint64_t ms); /* less where a signal comes */

#endif
