/* Whether memory may be touched, tried by a child. Included by the tests of what keeps a secret key in memory. */
#ifndef TESTS_GUARDED_H
#define TESTS_GUARDED_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/** Whether a process that reads this byte, or writes it, is ended. */
static inline bool touch_ends(const uint8_t *at, bool writes) {
    volatile uint8_t *byte = (volatile uint8_t *)(uintptr_t)at;
    int status = 0;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        if (writes)
            *byte = 0;
        else
            (void)*byte;
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0; /* a sanitizer ends it with a code of its own */
}

/** Such memory is locked, wiped when it is freed, and ends where nothing may be read. */
static inline bool is_guarded(const uint8_t *secret, size_t len) {
    return touch_ends(secret + len, false);
}

#endif
