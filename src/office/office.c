/* The office's folder: made, opened, closed. PROTOCOL.md section 2, "One office signs a ledger", and section 8 for its two keys. */
#include "base/file.h"
#include "office/key.h"
#include "office/room.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLICY_MAX (64u * 1024) /* bytes */

static int path_in(char out[PATH_ROOM], const char *dir, const char *name, struct fault *fault) {
    int error = file_path(out, PATH_ROOM, dir, name);
    return error ? fault_set(fault, error, "path too long: %s/%s", dir, name) : 0;
}

static int no_random_bytes(struct fault *fault) {
    return fault_set(fault, DEPOSITARY_E_STATE, "the system gives no random bytes");
}

/* ---- making one */

static int judge_empty(const char *dir, struct fault *fault) {
    DIR *entries = opendir(dir);
    if (!entries) {
        return fault_set(fault, DEPOSITARY_E_IO, "cannot read the folder %s: %s", dir, strerror(errno));
    }
    const struct dirent *entry;
    bool is_empty = true;
    while ((entry = readdir(entries)) != NULL) {
        is_empty = is_empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    }
    closedir(entries);
    return is_empty ? 0 : fault_set(fault, DEPOSITARY_E_EXISTS, "the folder %s is not empty", dir);
}

int office_prepare_dir(const char *dir, struct fault *fault) {
    struct stat about;
    int error = file_make_dir(dir, 0700, fault);
    if (!error) {
        error = judge_empty(dir, fault);
    }
    if (error) {
        return error;
    }
    if (stat(dir, &about) != 0 || about.st_uid != geteuid()) {
        return fault_set(fault, DEPOSITARY_E_PERMISSION, "the folder %s belongs to another user", dir);
    }
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0 && chmod(dir, 0700) != 0) {
        return fault_set(fault, DEPOSITARY_E_PERMISSION, "cannot close the folder %s to others: %s", dir,
                         strerror(errno));
    }
    return 0;
}

/* The spare's folder may not be there yet: whether it would lie in the office is told by its nearest ancestor that is there. */
static int judge_spare_place(const char *spare_dir, const char *dir, struct fault *fault) {
    char office[PATH_ROOM];
    char real[PATH_ROOM];
    char part[PATH_ROOM];
    int len = snprintf(part, sizeof(part), "%s%s", spare_dir[0] == '/' ? "" : "./", spare_dir);
    if (len < 0 || (size_t)len >= sizeof(part) || !realpath(dir, office)) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "no usable folder for the spare key: %s", spare_dir);
    }
    while (!realpath(part, real)) {
        char *slash = strrchr(part, '/');
        if (errno != ENOENT || !slash) {
            return fault_set(fault, DEPOSITARY_E_ARGUMENT, "no usable folder for the spare key: %s", spare_dir);
        }
        if (slash == part) {
            slash++; /* the root folder is left */
        }
        *slash = '\0';
    }
    size_t office_len = strlen(office);
    if (strncmp(real, office, office_len) == 0 && (real[office_len] == '/' || real[office_len] == '\0')) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT,
                         "the spare key is kept apart: %s lies in the office, and what takes one key would take both",
                         spare_dir);
    }
    return 0;
}

int office_spare_path(char out[PATH_ROOM], const char *dir, const char *spare_dir, struct fault *fault) {
    char beside[PATH_ROOM];
    if (!spare_dir) {
        int error = path_in(beside, dir, "../office-spare", fault);
        if (error) {
            return error;
        }
        spare_dir = beside;
    }
    int error = judge_spare_place(spare_dir, dir, fault);
    if (!error) {
        error = file_make_dir(spare_dir, 0700, fault);
    }
    if (!error) { /* again, now that it is there: "new/../office/spare" could not be followed before */
        error = judge_spare_place(spare_dir, dir, fault);
        if (error) {
            rmdir(spare_dir);
        }
    }
    return error ? error : path_in(out, spare_dir, "spare-key", fault);
}

static int write_policy(const char *path, const struct verifier_key *key, const struct verifier_key *spare,
                        struct fault *fault) {
    struct buffer text;
    buffer_init(&text, POLICY_MAX);
    buffer_append_format(&text, "# Whom to trust for %s: its ledger key, and the spare that is kept apart.\nlog ",
                         key->name);
    verifier_key_print(&text, key);
    buffer_append_text(&text, "\nlog ");
    verifier_key_print(&text, spare);
    buffer_append_text(&text, "\nquorum none\n");
    int error = text.error ? fault_set(fault, text.error, "cannot write %s", path)
                           : file_write(path, buffer_bytes(&text), 0644, fault);
    buffer_free(&text);
    return error;
}

static int load_policy(struct policy **out, const char *dir, struct fault *fault) {
    char path[PATH_ROOM];
    struct buffer text;
    buffer_init(&text, POLICY_MAX);
    int error = path_in(path, dir, "policy", fault);
    if (!error) {
        error = file_read_trusted(&text, path, fault);
    }
    if (!error) {
        error = policy_parse(out, buffer_bytes(&text), fault);
    }
    buffer_free(&text);
    return error;
}

static int open_ledger(struct ledger **out, const char *dir, const struct policy *policy, bool create,
                       struct fault *fault) {
    char path[PATH_ROOM];
    char url[PATH_ROOM + sizeof("sqlite:")];
    int error = path_in(path, dir, "ledger.db", fault);
    if (error) {
        return error;
    }
    snprintf(url, sizeof(url), "sqlite:%s", path);
    struct policy *keys = NULL;
    error = policy_copy_without_quorum(&keys, policy);
    if (error) {
        return fault_set(fault, error, "no memory for a policy");
    }
    error = ledger_open(out, &(struct ledger_config){.url = url, .policy = keys, .create = create}, fault);
    policy_free(keys);
    return error;
}

static int make_ledger(const char *dir, struct fault *fault) {
    struct policy *policy = NULL;
    struct ledger *ledger = NULL;
    int error = load_policy(&policy, dir, fault);
    if (!error) {
        error = open_ledger(&ledger, dir, policy, true, fault);
    }
    ledger_close(ledger);
    policy_free(policy);
    return error;
}

/* Takes away what a failed office_create left: keys that never signed anything. */
static void remove_parts(const char *dir, const char *spare_path) {
    static const char *const names[] = {"key", "policy", "ledger.db", "ledger.db-wal", "ledger.db-shm"};
    char path[PATH_ROOM];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (file_path(path, sizeof(path), dir, names[i]) == 0) {
            unlink(path);
        }
    }
    unlink(spare_path);
}

int office_create(const char *dir, const struct office_init *init, struct fault *fault) {
    char key_path[PATH_ROOM];
    char policy_path[PATH_ROOM];
    char spare_path[PATH_ROOM];
    struct verifier_key key;
    struct verifier_key spare;
    struct bytes origin = bytes_text(init->origin);
    if (!origin_valid(origin)) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "an origin is 1 to %u letters, digits and ./_- : \"%.*s\"",
                         LIMIT_ORIGIN, (int)(origin.len < 160 ? origin.len : 160), init->origin ? init->origin : "");
    }
    int error = office_prepare_dir(dir, fault);
    if (!error) {
        error = path_in(key_path, dir, "key", fault);
    }
    if (!error) {
        error = path_in(policy_path, dir, "policy", fault);
    }
    if (!error) {
        error = office_spare_path(spare_path, dir, init->spare_dir, fault);
    }
    if (!error) { /* before there is anything to take away: a spare key that is there already stays */
        error = key_generate(&spare, spare_path, origin, init->passphrase, fault);
    }
    if (error) {
        return error;
    }
    error = key_generate(&key, key_path, origin, init->passphrase, fault);
    if (!error) {
        error = write_policy(policy_path, &key, &spare, fault);
    }
    if (!error) {
        error = make_ledger(dir, fault);
    }
    if (error) {
        remove_parts(dir, spare_path);
    }
    return error;
}

/* ---- opening one */

static int judge_dir(const char *dir, struct fault *fault) {
    struct stat about;
    if (stat(dir, &about) != 0 && errno == ENOENT) {
        return fault_set(fault, DEPOSITARY_E_MISSING,
                         "there is no office at %s: name it (--office, DEPOSITARY_OFFICE), or make one: depositary "
                         "office init %s",
                         dir, dir);
    }
    if (stat(dir, &about) != 0) {
        return fault_set(fault, DEPOSITARY_E_IO, "cannot look at the office %s: %s", dir, strerror(errno));
    }
    if (!S_ISDIR(about.st_mode)) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "%s is not a folder", dir);
    }
    if (about.st_uid != geteuid()) {
        return fault_set(fault, DEPOSITARY_E_PERMISSION, "the office %s belongs to another user", dir);
    }
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fault_set(fault, DEPOSITARY_E_PERMISSION, "the office %s is open to group or others; run: chmod 700 %s",
                         dir, dir);
    }
    return 0;
}

int office_take_lock(int *out, const char *dir, struct fault *fault) {
    char path[PATH_ROOM];
    int error = path_in(path, dir, "lock", fault);
    if (error) {
        return error;
    }
    error = file_lock(out, path, fault);
    return error == DEPOSITARY_E_STATE
               ? fault_set(fault, error, "cannot lock %s: another process has this office open", path)
               : error;
}

static int keep_passphrase(char **out, const char *passphrase, struct fault *fault) {
    if (!passphrase) {
        return 0;
    }
    size_t len = strnlen(passphrase, PASSPHRASE_MAX + 1);
    if (len == 0 || len > PASSPHRASE_MAX) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "a passphrase has 1 to %d bytes", PASSPHRASE_MAX);
    }
    char *copy = sodium_malloc(len + 1);
    if (!copy) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no guarded memory for a passphrase");
    }
    memcpy(copy, passphrase, len + 1);
    sodium_free(*out);
    *out = copy;
    return 0;
}

int office_open(struct office **out, const char *dir, const char *passphrase, struct fault *fault) {
    if (sodium_init() < 0) {
        return no_random_bytes(fault);
    }
    struct office *office = calloc(1, sizeof(*office));
    if (!office) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for an office");
    }
    office->lock_fd = -1;
    int error = judge_dir(dir, fault);
    if (!error) {
        error = path_in(office->key_path, dir, "key", fault);
    }
    if (!error) { /* a folder without a policy is no office: nothing, not even a lock, is put there */
        error = load_policy(&office->policy, dir, fault);
    }
    if (!error) { /* before the ledger is read: another process may be adding to it */
        error = office_take_lock(&office->lock_fd, dir, fault);
    }
    if (!error) {
        error = keep_passphrase(&office->passphrase, passphrase, fault);
    }
    if (!error) {
        error = open_ledger(&office->ledger, dir, office->policy, false, fault);
    }
    if (error) {
        office_close(office);
        return error;
    }
    *out = office;
    return 0;
}

void office_close(struct office *office) {
    if (!office) {
        return;
    }
    ledger_close(office->ledger);
    policy_free(office->policy);
    sodium_free(office->passphrase);
    if (office->lock_fd >= 0) {
        close(office->lock_fd); /* and with it the lock */
    }
    free(office);
}

int office_unlock(struct office *office, const char *passphrase, struct fault *fault) {
    return keep_passphrase(&office->passphrase, passphrase, fault);
}

int office_needs_passphrase(bool *out, const char *dir, struct fault *fault) {
    char path[PATH_ROOM];
    int error = judge_dir(dir, fault);
    if (!error) {
        error = path_in(path, dir, "key", fault);
    }
    return error ? error : key_is_sealed(out, path, fault);
}

const struct policy *office_policy(const struct office *office) {
    return office->policy;
}

struct ledger *office_ledger(struct office *office) {
    return office->ledger;
}
