/* Backups of a ledger (backup.h). Over the SQLite store: a depositary keeps its ledger in such a file whatever else it follows. */
#include "ledger/backup.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/ledger_private.h"

#define BACKUP_MODE 0600
#define FOLDER_MODE 0755 /* as the daemon makes it; what is secret in it has a mode of its own */
#define PART        ".part-XXXXXX"

/* ---- what a file holds */

static void describe(struct backup *out, struct ledger *ledger) {
    const struct ledger_state *state = ledger_state_take(ledger);
    *out = (struct backup){.size = state->size, .root = state->root};
    if (state->size > 0)
        out->register_time_s = state->register_fields.time;
    ledger_state_release(state);
}

/* Opens the ledger of a file that nobody else has open, with everything about it judged, and says what it holds. */
static int open_judged(struct ledger **out, const char *path, const struct policy *policy, struct backup *made,
                       struct fault *fault) {
    char url[PATH_MAX + sizeof "sqlite:"];
    snprintf(url, sizeof url, "sqlite:%s", path);
    /* Earlier checkpoints may be lacking: the ledger may be a mirror's. */
    const struct ledger_config config = {
        .url = url, .policy = policy, .is_thorough = true, .may_lack_checkpoints = true};
    int error = store_sqlite_check(path, fault);
    error = error ? error : ledger_open(out, &config, fault);
    if (error == 0)
        describe(made, *out);
    return error;
}

static void remove_all(const char *path) {
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char name[PATH_MAX + 16];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

static bool is_beside(const char *path, const char *end) {
    char name[PATH_MAX + 16];
    snprintf(name, sizeof name, "%s%s", path, end);
    return access(name, F_OK) == 0;
}

static int path_of(char out[PATH_MAX], const char *dir, const char *name, struct fault *fault) {
    int error = file_path(out, PATH_MAX, dir, name);
    return error ? fault_set(fault, error, "%s: the path is too long", dir) : DEPOSITARY_OK;
}

/* ---- making one */

/* An empty file beside `to`, with its mode. */
static int make_part(char part[PATH_MAX], const char *to, struct fault *fault) {
    int len = snprintf(part, PATH_MAX, "%s" PART, to);
    if (len < 0 || len >= PATH_MAX)
        return fault_set(fault, DEPOSITARY_E_LIMIT, "%s: the path is too long", to);
    int file = mkstemp(part); /* 0600 */
    if (file < 0) {
        int reason = errno;
        part[0] = '\0';
        return fault_set(fault, DEPOSITARY_E_IO, "cannot write %s: %s", to, strerror(reason));
    }
    close(file);
    return DEPOSITARY_OK;
}

static int check_part(const char *part, const struct policy *policy, struct backup *out, struct fault *fault) {
    struct ledger *ledger = NULL;
    int error = open_judged(&ledger, part, policy, out, fault);
    ledger_close(ledger);
    return error ? error : store_sqlite_settle(part, fault);
}

int ledger_back_up(const char *dir, const char *to, const struct policy *policy, struct backup *out,
                   struct fault *fault) {
    char path[PATH_MAX], part[PATH_MAX] = "";
    struct backup made = {0};
    int error = path_of(path, dir, LEDGER_FILE, fault);
    if (error == 0 && access(path, F_OK) != 0)
        error = fault_set(fault, DEPOSITARY_E_MISSING, "%s holds no ledger: %s", dir, strerror(errno));
    if (error == 0 && access(to, F_OK) == 0)
        error = fault_set(fault, DEPOSITARY_E_EXISTS, "%s is there already, and nothing is written over", to);
    if (error == 0)
        error = make_part(part, to, fault);
    if (error == 0)
        error = store_sqlite_copy(path, part, fault);
    if (error == 0)
        error = check_part(part, policy, &made, fault);
    if (error == 0)
        error = file_place(part, to, fault);
    if (error && part[0] != '\0')
        remove_all(part);
    if (error == 0)
        *out = made;
    return error;
}

/* ---- putting one in its place */

/* The last checkpoint that a store holds, verified; size 0 where it is empty. */
static int read_checkpoint(struct store *store, const struct policy *policy, struct checkpoint *out,
                           struct buffer *note, struct fault *fault) {
    struct store_reader *reader = NULL;
    uint64_t size = 0, found = 0;
    bool has_quorum;
    *out = (struct checkpoint){0};
    int error = store->ops->read_begin(store, &reader, fault);
    if (error == 0)
        error = store->ops->size(reader, &size, fault);
    if (error == 0 && size > 0) {
        error = store->ops->checkpoint_from(reader, size, note, &found, fault);
        if (error == 0)
            error = policy_verify_signatures(out, &has_quorum, policy, buffer_bytes(note), fault);
        if (error == 0 && out->size != size)
            error =
                fault_set(fault, DEPOSITARY_E_DAMAGED, "its last checkpoint is not of its %" PRIu64 " entries", size);
    }
    store->ops->read_end(store, reader);
    return error;
}

/* Whether the backup begins with what the checkpoint signs. */
static int judge_extends(struct ledger *backup, const struct checkpoint *held, const char *path, struct fault *fault) {
    struct hash root;
    const struct ledger_state *state = ledger_state_take(backup);
    uint64_t size = state->size;
    ledger_state_release(state);
    if (held->size > size)
        return fault_set(fault, DEPOSITARY_E_STATE,
                         "%s has %" PRIu64 " entries, the backup %" PRIu64
                         ": nothing is taken back that clients may have seen",
                         path, held->size, size);
    if (held->size == 0)
        return DEPOSITARY_OK;
    int error = ledger_root_at(backup, held->size, &root);
    if (error)
        return fault_set(fault, error, "the backup's root at size %" PRIu64 " cannot be read", held->size);
    return hash_equal(&root, &held->root)
               ? DEPOSITARY_OK
               : fault_set(fault, DEPOSITARY_E_FORK,
                           "%s is another ledger: the backup does not begin with its %" PRIu64 " entries", path,
                           held->size);
}

static int unreadable(const char *path, int error, const struct fault *why, struct fault *fault) {
    return fault_set(fault, error, "the ledger that is there cannot be read (%s); move %s, -wal and -shm away first",
                     fault_text(why), path);
}

/* Judges the ledger that is in the backup's place. Closing it leaves one file, which a rename can replace. */
static int judge_present(const char *path, struct ledger *backup, struct backup *made, struct fault *fault) {
    struct store *store = NULL;
    struct checkpoint held;
    struct buffer note;
    struct fault why = {0};
    buffer_init(&note, LIMIT_NOTE);
    int error = store_sqlite_open(&store, path, true, &why);
    if (error == 0)
        error = read_checkpoint(store, backup->policy, &held, &note, &why);
    if (store != NULL)
        store->ops->close(store);
    if (error)
        error = unreadable(path, error, &why, fault);
    else
        error = judge_extends(backup, &held, path, fault);
    if (error == 0 && is_beside(path, "-wal"))
        error = fault_set(fault, DEPOSITARY_E_STATE, "%s is in use: another program has it open", path);
    if (error == 0) {
        made->is_replacing = true;
        made->replaced = held.size;
    }
    buffer_free(&note);
    return error;
}

/* Checks the copy, and judges what it would replace. */
static int judge(const char *copy, const char *path, const struct policy *policy, struct backup *made,
                 struct fault *fault) {
    struct ledger *ledger = NULL;
    int error = open_judged(&ledger, copy, policy, made, fault);
    if (error == 0 && access(path, F_OK) == 0)
        error = judge_present(path, ledger, made, fault);
    else if (error == 0 && is_beside(path, "-wal"))
        error = fault_set(fault, DEPOSITARY_E_STATE, "%s-wal is there without its ledger; move it away first", path);
    ledger_close(ledger);
    return error;
}

/* What root made there becomes the folder's owner's, as whom the daemon runs. */
static int give_to_owner(const char *path, const char *dir, struct fault *fault) {
    struct stat about;
    if (geteuid() != 0)
        return DEPOSITARY_OK;
    return stat(dir, &about) == 0 && lchown(path, about.st_uid, about.st_gid) == 0
               ? DEPOSITARY_OK
               : fault_set(fault, DEPOSITARY_E_IO, "%s cannot be given to the owner of %s: %s", path, dir,
                           strerror(errno));
}

/* Into a folder that is held. */
static int restore_into(const char *from, const char *dir, const struct policy *policy, struct backup *made,
                        struct fault *fault) {
    char path[PATH_MAX], copy[PATH_MAX];
    int error = path_of(path, dir, LEDGER_FILE, fault);
    if (error == 0)
        error = path_of(copy, dir, LEDGER_FILE ".restored", fault);
    if (error)
        return error;
    remove_all(copy); /* what an interrupted one left */
    error = file_copy(from, copy, BACKUP_MODE, fault);
    if (error == 0)
        error = judge(copy, path, policy, made, fault);
    if (error == 0)
        error = store_sqlite_settle(copy, fault);
    if (error == 0)
        error = give_to_owner(copy, dir, fault);
    if (error == 0)
        error = file_rename(copy, path, fault);
    if (error)
        remove_all(copy);
    return error;
}

int ledger_restore(const char *from, const char *dir, const struct policy *policy, struct backup *out,
                   struct fault *fault) {
    char lock_path[PATH_MAX];
    struct backup made = {0};
    int lock = -1;
    if (is_beside(from, "-wal"))
        return fault_set(fault, DEPOSITARY_E_STATE, "%s is a ledger in use, and no backup; make one: depositary backup",
                         from);
    int error = file_make_dir(dir, FOLDER_MODE, fault);
    if (error == 0)
        error = path_of(lock_path, dir, LEDGER_LOCK, fault);
    if (error == 0)
        error = file_lock(&lock, lock_path, fault);
    if (error == DEPOSITARY_E_STATE)
        return fault_set(fault, error, "a depositaryd runs on %s; stop it first", dir);
    if (error == 0)
        error = give_to_owner(lock_path, dir, fault);
    if (error == 0)
        error = restore_into(from, dir, policy, &made, fault);
    if (lock >= 0)
        close(lock);
    if (error == 0)
        *out = made;
    return error;
}
