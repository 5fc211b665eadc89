/*
 * The scenes of tests/unit/answer_scene.h for fuzzers: each made once, with its true bytes; messages sealed by the service's true key, so that every check behind the
 * seal is reached; and the oracle of all of them: text comes out only as it was deposited.
 */
#ifndef FUZZ_STAGE_H
#define FUZZ_STAGE_H

#include "answer_scene.h"

#include "client/answer.h"
#include "fuzz.h"

struct stage {
    struct scene scene;
    struct bytes request;
    struct bytes message; /* the method's response */
    struct bytes answer;
    struct bytes response;
    struct key_facts facts;
    bool is_set;
};

/** That of a scene; it does not change, and is never freed. */
const struct stage *stage_of(uint8_t choice);

/** Appends an Answer of this message, with the scene's status. */
void stage_answer(struct buffer *out, const struct stage *stage, struct bytes message);
/** Appends the Response: that answer to that request, sealed; is_forged: in the name of the true key, by somebody who does not have it. */
void stage_seal(struct buffer *out, const struct stage *stage, struct bytes request, struct bytes answer,
                bool is_forged);

/** Everything that the answer gives out is what was deposited, and nothing is given out where it failed. */
void stage_judge(const struct stage *stage, const struct depositary_answer *answer);

#endif
