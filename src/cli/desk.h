/*
 * What the office's verbs share: which office, its passphrase, the way to the server, signing and sending. The verbs are the only part of the
 * command line that holds a secret.
 */
#ifndef CLI_DESK_H
#define CLI_DESK_H

#include "cli/cli.h"
#include "office/office.h"

#include <limits.h>

struct desk {
    struct cli *cli;
    const char *office_option;   /* --office; NULL: the default places */
    const char *passphrase_file; /* NULL: asked for on the terminal */
    bool has_no_passphrase;      /* --no-passphrase */
    bool is_offline;             /* --offline: nobody is asked, nothing is sent */
    bool is_yes;                 /* --yes */
    bool is_dry_run;             /* --dry-run */
    bool shows_records;          /* --records */
    char dir[PATH_MAX];
    char policy_path[PATH_MAX];
    struct office *office;
    struct office_link link;
    char *servers; /* --connect, taken apart: texts one after another, each with its NUL, and an empty one at the end */
    bool has_progress; /* a line of progress stands on the terminal */
    bool is_seal_good; /* the key that sealed the last answer is an active answer key of this ledger */
    bool is_seal_told; /* that one was not was said */
};

enum {
    DESK_OPT_OFFICE = CLI_OPT_OWN,
    DESK_OPT_PASSPHRASE_FILE,
    DESK_OPT_OFFLINE,
    DESK_OPT_YES,
    DESK_OPT_DRY_RUN,
    DESK_OPT_RECORDS,
    DESK_OPT_OWN /* a verb's own options from here on */
};
#define DESK_OPTIONS                                                                                                   \
    {"office", required_argument, NULL, DESK_OPT_OFFICE},                                                              \
        {"passphrase-file", required_argument, NULL, DESK_OPT_PASSPHRASE_FILE},                                        \
        {"offline", no_argument, NULL, DESK_OPT_OFFLINE}, {"yes", no_argument, NULL, DESK_OPT_YES},                    \
        {"dry-run", no_argument, NULL, DESK_OPT_DRY_RUN}, {                                                            \
        "records", no_argument, NULL, DESK_OPT_RECORDS                                                                 \
    }

/** All zero but the command line; also a longer time limit, since a server checks a whole edition before it answers. */
void desk_init(struct desk *desk, struct cli *cli);
/** Takes one of DESK_OPTIONS. */
void desk_take(struct desk *desk, int val, const char *argument);
/** The daemon's default data folder. False where this user has none. */
bool desk_data_dir(char out[PATH_MAX]);
/** Finds the folder: --office, DEPOSITARY_OFFICE, or `office` in the daemon's default data folder. 0 or an exit code, told. */
int desk_find(struct desk *desk);
/** Finds and opens the office. 0 or an exit code, told. */
int desk_open(struct desk *desk);
/** Readies the way to the server, or to the first of several (--connect with commas between: replicas, each with a store of its own). 0 or an
 * exit code, told. */
int desk_connect(struct desk *desk);
/** Has the last checkpoint cosigned, by the witness at url, or by all of the policy's that have one (NULL). *added grows by the cosignatures
 * that are new. 0 where the quorum is met then, or an exit code, told. */
int desk_cosign(struct desk *desk, const char *url, size_t *added);
/** Asks for the passphrase where the key is sealed, signs the draft, has it cosigned and sends what the server lacks; with --offline only
 * signs. 0 or an exit code, told. */
int desk_sign(struct desk *desk, struct office_draft *draft, uint64_t *sent);
/** Sends to each server what it lacks; *sent grows. One that cannot be reached holds nothing up for the others. 0 or an exit code, told. */
int desk_push(struct desk *desk, uint64_t *sent);
/** Has what was signed cosigned, and sends it. 0 or an exit code, told. */
int desk_deliver(struct desk *desk, uint64_t *sent);
/** Prints the records of a draft to standard output. */
void desk_print_records(const struct office_draft *draft);
/** The size of the office's ledger. */
uint64_t desk_size(const struct desk *desk);
void desk_close(struct desk *desk);

/** Tells a fault on standard error; its exit code. */
int desk_fail(const struct fault *fault, int error);

/** Asks on the terminal; --yes answers for it. 0: yes; else an exit code, told. */
int desk_ask(const struct desk *desk, const char *question);

/* desk_link.c */

/** Sets the link: what is asked goes to the client that is there. A service that is UNAVAILABLE is asked again for 20 s, or --timeout where that is shorter. */
void desk_link(struct desk *desk);

/* desk_look.c */

/** After a push to the server at hand: whether it shows the office's last checkpoint, and gives the newest edition with its proofs. Waits for it
 * as long as a call may take, and a second more for every thousand clauses (DEPOSITARY_E_TIMEOUT). Where its answer key is no good the edition is not asked for. */
int desk_look_afterwards(struct desk *desk, struct fault *fault);

/* passphrase.c */

/** Reads a passphrase without echo from the terminal, or the first line of a file that is closed to others. *out is of sodium_malloc.
 * is_new: it is asked for twice. 0 or an exit code, told. */
int passphrase_read(char **out, const char *file, bool is_new);

#endif
