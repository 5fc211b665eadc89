/*
 * What stands inside a clause: printed number, heading, paragraphs and points as byte spans. Pure. The same for importer,
 * server and client, since it follows from eId and text alone. All of it is claimed, never proved.
 */
#ifndef TEXT_STRUCTURE_H
#define TEXT_STRUCTURE_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"

struct span {
    uint32_t offset; /* bytes */
    uint32_t length;
};

/** As in the protocol's ClauseKind, same values. */
enum clause_kind { KIND_UNSPECIFIED, KIND_PREFACE, KIND_PREAMBLE, KIND_CLAUSE, KIND_CONCLUSIONS, KIND_ANNEX };

/** Of att_1__art_2: att_1; of an eId of one part, all of it. */
struct bytes eid_first_part(struct bytes eid);
/** Of att_1__art_2: art_2. */
struct bytes eid_last_part(struct bytes eid);
/** Of att_1__art_2: att_1; of att_1__art_2__p_3: att_1__art_2; of an eId of one part: nothing. */
struct bytes eid_above(struct bytes eid);

/** By the eId's first part: preface, preamble, conclusions, att_N; anything else is a clause. */
enum clause_kind clause_kind_of(struct bytes eid);

struct provision {
    char eid[LIMIT_EID + 1]; /* the clause's, "__", more: cl_4__p_2 */
    struct span number;      /* length 0: none */
    struct span span;        /* without white space at its ends */
};

struct structure {
    struct span number;           /* "7." or "Article 7"; length 0: none */
    struct span heading;          /* length 0: none */
    struct provision *provisions; /* in the order of the text; a parent before what it holds */
    size_t provisions_count;
};

#define STRUCTURE_PROVISIONS_MAX 10000 /* more are left out */

/**
 * text is valid UTF-8. Provisions are named for clauses and annexes; preface, preamble and conclusions have none. eIds are those of
 * the Akoma Ntoso Naming Convention: p_2 for the second paragraph without number, para_2 (in a section subsec_2) for a numbered
 * one, point_a for what is listed in it; a second list in one place has point_a_2. Provisions whose eId would be too long are
 * left out, with what they hold. Of a text that is XML with eIds in it, all is as its elements say. Work: O(text).
 */
MUST_USE int structure_of(struct structure *out, struct bytes eid, struct bytes text);
void structure_free(struct structure *structure);

#endif
