/*
 * Memory that runs out: put in front of the C library's allocator (or the sanitizer's), for every allocation of the process: ours, SQLite's, protobuf-c's,
 * the C library's own, and sodium_malloc. Where a test arms it, the nth from then on is refused, once or for good.
 */
#ifndef TESTS_FAULT_SCARCE_H
#define TESTS_FAULT_SCARCE_H

#include <stdbool.h>

/** After `left` more allocations one is refused, or all from then on. For the thread that arms and all others. */
void scarce_arm(unsigned left, bool is_lasting);
/** Nothing is refused any more; how many were. */
unsigned scarce_disarm(void);
unsigned scarce_refused(void); /* since it was armed */

#endif
