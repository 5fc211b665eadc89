/* What the files of the office's room share, and nobody else sees. */
#ifndef OFFICE_ROOM_H
#define OFFICE_ROOM_H

#include "office/office.h"

#include <limits.h>

#define PATH_ROOM PATH_MAX /* bytes of a path, with its NUL */

struct office {
    char key_path[PATH_ROOM];
    char *passphrase; /* guarded memory; NULL: the key file is open */
    int lock_fd;      /* holds office/lock */
    struct policy *policy;
    struct ledger
        *ledger; /* under the policy's keys, but without its quorum: what was signed is kept before it is cosigned */
};

/* ---- office.c */

/** An empty folder of ours that nobody else may enter; made where it is not there. DEPOSITARY_E_EXISTS: it is not empty. */
MUST_USE int office_prepare_dir(const char *dir, struct fault *fault);
/** Where a spare key's file goes, in spare_dir (NULL: beside the office); the folder is made. DEPOSITARY_E_ARGUMENT: it lies in the office. */
MUST_USE int office_spare_path(char out[PATH_ROOM], const char *dir, const char *spare_dir, struct fault *fault);
/** Held until the descriptor is closed. DEPOSITARY_E_STATE: another process has it. */
MUST_USE int office_take_lock(int *out, const char *dir, struct fault *fault);

/* ---- sign.c */

/** Whether the key is a ledger key of the policy, by name and bytes. */
bool office_pins(const struct policy *policy, const struct verifier_key *key);

/* ---- look.c */

/**
 * Asks for the server's checkpoint and judges it. *held is the number of entries that it shows of our ledger, 0 where it has none or shows
 * what does not verify; then the note is appended to *shown (which may be NULL). DEPOSITARY_E_FORK: it verifies, and our ledger is not
 * an extension of it.
 */
MUST_USE int look_at_server(struct office *office, const struct office_link *link, uint64_t *held, struct buffer *shown,
                            struct fault *fault);

/* ---- cosign.c */

/** Asks every witness that the policy gives a URL, where the link can: DEPOSITARY_E_FORK where one has seen what our ledger lacks. One
 * that cannot be asked, or refuses, stops nothing. */
MUST_USE int look_at_witnesses(struct office *office, const struct office_link *link, struct fault *fault);

/* ---- append.c: one append on its way, to a server or into the office's own ledger */

/** Gives a clause record of the append's edition record number `entry`, and its path to clauses-root. Appends to *record. */
typedef int append_clause_source(void *context, size_t entry, const struct edition_record *edition, uint64_t place,
                                 struct buffer *record, struct merkle_path *path, struct fault *fault);

struct append {
    const struct bytes *records; /* the last is a register */
    size_t count;
    struct bytes checkpoint;
    append_clause_source *clause;
    void *context;
};

/** Most bytes of the records and the checkpoint of one append, so that AppendEntries stays below LIMIT_REQUEST_APPEND. */
#define APPEND_MAX (LIMIT_REQUEST_APPEND - 64u * 1024)
/** What they count for there, each with what its field costs. */
size_t append_cost(const struct bytes *records, size_t count, size_t checkpoint_len);

/** Sends the append and the clauses that are listed as missing until it is taken. DEPOSITARY_E_STATUS: the other side never has enough. */
MUST_USE int append_deliver(const struct append *append, const struct office_link *link, struct fault *fault);

/* ---- deposit.c, for sign.c */

/** An edition of a draft, with what its clause records are printed from. */
struct draft_edition {
    size_t entry; /* index of its record in the draft */
    uint8_t *source;
    struct unit *units;
    size_t units_count;
    struct merkle_tree tree;
};

struct office_draft {
    struct office *office;
    const struct ledger_state *state; /* what it extends */
    struct register_lines *lines;     /* of that state and the records here */
    int64_t last_time;                /* no time after may be before this one */
    struct buffer *records;
    size_t count;
    struct draft_edition *editions;
    size_t editions_count;
};

/** The clauses of a draft: an append_clause_source, whose context is the draft. */
int draft_clause(void *context, size_t entry, const struct edition_record *edition, uint64_t place,
                 struct buffer *record, struct merkle_path *path, struct fault *fault);

#endif
