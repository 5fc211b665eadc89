/*
 * backup and restore: the ledger of a depositaryd's data folder as one file, taken while it is served, and put in its place (ledger/backup.h).
 * They work on the folder and ask no service. The policy by which a backup is believed is the folder's or the one that is given, never
 * one that came with the backup.
 */
#include "cli/desk.h"

#include "base/file.h"
#include "base/time.h"
#include "ledger/backup.h"

#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLICY_MODE 0644

enum { OPT_DATA = CLI_OPT_OWN };

static const struct option options[] = {{"data", required_argument, NULL, OPT_DATA}, {0}};

struct backing {
    struct cli *cli;
    const char *file;
    const char *data_option; /* --data; NULL: none */
    char dir[PATH_MAX];
    char folder_policy[PATH_MAX]; /* DIR/policy */
    const char *policy_path;      /* the one that is used */
    struct buffer policy_text;
    struct policy *policy;
};

static bool take(void *context, int val, const char *argument) {
    struct backing *backing = context;
    (void)val;
    if (*argument == '\0') {
        cli_error("--data takes a folder");
        return false;
    }
    backing->data_option = argument;
    return true;
}

/* --data, DEPOSITARY_DATA, or the daemon's default. 0 or an exit code, told. */
static int find_folder(struct backing *backing) {
    const char *given = backing->data_option ? backing->data_option : getenv("DEPOSITARY_DATA");
    int len = 0;
    if (given && *given != '\0') {
        len = snprintf(backing->dir, sizeof(backing->dir), "%s", given);
    } else if (!desk_data_dir(backing->dir)) {
        cli_error("which folder? Give --data DIR or DEPOSITARY_DATA");
        return CLI_USAGE;
    }
    if (len < 0 || len >= PATH_MAX ||
        file_path(backing->folder_policy, sizeof(backing->folder_policy), backing->dir, "policy") != 0) {
        cli_error("the folder's path is too long");
        return CLI_USAGE;
    }
    return 0;
}

static int read_policy(struct backing *backing) {
    struct fault fault = {0};
    backing->policy_path = backing->cli->policy_path ? backing->cli->policy_path : backing->folder_policy;
    int error = file_read_trusted(&backing->policy_text, backing->policy_path, &fault);
    if (error == DEPOSITARY_E_MISSING && !backing->cli->policy_path) {
        cli_error("%s has no policy, by which a ledger is checked; give --policy FILE, from where your readers get it",
                  backing->dir);
        return CLI_USAGE;
    }
    if (!error) {
        error = policy_parse(&backing->policy, buffer_bytes(&backing->policy_text), &fault);
    }
    if (error) {
        cli_error("policy %s: %s", backing->policy_path, fault_text(&fault));
        return cli_unusable(error);
    }
    return 0;
}

/* Reads options, folder and policy; -1 to go on, or an exit code. */
static int begin(struct backing *backing, const struct verb *verb, int argc, char **argv) {
    int status = cli_options(backing->cli, verb, argc, argv, options, take, backing, 1, 1);
    if (status >= 0) {
        return status;
    }
    backing->file = argv[optind];
    status = find_folder(backing);
    if (status == 0) {
        status = read_policy(backing);
    }
    return status == 0 ? -1 : status;
}

static void end(struct backing *backing) {
    buffer_free(&backing->policy_text);
    policy_free(backing->policy);
}

static int tell_failure(struct cli *cli, const struct fault *fault, int error) {
    bool is_unsound = depositary_error_is_verification(error) || error == DEPOSITARY_E_DAMAGED ||
                      error == DEPOSITARY_E_RULE || error == DEPOSITARY_E_RECORD || error == DEPOSITARY_E_FORMAT;
    cli_error("%s", fault->error ? fault_text(fault) : depositary_error_text(error));
    cli->error = error;
    return is_unsound ? CLI_UNVERIFIED : CLI_REFUSED;
}

/* What is held now, under the name `what` of it in JSON. */
static int report(const struct backing *backing, const char *what, const char *place, const struct backup *backup) {
    char time[TIME_TEXT_LEN + 1] = "", root[2 * HASH_LEN + 1];
    struct bytes origin = policy_origin(backing->policy);
    sodium_bin2hex(root, sizeof(root), backup->root.bytes, HASH_LEN);
    if (backup->size > 0 && !time_print(time, backup->register_time_s)) {
        time[0] = '\0';
    }
    if (backing->cli->is_json) {
        return cli_json_print(json_pack("{s:s, s:b, s:s%, s:I, s:s, s:s}", what, place, "verified", 1, "origin",
                                        (const char *)origin.data, origin.len, "ledger_size", (json_int_t)backup->size,
                                        "register_time", time, "root", root));
    }
    printf("%s: %.*s, %" PRIu64 " entries", place, (int)origin.len, (const char *)origin.data, backup->size);
    if (backup->size > 0) {
        printf(", the register of %s, root %s", time, root);
    }
    printf("; every hash, rule and signature checked\n");
    return cli_finish();
}

int verb_backup(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct backing backing = {.cli = cli};
    struct backup made;
    struct fault fault = {0};
    buffer_init(&backing.policy_text, POLICY_TEXT_MAX);
    int status = begin(&backing, verb, argc, argv);
    if (status < 0) {
        int error = ledger_back_up(backing.dir, backing.file, backing.policy, &made, &fault);
        status = error ? tell_failure(cli, &fault, error) : report(&backing, "backup", backing.file, &made);
    }
    end(&backing);
    return status;
}

/* A folder without a policy gets the one by which its ledger was checked. */
static int give_policy(const struct backing *backing, bool *is_given) {
    struct fault fault = {0};
    *is_given = access(backing->folder_policy, F_OK) != 0;
    int error =
        *is_given ? file_write(backing->folder_policy, buffer_bytes(&backing->policy_text), POLICY_MODE, &fault) : 0;
    return error ? tell_failure(backing->cli, &fault, error) : 0;
}

static int restore(struct backing *backing, const char *file) {
    struct backup made;
    struct fault fault = {0};
    bool is_policy_given = false;
    int error = ledger_restore(file, backing->dir, backing->policy, &made, &fault);
    if (error) {
        return tell_failure(backing->cli, &fault, error);
    }
    int status = give_policy(backing, &is_policy_given);
    if (status != 0) {
        return status;
    }
    if (made.is_replacing) {
        cli_note("the ledger that was there, of %" PRIu64 " entries, is the backup's beginning, and was replaced",
                 made.replaced);
    }
    if (is_policy_given) {
        cli_note("%s is a copy of %s", backing->folder_policy, backing->policy_path);
    }
    cli_note("the answer key is no part of a backup: depositaryd --data %s --print-key-request shows the one that the "
             "office must have authorised",
             backing->dir);
    return report(backing, "restored", backing->dir, &made);
}

int verb_restore(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct backing backing = {.cli = cli};
    buffer_init(&backing.policy_text, POLICY_TEXT_MAX);
    int status = begin(&backing, verb, argc, argv);
    if (status < 0) {
        char *file = realpath(backing.file, NULL); /* the backup may be known by a link, as "latest" */
        status = restore(&backing, file ? file : backing.file);
        free(file);
    }
    end(&backing);
    return status;
}
