/* What a line begins with: "4.", "Article 7", "§ 31a", "第五条", "Annex II", "(a)". Pure. */
#ifndef TEXT_LABEL_H
#define TEXT_LABEL_H

#include "text/numeral.h"

enum label_kind {
    LABEL_NONE,
    LABEL_CLAUSE,  /* 4. */
    LABEL_ARTICLE, /* Article 4 */
    LABEL_SECTION, /* § 4, Section 4 */
    LABEL_RULE,    /* Rule 4 */
    LABEL_ITEM,    /* Principle 4, Clause 4: the word and a number */
    LABEL_ROMAN,   /* IV. */
    LABEL_BARE,    /* 4 Heading */
    LABEL_BRACKET, /* (4) */
    LABEL_ANNEX    /* Annex IV */
};

/** How a label goes on after its number; those of one numbering go on alike. */
enum label_shape { SHAPE_ALONE, SHAPE_SPACE, SHAPE_DOT, SHAPE_DASH, SHAPE_COLON, SHAPE_BRACKET, SHAPE_JOINED };

/** The label of a unit. Offsets are bytes in the line. */
struct label {
    enum label_kind kind;
    struct number number; /* of an annex without number: value 0 */
    enum label_shape shape;
    uint8_t close; /* last byte of the label of a clause: "4." is another style than "4)" */
    size_t start;  /* of the label as printed, with the dot of "4." */
    size_t end;
    size_t rest; /* what follows it, after white space and dots */
    bool marked; /* a Markdown heading */
    bool alone;  /* nothing follows */
};

/** The prefix of its eIds: cl, art, sec, rule, att. */
const char *label_prefix(enum label_kind kind);

/** The label that a line begins with; kind LABEL_NONE where it has none. */
struct label label_of(struct bytes line);

/** Where a line begins after a byte order mark, white space and the marks of Markdown; *marked: whether it is a heading. */
size_t line_body(struct bytes line, bool *marked);

/** The number after a word, "7", "L. 123-4", "Two", "IV"; its length, 0 where there is none. */
size_t label_number(struct number *number, struct bytes in);
/** "4.", "4)", "四、", "4 - ", not 4.5. */
size_t label_dotted(struct number *number, struct bytes in);
/** "IV." before a space or the end. */
size_t label_roman(struct number *number, struct bytes in);

/** Whether the label is a word and a number: such a numbering may leave numbers out. */
bool label_is_worded(enum label_kind kind);
/** Whether a line is several of a kind: "§§ 3 bis 6 (weggefallen)", "Articles 4 to 6". Never the label of a unit. */
bool is_range_of(enum label_kind kind, struct bytes line);

/** Whether a line can be a heading: short, and ending neither a sentence nor a member of a list. */
bool is_heading_like(struct bytes line);

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
