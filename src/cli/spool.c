/* What is held back until all of it is proved (spool.h). */
#define _GNU_SOURCE /* O_TMPFILE, mkostemp, memfd_create */

#include "cli/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE (64u * 1024) /* bytes */

void spool_init(struct spool *spool) {
    *spool = (struct spool){.file = -1};
    buffer_init(&spool->memory, SPOOL_MEMORY);
}

static void unmap(struct spool *spool) {
    if (spool->map != NULL)
        (void)munmap(spool->map, spool->map_len);
    spool->map = NULL;
}

void spool_clear(struct spool *spool) {
    unmap(spool);
    buffer_clear(&spool->memory);
    spool->written = 0; /* the file is written over */
    spool->fault = (struct fault){0};
}

void spool_free(struct spool *spool) {
    unmap(spool);
    buffer_free(&spool->memory);
    if (spool->file >= 0)
        close(spool->file);
    spool_init(spool);
}

uint64_t spool_len(const struct spool *spool) {
    return spool->written + spool->memory.len;
}

/* ---- the file */

static const char *folder(void) {
    const char *named = getenv("TMPDIR");
    return named != NULL && *named != '\0' ? named : "/tmp";
}

/* Some file systems have no files without a name: then it has one for a moment. */
static int open_file(void) {
    char path[PATH_MAX];
    int file = open(folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    int len = snprintf(path, sizeof path, "%s/depositary-XXXXXX", folder());
    if (file < 0 && len > 0 && (size_t)len < sizeof path) {
        file = mkostemp(path, O_CLOEXEC);
        if (file >= 0)
            unlink(path);
    }
    return file >= 0 ? file : memfd_create("depositary", MFD_CLOEXEC);
}

static int fail(struct spool *spool, const char *what) {
    const int error = errno == ENOMEM ? DEPOSITARY_E_MEMORY : DEPOSITARY_E_IO;
    return fault_set(&spool->fault, error, "what is held back until all of it is proved cannot be %s in %s: %s%s", what,
                     folder(), strerror(errno), errno == ENOSPC ? "; TMPDIR names another folder" : "");
}

/* What is in memory goes into the file. */
static int flush(struct spool *spool) {
    if (spool->fault.error != 0)
        return spool->fault.error;
    if (spool->file < 0 && (spool->file = open_file()) < 0)
        return fail(spool, "kept");
    for (size_t done = 0; done < spool->memory.len;) {
        ssize_t wrote = pwrite(spool->file, spool->memory.data + done, spool->memory.len - done, (off_t)spool->written);
        if (wrote < 0 && errno != EINTR)
            return fail(spool, "written");
        done += wrote > 0 ? (size_t)wrote : 0;
        spool->written += wrote > 0 ? (uint64_t)wrote : 0;
    }
    buffer_clear(&spool->memory);
    return 0;
}

void spool_add(struct spool *spool, struct bytes in) {
    unmap(spool);
    while (in.len > 0 && spool->fault.error == 0) {
        struct bytes part = bytes_slice(in, 0, SPOOL_MEMORY - spool->memory.len);
        buffer_append(&spool->memory, part);
        if (spool->memory.error != 0)
            (void)fault_set(&spool->fault, spool->memory.error,
                            "no memory for what is held back until all of it is proved");
        else if (spool->memory.len == SPOOL_MEMORY)
            (void)flush(spool);
        in = bytes_slice(in, part.len, in.len);
    }
}

/* ---- reading it back */

/* How many of the bytes are whole characters: of one that goes on behind them none. */
static size_t whole_characters(struct bytes in) {
    size_t at = in.len;
    while (at > 0 && in.len - at < 3 && (in.data[at - 1] & 0xC0) == 0x80)
        at--;
    if (at == 0 || in.data[at - 1] < 0xC0)
        return in.len;
    size_t len = in.data[at - 1] >= 0xF0 ? 4 : in.data[at - 1] >= 0xE0 ? 3 : 2;
    return in.len - (at - 1) < len ? at - 1 : in.len;
}

/* The next piece; 0 where the file ends before what was written into it. */
static size_t read_piece(struct spool *spool, uint8_t *out, uint64_t at) {
    const uint64_t left = spool->written - at;
    const size_t want = left < PIECE ? (size_t)left : PIECE;
    size_t rest = want;
    while (rest > 0) {
        ssize_t more = pread(spool->file, out + want - rest, rest, (off_t)(at + want - rest));
        errno = more == 0 ? EIO : errno;
        if (more == 0 || (more < 0 && errno != EINTR))
            return 0;
        rest -= more > 0 && (size_t)more <= rest ? (size_t)more : 0;
    }
    size_t whole = whole_characters(bytes_of(out, want));
    return want == left || whole == 0 ? want : whole;
}

int spool_each(struct spool *spool, spool_take *take, void *context) {
    uint8_t piece[PIECE];
    if (spool->fault.error == 0 && spool->file < 0) {
        take(context, buffer_bytes(&spool->memory));
        return 0;
    }
    int error = flush(spool);
    for (uint64_t at = 0; error == 0 && at < spool->written;) {
        size_t len = read_piece(spool, piece, at);
        if (len == 0)
            return fail(spool, "read");
        take(context, bytes_of(piece, len));
        at += len;
    }
    return error;
}

int spool_view(struct spool *spool, struct bytes *out) {
    unmap(spool);
    if (spool->fault.error == 0 && spool->file < 0) {
        *out = buffer_bytes(&spool->memory);
        return 0;
    }
    int error = flush(spool);
    if (error == 0 && spool->written > SIZE_MAX)
        error = fault_set(&spool->fault, DEPOSITARY_E_LIMIT, "more than this machine can look at in one piece");
    if (error != 0)
        return error;
    const size_t len = (size_t)spool->written;
    void *map = len > 0 ? mmap(NULL, len, PROT_READ, MAP_PRIVATE, spool->file, 0) : NULL;
    if (map == MAP_FAILED)
        return fail(spool, "read");
    spool->map = map;
    spool->map_len = len;
    *out = bytes_of(map, len);
    return 0;
}
