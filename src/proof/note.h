/*
 * Signed notes, verifier keys, checkpoints and cosignatures: C2SP signed-note, tlog-checkpoint, tlog-cosignature v1.
 * PROTOCOL.md section 2. Pure.
 */
#ifndef PROOF_NOTE_H
#define PROOF_NOTE_H

#include "proof/record.h"

#define SIGNATURE_LEN         64
#define NOTE_SIGNATURES_MAX   64 /* a policy's 32 logs and 32 witnesses at most */
#define NOTE_TYPE_ED25519     0x01
#define NOTE_TYPE_COSIGNATURE 0x04

/** "<name>+<8 hex digits of key id>+<base64(type || public key)>" */
struct verifier_key {
    char name[LIMIT_ORIGIN + 1];
    uint8_t id[4];
    uint8_t type; /* NOTE_TYPE_ED25519, or NOTE_TYPE_COSIGNATURE for a witness */
    uint8_t public_key[PUBLIC_KEY_LEN];
};

/** DEPOSITARY_E_NOTE for a malformed key, a key id that is not the key's, another type. Names may be any that C2SP signed-note allows up to LIMIT_ORIGIN bytes. */
MUST_USE int verifier_key_parse(struct verifier_key *out, struct bytes text, struct fault *fault);
/** Sets id from name, type and key. DEPOSITARY_E_NOTE for a name that cannot be one. */
MUST_USE int verifier_key_make(struct verifier_key *out, struct bytes name, uint8_t type,
                               const uint8_t public_key[PUBLIC_KEY_LEN]);
void verifier_key_print(struct buffer *out, const struct verifier_key *key);

struct note_signature {
    struct bytes name;
    uint8_t id[4];
    uint8_t blob[8 + SIGNATURE_LEN]; /* 64 bytes of Ed25519, or 8 of time and 64 of signature */
    size_t blob_len;                 /* of unknown types it may be more, of which blob holds the start */
    struct bytes line;               /* the whole line, with its newline */
};

/** A note, taken apart; nothing is verified. Views into the input. */
struct note {
    struct bytes text; /* the signed bytes, with the last newline */
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
    size_t signatures_count;
};

/** DEPOSITARY_E_NOTE: larger than LIMIT_NOTE, no blank line, no or a malformed signature line, trailing bytes, control characters,
 * not UTF-8. DEPOSITARY_E_CHECKPOINT_DUPLICATE: two lines with one name and key id. */
MUST_USE int note_parse(struct note *out, struct bytes note, struct fault *fault);

/** A checkpoint's body. */
struct checkpoint {
    struct bytes origin;
    uint64_t size;
    struct hash root;
};

/** Parses the signed text; extension lines are refused. DEPOSITARY_E_CHECKPOINT_FORMAT. */
MUST_USE int checkpoint_parse(struct checkpoint *out, struct bytes text, struct fault *fault);
/** Appends the three lines that are signed. */
void checkpoint_print(struct buffer *out, const struct checkpoint *checkpoint);
/** Appends the note: the three lines, a blank one, and the signature of secret_key (64 bytes, libsodium's form) under `key`.
 * DEPOSITARY_E_ARGUMENT where the key is not secret_key's, or not one of this origin, or the checkpoint cannot be one. */
MUST_USE int checkpoint_sign(struct buffer *out, const struct checkpoint *checkpoint, const struct verifier_key *key,
                             const uint8_t secret_key[64]);
/** Checks a signature by `key` in the note. DEPOSITARY_E_CHECKPOINT_KEY where there is none by that name and id,
 * DEPOSITARY_E_CHECKPOINT_SIGNATURE where it is wrong. For a witness's key *out_time_s (may be NULL) is the time of the cosignature. */
MUST_USE int note_verify(const struct note *note, const struct verifier_key *key, int64_t *out_time_s);
/** Appends a cosignature line of a witness over a checkpoint's signed text (C2SP tlog-cosignature v1). time_s is since 1970.
 * DEPOSITARY_E_ARGUMENT where the key is not secret_key's or not a witness's. */
MUST_USE int note_cosign(struct buffer *out, struct bytes checkpoint_text, int64_t time_s,
                         const struct verifier_key *key, const uint8_t secret_key[64]);

#endif
