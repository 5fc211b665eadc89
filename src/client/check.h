/*
 * Judging one method's answer against its request and a verified ledger state. PROTOCOL.md section 6. Pure: no network, no
 * clock, no globals; the client, receipts, tests and fuzzers use the same functions. Seal and state were judged before: see judge.h.
 *
 * What was proved, and what is only claimed, is written to struct findings. It may be shown only where the check returned 0 or
 * DEPOSITARY_E_NO. Everything lives in the arena of the check.
 */
#ifndef CLIENT_CHECK_H
#define CLIENT_CHECK_H

#include "base/arena.h"
#include "client/checked.h"
#include "depositary/client.h"
#include "depositary/v1/depositary.pb-c.h"
#include "depositary/v1/ledger.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"
#include "proof/policy.h"
#include "proof/register.h"
#include "rpc/call.h"
#include "rpc/guard.h"

/** A verified state of the ledger: a checkpoint under the policy, and the register that is its last entry. */
struct ledger_view {
    uint64_t size; /* entries, at least 1 */
    struct hash root;
    struct bytes checkpoint; /* the note; a NUL follows it */
    struct bytes register_record;
    struct register_record register_fields;
    struct merkle_path register_path;
};

/** What the ledger says of an answer key. */
struct key_facts {
    uint8_t public_key[PUBLIC_KEY_LEN];
    int64_t not_before; /* seconds; half open */
    int64_t not_after;
    bool is_active;
    uint64_t register_size; /* entries of the ledger whose register says so */
    struct hash register_root;
};

/** An edition that lies in the ledger. */
struct proven_edition {
    depositary_edition shown;
    struct edition_record record;
    struct hash leaf;
    const Depositary__V1__EditionProof *message;
};

/** A clause that lies in an edition. */
struct proven_clause {
    depositary_clause shown;
    const struct proven_edition *edition;
    struct hash leaf;
    const Depositary__V1__CertifiedClause *message;
};

/** What one page of a list leaves for the next. */
struct page_end {
    uint64_t ledger_size; /* both pages are of one state */
    struct hash ledger_root;
    uint64_t next;           /* index in the register, or place, of the next row */
    struct hash edition;     /* leaf hash, where the list is of one edition */
    struct merkle_edge edge; /* over the leaf hashes of an outline, from its first row on */
    uint64_t length;         /* of those rows' texts */
    bool has_edge;
};

struct findings {
    struct proven_edition *editions; /* as in the response */
    size_t editions_count;
    const struct proven_edition **spoken; /* those that the answer speaks of, in order */
    size_t spoken_count;
    struct proven_clause *clauses;
    size_t clauses_count;
    const depositary_provision *provision;
    const char *next_page;
    uint64_t total;
    uint64_t searched_size;
    uint64_t number;
    const depositary_outline_item *outline;
    size_t outline_count;
    const depositary_hit *hits;
    size_t hits_count;
    depositary_verdict verdict;
    const depositary_quote_match *matches;
    size_t matches_count;
    const depositary_name *names;
    size_t names_count;
    const depositary_blob *records;
    size_t records_count;
    const depositary_missing *missing;
    size_t missing_count;
    struct key_facts key; /* of GetAnswerKey */
    bool has_key;
    bool is_absence_proven;
    bool has_page_end;
    struct page_end page_end;
};

/** One judgement. */
struct check {
    const struct ledger_view *state; /* NULL where only the sealed root is known: then nothing can be proved by it */
    const struct policy *policy;
    const struct page_end *before; /* of the page before; NULL: not known */
    const struct hash *known_root; /* of the size that the request names, as the caller holds it; NULL: not known */
    struct status_view status;
    struct arena *arena;
    struct findings *out;
    struct fault *fault; /* may be NULL */
};

/**
 * Judges an answer whose seal held: its status, then the method's own rules. 0; DEPOSITARY_E_NO; DEPOSITARY_E_STATUS; DEPOSITARY_E_CLAUSES_MISSING;
 * DEPOSITARY_E_SERVER_DAMAGED; a verification error. check->status is set here. raw_status may be NULL.
 */
MUST_USE int check_answer(struct check *check, const struct method *method, const ProtobufCMessage *request,
                          const struct call_answer *answer);

/* ---- what several methods need; check_state.c */

/** Verifies a state that an answer carries: checkpoint under the policy of `checked`, register its last entry. *out holds views into the message. */
MUST_USE int check_ledger_state(struct ledger_view *out, struct checked *checked,
                                const Depositary__V1__LedgerState *message, struct fault *fault);
/** Copies a view, with its bytes, into the arena. */
MUST_USE int ledger_view_copy(struct ledger_view *out, const struct ledger_view *view, struct arena *arena);
/** DEPOSITARY_E_REGISTER_LINE unless the line stands in the register, and is one. */
MUST_USE int check_register_line(struct register_line *out, const Depositary__V1__RegisterLine *message,
                                 const struct register_record *record, struct fault *fault);
/** Judges record and status of an answer key against a state. DEPOSITARY_E_KEY_RECORD, DEPOSITARY_E_KEY_STATUS. */
MUST_USE int check_key(struct key_facts *out, const struct ledger_view *state,
                       const Depositary__V1__GetAnswerKeyResponse *message, struct bytes public_key,
                       struct fault *fault);
/** Whether offset and length lie in the text and on code points. */
bool span_fits(const Depositary__V1__Span *span, struct bytes text);
depositary_span span_shown(const Depositary__V1__Span *span); /* NULL: 0, 0 */
struct bytes bytes_of_data(ProtobufCBinaryData data);
/** Room for count items, zeroed; never NULL for count 0. */
void *check_room(struct check *check, size_t count, size_t size);
/** DEPOSITARY_E_CLAIM_MISMATCH where a page has more rows than asked for or allowed. */
MUST_USE int check_page_size(struct check *check, size_t rows, int32_t page_size);

/* ---- check_edition.c */

/** What was asked, common to all queries of editions. */
struct edition_question {
    const char *instrument; /* "": any */
    const char *language;   /* "": any */
    uint32_t edition;
    bool has_as_of;
    int64_t as_of; /* seconds */
    uint64_t
        searched_size; /* of searches: where below the state's size, the index lags, and the latest edition may not be in it; else 0 */
};
void question_as_of(struct edition_question *question, const Google__Protobuf__Timestamp *as_of);
/** Proves all editions of a response and sets out->editions. No duplicates. */
MUST_USE int check_editions(struct check *check, size_t count, Depositary__V1__EditionProof **messages);
/** Whether this edition may answer that question. */
MUST_USE int check_edition_asked(struct check *check, const struct proven_edition *edition,
                                 const struct edition_question *question);
/** Adds to out->spoken, once; room was made with check_spoken_room. */
MUST_USE int check_spoken_room(struct check *check, size_t count);
void check_speak(struct check *check, const struct proven_edition *edition);
/** NOT_FOUND of GetClause and GetInstrument: neighbours, or an edition that refutes or was looked in. DEPOSITARY_E_NO, or what failed. */
MUST_USE int check_not_found(struct check *check, const struct edition_question *question, bool has_eid, size_t lines,
                             Depositary__V1__RegisterLine **absence);
/** FAILED_PRECONDITION, reason WITHDRAWN: the edition must be one. DEPOSITARY_E_STATUS, or what failed. */
MUST_USE int check_withdrawn(struct check *check, const struct edition_question *question);

/* ---- check_clause.c */

/** Proves one clause of a response whose editions were proved. */
MUST_USE int check_clause(struct check *check, const Depositary__V1__CertifiedClause *message,
                          struct proven_clause *out);
MUST_USE int check_provision(struct check *check, const Depositary__V1__Provision *message,
                             const struct proven_clause *clause, depositary_provision *out);

/* ---- one function a method */

int check_get_clause(struct check *check, const Depositary__V1__GetClauseRequest *request,
                     const Depositary__V1__GetClauseResponse *response);
int check_list_clauses(struct check *check, const Depositary__V1__ListClausesRequest *request,
                       const Depositary__V1__ListClausesResponse *response);
int check_list_instruments(struct check *check, const Depositary__V1__ListInstrumentsRequest *request,
                           const Depositary__V1__ListInstrumentsResponse *response);
int check_get_instrument(struct check *check, const Depositary__V1__GetInstrumentRequest *request,
                         const Depositary__V1__GetInstrumentResponse *response);
int check_search_clauses(struct check *check, const Depositary__V1__SearchClausesRequest *request,
                         const Depositary__V1__SearchClausesResponse *response);
int check_check_quote(struct check *check, const Depositary__V1__CheckQuoteRequest *request,
                      const Depositary__V1__CheckQuoteResponse *response);
int check_resolve_citation(struct check *check, const Depositary__V1__ResolveCitationRequest *request,
                           const Depositary__V1__ResolveCitationResponse *response);
int check_get_checkpoint(struct check *check, const Depositary__V1__GetCheckpointRequest *request,
                         const Depositary__V1__GetCheckpointResponse *response);
int check_get_inclusion_proof(struct check *check, const Depositary__V1__GetInclusionProofRequest *request,
                              const Depositary__V1__GetInclusionProofResponse *response);
int check_get_consistency_proof(struct check *check, const Depositary__V1__GetConsistencyProofRequest *request,
                                const Depositary__V1__GetConsistencyProofResponse *response);
int check_list_entries(struct check *check, const Depositary__V1__ListEntriesRequest *request,
                       const Depositary__V1__ListEntriesResponse *response);
int check_get_answer_key(struct check *check, const Depositary__V1__GetAnswerKeyRequest *request,
                         const Depositary__V1__GetAnswerKeyResponse *response);
int check_append_entries(struct check *check, const Depositary__V1__AppendEntriesRequest *request,
                         const Depositary__V1__AppendEntriesResponse *response);
int check_put_clauses(struct check *check, const Depositary__V1__PutClausesRequest *request,
                      const Depositary__V1__PutClausesResponse *response);
/** Reads MissingClauses from the status of AppendEntries: DEPOSITARY_E_CLAUSES_MISSING, or what is wrong with it. */
int check_missing_clauses(struct check *check, const Depositary__V1__Status *status);
int check_health(struct check *check, const Grpc__Health__V1__HealthCheckRequest *request,
                 const Grpc__Health__V1__HealthCheckResponse *response);

#endif
