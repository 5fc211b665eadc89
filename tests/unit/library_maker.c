/* A small library for tests (library_maker.h). */
#include "library_maker.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct maker_clause pact_1[] = {
    {"preface", "PACT ON PEACE AND ENERGY\n\n"},
    {"preamble", "The Parties, welcoming their long-standing friendship, have agreed as follows:\n\n"},
    {"cl_1", "1. Peace and friendship shall prevail between the \xE2\x80\x9C"
             "Contracting Parties\xE2\x80\x9D.\n\n"},
    {"cl_2", "2. The Parties shall cooperate on energy:\n(a) in oil and gas;\n(b) in wind and solar power.\n\n"},
    {"cl_3", "3. Disputes are settled by friendly consultations. \xC3\x89nergie verte is welcome.\n\n"},
    {"cl_10", "10. This Pact enters into force upon signature.\n\n"},
    {"conclusions", "Done at Baku, in two copies.\n"},
};

static const struct maker_clause pact_2[] = {
    {"preface", "PACT ON PEACE AND ENERGY\n\n"},
    {"preamble", "The Parties, welcoming their long-standing friendship, have agreed as follows:\n\n"},
    {"cl_1", "1. Peace and friendship shall prevail between the \xE2\x80\x9C"
             "Contracting Parties\xE2\x80\x9D.\n\n"},
    {"cl_2", "2. The Parties shall cooperate on green energy:\n(a) in hydrogen;\n(b) in wind and solar power.\n\n"},
    {"cl_3", "3. Disputes are settled by friendly consultations. \xC3\x89nergie verte is welcome.\n\n"},
    {"cl_10", "10. This Pact enters into force upon signature.\n\n"},
    {"conclusions", "Done at Baku, in two copies.\n"},
};

/* "Article 1: both sides strengthen energy cooperation." "Article 2: this accord takes effect upon signature." */
static const struct maker_clause accord_zh[] = {
    {"art_1",
     "\xE7\xAC\xAC\xE4\xB8\x80\xE6\x9D\xA1 \xE5\x8F\x8C\xE6\x96\xB9\xE5\x8A\xA0\xE5\xBC\xBA\xE8\x83\xBD\xE6\xBA"
     "\x90\xE5\x90\x88\xE4\xBD\x9C\xE3\x80\x82\n"},
    {"art_2",
     "\xE7\xAC\xAC\xE4\xBA\x8C\xE6\x9D\xA1 \xE6\x9C\xAC\xE5\x8D\x8F\xE5\xAE\x9A\xE8\x87\xAA\xE7\xAD\xBE\xE5\xAD"
     "\x97\xE4\xB9\x8B\xE6\x97\xA5\xE8\xB5\xB7\xE7\x94\x9F\xE6\x95\x88\xE3\x80\x82\n"},
};

static const struct maker_clause accord_en[] = {
    {"art_1", "Article 1\nBoth sides strengthen energy cooperation.\n"},
    {"art_2", "Article 2\nThis accord takes effect upon signature.\n"},
};

static const struct maker_clause gone[] = {
    {"cl_1", "1. A forgotten promise about whales.\n"},
};

static const struct maker_clause twin_en[] = {
    {"cl_1", "1. Both texts are equally authentic.\n"},
};

static const struct maker_clause twin_fr[] = {
    {"cl_1", "1. Les deux textes font \xC3\xA9galement foi.\n"},
};

static uint64_t deposit(struct library *library, struct maker_edition plan) {
    return ledger_maker_deposit(&library->maker, &plan);
}

static struct hash record_hash(struct library *library, uint64_t index) {
    struct buffer record;
    struct hash hash;
    const struct ledger_state *state = ledger_state_take(library->maker.ledger);
    buffer_init(&record, LIMIT_ENTRY);
    if (ledger_entry(library->maker.ledger, state, index, &record, NULL, NULL))
        abort();
    merkle_leaf_hash(&hash, buffer_bytes(&record));
    buffer_free(&record);
    ledger_state_release(state);
    return hash;
}

void library_begin(struct library *library) {
    *library = (struct library){.before = NULL};
    ledger_maker_begin_with_key(&library->maker);
    library->maker.now_s = LIBRARY_FIRST;
    library->pact_1 = deposit(library, (struct maker_edition){.instrument = "pact",
                                                              .title = "Pact on Peace and Energy",
                                                              .clauses = pact_1,
                                                              .clauses_count = COUNT(pact_1),
                                                              .remark = "as read"});
    library->gone_1 =
        deposit(library, (struct maker_edition){.instrument = "gone", .clauses = gone, .clauses_count = 1});
    library->before = ledger_state_take(library->maker.ledger);
    library->maker.now_s = LIBRARY_SECOND;
    library->pact_2 = deposit(library, (struct maker_edition){.instrument = "pact",
                                                              .act = ACT_RECTIFICATION,
                                                              .title = "Pact on Peace and Energy",
                                                              .clauses = pact_2,
                                                              .clauses_count = COUNT(pact_2)});
    library->accord_zh = deposit(library, (struct maker_edition){.instrument = "accord",
                                                                 .language = "zh-Hans",
                                                                 .clauses = accord_zh,
                                                                 .clauses_count = COUNT(accord_zh)});
    const struct hash original = record_hash(library, library->accord_zh);
    library->accord_en = deposit(library, (struct maker_edition){.instrument = "accord",
                                                                 .authenticity = AUTHENTICITY_TRANSLATION,
                                                                 .translation_of = &original,
                                                                 .clauses = accord_en,
                                                                 .clauses_count = COUNT(accord_en)});
    library->twin_en =
        deposit(library, (struct maker_edition){.instrument = "twin", .clauses = twin_en, .clauses_count = 1});
    library->twin_fr =
        deposit(library,
                (struct maker_edition){.instrument = "twin", .language = "fr", .clauses = twin_fr, .clauses_count = 1});
    library->maker.now_s = LIBRARY_THIRD;
    library->gone_2 = deposit(library, (struct maker_edition){.instrument = "gone", .act = ACT_WITHDRAWAL});
    library->state = ledger_state_take(library->maker.ledger);
}

void library_end(struct library *library) {
    ledger_state_release(library->before);
    ledger_state_release(library->state);
    ledger_maker_end(&library->maker);
}

struct library_edition library_clauses(const struct library *library, uint64_t edition_index) {
    const struct {
        uint64_t index;
        struct library_edition edition;
    } all[] = {
        {library->pact_1, {pact_1, COUNT(pact_1)}},
        {library->pact_2, {pact_2, COUNT(pact_2)}},
        {library->accord_zh, {accord_zh, COUNT(accord_zh)}},
        {library->accord_en, {accord_en, COUNT(accord_en)}},
        {library->gone_1, {gone, 1}},
        {library->twin_en, {twin_en, 1}},
        {library->twin_fr, {twin_fr, 1}},
    };
    for (size_t i = 0; i < COUNT(all); i++) {
        if (all[i].index == edition_index)
            return all[i].edition;
    }
    abort();
}
