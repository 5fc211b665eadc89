/* The words that instruments use for their parts, in the languages that the importer and the citation parser know. Pure. */
#ifndef TEXT_KEYWORD_H
#define TEXT_KEYWORD_H

#include "base/bytes.h"

enum keyword {
    KEYWORD_NONE,
    KEYWORD_ARTICLE,     /* Article, Статья, Maddə, المادة */
    KEYWORD_SECTION,     /* §, Section */
    KEYWORD_RULE,        /* Rule, Regel, Правило */
    KEYWORD_ITEM,        /* Principle, Clause: what is cited by its number alone */
    KEYWORD_CLAUSE,      /* Clause; in citations */
    KEYWORD_PARAGRAPH,   /* paragraph, para, Absatz, пункт; in citations */
    KEYWORD_POINT,       /* point, letter, подпункт; in citations */
    KEYWORD_ANNEX,       /* Annex, Приложение, 附件 */
    KEYWORD_COMPANION,   /* Protocol 1, Resolution I: an act that goes with another; after it, like an annex */
    KEYWORD_DIVISION,    /* Part, Chapter, Title: a heading above articles */
    KEYWORD_PREAMBLE,    /* Preamble, 序言, الديباجة */
    KEYWORD_PREFACE,     /* in citations */
    KEYWORD_CONCLUSIONS, /* in citations */
    KEYWORD_CLOSING      /* Done at, In witness whereof: where the closing words begin */
};

/** Length of the word at the front of `in`, without regard to case, not followed by more of a word; 0 where it is not there. */
size_t keyword_len(struct bytes in, const char *word);
/** The longest keyword of that kind at the front; its length, or 0. Digits may follow at once: "§5", "Art.5". */
size_t keyword_take(struct bytes in, enum keyword kind);

#endif
