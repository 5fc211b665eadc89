/* Signatures that held (checked.h). PROTOCOL.md sections 2 and 5. */
#include "client/checked.h"

#include "proof/memo.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SEALS_MAX                                                                                                      \
    256u /* as many batches may be under way at once: of 64 answers, at four endpoints, that come one by one */
#define NOTES_MAX 8u

#define SEAL_KEY_LEN (SIGNATURE_LEN + PUBLIC_KEY_LEN)

/* What was read from a checkpoint that held. */
struct known_note {
    uint64_t size;
    struct hash root;
};

struct checked {
    const struct policy *policy;
    pthread_mutex_t lock; /* of the memos; nothing is verified while it is held */
    struct memo seals;    /* struct seal_head, by signature, key and head */
    struct memo notes;    /* struct known_note, by the note */
};

int checked_new(struct checked **out, const struct policy *policy) {
    struct checked *checked = calloc(1, sizeof *checked);
    if (checked == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    if (pthread_mutex_init(&checked->lock, NULL) != 0) {
        free(checked);
        return DEPOSITARY_E_MEMORY;
    }
    int error = memo_init(&checked->seals, SEALS_MAX, SEAL_KEY_LEN + LIMIT_SEAL_HEAD, sizeof(struct seal_head));
    if (error == 0) {
        error = memo_init(&checked->notes, NOTES_MAX, LIMIT_NOTE, sizeof(struct known_note));
    }
    if (error) {
        checked_free(checked);
        return error;
    }
    checked->policy = policy;
    *out = checked;
    return 0;
}

void checked_free(struct checked *checked) {
    if (checked == NULL) {
        return;
    }
    memo_free(&checked->seals);
    memo_free(&checked->notes);
    (void)pthread_mutex_destroy(&checked->lock);
    free(checked);
}

static bool find(struct checked *checked, const struct memo *memo, struct bytes key, void *out) {
    pthread_mutex_lock(&checked->lock);
    const void *value = memo_find(memo, key);
    if (value != NULL) {
        memcpy(out, value, memo->value_size);
    }
    pthread_mutex_unlock(&checked->lock);
    return value != NULL;
}

static void keep(struct checked *checked, struct memo *memo, struct bytes key, const void *value) {
    pthread_mutex_lock(&checked->lock);
    if (memo_find(memo, key) == NULL) { /* another thread may have been faster */
        memo_keep(memo, key, value);
    }
    pthread_mutex_unlock(&checked->lock);
}

/* Signature, key and head in a row; the first two are of fixed length, so that no two seals have the same. Empty for a seal that cannot hold. */
static struct bytes seal_key(uint8_t out[SEAL_KEY_LEN + LIMIT_SEAL_HEAD], const struct seal *seal) {
    if (seal->signature.len != SIGNATURE_LEN || seal->public_key.len != PUBLIC_KEY_LEN || seal->head.len == 0 ||
        seal->head.len > LIMIT_SEAL_HEAD) {
        return BYTES("");
    }
    memcpy(out, seal->signature.data, SIGNATURE_LEN);
    memcpy(out + SIGNATURE_LEN, seal->public_key.data, PUBLIC_KEY_LEN);
    memcpy(out + SEAL_KEY_LEN, seal->head.data, seal->head.len);
    return bytes_of(out, SEAL_KEY_LEN + seal->head.len);
}

int checked_seal(struct checked *checked, struct seal_head *out, const struct seal *seal,
                 const struct hash *request_sha256, const struct hash *answer_sha256) {
    uint8_t bytes[SEAL_KEY_LEN + LIMIT_SEAL_HEAD];
    struct bytes key = seal_key(bytes, seal);
    struct seal_head head;
    if (find(checked, &checked->seals, key, &head)) {
        int error = seal_check_place(&head, seal, request_sha256, answer_sha256);
        if (error == 0) {
            *out = head;
        }
        return error;
    }
    int error = seal_check(&head, seal, request_sha256, answer_sha256);
    if (error == 0) {
        keep(checked, &checked->seals, key, &head);
        *out = head;
    }
    return error;
}

int checked_checkpoint(struct checked *checked, struct checkpoint *out, struct bytes note, struct fault *fault) {
    struct known_note known;
    if (find(checked, &checked->notes, note, &known)) {
        *out = (struct checkpoint){.origin = policy_origin(checked->policy), .size = known.size, .root = known.root};
        return 0;
    }
    int error = policy_verify_checkpoint(out, checked->policy, note, fault);
    if (error == 0) {
        known = (struct known_note){.size = out->size, .root = out->root};
        keep(checked, &checked->notes, note, &known);
    }
    return error;
}
