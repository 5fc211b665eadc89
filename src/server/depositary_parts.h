/*
 * What the methods of DepositaryService share: which edition a request means, certified clauses, the set of editions
 * that an answer speaks of, page tokens. PROTOCOL.md sections 6 and 9. As in answer.h: 0, or an error code after
 * call->status was set; everything is made in the call's arena.
 */
#ifndef SERVER_DEPOSITARY_PARTS_H
#define SERVER_DEPOSITARY_PARTS_H

#include "server/answer.h"

#define DEPOSITARY_PAGE        100u /* items of a page, where the request leaves it to us */
#define DEPOSITARY_SEARCH_PAGE 20u

/* The methods, one or two a file. */
void depositary_list_instruments(Depositary__V1__DepositaryService_Service *service,
                                 const Depositary__V1__ListInstrumentsRequest *input,
                                 Depositary__V1__ListInstrumentsResponse_Closure closure, void *closure_data);
void depositary_get_instrument(Depositary__V1__DepositaryService_Service *service,
                               const Depositary__V1__GetInstrumentRequest *input,
                               Depositary__V1__GetInstrumentResponse_Closure closure, void *closure_data);
void depositary_get_clause(Depositary__V1__DepositaryService_Service *service,
                           const Depositary__V1__GetClauseRequest *input,
                           Depositary__V1__GetClauseResponse_Closure closure, void *closure_data);
void depositary_list_clauses(Depositary__V1__DepositaryService_Service *service,
                             const Depositary__V1__ListClausesRequest *input,
                             Depositary__V1__ListClausesResponse_Closure closure, void *closure_data);
void depositary_search_clauses(Depositary__V1__DepositaryService_Service *service,
                               const Depositary__V1__SearchClausesRequest *input,
                               Depositary__V1__SearchClausesResponse_Closure closure, void *closure_data);
void depositary_check_quote(Depositary__V1__DepositaryService_Service *service,
                            const Depositary__V1__CheckQuoteRequest *input,
                            Depositary__V1__CheckQuoteResponse_Closure closure, void *closure_data);
void depositary_resolve_citation(Depositary__V1__DepositaryService_Service *service,
                                 const Depositary__V1__ResolveCitationRequest *input,
                                 Depositary__V1__ResolveCitationResponse_Closure closure, void *closure_data);

/** Sets the status from what failed, where the fault may say no more than its code; returns the error. */
static inline int part_fault(struct call *call, int error, const struct fault *fault) {
    return fault->error ? answer_fault(call, fault) : answer_error(call, error);
}

/* ---- editions: depositary_edition.c */

/** What a request says about the edition that it asks for. */
struct edition_question {
    const char *prefix; /* of the fields' names in the request: "" or "name." */
    const char *instrument;
    const char *language;
    uint32_t edition;
    const Google__Protobuf__Timestamp *as_of; /* NULL: none */
};

/** An edition, read from the ledger. */
struct edition_found {
    uint64_t index; /* of its record in the ledger */
    struct edition_record record;
    Depositary__V1__EditionProof *proof;
};

/** The answer to an edition_question: the edition, or, where call->status was set, what shows that there is none. */
struct edition_choice {
    bool is_found;
    struct edition_found edition; /* where is_found */
    size_t n_editions;            /* 0 to 2: the edition asked for or shown instead; with as_of its successor */
    Depositary__V1__EditionProof *editions[2];
    size_t n_absence; /* neighbours in the register, for an instrument or language that is not there */
    Depositary__V1__RegisterLine **absence;
};

/** The register's line of the text that is asked for, where the register alone says which it is; false too where the question is not well put. */
bool edition_line(const struct call *call, const struct edition_question *question, size_t *line);
/** The edition that the register's line names. */
MUST_USE int edition_read_latest(struct call *call, size_t line, struct edition_found *out);
/**
 * Chooses as PROTOCOL.md section 6 says: language, edition, as_of, withdrawal. 0 with is_found; or 0 without it, and
 * call->status says why (NOT_FOUND, WITHDRAWN), to be answered with `editions` and `absence`; or an error code, to be
 * answered without a message.
 */
MUST_USE int edition_choose(struct call *call, const struct edition_question *question, struct edition_choice *out);
/** The choice's editions as a response's field. */
MUST_USE int edition_choice_proofs(struct call *call, const struct edition_choice *choice, size_t *n,
                                   Depositary__V1__EditionProof ***out);
/** The form of names alone; an empty instrument passes. */
MUST_USE int edition_check_names(struct call *call, const struct edition_question *question);
/** The rules for edition and as_of alone, where no instrument is named. as_of_s is set where as_of is not NULL. */
MUST_USE int edition_check_time(struct call *call, const struct edition_question *question, int64_t *as_of_s);
MUST_USE int edition_read(struct call *call, uint64_t edition_index, struct edition_found *out);
/** UNAVAILABLE, reason INDEXING, to be tried again: the catalog has not read that far. */
int edition_not_indexed(struct call *call);
/** INTERNAL: the catalog says other than the ledger. It is made anew at the next start. */
int edition_catalog_is_wrong(struct call *call);

/** The editions that an answer speaks of, each once. */
struct edition_set {
    bool with_successors; /* as_of was given */
    size_t count;
    size_t capacity;
    struct edition_found *found; /* the successors too */
    Depositary__V1__EditionProof **proofs;
    size_t packed_size; /* bytes of all proofs in the answer */
};

/** For up to `capacity` editions and their successors. */
MUST_USE int edition_set_init(struct call *call, struct edition_set *set, size_t capacity, bool with_successors);
/** The slot of that edition, which is read where it is new, its successor with it. */
MUST_USE int edition_set_add(struct call *call, struct edition_set *set, uint64_t edition_index, uint32_t *slot);

/**
 * Where a search or a quote looks: in the edition that edition_choose gives, where an instrument is named; else in all
 * by language, edition and as_of. choice->is_found is false, as there, where an instrument is named that cannot be
 * answered from.
 */
MUST_USE int query_scope(struct call *call, const struct edition_question *question, struct edition_choice *choice,
                         struct catalog_scope *out);

/* ---- clauses: depositary_clause.c */

/** A clause, read from the ledger and made into a message. */
struct clause_built {
    Depositary__V1__CertifiedClause *message;
    size_t packed_size; /* bytes in an answer, with tag and length */
};

/** The clause at a place of an edition; slot: of the edition in the answer. */
MUST_USE int clause_build(struct call *call, const struct edition_found *edition, uint32_t slot, uint64_t place,
                          struct clause_built *out);
MUST_USE int span_build(struct call *call, struct span span, Depositary__V1__Span **out);
/** The edition record as a message. */
MUST_USE int instrument_build(struct call *call, const struct edition_record *edition,
                              Depositary__V1__Instrument **out);

/** "" in a message's field of text; protobuf-c declares such fields without const and does not write to them. */
#define EMPTY_TEXT ((char *)(uintptr_t)protobuf_c_empty_string)

/** Bytes that an answer has for its items: LIMIT_RESPONSE without what is always around them. */
#define ANSWER_ROOM (LIMIT_RESPONSE - 2u * LIMIT_ENTRY - 64u * 1024)
/** Encoded bytes of a message as an item of another. */
size_t item_size(const ProtobufCMessage *message);

/* ---- page tokens: depositary_page.c */

/** Where the next page goes on. */
struct page {
    uint64_t position;
    uint64_t searched; /* entries that were searched; 0 for lists */
    unsigned size;     /* items wanted */
};

/** 64 bits of the request without its page fields: a token is of one question. */
struct page_question {
    uint8_t digest[8];
};

/** The request's fields with page_size, page_token and known_ledger_size blanked in a copy. */
MUST_USE int page_question_of(struct call *call, const ProtobufCMessage *blanked, struct page_question *out);
/** Sets position and searched from a token; an empty one leaves them. INVALID_ARGUMENT for one that is none of ours or
 * of another question, FAILED_PRECONDITION, reason PAGE_EXPIRED, for one of another ledger size. */
MUST_USE int page_token_read(struct call *call, const char *token, const struct page_question *question,
                             struct page *page);
MUST_USE int page_token_print(struct call *call, const struct page_question *question, const struct page *page,
                              char **out);
/** The same refusal, where the index has read more since. */
int page_expired(struct call *call);

#endif
