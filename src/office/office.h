/*
 * The depositary's office: a folder with the ledger key and its own copy of the whole ledger. It signs only what extends its own
 * last checkpoint, keeps what it signed durably before it leaves, and learns nothing from servers. PROTOCOL.md section 2.
 *
 *   office/key            the ledger key, sealed with a passphrase (Argon2id, secretbox) or, for machines, open; 0600
 *   office/policy         the two pinned keys (ledger key and spare), tlog-policy
 *   office/ledger.db      its own ledger (ledger/ledger.h): every entry, clause and signed checkpoint
 *   <spare>/spare-key     the spare key, kept elsewhere
 */
#ifndef OFFICE_OFFICE_H
#define OFFICE_OFFICE_H

#include "ledger/ledger.h"
#include "text/import.h"

struct office;

struct office_init {
    const char *origin;     /* of the new ledger */
    const char *passphrase; /* NULL: the key file is open (--no-passphrase) */
    const char *spare_dir;  /* where the spare key goes; not inside the office */
};

/** Makes a new office in an empty or new folder, keys and policy. */
MUST_USE int office_create(const char *dir, const struct office_init *init, struct fault *fault);
/** Opens it; passphrase NULL where none was set. The key is read only when something is signed. */
MUST_USE int office_open(struct office **out, const char *dir, const char *passphrase, struct fault *fault);
void office_close(struct office *office);
const struct policy *office_policy(const struct office *office);
struct ledger *office_ledger(struct office *office);

/** How an office reaches a server: over RPC (the command line), or within the process (the daemon's first start). All return error codes. */
struct office_link {
    void *context;
    /** The server's current checkpoint note; DEPOSITARY_E_MISSING where its ledger is empty. */
    MUST_USE int (*checkpoint)(void *context, struct buffer *note, struct fault *fault);
    /** ledger_append and ledger_put_clauses, there. */
    MUST_USE int (*append)(void *context, const struct bytes *records, size_t count, struct bytes checkpoint,
                           struct append_result *result, struct fault *fault);
    MUST_USE int (*put_clauses)(void *context, const struct hash *edition, const struct placed_clause *clauses,
                                size_t count, uint64_t *received, struct fault *fault);
    /** May be NULL: told of progress. */
    void (*progress)(void *context, const char *what, uint64_t done, uint64_t all);
};

/** A link to a ledger in this process. */
void office_link_local(struct office_link *out, struct ledger *ledger);

/** What is known of an instrument; a description file (--about) parsed. Strings are owned by it. */
struct description {
    char *instrument;
    char *language;
    char *title;
    char *date; /* NULL: none */
    char *place;
    char **parties;
    size_t parties_count;
    char *authenticity; /* as in the record */
    char *remark;
};
MUST_USE int description_parse(struct description *out, struct bytes text, struct fault *fault);
void description_free(struct description *description);

/** Records of one append, before they are signed; the register is added by office_sign. */
struct office_draft;
MUST_USE int office_draft_new(struct office_draft **out, struct office *office);
void office_draft_free(struct office_draft *draft);
/** A first edition, or the next of the same instrument and language (then act is not ACT_DEPOSIT). source is the file; outline its units.
 * DEPOSITARY_E_EXISTS where the latest edition has the same source and description: nothing to do. */
MUST_USE int office_draft_edition(struct office_draft *draft, const struct description *about, enum edition_act act,
                                  const char *remark, struct bytes source, const struct outline *outline, int64_t now_s,
                                  struct fault *fault);
MUST_USE int office_draft_key(struct office_draft *draft, const uint8_t public_key[PUBLIC_KEY_LEN], const char *holder,
                              int64_t not_before, int64_t not_after, struct fault *fault);
MUST_USE int office_draft_revocation(struct office_draft *draft, const uint8_t public_key[PUBLIC_KEY_LEN],
                                     int64_t revoked_at, const char *remark, struct fault *fault);
/** Number of records, and one of them, for showing before it is signed. */
size_t office_draft_count(const struct office_draft *draft);
struct bytes office_draft_record(const struct office_draft *draft, size_t index);

/**
 * Adds the register, signs the checkpoint and keeps it all in the office's ledger, durable. With a link the server's checkpoint is looked at
 * first: one under our key that our copy lacks stops it (DEPOSITARY_E_FORK: restored from an old back-up). link may be NULL.
 */
MUST_USE int office_sign(struct office *office, struct office_draft *draft, const struct office_link *link,
                         int64_t now_s, struct fault *fault);

/** Sends what the server lacks, checkpoint by checkpoint. *sent is the number of checkpoints sent. */
MUST_USE int office_push(struct office *office, const struct office_link *link, uint64_t *sent, struct fault *fault);

#endif
