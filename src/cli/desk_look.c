/*
 * Looking afterwards: a server that says OK has done nothing yet that anybody could see. It has to show the office's last checkpoint, and to give the
 * newest edition of it with all its proofs, before it is said that it serves what was sent. PROTOCOL.md section 2.
 */
#include "cli/desk.h"

#include "base/limits.h"
#include "base/time.h"

#include <inttypes.h>
#include <string.h>

#define PAUSE_FIRST_MS   20u
#define PAUSE_MAX_MS     1000u
#define TOLD_AFTER_S     3u
#define CLAUSES_A_SECOND 1000u /* that a server reads into its catalog at the very least */
#define EDITION_BACK     1024u /* entries that are looked through for the newest edition */

/* Clauses of the editions that the office has beyond so many entries. */
static int clauses_beyond(struct desk *desk, uint64_t entries, uint64_t *out, struct fault *fault) {
    struct ledger *ledger = office_ledger(desk->office);
    const struct ledger_state *state = ledger_state_take(ledger);
    struct edition_record edition;
    struct buffer record;
    int error = 0;
    *out = 0;
    buffer_init(&record, LIMIT_ENTRY);
    for (uint64_t index = entries; error == 0 && index < state->size; index++) {
        buffer_clear(&record);
        error = ledger_entry(ledger, state, index, &record, NULL, fault);
        if (error == 0 && edition_record_parse(&edition, buffer_bytes(&record), NULL) == 0) {
            *out += edition.clauses;
        }
    }
    buffer_free(&record);
    ledger_state_release(state);
    return error;
}

/*
 * What was appended is served when the catalog has it, or the replica that is asked has caught up: so it is waited for, as long as a call may take, and longer
 * for many clauses.
 */
static int wait_until_shown(struct desk *desk, struct fault *fault) {
    const uint64_t size = desk_size(desk), begin_ns = clock_monotonic_ns();
    uint64_t held = 0, clauses = 0;
    int error = office_look(desk->office, &desk->link, &held, fault);
    if (error == 0 && held < size) {
        error = clauses_beyond(desk, held, &clauses, fault);
    }
    const uint64_t wait_s = desk->cli->timeout_s + clauses / CLAUSES_A_SECOND;
    bool is_told = false;
    for (unsigned ms = PAUSE_FIRST_MS; error == 0 && held < size; ms = ms < PAUSE_MAX_MS ? 2 * ms : PAUSE_MAX_MS) {
        const uint64_t waited_ns = clock_monotonic_ns() - begin_ns;
        if (waited_ns >= wait_s * NS_PER_S) {
            break;
        }
        if (!is_told && waited_ns >= TOLD_AFTER_S * (uint64_t)NS_PER_S) {
            cli_note("it was sent; waiting until it is served, for %" PRIu64 " s at most", wait_s);
            is_told = true;
        }
        clock_sleep_ms(ms);
        error = office_look(desk->office, &desk->link, &held, fault);
    }
    if (error == 0 && held < size) {
        error = fault_set(fault, DEPOSITARY_E_TIMEOUT,
                          "it said that it has taken the ledger of %" PRIu64 " entries, and after %" PRIu64
                          " s it shows %" PRIu64
                          ": it is slow, or it has not kept what it was sent; look again with: depositary office push",
                          size, wait_s, held);
    }
    return error;
}

/* The newest edition's record, appended to *record; empty where there is none among the newest entries. */
static int newest_edition(struct desk *desk, struct buffer *record, struct fault *fault) {
    struct ledger *ledger = office_ledger(desk->office);
    const struct ledger_state *state = ledger_state_take(ledger);
    int error = 0;
    for (uint64_t back = 1; error == 0 && back <= state->size && back <= EDITION_BACK; back++) {
        buffer_clear(record);
        error = ledger_entry(ledger, state, state->size - back, record, NULL, fault);
        if (error == 0 && record_type(buffer_bytes(record)) == RECORD_EDITION) {
            break;
        }
        buffer_clear(record);
    }
    ledger_state_release(state);
    return error;
}

/* A client as any reader has one: the office's own takes checkpoints unjudged. */
static int reader_new(struct desk *desk, depositary_client **out, struct fault *fault) {
    struct cli reader = *desk->cli;
    reader.client = NULL;
    reader.for_office = false;
    reader.is_forgetful = true;
    reader.floor_path = NULL;
    if (cli_client(&reader) != 0) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no client to look with");
    }
    *out = reader.client;
    return 0;
}

/* 0: it was given, proved up to the checkpoint. *why is set where not. */
static int ask_for(depositary_client *reader, const depositary_edition_query *which, struct bytes record,
                   struct fault *why) {
    depositary_answer *answer = NULL;
    int error = depositary_get_instrument(reader, which, NULL, &answer);
    const depositary_edition *shown = answer != NULL ? depositary_answer_edition(answer, 0) : NULL;
    if (shown != NULL && bytes_equal(bytes_of(shown->record, shown->record_len), record)) {
        error = 0; /* whatever else there is to say, such as of a withdrawal */
    } else {
        error = error ? error : DEPOSITARY_E_RESPONSE;
        fault_set(why, error, "%s",
                  answer != NULL ? depositary_answer_error_text(answer) : depositary_error_text(error));
    }
    depositary_answer_free(&answer);
    return error;
}

static int ask_for_edition(struct desk *desk, struct bytes record, struct fault *fault) {
    struct edition_record ours;
    struct fault why = {0};
    depositary_client *reader = NULL;
    char instrument[LIMIT_INSTRUMENT + 1], language[LIMIT_LANGUAGE + 1];
    int error = edition_record_parse(&ours, record, fault);
    error = error ? error : reader_new(desk, &reader, fault);
    if (error) {
        return error;
    }
    bytes_write_text(instrument, sizeof instrument, ours.instrument);
    bytes_write_text(language, sizeof language, ours.language);
    const depositary_edition_query which = {.instrument = instrument, .language = language, .edition = ours.edition};
    error = ask_for(reader, &which, record, &why);
    depositary_client_free(&reader);
    if (error == DEPOSITARY_E_QUORUM) { /* not by the office's policy, which had its quorum before anything was sent */
        cli_note("clients under the policy %s refuse the new checkpoint: it asks for more cosignatures",
                 desk->cli->policy_path);
        return 0;
    }
    if (error ==
        DEPOSITARY_E_KEY_RECORD) { /* as behind a balancer of single calls, where each answer has another's key */
        cli_note("the checkpoint is shown; whether the text is could not be seen: %s", fault_text(&why));
        return 0;
    }
    return error ? fault_set(fault, error, "it shows the checkpoint, and not %s %s edition %u, which is in it: %s",
                             instrument, language, (unsigned)ours.edition, fault_text(&why))
                 : 0;
}

int desk_look_afterwards(struct desk *desk, struct fault *fault) {
    struct buffer record;
    int error = wait_until_shown(desk, fault);
    if (error || !desk->is_seal_good) { /* clients refuse all else that it says, and that was told */
        return error;
    }
    buffer_init(&record, LIMIT_ENTRY);
    error = newest_edition(desk, &record, fault);
    if (error == 0 && record.len > 0) {
        error = ask_for_edition(desk, buffer_bytes(&record), fault);
    }
    buffer_free(&record);
    return error;
}
