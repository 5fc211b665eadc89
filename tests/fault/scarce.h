/*
 * Memory that runs out: put in front of the C library's allocator (or the sanitizer's), for every allocation of the process: ours, SQLite's, protobuf-c's,
 * nng's, the C library's own, and sodium_malloc. Where a test arms it, the nth from then on is refused, once or for good.
 *
 * Linked into a test it is armed by these functions. As scarce.so (LD_PRELOAD) in a program that runs, it is armed from outside, through the file that
 * SCARCE names and that both have mapped (tests/system/scarce.py has its other half).
 */
#ifndef TESTS_FAULT_SCARCE_H
#define TESTS_FAULT_SCARCE_H

#include <stdbool.h>
#include <stdint.h>

/** Whose allocations are counted and refused; where a test arms itself, all. */
enum scarce_whose { SCARCE_ALL, SCARCE_OF_NNG, SCARCE_BUT_NNG };

#define SCARCE_FRAMES 16

/** What the file holds. */
struct scarce_control {
    int32_t left; /* -1: nothing is refused */
    int32_t is_lasting;
    uint32_t whose;
    uint32_t refused;
    uint64_t
        frames[SCARCE_FRAMES]; /* of the first that was refused, innermost first, as offsets in what `kinds` says */
    char kinds[SCARCE_FRAMES]; /* 'n': nng; 'c': the C library and its loader; 'o': others; NUL: no more */
};

/** After `left` more allocations one is refused, or all from then on. For the thread that arms and all others. */
void scarce_arm(unsigned left, bool is_lasting);
/** Nothing is refused any more; how many were. */
unsigned scarce_disarm(void);
unsigned scarce_refused(void); /* since it was armed */

#endif
