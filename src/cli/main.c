/* depositary: the command line. Common options, then the verb. */
#include "cli/cli.h"

#include "base/secrecy.h"

#include <stdlib.h>
#include <string.h>

static const struct verb *find_verb(const char *name) {
    for (size_t i = 0; i < verbs_count; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static void print_help(void) {
    printf("Usage: depositary [OPTION...] VERB [ARGUMENT...]\n"
           "Gets clauses of treaties and laws from a depositary, and verifies every byte of them.\n\n");
    for (size_t i = 0; i < verbs_count; i++)
        printf("  %-12s %s\n", verbs[i].name, verbs[i].summary);
    printf(
        "\nOptions of every verb:\n"
        "  --connect URL      the service (DEPOSITARY_CONNECT; tcp://127.0.0.1:7769)\n"
        "  --policy FILE      whom to trust (DEPOSITARY_POLICY; $XDG_CONFIG_HOME/depositary/policy)\n"
        "  --json             print one JSON object\n"
        "  --timeout SECONDS  wait at most this long (10)\n"
        "  --receipt FILE     keep the call as evidence\n"
        "  --max-age SECONDS  refuse an older register\n"
        "  --floor NOTE       refuse a ledger older than this checkpoint\n"
        "  --ca, --cert, --key FILE  for tls+tcp://\n"
        "  --insecure         no look at the certificate of tls+tcp:// on loopback\n"
        "  -h, --help         help on a verb      --version  the version\n\n"
        "Exit codes: 0 yes, and verified; 1 the verified answer is no; 2 wrong usage; 3 not reachable or timed out;\n"
        "4 verification failed, and nothing of the text is printed; 5 refused or failed.\n\n"
        "Example: depositary get az-cn-joint-statement-2025 11\n");
}

/** Number of leading arguments that are common options, with their values. */
static int leading_options(int argc, char **argv) {
    static const char *const with_value[] = {"--connect", "--policy", "--timeout", "--receipt", "--max-age",
                                             "--floor",   "--ca",     "--cert",    "--key"};
    int at = 1;
    while (at < argc && argv[at][0] == '-' && argv[at][1] != '\0') {
        const char *option = argv[at++];
        for (size_t i = 0; i < sizeof with_value / sizeof *with_value; i++)
            if (strcmp(option, with_value[i]) == 0 && at < argc) {
                at++;
                break;
            }
    }
    return at;
}

int main(int argc, char **argv) {
    secrecy_forbid_dumps(); /* the office's verbs hold keys and passphrases */
    struct cli cli = {
        .connect = getenv("DEPOSITARY_CONNECT"), .policy_path = getenv("DEPOSITARY_POLICY"), .timeout_s = 10};
    if (cli.connect == NULL || *cli.connect == '\0')
        cli.connect = "tcp://127.0.0.1:7769";
    if (cli.policy_path != NULL && *cli.policy_path == '\0')
        cli.policy_path = NULL;

    cli_json_begin();
    int at = leading_options(argc, argv);
    if (at >= argc) {
        for (int i = 1; i < argc; i++) {
            if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
                print_help();
                return CLI_YES;
            }
            if (strcmp(argv[i], "--version") == 0) {
                printf("depositary %s\n", DEPOSITARY_VERSION);
                return CLI_YES;
            }
        }
        cli_error("no verb; see depositary --help");
        return CLI_USAGE;
    }
    const struct verb *verb = find_verb(argv[at]);
    if (verb == NULL) {
        cli_error("no verb \"%s\"; see depositary --help", argv[at]);
        return CLI_USAGE;
    }
    if (depositary_verify_init() != 0) {
        cli_error("this system has no source of randomness");
        return CLI_REFUSED;
    }

    /* The options before the verb join those behind it. */
    char *name = argv[at];
    memmove(&argv[2], &argv[1], (size_t)(at - 1) * sizeof *argv);
    argv[1] = name;
    int status = verb->run(&cli, verb, argc - 1, argv + 1);
    if (status == CLI_UNVERIFIED && cli.is_json && !cli.is_unverified_told)
        cli_json_unverified(&cli, NULL);
    cli_clean_up(&cli);
    /* Without nng_fini, which now and then ends the process where a connection is still on its way ("panic: pthread_mutex_lock", in nng 1.5.2 and 1.10): the exit
     * code would be that. */
    return status;
}
