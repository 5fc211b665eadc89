/*
 * The client: calls a depositary over nng, and hands out text only after its proofs held. PROTOCOL.md sections 4 to 8.
 *
 * A call returns 0 when it was answered OK and everything held. Otherwise the error says what: DEPOSITARY_E_NO (a verified "no": not
 * found), DEPOSITARY_E_STATUS (a verified refusal), a verification error (nothing of the answer is there), or a local or network error.
 * *out is set in every case but DEPOSITARY_E_MEMORY, also to learn the words of a failure; free it with depositary_answer_free.
 * A client may be used from many threads at once; an answer by one at a time.
 *
 * Each method has a typed call that waits (depositary_get_clause), and a question (depositary_question_get_clause) that is asked in either of two ways:
 *
 *     error = depositary_call(client, depositary_question_get_clause(&which, "cl_7"), &options, &answer);
 *     number = depositary_start(client, depositary_question_get_clause(&which, "cl_7"), &options, told, context);
 *
 * Thousands may be started on one client: at most max_in_flight of them are under way at an endpoint, the others wait in it in order.
 */
#ifndef DEPOSITARY_CLIENT_H
#define DEPOSITARY_CLIENT_H

#include <depositary/verify.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct depositary_client depositary_client;
typedef struct depositary_answer depositary_answer;

/** Settings of a client; all zero but endpoints and policy is a good start. Strings are copied. */
typedef struct depositary_client_config {
    const char
        *endpoints; /* "tcp://127.0.0.1:7769", or several with commas between: calls go round those that are there */
    const depositary_policy *policy; /* copied */
    uint32_t timeout_ms;             /* for each call; 0: 10,000 */
    uint32_t clock_tolerance_s;      /* 0: 120 */
    uint32_t max_age_s;              /* greatest age of the register; 0: any */
    const char *state_dir;  /* where the largest checkpoint per origin is kept; NULL: remembered in memory only */
    const char *floor_note; /* a checkpoint note, not to be fallen behind; NULL: none */
    size_t floor_note_len;
    /* For the office, which takes nothing but hints from a server, and must reach one whose answer key is not there yet, expired or
     * revoked: of get_checkpoint, append_entries, put_clauses and health only signature and origin of the seal are checked; the answer
     * key, the state and what was seen before are not. What they say is claimed. */
    int for_office;
    const char *tls_ca_file; /* for tls+tcp:// */
    const char *tls_cert_file;
    const char *tls_key_file;
    int tls_insecure; /* not 0: no look at the service's certificate; refused but for loopback. Answers are verified all the same */
    /* Not 0: calls wait for an endpoint until their deadline. Otherwise they do so only for a service that was connected within the last
     * 30 s, which is being restarted; for any other 3 s. */
    int wait_for_ready;
    uint32_t max_in_flight; /* calls under way at one endpoint; 0: 64. A service takes 128 of one connection */
    uint32_t
        max_attempts; /* sendings of one question that may be asked twice; 0: 4; 1: none is tried again; at most 5 */
} depositary_client_config;

/** Makes a client; dials in the background, so that an unreachable service is told by the calls. The caller frees *out. */
DEPOSITARY_API DEPOSITARY_MUST_USE int
depositary_client_new(depositary_client **out, const depositary_client_config *config, depositary_failure *failure);
/**
 * Calls under way end with DEPOSITARY_E_CANCELLED; returns when every callback was told and has returned. In a callback it returns at once, and the
 * rest happens when that callback has returned. Clears the caller's pointer; NULL and pointer to NULL are fine.
 */
DEPOSITARY_API void depositary_client_free(depositary_client **client);
/** File with the evidence of a fork, "" where there was none; lives as long as the client. */
DEPOSITARY_API const char *depositary_client_fork_evidence(const depositary_client *client);

/* ---- questions; strings NULL or "" where not wanted; all zero otherwise means the default */

/** What edition is meant. */
typedef struct depositary_edition_query {
    const char *instrument;
    const char *language;
    uint32_t edition;  /* 0: the latest, or with as_of the latest by then */
    const char *as_of; /* RFC 3339, UTC; not with edition */
} depositary_edition_query;

typedef struct depositary_page {
    int32_t size;      /* 0: the service's choice */
    const char *token; /* of the page before */
} depositary_page;

/* ---- typed calls that wait, with the settings of the client */

/** All instruments, a row for each language; read to the end, none is missing. page NULL: the first. */
DEPOSITARY_API DEPOSITARY_MUST_USE int
depositary_list_instruments(depositary_client *client, const depositary_page *page, depositary_answer **out);
/** An instrument's edition and outline. page NULL: the first. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_get_instrument(depositary_client *client,
                                                                 const depositary_edition_query *which,
                                                                 const depositary_page *page, depositary_answer **out);
/** eid: a clause's, or a provision's. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_get_clause(depositary_client *client,
                                                             const depositary_edition_query *which, const char *eid,
                                                             depositary_answer **out);
/** as_of is not possible here. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_list_clauses(depositary_client *client,
                                                               const depositary_edition_query *which,
                                                               uint64_t from_place, const depositary_page *page,
                                                               depositary_answer **out);
/** kind: a ClauseKind, 0 for all. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_search_clauses(depositary_client *client, const char *query,
                                                                 const depositary_edition_query *which, int kind,
                                                                 const depositary_page *page, depositary_answer **out);
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_check_quote(depositary_client *client, const char *quote,
                                                              size_t quote_len, const depositary_edition_query *which,
                                                              depositary_answer **out);
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_resolve_citation(depositary_client *client, const char *citation,
                                                                   const depositary_edition_query *which,
                                                                   depositary_answer **out);

/** The ledger's current state. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_get_checkpoint(depositary_client *client, depositary_answer **out);
/** ledger_size 0: the current. The result is verified against the entry's leaf hash. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_get_inclusion_proof(depositary_client *client,
                                                                      const uint8_t leaf_hash[32], uint64_t ledger_size,
                                                                      const uint8_t root[32], depositary_answer **out);
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_get_consistency_proof(depositary_client *client, uint64_t old_size,
                                                                        const uint8_t old_root[32],
                                                                        depositary_answer **out);
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_list_entries(depositary_client *client, uint64_t start,
                                                               int32_t page_size, depositary_answer **out);
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_get_answer_key(depositary_client *client,
                                                                 const uint8_t public_key[32], depositary_answer **out);
/** service "": the server. DEPOSITARY_E_NO where it is not serving. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_check_health(depositary_client *client, const char *service,
                                                               depositary_answer **out);

/** A run of bytes that the caller owns. */
typedef struct depositary_blob {
    const void *data;
    size_t len;
} depositary_blob;

/** The office's calls. Records as in PROTOCOL.md section 3, the checkpoint a signed note. On DEPOSITARY_E_CLAUSES_MISSING see depositary_answer_missing. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_append_entries(depositary_client *client,
                                                                 const depositary_blob *records, size_t count,
                                                                 const char *checkpoint, size_t checkpoint_len,
                                                                 depositary_answer **out);
typedef struct depositary_placed_clause {
    uint64_t place;
    depositary_blob record;
    const uint8_t *path; /* path_count hashes of 32 bytes */
    size_t path_count;
} depositary_placed_clause;
/** Clauses of the edition record with that leaf hash, for the append that is pending. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_put_clauses(depositary_client *client, const uint8_t edition[32],
                                                              const depositary_placed_clause *clauses, size_t count,
                                                              depositary_answer **out);

/** What the service speaks: depositary_answer_message is then a GetDescriptorsResponse. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_get_descriptors(depositary_client *client, depositary_answer **out);

/* ---- questions, and the two ways of asking them */

/** A question that was made and not asked yet. */
typedef struct depositary_question depositary_question;

/**
 * One maker for each call above, with the same arguments, all of which are copied. NULL only without memory. A question that cannot be asked is
 * made all the same: whoever asks it is told DEPOSITARY_E_ARGUMENT, and why. Asking uses a question up, so that only one that is never asked is freed.
 */
DEPOSITARY_API depositary_question *depositary_question_list_instruments(const depositary_page *page);
DEPOSITARY_API depositary_question *depositary_question_get_instrument(const depositary_edition_query *which,
                                                                       const depositary_page *page);
DEPOSITARY_API depositary_question *depositary_question_get_clause(const depositary_edition_query *which,
                                                                   const char *eid);
DEPOSITARY_API depositary_question *depositary_question_list_clauses(const depositary_edition_query *which,
                                                                     uint64_t from_place, const depositary_page *page);
DEPOSITARY_API depositary_question *depositary_question_search_clauses(const char *query,
                                                                       const depositary_edition_query *which, int kind,
                                                                       const depositary_page *page);
DEPOSITARY_API depositary_question *depositary_question_check_quote(const char *quote, size_t quote_len,
                                                                    const depositary_edition_query *which);
DEPOSITARY_API depositary_question *depositary_question_resolve_citation(const char *citation,
                                                                         const depositary_edition_query *which);
DEPOSITARY_API depositary_question *depositary_question_get_checkpoint(void);
DEPOSITARY_API depositary_question *
depositary_question_get_inclusion_proof(const uint8_t leaf_hash[32], uint64_t ledger_size, const uint8_t root[32]);
DEPOSITARY_API depositary_question *depositary_question_get_consistency_proof(uint64_t old_size,
                                                                              const uint8_t old_root[32]);
DEPOSITARY_API depositary_question *depositary_question_list_entries(uint64_t start, int32_t page_size);
DEPOSITARY_API depositary_question *depositary_question_get_answer_key(const uint8_t public_key[32]);
DEPOSITARY_API depositary_question *depositary_question_check_health(const char *service);
DEPOSITARY_API depositary_question *depositary_question_append_entries(const depositary_blob *records, size_t count,
                                                                       const char *checkpoint, size_t checkpoint_len);
DEPOSITARY_API depositary_question *
depositary_question_put_clauses(const uint8_t edition[32], const depositary_placed_clause *clauses, size_t count);
DEPOSITARY_API depositary_question *depositary_question_get_descriptors(void);
/**
 * Any method by its full name ("/depositary.v1.DepositaryService/GetClause"), with its request message encoded. Nothing is looked into: the answer's
 * message is claimed, under a seal that held, and any status but OK is DEPOSITARY_E_STATUS.
 */
DEPOSITARY_API depositary_question *depositary_question_generic(const char *method, const void *message,
                                                                size_t message_len);
DEPOSITARY_API void depositary_question_free(depositary_question **question);

/** One pair of metadata, by gRPC's rules: keys of a-z, 0-9, "_", "-", "."; values of printable ASCII, or any bytes where the key ends in "-bin". */
typedef struct depositary_metadata {
    const char *key;
    const void *value;
    size_t value_len;
} depositary_metadata;

/** Settings of one call; all zero, or NULL in place of it, are the client's. Copied. */
typedef struct depositary_call_options {
    uint32_t timeout_ms; /* for all attempts together; what is left of it travels with the request */
    int wait_for_ready;
    const char *traceparent; /* W3C Trace Context, "00-...": goes into the service's log; NULL: none */
    const depositary_metadata *metadata;
    size_t metadata_count;
} depositary_call_options;

/** Asks, and waits for the answer. A question of NULL is DEPOSITARY_E_MEMORY. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_call(depositary_client *client, depositary_question *question,
                                                       const depositary_call_options *options, depositary_answer **out);

/**
 * Told once how a call ended; look at depositary_answer_error, and free the answer. It is NULL only where there was no memory for one. Runs on a thread
 * of the client's, one at a time, with no lock held: it may start and cancel calls, wait for one, and free the client. Until it returns no other is told.
 */
typedef void depositary_done(void *context, depositary_answer *answer);

/** Asks, and returns at once: the number of the call, never 0, or 0 without memory, or once the client is being freed; then `done` is not told. */
DEPOSITARY_API uint64_t depositary_start(depositary_client *client, depositary_question *question,
                                         const depositary_call_options *options, depositary_done *done, void *context);
/** Ends a call with DEPOSITARY_E_CANCELLED, which its callback is told; nothing where it has ended by itself. */
DEPOSITARY_API void depositary_cancel(depositary_client *client, uint64_t call);
/** Waits until the callbacks of all calls that were started have returned. DEPOSITARY_E_STATE in a callback. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_client_wait(depositary_client *client);

/* ---- following a ledger */

/** Follows a client's ledger, on a thread of its own. */
typedef struct depositary_watch depositary_watch;

typedef struct depositary_watch_config {
    const char
        *announce;    /* where the service announces checkpoints, "tcp://..."; NULL: it is only asked now and then */
    uint32_t every_s; /* asked at least so often, which catches up what was missed; 0: 30 */
} depositary_watch_config;

/**
 * Told of the ledger at the start and whenever a larger one is served: the answer of get_checkpoint, verified and proved to extend what was held. Also told of
 * what failed: an announced note that does not verify, a service that cannot be reached. The answer is the watch's, and lives until this returns.
 */
typedef void depositary_watched(void *context, const depositary_answer *answer);

/**
 * Begins. An announcement is only a reason to ask. What is told is NULL only where there was no memory for an answer. The client must live longer.
 * DEPOSITARY_E_ARGUMENT for an address that cannot be one.
 */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_watch_new(depositary_watch **out, depositary_client *client,
                                                            const depositary_watch_config *config,
                                                            depositary_watched *told, void *context,
                                                            depositary_failure *failure);
/** Ends it and clears the pointer; waits for a question or a callback that is under way, so not in a callback. NULL and pointer to NULL are fine. */
DEPOSITARY_API void depositary_watch_free(depositary_watch **watch);

/* ---- answers; what they give lives as long as they do */

/** Frees the answer and clears the pointer; NULL and pointer to NULL are fine. */
DEPOSITARY_API void depositary_answer_free(depositary_answer **answer);

/** The error that the call returned, and the words for it. Of NULL, where there was no memory for an answer: DEPOSITARY_E_MEMORY. */
DEPOSITARY_API int depositary_answer_error(const depositary_answer *answer);
DEPOSITARY_API const char *depositary_answer_error_text(const depositary_answer *answer);
/** The server's status (gRPC's code), message and reason; sealed, and only there where the seal held. Untrusted text when shown. */
DEPOSITARY_API int depositary_answer_status(const depositary_answer *answer);
DEPOSITARY_API const char *depositary_answer_status_message(const depositary_answer *answer);
DEPOSITARY_API const char *depositary_answer_status_reason(const depositary_answer *answer);
/** The argument that was bad (INVALID_ARGUMENT), "" for none. */
DEPOSITARY_API const char *depositary_answer_status_field(const depositary_answer *answer);
/** Milliseconds after which the service says that asking again may help; 0: it does not say; negative: it will not help. */
DEPOSITARY_API int64_t depositary_answer_retry_delay_ms(const depositary_answer *answer);
/** "NOT_FOUND" for 5; never NULL; static storage. */
DEPOSITARY_API const char *depositary_status_name(int status);
/** The answer's metadata, pair by pair: 1 and *out, or 0 past the end. Claimed; untrusted when shown. */
DEPOSITARY_API int depositary_answer_metadata(const depositary_answer *answer, size_t index, depositary_metadata *out);
/** The answer's message, as the service encoded it; never NULL. Claimed: what is proved of it is what the functions below give. */
DEPOSITARY_API const void *depositary_answer_message(const depositary_answer *answer, size_t *len);
/** With DEPOSITARY_E_NO: 1 where the absence is proven, 0 where it is only claimed. */
DEPOSITARY_API int depositary_answer_absence_proven(const depositary_answer *answer);
/** With DEPOSITARY_E_SEAL_CLOCK or DEPOSITARY_E_KEY_WINDOW: 1 where only the clock or the key's window failed and the proofs of the text hold. */
DEPOSITARY_API int depositary_answer_proofs_hold(const depositary_answer *answer);

/** The ledger state that the answer was proved against. */
typedef struct depositary_ledger {
    uint64_t size;
    uint8_t root[32];
    const char *checkpoint; /* the note */
    size_t checkpoint_len;
    const char *register_time; /* RFC 3339: latest, absence and key status are as of this time */
} depositary_ledger;
/** NULL where nothing was proved. */
DEPOSITARY_API const depositary_ledger *depositary_answer_ledger(const depositary_answer *answer);

/** Who sealed the answer, and when. */
typedef struct depositary_seal {
    uint8_t public_key[32];
    const char *sealed_at; /* RFC 3339 */
    uint64_t batch_size;
    uint64_t batch_index;
} depositary_seal;
/** NULL where no seal held. */
DEPOSITARY_API const depositary_seal *depositary_answer_seal(const depositary_answer *answer);

/** Proven editions: of list_instruments all, in order; elsewhere those the answer speaks of. */
DEPOSITARY_API const depositary_edition *depositary_answer_edition(const depositary_answer *answer, size_t index);
DEPOSITARY_API size_t depositary_answer_editions(const depositary_answer *answer);
/** Proven clauses: of get_clause one, of list_clauses all, of search one a hit, of a quote those of all matches. NULL past the end. */
DEPOSITARY_API const depositary_clause *depositary_answer_clause(const depositary_answer *answer, size_t index);
DEPOSITARY_API size_t depositary_answer_clauses(const depositary_answer *answer);
/** Where a provision was asked: that one (its span is claimed); else NULL. */
DEPOSITARY_API const depositary_provision *depositary_answer_provision(const depositary_answer *answer);
/** "" on the last page. */
DEPOSITARY_API const char *depositary_answer_next_page(const depositary_answer *answer);
/** Matches in all pages (search, quote). Claimed. */
DEPOSITARY_API uint64_t depositary_answer_total(const depositary_answer *answer);
/** The ledger size that was searched. Claimed. */
DEPOSITARY_API uint64_t depositary_answer_searched_size(const depositary_answer *answer);

/** A row of an outline; claimed, but that all leaf hashes of an edition together rebuild its clauses-root. */
typedef struct depositary_outline_item {
    const char *eid;
    int kind;
    const char *number;
    const char *heading;
    uint64_t place;
    uint8_t leaf_hash[32];
    uint32_t length;
} depositary_outline_item;
DEPOSITARY_API const depositary_outline_item *depositary_answer_outline(const depositary_answer *answer, size_t *count);

/** A search hit; score and matches are claimed. */
typedef struct depositary_hit {
    const depositary_clause *clause;
    double score;
    const depositary_span *matches;
    size_t matches_count;
} depositary_hit;
DEPOSITARY_API const depositary_hit *depositary_answer_hits(const depositary_answer *answer, size_t *count);

/** A quote's verdict, recomputed here from the proven text. NOT_FOUND is claimed. */
typedef enum depositary_verdict {
    DEPOSITARY_VERDICT_NONE = 0,
    DEPOSITARY_VERDICT_VERBATIM = 1,
    DEPOSITARY_VERDICT_FOLDED = 2,
    DEPOSITARY_VERDICT_DIFFERS = 3,
    DEPOSITARY_VERDICT_NOT_FOUND = 4
} depositary_verdict;
DEPOSITARY_API depositary_verdict depositary_answer_verdict(const depositary_answer *answer);

typedef struct depositary_difference {
    depositary_span quote;
    depositary_span text;
} depositary_difference;

typedef struct depositary_quote_match {
    const depositary_clause *const *clauses; /* following one another in one edition */
    size_t clauses_count;
    const char *text; /* their joined texts, NUL after them */
    size_t text_len;
    depositary_span span;      /* in text */
    const char *provision_eid; /* smallest provision that holds the span, else the first clause's eId; claimed */
    const char *const *folds;  /* names, in the protocol's order */
    size_t folds_count;
    const depositary_difference *differences;
    size_t differences_count;
    int cuts_word; /* the span begins or ends inside a word */
} depositary_quote_match;
/** Where the quote stands, or nearly stands; every offset is in the match's text. */
DEPOSITARY_API const depositary_quote_match *depositary_answer_quote_matches(const depositary_answer *answer,
                                                                             size_t *count);

/** Names that a citation resolves to; claimed. */
typedef struct depositary_name {
    const char *instrument;
    const char *language;
    uint32_t edition;
    const char *eid;
} depositary_name;
DEPOSITARY_API const depositary_name *depositary_answer_names(const depositary_answer *answer, size_t *count);

/** Records of list_entries, as received; prove them by rebuilding the root. Of get_answer_key: the key record. */
DEPOSITARY_API const depositary_blob *depositary_answer_records(const depositary_answer *answer, size_t *count);
/** Of get_answer_key: 1 active, 0 revoked. */
DEPOSITARY_API int depositary_answer_key_active(const depositary_answer *answer);
/** Of append_entries with DEPOSITARY_E_CLAUSES_MISSING. */
typedef struct depositary_missing {
    uint8_t edition[32];
    uint64_t from_place;
    uint64_t count;
} depositary_missing;
DEPOSITARY_API const depositary_missing *depositary_answer_missing(const depositary_answer *answer, size_t *count);
/** Of append_entries: entries after it. Of put_clauses: clauses received. */
DEPOSITARY_API uint64_t depositary_answer_number(const depositary_answer *answer);

/** With for_office: the note that get_checkpoint showed, which nobody has verified yet. NULL where there is none. */
DEPOSITARY_API const char *depositary_answer_shown_checkpoint(const depositary_answer *answer, size_t *len);
/** With for_office: the key that sealed the answer, 32 bytes; whether it may is the caller's to judge. NULL where no seal held. */
DEPOSITARY_API const uint8_t *depositary_answer_sealing_key(const depositary_answer *answer);

/** The steps of the proof, a line each, for a person to follow by hand; "" where nothing was proved. */
DEPOSITARY_API const char *depositary_answer_explanation(const depositary_answer *answer);
/** The receipt of the call, a file to keep; NULL where no seal held, or nobody proved that the key is vouched for by the same ledger. */
DEPOSITARY_API const void *depositary_answer_receipt(const depositary_answer *answer, size_t *len);
/** The .proof file of a proven clause of this answer (its .record is clause->record). The caller frees *out with free(). */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_answer_copy_proof(const depositary_answer *answer,
                                                                    const depositary_clause *clause, char **out,
                                                                    size_t *out_len);

/** What a receipt says, checked offline under the policy; the result is read like the answer of the call was. */
DEPOSITARY_API DEPOSITARY_MUST_USE int depositary_receipt_verify(depositary_answer **out,
                                                                 const depositary_policy *policy, const void *receipt,
                                                                 size_t receipt_len);
/** Of a receipt: the method that was called, and the request as JSON-like text for a person. */
DEPOSITARY_API const char *depositary_answer_method(const depositary_answer *answer);
DEPOSITARY_API const char *depositary_answer_question(const depositary_answer *answer);

#ifdef __cplusplus
}
#endif

#endif
