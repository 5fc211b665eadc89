/*
 * A backup of a depositary's ledger, and putting one in its place. A backup is one file with the ledger and no secret: entries, clauses,
 * checkpoints. It is believed in nothing: both making and restoring check every hash, rule and signature under the policy.
 */
#ifndef LEDGER_BACKUP_H
#define LEDGER_BACKUP_H

#include "ledger/ledger.h"

#define LEDGER_LOCK "lock" /* in the folder; whoever serves or replaces its ledger holds it (file_lock) */
#define LEDGER_FILE "ledger.db"

/** What a backup holds. */
struct backup {
    uint64_t size; /* entries; 0: an empty ledger, and then there is no more */
    struct hash root;
    int64_t register_time_s;
    bool is_replacing; /* restore: there was a ledger, of so many entries */
    uint64_t replaced;
};

/**
 * Writes the ledger of the folder, which may be served and appended to meanwhile, to a new file (0600), durable when this returns.
 * DEPOSITARY_E_EXISTS: `to` is there. DEPOSITARY_E_MISSING: no ledger. As ledger_open: what is wrong with the ledger, and no backup is left.
 */
MUST_USE int ledger_back_up(const char *dir, const char *to, const struct policy *policy, struct backup *out,
                            struct fault *fault);

/**
 * Makes a backup the ledger of a folder, which is made where it is not there. DEPOSITARY_E_STATE: a daemon runs on it, or its ledger is
 * ahead of the backup. DEPOSITARY_E_FORK: its ledger is another one. DEPOSITARY_E_DAMAGED, DEPOSITARY_E_FORMAT, and as ledger_open: the
 * backup is not what it should be. Whatever fails leaves the folder's ledger as it was. As root, the file becomes the folder's owner's.
 */
MUST_USE int ledger_restore(const char *from, const char *dir, const struct policy *policy, struct backup *out,
                            struct fault *fault);

#endif
