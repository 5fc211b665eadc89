/*
 * Signing. The order is the safety: look at the server, build what extends our own ledger and nothing else, sign it, keep it durably.
 * Only then may it leave (push.c). PROTOCOL.md section 2, "One office signs a ledger".
 */
#include "office/key.h"
#include "office/room.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

/* ---- the office's own ledger, as something that an append is delivered to */

struct own_ledger {
    struct ledger *ledger;
    int64_t now_s;
};

static int own_append(void *context, const struct bytes *records, size_t count, struct bytes checkpoint,
                      struct append_result *result, struct fault *fault) {
    const struct own_ledger *own = context;
    return ledger_append(own->ledger, records, count, checkpoint, own->now_s, result, fault);
}

static int own_put_clauses(void *context, const struct hash *edition, const struct placed_clause *clauses, size_t count,
                           uint64_t *received, struct fault *fault) {
    const struct own_ledger *own = context;
    return ledger_put_clauses(own->ledger, edition, clauses, count, own->now_s, received, fault);
}

static int keep(struct office_draft *draft, const struct bytes *records, size_t count, struct bytes checkpoint,
                int64_t now_s, struct fault *fault) {
    struct own_ledger own = {.ledger = draft->office->ledger, .now_s = now_s};
    const struct office_link link = {.context = &own, .append = own_append, .put_clauses = own_put_clauses};
    const struct append append = {
        .records = records, .count = count, .checkpoint = checkpoint, .clause = draft_clause, .context = draft};
    return append_deliver(&append, &link, fault);
}

/* ---- what is signed */

/* The draft must extend the ledger as it is now: what it knows of numbers and predecessors is of the state that it was made on. */
static int judge_draft(const struct office_draft *draft, struct fault *fault) {
    const struct ledger_state *now = ledger_state_take(draft->office->ledger);
    bool is_current = now->size == draft->state->size && hash_equal(&now->root, &draft->state->root);
    ledger_state_release(now);
    return is_current
               ? 0
               : fault_set(fault, DEPOSITARY_E_STATE, "something was signed since this draft was made: make it again");
}

static int print_register(struct buffer *out, const struct office_draft *draft, int64_t now_s, struct fault *fault) {
    struct register_record fields;
    int error = register_lines_finish(draft->lines);
    if (error) {
        return fault_set(fault, error, "cannot sort the register");
    }
    fields.time = now_s > draft->last_time ? now_s : draft->last_time;
    fields.lines = register_lines_count(draft->lines);
    register_lines_root(&fields.root, draft->lines);
    return register_record_print(out, &fields, fault);
}

bool office_pins(const struct policy *policy, const struct verifier_key *key) {
    for (size_t i = 0; i < policy_logs_count(policy); i++) {
        const struct verifier_key *log = policy_log(policy, i);
        if (sodium_memcmp(log->public_key, key->public_key, PUBLIC_KEY_LEN) == 0 &&
            bytes_equal(bytes_text(log->name), bytes_text(key->name))) {
            return true;
        }
    }
    return false;
}

static int sign_checkpoint(struct buffer *out, const struct office *office, const struct checkpoint *checkpoint,
                           struct fault *fault) {
    struct verifier_key key;
    uint8_t *secret_key = NULL;
    int error = key_read(&key, &secret_key, office->key_path, office->passphrase, fault);
    if (error) {
        return error;
    }
    if (!office_pins(office->policy, &key)) {
        error = fault_set(fault, DEPOSITARY_E_POLICY, "%s is no ledger key of the office's policy", office->key_path);
    }
    if (!error) {
        error = checkpoint_sign(out, checkpoint, &key, secret_key);
        if (error) {
            error = fault_set(fault, error, "cannot sign the checkpoint");
        }
    }
    key_free(secret_key);
    return error;
}

/* Signs what the ledger would be with these records, and keeps it. A signature that the own ledger refuses is wiped and never leaves. */
static int sign_and_keep(struct office_draft *draft, const struct bytes *records, size_t count, int64_t now_s,
                         struct fault *fault) {
    struct office *office = draft->office;
    struct checkpoint checkpoint = {.origin = policy_origin(office->policy)};
    struct buffer note;
    buffer_init(&note, LIMIT_NOTE);
    int error = ledger_preview(office->ledger, records, count, &checkpoint.size, &checkpoint.root);
    if (error) {
        error = fault_set(fault, error, "cannot compute the new root");
    }
    if (!error && append_cost(records, count, LIMIT_NOTE) > APPEND_MAX) { /* signed, it could never be sent */
        error = fault_set(fault, DEPOSITARY_E_LIMIT,
                          "these are more records than one append can carry: sign them in several");
    }
    if (!error) {
        error = sign_checkpoint(&note, office, &checkpoint, fault);
    }
    if (!error) {
        error = keep(draft, records, count, buffer_bytes(&note), now_s, fault);
    }
    if (error && note.data) {
        sodium_memzero(note.data, note.capacity);
    }
    buffer_free(&note);
    return error;
}

int office_sign(struct office *office, struct office_draft *draft, const struct office_link *link, int64_t now_s,
                struct fault *fault) {
    uint64_t held = 0;
    struct buffer last;
    buffer_init(&last, LIMIT_ENTRY);
    struct bytes *records = calloc(draft->count + 1, sizeof(*records));
    int error = records ? 0 : fault_set(fault, DEPOSITARY_E_MEMORY, "no memory to sign");
    if (!error && draft->office != office) {
        error = fault_set(fault, DEPOSITARY_E_ARGUMENT, "the draft is of another office");
    }
    if (!error && link) {
        error = look_at_server(office, link, &held, NULL, fault);
    }
    if (!error && link) {
        error = look_at_witnesses(office, link, fault);
    }
    if (!error && !office_has_quorum(office)) {
        error = fault_set(
            fault, DEPOSITARY_E_QUORUM,
            "the last checkpoint has too few cosignatures, and no witness gives one once a later one is signed: "
            "collect them first, with: depositary office cosign");
    }
    if (!error) {
        error = judge_draft(draft, fault);
    }
    if (!error) {
        error = print_register(&last, draft, now_s, fault);
    }
    if (!error) {
        for (size_t i = 0; i < draft->count; i++) {
            records[i] = buffer_bytes(&draft->records[i]);
        }
        records[draft->count] = buffer_bytes(&last);
        error = sign_and_keep(draft, records, draft->count + 1, now_s, fault);
    }
    free(records);
    buffer_free(&last);
    return error;
}
