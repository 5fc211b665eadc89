/*
 * Key files of the office (key.h). Secrets stay in memory of sodium_malloc, but for the file's own bytes in a buffer that never
 * moves and is wiped. Their base64 is libsodium's, which takes the same time for every value.
 */
#include "office/key.h"

#include "base/encode.h"
#include "base/file.h"
#include "proof/secret.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_FILE_MAX   1024u
#define SEED_LEN       crypto_sign_SEEDBYTES
#define SEALED_LEN     (crypto_secretbox_MACBYTES + SEED_LEN)
#define SECRET_KEY_LEN crypto_sign_SECRETKEYBYTES

/* Room for the base64 of a sealed seed, with a NUL. */
#define SECRET_TEXT_LEN sodium_base64_ENCODED_LEN(SEALED_LEN, sodium_base64_VARIANT_ORIGINAL)

/* How a secret is sealed; all zero where it is open. */
struct protection {
    bool is_sealed;
    uint64_t opslimit;
    uint64_t memlimit; /* bytes */
    uint8_t salt[crypto_pwhash_SALTBYTES];
    uint8_t nonce[crypto_secretbox_NONCEBYTES];
};

/* A key file, parsed. The secret is a view into the file. */
struct key_file {
    struct verifier_key key;
    struct protection protection;
    struct bytes secret;
};

/* ---- the file's bytes */

/* A buffer for a whole key file that is never reallocated, so that no copy of a secret stays behind in freed memory. */
static int secret_buffer_init(struct buffer *buffer, struct fault *fault) {
    buffer_init(buffer, KEY_FILE_MAX);
    if (!buffer_extend(buffer, KEY_FILE_MAX)) {
        return fault_set(fault, buffer->error, "no memory for a key file");
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

/* Takes a line "<word> <rest>" off *in. */
static bool take_field(struct bytes *in, struct bytes word, struct bytes *rest) {
    return bytes_take_line(in, rest) && bytes_take(rest, word) && bytes_take(rest, BYTES(" "));
}

/* Takes what stands before the next space, or the rest, off *in. */
static struct bytes take_word(struct bytes *in) {
    size_t len = 0;
    while (len < in->len && in->data[len] != ' ') {
        len++;
    }
    struct bytes word = bytes_slice(*in, 0, len);
    *in = bytes_slice(*in, len + 1, in->len);
    return word;
}

static bool parse_protection(struct protection *out, struct bytes in) {
    *out = (struct protection){0};
    if (bytes_equal(in, BYTES("none"))) {
        return true;
    }
    if (!bytes_take(&in, BYTES("argon2id "))) {
        return false;
    }
    out->is_sealed = true;
    bool good = decimal_parse(&out->opslimit, take_word(&in)) && decimal_parse(&out->memlimit, take_word(&in)) &&
                base64_decode_exact(out->salt, sizeof(out->salt), take_word(&in)) &&
                base64_decode_exact(out->nonce, sizeof(out->nonce), in);
    /* a file must not make us work for hours or take all memory */
    return good && out->opslimit >= crypto_pwhash_OPSLIMIT_MIN && out->opslimit <= crypto_pwhash_OPSLIMIT_SENSITIVE &&
           out->memlimit >= crypto_pwhash_MEMLIMIT_MIN && out->memlimit <= crypto_pwhash_MEMLIMIT_SENSITIVE;
}

static int parse_key_file(struct key_file *out, struct bytes in, const char *path, struct fault *fault) {
    struct bytes line;
    struct bytes protection;
    if (!bytes_take_line(&in, &line) || !bytes_equal(line, BYTES("depositary/office-key/v1"))) {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "%s is not a key file of an office", path);
    }
    if (!take_field(&in, BYTES("key"), &line) || verifier_key_parse(&out->key, line, NULL) != 0 ||
        out->key.type != NOTE_TYPE_ED25519) {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "%s, line 2: no verifier key", path);
    }
    if (!take_field(&in, BYTES("protection"), &protection) || !parse_protection(&out->protection, protection)) {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "%s, line 3: no protection that is known", path);
    }
    if (!take_field(&in, BYTES("secret"), &out->secret) || in.len != 0) {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "%s, line 4: torn, or more than a key file", path);
    }
    return 0;
}

/* Reads and parses; the caller frees *buffer with secret_buffer_free whatever happens. */
static int load_key_file(struct key_file *out, struct buffer *buffer, const char *path, struct fault *fault) {
    int error = secret_buffer_init(buffer, fault);
    if (!error) {
        error = file_read_secret(buffer, path, fault);
    }
    if (!error) {
        error = parse_key_file(out, buffer_bytes(buffer), path, fault);
    }
    return error;
}

static void print_key_file(struct buffer *out, const struct verifier_key *key, const struct protection *protection,
                           const char *secret_text) {
    buffer_append_text(out, "depositary/office-key/v1\nkey ");
    verifier_key_print(out, key);
    buffer_append_text(out, "\nprotection ");
    if (protection->is_sealed) {
        buffer_append_format(out, "argon2id %" PRIu64 " %" PRIu64 " ", protection->opslimit, protection->memlimit);
        buffer_append_base64(out, bytes_of(protection->salt, sizeof(protection->salt)));
        buffer_append_byte(out, ' ');
        buffer_append_base64(out, bytes_of(protection->nonce, sizeof(protection->nonce)));
    } else {
        buffer_append_text(out, "none");
    }
    buffer_append_text(out, "\nsecret ");
    buffer_append_text(out, secret_text);
    buffer_append_byte(out, '\n');
}

/* ---- sealing */

static int check_passphrase(const char *passphrase, struct fault *fault) {
    size_t len = strnlen(passphrase, PASSPHRASE_MAX + 1);
    if (len == 0 || len > PASSPHRASE_MAX) {
        return fault_set(fault, DEPOSITARY_E_ARGUMENT, "a passphrase has 1 to %d bytes", PASSPHRASE_MAX);
    }
    return 0;
}

/* The key of the secretbox; in guarded memory, freed with sodium_free. NULL without memory for Argon2id. */
static uint8_t *derive_box_key(const struct protection *protection, const char *passphrase) {
    uint8_t *box_key = sodium_malloc(crypto_secretbox_KEYBYTES);
    if (box_key &&
        crypto_pwhash(box_key, crypto_secretbox_KEYBYTES, passphrase, strlen(passphrase), protection->salt,
                      protection->opslimit, (size_t)protection->memlimit, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        sodium_free(box_key);
        box_key = NULL;
    }
    return box_key;
}

/* Sets text to what the secret line holds, and *protection. */
static int seal_seed(char text[SECRET_TEXT_LEN], struct protection *protection, const uint8_t seed[SEED_LEN],
                     const char *passphrase, struct fault *fault) {
    *protection = (struct protection){0};
    if (!passphrase) {
        sodium_bin2base64(text, SECRET_TEXT_LEN, seed, SEED_LEN, sodium_base64_VARIANT_ORIGINAL);
        return 0;
    }
    protection->is_sealed = true;
    protection->opslimit = crypto_pwhash_OPSLIMIT_MODERATE;
    protection->memlimit = crypto_pwhash_MEMLIMIT_MODERATE;
    randombytes_buf(protection->salt, sizeof(protection->salt));
    randombytes_buf(protection->nonce, sizeof(protection->nonce));
    uint8_t *box_key = derive_box_key(protection, passphrase);
    if (!box_key) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory to derive a key from the passphrase (%u MiB)",
                         (unsigned)(protection->memlimit >> 20));
    }
    uint8_t sealed[SEALED_LEN];
    crypto_secretbox_easy(sealed, seed, SEED_LEN, protection->nonce, box_key);
    sodium_free(box_key);
    sodium_bin2base64(text, SECRET_TEXT_LEN, sealed, sizeof(sealed), sodium_base64_VARIANT_ORIGINAL);
    return 0;
}

static int open_seed(uint8_t seed[SEED_LEN], const struct key_file *file, const char *path, const char *passphrase,
                     struct fault *fault) {
    if (!file->protection.is_sealed) {
        if (passphrase) {
            return fault_set(fault, DEPOSITARY_E_PASSPHRASE, "%s is not sealed, but a passphrase was given", path);
        }
        return secret_decode(seed, SEED_LEN, file->secret)
                   ? 0
                   : fault_set(fault, DEPOSITARY_E_FORMAT, "%s, line 4: no secret", path);
    }
    uint8_t sealed[SEALED_LEN];
    if (!secret_decode(sealed, sizeof(sealed), file->secret)) {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "%s, line 4: no secret", path);
    }
    if (!passphrase) {
        return fault_set(fault, DEPOSITARY_E_PASSPHRASE, "%s is sealed with a passphrase, and none was given", path);
    }
    int error = check_passphrase(passphrase, fault);
    if (error) {
        return error;
    }
    uint8_t *box_key = derive_box_key(&file->protection, passphrase);
    if (!box_key) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory to derive a key from the passphrase (%u MiB)",
                         (unsigned)(file->protection.memlimit >> 20));
    }
    if (crypto_secretbox_open_easy(seed, sealed, sizeof(sealed), file->protection.nonce, box_key) != 0) {
        error = fault_set(fault, DEPOSITARY_E_PASSPHRASE, "%s: wrong passphrase, or a damaged file", path);
    }
    sodium_free(box_key);
    return error;
}

/* ---- what the room uses */

static int refuse_existing(const char *path, struct fault *fault) {
    struct stat about;
    if (lstat(path, &about) == 0) {
        return fault_set(fault, DEPOSITARY_E_EXISTS, "%s is there already; a key is never written over", path);
    }
    return errno == ENOENT ? 0 : fault_set(fault, DEPOSITARY_E_IO, "cannot look at %s: %s", path, strerror(errno));
}

static int write_key_file(const char *path, const struct verifier_key *key, const uint8_t seed[SEED_LEN],
                          const char *passphrase, struct fault *fault) {
    char secret_text[SECRET_TEXT_LEN];
    struct protection protection;
    struct buffer text;
    int error = secret_buffer_init(&text, fault);
    if (!error) {
        error = seal_seed(secret_text, &protection, seed, passphrase, fault);
    }
    if (!error) {
        print_key_file(&text, key, &protection, secret_text);
        error = text.error ? fault_set(fault, text.error, "cannot write %s", path)
                           : file_write(path, buffer_bytes(&text), 0600, fault);
    }
    sodium_memzero(secret_text, sizeof(secret_text));
    secret_buffer_free(&text);
    return error;
}

int key_generate(struct verifier_key *out, const char *path, struct bytes origin, const char *passphrase,
                 struct fault *fault) {
    struct verifier_key key;
    uint8_t public_key[PUBLIC_KEY_LEN];
    if (sodium_init() < 0) {
        return fault_set(fault, DEPOSITARY_E_STATE, "the system gives no random bytes");
    }
    int error = passphrase ? check_passphrase(passphrase, fault) : 0;
    if (!error) {
        error = refuse_existing(path, fault);
    }
    if (error) {
        return error;
    }
    uint8_t *secret_key = sodium_malloc(SECRET_KEY_LEN);
    uint8_t *seed = sodium_malloc(SEED_LEN);
    if (!secret_key || !seed) {
        error = fault_set(fault, DEPOSITARY_E_MEMORY, "no guarded memory for a key");
    } else {
        crypto_sign_keypair(public_key, secret_key);
        crypto_sign_ed25519_sk_to_seed(seed, secret_key);
        error = verifier_key_make(&key, origin, NOTE_TYPE_ED25519, public_key);
        if (error) {
            error = fault_set(fault, error, "a key cannot have the name \"%.*s\"", (int)origin.len,
                              (const char *)origin.data);
        }
    }
    if (!error) {
        error = write_key_file(path, &key, seed, passphrase, fault);
    }
    if (!error) {
        *out = key;
    }
    sodium_free(seed);
    sodium_free(secret_key);
    return error;
}

/* Sets secret_key from the seed, unless the file names another public key: then it was changed, or put together from two. */
static int expand_seed(uint8_t secret_key[SECRET_KEY_LEN], const uint8_t seed[SEED_LEN], const struct key_file *file,
                       const char *path, struct fault *fault) {
    uint8_t public_key[PUBLIC_KEY_LEN];
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    if (sodium_memcmp(public_key, file->key.public_key, sizeof(public_key)) != 0) {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "%s: the secret is not that of the key it names", path);
    }
    return 0;
}

int key_read(struct verifier_key *out, uint8_t **secret_key, const char *path, const char *passphrase,
             struct fault *fault) {
    struct key_file file;
    struct buffer text;
    if (sodium_init() < 0) {
        return fault_set(fault, DEPOSITARY_E_STATE, "the system gives no random bytes");
    }
    uint8_t *expanded = sodium_malloc(SECRET_KEY_LEN);
    uint8_t *seed = sodium_malloc(SEED_LEN);
    int error = load_key_file(&file, &text, path, fault);
    if (!error && (!expanded || !seed)) {
        error = fault_set(fault, DEPOSITARY_E_MEMORY, "no guarded memory for a key");
    }
    if (!error) {
        error = open_seed(seed, &file, path, passphrase, fault);
    }
    if (!error) {
        error = expand_seed(expanded, seed, &file, path, fault);
    }
    if (!error) {
        *out = file.key;
        *secret_key = expanded;
        expanded = NULL;
    }
    secret_buffer_free(&text);
    sodium_free(seed);
    sodium_free(expanded);
    return error;
}

void key_free(uint8_t *secret_key) {
    sodium_free(secret_key); /* wipes first */
}

int key_is_sealed(bool *out, const char *path, struct fault *fault) {
    struct key_file file;
    struct buffer text;
    int error = load_key_file(&file, &text, path, fault);
    if (!error) {
        *out = file.protection.is_sealed;
    }
    secret_buffer_free(&text);
    return error;
}

int key_copy(const char *from, const char *to, struct fault *fault) {
    struct key_file file;
    struct buffer text;
    int error = load_key_file(&file, &text, from, fault);
    if (!error) {
        error = file_write(to, buffer_bytes(&text), 0600, fault);
    }
    secret_buffer_free(&text);
    return error;
}
