/*
 * Retiring a ledger key: the spare takes over. PROTOCOL.md section 8. Each step leaves an office that works, under the old policy or the new one,
 * so what is broken off is simply done again: first the spare signs, then it becomes the office's key, and last the policy names it and
 * a new spare.
 */
#include "base/file.h"
#include "office/key.h"
#include "office/room.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct retiring {
    struct office *office;
    struct verifier_key spare;
    struct verifier_key new_spare;
    uint8_t *secret_key; /* of the spare; guarded */
    struct fault *fault;
};

/* Words for an error that has none yet. */
static int told(struct retiring *retiring, int error, const char *words) {
    return error && !retiring->fault->error ? fault_set(retiring->fault, error, "%s", words) : error;
}

/* ---- what the spare signs */

/* A register alone: the last checkpoint is then one that the new policy verifies, too. */
static int renew(struct retiring *retiring, const struct office_retire *how, const struct office_link *link,
                 int64_t now_s) {
    struct office *office = retiring->office;
    struct office_draft *draft = NULL;
    if (snprintf(office->key_path, sizeof(office->key_path), "%s", how->spare_path) >= (int)sizeof(office->key_path)) {
        return fault_set(retiring->fault, DEPOSITARY_E_LIMIT, "%s: the path is too long", how->spare_path);
    }
    int error = how->passphrase ? office_unlock(office, how->passphrase, retiring->fault) : 0;
    if (!error) {
        error = office_draft_new(&draft, office);
    }
    if (!error) {
        error = office_sign(office, draft, link, now_s, retiring->fault);
    }
    office_draft_free(draft);
    return error;
}

/* The note with the spare's line more. */
static int add_line(struct buffer *out, const struct retiring *retiring, struct bytes note) {
    struct note parsed;
    struct checkpoint checkpoint;
    struct buffer signed_note;
    buffer_init(&signed_note, LIMIT_NOTE);
    int error = note_parse(&parsed, note, retiring->fault);
    if (!error) {
        error = checkpoint_parse(&checkpoint, parsed.text, retiring->fault);
    }
    if (!error) {
        error = checkpoint_sign(&signed_note, &checkpoint, &retiring->spare, retiring->secret_key);
    }
    if (!error) {
        error = note_parse(&parsed, buffer_bytes(&signed_note), retiring->fault);
    }
    if (!error) {
        buffer_append(out, note);
        buffer_append(out, parsed.signatures[0].line);
        error = out->error;
    }
    buffer_free(&signed_note);
    return error;
}

static bool has_line(const struct retiring *retiring, struct bytes note) {
    struct note parsed;
    return note_parse(&parsed, note, NULL) == 0 && note_verify(&parsed, &retiring->spare, NULL) == 0;
}

/* Every checkpoint of before, so that a new server can be filled under the new policy. */
static int sign_old(struct retiring *retiring) {
    struct ledger *ledger = retiring->office->ledger;
    struct buffer note, more;
    const struct ledger_state *state = ledger_state_take(ledger);
    uint64_t size = 0;
    int error = 0;
    buffer_init(&note, LIMIT_NOTE);
    buffer_init(&more, LIMIT_NOTE);
    while (!error && size < state->size) {
        buffer_clear(&note);
        buffer_clear(&more);
        error = ledger_checkpoint_from(ledger, size + 1, &note, &size);
        if (!error && size < state->size && !has_line(retiring, buffer_bytes(&note))) {
            error = add_line(&more, retiring, buffer_bytes(&note));
            if (!error) {
                error = ledger_amend_checkpoint(ledger, buffer_bytes(&more), retiring->fault);
            }
        }
    }
    buffer_free(&note);
    buffer_free(&more);
    ledger_state_release(state);
    return told(retiring, error, "a checkpoint of before cannot be signed");
}

/* ---- the policies */

static int read_policy(struct buffer *out, const char *dir, struct fault *fault) {
    char path[PATH_ROOM];
    int error = file_path(path, sizeof(path), dir, "policy");
    return error ? error : file_read_trusted(out, path, fault);
}

static int write_in(const char *dir, const char *name, struct bytes text, struct fault *fault) {
    char path[PATH_ROOM];
    int error = file_path(path, sizeof(path), dir, name);
    return error ? error : file_write(path, text, 0644, fault);
}

static bool is_log_line(struct bytes line) {
    while (line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t')) {
        line = bytes_slice(line, 1, line.len - 1);
    }
    return bytes_starts_with(line, BYTES("log ")) || bytes_starts_with(line, BYTES("log\t"));
}

/* The two keys, and of the old policy all but its keys: witnesses, groups and the quorum stay as they are. */
static void print_policy(struct buffer *out, const struct retiring *retiring, struct bytes old) {
    struct bytes line;
    buffer_append_text(out, "log ");
    verifier_key_print(out, &retiring->spare);
    buffer_append_text(out, "\nlog ");
    verifier_key_print(out, &retiring->new_spare);
    buffer_append_byte(out, '\n');
    while (bytes_take_line(&old, &line)) {
        if (!is_log_line(line)) {
            buffer_append(out, line);
            buffer_append_byte(out, '\n');
        }
    }
}

static int change_policy(struct retiring *retiring, const char *dir) {
    char name[64];
    struct buffer old, text;
    const struct ledger_state *state = ledger_state_take(retiring->office->ledger);
    snprintf(name, sizeof(name), "policy-until-%" PRIu64, state->size);
    ledger_state_release(state);
    buffer_init(&old, POLICY_TEXT_MAX);
    buffer_init(&text, POLICY_TEXT_MAX);
    int error = read_policy(&old, dir, retiring->fault);
    if (!error) {
        error = write_in(dir, name, buffer_bytes(&old), retiring->fault);
    }
    if (!error) {
        print_policy(&text, retiring, buffer_bytes(&old));
        error = text.error ? text.error : write_in(dir, "policy", buffer_bytes(&text), retiring->fault);
    }
    buffer_free(&old);
    buffer_free(&text);
    return told(retiring, error, "the policy cannot be written");
}

/* ---- the whole */

/* Opens the spare, and makes the next one. */
static int ready_keys(struct retiring *retiring, const struct office_retire *how) {
    char path[PATH_ROOM];
    const struct policy *policy = retiring->office->policy;
    int error = key_read(&retiring->spare, &retiring->secret_key, how->spare_path, how->passphrase, retiring->fault);
    if (!error && !office_pins(policy, &retiring->spare)) {
        error = fault_set(retiring->fault, DEPOSITARY_E_POLICY, "%s is no ledger key of the office's policy",
                          how->spare_path);
    }
    if (!error) {
        error = office_spare_path(path, how->dir, how->new_spare_dir, retiring->fault);
    }
    if (!error) {
        error = key_generate(&retiring->new_spare, path, policy_origin(policy), how->passphrase, retiring->fault);
    }
    return error;
}

static int install_key(struct retiring *retiring, const struct office_retire *how) {
    char path[PATH_ROOM];
    int error = file_path(path, sizeof(path), how->dir, "key");
    return error ? error : key_copy(how->spare_path, path, retiring->fault);
}

int office_retire(struct office *office, const struct office_retire *how, const struct office_link *link, int64_t now_s,
                  struct fault *fault) {
    struct retiring retiring = {.office = office, .fault = fault};
    int error = ready_keys(&retiring, how);
    if (!error) {
        error = renew(&retiring, how, link, now_s);
    }
    if (!error) {
        error = sign_old(&retiring);
    }
    if (!error) {
        error = install_key(&retiring, how);
    }
    if (!error) {
        error = change_policy(&retiring, how->dir);
    }
    key_free(retiring.secret_key);
    return error;
}
