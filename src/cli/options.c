/* Options that every verb takes, the client that is made from them, and the exit code for an error. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"

enum {
    OPT_CONNECT = 1,
    OPT_POLICY,
    OPT_JSON,
    OPT_TIMEOUT,
    OPT_RECEIPT,
    OPT_MAX_AGE,
    OPT_FLOOR,
    OPT_CA,
    OPT_CERT,
    OPT_KEY,
    OPT_INSECURE,
    OPT_VERSION
};

static const struct option common_options[] = {
    {"connect", required_argument, NULL, OPT_CONNECT},
    {"policy", required_argument, NULL, OPT_POLICY},
    {"json", no_argument, NULL, OPT_JSON},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"receipt", required_argument, NULL, OPT_RECEIPT},
    {"max-age", required_argument, NULL, OPT_MAX_AGE},
    {"floor", required_argument, NULL, OPT_FLOOR},
    {"ca", required_argument, NULL, OPT_CA},
    {"cert", required_argument, NULL, OPT_CERT},
    {"key", required_argument, NULL, OPT_KEY},
    {"insecure", no_argument, NULL, OPT_INSECURE},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, 'h'},
};
#define COMMON_COUNT (sizeof common_options / sizeof *common_options)
#define OPTIONS_MAX  48

#define STATUS_DATA_LOSS 15 /* gRPC's code: what the service stores does not verify */

static void say(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static void say(const char *format, va_list arguments) {
    fputs("depositary: ", stderr);
    char text[1024];
    vsnprintf(text, sizeof text, format, arguments);
    cli_text_error(text);
    fputc('\n', stderr);
}

void cli_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void cli_note(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

int cli_usage(const struct verb *verb, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    fprintf(stderr, "Usage: depositary %s [OPTION...] %s\n", verb->name, verb->arguments);
    return CLI_USAGE;
}

bool cli_number(const char *name, const char *text, uint64_t least, uint64_t most, uint64_t *out) {
    if (decimal_parse(out, bytes_text(text)) && *out >= least && *out <= most)
        return true;
    cli_error("--%s takes a whole number from %llu to %llu, not \"%s\"", name, (unsigned long long)least,
              (unsigned long long)most, text);
    return false;
}

bool cli_as_of(const char *text, char out[21], bool *is_today) {
    int64_t time_s;
    char today[TIME_TEXT_LEN + 1];
    *is_today = false;
    if (time_parse(&time_s, bytes_text(text))) {
        memcpy(out, text, 21);
        return true;
    }
    if (!date_valid(bytes_text(text))) {
        cli_error("--as-of takes a time as 2025-04-23T00:00:00Z or a date as 2025-04-23, not \"%s\"", text);
        return false;
    }
    if (time_print(today, clock_now_s()) && strncmp(today, text, 10) == 0) {
        *is_today = true;
        out[0] = '\0';
        return true;
    }
    snprintf(out, 21, "%.10sT23:59:59Z", text);
    return true;
}

bool cli_take_which(struct cli_which *which, int val, const char *argument) {
    uint64_t number;
    bool is_today;
    if (val == CLI_OPT_LANGUAGE) {
        which->query.language = argument;
        return true;
    }
    if (val == CLI_OPT_EDITION) {
        if (!cli_number("edition", argument, 1, UINT32_MAX, &number))
            return false;
        which->query.edition = (uint32_t)number;
    } else {
        if (!cli_as_of(argument, which->as_of, &is_today))
            return false;
        which->query.as_of = is_today ? NULL : which->as_of;
    }
    if (which->query.edition != 0 && which->query.as_of != NULL) {
        cli_error("--edition and --as-of exclude each other");
        return false;
    }
    return true;
}

static bool take_common(struct cli *cli, int val, const char *argument) {
    uint64_t number;
    switch (val) {
    case OPT_CONNECT:
        cli->connect = argument;
        return true;
    case OPT_POLICY:
        cli->policy_path = argument;
        return true;
    case OPT_JSON:
        cli->is_json = true;
        return true;
    case OPT_TIMEOUT:
        if (!cli_number("timeout", argument, 1, 86400, &number))
            return false;
        cli->timeout_s = (unsigned)number;
        return true;
    case OPT_RECEIPT:
        cli->receipt_path = argument;
        return true;
    case OPT_MAX_AGE:
        if (!cli_number("max-age", argument, 1, UINT32_MAX, &number))
            return false;
        cli->max_age_s = (unsigned)number;
        return true;
    case OPT_FLOOR:
        cli->floor_path = argument;
        return true;
    case OPT_CA:
        cli->ca_file = argument;
        return true;
    case OPT_INSECURE:
        cli->is_insecure = true;
        return true;
    case OPT_CERT:
        cli->cert_file = argument;
        return true;
    default:
        cli->key_file = argument;
        return true;
    }
}

/* Whether the verb has the option that -o is short for. */
static bool has_output(const struct option *own) {
    for (; own != NULL && own->name != NULL; own++)
        if (strcmp(own->name, "output") == 0)
            return true;
    return false;
}

static void print_verb_help(const struct verb *verb) {
    printf("Usage: depositary %s [OPTION...] %s\n%s\n\n%s\nOptions of every verb: see depositary --help.\n", verb->name,
           verb->arguments, verb->summary, verb->help);
}

int cli_options(struct cli *cli, const struct verb *verb, int argc, char **argv, const struct option *own,
                cli_take *take, void *context, int least, int most) {
    struct option all[OPTIONS_MAX];
    size_t count = 0;
    const char *letters = has_output(own) ? ":ho:" : ":h";
    memcpy(all, common_options, sizeof common_options);
    count = COMMON_COUNT;
    for (; own != NULL && own->name != NULL && count + 1 < OPTIONS_MAX; own++)
        all[count++] = *own;
    all[count] = (struct option){0};

    opterr = 0;
    optind = 0;
    for (;;) {
        int val = getopt_long(argc, argv, letters, all, NULL);
        if (val == -1)
            break;
        if (val == 'h') {
            print_verb_help(verb);
            return CLI_YES;
        }
        if (val == OPT_VERSION) {
            printf("depositary %s\n", DEPOSITARY_VERSION);
            return CLI_YES;
        }
        if (val == ':')
            return cli_usage(verb, "%s needs a value", argv[optind - 1]);
        if (val == '?')
            return cli_usage(verb, "unknown option %s", argv[optind - 1]);
        bool is_fine = val >= 256 || val == 'o' ? take(context, val, optarg) : take_common(cli, val, optarg);
        if (!is_fine)
            return CLI_USAGE;
    }
    if (argc - optind < least)
        return cli_usage(verb, "%s: too few arguments", verb->name);
    if (argc - optind > most)
        return cli_usage(verb, "%s: too many arguments, from \"%s\" on", verb->name, argv[optind + most]);
    if (cli->receipt_path != NULL && cli->no_receipt != NULL)
        return cli_usage(verb, "--receipt: %s", cli->no_receipt);
    return -1;
}

/* The first of the default places that holds a policy; empty where none does. */
static void default_policy_path(char *out, size_t capacity) {
    const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME"), *data = getenv("XDG_DATA_HOME");
    char places[3][4096] = {"", "", ""};
    if (config != NULL && *config != '\0')
        snprintf(places[0], sizeof places[0], "%s/depositary/policy", config);
    else if (home != NULL)
        snprintf(places[0], sizeof places[0], "%s/.config/depositary/policy", home);
    /* A daemon of one's own comes before the one that the machine's administrator installed. */
    if (geteuid() != 0 && data != NULL && *data != '\0')
        snprintf(places[1], sizeof places[1], "%s/depositary/policy", data);
    else if (geteuid() != 0 && home != NULL)
        snprintf(places[1], sizeof places[1], "%s/.local/share/depositary/policy", home);
    snprintf(places[2], sizeof places[2], "/var/lib/depositary/policy");
    out[0] = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (places[i][0] != '\0' && access(places[i], R_OK) == 0) {
            snprintf(out, capacity, "%.4095s", places[i]);
            return;
        }
}

int cli_policy(struct cli *cli) {
    if (cli->policy != NULL)
        return 0;
    if (cli->policy_path == NULL) {
        default_policy_path(cli->policy_found, sizeof cli->policy_found);
        cli->policy_path = cli->policy_found;
    }
    if (*cli->policy_path == '\0') {
        cli_error(
            "no policy: nothing can be verified without the ledger's key. The depositary publishes it, and a daemon started on an empty "
            "folder writes it to DIR/policy; give it with --policy FILE or DEPOSITARY_POLICY, or put it at "
            "$XDG_CONFIG_HOME/depositary/policy");
        return CLI_USAGE;
    }
    depositary_failure failure;
    int error = depositary_policy_load(&cli->policy, cli->policy_path, &failure);
    if (error == 0)
        return 0;
    cli_error("policy %s: %s", cli->policy_path, failure.text);
    return cli_unusable(error);
}

static void state_dir(char *out, size_t capacity) {
    const char *home = getenv("HOME"), *state = getenv("XDG_STATE_HOME");
    out[0] = '\0';
    if (state != NULL && *state == '/')
        snprintf(out, capacity, "%s/depositary", state);
    else if (home != NULL && *home == '/')
        snprintf(out, capacity, "%s/.local/state/depositary", home);
}

int cli_client(struct cli *cli) {
    char state[4096];
    struct buffer floor;
    struct fault fault = {0};
    depositary_failure failure;
    if (cli->client != NULL)
        return 0;
    int status = cli_policy(cli);
    if (status != 0)
        return status;
    buffer_init(&floor, LIMIT_NOTE);
    if (cli->floor_path != NULL && file_read(&floor, cli->floor_path, &fault) != 0) {
        cli_error("--floor %s: %s", cli->floor_path, fault_text(&fault));
        buffer_free(&floor);
        return cli_unusable(fault.error);
    }
    if (cli->floor_path != NULL && floor.len == 0) {
        cli_error("--floor %s: empty, and so no checkpoint", cli->floor_path);
        buffer_free(&floor);
        return CLI_USAGE;
    }
    state_dir(state, sizeof state);
    const depositary_client_config config = {
        .endpoints = cli->connect,
        .policy = cli->policy,
        .timeout_ms = cli->timeout_s * 1000,
        .max_age_s = cli->max_age_s,
        .state_dir = state[0] != '\0' && !cli->for_office && !cli->is_forgetful ? state : NULL,
        .floor_note = cli->floor_path != NULL ? (const char *)floor.data : NULL,
        .floor_note_len = floor.len,
        .for_office = cli->for_office,
        .tls_ca_file = cli->ca_file,
        .tls_cert_file = cli->cert_file,
        .tls_key_file = cli->key_file,
        .tls_insecure = cli->is_insecure,
    };
    int error = depositary_client_new(&cli->client, &config, &failure);
    buffer_free(&floor);
    if (error == 0)
        return 0;
    cli_error("%s", failure.text);
    return error == DEPOSITARY_E_ARGUMENT ? CLI_USAGE : cli_exit_code(error);
}

void cli_clean_up(struct cli *cli) {
    depositary_client_free(&cli->client);
    depositary_policy_free(&cli->policy);
}

int cli_exit_code(int error) {
    if (error == DEPOSITARY_OK)
        return CLI_YES;
    if (depositary_error_is_verification(error))
        return CLI_UNVERIFIED;
    switch (error) {
    case DEPOSITARY_E_NO:
        return CLI_NO;
    case DEPOSITARY_E_ARGUMENT:
    case DEPOSITARY_E_POLICY:
        return CLI_USAGE;
    case DEPOSITARY_E_UNREACHABLE:
    case DEPOSITARY_E_TIMEOUT:
    case DEPOSITARY_E_CANCELLED:
        return CLI_UNREACHABLE;
    default:
        return CLI_REFUSED;
    }
}

int cli_unusable(int error) {
    return error == DEPOSITARY_E_MEMORY ? CLI_REFUSED : CLI_USAGE;
}

/* What a reader of a withdrawn text may still do; the withdrawal is proved by its edition. */
static void tell_withdrawal(const depositary_answer *answer) {
    const depositary_edition *edition = depositary_answer_edition(answer, 0);
    if (edition == NULL || strcmp(edition->act, "withdrawal") != 0)
        return;
    cli_note("proven: edition %u, of %s, is its withdrawal", edition->edition, edition->deposited_at);
    if (*edition->remark != '\0') {
        fputs("  remark: ", stderr);
        cli_text_error(edition->remark);
        fputc('\n', stderr);
    }
    if (edition->edition > 1)
        cli_note("the text before it can be read with --edition %u", edition->edition - 1);
}

void cli_key_note(int error) {
    if (error == DEPOSITARY_E_CHECKPOINT_KEY)
        cli_note(
            "the depositary may have retired the key that this policy pins: get its present policy from the depositary itself, by a way "
            "that you trust, not from this service; what was signed before verifies with the policy of its time (--policy FILE)");
}

int cli_answer_failed(struct cli *cli, const depositary_answer *answer, int error) {
    if (answer == NULL) {
        cli_error("%s", depositary_error_text(error));
        return cli_exit_code(error);
    }
    int status = 0;
    cli_error("%s", depositary_answer_error_text(answer));
    cli->error = error;
    cli_key_note(error);
    if (error == DEPOSITARY_E_NO) {
        bool is_proven = depositary_answer_absence_proven(answer);
        const depositary_ledger *ledger = depositary_answer_ledger(answer);
        if (is_proven)
            cli_note("proven: the register as of %s has no such entry",
                     ledger != NULL ? ledger->register_time : "its time");
        else
            cli_note("claimed: the service says so under its seal; nothing more proves it");
        if (cli->is_json) {
            json_t *object = is_proven ? cli_json_answer(answer) : json_object();
            json_object_set_new(object, "found", json_false());
            json_object_set_new(object, "absence", json_string(is_proven ? "proven" : "claimed"));
            json_object_set_new(object, "message", json_string(depositary_answer_error_text(answer)));
            status = cli_json_print(object);
        }
    } else if (depositary_answer_proofs_hold(answer)) {
        cli_note("the proofs of the text hold; only the time or the key of the seal is in doubt, so nothing is shown");
    }
    if (error == DEPOSITARY_E_STATUS && strcmp(depositary_answer_status_reason(answer), "WITHDRAWN") == 0)
        tell_withdrawal(answer);
    if (error == DEPOSITARY_E_FORK && cli->client != NULL && *depositary_client_fork_evidence(cli->client) != '\0')
        cli_note("both checkpoints are kept as evidence in %s", depositary_client_fork_evidence(cli->client));
    if (error == DEPOSITARY_E_STATUS && depositary_answer_status(answer) == STATUS_DATA_LOSS)
        return CLI_UNVERIFIED;
    return status != 0 ? status : cli_exit_code(error);
}

int cli_receipt(struct cli *cli, const depositary_answer *answer) {
    struct fault fault = {0};
    size_t len;
    if (cli->receipt_path == NULL ||
        answer == NULL) /* NULL: there was no memory for one, and that is told of the call */
        return 0;
    const void *receipt = depositary_answer_receipt(answer, &len);
    if (receipt == NULL) {
        cli_error("there is no sealed answer to keep in %s", cli->receipt_path);
        return CLI_REFUSED;
    }
    if (file_write(cli->receipt_path, bytes_of(receipt, len), 0644, &fault) == 0)
        return 0;
    cli_error("--receipt %s: %s", cli->receipt_path, fault_text(&fault));
    return CLI_REFUSED;
}
