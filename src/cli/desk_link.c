/* The office's link to a server, over RPC, and to witnesses, over HTTP (desk.h). PROTOCOL.md section 2. */
#include "cli/desk.h"

#include "base/limits.h"
#include "base/time.h"
#include "cli/fetch.h"
#include "rpc/status.h"

#include <stdlib.h>
#include <string.h>

#define WITNESS_TIMEOUT_S 15
#define PATIENCE_S        20  /* for a service that is not available: its database fails over, or it is restarted */
#define PAUSE_MS          500 /* between two askings, where the service names no time */

/* ---- answers */

/* The register's line of a key in the office's own ledger. */
static bool find_key_line(struct register_line *out, const struct ledger_state *state, const uint8_t *key) {
    struct buffer words;
    size_t index = 0;
    buffer_init(&words, 64);
    buffer_append_text(&words, "key ");
    buffer_append_base64(&words, bytes_of(key, PUBLIC_KEY_LEN));
    buffer_append_byte(&words, ' ');
    bool is_there = state->size > 0 && !words.error &&
                    register_lines_find(state->lines, buffer_bytes(&words), &index) &&
                    register_line_parse(out, register_lines_line(state->lines, index)) == 0;
    buffer_free(&words);
    return is_there;
}

/* Whether the office's own ledger says that the key is an answer key, active and in its time. */
static bool desk_key_is_good(const struct desk *desk, const uint8_t *key) {
    struct ledger *ledger = office_ledger(desk->office);
    const struct ledger_state *state = ledger_state_take(ledger);
    struct register_line line;
    struct key_record fields;
    struct buffer record;
    uint64_t index = 0;
    int64_t now = clock_now_s();
    buffer_init(&record, LIMIT_ENTRY);
    bool is_good = find_key_line(&line, state, key) && line.active &&
                   ledger_find(ledger, state, &line.record, &index) == 0 &&
                   ledger_entry(ledger, state, index, &record, NULL, NULL) == 0 &&
                   key_record_parse(&fields, buffer_bytes(&record), NULL) == 0 && now >= fields.not_before &&
                   now < fields.not_after;
    buffer_free(&record);
    ledger_state_release(state);
    return is_good;
}

/* Keeps what a call said, and frees its answer. `reason` of the status that stands for another error, if there is one. */
static int end_call(depositary_answer *answer, int error, const char *reason, int meaning, struct fault *fault) {
    if (error && answer) {
        if (error == DEPOSITARY_E_STATUS && strcmp(depositary_answer_status_reason(answer), reason) == 0) {
            error = meaning;
        }
        fault_set(fault, error, "%s", depositary_answer_error_text(answer));
    } else if (error) {
        fault_set(fault, error, "%s", depositary_error_text(error));
    }
    depositary_answer_free(&answer);
    return error;
}

/* Says once where an answer is sealed by a key that the office's own ledger does not vouch for: what such an answer says of what was
 * done is anybody's word. The office loses nothing by it, but must know. */
static void judge_seal_key(struct desk *desk, const depositary_answer *answer) {
    const uint8_t *key = answer ? depositary_answer_sealing_key(answer) : NULL;
    desk->is_seal_good = key && desk_key_is_good(desk, key);
    if (desk->is_seal_told || !key || desk->is_seal_good) {
        return;
    }
    desk->is_seal_told = true;
    cli_note(
        "the server's answer key is not authorised by this office's ledger, expired or revoked, so its word proves nothing; look "
        "afterwards with: depositary checkpoint");
}

/* ---- a service that is not available just now */

struct patience {
    uint64_t end_ns;
    bool is_told;
};

static struct patience patience_begin(const struct desk *desk) {
    unsigned seconds = desk->cli->timeout_s < PATIENCE_S ? desk->cli->timeout_s : PATIENCE_S;
    return (struct patience){.end_ns = clock_monotonic_ns() + seconds * NS_PER_S};
}

/* Its database is away, or it is being restarted: it has done nothing, or will say OK to what it has done when that is sent again. Waits, and says so once. */
static bool is_asked_again(struct patience *patience, int error, const depositary_answer *answer) {
    if (error != DEPOSITARY_E_STATUS || depositary_answer_status(answer) != STATUS_UNAVAILABLE) {
        return false;
    }
    int64_t delay_ms = depositary_answer_retry_delay_ms(answer);
    uint64_t wait_ms = delay_ms > 0 ? (uint64_t)delay_ms : PAUSE_MS;
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t left_ms = now_ns < patience->end_ns ? (patience->end_ns - now_ns) / NS_PER_MS : 0;
    if (delay_ms < 0 || wait_ms >= left_ms) {
        return false;
    }
    if (!patience->is_told) {
        cli_note("%s; asking again for a while", depositary_answer_error_text(answer));
        patience->is_told = true;
    }
    clock_sleep_ms(wait_ms);
    return true;
}

/* ---- what a server is asked */

static int remote_checkpoint(void *context, struct buffer *note, struct fault *fault) {
    struct desk *desk = context;
    depositary_answer *answer = NULL;
    size_t len = 0;
    int error = depositary_get_checkpoint(desk->cli->client, &answer);
    if (!error) {
        const char *shown = depositary_answer_shown_checkpoint(answer, &len);
        buffer_append(note, bytes_of(shown, len));
        error = shown ? note->error : DEPOSITARY_E_RESPONSE;
        judge_seal_key(desk, answer);
    }
    return end_call(answer, error, "EMPTY_LEDGER", DEPOSITARY_E_MISSING, fault);
}

static int take_missing(struct append_result *result, const depositary_answer *answer) {
    size_t count = 0;
    const depositary_missing *missing = depositary_answer_missing(answer, &count);
    if (count == 0) {
        return DEPOSITARY_E_RESPONSE;
    }
    result->missing_count = count < LEDGER_MISSING_MAX ? count : LEDGER_MISSING_MAX;
    for (size_t i = 0; i < result->missing_count; i++) {
        memcpy(result->missing[i].edition.bytes, missing[i].edition, HASH_LEN);
        result->missing[i].from_place = missing[i].from_place;
        result->missing[i].count = missing[i].count;
    }
    return DEPOSITARY_E_CLAUSES_MISSING;
}

static int remote_append(void *context, const struct bytes *records, size_t count, struct bytes checkpoint,
                         struct append_result *result, struct fault *fault) {
    struct desk *desk = context;
    depositary_answer *answer = NULL;
    depositary_blob *blobs = calloc(count, sizeof(*blobs));
    if (!blobs) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for an append");
    }
    for (size_t i = 0; i < count; i++) {
        blobs[i] = (depositary_blob){records[i].data, records[i].len};
    }
    struct patience patience = patience_begin(desk);
    int error;
    do {
        depositary_answer_free(&answer);
        error = depositary_append_entries(desk->cli->client, blobs, count, (const char *)checkpoint.data,
                                          checkpoint.len, &answer);
    } while (is_asked_again(&patience, error, answer));
    free(blobs);
    if (error == DEPOSITARY_E_CLAUSES_MISSING) {
        error = take_missing(result, answer);
    } else if (!error) {
        result->size = depositary_answer_number(answer);
        judge_seal_key(desk, answer);
    }
    return end_call(answer, error, "CLAUSES_MISSING", DEPOSITARY_E_RESPONSE, fault);
}

static int remote_put_clauses(void *context, const struct hash *edition, const struct placed_clause *clauses,
                              size_t count, uint64_t *received, struct fault *fault) {
    const struct desk *desk = context;
    depositary_answer *answer = NULL;
    depositary_placed_clause *placed = calloc(count, sizeof(*placed));
    if (!placed) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for clauses to send");
    }
    for (size_t i = 0; i < count; i++) {
        placed[i] = (depositary_placed_clause){.place = clauses[i].place,
                                               .record = {clauses[i].record.data, clauses[i].record.len},
                                               .path = clauses[i].path->hashes[0].bytes,
                                               .path_count = clauses[i].path->count};
    }
    struct patience patience = patience_begin(desk);
    int error;
    do {
        depositary_answer_free(&answer);
        error = depositary_put_clauses(desk->cli->client, edition->bytes, placed, count, &answer);
    } while (is_asked_again(&patience, error, answer));
    free(placed);
    if (!error) {
        *received = depositary_answer_number(answer);
    }
    return end_call(answer, error, "NO_PENDING_APPEND", DEPOSITARY_E_STATE, fault);
}

static int remote_add_checkpoint(void *context, const char *url, struct bytes request, unsigned *status,
                                 struct buffer *reply, struct fault *fault) {
    struct fetcher *fetcher = NULL;
    (void)context;
    int error = fetcher_new(&fetcher, url, WITNESS_TIMEOUT_S, fault);
    if (!error) {
        error =
            fetch(fetcher, &(struct fetch_request){.path = "add-checkpoint", .post = &request}, status, reply, fault);
    }
    fetcher_free(fetcher);
    return error;
}

void desk_link(struct desk *desk) {
    desk->link = (struct office_link){.context = desk,
                                      .checkpoint = remote_checkpoint,
                                      .append = remote_append,
                                      .put_clauses = remote_put_clauses,
                                      .add_checkpoint = remote_add_checkpoint};
}
