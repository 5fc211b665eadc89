/* The lines that begin with a label, and what around them tells a unit from a reference. Pure. */
#ifndef TEXT_MARK_H
#define TEXT_MARK_H

#include "text/label.h"
#include "text/lines.h"

/** A line that begins with the label of a unit or of an annex. */
struct mark {
    size_t line; /* index */
    struct label label;
    size_t
        heading; /* the first line of the short lines right above it, without a blank one between; `line` where there are none */
    bool fresh;   /* begins a paragraph */
    bool prose;   /* goes on as a sentence does: "Article 5 of the Treaty ..." */
    bool closed;  /* the line before ends a sentence */
    bool divided; /* stands right under the heading of a part or chapter */
    bool chosen;  /* is a unit */
    bool repeat;  /* chosen, though its number was there before */
};

struct marks {
    struct mark *items;
    size_t count;
    struct bytes text;         /* view */
    const struct lines *lines; /* view */
};

/** All marks, none chosen. Both text and lines stay with the caller, and live as long as the marks. */
MUST_USE int marks_of(struct marks *out, struct bytes text, const struct lines *lines);
void marks_free(struct marks *marks);

/** The bytes of a line. */
struct bytes text_line(struct bytes text, const struct lines *lines, size_t i);
/** The last line before i that is not blank and not before `first`; i itself where there is none. */
size_t line_written_before(const struct lines *lines, size_t i, size_t first);
/** The word of a label, as printed: "Artikel" is another one than "Article". */
struct bytes mark_word(const struct marks *marks, const struct mark *mark);
/** Whether the marks i and j have nothing but headings between them: no text of a unit. */
bool marks_are_bare(const struct marks *marks, size_t i, size_t j);

#endif
