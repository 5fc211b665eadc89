/*
 * The depositary's office: a folder with the ledger key and its own copy of the whole ledger. It signs only what extends its own
 * last checkpoint, keeps what it signed durably before it leaves, and learns nothing from servers. PROTOCOL.md section 2.
 *
 *   office/key            the ledger key, sealed with a passphrase (Argon2id, secretbox) or, for machines, open; 0600
 *   office/policy         the two pinned keys (ledger key and spare), tlog-policy
 *   office/ledger.db      its own ledger (ledger/ledger.h): every entry, clause and signed checkpoint
 *   office/lock           held (flock(2)) from office_open to office_close, so that two processes never sign at once
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
    /* Where the spare key goes; made where it is not there; not inside the office. NULL, for the daemon's first start only: the folder
     * "office-spare" beside the office, to be moved elsewhere with it. */
    const char *spare_dir;
};

/**
 * Makes a new office in an empty or new folder: keys, policy, an empty ledger. Nothing but folders stays where it fails.
 * DEPOSITARY_E_EXISTS: the folder is not empty, or there is a spare key already. DEPOSITARY_E_ARGUMENT: origin, passphrase or spare_dir.
 */
MUST_USE int office_create(const char *dir, const struct office_init *init, struct fault *fault);
/**
 * Opens it; passphrase NULL where none was set, else copied into guarded memory. The key is read only when something is signed.
 * DEPOSITARY_E_PERMISSION: another's folder, or one that group or others may enter. DEPOSITARY_E_STATE: another process has it open.
 */
MUST_USE int office_open(struct office **out, const char *dir, const char *passphrase, struct fault *fault);
void office_close(struct office *office); /* NULL is fine */
/** Gives the passphrase after opening, once the holder has seen what is to be signed; it is tried when it is needed. */
MUST_USE int office_unlock(struct office *office, const char *passphrase, struct fault *fault);
/** Whether its key is sealed with a passphrase; needs no lock. */
MUST_USE int office_needs_passphrase(bool *out, const char *dir, struct fault *fault);
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
    /** C2SP tlog-witness: posts `request` to <url>/add-checkpoint. *status is the HTTP status, and the body is appended to *reply, within
     * its limit. An error where no answer came. May be NULL: then no witness is asked. */
    MUST_USE int (*add_checkpoint)(void *context, const char *url, struct bytes request, unsigned *status,
                                   struct buffer *reply, struct fault *fault);
    /** May be NULL: told of progress. */
    void (*progress)(void *context, const char *what, uint64_t done, uint64_t all);
};

/** A link to a ledger in this process. */
void office_link_local(struct office_link *out, struct ledger *ledger);

/** How a ledger key is retired: its spare takes over. */
struct office_retire {
    const char *dir;           /* the office's folder */
    const char *spare_path;    /* the spare key's file */
    const char *passphrase;    /* of the spare, and then of the next one; NULL: they are open */
    const char *new_spare_dir; /* where the next spare key goes; not inside the office */
};

/**
 * Retires the ledger key, which need not be there any more. The spare signs a register alone (asking the server first, as office_sign does) and
 * every checkpoint of before; then it is the office's key, and the office's policy pins it and a new spare; the policy that ends is kept as
 * <dir>/policy-until-<entries>. The office is closed after this, whatever came of it; done again it goes on where it stopped.
 * DEPOSITARY_E_POLICY: not a key of the policy. Else as key_read, key_generate, office_sign.
 */
MUST_USE int office_retire(struct office *office, const struct office_retire *how, const struct office_link *link,
                           int64_t now_s, struct fault *fault);

/** Copies a closed office into an empty or new folder, and checks the copy as office_open does; *size is its ledger's. */
MUST_USE int office_back_up(const char *dir, const char *to, uint64_t *size, struct fault *fault);

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
    char *
        translation_of; /* of a translation: a language tag (its latest edition is meant), or an edition record's leaf hash in base64 */
    char *remark;
};
#define DESCRIPTION_MAX (64u * 1024) /* bytes of a description file */
/** DEPOSITARY_E_FORMAT with the line: an unknown or repeated key, a value that a record cannot hold, a line that is missing. */
MUST_USE int description_parse(struct description *out, struct bytes text, struct fault *fault);
/** The description that an edition was deposited with, but for its remark: what a correction starts from. */
MUST_USE int description_of_record(struct description *out, const struct edition_record *record);
void description_free(struct description *description);

/** Appends the record of the latest edition, by the office's own ledger. DEPOSITARY_E_MISSING. */
MUST_USE int office_latest(struct office *office, struct bytes instrument, struct bytes language, struct buffer *record,
                           struct fault *fault);

/** Records of one append, before they are signed; the register is added by office_sign. It belongs to the ledger's state at the time it was
 * made: once something else was signed it is of no use. */
struct office_draft;
MUST_USE int office_draft_new(struct office_draft **out, struct office *office);
void office_draft_free(struct office_draft *draft);
/**
 * A first edition, or the next of the same instrument and language (then act is not ACT_DEPOSIT). source is the file, which is copied;
 * outline its units, NULL for a withdrawal. remark NULL: the description's.
 * DEPOSITARY_E_EXISTS where the latest edition has the same source and description: nothing to do. DEPOSITARY_E_RULE: two units
 * whose eIds clash. DEPOSITARY_E_SOURCE: the units are not the source. DEPOSITARY_E_STATE, DEPOSITARY_E_MISSING: the act does not fit.
 */
MUST_USE int office_draft_edition(struct office_draft *draft, const struct description *about, enum edition_act act,
                                  const char *remark, struct bytes source, const struct outline *outline, int64_t now_s,
                                  struct fault *fault);
/** Authorises an answer key. DEPOSITARY_E_EXISTS: it has a record already. DEPOSITARY_E_KEY_ROLE: it is one of the policy's. */
MUST_USE int office_draft_key(struct office_draft *draft, const uint8_t public_key[PUBLIC_KEY_LEN], const char *holder,
                              int64_t not_before, int64_t not_after, struct fault *fault);
/** Revokes one. DEPOSITARY_E_MISSING: no such key. DEPOSITARY_E_EXISTS: revoked already. remark NULL: none. */
MUST_USE int office_draft_revocation(struct office_draft *draft, const uint8_t public_key[PUBLIC_KEY_LEN],
                                     int64_t revoked_at, const char *remark, struct fault *fault);
/** Number of records, and one of them, for showing before it is signed. */
size_t office_draft_count(const struct office_draft *draft);
struct bytes office_draft_record(const struct office_draft *draft, size_t index);

/**
 * Adds the register, signs the checkpoint and keeps it all in the office's ledger, durable. With a link the server's checkpoint is looked at
 * first: one under our key that our copy lacks stops it (DEPOSITARY_E_FORK: restored from an old back-up), and so does a server that
 * cannot be reached. A note that does not verify teaches nothing and is passed over. Witnesses are asked likewise, but may be away. link
 * may be NULL: nobody is asked. DEPOSITARY_E_QUORUM: the last checkpoint still lacks cosignatures, which a later one would never get it.
 * An empty draft signs a register alone, which renews its time. DEPOSITARY_E_LIMIT: more than one AppendEntries can carry.
 */
MUST_USE int office_sign(struct office *office, struct office_draft *draft, const struct office_link *link,
                         int64_t now_s, struct fault *fault);

/** How many entries of the office's ledger the server shows under a checkpoint; 0 where it has none, or shows what does not verify.
 * DEPOSITARY_E_FORK as for office_sign. */
MUST_USE int office_look(struct office *office, const struct office_link *link, uint64_t *held, struct fault *fault);

/**
 * Asks the witness at this URL (its submission prefix) to cosign the last checkpoint, and keeps the cosignatures of witnesses of the policy
 * that the note lacks; *added is their number. C2SP tlog-witness. DEPOSITARY_E_FORK: the witness has seen a larger ledger, or another one.
 * DEPOSITARY_E_STATUS: it refuses; DEPOSITARY_E_RESPONSE: what it says is no answer; DEPOSITARY_E_MISSING: there is nothing to cosign.
 */
MUST_USE int office_cosign(struct office *office, const struct office_link *link, const char *url, size_t *added,
                           struct fault *fault);
/** Whether the last checkpoint has as many cosignatures as the office's policy asks for. */
bool office_has_quorum(struct office *office);

/**
 * Sends what the server lacks, checkpoint by checkpoint, and cosignatures of the last one. *sent is the number of checkpoints sent, set also where it fails. The server's word
 * about its size is a hint where to begin; sending again what it has does no harm, so after any failure this is simply called again.
 * DEPOSITARY_E_FORK as for office_sign. DEPOSITARY_E_QUORUM: the last checkpoint is to be cosigned first.
 */
MUST_USE int office_push(struct office *office, const struct office_link *link, uint64_t *sent, struct fault *fault);

#endif
