/* The remembered checkpoint. PROTOCOL.md section 8. */
#include "client/memory.h"

#include "base/file.h"
#include "base/sha256.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define NAME_HEX 32

static int compare_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The origin and the pinned keys, in an order that does not depend on the policy's. */
static int describe_policy(struct buffer *out, const struct policy *policy) {
    size_t count = policy_logs_count(policy);
    char **keys = calloc(count, sizeof *keys);
    int error = keys == NULL ? DEPOSITARY_E_MEMORY : 0;
    buffer_append_text(out, "depositary/memory/v1\n");
    for (size_t i = 0; error == 0 && i < count; i++) {
        struct buffer key;
        buffer_init(&key, 1024);
        verifier_key_print(&key, policy_log(policy, i));
        keys[i] = buffer_take_text(&key);
        buffer_free(&key); /* where it could not be taken */
        error = keys[i] == NULL ? DEPOSITARY_E_MEMORY : 0;
    }
    if (error == 0) {
        qsort(keys, count, sizeof *keys, compare_text);
    }
    for (size_t i = 0; keys != NULL && i < count; i++) {
        buffer_append_text(out, keys[i]);
        buffer_append_byte(out, '\n');
        free(keys[i]);
    }
    free(keys);
    return error ? error : out->error;
}

int memory_init(struct memory *memory, const char *dir, const struct policy *policy, struct fault *fault) {
    struct buffer text;
    uint8_t digest[SHA256_LEN];
    char hex[sizeof digest * 2 + 1];
    memset(memory, 0, sizeof *memory);
    if (dir == NULL || dir[0] == '\0') {
        return 0;
    }
    if (strlen(dir) >= sizeof memory->dir) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "the state folder's name is too long");
    }
    buffer_init(&text, 1024 * 1024);
    int error = describe_policy(&text, policy);
    if (error == 0) {
        sha256(digest, buffer_bytes(&text));
        (void)sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
        (void)snprintf(memory->name, sizeof memory->name, "%.*s.checkpoint", NAME_HEX, hex);
        (void)snprintf(memory->dir, sizeof memory->dir, "%s", dir);
        error = file_make_dir(dir, 0700, fault);
    } else {
        error = fault_set(fault, error, "the pinned keys cannot be named");
    }
    buffer_free(&text);
    return error;
}

/* At least one pinned key's signature holds, and none of a pinned key fails. */
static int judge_signatures(const struct policy *policy, const struct note *note, struct fault *fault) {
    int verdict = DEPOSITARY_E_CHECKPOINT_KEY;
    for (size_t i = 0; i < policy_logs_count(policy); i++) {
        int error = note_verify(note, policy_log(policy, i), NULL);
        if (error == 0) {
            verdict = 0;
        } else if (error != DEPOSITARY_E_CHECKPOINT_KEY) {
            return fault_set(fault, error, "a pinned key's signature on the checkpoint is wrong");
        }
    }
    return verdict ? fault_set(fault, verdict, "no pinned key signed the checkpoint") : 0;
}

int memory_judge(struct checkpoint *out, const struct policy *policy, struct bytes bytes, struct fault *fault) {
    struct note note;
    struct checkpoint checkpoint;
    if (bytes.len > LIMIT_NOTE) {
        return fault_set(fault, DEPOSITARY_E_CHECKPOINT_FORMAT, "a checkpoint of %zu bytes", bytes.len);
    }
    int error = note_parse(&note, bytes, fault);
    if (error) {
        return error;
    }
    error = judge_signatures(policy, &note, fault);
    if (error) {
        return error;
    }
    error = checkpoint_parse(&checkpoint, note.text, fault);
    if (error) {
        return error;
    }
    if (!bytes_equal(checkpoint.origin, policy_origin(policy))) {
        return fault_set(fault, DEPOSITARY_E_CHECKPOINT_ORIGIN, "a checkpoint of another origin");
    }
    *out = checkpoint;
    return 0;
}

static int memory_path(const struct memory *memory, const char *suffix, char *out, size_t capacity) {
    int len = snprintf(out, capacity, "%s/%s%s", memory->dir, memory->name, suffix);
    return len < 0 || (size_t)len >= capacity ? DEPOSITARY_E_LIMIT : 0;
}

int memory_load(const struct memory *memory, const struct policy *policy, struct buffer *note,
                struct checkpoint *checkpoint, struct fault *fault) {
    char path[4096];
    struct fault reason = {0, ""};
    if (memory->dir[0] == '\0') {
        return 0;
    }
    int error = memory_path(memory, "", path, sizeof path);
    if (error) {
        return fault_set(fault, error, "the state folder's name is too long");
    }
    error = file_read_secret(note, path, fault); /* whoever can write it can make a client forget */
    if (error == DEPOSITARY_E_MISSING) {
        return 0;
    }
    if (error) {
        return error;
    }
    error = memory_judge(checkpoint, policy, buffer_bytes(note), &reason);
    if (error) {
        return fault_set(fault, DEPOSITARY_E_STATE,
                         "the remembered checkpoint in %s cannot be used (%s); find out why before you remove it", path,
                         fault_text(&reason));
    }
    return 0;
}

/* One writer at a time, among all processes: the lock lies beside the file, which is replaced. */
static int lock(const struct memory *memory, int *out, struct fault *fault) {
    char path[4096];
    int error = memory_path(memory, ".lock", path, sizeof path);
    if (error) {
        return fault_set(fault, error, "the state folder's name is too long");
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fault_set(fault, DEPOSITARY_E_IO, "cannot open %s: %s", path, strerror(errno));
    }
    int result;
    do {
        result = flock(fd, LOCK_EX);
    } while (result != 0 && errno == EINTR);
    if (result != 0) {
        (void)close(fd);
        return fault_set(fault, DEPOSITARY_E_IO, "cannot lock %s: %s", path, strerror(errno));
    }
    *out = fd;
    return 0;
}

static int store_locked(const struct memory *memory, const struct policy *policy, struct bytes note,
                        struct buffer *other, struct fault *fault) {
    char path[4096];
    struct checkpoint held;
    struct checkpoint shown;
    int error = memory_judge(&shown, policy, note, fault);
    if (error == 0) {
        error = memory_load(memory, policy, other, &held, fault);
    }
    if (error) {
        return error;
    }
    if (other->len > 0 && held.size == shown.size && !hash_equal(&held.root, &shown.root)) {
        return fault_set(fault, DEPOSITARY_E_FORK, "another checkpoint of size %" PRIu64 " is remembered", held.size);
    }
    if (other->len > 0 && held.size > shown.size) {
        return 0;
    }
    buffer_clear(other);
    error = memory_path(memory, "", path, sizeof path);
    return error ? fault_set(fault, error, "the state folder's name is too long") : file_write(path, note, 0600, fault);
}

int memory_store(const struct memory *memory, const struct policy *policy, struct bytes note, struct buffer *other,
                 struct fault *fault) {
    int fd;
    if (memory->dir[0] == '\0') {
        return 0;
    }
    int error = lock(memory, &fd, fault);
    if (error) {
        return error;
    }
    error = store_locked(memory, policy, note, other, fault);
    (void)close(fd);
    return error;
}

int memory_keep_fork(const struct memory *memory, struct bytes held, struct bytes shown, char *path, size_t capacity,
                     struct fault *fault) {
    struct buffer text;
    path[0] = '\0';
    if (memory->dir[0] == '\0') {
        return 0;
    }
    char name[4096];
    int len = snprintf(name, sizeof name, "%s/fork-%" PRId64 "-%08" PRIx32 ".txt", memory->dir, clock_now_s(),
                       randombytes_random());
    if (len < 0 || (size_t)len >= sizeof name || (size_t)len >= capacity) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "the state folder's name is too long");
    }
    buffer_init(&text, 4 * LIMIT_NOTE);
    buffer_append_text(
        &text,
        "Two checkpoints of one origin, both verified under the pinned keys, that no proof joins into one ledger.\n"
        "Either two histories were signed, or the service hides one: show this file to others who rely on it.\n\n"
        "---- held before\n");
    buffer_append(&text, held);
    buffer_append_text(&text, "---- shown now\n");
    buffer_append(&text, shown);
    int error = text.error ? fault_set(fault, text.error, "the evidence is too large")
                           : file_write(name, buffer_bytes(&text), 0600, fault);
    buffer_free(&text);
    if (error == 0) {
        (void)snprintf(path, capacity, "%s", name);
    }
    return error;
}
