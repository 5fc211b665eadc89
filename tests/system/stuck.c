/*
 * Put in front of the C library (LD_PRELOAD): nng's thread that frees what is closed stands still from the moment on that the file STUCK names is there, as it
 * does where it waits for a connection for ever.
 */
#define _GNU_SOURCE /* RTLD_NEXT, pthread_setname_np */

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static __thread bool is_reaper;

/* nng tells its threads apart by these names. */
EXPORT int pthread_setname_np(pthread_t thread, const char *name) {
    is_reaper = is_reaper || (pthread_equal(thread, pthread_self()) && strncmp(name, "nng:reap", 8) == 0);
    return 0;
}

/* Where that thread waits for work. */
EXPORT int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock) {
    static int (*real)(pthread_cond_t *, pthread_mutex_t *);
    void *found = real ? NULL : dlsym(RTLD_NEXT, "pthread_cond_wait");
    if (found) {
        memcpy(&real, &found, sizeof(found));
    }
    int error = real(condition, lock);
    const char *path = is_reaper ? getenv("STUCK") : NULL;
    if (path && access(path, F_OK) == 0) {
        pthread_mutex_unlock(lock); /* others give it work, which it does not do */
        for (;;) {
            pause();
        }
    }
    return error;
}
