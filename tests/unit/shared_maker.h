/*
 * A database in memory, for tests of ledgers that several append to (ledger/shared.h), and a source to follow (ledger/source.h). It keeps what it is given,
 * can be made to lie, and to lose a commit.
 */
#ifndef TESTS_SHARED_MAKER_H
#define TESTS_SHARED_MAKER_H

#include "ledger/shared.h"
#include "ledger/source.h"

#define SHARED_ENTRIES_MAX 64
#define SHARED_CLAUSES_MAX 256

struct shared_row {
    uint64_t index; /* of the edition's entry, or SHARED_STAGED */
    struct hash edition;
    uint64_t place;
    struct bytes record; /* owned */
};
#define SHARED_STAGED UINT64_MAX

/** What a transaction may change: kept twice, so that it can be rolled back. */
struct shared_content {
    struct bytes entries[SHARED_ENTRIES_MAX];
    size_t entries_count;
    struct bytes notes[SHARED_ENTRIES_MAX + 1]; /* by size */
    struct shared_row rows[SHARED_CLAUSES_MAX];
    size_t rows_count;
};

enum shared_commit { COMMITS, COMMITS_UNTOLD, COMMIT_IS_LOST };

struct shared_maker {
    struct shared base;
    struct source source;
    struct shared_content content, before;
    bool has_begun;
    struct bytes offer[SHARED_ENTRIES_MAX]; /* the records of the one offer */
    size_t offer_count;
    struct bytes offer_note;
    struct hash offer_root;
    enum shared_commit next_commit;
    bool is_away;           /* everything fails */
    bool is_unsure;         /* what it has is not durable yet */
    size_t confirmed;       /* how often it was asked whether that is so */
    bool refuses_notes;     /* DEPOSITARY_E_IO where one is asked for */
    const uint64_t *places; /* said to be staged, in place of what is */
    size_t places_count;
};

void shared_maker_begin(struct shared_maker *shared);
void shared_maker_end(struct shared_maker *shared);
/** Another byte string in place of one that it keeps. */
void shared_maker_replace(struct bytes *kept, struct bytes with);
/** As a database that was lost. */
void shared_maker_forget(struct shared_maker *shared, size_t entries);

#endif
