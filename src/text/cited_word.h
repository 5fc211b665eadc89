/* The words of citations that are no headings: cases and abbreviations of the words for parts, and what joins parts and lists. Pure. */
#ifndef TEXT_CITED_WORD_H
#define TEXT_CITED_WORD_H

#include "base/bytes.h"
#include "text/keyword.h"

/** The longest word for that kind at the front, as a heading (keyword.h) or in a citation; its length, or 0. */
size_t cited_take(struct bytes in, enum keyword kind);
/** A word for a sentence of a paragraph, "Satz", which no eId names; its length, or 0. */
size_t cited_sentence(struct bytes in);

/** What joins two parts of one chain: "of the", "der", "de l'", "من". */
size_t cited_joint(struct bytes in);
/** What joins two chains of a list: "and", "或", "/". */
size_t cited_and(struct bytes in);
/** What stands between the ends of a range: "to", "bis", "–", 至. */
size_t cited_to(struct bytes in);
/** What follows a number that stands before its word: -cü, -й, th, and a dot. May be nothing. */
size_t cited_ordinal(struct bytes in);

#endif
