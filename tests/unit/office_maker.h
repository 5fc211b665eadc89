/* Offices, instruments and servers for tests: in a temporary folder, real keys, real ledgers. */
#ifndef OFFICE_MAKER_H
#define OFFICE_MAKER_H

#include "office/office.h"

#define MADE_ORIGIN "test.example/ledger"
#define MADE_NOW    1735689600 /* 2025-01-01T00:00:00Z */

struct made_office {
    char dir[64];     /* everything is in here */
    char office[128]; /* dir/office */
    char spare[128];  /* dir/spare */
    struct office *office_open;
};

/** A temporary folder with an office whose key file is open. */
void made_office_init(struct made_office *made);
/** The same with nothing in the folder. */
void made_office_init_bare(struct made_office *made);
void made_office_open(struct made_office *made, const char *passphrase);
void made_office_close(struct made_office *made);
void made_office_free(struct made_office *made);

/** Copies the closed office to dir/<name>, and puts such a copy in its place. */
void made_office_back_up(const struct made_office *made, const char *name);
void made_office_restore(const struct made_office *made, const char *name);

uint64_t made_office_size(const struct made_office *made);

/** Signs a key record; the key follows from `number`. */
void made_sign_key(struct made_office *made, uint8_t number);
void made_public_key(uint8_t out[PUBLIC_KEY_LEN], uint8_t number);

/** An outline with a unit cl_1, cl_2 ... for each line of the text. */
void made_outline(struct outline *out, struct bytes text);
/** A description with this name, in English. */
void made_description(struct description *out, const char *instrument);
/** Drafts a first edition of `text` and signs it. The error of what fails. */
int made_deposit(struct made_office *made, const char *instrument, struct bytes text, const struct office_link *link,
                 int64_t now_s, struct fault *fault);

/** A server: a ledger in dir/<name>, under the office's policy, and a link to it that can fail and lie. */
struct made_server {
    struct ledger *ledger;
    struct policy *policy;
    char url[160];
    struct office_link link; /* of context this */

    unsigned calls;              /* so far */
    unsigned fail_at;            /* this call fails; 0: none, 1: the first */
    bool is_answer_lost;         /* it is done all the same, and only its answer is lost */
    bool is_restarted;           /* instead of failing, the server restarts before it */
    struct bytes lie;            /* the note to show in place of the true one */
    bool is_hiding;              /* shows an empty ledger */
    struct append_result demand; /* with missing_count or is_demanding: asked for at each append */
    bool is_demanding;
    size_t largest_put;   /* bytes of records and paths of the largest PutClauses */
    uint64_t put_clauses; /* clauses received */
};

void made_server_init(struct made_server *server, const struct made_office *made, const char *name);
void made_server_free(struct made_server *server);
bool made_server_equals(struct made_server *server, const struct made_office *made);

#endif
