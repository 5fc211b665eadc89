/*
 * The records that are hashed and signed: clause, edition, key, revocation, register. PROTOCOL.md section 3.
 * Plain text, printing and parsing inverse to the byte; anything else is refused. Pure. Parsed records are views into their input.
 */
#ifndef PROOF_RECORD_H
#define PROOF_RECORD_H

#include "base/bytes.h"
#include "base/error.h"
#include "proof/merkle.h"

#define PUBLIC_KEY_LEN 32

enum record_type { RECORD_UNKNOWN, RECORD_CLAUSE, RECORD_EDITION, RECORD_KEY, RECORD_REVOCATION, RECORD_REGISTER };

enum edition_act { ACT_DEPOSIT, ACT_RECTIFICATION, ACT_AMENDMENT, ACT_WITHDRAWAL };
enum authenticity { AUTHENTICITY_AUTHENTIC, AUTHENTICITY_TRANSLATION, AUTHENTICITY_NOT_ESTABLISHED };

struct clause_record {
    struct bytes instrument;
    struct bytes language;
    struct bytes eid;
    struct bytes text;
};

struct edition_record {
    struct bytes instrument;
    struct bytes language;
    uint32_t edition; /* 1, 2, 3 ... */
    enum edition_act act;
    struct bytes title;
    struct bytes date; /* empty: none; so for every value that may be none */
    struct bytes place;
    struct bytes parties; /* the party lines as they stand, each "party <text>\n"; see edition_record_party */
    size_t parties_count;
    enum authenticity authenticity;
    bool has_translation_of;
    struct hash translation_of;
    uint8_t source_sha256[32];
    uint64_t source_length; /* bytes */
    uint64_t clauses;
    struct hash clauses_root;
    bool has_previous;
    struct hash previous;
    int64_t deposited_at; /* seconds since 1970 */
    struct bytes remark;
};

struct key_record {
    uint8_t public_key[PUBLIC_KEY_LEN];
    struct bytes holder;
    int64_t not_before; /* seconds; the window is [not_before, not_after) */
    int64_t not_after;
};

struct revocation_record {
    uint8_t public_key[PUBLIC_KEY_LEN];
    int64_t revoked_at;
    struct bytes remark; /* empty: none */
};

struct register_record {
    int64_t time;
    uint64_t lines;
    struct hash root;
};

/** By the first line. */
enum record_type record_type(struct bytes record);

/* Parsing: DEPOSITARY_E_RECORD, with the line and what is wrong in *fault (which may be NULL). */
MUST_USE int clause_record_parse(struct clause_record *out, struct bytes record, struct fault *fault);
MUST_USE int edition_record_parse(struct edition_record *out, struct bytes record, struct fault *fault);
MUST_USE int key_record_parse(struct key_record *out, struct bytes record, struct fault *fault);
MUST_USE int revocation_record_parse(struct revocation_record *out, struct bytes record, struct fault *fault);
MUST_USE int register_record_parse(struct register_record *out, struct bytes record, struct fault *fault);

/* Printing: appends; DEPOSITARY_E_RECORD where parsing would refuse it, so nothing is printed that cannot be read. */
MUST_USE int clause_record_print(struct buffer *out, const struct clause_record *record, struct fault *fault);
MUST_USE int edition_record_print(struct buffer *out, const struct edition_record *record, struct fault *fault);
MUST_USE int key_record_print(struct buffer *out, const struct key_record *record, struct fault *fault);
MUST_USE int revocation_record_print(struct buffer *out, const struct revocation_record *record, struct fault *fault);
MUST_USE int register_record_print(struct buffer *out, const struct register_record *record, struct fault *fault);

/** Leaf hash of a clause record, without joining header and text. DEPOSITARY_E_RECORD as for printing. */
MUST_USE int clause_record_hash(struct hash *out, const struct clause_record *record, struct fault *fault);

/** Takes the next party off *parties (start with record.parties); false at the end. */
bool edition_record_party(struct bytes *out, struct bytes *parties);

const char *edition_act_text(enum edition_act act); /* "deposit" ... */
bool edition_act_parse(enum edition_act *out, struct bytes text);
const char *authenticity_text(enum authenticity authenticity); /* "authentic" ... */
bool authenticity_parse(enum authenticity *out, struct bytes text);

bool instrument_valid(struct bytes id); /* [a-z0-9][a-z0-9-]{0,63} */
bool language_valid(struct bytes tag);  /* well-formed BCP 47 in canonical case */
bool eid_valid(struct bytes eid);       /* [A-Za-z0-9][A-Za-z0-9_.-]{0,127} */
bool origin_valid(struct bytes origin); /* [A-Za-z0-9][A-Za-z0-9./_-]{0,127} */
/** A value of a record's line: not empty, UTF-8, none of the characters that section 3 forbids, no white space at either end. */
bool value_valid(struct bytes value);
/** Whether eid is other followed by "__" and at least one byte. */
bool eid_is_inside(struct bytes eid, struct bytes other);

#endif
