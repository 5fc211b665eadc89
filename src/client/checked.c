/* Signatures that held (checked.h). PROTOCOL.md sections 2 and 5. */
#include "client/checked.h"

#include "proof/known.h"
#include "proof/memo.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SEALS_MAX                                                                                                      \
    256u /* as many batches may be under way at once: of 64 answers, at four endpoints, that come one by one */

#define SEAL_KEY_LEN (SIGNATURE_LEN + PUBLIC_KEY_LEN)

struct checked {
    pthread_mutex_t lock; /* of both; nothing is verified while it is held */
    struct memo seals;    /* struct seal_head, by signature, key and head */
    struct known_notes notes;
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
        error = known_notes_init(&checked->notes, policy);
    }
    if (error) {
        checked_free(checked);
        return error;
    }
    *out = checked;
    return 0;
}

void checked_free(struct checked *checked) {
    if (checked == NULL) {
        return;
    }
    memo_free(&checked->seals);
    known_notes_free(&checked->notes);
    (void)pthread_mutex_destroy(&checked->lock);
    free(checked);
}

static bool find_seal(struct checked *checked, struct bytes key, struct seal_head *out) {
    pthread_mutex_lock(&checked->lock);
    const struct seal_head *head = memo_find(&checked->seals, key);
    if (head != NULL) {
        *out = *head;
    }
    pthread_mutex_unlock(&checked->lock);
    return head != NULL;
}

static void keep_seal(struct checked *checked, struct bytes key, const struct seal_head *head) {
    pthread_mutex_lock(&checked->lock);
    if (memo_find(&checked->seals, key) == NULL) { /* another thread may have been faster */
        memo_keep(&checked->seals, key, head);
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
    if (find_seal(checked, key, &head)) {
        int error = seal_check_place(&head, seal, request_sha256, answer_sha256);
        if (error == 0) {
            *out = head;
        }
        return error;
    }
    int error = seal_check(&head, seal, request_sha256, answer_sha256);
    if (error == 0) {
        keep_seal(checked, key, &head);
        *out = head;
    }
    return error;
}

int checked_checkpoint(struct checked *checked, struct checkpoint *out, struct bytes note, struct fault *fault) {
    pthread_mutex_lock(&checked->lock);
    bool is_known = known_notes_find(&checked->notes, out, note);
    pthread_mutex_unlock(&checked->lock);
    if (is_known) {
        return 0;
    }
    int error = policy_verify_checkpoint(out, checked->notes.policy, note, fault);
    if (error == 0) {
        pthread_mutex_lock(&checked->lock);
        known_notes_keep(&checked->notes, note, out);
        pthread_mutex_unlock(&checked->lock);
    }
    return error;
}
