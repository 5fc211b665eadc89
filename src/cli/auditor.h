/*
 * The auditor: reads a whole ledger, entry by entry, and believes nothing. PROTOCOL.md section 2. Twice over the entries: first their rules and
 * root, then, with the root proved, every edition's clauses. Memory grows with what the register says and with the clauses of one
 * edition, not with the ledger or its texts. Where the bytes come from is a struct audit_source: a service, a folder, a web server.
 */
#ifndef CLI_AUDITOR_H
#define CLI_AUDITOR_H

#include "cli/cli.h"
#include "ledger/rebuild.h"
#include "ledger/rules.h"
#include "ledger/tile_maker.h"

struct auditor;

#define AUDIT_NO_CLAUSES (-1) /* in place of an exit code: the source has entries and tiles only */

/** All functions return 0 or an exit code, told. */
struct audit_source {
    void *context;
    /** Gives one or more entries from `start` on, with auditor_entry. */
    int (*entries)(void *context, struct auditor *auditor, uint64_t start);
    /** Gives every clause record of the edition in order, with auditor_clause; or AUDIT_NO_CLAUSES, and then no edition's are looked at. */
    int (*clauses)(void *context, struct auditor *auditor, const struct edition_record *edition);
    /** Told of every tile of the ledger as its entries make it. May be NULL. */
    int (*tile)(void *context, const struct tile *tile, struct bytes bytes);
    /** Told of every clause record as it is taken; its edition's root is compared after the last. May be NULL. */
    int (*clause)(void *context, const struct hash *edition, uint64_t place, struct bytes record);
};

struct audit_counts {
    uint64_t editions, clauses, keys, revocations, registers;
};

struct auditor {
    struct cli *cli; /* told of the error by which it fails */
    const struct audit_source *source;
    const struct policy *policy;
    struct checkpoint checkpoint; /* verified under the policy */
    struct checkpoint floor;      /* size 0: none */
    uint64_t next;                /* entry */
    bool is_second;               /* the pass over editions */
    struct rules rules;
    struct register_lines *lines;
    struct tile_maker tiles;
    int tile_status; /* exit code of the source's `tile` */
    uint64_t clauses_expected;
    struct merkle_edge again; /* of the second pass */
    struct rebuild rebuild;   /* of the edition at hand */
    struct hash edition;      /* its leaf hash */
    uint64_t edition_index;
    enum record_type last;
    bool has_no_clauses; /* the source has none: they were not looked at */
    struct audit_counts counts;
};

/** Takes the next entry. */
int auditor_entry(struct auditor *auditor, struct bytes record);
/** Takes the next clause of the edition at hand. */
int auditor_clause(struct auditor *auditor, struct bytes record);

/** Audits the ledger of the verified checkpoint. floor may be NULL. 0 or an exit code, told. auditor_free in any case. */
int audit(struct auditor *auditor, struct cli *cli, const struct audit_source *source, const struct policy *policy,
          const struct checkpoint *checkpoint, const struct checkpoint *floor);
void auditor_free(struct auditor *auditor);

/** Tells what is wrong, with exit code CLI_UNVERIFIED, or that of an error that proves nothing. */
int audit_failed(struct cli *cli, int error, const struct fault *fault);
/** Tells what was found, by which the ledger is not what it should be; CLI_UNVERIFIED. */
int audit_found(struct cli *cli, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** The policy as the rules ask for it. 0 or an exit code, told. The caller frees *out. */
int audit_policy(struct cli *cli, struct policy **out);

/* audit_rpc.c */

/** A service, over the client. */
int audit_rpc_entries(void *context, struct auditor *auditor, uint64_t start); /* context: struct cli */
int audit_rpc_clauses(void *context, struct auditor *auditor, const struct edition_record *edition);

/* audit_files.c */

struct audit_files;
/** "http://..." or a folder, laid out as C2SP tlog-tiles, with clauses/<hex leaf hash>/<place>. 0 or an exit code, told. */
int audit_files_open(struct audit_files **out, struct cli *cli, const char *place);
void audit_files_free(struct audit_files *files);
/** Its checkpoint's note, not verified. 0 or an exit code, told. */
int audit_files_checkpoint(struct audit_files *files, struct buffer *note);
/** What the auditor reads there. A web server may have no clauses; in a folder they must be. */
void audit_files_source(struct audit_source *out, struct audit_files *files);

#endif
