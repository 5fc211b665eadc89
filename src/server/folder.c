/* The daemon's folder (folder.h). */
#include "server/folder.h"

#include "base/file.h"
#include "base/log.h"
#include "base/url.h"
#include "ledger/backup.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0755 /* what is secret in it has folders and files of its own */
#define SOCKET_MODE 0700
#define POLICY_MAX  (64u * 1024) /* bytes */

static int judge_writable(const char *path, const char *dir, struct fault *fault) {
    struct stat status;
    if (access(path, R_OK | W_OK) == 0 || errno != EACCES || stat(path, &status) != 0) {
        return 0;
    }
    unsigned long user = geteuid();
    return fault_set(fault, DEPOSITARY_E_IO,
                     "%s belongs to user %lu, and user %lu, who runs this, may not write there: "
                     "run it as its owner, or chown -R %lu:%lu %s",
                     path, (unsigned long)status.st_uid, user, user, (unsigned long)getegid(), dir);
}

int folder_judge_access(const char *dir, const char *name, struct fault *fault) {
    char path[FOLDER_PATH_MAX];
    int error = judge_writable(dir, dir, fault);
    if (!error && file_path(path, sizeof(path), dir, name) == 0) {
        error = judge_writable(path, dir, fault);
    }
    return error;
}

int folder_take(int *lock, const char *dir, struct fault *fault) {
    char path[FOLDER_PATH_MAX];
    int error = file_make_dir(dir, FOLDER_MODE, fault);
    if (error) {
        return error;
    }
    if (file_path(path, sizeof(path), dir, LEDGER_LOCK) != 0) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "%s: the path is too long", dir);
    }
    error = folder_judge_access(dir, LEDGER_LOCK, fault);
    error = error ? error : file_lock(lock, path, fault);
    return error == DEPOSITARY_E_STATE ? fault_set(fault, error, "%s: another depositaryd runs on this folder", dir)
                                       : error;
}

bool folder_has(const char *dir, const char *name) {
    char path[FOLDER_PATH_MAX];
    struct stat status;
    return file_path(path, sizeof(path), dir, name) == 0 && stat(path, &status) == 0;
}

/* What a first start that was broken off may have left, and what file systems put there. */
static bool is_of_first_start(const char *name) {
    static const char *const names[] = {".", "..", "lost+found", "lock", "keys", "run", "office", "office-spare"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool folder_is_new(const char *dir) {
    DIR *entries = opendir(dir);
    if (!entries) {
        return errno == ENOENT;
    }
    bool is_new = true;
    for (const struct dirent *entry; is_new && (entry = readdir(entries));) {
        is_new = is_of_first_start(entry->d_name);
    }
    closedir(entries);
    return is_new;
}

int folder_policy(struct policy **out, const char *path, struct fault *fault) {
    struct buffer text;
    buffer_init(&text, POLICY_MAX);
    int error = file_read_trusted(&text, path, fault);
    if (!error) {
        error = policy_parse(out, buffer_bytes(&text), fault);
    }
    buffer_free(&text);
    return error;
}

int folder_of_socket(const char *url, struct fault *fault) {
    char path[FOLDER_PATH_MAX];
    struct stat status;
    const char *socket = url_ipc_path(url);
    if (!socket) {
        return 0;
    }
    size_t len = strlen(socket);
    if (len >= sizeof(path)) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "%s: the path is too long", url);
    }
    memcpy(path, socket, len + 1);
    char *slash = strrchr(path, '/');
    if (!slash || slash == path) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "%s: the socket needs a folder of its own", url);
    }
    *slash = '\0';
    int error = stat(path, &status) == 0 ? 0 : file_make_dir(path, SOCKET_MODE, fault);
    if (!error && stat(path, &status) == 0 && (status.st_mode & 077) != 0) {
        log_line(LOG_LEVEL_WARNING, "others may enter the socket's folder; 0700 keeps them out", "listen", url, NULL);
    }
    return error;
}
