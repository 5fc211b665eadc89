/* What of a text is front matter, preamble and closing words, by its lines and paragraphs. Pure. */
#ifndef TEXT_LAYOUT_H
#define TEXT_LAYOUT_H

#include "text/lines.h"

/** A text and its lines. Views. */
struct layout {
    struct bytes source;
    struct lines lines;
};

struct bytes layout_line(const struct layout *layout, size_t i);
/** Where line i begins; the length of the text for what is past the last one. */
size_t layout_offset(const struct layout *layout, size_t i);
/** The next line from i on that is not blank, `end` where there is none. */
size_t layout_written(const struct layout *layout, size_t i, size_t end);
/** One past the last line of the paragraph that begins at i; a Markdown heading is a paragraph of its own. */
size_t layout_paragraph_end(const struct layout *layout, size_t i, size_t end);

/** How sure it is where a preamble begins. */
enum preamble_sign {
    PREAMBLE_NONE,     /* there is none: titles, contents and editors' notes only */
    PREAMBLE_TOLD,     /* a heading, or the end of a header, says so */
    PREAMBLE_SENTENCE, /* a sentence runs into the first unit */
    PREAMBLE_GUESSED   /* there is prose before the first unit */
};

/**
 * Where the preamble begins among the lines [first, end) that stand before the first unit; `end` where there is none. `contents`:
 * the line after a table of contents, or `first`.
 */
size_t layout_preamble(const struct layout *layout, size_t first, size_t contents, size_t end,
                       enum preamble_sign *sign);

/** The line where the closing words begin in the last unit, whose label stands in line `label`; `end` where there are none. */
size_t layout_conclusions(const struct layout *layout, size_t label, size_t end);

/** Whether a paragraph may be the heading of what comes after it: a short line or two, no sentence, no point of a list. */
bool layout_is_title(const struct layout *layout, size_t i, size_t after);
/** Whether line i is nothing but the word for preamble. */
bool layout_is_preamble_heading(const struct layout *layout, size_t i);

#endif
