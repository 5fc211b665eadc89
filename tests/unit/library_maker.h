/*
 * A small library for the tests of catalog and service: a real ledger with several instruments, editions, languages and
 * a withdrawal. Times are the maker's clock; LIBRARY_* name them.
 */
#ifndef TESTS_LIBRARY_MAKER_H
#define TESTS_LIBRARY_MAKER_H

#include "catalog/catalog.h"
#include "ledger_maker.h"

#define LIBRARY_FIRST  (MAKER_NOW + 100) /* deposit of the first editions */
#define LIBRARY_SECOND (MAKER_NOW + 200) /* rectification of pact, deposit of accord */
#define LIBRARY_THIRD  (MAKER_NOW + 300) /* withdrawal of gone, the last register */

/*
 * pact en:    editions 1 and 2; preface, preamble, cl_1, cl_2 (points a, b), cl_3, cl_10, conclusions; in edition 2
 * only cl_2 differs accord en:  edition 1, a translation of accord zh; accord zh: edition 1, authentic; art_1, art_2
 * gone en:    edition 1, edition 2 is its withdrawal twin en:    edition 1, authentic; twin fr: edition 1, authentic;
 * cl_1
 */
struct library {
    struct ledger_maker maker;
    const struct ledger_state *before; /* the state before edition 2 of pact */
    const struct ledger_state *state;  /* the last */
    uint64_t pact_1;                   /* indices of edition records */
    uint64_t pact_2;
    uint64_t accord_zh;
    uint64_t accord_en;
    uint64_t gone_1;
    uint64_t gone_2;
    uint64_t twin_en;
    uint64_t twin_fr;
};

void library_begin(struct library *library);
void library_end(struct library *library);

/** The clauses of an edition, as deposited. */
struct library_edition {
    const struct maker_clause *clauses;
    size_t count;
};
struct library_edition library_clauses(const struct library *library, uint64_t edition_index);

#endif
