/*
 * What a client holds as verified: the largest ledger state, older ones that were joined to it, and answer keys. PROTOCOL.md section 8.
 * No network and no files; safe from many threads. A state comes in here only after its checkpoint held under the policy.
 */
#ifndef CLIENT_TRUST_H
#define CLIENT_TRUST_H

#include "client/check.h"
#include "client/checked.h"

struct trust;

/** A size of the ledger with its root. */
struct ledger_point {
    uint64_t size;
    struct hash root;
};

/** A consistency proof that is wanted, or held. */
struct ledger_link {
    struct ledger_point from; /* the smaller */
    struct ledger_point to;
};

enum trust_verdict {
    TRUST_HELD,        /* the largest, joined to all that was held from before */
    TRUST_NEEDS_PROOF, /* the link's consistency is wanted first */
    TRUST_OLDER,       /* smaller than the largest; the link leads from it to the largest */
    TRUST_FORK         /* the same size with another root */
};

/** policy is not copied. */
MUST_USE int trust_new(struct trust **out, const struct policy *policy);
void trust_free(struct trust *trust);
const struct policy *trust_policy(const struct trust *trust);
/** Signatures under that policy that held. */
struct checked *trust_checked(struct trust *trust);

/** A checkpoint from before, that no answer may fall behind or contradict. Its note was verified. DEPOSITARY_E_FORK where it contradicts one held. */
MUST_USE int trust_anchor(struct trust *trust, const struct checkpoint *checkpoint, struct bytes note);

/** How a verified state stands to what is held. Where nothing was held it is taken at once; then *is_new is set (it may be NULL). */
MUST_USE int trust_weigh(struct trust *trust, const struct ledger_view *state, enum trust_verdict *verdict,
                         struct ledger_link *link, bool *is_new);
/** Told that the link's consistency was proved. state, where it is the link's end, is then the largest; *is_new as above. */
MUST_USE int trust_join(struct trust *trust, const struct ledger_link *link, const struct ledger_view *state,
                        bool *is_new);
/** Whether that point is the largest state, or was joined to it. */
bool trust_knows(struct trust *trust, const struct ledger_point *point);
/** The largest point held, whether or not its register is. False: none. */
bool trust_largest(struct trust *trust, struct ledger_point *out);
/** Copies the largest state into the arena; *has is false where none is held that answers may be judged by. */
MUST_USE int trust_take(struct trust *trust, struct arena *arena, struct ledger_view *out, bool *has);
/** Appends the note that is held of that size, if any, to *note. */
void trust_note(struct trust *trust, uint64_t size, struct buffer *note);

/** Keeps what the ledger says of a key, and the encoded GetAnswerKeyResponse (with its ledger) that proves it. Older facts never replace newer ones. */
MUST_USE int trust_keep_key(struct trust *trust, const struct key_facts *facts, struct bytes proof);
/** The facts of a key by a register of at least that size. *proof (may be NULL) gets the encoded response appended. */
bool trust_find_key(struct trust *trust, struct bytes public_key, uint64_t least_size, struct key_facts *out,
                    struct buffer *proof);

/** From now on trust_is_forked is true. */
void trust_set_forked(struct trust *trust);
bool trust_is_forked(struct trust *trust);

#endif
