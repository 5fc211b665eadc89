/* The office's side of the command line (desk.h): opening, servers, signing and sending. PROTOCOL.md section 2. */
#include "cli/desk.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"
#include "cli/fetch.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DESK_TIMEOUT_S 60  /* a server rebuilds a whole edition before it answers */
#define LOCK_WAIT_MS   100 /* between two looks at an office that another command has open */

void desk_init(struct desk *desk, struct cli *cli) {
    *desk = (struct desk){.cli = cli};
    cli->timeout_s = DESK_TIMEOUT_S;
    cli->for_office = true;
    cli->no_receipt =
        "what the office does it signs itself, and it takes no server's word for it; afterwards: depositary "
        "--receipt FILE checkpoint";
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

bool desk_data_dir(char out[PATH_MAX]) {
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
    } else if (desk_data_dir(data)) {
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
    uint64_t end_ns = clock_monotonic_ns() + (uint64_t)desk->cli->timeout_s * NS_PER_S;
    for (bool is_told = false; error == DEPOSITARY_E_STATE && clock_monotonic_ns() < end_ns; is_told = true) {
        if (!is_told) {
            cli_note("another command is at work in this office: waiting for it");
        }
        clock_sleep_ms(LOCK_WAIT_MS);
        fault = (struct fault){0};
        error = office_open(&desk->office, desk->dir, NULL, &fault);
    }
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
    free(desk->servers);
    desk->servers = NULL;
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

/* ---- servers */

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

/* The client that was there is another server's. */
static int connect_to(struct desk *desk, const char *server) {
    depositary_client_free(&desk->cli->client);
    desk->cli->connect = server;
    return cli_client(desk->cli);
}

static int take_servers(struct desk *desk) {
    size_t len = strlen(desk->cli->connect);
    desk->servers = calloc(1, len + 2);
    if (!desk->servers) {
        return desk_fail(&(struct fault){0}, DEPOSITARY_E_MEMORY);
    }
    memcpy(desk->servers, desk->cli->connect, len);
    for (char *at = desk->servers; (at = strchr(at, ',')) != NULL;) {
        *at++ = '\0';
    }
    return 0;
}

static const char *next_server(const char *server) {
    return server + strlen(server) + 1;
}

int desk_connect(struct desk *desk) {
    if (!desk->cli->policy_path) { /* the office trusts its own policy before any other */
        desk->cli->policy_path = desk->policy_path;
    }
    int status = take_servers(desk);
    if (status == 0) {
        status = connect_to(desk, desk->servers);
    }
    desk_link(desk);
    desk->link.progress = show_progress;
    return status;
}

static int push_to(struct desk *desk, const char *server, uint64_t *sent) {
    struct fault fault = {0};
    uint64_t count = 0;
    int status = connect_to(desk, server);
    if (status != 0) {
        return status;
    }
    int error = office_push(desk->office, &desk->link, &count, &fault);
    end_progress(desk);
    *sent += count;
    if (!error) {
        error = desk_look_afterwards(desk, &fault);
    }
    if (error) {
        cli_error("%s: %s", server, fault.error ? fault_text(&fault) : depositary_error_text(error));
    }
    return cli_exit_code(error);
}

/* From one of the servers on. A fork ends it. */
static int push_from(struct desk *desk, const char *server, uint64_t *sent) {
    int status = 0;
    for (; *server != '\0' && status != CLI_UNVERIFIED; server = next_server(server)) {
        int failed = push_to(desk, server, sent);
        status = failed != 0 && (status == 0 || failed == CLI_UNVERIFIED) ? failed : status;
    }
    return status;
}

int desk_push(struct desk *desk, uint64_t *sent) {
    return push_from(desk, desk->servers, sent);
}

/* The servers behind the first, before anything is signed: has any of them seen what this office lacks? The first is asked by office_sign. */
static int look_at_others(struct desk *desk) {
    const char *second = next_server(desk->servers);
    uint64_t sent = 0;
    if (*second == '\0') {
        return 0;
    }
    int status = push_from(desk, second, &sent);
    if (status == CLI_UNVERIFIED) {
        return status;
    }
    return connect_to(desk, desk->servers);
}

/* Whether a witness before this one has the same URL: it was asked already. */
static bool is_asked(const struct policy *policy, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (strcmp(policy_witness_url(policy, i), policy_witness_url(policy, index)) == 0) {
            return true;
        }
    }
    return false;
}

static int cosign_at(struct desk *desk, const char *url, size_t *added) {
    struct fault fault = {0};
    size_t lines = 0;
    int error = office_cosign(desk->office, &desk->link, url, &lines, &fault);
    if (!error) {
        *added += lines;
        return 0;
    }
    if (error == DEPOSITARY_E_FORK) {
        return desk_fail(&fault, error);
    }
    cli_note("no cosignature: %s", fault_text(&fault));
    return error == DEPOSITARY_E_UNREACHABLE || error == DEPOSITARY_E_TIMEOUT ? CLI_UNREACHABLE : CLI_REFUSED;
}

int desk_cosign(struct desk *desk, const char *url, size_t *added) {
    const struct policy *policy = office_policy(desk->office);
    int status = url ? cosign_at(desk, url, added) : 0;
    for (size_t i = 0; !url && i < policy_witnesses_count(policy) && status != CLI_UNVERIFIED; i++) {
        const char *known = policy_witness_url(policy, i);
        if (*known != '\0' && !is_asked(policy, i)) {
            int failed = cosign_at(desk, known, added);
            status = failed != 0 ? failed : status;
        }
    }
    if (url && status != 0) { /* this one was asked for by name */
        return status;
    }
    if (office_has_quorum(desk->office)) { /* whatever the others said, unless it was that of a fork */
        return status == CLI_UNVERIFIED ? status : 0;
    }
    cli_error(
        "too few of the policy's witnesses have cosigned: clients would refuse the checkpoint, so it is not sent");
    return status != 0 ? status : CLI_REFUSED;
}

int desk_sign(struct desk *desk, struct office_draft *draft, uint64_t *sent) {
    struct fault fault = {0};
    *sent = 0;
    int status = desk->is_offline ? 0 : desk_connect(desk);
    if (status == 0 && !desk->is_offline) {
        status = look_at_others(desk);
    }
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
    return desk_deliver(desk, sent);
}

int desk_deliver(struct desk *desk, uint64_t *sent) {
    size_t added = 0;
    int status = desk_cosign(desk, NULL, &added);
    if (status == 0) {
        status = desk_push(desk, sent);
    }
    if (status != 0) {
        cli_note(
            "it is signed and kept in the office, and not yet served, or not seen to be; send it with: depositary office %s",
            office_has_quorum(desk->office) ? "push" : "cosign");
    }
    return status;
}
