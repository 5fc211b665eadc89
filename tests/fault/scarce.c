/* Memory that runs out (scarce.h): these definitions come before those of the libraries, which are called by their other names. */
#define _GNU_SOURCE /* RTLD_NEXT, dladdr */

#include "scarce.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef IS_SANITIZED /* by CMake: this file itself is not instrumented, as it is called before a sanitizer is ready */
#define REAL(function) __interceptor_##function
#define IS_SPARED                                                                                                      \
    (control == &own &&                                                                                                \
     !pthread_equal(pthread_self(), arming)) /* a sanitizer ends the process when its own threads get nothing */
#else
#define REAL(function) __libc_##function
#define IS_SPARED      false
#endif

#define OWN_FRAMES 6 /* at most, of this file's functions */
#define EXPORT     __attribute__((visibility("default")))

void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *at, size_t size);

static struct scarce_control own = {.left = -1};
static struct scarce_control *control = &own;
static pthread_t arming;

/* ---- armed by the process itself */

void scarce_arm(unsigned after, bool is_lasting) {
    control->is_lasting = is_lasting;
    arming = pthread_self();
    control->refused = 0;
    __atomic_store_n(&control->left, (int32_t)after, __ATOMIC_RELEASE);
}

unsigned scarce_refused(void) {
    return __atomic_load_n(&control->refused, __ATOMIC_ACQUIRE);
}

unsigned scarce_disarm(void) {
    __atomic_store_n(&control->left, -1, __ATOMIC_RELEASE);
    return scarce_refused();
}

/* ---- refusing */

static __thread bool is_looking; /* backtrace(3) may allocate itself */

/* nng; the C library, its loader and a sanitizer, which allocate for others; others. As in struct scarce_control. */
static char kind_of(const char *library) {
    static const char *const c[] = {"libc.so", "ld-linux", "libasan", "libtsan"};
    const char *name = strrchr(library, '/') ? strrchr(library, '/') + 1 : library;
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        if (strncmp(name, c[i], strlen(c[i])) == 0) {
            return 'c';
        }
    }
    return strncmp(name, "libnng.so", 9) == 0 ? 'n' : 'o';
}

/* The frames of whoever asks, innermost first, without those of this file. */
struct frames {
    void *at[SCARCE_FRAMES + OWN_FRAMES];
    int first, end;
};

static char kind_at(const void *address, Dl_info *info) {
    return dladdr(address, info) != 0 ? kind_of(info->dli_fname) : 'o';
}

static void look_back(struct frames *frames) {
    Dl_info own_file, info;
    is_looking = true;
    frames->end = backtrace(frames->at, SCARCE_FRAMES + OWN_FRAMES);
    is_looking = false;
    (void)dladdr(&own, &own_file);
    frames->first = 0;
    for (int i = 0; i < frames->end && i < OWN_FRAMES; i++) { /* a sanitizer's backtrace lies before ours */
        if (dladdr(frames->at[i], &info) != 0 && info.dli_fbase == own_file.dli_fbase) {
            frames->first = i + 1;
        }
    }
}

/* What the C library, or a sanitizer, asks for where a thread begins or ends is nobody's. */
static bool is_meant(const void *caller) {
    Dl_info info;
    if (control->whose == SCARCE_ALL && control == &own) {
        return true;
    }
    char kind = kind_at(caller, &info);
    if (kind == 'c') { /* for whom? */
        struct frames frames;
        look_back(&frames);
        for (int i = frames.first; i < frames.end && kind == 'c'; i++) {
            kind = kind_at(frames.at[i], &info);
        }
    }
    return kind != 'c' && (control->whose == SCARCE_ALL || (kind == 'n') == (control->whose == SCARCE_OF_NNG));
}

static void note_frames(void) {
    struct frames frames;
    look_back(&frames);
    for (int i = frames.first; i < frames.end && i - frames.first < SCARCE_FRAMES; i++) {
        Dl_info info = {.dli_fbase = NULL};
        control->kinds[i - frames.first] = kind_at(frames.at[i], &info);
        control->frames[i - frames.first] = (uintptr_t)frames.at[i] - (uintptr_t)info.dli_fbase;
    }
}

static bool is_refused(const void *caller) {
    int32_t now = __atomic_load_n(&control->left, __ATOMIC_ACQUIRE);
    if (now < 0 || IS_SPARED || is_looking || !is_meant(caller)) {
        return false;
    }
    while (now > 0 &&
           !__atomic_compare_exchange_n(&control->left, &now, now - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    }
    if (now != 0) {
        return false;
    }
    unsigned before = __atomic_fetch_add(&control->refused, 1, __ATOMIC_ACQ_REL);
    if (before > 0 && !control->is_lasting) {
        return false;
    }
    if (before == 0) {
        note_frames();
    }
    errno = ENOMEM;
    return true;
}

EXPORT void *malloc(size_t size) {
    return is_refused(__builtin_return_address(0)) ? NULL : REAL(malloc)(size);
}

EXPORT void *calloc(size_t count, size_t size) {
    return is_refused(__builtin_return_address(0)) ? NULL : REAL(calloc)(count, size);
}

EXPORT void *realloc(void *at, size_t size) {
    return is_refused(__builtin_return_address(0)) ? NULL : REAL(realloc)(at, size);
}

/* libsodium's pages come from the kernel, not from the allocator above. */
static void *(*real_sodium_malloc)(size_t);

EXPORT void *sodium_malloc(size_t size) {
    return is_refused(__builtin_return_address(0)) ? NULL : real_sodium_malloc(size);
}

/* ---- before main */

/* Where the program died of it, on standard error: what a core dump would tell, which our programs leave none of. */
static void tell_end(int number) {
    void *frames[2 * SCARCE_FRAMES];
    is_looking = true;
    backtrace_symbols_fd(frames, backtrace(frames, 2 * SCARCE_FRAMES), STDERR_FILENO);
    signal(number, SIG_DFL);
    raise(number);
}

static void map_control(const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *map = fd >= 0 ? mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0) {
        close(fd);
    }
    if (map == MAP_FAILED) {
        abort(); /* a test that refuses nothing would pass */
    }
    control = map;
    signal(SIGSEGV, tell_end);
    signal(SIGBUS, tell_end);
}

__attribute__((constructor)) static void begin(void) {
    void *found = dlsym(RTLD_NEXT, "sodium_malloc");
    void *frame;
    memcpy(&real_sodium_malloc, &found, sizeof(found));
    is_looking = true;
    (void)backtrace(&frame, 1); /* what it loads and allocates, it does the first time */
    is_looking = false;
    if (getenv("SCARCE")) {
        map_control(getenv("SCARCE"));
    }
}
