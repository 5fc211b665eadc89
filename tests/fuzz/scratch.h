/* A folder for what must be a file, for one process; gone at its end. */
#ifndef FUZZ_SCRATCH_H
#define FUZZ_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static char scratch_dir[64];

static inline void scratch_remove(void) {
    DIR *folder = opendir(scratch_dir);
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder != NULL)
        closedir(folder);
    (void)rmdir(scratch_dir);
}

/** The folder, made at the first call; in memory where the system has a file system for that. */
static inline const char *scratch(void) {
    if (scratch_dir[0] == '\0') {
        snprintf(scratch_dir, sizeof scratch_dir, "/dev/shm/depositary-fuzz-XXXXXX");
        if (mkdtemp(scratch_dir) == NULL) {
            snprintf(scratch_dir, sizeof scratch_dir, "/tmp/depositary-fuzz-XXXXXX");
            HOLDS(mkdtemp(scratch_dir) != NULL);
        }
        (void)atexit(scratch_remove);
    }
    return scratch_dir;
}

static inline void scratch_write(const char *path, struct bytes in) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    HOLDS(fd >= 0 && write(fd, in.data, in.len) == (ssize_t)in.len && close(fd) == 0);
}

#endif
