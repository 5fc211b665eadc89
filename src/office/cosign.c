/*
 * Witnesses: C2SP tlog-witness, the side of the log. A witness cosigns the last checkpoint once it has seen that it extends what the witness
 * cosigned before; so it is also asked before anything is signed, whether it knows more of this ledger than the office does.
 */
#include "base/encode.h"
#include "base/time.h"
#include "office/room.h"

#include <inttypes.h>
#include <string.h>

#define COSIGN_ASK_MAX 3 /* with old size 0, with the one that it names, and once more where that moved meanwhile */

enum { HTTP_OK = 200, HTTP_FORBIDDEN = 403, HTTP_NOT_FOUND = 404, HTTP_CONFLICT = 409, HTTP_UNPROCESSABLE = 422 };

/* One witness, asked about one state of our ledger. */
struct asking {
    struct office *office;
    const struct office_link *link;
    const char *url;
    const struct ledger_state *state;
    uint64_t old_size;
    unsigned status;
    struct buffer request;
    struct buffer reply;
    struct fault *fault;
};

bool office_has_quorum(struct office *office) {
    struct checkpoint checkpoint;
    const struct ledger_state *state = ledger_state_take(office->ledger);
    bool has_quorum =
        state->size == 0 || policy_verify_checkpoint(&checkpoint, office->policy, state->checkpoint, NULL) == 0;
    ledger_state_release(state);
    return has_quorum;
}

/* ---- asking */

/* "old <size>", the consistency proof, an empty line, the note. */
static int print_request(struct asking *asking) {
    struct merkle_path path = {0};
    int error = asking->old_size == 0
                    ? 0
                    : ledger_consistency(asking->office->ledger, asking->old_size, asking->state->size, &path);
    if (error) {
        return fault_set(asking->fault, error, "cannot prove that the ledger extends its size %" PRIu64,
                         asking->old_size);
    }
    buffer_clear(&asking->request);
    buffer_append_format(&asking->request, "old %" PRIu64 "\n", asking->old_size);
    for (size_t i = 0; i < path.count; i++) {
        buffer_append_base64(&asking->request, hash_bytes(&path.hashes[i]));
        buffer_append_byte(&asking->request, '\n');
    }
    buffer_append_byte(&asking->request, '\n');
    buffer_append(&asking->request, asking->state->checkpoint);
    return asking->request.error ? fault_set(asking->fault, asking->request.error, "no memory to ask a witness") : 0;
}

static int ask(struct asking *asking) {
    int error = print_request(asking);
    if (error) {
        return error;
    }
    buffer_clear(&asking->reply);
    error = asking->link->add_checkpoint(asking->link->context, asking->url, buffer_bytes(&asking->request),
                                         &asking->status, &asking->reply, asking->fault);
    return error ? error : asking->reply.error;
}

/* ---- what it says */

static int fork_seen(struct asking *asking, const char *what) {
    return fault_set(
        asking->fault, DEPOSITARY_E_FORK,
        "the witness %s %s: the office was restored from an old back-up, or its key signs elsewhere. Nothing "
        "is signed or sent",
        asking->url, what);
}

/* 409: the size that it cosigned last, on a line. It is asked again from there. */
static int take_conflict(struct asking *asking) {
    struct bytes rest = buffer_bytes(&asking->reply);
    struct bytes line;
    uint64_t size;
    if (!bytes_take_line(&rest, &line) || rest.len != 0 || !decimal_parse(&size, line)) {
        return fault_set(asking->fault, DEPOSITARY_E_RESPONSE,
                         "the witness %s: a conflict without the size that it cosigned last", asking->url);
    }
    if (size > asking->state->size) {
        return fork_seen(asking, "has cosigned a larger ledger than this office's copy");
    }
    if (size == asking->state->size && asking->old_size == size) {
        return fork_seen(asking, "has cosigned another ledger of this size");
    }
    if (size == asking->old_size) {
        return fault_set(asking->fault, DEPOSITARY_E_RESPONSE,
                         "the witness %s: a conflict with the very size that was named", asking->url);
    }
    asking->old_size = size;
    return 0;
}

static int refused(struct asking *asking) {
    switch (asking->status) {
    case HTTP_UNPROCESSABLE:
        return fork_seen(asking, "holds a ledger that this office's copy does not extend");
    case HTTP_NOT_FOUND:
        return fault_set(asking->fault, DEPOSITARY_E_STATUS, "the witness %s does not know this ledger's origin (404)",
                         asking->url);
    case HTTP_FORBIDDEN:
        return fault_set(asking->fault, DEPOSITARY_E_STATUS, "the witness %s does not trust this ledger's key (403)",
                         asking->url);
    default:
        return fault_set(asking->fault, DEPOSITARY_E_STATUS, "the witness %s answers with status %u", asking->url,
                         asking->status);
    }
}

static bool has_cosignature(const struct note *note, const struct policy *policy) {
    for (size_t i = 0; i < policy_witnesses_count(policy); i++) {
        if (note_verify(note, policy_witness(policy, i), NULL) == 0) {
            return true;
        }
    }
    return false;
}

/* Our note's text with the lines that came, as a note: only what verifies of witnesses of the policy is taken from it. */
static int offer_lines(struct buffer *out, const struct asking *asking) {
    struct note note;
    int error = note_parse(&note, asking->state->checkpoint, asking->fault);
    if (!error) {
        buffer_append(out, note.text);
        buffer_append_byte(out, '\n');
        buffer_append(out, buffer_bytes(&asking->reply));
        error = out->error ? out->error : note_parse(&note, buffer_bytes(out), asking->fault);
    }
    if (error) {
        return fault_set(asking->fault, DEPOSITARY_E_RESPONSE,
                         "the witness %s: what it sends is not lines of signatures", asking->url);
    }
    return has_cosignature(&note, asking->office->policy)
               ? 0
               : fault_set(asking->fault, DEPOSITARY_E_RESPONSE,
                           "the witness %s: no cosignature by a witness of the policy that verifies", asking->url);
}

static size_t count_lines(struct bytes note) {
    size_t count = 0;
    for (size_t i = 0; i < note.len; i++) {
        count += note.data[i] == '\n';
    }
    return count;
}

/* Into our own ledger, which verifies them again and keeps them durably. */
static int take_lines(struct asking *asking, size_t *added) {
    struct buffer offered;
    struct buffer merged;
    struct append_result result = {0};
    buffer_init(&offered, 2 * LIMIT_NOTE);
    buffer_init(&merged, LIMIT_NOTE);
    const struct bytes note = asking->state->checkpoint;
    int error = offer_lines(&offered, asking);
    if (!error) {
        error = policy_merge_cosignatures(&merged, asking->office->policy, note, buffer_bytes(&offered));
    }
    if (!error) {
        error = merged.error;
    }
    if (!error && merged.len > note.len) {
        error = ledger_append(asking->office->ledger, &asking->state->register_record, 1, buffer_bytes(&merged),
                              clock_now_s(), &result, asking->fault);
    }
    if (!error) {
        *added = count_lines(buffer_bytes(&merged)) - count_lines(note);
    }
    buffer_free(&offered);
    buffer_free(&merged);
    return error;
}

/* ---- the whole */

static int ask_until_cosigned(struct asking *asking, size_t *added) {
    int error = 0;
    for (unsigned tries = 0; tries < COSIGN_ASK_MAX; tries++) {
        error = ask(asking);
        if (error) {
            return error;
        }
        if (asking->status == HTTP_OK) {
            return take_lines(asking, added);
        }
        if (asking->status != HTTP_CONFLICT) {
            return refused(asking);
        }
        error = take_conflict(asking);
        if (error) {
            return error;
        }
    }
    return fault_set(asking->fault, DEPOSITARY_E_STATUS, "the witness %s names another size each time that it is asked",
                     asking->url);
}

int office_cosign(struct office *office, const struct office_link *link, const char *url, size_t *added,
                  struct fault *fault) {
    struct asking asking = {.office = office, .link = link, .url = url, .fault = fault};
    *added = 0;
    asking.state = ledger_state_take(office->ledger);
    buffer_init(&asking.request, 2 * LIMIT_NOTE);
    buffer_init(&asking.reply, LIMIT_NOTE);
    int error = asking.state->size == 0
                    ? fault_set(fault, DEPOSITARY_E_MISSING, "the ledger is empty: there is nothing to cosign")
                    : ask_until_cosigned(&asking, added);
    buffer_free(&asking.request);
    buffer_free(&asking.reply);
    ledger_state_release(asking.state);
    return error;
}

int look_at_witnesses(struct office *office, const struct office_link *link, struct fault *fault) {
    const struct ledger_state *state = ledger_state_take(office->ledger);
    bool is_empty = state->size == 0;
    ledger_state_release(state);
    int error = 0;
    for (size_t i = 0; !is_empty && link->add_checkpoint && i < policy_witnesses_count(office->policy) && !error; i++) {
        struct fault why = {0};
        size_t added;
        const char *url = policy_witness_url(office->policy, i);
        if (*url != '\0' && office_cosign(office, link, url, &added, &why) == DEPOSITARY_E_FORK) {
            error = fault_set(fault, DEPOSITARY_E_FORK, "%s", fault_text(&why));
        }
    }
    return error;
}
