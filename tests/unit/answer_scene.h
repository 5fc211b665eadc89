/*
 * Scenes: a true question and its true answer of each kind, from the small ledger of answer_maker.h. Rows of answer_lies.h change one thing in
 * one; the unit test judges what comes of it, and the lying service (tests/system/liar.c) sends it to the real command line.
 */
#ifndef TESTS_ANSWER_SCENE_H
#define TESTS_ANSWER_SCENE_H

#include "answer_maker.h"

enum scene_kind {
    CLAUSE,              /* pact cl_2, latest */
    PROVISION,           /* its first point */
    OLD_EDITION,         /* pact cl_2 of edition 1, by number */
    OTHER_LANGUAGE,      /* accord art_1 in en, where there is a zh */
    AS_OF,               /* pact cl_2, of a time when edition 1 stood */
    AS_OF_SECOND,        /* the same, of a time when edition 2 stood */
    KNOWN_STATE,         /* CLAUSE, where the client holds the state already */
    OUTLINE,             /* GetInstrument pact */
    INSTRUMENTS,         /* all */
    CLAUSES,             /* ListClauses pact */
    SEARCH,              /* two hits in two instruments */
    VERBATIM,            /* a quote from pact cl_1 */
    ACROSS,              /* a quote over the end of cl_1 */
    FOLDED,              /* with another dash */
    DIFFERS,             /* with another word */
    NO_QUOTE,            /* nowhere */
    NO_INSTRUMENT,       /* NOT_FOUND, between two neighbours */
    NO_FIRST,            /* NOT_FOUND before the first line of the register */
    NO_LANGUAGE,         /* NOT_FOUND for pact in fr */
    NO_EDITION,          /* NOT_FOUND for edition 9 in en */
    NO_EDITION_ANYWHERE, /* the same, where no language is named: claimed */
    NO_CLAUSE,           /* NOT_FOUND for cl_99 */
    TOO_EARLY,           /* NOT_FOUND, as of before the first edition */
    NO_SHOWN,            /* GetInstrument NOT_FOUND */
    WITHDRAWN,           /* FAILED_PRECONDITION */
    ANSWER_KEY,          /* GetAnswerKey about the key that seals */
    OTHER_KEY,           /* GetAnswerKey about another key */
    CHECKPOINT,
    INCLUSION,
    CONSISTENCY,
    ENTRIES,
    CITATION,
    HEALTH,
    APPEND,
    PUT, /* two clauses of the pending append */
    SCENES_COUNT
};

struct scene {
    struct world world;
    enum world_state_name state;
    const char *method;
    ProtobufCMessage *request;
    ProtobufCMessage *response;
    struct status status;
    struct world_seal seal;
    struct judge_terms terms;
    struct trust *trust;
    struct ledger_view held;
    bool has_held;
    bool keeps_no_key; /* the client does not know the answer key yet */
    enum world_state_name key_state;
    struct page_end before;
    bool has_before;
    struct hash known_root;
    struct bytes (*alter_request)(struct scene *scene, struct bytes request); /* what is sealed is not what was asked */
    struct bytes (*alter_answer)(struct scene *scene, struct bytes answer);   /* ... before it is sealed */
    struct bytes (*alter_response)(struct scene *scene, struct bytes response);
    bool is_bare; /* the answer has no message */
    /* the messages by their types; NULL where the scene has another */
    Depositary__V1__GetClauseRequest *ask_clause;
    Depositary__V1__GetClauseResponse *clause;
    Depositary__V1__GetInstrumentRequest *ask_instrument;
    Depositary__V1__GetInstrumentResponse *instrument;
    Depositary__V1__ListInstrumentsRequest *ask_list;
    Depositary__V1__ListInstrumentsResponse *list;
    Depositary__V1__ListClausesRequest *ask_clauses;
    Depositary__V1__ListClausesResponse *clauses;
    Depositary__V1__SearchClausesRequest *ask_search;
    Depositary__V1__SearchClausesResponse *search;
    Depositary__V1__CheckQuoteRequest *ask_quote;
    Depositary__V1__CheckQuoteResponse *quote;
    Depositary__V1__GetAnswerKeyRequest *ask_key;
    Depositary__V1__GetAnswerKeyResponse *key;
    Depositary__V1__GetCheckpointResponse *checkpoint;
    Depositary__V1__GetInclusionProofRequest *ask_inclusion;
    Depositary__V1__GetInclusionProofResponse *inclusion;
    Depositary__V1__GetConsistencyProofResponse *consistency;
    Depositary__V1__ListEntriesRequest *ask_entries;
    Depositary__V1__ListEntriesResponse *entries;
    Depositary__V1__ResolveCitationRequest *ask_citation;
    Depositary__V1__ResolveCitationResponse *citation;
    Grpc__Health__V1__HealthCheckResponse *health;
};

/** The clock of the world is `now`; it is answered from that state. */
void scene_begin(struct scene *scene, enum scene_kind kind, int64_t now, enum world_state_name state);
void scene_end(struct scene *scene);
/** The encoded Response to that encoded Request: the answer as it stands, sealed. */
struct bytes scene_respond(struct scene *scene, struct bytes request);

/* ---- for those who change scenes: in the world's arena */

void *scene_make(struct scene *scene, const ProtobufCMessageDescriptor *descriptor);
/** Room for count pointers and two more. */
void *scene_list(struct scene *scene, size_t count);
Google__Protobuf__Timestamp *scene_time(struct scene *scene, int64_t seconds);
Depositary__V1__Span *scene_span(struct scene *scene, uint32_t offset, uint32_t length);
void scene_refuse(struct scene *scene, enum status_code code, const char *reason);
/** Shows clause `place` of the edition in answer to GetClause; successor, or EDITIONS_COUNT. */
void scene_show(struct scene *scene, enum world_edition_name edition, size_t place, enum world_edition_name successor);

#endif
