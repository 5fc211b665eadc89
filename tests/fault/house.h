/*
 * A service without its doors, over the library's real ledger in a file and its catalog in another: opened, asked, closed again and again while something
 * of it is broken. One question of each reading method, with the answer that it had when all was whole.
 */
#ifndef TESTS_FAULT_HOUSE_H
#define TESTS_FAULT_HOUSE_H

#include "library_maker.h"
#include "server/answer_key.h"
#include "server/exchange.h"

struct question {
    const char *what;      /* the method's name, and more where a method has several */
    struct buffer request; /* encoded Request */
    struct buffer answer;  /* the true one, encoded; empty until house_learn */
};

#define QUESTIONS_MAX 32

struct house {
    struct library library; /* its ledger is closed */
    char catalog_path[128];
    char ledger_url[128]; /* what house_open opens; the library's own at first */
    struct ledger *ledger;
    struct catalog *catalog;
    struct answer_key key;
    struct server server;
    struct exchanger exchanger;
    struct question questions[QUESTIONS_MAX];
    size_t questions_count;
};

/** Makes the files and the questions, and closes them. */
void house_begin(struct house *house);
void house_end(struct house *house);

/** Opens ledger, catalog and what answers over them, as depositaryd does. The error of what failed; then nothing is open. */
int house_open(struct house *house, struct fault *fault);
void house_close(struct house *house); /* also where nothing is open */

enum house_said {
    SAID_TRUE,    /* the answer of before, to the byte */
    SAID_FAILURE, /* a status that says that the service failed: INTERNAL, RESOURCE_EXHAUSTED, UNAVAILABLE, DATA_LOSS; Health: not serving */
    SAID_NOTHING, /* no answer could be made; the caller's connection goes on without one */
    SAID_SOMETHING /* anything else */
};

/** The exchange of one request, to its answer; exchange_end is the caller's, whatever came of it. */
enum exchange_next house_exchange(struct house *house, struct bytes request, struct exchange *out);
/** All bytes of its answer, in a buffer that the caller frees. */
void house_answer(const struct exchange *exchange, struct buffer *out);
/** What came of a question. *code is the status, -1 where there is no answer. */
enum house_said house_judge(const struct question *question, enum exchange_next next, const struct exchange *exchange,
                            int *code);
/** Both. */
enum house_said house_ask(struct house *house, const struct question *question, int *code);
/** Asks every question of the open house, and keeps the answers as the true ones. */
void house_learn(struct house *house);
/** Asks all; fails the test where one has not its true answer. */
void house_is_whole(struct house *house, const char *when);

#endif
