/* Whole files. A write leaves the old file or the new one, whatever happens between (rename(2) after fsync(2)). */
#define _GNU_SOURCE /* renameat2 */
#include "base/file.h"

#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP (64u * 1024u) /* bytes asked for at once */

static int fail_with_errno(struct fault *fault, const char *what, const char *path) {
    int reason = errno;
    int error = DEPOSITARY_E_IO;
    if (reason == ENOENT || reason == ENOTDIR) {
        error = DEPOSITARY_E_MISSING;
    } else if (reason == EACCES || reason == EPERM) {
        error = DEPOSITARY_E_PERMISSION;
    } else if (reason == ENOMEM) {
        error = DEPOSITARY_E_MEMORY;
    }
    return fault_set(fault, error, "cannot %s %s: %s", what, path, strerror(reason));
}

/* The folder that path lies in; false where it does not fit. */
static bool folder_of(char *out, size_t capacity, const char *path) {
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    if (len >= capacity) {
        return false;
    }
    if (!slash) {
        memcpy(out, ".", 2);
    } else if (len == 0) {
        memcpy(out, "/", 2);
    } else {
        memcpy(out, path, len);
        out[len] = '\0';
    }
    return true;
}

/* read(2) that goes on after a signal. */
static ssize_t read_some(int fd, void *out, size_t len) {
    ssize_t got;
    do {
        got = read(fd, out, len);
    } while (got < 0 && errno == EINTR);
    return got;
}

static int write_all(int fd, struct bytes in) {
    while (in.len > 0) {
        ssize_t written = write(fd, in.data, in.len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return -1;
        }
        in = bytes_slice(in, (size_t)written, in.len);
    }
    return 0;
}

/* Appends what is left to read. One byte more than out's limit is asked for, so that a file past it is told from one at it. */
static int read_all(struct buffer *out, int fd, const char *path, struct fault *fault) {
    for (;;) {
        if (out->error) {
            return fault_set(fault, out->error, "cannot read %s: %s", path, depositary_error_text(out->error));
        }
        size_t room = out->limit - out->len;
        size_t want = room < READ_STEP ? room : READ_STEP;
        uint8_t beyond;
        uint8_t *place = want == 0 ? &beyond : buffer_extend(out, want);
        if (!place) {
            continue;
        }
        ssize_t got = read_some(fd, place, want == 0 ? 1 : want);
        if (want > 0) {
            out->len -= want - (got > 0 ? (size_t)got : 0);
        }
        if (got < 0) {
            return fail_with_errno(fault, "read", path);
        }
        if (got == 0) {
            return 0;
        }
        if (want == 0) {
            return fault_set(fault, DEPOSITARY_E_LIMIT, "%s is longer than %zu bytes", path, out->limit);
        }
    }
}

/* Whose file it may be, and what others may do with it. */
enum privacy { FILE_PLAIN, FILE_TRUSTED, FILE_PRIVATE, FILE_SECRET };

/* That of the folder's owner, who could put any other file in its place. */
static bool is_of_folders_owner(uid_t owner, const char *path) {
    char folder[PATH_MAX];
    struct stat about;
    return folder_of(folder, sizeof(folder), path) && stat(folder, &about) == 0 && about.st_uid == owner;
}

static int judge_owner(const struct stat *about, const char *path, enum privacy privacy, struct fault *fault) {
    bool is_ours = about->st_uid == geteuid();
    bool is_roots = privacy != FILE_SECRET && about->st_uid == 0;
    bool is_folders = privacy == FILE_TRUSTED && is_of_folders_owner(about->st_uid, path);
    return is_ours || is_roots || is_folders
               ? 0
               : fault_set(
                     fault, DEPOSITARY_E_PERMISSION,
                     "%s belongs to another user (uid %lu, not %lu); give it to this one with chown, or run as that one",
                     path, (unsigned long)about->st_uid, (unsigned long)geteuid());
}

/* By others; the group that has its user's number is that user's own, as Debian makes them, and a umask of 002 is then as good as one of 022. */
static bool can_be_changed(const struct stat *about) {
    return (about->st_mode & S_IWOTH) != 0 || ((about->st_mode & S_IWGRP) != 0 && about->st_gid != about->st_uid);
}

static int judge_mode(const struct stat *about, const char *path, enum privacy privacy, struct fault *fault) {
    if (privacy == FILE_TRUSTED && can_be_changed(about)) {
        return fault_set(fault, DEPOSITARY_E_PERMISSION, "%s can be changed by group or others; run: chmod go-w %s",
                         path, path);
    }
    if (privacy == FILE_PRIVATE && ((about->st_mode & S_IRWXO) != 0 || can_be_changed(about))) {
        return fault_set(fault, DEPOSITARY_E_PERMISSION,
                         "%s is open to others, or can be changed by its group; run: chmod g-w,o= %s", path, path);
    }
    if (privacy == FILE_SECRET && (about->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fault_set(fault, DEPOSITARY_E_PERMISSION, "%s is open to group or others; run: chmod 600 %s", path,
                         path);
    }
    return 0;
}

/* A pipe that was handed to this process, as a shell does for <(command), and not one that has a name and perhaps no writer. */
static bool is_handed_pipe(mode_t mode, const char *path) {
    return S_ISFIFO(mode) && (strncmp(path, "/dev/fd/", strlen("/dev/fd/")) == 0 || strcmp(path, "/dev/stdin") == 0);
}

/* Refuses what another user could have written or, where it is to be kept from others, could read. */
static int judge(int fd, const char *path, enum privacy privacy, struct fault *fault) {
    struct stat about;
    if (fstat(fd, &about) != 0) {
        return fail_with_errno(fault, "look at", path);
    }
    if (privacy == FILE_TRUSTED && is_handed_pipe(about.st_mode, path)) {
        return fcntl(fd, F_SETFL, 0) == 0 ? 0 : fail_with_errno(fault, "read", path); /* its writer is waited for */
    }
    if (!S_ISREG(about.st_mode)) {
        return fault_set(fault, DEPOSITARY_E_PERMISSION, "%s is not a regular file", path);
    }
    int error = judge_owner(&about, path, privacy, fault);
    return error ? error : judge_mode(&about, path, privacy, fault);
}

static int read_file(struct buffer *out, const char *path, enum privacy privacy, struct fault *fault) {
    /* O_NONBLOCK: opening a FIFO must not wait for a writer before it is judged */
    int judged = privacy == FILE_PLAIN ? 0 : O_NONBLOCK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | judged | (privacy == FILE_SECRET ? O_NOFOLLOW : 0));
    if (fd < 0) {
        if (privacy == FILE_SECRET && errno == ELOOP) {
            return fault_set(fault, DEPOSITARY_E_PERMISSION, "%s is a symbolic link; name the file itself", path);
        }
        return fail_with_errno(fault, "open", path);
    }
    size_t before = out->len;
    int error = privacy == FILE_PLAIN ? 0 : judge(fd, path, privacy, fault);
    if (!error) {
        error = read_all(out, fd, path, fault);
    }
    if (error) {
        out->len = before;
    }
    close(fd);
    return error;
}

int file_read(struct buffer *out, const char *path, struct fault *fault) {
    return read_file(out, path, FILE_PLAIN, fault);
}

int file_read_trusted(struct buffer *out, const char *path, struct fault *fault) {
    return read_file(out, path, FILE_TRUSTED, fault);
}

int file_read_private(struct buffer *out, const char *path, struct fault *fault) {
    return read_file(out, path, FILE_PRIVATE, fault);
}

int file_read_secret(struct buffer *out, const char *path, struct fault *fault) {
    return read_file(out, path, FILE_SECRET, fault);
}

/* Makes a change of names in path's folder durable. */
static int sync_folder_of(const char *path, struct fault *fault) {
    char folder[PATH_MAX];
    if (!folder_of(folder, sizeof(folder), path)) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "path too long: %s", path);
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        /* a folder that may be searched but not read, as /proc and some mounts have them, cannot be synced */
        return errno == EACCES ? 0 : fail_with_errno(fault, "open", folder);
    }
    int error = 0;
    if (fsync(fd) != 0 && errno != EINVAL && errno != EROFS) { /* EINVAL: a file system without it */
        error = fail_with_errno(fault, "sync", folder);
    }
    close(fd);
    return error;
}

/* Opens a new file beside path under a name that nobody uses; the name goes to out. */
static int open_beside(char *out, size_t capacity, const char *path, unsigned mode) {
    for (int attempt = 0; attempt < 16; attempt++) {
        int len = snprintf(out, capacity, "%s.%" PRIx64 ".new", path, clock_monotonic_ns());
        if (len < 0 || (size_t)len >= capacity) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

int file_write(const char *path, struct bytes in, unsigned mode, struct fault *fault) {
    char beside[PATH_MAX];
    int fd = open_beside(beside, sizeof(beside), path, mode);
    if (fd < 0) {
        return fail_with_errno(fault, "write", path);
    }
    int error = 0;
    if (write_all(fd, in) != 0 || fsync(fd) != 0) {
        error = fail_with_errno(fault, "write", beside);
    }
    if (close(fd) != 0 && !error) {
        error = fail_with_errno(fault, "write", beside);
    }
    if (!error && rename(beside, path) != 0) {
        error = fail_with_errno(fault, "write", path);
    }
    if (error) {
        unlink(beside);
        return error;
    }
    return sync_folder_of(path, fault);
}

int file_rename(const char *from, const char *to, struct fault *fault) {
    return rename(from, to) != 0 ? fail_with_errno(fault, "write", to) : sync_folder_of(to, fault);
}

/* ---- copies */

static int copy_bytes(int from, int to) {
    uint8_t chunk[READ_STEP];
    int result = -1;
    for (;;) {
        ssize_t len = read_some(from, chunk, sizeof(chunk));
        if (len <= 0) {
            result = len == 0 ? 0 : -1;
            break;
        }
        if (write_all(to, bytes_of(chunk, (size_t)len)) != 0) {
            break;
        }
    }
    explicit_bzero(chunk, sizeof(chunk)); /* it may have been a key's file */
    return result;
}

static int fail_to_copy(struct fault *fault, const char *from, const char *to, const char *why) {
    int error = errno == EEXIST ? DEPOSITARY_E_EXISTS : errno == ENOENT ? DEPOSITARY_E_MISSING : DEPOSITARY_E_IO;
    return fault_set(fault, error, "cannot copy %s to %s: %s", from, to, why ? why : strerror(errno));
}

/* Into a file that was made for it. */
static int fill(int to_fd, int from_fd, const char *from, const char *to, struct fault *fault) {
    int error = copy_bytes(from_fd, to_fd) == 0 && fsync(to_fd) == 0 ? 0 : fail_to_copy(fault, from, to, NULL);
    if (close(to_fd) != 0 && !error) {
        error = fail_to_copy(fault, from, to, NULL);
    }
    if (error) {
        unlink(to);
    }
    return error;
}

int file_copy(const char *from, const char *to, unsigned mode, struct fault *fault) {
    struct stat about;
    int from_fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (from_fd < 0) {
        return fail_to_copy(fault, from, to, NULL);
    }
    int error = 0;
    if (fstat(from_fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        errno = 0;
        error = fail_to_copy(fault, from, to, "not a file");
    } else {
        int to_fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, about.st_mode & (mode_t)mode);
        error = to_fd < 0 ? fail_to_copy(fault, from, to, NULL) : fill(to_fd, from_fd, from, to, fault);
    }
    close(from_fd);
    return error;
}

static int sync_file(const char *path, struct fault *fault) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return fail_with_errno(fault, "open", path);
    }
    int error = fsync(fd) == 0 ? 0 : fail_with_errno(fault, "sync", path);
    close(fd);
    return error;
}

/* Not over what is there. Some file systems know no second name for a file, others not the rename that spares what is there. */
static int rename_to_new(const char *from, const char *to) {
    if (link(from, to) == 0) {
        return unlink(from);
    }
    return errno == EEXIST ? -1 : renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int file_place(const char *from, const char *to, struct fault *fault) {
    int error = sync_file(from, fault);
    if (error) {
        return error;
    }
    if (rename_to_new(from, to) != 0) {
        return errno == EEXIST
                   ? fault_set(fault, DEPOSITARY_E_EXISTS, "%s is there already, and nothing is written over", to)
                   : fail_with_errno(fault, "write", to);
    }
    return sync_folder_of(to, fault);
}

int file_lock(int *lock, const char *path, struct fault *fault) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail_with_errno(fault, "open", path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        bool is_held = errno == EWOULDBLOCK;
        int error = is_held ? fault_set(fault, DEPOSITARY_E_STATE, "another process holds %s", path)
                            : fail_with_errno(fault, "lock", path);
        close(fd);
        return error;
    }
    *lock = fd;
    return 0;
}

/* ---- folders */

static bool is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static int make_one_dir(const char *path, unsigned mode, struct fault *fault) {
    if (is_folder(path)) {
        return 0;
    }
    if (mkdir(path, (mode_t)mode) != 0) {
        /* another process may have been first */
        return errno == EEXIST && is_folder(path) ? 0 : fail_with_errno(fault, "make the folder", path);
    }
    return sync_folder_of(path, fault);
}

int file_make_dir(const char *path, unsigned mode, struct fault *fault) {
    char part[PATH_MAX];
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    if (len == 0 || len >= sizeof(part)) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "no usable folder name: \"%s\"", path);
    }
    for (size_t end = 1; end <= len; end++) {
        if (end < len && (path[end] != '/' || path[end - 1] == '/')) {
            continue;
        }
        memcpy(part, path, end);
        part[end] = '\0';
        int error = make_one_dir(part, mode, fault);
        if (error) {
            return error;
        }
    }
    return 0;
}

int file_path(char *out, size_t capacity, const char *dir, const char *name) {
    size_t dir_len = strlen(dir);
    size_t name_len = strlen(name);
    size_t slash = dir_len > 0 && dir[dir_len - 1] != '/' ? 1 : 0;
    if (dir_len >= capacity || name_len >= capacity || dir_len + slash + name_len >= capacity) {
        return DEPOSITARY_E_LIMIT;
    }
    memcpy(out, dir, dir_len);
    if (slash) {
        out[dir_len] = '/';
    }
    memcpy(out + dir_len + slash, name, name_len + 1);
    return 0;
}
