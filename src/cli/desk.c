/* The office's side of the command line (desk.h): opening, the link over RPC, signing and sending. PROTOCOL.md section 2. */
#include "cli/desk.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DESK_TIMEOUT_S 60 /* a server rebuilds a whole edition before it answers */

void desk_init(struct desk *desk, struct cli *cli) {
    *desk = (struct desk){.cli = cli};
    cli->timeout_s = DESK_TIMEOUT_S;
    cli->allow_empty_ledger = true;
}

void desk_take(struct desk *desk, int val, const char *argument) {
    switch (val) {
    case DESK_OPT_OFFICE:
        desk->office_option = argument;
        break;
    case DESK_OPT_PASSPHRASE_FILE:
        desk->passphrase_file = argument;
        break;
    case DESK_OPT_OFFLINE:
        desk->is_offline = true;
        break;
    case DESK_OPT_YES:
        desk->is_yes = true;
        break;
    case DESK_OPT_DRY_RUN:
        desk->is_dry_run = true;
        break;
    default:
        desk->shows_records = true;
        break;
    }
}

int desk_fail(const struct fault *fault, int error) {
    cli_error("%s", fault->error ? fault_text(fault) : depositary_error_text(error));
    return cli_exit_code(error);
}

int desk_ask(const struct desk *desk, const char *question) {
    char line[16];
    if (desk->is_yes) {
        return 0;
    }
    if (!isatty(STDIN_FILENO)) {
        cli_error("standard input is no terminal to ask on; give --yes to sign unasked");
        return CLI_USAGE;
    }
    fflush(stdout);
    fprintf(stderr, "%s [y/N] ", question);
    if (!fgets(line, sizeof(line), stdin) || (strcmp(line, "y\n") != 0 && strcmp(line, "yes\n") != 0)) {
        cli_note("nothing was signed");
        return CLI_NO;
    }
    return 0;
}

/* ---- which office */

/* The daemon's default data folder. False where this user has none. */
static bool data_dir(char out[PATH_MAX]) {
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    int len = -1;
    if (geteuid() == 0) {
        len = snprintf(out, PATH_MAX, "/var/lib/depositary");
    } else if (data && *data == '/') {
        len = snprintf(out, PATH_MAX, "%s/depositary", data);
    } else if (home && *home == '/') {
        len = snprintf(out, PATH_MAX, "%s/.local/share/depositary", home);
    }
    return len >= 0 && len < PATH_MAX;
}

int desk_find(struct desk *desk) {
    char data[PATH_MAX];
    const char *given = desk->office_option ? desk->office_option : getenv("DEPOSITARY_OFFICE");
    int error = 0;
    if (given && *given != '\0') {
        int len = snprintf(desk->dir, sizeof(desk->dir), "%s", given);
        error = len < 0 || len >= PATH_MAX ? DEPOSITARY_E_LIMIT : 0;
    } else if (data_dir(data)) {
        error = file_path(desk->dir, sizeof(desk->dir), data, "office");
    } else {
        cli_error("which office? Give --office DIR or DEPOSITARY_OFFICE");
        return CLI_USAGE;
    }
    if (!error) {
        error = file_path(desk->policy_path, sizeof(desk->policy_path), desk->dir, "policy");
    }
    if (error) {
        cli_error("the office's path is too long");
        return CLI_USAGE;
    }
    return 0;
}

int desk_open(struct desk *desk) {
    struct fault fault = {0};
    int status = desk_find(desk);
    if (status != 0) {
        return status;
    }
    int error = office_open(&desk->office, desk->dir, NULL, &fault);
    return error ? desk_fail(&fault, error) : 0;
}

/* The passphrase comes last: whoever types it has seen what it signs. */
static int unlock(struct desk *desk) {
    struct fault fault = {0};
    bool is_sealed = false;
    char *passphrase = NULL;
    int error = office_needs_passphrase(&is_sealed, desk->dir, &fault);
    if (!error && !is_sealed) {
        return 0;
    }
    int status = error ? desk_fail(&fault, error) : passphrase_read(&passphrase, desk->passphrase_file, false);
    if (status != 0) {
        return status;
    }
    error = office_unlock(desk->office, passphrase, &fault);
    sodium_free(passphrase);
    return error ? desk_fail(&fault, error) : 0;
}

void desk_close(struct desk *desk) {
    office_close(desk->office);
    desk->office = NULL;
}

uint64_t desk_size(const struct desk *desk) {
    const struct ledger_state *state = ledger_state_take(office_ledger(desk->office));
    uint64_t size = state->size;
    ledger_state_release(state);
    return size;
}

void desk_print_records(const struct office_draft *draft) {
    for (size_t i = 0; i < office_draft_count(draft); i++) {
        struct bytes record = office_draft_record(draft, i);
        cli_text((const char *)record.data, record.len);
    }
}

/* ---- the way to a server */

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

static int remote_checkpoint(void *context, struct buffer *note, struct fault *fault) {
    const struct desk *desk = context;
    depositary_answer *answer = NULL;
    int error = depositary_get_checkpoint(desk->cli->client, &answer);
    if (!error) {
        const depositary_ledger *ledger = depositary_answer_ledger(answer);
        if (ledger) {
            buffer_append(note, bytes_of(ledger->checkpoint, ledger->checkpoint_len));
            error = note->error;
        } else {
            error = DEPOSITARY_E_RESPONSE;
        }
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
    const struct desk *desk = context;
    depositary_answer *answer = NULL;
    depositary_blob *blobs = calloc(count, sizeof(*blobs));
    if (!blobs) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for an append");
    }
    for (size_t i = 0; i < count; i++) {
        blobs[i] = (depositary_blob){records[i].data, records[i].len};
    }
    int error = depositary_append_entries(desk->cli->client, blobs, count, (const char *)checkpoint.data,
                                          checkpoint.len, &answer);
    free(blobs);
    if (error == DEPOSITARY_E_CLAUSES_MISSING) {
        error = take_missing(result, answer);
    } else if (!error) {
        result->size = depositary_answer_number(answer);
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
    int error = depositary_put_clauses(desk->cli->client, edition->bytes, placed, count, &answer);
    free(placed);
    if (!error) {
        *received = depositary_answer_number(answer);
    }
    return end_call(answer, error, "NO_PENDING_APPEND", DEPOSITARY_E_STATE, fault);
}

static void show_progress(void *context, const char *what, uint64_t done, uint64_t all) {
    struct desk *desk = context;
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r%s: %llu of %llu   ", what, (unsigned long long)done, (unsigned long long)all);
        desk->has_progress = true;
    }
}

static void end_progress(struct desk *desk) {
    if (desk->has_progress) {
        fputc('\n', stderr);
        desk->has_progress = false;
    }
}

int desk_connect(struct desk *desk) {
    if (!desk->cli->policy_path) { /* the office trusts its own policy before any other */
        desk->cli->policy_path = desk->policy_path;
    }
    int status = cli_client(desk->cli);
    desk->link = (struct office_link){.context = desk,
                                      .checkpoint = remote_checkpoint,
                                      .append = remote_append,
                                      .put_clauses = remote_put_clauses,
                                      .progress = show_progress};
    return status;
}

int desk_push(struct desk *desk, uint64_t *sent) {
    struct fault fault = {0};
    int error = office_push(desk->office, &desk->link, sent, &fault);
    end_progress(desk);
    return error ? desk_fail(&fault, error) : 0;
}

int desk_sign(struct desk *desk, struct office_draft *draft, uint64_t *sent) {
    struct fault fault = {0};
    *sent = 0;
    int status = desk->is_offline ? 0 : desk_connect(desk);
    if (status == 0) {
        status = unlock(desk);
    }
    if (status != 0) {
        return status;
    }
    int error = office_sign(desk->office, draft, desk->is_offline ? NULL : &desk->link, clock_now_s(), &fault);
    if (error) {
        cli_note("nothing was kept or sent");
        return desk_fail(&fault, error);
    }
    if (desk->is_offline) {
        cli_note("signed and kept; send it with: depositary office push");
        return 0;
    }
    status = desk_push(desk, sent);
    if (status != 0) {
        cli_note("it is signed and kept in the office, and not yet served; send it with: depositary office push");
    }
    return status;
}
