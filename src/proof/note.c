/*
 * Signed notes, and the checkpoints that they carry: verifier keys, signature lines, cosignatures. PROTOCOL.md section 2; C2SP
 * signed-note, tlog-checkpoint, tlog-cosignature v1. Pure.
 */
#include "proof/note.h"

#include "base/encode.h"
#include "base/sha256.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

_Static_assert(PUBLIC_KEY_LEN == crypto_sign_PUBLICKEYBYTES, "a public key is Ed25519's");
_Static_assert(SIGNATURE_LEN == crypto_sign_BYTES, "a signature is Ed25519's");

#define KEY_ID_LEN 4
#define TIME_LEN   8 /* of a cosignature's timestamp, big-endian */

static const struct bytes signature_start = {(const uint8_t *)"\xE2\x80\x94 ", 4}; /* em dash, space */

/* ---- names and keys */

/* The characters that Unicode calls White_Space. */
static bool is_unicode_space(uint32_t c) {
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* signed-note: not empty, UTF-8 without control characters, spaces and plus. */
static bool key_name_valid(struct bytes name) {
    uint32_t c;

    if (name.len == 0 || !utf8_valid(name))
        return false;
    while (name.len > 0) {
        const size_t len = utf8_next(&c, name);
        if (c < 0x20 || c == '+' || is_unicode_space(c))
            return false;
        name = bytes_slice(name, len, name.len - len);
    }
    return true;
}

/* signed-note: the first four bytes of H(name || 0x0A || type || public key). */
static void key_id(uint8_t out[KEY_ID_LEN], struct bytes name, uint8_t type, const uint8_t public_key[PUBLIC_KEY_LEN]) {
    const uint8_t between[2] = {'\n', type};
    uint8_t digest[SHA256_LEN];
    struct sha256 hash;

    sha256_begin(&hash);
    sha256_add(&hash, name);
    sha256_add(&hash, (struct bytes){between, sizeof(between)});
    sha256_add(&hash, (struct bytes){public_key, PUBLIC_KEY_LEN});
    sha256_end(&hash, digest);
    memcpy(out, digest, KEY_ID_LEN);
}

int verifier_key_make(struct verifier_key *out, struct bytes name, uint8_t type,
                      const uint8_t public_key[PUBLIC_KEY_LEN]) {
    struct verifier_key key = {.type = type};

    if (name.len > LIMIT_ORIGIN || !key_name_valid(name))
        return DEPOSITARY_E_NOTE;
    if (type != NOTE_TYPE_ED25519 && type != NOTE_TYPE_COSIGNATURE)
        return DEPOSITARY_E_NOTE;
    memcpy(key.name, name.data, name.len);
    memcpy(key.public_key, public_key, PUBLIC_KEY_LEN);
    key_id(key.id, name, type, public_key);
    *out = key;
    return 0;
}

/* Takes what stands before the next `end` off the front of *in, and the `end`. */
static bool take_until(struct bytes *in, struct bytes *out, uint8_t end) {
    const uint8_t *found = in->len > 0 ? memchr(in->data, end, in->len) : NULL;

    if (!found)
        return false;
    const size_t len = (size_t)(found - in->data);
    *out = bytes_slice(*in, 0, len);
    *in = bytes_slice(*in, len + 1, in->len - len - 1);
    return true;
}

int verifier_key_parse(struct verifier_key *out, struct bytes text, struct fault *fault) {
    struct verifier_key key;
    struct bytes name, id_text;
    uint8_t id[KEY_ID_LEN], typed_key[1 + PUBLIC_KEY_LEN];

    /* No name has a plus; base64 may, so the key is all that follows the second. */
    if (!take_until(&text, &name, '+') || !take_until(&text, &id_text, '+'))
        return fault_set(fault, DEPOSITARY_E_NOTE, "a verifier key is <name>+<key id>+<key>");
    if (!hex_decode_exact(id, sizeof(id), id_text))
        return fault_set(fault, DEPOSITARY_E_NOTE, "a key id is 8 hexadecimal digits in lower case");
    if (!base64_decode_exact(typed_key, sizeof(typed_key), text))
        return fault_set(fault, DEPOSITARY_E_NOTE, "a verifier key ends in base64 of a type byte and 32 bytes of key");
    if (verifier_key_make(&key, name, typed_key[0], typed_key + 1) != 0)
        return fault_set(fault, DEPOSITARY_E_NOTE,
                         "a key's name has 1 to %u bytes without spaces and plus, and its type is 1 or 4",
                         LIMIT_ORIGIN);
    if (memcmp(id, key.id, sizeof(id)) != 0)
        return fault_set(fault, DEPOSITARY_E_NOTE, "the key id is not this key's: a part of the key was changed");
    *out = key;
    return 0;
}

void verifier_key_print(struct buffer *out, const struct verifier_key *key) {
    uint8_t typed_key[1 + PUBLIC_KEY_LEN];

    typed_key[0] = key->type;
    memcpy(typed_key + 1, key->public_key, PUBLIC_KEY_LEN);
    buffer_append_text(out, key->name);
    buffer_append_byte(out, '+');
    buffer_append_hex(out, bytes_of(key->id, sizeof(key->id)));
    buffer_append_byte(out, '+');
    buffer_append_base64(out, bytes_of(typed_key, sizeof(typed_key)));
}

/* ---- notes */

static bool has_control_character(struct bytes in) {
    for (size_t i = 0; i < in.len; i++)
        if (in.data[i] < 0x20 && in.data[i] != '\n')
            return true;
    return false;
}

/* Decodes a key id and at least one byte more. All is checked, and kept as far as the blob has room. In pieces of 75 bytes, which
 * are 100 characters: padding may stand in the last one only. */
static bool signature_decode(struct note_signature *out, struct bytes text) {
    uint8_t piece[75];
    size_t len = 0, total = 0;

    while (text.len > 0) {
        const struct bytes part = bytes_slice(text, 0, sizeof(piece) / 3 * 4);
        text = bytes_slice(text, part.len, text.len - part.len);
        if (!base64_decode(piece, sizeof(piece), &len, part) || (text.len > 0 && len != sizeof(piece)))
            return false;
        for (size_t i = 0; i < len; i++, total++) {
            if (total < KEY_ID_LEN)
                out->id[total] = piece[i];
            else if (total - KEY_ID_LEN < sizeof(out->blob))
                out->blob[total - KEY_ID_LEN] = piece[i];
        }
    }
    if (total <= KEY_ID_LEN)
        return false;
    out->blob_len = total - KEY_ID_LEN;
    return true;
}

static bool signature_parse(struct note_signature *out, struct bytes line) {
    return bytes_take(&line, signature_start) && take_until(&line, &out->name, ' ') && key_name_valid(out->name) &&
           signature_decode(out, line);
}

static const struct note_signature *find_signature(const struct note *note, struct bytes name,
                                                   const uint8_t id[KEY_ID_LEN]) {
    for (size_t i = 0; i < note->signatures_count; i++) {
        const struct note_signature *signature = &note->signatures[i];
        if (bytes_equal(signature->name, name) && memcmp(signature->id, id, KEY_ID_LEN) == 0)
            return signature;
    }
    return NULL;
}

static int signatures_parse(struct note *out, struct bytes rest, struct fault *fault) {
    while (rest.len > 0) {
        struct note_signature *signature = &out->signatures[out->signatures_count];
        const size_t number = out->signatures_count + 1;
        const uint8_t *start = rest.data;
        struct bytes line;
        if (number > NOTE_SIGNATURES_MAX)
            return fault_set(fault, DEPOSITARY_E_NOTE, "a note has at most %d signatures", NOTE_SIGNATURES_MAX);
        if (!bytes_take_line(&rest, &line))
            return fault_set(fault, DEPOSITARY_E_NOTE, "the note does not end in a newline");
        if (!signature_parse(signature, line))
            return fault_set(fault, DEPOSITARY_E_NOTE, "signature line %zu of the note is malformed", number);
        if (find_signature(out, signature->name, signature->id))
            return fault_set(fault, DEPOSITARY_E_CHECKPOINT_DUPLICATE,
                             "signature line %zu of the note has the name and key id of another", number);
        signature->line = bytes_of(start, line.len + 1);
        out->signatures_count++;
    }
    if (out->signatures_count == 0)
        return fault_set(fault, DEPOSITARY_E_NOTE, "the note has no signature");
    return 0;
}

/* Where the last empty line stands: the offset of the newline that ends the text. */
static bool find_last_empty_line(size_t *out, struct bytes in) {
    for (size_t i = in.len; i >= 2; i--) {
        if (in.data[i - 2] == '\n' && in.data[i - 1] == '\n') {
            *out = i - 2;
            return true;
        }
    }
    return false;
}

int note_parse(struct note *out, struct bytes note, struct fault *fault) {
    size_t end;

    out->signatures_count = 0;
    if (note.len > LIMIT_NOTE)
        return fault_set(fault, DEPOSITARY_E_NOTE, "a note has at most %u bytes", LIMIT_NOTE);
    if (!utf8_valid(note) || has_control_character(note))
        return fault_set(fault, DEPOSITARY_E_NOTE, "a note is UTF-8 without control characters");
    if (!find_last_empty_line(&end, note))
        return fault_set(fault, DEPOSITARY_E_NOTE, "the note has no empty line between text and signatures");
    out->text = bytes_slice(note, 0, end + 1);
    const int error = signatures_parse(out, bytes_slice(note, end + 2, note.len - end - 2), fault);
    if (error)
        out->signatures_count = 0;
    return error;
}

/* ---- checkpoints */

static bool root_fits_size(const struct hash *root, uint64_t size) {
    struct hash empty;

    merkle_empty_root(&empty);
    return size != 0 || hash_equal(root, &empty);
}

int checkpoint_parse(struct checkpoint *out, struct bytes text, struct fault *fault) {
    struct checkpoint checkpoint;
    struct bytes line;

    if (!bytes_take_line(&text, &checkpoint.origin) || !origin_valid(checkpoint.origin))
        return fault_set(fault, DEPOSITARY_E_CHECKPOINT_FORMAT, "the checkpoint's first line is no origin");
    if (!bytes_take_line(&text, &line) || !decimal_parse(&checkpoint.size, line))
        return fault_set(fault, DEPOSITARY_E_CHECKPOINT_FORMAT, "the checkpoint's second line is no size");
    if (!bytes_take_line(&text, &line) || !base64_decode_exact(checkpoint.root.bytes, HASH_LEN, line))
        return fault_set(fault, DEPOSITARY_E_CHECKPOINT_FORMAT, "the checkpoint's third line is no root");
    if (text.len > 0)
        return fault_set(fault, DEPOSITARY_E_CHECKPOINT_FORMAT, "the checkpoint has more than three lines");
    if (!root_fits_size(&checkpoint.root, checkpoint.size))
        return fault_set(fault, DEPOSITARY_E_CHECKPOINT_FORMAT,
                         "the checkpoint's size is 0, but its root is not empty");
    *out = checkpoint;
    return 0;
}

void checkpoint_print(struct buffer *out, const struct checkpoint *checkpoint) {
    buffer_append(out, checkpoint->origin);
    buffer_append_byte(out, '\n');
    buffer_append_decimal(out, checkpoint->size);
    buffer_append_byte(out, '\n');
    buffer_append_base64(out, hash_bytes(&checkpoint->root));
    buffer_append_byte(out, '\n');
}

/* ---- signing and verifying */

/* The second half of libsodium's secret key is the public key. */
static bool is_pair(const struct verifier_key *key, const uint8_t secret_key[64]) {
    return memcmp(secret_key + 32, key->public_key, PUBLIC_KEY_LEN) == 0;
}

static void append_signature_line(struct buffer *out, const struct verifier_key *key, struct bytes blob) {
    uint8_t bytes[KEY_ID_LEN + TIME_LEN + SIGNATURE_LEN];

    memcpy(bytes, key->id, KEY_ID_LEN);
    memcpy(bytes + KEY_ID_LEN, blob.data, blob.len);
    buffer_append(out, signature_start);
    buffer_append_text(out, key->name);
    buffer_append_byte(out, ' ');
    buffer_append_base64(out, bytes_of(bytes, KEY_ID_LEN + blob.len));
    buffer_append_byte(out, '\n');
}

int checkpoint_sign(struct buffer *out, const struct checkpoint *checkpoint, const struct verifier_key *key,
                    const uint8_t secret_key[64]) {
    struct buffer text;
    struct checkpoint again;
    uint8_t signature[SIGNATURE_LEN];
    int error = DEPOSITARY_E_ARGUMENT;

    buffer_init(&text, LIMIT_NOTE);
    checkpoint_print(&text, checkpoint);
    if (text.error) {
        error = text.error;
        goto done;
    }
    /* Nothing is signed that cannot be read. */
    if (checkpoint_parse(&again, buffer_bytes(&text), NULL) != 0)
        goto done;
    if (key->type != NOTE_TYPE_ED25519 || !bytes_equal(bytes_text(key->name), checkpoint->origin) ||
        !is_pair(key, secret_key))
        goto done;
    if (crypto_sign_detached(signature, NULL, text.data, text.len, secret_key) != 0)
        goto done;
    buffer_append(out, buffer_bytes(&text));
    buffer_append_byte(out, '\n');
    append_signature_line(out, key, bytes_of(signature, sizeof(signature)));
    error = out->error;
done:
    buffer_free(&text);
    return error;
}

/* tlog-cosignature: what a witness signs. */
static void cosigned_message(struct buffer *out, struct bytes checkpoint_text, uint64_t time_s) {
    buffer_append_text(out, "cosignature/v1\ntime ");
    buffer_append_decimal(out, time_s);
    buffer_append_byte(out, '\n');
    buffer_append(out, checkpoint_text);
}

static int verify_cosignature(struct bytes text, const struct note_signature *signature, const struct verifier_key *key,
                              int64_t *out_time_s) {
    struct buffer message;
    uint64_t time_s = 0;
    int error = DEPOSITARY_E_CHECKPOINT_SIGNATURE;

    if (signature->blob_len != TIME_LEN + SIGNATURE_LEN)
        return error;
    for (size_t i = 0; i < TIME_LEN; i++)
        time_s = time_s << 8 | signature->blob[i];
    if (time_s > INT64_MAX)
        return error;
    buffer_init(&message, LIMIT_NOTE + 64);
    cosigned_message(&message, text, time_s);
    if (message.error)
        error = message.error;
    else if (crypto_sign_verify_detached(signature->blob + TIME_LEN, message.data, message.len, key->public_key) == 0)
        error = 0;
    buffer_free(&message);
    if (!error && out_time_s)
        *out_time_s = (int64_t)time_s;
    return error;
}

int note_verify(const struct note *note, const struct verifier_key *key, int64_t *out_time_s) {
    const struct note_signature *signature = find_signature(note, bytes_text(key->name), key->id);

    if (!signature)
        return DEPOSITARY_E_CHECKPOINT_KEY;
    if (key->type == NOTE_TYPE_COSIGNATURE)
        return verify_cosignature(note->text, signature, key, out_time_s);
    if (key->type != NOTE_TYPE_ED25519 || signature->blob_len != SIGNATURE_LEN ||
        crypto_sign_verify_detached(signature->blob, note->text.data, note->text.len, key->public_key) != 0)
        return DEPOSITARY_E_CHECKPOINT_SIGNATURE;
    return 0;
}

int note_cosign(struct buffer *out, struct bytes checkpoint_text, int64_t time_s, const struct verifier_key *key,
                const uint8_t secret_key[64]) {
    struct buffer message;
    struct checkpoint checkpoint;
    uint8_t blob[TIME_LEN + SIGNATURE_LEN];
    int error = DEPOSITARY_E_ARGUMENT;

    if (time_s < 0 || key->type != NOTE_TYPE_COSIGNATURE || !is_pair(key, secret_key) ||
        checkpoint_parse(&checkpoint, checkpoint_text, NULL) != 0)
        return error;
    for (size_t i = 0; i < TIME_LEN; i++)
        blob[i] = (uint8_t)((uint64_t)time_s >> (8 * (TIME_LEN - 1 - i)));
    buffer_init(&message, LIMIT_NOTE + 64);
    cosigned_message(&message, checkpoint_text, (uint64_t)time_s);
    if (message.error) {
        error = message.error;
    } else if (crypto_sign_detached(blob + TIME_LEN, NULL, message.data, message.len, secret_key) == 0) {
        append_signature_line(out, key, bytes_of(blob, sizeof(blob)));
        error = out->error;
    }
    buffer_free(&message);
    return error;
}
