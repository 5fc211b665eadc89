/* What is asked: GetClause for every clause of the built-in statement, or of a made-up ledger in the order of a given access. */
#ifndef BENCH_QUESTIONS_H
#define BENCH_QUESTIONS_H

#include "subject.h"

#define QUESTIONS_MAX 1000000u /* different ones; of a larger ledger as many are taken, evenly */

struct questions {
    struct load_request *requests;
    size_t count;
    double *share; /* of Zipf: the first so many questions get so much of all; NULL: uniform */
    uint64_t random;
};

/** Exits where there is no memory. */
void questions_make(struct questions *out, const struct options *options);
void questions_free(struct questions *questions);
/** For load_run; context is the questions. */
size_t questions_pick(void *context);

#endif
