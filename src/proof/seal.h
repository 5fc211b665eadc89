/* The seal: many answers, one signature. PROTOCOL.md section 5. Pure; needs libsodium. */
#ifndef PROOF_SEAL_H
#define PROOF_SEAL_H

#include "proof/merkle.h"
#include "proof/record.h"

#define SEAL_HEAD_TYPE "application/vnd.depositary.seal-head.v1"

struct seal_head {
    char origin[LIMIT_ORIGIN + 1];
    uint64_t size; /* answers, 1 to LIMIT_BATCH */
    struct hash root;
    int64_t sealed_at; /* seconds */
    uint64_t ledger_size;
    struct hash ledger_root;
};

/** A seal as it travels; views into the message. */
struct seal {
    struct bytes public_key;
    struct bytes head;
    struct bytes signature;
    uint64_t index;
    struct merkle_path path;
};

/** H(0x00 || "depositary/answer/v1\n" || H(request) || H(answer)) from the two digests. */
void seal_leaf(struct hash *out, const struct hash *request_sha256, const struct hash *answer_sha256);
void seal_digest(struct hash *out, struct bytes in); /* SHA-256 */

/** Appends the encoded SealHead. One writer ... */
MUST_USE int seal_head_print(struct buffer *out, const struct seal_head *head);
/** ... and one reader. DEPOSITARY_E_SEAL_HEAD, DEPOSITARY_E_MEMORY. Fields of later versions are passed over. */
MUST_USE int seal_head_parse(struct seal_head *out, struct bytes head);

/** Signs an encoded head: Ed25519 over its DSSE v1 pre-authentication encoding. */
MUST_USE int seal_sign(uint8_t signature[64], struct bytes head, const uint8_t secret_key[64]);

/**
 * The first three checks of a client: signature, head parses, this answer to this request lies in the batch.
 * DEPOSITARY_E_SEAL_SIGNATURE, _HEAD, _PROOF, in this order. Origin, state, key and clock are the caller's to judge.
 */
MUST_USE int seal_check(struct seal_head *out, const struct seal *seal, const struct hash *request_sha256,
                        const struct hash *answer_sha256);
/** The last of these checks alone, for a head that held, with this seal's very bytes, before: DEPOSITARY_E_SEAL_PROOF. */
MUST_USE int seal_check_place(const struct seal_head *head, const struct seal *seal, const struct hash *request_sha256,
                              const struct hash *answer_sha256);

#endif
