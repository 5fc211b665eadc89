/* Front matter and closing words. Where only the look of a paragraph speaks, the caller is told so. */
#include "text/layout.h"

#include "text/character.h"
#include "text/division.h"
#include "text/keyword.h"

#define CLOSING_MAX 400 /* bytes of a paragraph of signatories */
#define TITLE_MAX   200 /* bytes of a heading that stands by itself */
#define TITLE_LINES 2

struct bytes layout_line(const struct layout *layout, size_t i) {
    return bytes_slice(layout->source, layout->lines.items[i].offset, layout->lines.items[i].len);
}

size_t layout_offset(const struct layout *layout, size_t i) {
    return i < layout->lines.count ? layout->lines.items[i].offset : layout->source.len;
}

static bool is_blank(const struct layout *layout, size_t i) {
    return layout->lines.items[i].blank;
}

static bool is_marked(const struct layout *layout, size_t i) {
    bool marked;
    line_body(layout_line(layout, i), &marked);
    return marked;
}

/* A line without the marks and white space around it. */
static struct bytes body_of(const struct layout *layout, size_t i) {
    bool marked;
    struct bytes line = layout_line(layout, i);
    size_t body = line_body(line, &marked);
    return trim(bytes_slice(line, body, line.len - body));
}

size_t layout_written(const struct layout *layout, size_t i, size_t end) {
    while (i < end && is_blank(layout, i)) {
        i++;
    }
    return i;
}

size_t layout_paragraph_end(const struct layout *layout, size_t i, size_t end) {
    if (is_marked(layout, i)) {
        return i + 1;
    }
    do {
        i++;
    } while (i < end && !is_blank(layout, i) && !is_marked(layout, i));
    return i;
}

bool layout_is_title(const struct layout *layout, size_t i, size_t after) {
    struct point point;
    size_t last = after - 1;
    size_t len = layout->lines.items[last].offset + layout->lines.items[last].len - layout->lines.items[i].offset;
    return after - i <= TITLE_LINES && len <= TITLE_MAX && is_heading_like(layout_line(layout, last)) &&
           !point_of(&point, layout_line(layout, i));
}

/* ---- the front */

bool layout_is_preamble_heading(const struct layout *layout, size_t i) {
    struct bytes in = body_of(layout, i);
    size_t len = keyword_take(in, KEYWORD_PREAMBLE);
    while (len > 0 && len < in.len && (in.data[len] == ':' || in.data[len] == '.' || in.data[len] == '*')) {
        len++;
    }
    return len > 0 && len == in.len;
}

static bool is_comment(const struct layout *layout, size_t i) {
    struct bytes line = trim(layout_line(layout, i));
    return bytes_starts_with(line, BYTES("<!--")) && line.len >= 7 &&
           bytes_equal(bytes_slice(line, line.len - 3, 3), BYTES("-->"));
}

static bool is_rule(const struct layout *layout, size_t i) {
    return bytes_equal(trim(layout_line(layout, i)), BYTES("---"));
}

/* Past a header of fields between two lines "---", as Markdown files begin with. */
static size_t skip_fields(const struct layout *layout, size_t first, size_t end) {
    if (first < end && is_rule(layout, first)) {
        for (size_t i = first + 1; i < end; i++) {
            if (is_rule(layout, i)) {
                return layout_written(layout, i + 1, end);
            }
        }
    }
    return first;
}

/* The mark that a paragraph ends in, before closing brackets and dashes: "as follows:—" ends in a colon. */
static uint32_t last_mark(struct bytes line) {
    line = trim(line);
    while (line.len > 0) {
        size_t before = utf8_before(line, line.len);
        uint32_t c = utf8_at(line, before);
        bool dash = c == '-' || (c >= 0x2010 && c <= 0x2015);
        if (!dash && !is_white_space(c) && c != '*' && c != '_') {
            return c;
        }
        line.len = before;
    }
    return 0;
}

/* Whether a sentence goes on after the paragraph that ends in this line. */
static bool runs_on(struct bytes line) {
    uint32_t c = last_mark(line);
    return c == ',' || c == ':' || c == ';' || c == 0xFF0C || c == 0xFF1A || c == 0x060C || c == 0x061B;
}

static bool is_prose(const struct layout *layout, size_t i, size_t after) {
    struct bytes last = layout_line(layout, after - 1);
    bool title = after - i <= TITLE_LINES + 2 && (is_heading_like(last) || is_division(layout_line(layout, i)));
    return !is_marked(layout, i) && !is_comment(layout, i) && (!title || runs_on(last));
}

static size_t told_preamble(const struct layout *layout, size_t first, size_t end) {
    size_t after_comment = end;
    for (size_t i = first; i < end; i++) {
        if (layout_is_preamble_heading(layout, i)) {
            return i;
        }
        if (is_comment(layout, i)) {
            after_comment = layout_written(layout, i + 1, end);
        }
    }
    return after_comment;
}

static bool has_comment(const struct layout *layout, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        if (is_comment(layout, i)) {
            return true;
        }
    }
    return false;
}

/* By the look of its paragraphs: the first prose after the title, if prose stands right above the first unit too. */
static size_t seen_preamble(const struct layout *layout, size_t first, size_t end, enum preamble_sign *sign) {
    size_t start = end;
    size_t last = first;
    bool prose = false;
    for (size_t i = first, after; i < end; i = layout_written(layout, after, end)) {
        after = layout_paragraph_end(layout, i, end);
        last = after - 1;
        prose = is_prose(layout, i, after);
        bool title = i == first && !runs_on(layout_line(layout, last));
        if (start == end && prose && !title) {
            start = i;
        }
    }
    if (start == end || !prose) {
        return end;
    }
    *sign = runs_on(layout_line(layout, last)) ? PREAMBLE_SENTENCE : PREAMBLE_GUESSED;
    return start;
}

size_t layout_preamble(const struct layout *layout, size_t first, size_t contents, size_t end,
                       enum preamble_sign *sign) {
    *sign = PREAMBLE_NONE;
    size_t told = told_preamble(layout, contents, end);
    if (told < end || has_comment(layout, first, end)) {
        *sign = told < end ? PREAMBLE_TOLD : PREAMBLE_NONE;
        return told;
    }
    size_t start = contents > first ? contents : skip_fields(layout, first, end);
    return seen_preamble(layout, start, end, sign);
}

/* ---- the end */

/* Whether a paragraph can be names of signatories, place and date: short, and no sentence. */
static bool is_closing_paragraph(const struct layout *layout, size_t i, size_t end) {
    size_t last = end - 1;
    size_t len = layout->lines.items[last].offset + layout->lines.items[last].len - layout_offset(layout, i);
    struct point point;
    return len <= CLOSING_MAX && is_heading_like(layout_line(layout, last)) &&
           !point_of(&point, layout_line(layout, i)) && !is_comment(layout, i);
}

size_t layout_conclusions(const struct layout *layout, size_t label, size_t end) {
    size_t candidate = end;
    bool content = !is_blank(layout, label) && !label_of(layout_line(layout, label)).alone;
    size_t i = layout_paragraph_end(layout, label, end);
    content = content || i > label + 1;
    for (i = layout_written(layout, i, end); i < end; i = layout_written(layout, i, end)) {
        size_t after = layout_paragraph_end(layout, i, end);
        if (content && keyword_take(body_of(layout, i), KEYWORD_CLOSING) > 0) {
            return i;
        }
        if (!content || !is_closing_paragraph(layout, i, after)) {
            candidate = end;
        } else if (candidate == end) {
            candidate = i;
        }
        content = true;
        i = after;
    }
    return candidate;
}
