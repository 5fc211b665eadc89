/* Files that are written beside one another: certified copies, PROTOCOL.md section 3, and what they are copies of. */
#define _GNU_SOURCE /* syncfs */

#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "proof/copy.h"

int cli_write_file(const char *dir, const char *name, struct bytes in) {
    char path[4096];
    struct fault fault = {0};
    if (file_path(path, sizeof path, dir, name) != 0) {
        cli_error("%s: path too long", dir);
        return CLI_REFUSED;
    }
    if (file_write(path, in, 0644, &fault) != 0) {
        cli_error("%s: %s", path, fault_text(&fault));
        return CLI_REFUSED;
    }
    return 0;
}

/* The name of a clause's copy without its ending, and its proof, which the caller frees. 0 or an exit code, told. */
static int make_copy(const depositary_answer *answer, const depositary_clause *clause, char name[COPY_NAME_MAX],
                     char **proof, size_t *proof_len) {
    const struct clause_record record = {
        .instrument = bytes_text(clause->edition->instrument),
        .language = bytes_text(clause->edition->language),
        .eid = bytes_text(clause->eid),
    };
    int error = depositary_answer_copy_proof(answer, clause, proof, proof_len);
    if (error != 0) {
        cli_error("%s: %s", clause->eid, depositary_error_text(error));
        return cli_exit_code(error);
    }
    copy_name(name, &record, clause->edition->edition);
    return 0;
}

/* Where a file of a copy goes: a folder, or a staging. */
typedef int put_file(void *context, const char *name, struct bytes in);

static int put_copy(const depositary_answer *answer, const depositary_clause *clause, char name[COPY_NAME_MAX],
                    put_file *put, void *context) {
    char file[COPY_NAME_MAX + 8];
    char *proof = NULL;
    size_t proof_len = 0;
    int status = make_copy(answer, clause, name, &proof, &proof_len);
    if (status != 0)
        return status;
    snprintf(file, sizeof file, "%s.record", name);
    status = put(context, file, bytes_of(clause->record, clause->record_len));
    snprintf(file, sizeof file, "%s.proof", name);
    if (status == 0)
        status = put(context, file, bytes_of(proof, proof_len));
    free(proof);
    return status;
}

static int put_into_folder(void *context, const char *name, struct bytes in) {
    return cli_write_file(context, name, in);
}

int cli_write_copy(const char *dir, const depositary_answer *answer, const depositary_clause *clause,
                   char name[COPY_NAME_MAX]) {
    return put_copy(answer, clause, name, put_into_folder, (void *)(uintptr_t)dir);
}

/* ---- all or none of many */

#define MAIN_FILE ".main"

static int fail(const struct cli_staging *staging, const char *what) {
    cli_error("%s: cannot %s: %s", staging->dir, what, strerror(errno));
    return CLI_REFUSED;
}

void cli_staging_init(struct cli_staging *staging) {
    *staging = (struct cli_staging){.folder = -1, .file = -1};
}

static int open_main(struct cli_staging *staging) {
    staging->file = openat(staging->folder, MAIN_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    return staging->file < 0 ? fail(staging, "write") : 0;
}

int cli_staging_open(struct cli_staging *staging, const char *dir) {
    struct fault fault = {0};
    staging->dir = dir;
    if (file_make_dir(dir, 0755, &fault) != 0)
        return cli_error("%s: %s", dir, fault_text(&fault)), CLI_REFUSED;
    if (file_path(staging->path, sizeof staging->path, dir, ".depositary-XXXXXX") != 0)
        return cli_error("%s: path too long", dir), CLI_REFUSED;
    if (mkdtemp(staging->path) == NULL) {
        staging->path[0] = '\0';
        return fail(staging, "make a folder");
    }
    staging->folder = open(staging->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return staging->folder < 0 ? fail(staging, "open a folder") : open_main(staging);
}

static int write_all(int file, struct bytes in) {
    while (in.len > 0) {
        ssize_t wrote = write(file, in.data, in.len);
        if (wrote < 0 && errno != EINTR)
            return -1;
        in = bytes_slice(in, wrote > 0 ? (size_t)wrote : 0, in.len);
    }
    return 0;
}

/* A put_file. */
static int put_into_staging(void *context, const char *name, struct bytes in) {
    const struct cli_staging *staging = context;
    int file = openat(staging->folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    int failed = file < 0 || write_all(file, in) != 0;
    if (file >= 0 && close(file) != 0)
        failed = 1;
    return failed ? fail(staging, "write") : 0;
}

int cli_staging_copy(struct cli_staging *staging, const depositary_answer *answer, const depositary_clause *clause,
                     char name[COPY_NAME_MAX]) {
    return put_copy(answer, clause, name, put_into_staging, staging);
}

int cli_staging_append(struct cli_staging *staging, struct bytes in) {
    return write_all(staging->file, in) != 0 ? fail(staging, "write"), DEPOSITARY_E_IO : 0;
}

/* Each file of the staging, to one place: into the folder, or (target -1) away. Those that are moved may be listed again, and are not there then. */
static int empty(const struct cli_staging *staging, int target) {
    int listing = fcntl(staging->folder, F_DUPFD_CLOEXEC, 0);
    DIR *folder = listing >= 0 ? fdopendir(listing) : NULL;
    int result = folder != NULL ? 0 : -1;
    if (folder == NULL && listing >= 0)
        close(listing);
    if (folder != NULL)
        rewinddir(folder);
    for (const struct dirent *entry; result == 0 && (errno = 0, entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        result = target >= 0 ? renameat(staging->folder, entry->d_name, target, entry->d_name)
                             : unlinkat(staging->folder, entry->d_name, 0);
        result = result != 0 && errno == ENOENT ? 0 : result;
    }
    if (folder != NULL) {
        const int reason = errno;
        closedir(folder);
        errno = reason;
        result = reason != 0 ? -1 : result;
    }
    return result;
}

int cli_staging_clear(struct cli_staging *staging) {
    close(staging->file);
    staging->file = -1;
    return empty(staging, -1) != 0 ? fail(staging, "begin anew") : open_main(staging);
}

int cli_staging_place(struct cli_staging *staging, const char *main_name) {
    int target = open(staging->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status = target < 0 ? fail(staging, "open the folder") : 0;
    /* durable before they have their names; one by one it would take a thousand times as long */
    if (status == 0 && syncfs(staging->folder) != 0)
        status = fail(staging, "write");
    if (status == 0 && renameat(staging->folder, MAIN_FILE, target, main_name) != 0)
        status = fail(staging, "write");
    if (status == 0 && empty(staging, target) != 0)
        status = fail(staging, "write");
    if (status == 0 && fsync(target) != 0 && errno != EINVAL && errno != EROFS)
        status = fail(staging, "write");
    if (target >= 0)
        close(target);
    return status;
}

void cli_staging_free(struct cli_staging *staging) {
    if (staging->file >= 0)
        close(staging->file);
    if (staging->folder >= 0) {
        (void)empty(staging, -1);
        close(staging->folder);
    }
    if (staging->path[0] != '\0')
        (void)rmdir(staging->path);
    cli_staging_init(staging);
}
