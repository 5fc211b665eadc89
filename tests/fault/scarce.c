/* Memory that runs out (scarce.h): these definitions come before those of the libraries, which are called by their other names. */
#define _GNU_SOURCE /* RTLD_NEXT */

#include "scarce.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#ifdef IS_SANITIZED /* by CMake: this file itself is not instrumented, as it is called before a sanitizer is ready */
#define REAL(function) __interceptor_##function
#define IS_SPARED                                                                                                      \
    (!pthread_equal(pthread_self(), arming)) /* a sanitizer ends the process when its own threads get nothing */
#else
#define REAL(function) __libc_##function
#define IS_SPARED      false
#endif

void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *at, size_t size);

/* -1: nothing is refused. */
static int left = -1;
static bool is_for_good;
static unsigned refused;
static pthread_t arming;

void scarce_arm(unsigned after, bool is_lasting) {
    is_for_good = is_lasting;
    arming = pthread_self();
    refused = 0;
    __atomic_store_n(&left, (int)after, __ATOMIC_RELEASE);
}

unsigned scarce_refused(void) {
    return __atomic_load_n(&refused, __ATOMIC_ACQUIRE);
}

unsigned scarce_disarm(void) {
    __atomic_store_n(&left, -1, __ATOMIC_RELEASE);
    return scarce_refused();
}

static bool is_refused(void) {
    int now = __atomic_load_n(&left, __ATOMIC_ACQUIRE);
    if (now < 0 || IS_SPARED)
        return false;
    while (now > 0 && !__atomic_compare_exchange_n(&left, &now, now - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    }
    if (now != 0)
        return false;
    if (__atomic_fetch_add(&refused, 1, __ATOMIC_ACQ_REL) > 0 && !is_for_good)
        return false;
    errno = ENOMEM;
    return true;
}

__attribute__((visibility("default"))) void *malloc(size_t size) {
    return is_refused() ? NULL : REAL(malloc)(size);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size) {
    return is_refused() ? NULL : REAL(calloc)(count, size);
}

__attribute__((visibility("default"))) void *realloc(void *at, size_t size) {
    return is_refused() ? NULL : REAL(realloc)(at, size);
}

/* libsodium's pages come from the kernel, not from the allocator above. */
static void *(*real_sodium_malloc)(size_t);

__attribute__((constructor)) static void find_sodium_malloc(void) {
    void *found = dlsym(RTLD_NEXT, "sodium_malloc");
    memcpy(&real_sodium_malloc, &found, sizeof(found));
}

__attribute__((visibility("default"))) void *sodium_malloc(size_t size) {
    return is_refused() ? NULL : real_sodium_malloc(size);
}
