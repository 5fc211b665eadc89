/*
 * A back-up of the office: a copy of its folder, taken while nobody signs, and checked to its last byte. It is an office, too: to restore is to
 * put it where the other one was. One that lacks what was signed since is stopped by the first server or witness that it asks (look.c).
 */
#include "base/file.h"
#include "office/room.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Not what SQLite and the lock make anew. */
static bool is_wanted(const char *name) {
    static const char *const ends[] = {"-shm", "-staging", "-staging-wal", "-staging-shm", "-staging-journal"};
    size_t len = strlen(name);
    if (name[0] == '.' || strcmp(name, "lock") == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t end_len = strlen(ends[i]);
        if (len > end_len && strcmp(name + len - end_len, ends[i]) == 0) {
            return false;
        }
    }
    return true;
}

static int copy_named(const char *dir, const char *to, const char *name, struct fault *fault) {
    char from_path[PATH_ROOM], to_path[PATH_ROOM];
    int error = file_path(from_path, sizeof(from_path), dir, name);
    if (!error) {
        error = file_path(to_path, sizeof(to_path), to, name);
    }
    return error ? fault_set(fault, error, "path too long: %s/%s", to, name)
                 : file_copy(from_path, to_path, 0777, fault);
}

static int copy_folder(const char *dir, const char *to, struct fault *fault) {
    DIR *entries = opendir(dir);
    if (!entries) {
        return fault_set(fault, DEPOSITARY_E_IO, "cannot read the folder %s: %s", dir, strerror(errno));
    }
    int error = 0;
    const struct dirent *entry;
    while (!error && (entry = readdir(entries)) != NULL) {
        if (is_wanted(entry->d_name)) {
            error = copy_named(dir, to, entry->d_name, fault);
        }
    }
    closedir(entries);
    return error;
}

/* Opening it checks every entry, every clause and the last checkpoint. */
static int check_copy(const char *to, uint64_t *size, struct fault *fault) {
    struct office *copy = NULL;
    int error = office_open(&copy, to, NULL, fault);
    if (!error) {
        const struct ledger_state *state = ledger_state_take(office_ledger(copy));
        *size = state->size;
        ledger_state_release(state);
    }
    office_close(copy);
    return error;
}

int office_back_up(const char *dir, const char *to, uint64_t *size, struct fault *fault) {
    int lock_fd = -1;
    int error = office_take_lock(&lock_fd, dir, fault);
    if (!error) {
        error = office_prepare_dir(to, fault);
    }
    if (!error) {
        error = copy_folder(dir, to, fault);
    }
    if (lock_fd >= 0) {
        close(lock_fd);
    }
    return error ? error : check_copy(to, size, fault);
}
