/*
 * Key files of the office: one Ed25519 key, sealed with a passphrase or open, in four lines of text.
 *
 *   depositary/office-key/v1
 *   key <verifier key, PROTOCOL.md section 2>
 *   protection argon2id <opslimit> <memlimit in bytes> <base64 salt> <base64 nonce>     or: protection none
 *   secret <base64: the 32 bytes of the seed, in a crypto_secretbox where the file is sealed>
 */
#ifndef OFFICE_KEY_H
#define OFFICE_KEY_H

#include "proof/note.h"

#define PASSPHRASE_MAX 1024 /* bytes, without the NUL */

/** Makes a key pair for the origin and writes its file, 0600. passphrase NULL: open. DEPOSITARY_E_EXISTS: never writes over a file.
 * DEPOSITARY_E_ARGUMENT: an empty passphrase, or one over PASSPHRASE_MAX. */
MUST_USE int key_generate(struct verifier_key *out, const char *path, struct bytes origin, const char *passphrase,
                          struct fault *fault);

/**
 * Reads a key file and opens it. *secret_key is 64 bytes in libsodium's form, in guarded memory; give it back with key_free.
 * DEPOSITARY_E_PERMISSION: owner or mode; DEPOSITARY_E_FORMAT: not this format to the last byte, or the secret is not the named key's;
 * DEPOSITARY_E_PASSPHRASE: wrong or missing, or a sealed file was changed.
 */
MUST_USE int key_read(struct verifier_key *out, uint8_t **secret_key, const char *path, const char *passphrase,
                      struct fault *fault);
void key_free(uint8_t *secret_key); /* wipes; NULL is fine */

/** Copies a key file, sealed or open as it is, over `to`, 0600. Errors as key_read, but for the passphrase. */
MUST_USE int key_copy(const char *from, const char *to, struct fault *fault);

/** Whether the file is sealed. Errors as key_read, but for the passphrase. */
MUST_USE int key_is_sealed(bool *out, const char *path, struct fault *fault);

#endif
