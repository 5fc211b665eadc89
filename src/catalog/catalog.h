/*
 * What is derived from the ledger to find things in it: editions by name, places by eId, full-text search, candidates
 * for quotes. An SQLite file that can be deleted and is then made again. Nothing here is proved; callers read what it
 * points at from the ledger, which checks it. Reads are safe from many threads. Answers are for a ledger state: rows
 * carry their entry's index, and editions at or past state->size, or past what was read of the ledger, are not seen.
 * Errors, where none is named: DEPOSITARY_E_IO, DEPOSITARY_E_MEMORY. PROTOCOL.md section 6.
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "catalog/ranges.h"
#include "ledger/ledger.h"
#include "text/structure.h"

struct catalog;

/** Opens or makes `path` ("" for one in memory). Another ledger's or version's file is made anew. */
MUST_USE int catalog_open(struct catalog **out, const char *path, struct ledger *ledger, struct fault *fault);
void catalog_close(struct catalog *catalog);
/** Reads what the ledger has beyond what the catalog has seen, in batches; safe while reads go on. */
MUST_USE int catalog_update(struct catalog *catalog, struct fault *fault);
/**
 * SQLite's check of the file, where it is so large that opening left it out; once. Slow: for a thread that has time. Where it fails the
 * file is condemned: DEPOSITARY_E_DAMAGED.
 */
MUST_USE int catalog_inspect(struct catalog *catalog, struct fault *fault);
/**
 * The index of words grows in pieces, each of which every search has to look into: makes them one, some pages a transaction, where much
 * was added since the start. Slow, as above; reads and updates go on.
 */
MUST_USE int catalog_tidy(struct catalog *catalog, struct fault *fault);
/** Ends both early, and a renewal, now and for good; then the inspection has found nothing. */
void catalog_interrupt(struct catalog *catalog);
/** Entries read: what searches answer for. */
uint64_t catalog_size(const struct catalog *catalog);
/** Told when the catalog pointed at something that the ledger does not hold: it is to be made anew, by catalog_renew or at the next start. */
void catalog_condemn(struct catalog *catalog);

/** Told whenever the catalog was condemned, by its callers or since a page of its file has rotted; it must not call the catalog. */
typedef void catalog_rot_told(void *context);
/** NULL: nobody any more, once this returns. */
void catalog_on_rot(struct catalog *catalog, catalog_rot_told *told, void *context);
/**
 * Makes another file from the ledger, as long as that takes, and puts it in the place of the condemned one; calls go on, and wait for the
 * last moment. For the thread that updates. DEPOSITARY_E_CANCELLED where it was interrupted. Where it fails at the last moment every call
 * fails with DEPOSITARY_E_IO until another renewal has succeeded.
 */
MUST_USE int catalog_renew(struct catalog *catalog, struct fault *fault);

/** One edition, found by name. */
struct catalog_edition {
    uint64_t index; /* of its record in the ledger */
    uint32_t edition;
    char instrument[LIMIT_INSTRUMENT + 1];
    char language[LIMIT_LANGUAGE + 1];
    unsigned act;          /* enum edition_act */
    unsigned authenticity; /* enum authenticity */
    uint64_t clauses;
    int64_t deposited_at;
};

struct catalog_question {
    const char *instrument;
    const char *language; /* not empty here */
    uint32_t edition;     /* 0: the latest ... */
    bool has_as_of;       /* ... by then */
    int64_t as_of;
};

/** DEPOSITARY_E_MISSING where there is none. */
MUST_USE int catalog_edition(struct catalog *catalog, const struct ledger_state *state,
                             const struct catalog_question *question, struct catalog_edition *out);
/** Latest edition of each language of the instrument, by language, at most `capacity` of them; *count is how many there
 * are. */
MUST_USE int catalog_languages(struct catalog *catalog, const struct ledger_state *state, const char *instrument,
                               struct catalog_edition *out, size_t capacity, size_t *count);
/** Index of the edition that follows this one in that state; DEPOSITARY_E_MISSING where it is the latest. */
MUST_USE int catalog_successor(struct catalog *catalog, const struct ledger_state *state, uint64_t edition_index,
                               uint64_t *successor);
/** Place of the clause with that eId, or of the clause that holds that provision (its eId, "__", more).
 * DEPOSITARY_E_MISSING. */
MUST_USE int catalog_place(struct catalog *catalog, uint64_t edition_index, const char *eid, uint64_t *place);

/** A row of an outline. */
struct catalog_clause {
    uint64_t place;
    char eid[LIMIT_EID + 1];
    enum clause_kind kind;
    uint32_t length; /* bytes of text */
    struct hash leaf_hash;
    const char *number; /* valid during the call-back only */
    const char *heading;
};
/** Told of rows in order of place from from_place on, until it returns other than 0, which is then returned. It must
 * not call the catalog. */
typedef int catalog_clause_sink(void *context, const struct catalog_clause *clause);
MUST_USE int catalog_outline(struct catalog *catalog, uint64_t edition_index, uint64_t from_place,
                             catalog_clause_sink *sink, void *context);

/** What is searched: editions by these, clauses by kind. */
struct catalog_scope {
    const char *instrument; /* "" : all */
    const char *language;   /* "" : all */
    uint32_t edition;       /* 0: latest editions, or with as_of the latest by then */
    bool has_as_of;
    int64_t as_of;
    enum clause_kind kind; /* UNSPECIFIED: all */
    uint64_t deadline_ns;  /* monotonic; then DEPOSITARY_E_TIMEOUT; 0: none */
};

struct catalog_hit {
    uint64_t edition_index;
    uint64_t place;
    double score;               /* higher is better; 0: not ranked */
    struct token_range *ranges; /* what matched, for catalog_spans; owned by the hits */
    size_t ranges_count;
};

struct catalog_hits {
    struct catalog_hit *hits;
    size_t count;
    uint64_t total;         /* exact */
    uint64_t searched_size; /* entries of the ledger that were searched */
};

/**
 * A page of search hits, best first; where there are more than SEARCH_RANKED in all, in the order of the ledger, and every score is 0.
 * DEPOSITARY_E_QUERY with the position (bytes, from 1) and what is wrong. DEPOSITARY_E_LIMIT: it would take too much work.
 */
#define SEARCH_RANKED 10000u
MUST_USE int catalog_search(struct catalog *catalog, const struct ledger_state *state, struct bytes query,
                            const struct catalog_scope *scope, uint64_t offset, size_t limit, struct catalog_hits *out,
                            struct fault *fault);
void catalog_hits_free(struct catalog_hits *hits);
/** Where a hit's matches stand in its clause's text, in bytes and in order. *out is the caller's to free. */
MUST_USE int catalog_spans(struct catalog *catalog, const struct catalog_hit *hit, struct bytes text, struct span **out,
                           size_t *count, struct fault *fault);

/**
 * Clauses in which a quote may stand, at most CATALOG_CANDIDATES_MAX; total is their count, searched_size as for search. Every clause
 * that holds the quote verbatim is among them, up to that number, where the quote has a whole word inside; for shorter ones as far as
 * four MiB of the scope's texts reach, where each counts for 1,500 bytes more. is_for_parts: instead those that have only its beginning, its end or other parts of it, since it
 * may run over the end of a clause or not be faithful; the likeliest first.
 */
#define CATALOG_CANDIDATES_MAX 400u
MUST_USE int catalog_quote_candidates(struct catalog *catalog, const struct ledger_state *state, struct bytes quote,
                                      const struct catalog_scope *scope, bool is_for_parts, struct catalog_hits *out,
                                      struct fault *fault);

#endif
