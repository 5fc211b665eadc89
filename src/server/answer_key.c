/* The answer key's file, and whether the ledger authorises it (answer_key.h). */
#include "server/answer_key.h"

#include "base/encode.h"
#include "base/file.h"
#include "proof/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PATH_ROOM   4096u
#define FILE_MAX    256u
#define FILE_START  "depositary/answer-key/v2\nseed "
#define FILE_START1 "depositary/answer-key/v1\nseed " /* of 0.1: the seed alone */
#define KEY_WORD    "public-key "
#define SEED_LEN    crypto_sign_SEEDBYTES
#define SEED_TEXT   sodium_base64_ENCODED_LEN(SEED_LEN, sodium_base64_VARIANT_ORIGINAL) /* with its NUL */
#define KEY_NAME    "answer-key"
#define NEXT_NAME   "answer-key.next"
#define FOLDER_MODE 0700
#define KEY_MODE    0600

/* ---- the file */

/* A buffer for the whole file that never moves, so that no copy of the seed stays in freed memory. */
static int secret_buffer_init(struct buffer *buffer) {
    buffer_init(buffer, FILE_MAX);
    if (!buffer_extend(buffer, FILE_MAX)) {
        return buffer->error;
    }
    buffer_clear(buffer);
    return 0;
}

static void secret_buffer_free(struct buffer *buffer) {
    if (buffer->data) {
        sodium_memzero(buffer->data, buffer->capacity);
    }
    buffer_free(buffer);
}

static void public_key_of(uint8_t public_key[PUBLIC_KEY_LEN], const uint8_t seed[SEED_LEN]) {
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    sodium_memzero(secret_key, sizeof(secret_key));
}

/* Any 32 bytes are a seed: that they are those that were written, the public key after them says; of a file of version 1, nothing but the ledger. */
static bool parse_file(uint8_t seed[SEED_LEN], struct bytes in) {
    struct bytes line, written;
    uint8_t public_key[PUBLIC_KEY_LEN], told[PUBLIC_KEY_LEN];
    if (bytes_take(&in, BYTES(FILE_START1))) {
        return bytes_take_line(&in, &line) && in.len == 0 && secret_decode(seed, SEED_LEN, line);
    }
    if (!bytes_take(&in, BYTES(FILE_START)) || !bytes_take_line(&in, &line) || !bytes_take(&in, BYTES(KEY_WORD)) ||
        !bytes_take_line(&in, &written) || in.len != 0 || !base64_decode_exact(told, sizeof(told), written) ||
        !secret_decode(seed, SEED_LEN, line)) {
        return false;
    }
    public_key_of(public_key, seed);
    return sodium_memcmp(public_key, told, sizeof(told)) == 0;
}

static int read_seed(uint8_t seed[SEED_LEN], const char *path, struct fault *fault) {
    struct buffer file;
    int error = secret_buffer_init(&file);
    if (!error) {
        error = file_read_secret(&file, path, fault);
    }
    if (!error && !parse_file(seed, buffer_bytes(&file))) {
        error = fault_set(fault, DEPOSITARY_E_FORMAT, "%s is not an answer key, or is torn or damaged", path);
    }
    secret_buffer_free(&file);
    return error;
}

static int write_seed(const uint8_t seed[SEED_LEN], const char *path, struct fault *fault) {
    struct buffer file;
    int error = secret_buffer_init(&file);
    char text[SEED_TEXT];
    uint8_t public_key[PUBLIC_KEY_LEN];
    if (!error) {
        public_key_of(public_key, seed);
        sodium_bin2base64(text, sizeof(text), seed, SEED_LEN, sodium_base64_VARIANT_ORIGINAL);
        buffer_append(&file, BYTES(FILE_START));
        buffer_append_text(&file, text);
        buffer_append(&file, BYTES("\n" KEY_WORD));
        buffer_append_base64(&file, bytes_of(public_key, sizeof(public_key)));
        buffer_append(&file, BYTES("\n"));
        error = file.error;
        sodium_memzero(text, sizeof(text));
    }
    if (!error) {
        error = file_write(path, buffer_bytes(&file), KEY_MODE, fault);
    }
    secret_buffer_free(&file);
    return error;
}

static int path_of(char out[PATH_ROOM], const char *dir, const char *name, struct fault *fault) {
    char folder[PATH_ROOM];
    if (file_path(folder, sizeof(folder), dir, "keys") != 0 || file_path(out, PATH_ROOM, folder, name) != 0) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "%s: the path is too long", dir);
    }
    return 0;
}

/* Under a lock of the folder, and after another look: the daemon and a --print-key-request may both be the first. */
static int make_seed(uint8_t *seed, const char *dir, const char *path, struct fault *fault) {
    char folder[PATH_ROOM];
    int error = file_path(folder, sizeof(folder), dir, "keys");
    if (!error) {
        error = file_make_dir(folder, FOLDER_MODE, fault);
    }
    if (error) {
        return error;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        error = fault_set(fault, DEPOSITARY_E_IO, "cannot lock the folder %s: %s", folder, strerror(errno));
    }
    if (!error) {
        error = read_seed(seed, path, fault);
    }
    if (error == DEPOSITARY_E_MISSING) {
        randombytes_buf(seed, SEED_LEN);
        error = write_seed(seed, path, fault);
    }
    if (fd >= 0) {
        close(fd); /* and with it the lock */
    }
    return error;
}

static int open_key(struct answer_key *out, const char *dir, const char *name, bool create, struct fault *fault) {
    char path[PATH_ROOM];
    uint8_t *seed = sodium_malloc(SEED_LEN);
    uint8_t *secret_key = sodium_malloc(crypto_sign_SECRETKEYBYTES);
    int error = seed && secret_key ? path_of(path, dir, name, fault)
                                   : fault_set(fault, DEPOSITARY_E_MEMORY, "no guarded memory for the answer key");
    if (!error) {
        error = read_seed(seed, path, fault);
    }
    if (error == DEPOSITARY_E_MISSING && create) {
        error = make_seed(seed, dir, path, fault);
    }
    if (!error) {
        crypto_sign_seed_keypair(out->public_key, secret_key, seed);
        sodium_mprotect_readonly(secret_key);
        out->secret_key = secret_key;
        secret_key = NULL;
    }
    sodium_free(seed);
    sodium_free(secret_key);
    return error;
}

int answer_key_open(struct answer_key *out, const char *dir, struct fault *fault) {
    return open_key(out, dir, KEY_NAME, true, fault);
}

int answer_key_open_next(struct answer_key *out, const char *dir, bool create, struct fault *fault) {
    return open_key(out, dir, NEXT_NAME, create, fault);
}

int answer_key_promote(const char *dir, struct fault *fault) {
    char from[PATH_ROOM], to[PATH_ROOM];
    int error = path_of(from, dir, NEXT_NAME, fault);
    if (!error) {
        error = path_of(to, dir, KEY_NAME, fault);
    }
    return error ? error : file_rename(from, to, fault);
}

void answer_key_close(struct answer_key *key) {
    sodium_free((void *)key->secret_key); /* wipes it */
    key->secret_key = NULL;
}

/* ---- its status */

/* The register's line of the key. */
static bool find_line(struct register_line *out, const uint8_t *public_key, const struct register_lines *lines) {
    struct buffer words;
    buffer_init(&words, 64);
    buffer_append(&words, BYTES("key "));
    buffer_append_base64(&words, bytes_of(public_key, PUBLIC_KEY_LEN));
    buffer_append(&words, BYTES(" "));
    size_t index;
    bool is_there = !words.error && register_lines_find(lines, buffer_bytes(&words), &index) &&
                    register_line_parse(out, register_lines_line(lines, index)) == 0;
    buffer_free(&words);
    return is_there;
}

static int read_window(struct key_window *out, struct ledger *ledger, const struct ledger_state *state,
                       const struct hash *leaf_hash, struct fault *fault) {
    uint64_t index;
    struct buffer record;
    buffer_init(&record, LIMIT_ENTRY);
    struct key_record fields;
    int error = ledger_find_named(ledger, state, leaf_hash, &index);
    if (!error) {
        error = ledger_entry(ledger, state, index, &record, NULL, fault);
    }
    if (!error) {
        error = key_record_parse(&fields, buffer_bytes(&record), fault);
    }
    if (!error) {
        *out = (struct key_window){.not_before = fields.not_before, .not_after = fields.not_after};
    }
    buffer_free(&record);
    return error;
}

int answer_key_window(struct key_window *out, const uint8_t public_key[PUBLIC_KEY_LEN], struct ledger *ledger,
                      const struct ledger_state *state, struct fault *fault) {
    if (state->size == 0) {
        return fault_set(fault, DEPOSITARY_E_KEY_RECORD, "the ledger is empty, so no answer key is authorised");
    }
    struct register_line line;
    if (!find_line(&line, public_key, state->lines)) {
        return fault_set(fault, DEPOSITARY_E_KEY_RECORD, "the answer key is not authorised by the ledger");
    }
    if (!line.active) {
        return fault_set(fault, DEPOSITARY_E_KEY_REVOKED, "the answer key is revoked");
    }
    return read_window(out, ledger, state, &line.record, fault);
}

int answer_key_check(const uint8_t public_key[PUBLIC_KEY_LEN], struct ledger *ledger, const struct ledger_state *state,
                     int64_t now_s, struct fault *fault) {
    struct key_window window;
    int error = answer_key_window(&window, public_key, ledger, state, fault);
    if (!error && (now_s < window.not_before || now_s >= window.not_after)) {
        error = fault_set(fault, DEPOSITARY_E_KEY_WINDOW, "the answer key's time %s",
                          now_s < window.not_before ? "has not begun" : "is over");
    }
    return error;
}
