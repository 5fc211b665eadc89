/*
 * What is asked: GetClause for every clause of the built-in statement, or of a made-up ledger in the order of a given access; or searches and quotes from
 * the texts of such clauses.
 */
#ifndef BENCH_QUESTIONS_H
#define BENCH_QUESTIONS_H

#include "load.h"

#include <stdbool.h>

#define QUESTIONS_MAX 1000000u /* different ones; of a larger ledger as many are taken, evenly */

/** Which ledger is asked. */
struct bench_ledger {
    const char *data;                /* a folder of makeledger; NULL: the built-in statement */
    unsigned long clauses, editions; /* in it */
    bool is_uniform;                 /* access; else Zipf, s = 1; the statement's is uniform */
};

struct questions {
    struct load_request *requests;
    uint32_t *clauses; /* the clause that each is for */
    size_t count;
    struct bench_ledger ledger;
    double *share; /* of Zipf: the first so many questions get so much of all; NULL: uniform */
    uint64_t random;
    size_t next; /* of questions_next */
};

/** GetClause. Exits where there is no memory. */
void questions_make(struct questions *out, const struct bench_ledger *ledger);
/** The name of one. */
void questions_name(const struct questions *questions, size_t index, char instrument[64], char eid[32]);

enum question_kind { QUESTION_SEARCH, QUESTION_QUOTE };
/** A search for a word, or a check of a verbatim quote of some 60 bytes, from each of the texts. */
void questions_make_texts(struct questions *out, enum question_kind kind, char *const *texts, size_t count);
/** The text of GetClause's answer, for free(); NULL where there is none. */
char *questions_text(const uint8_t *response, size_t len);

void questions_free(struct questions *questions);
/** For load_run; context is the questions. */
size_t questions_pick(void *context);
/** The same, one after the other. */
size_t questions_next(void *context);

#endif
