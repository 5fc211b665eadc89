/* What a line begins with: "4.", "Article 7", "§ 31a", "第五条", "Annex II", "(a)". Pure. */
#ifndef TEXT_LABEL_H
#define TEXT_LABEL_H

#include "text/numeral.h"

enum label_kind { LABEL_NONE, LABEL_CLAUSE, LABEL_ARTICLE, LABEL_SECTION, LABEL_ANNEX };

/** The label of a unit. Offsets are bytes in the line. */
struct label {
    enum label_kind kind;
    struct number number; /* of an annex without number: value 0 */
    size_t start;         /* of the label as printed, with the dot of "4." */
    size_t end;
    size_t rest; /* what follows it, after white space and dots */
    bool marked; /* a Markdown heading */
    bool alone;  /* nothing follows */
};

/** The prefix of its eIds: cl, art, sec, att. */
const char *label_prefix(enum label_kind kind);

/** The label that a line begins with; kind LABEL_NONE where it has none. */
struct label label_of(struct bytes line);

/** Where a line begins after a byte order mark, white space and the marks of Markdown; *marked: whether it is a heading. */
size_t line_body(struct bytes line, bool *marked);

/** Whether a line can be a heading: short, and ending neither a sentence nor a member of a list. */
bool is_heading_like(struct bytes line);
/** Whether a line stands above units: a Markdown heading, or "Part II" and kin. */
bool is_division(struct bytes line);

/* ---- inside a unit */

enum point_style {
    POINT_NONE,
    POINT_DIGITS_PAREN,   /* (1) 1) */
    POINT_DIGITS_DOT,     /* 1. */
    POINT_CHINESE,        /* 一、 */
    POINT_CHINESE_PAREN,  /* （一） ㈠ */
    POINT_CIRCLED,        /* ① */
    POINT_LETTER_DOT,     /* a. */
    POINT_LETTER,         /* (a) a) */
    POINT_ROMAN,          /* (i) i) */
    POINT_CYRILLIC_LETTER /* а) */
};

/** One way to read a label. */
struct point_reading {
    enum point_style style; /* POINT_NONE: no such reading */
    struct number number;
};

/** The label of a paragraph or point; "(i)" is both a letter and a Roman number. */
struct point {
    struct point_reading readings[2];
    size_t start; /* as printed, with its brackets or dot */
    size_t end;
};

/** False where the line, from its body on, begins with none. */
bool point_of(struct point *out, struct bytes line);

#endif
