/*
 * A unit as elements. All its bytes are written once, in order: each piece of text goes into num, heading or p, with the white space before
 * it; provisions become the hierarchy inside, and what stands between them becomes paragraphs without a name.
 */
#include "akn/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"

/* A unit that is being written. */
struct writing {
    struct buffer *out;
    struct bytes text;
    struct structure structure;
    size_t at; /* bytes of the text that are written */
};

void akn_escape(struct buffer *out, struct bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '&') {
            buffer_append_text(out, "&amp;");
        } else if (c == '<') {
            buffer_append_text(out, "&lt;");
        } else if (c == '>') {
            buffer_append_text(out, "&gt;");
        } else if (c == '"') {
            buffer_append_text(out, "&quot;");
        } else if (c == '\r') {
            buffer_append_text(out, "&#13;"); /* a bare one would be read as a line feed */
        } else if (c == 0xEF && text.len - i >= 3 && text.data[i + 1] == 0xBF && text.data[i + 2] >= 0xBE) {
            buffer_append_format(out, "<?depositary-character %u?>", 0xFFC0u + (text.data[i + 2] & 0x3Fu));
            i += 2; /* U+FFFE, U+FFFF */
        } else if (c < 0x20 && c != '\t' && c != '\n') {
            buffer_append_format(out, "<?depositary-character %u?>", c);
        } else {
            buffer_append_byte(out, c);
        }
    }
}

static void write_to(struct writing *writing, size_t end) {
    if (end > writing->at) {
        akn_escape(writing->out, bytes_slice(writing->text, writing->at, end - writing->at));
        writing->at = end;
    }
}

static bool is_blank(const struct writing *writing, size_t end) {
    return end <= writing->at || trim(bytes_slice(writing->text, writing->at, end - writing->at)).len == 0;
}

static void open_tag(struct writing *writing, const char *element, const char *eid) {
    buffer_append_format(writing->out, "<%s", element);
    if (*eid != '\0') {
        buffer_append_format(writing->out, " eId=\"%s\"", eid);
    }
    buffer_append_byte(writing->out, '>');
}

static void close_tag(struct writing *writing, const char *element) {
    buffer_append_format(writing->out, "</%s>", element);
}

/* The text up to `end` in an element of its own. */
static void write_piece(struct writing *writing, const char *element, const char *eid, size_t end) {
    open_tag(writing, element, eid);
    write_to(writing, end);
    close_tag(writing, element);
}

/* ---- provisions */

static const char *last_part(const char *eid) {
    const char *last = eid;
    for (const char *at = eid; (at = strstr(at, "__")) != NULL; at += 2) {
        last = at + 2;
    }
    return last;
}

/* By the naming convention's abbreviation. */
static const char *element_of(const char *eid) {
    static const char *const names[][2] = {{"para_", "paragraph"}, {"subsec_", "subsection"}, {"point_", "point"}};
    const char *part = last_part(eid);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncmp(part, names[i][0], strlen(names[i][0])) == 0) {
            return names[i][1];
        }
    }
    return "alinea"; /* p_2: a paragraph without number */
}

static bool is_inside(const char *eid, const char *parent) {
    size_t len = strlen(parent);
    return strncmp(eid, parent, len) == 0 && strncmp(eid + len, "__", 2) == 0;
}

/* The provision after i and all that is in it. */
static size_t after(const struct writing *writing, size_t i) {
    const struct structure *structure = &writing->structure;
    size_t next = i + 1;
    while (next < structure->provisions_count &&
           is_inside(structure->provisions[next].eid, structure->provisions[i].eid)) {
        next++;
    }
    return next;
}

static size_t end_of(const struct provision *provision) {
    return (size_t)provision->span.offset + provision->span.length;
}

/* Whether the provisions [i, end) are paragraphs without number and nothing but white space stands between them. */
static bool are_plain(const struct writing *writing, size_t i, size_t end, size_t limit) {
    size_t at = writing->at;
    if (i == end) {
        return true;
    }
    for (; i < end; i++) {
        const struct provision *provision = &writing->structure.provisions[i];
        struct bytes before = bytes_slice(writing->text, at, provision->span.offset - at);
        if (strcmp(element_of(provision->eid), "alinea") != 0 || trim(before).len > 0) {
            return false;
        }
        at = end_of(provision);
    }
    return trim(bytes_slice(writing->text, at, limit - at)).len == 0;
}

static void write_inside(struct writing *writing, size_t first, size_t end, size_t limit);

/* A text between provisions that has no name. */
static void write_unnamed(struct writing *writing, size_t end) {
    open_tag(writing, "alinea", "");
    open_tag(writing, "content", "");
    write_piece(writing, "p", "", end);
    close_tag(writing, "content");
    close_tag(writing, "alinea");
}

static void write_provision(struct writing *writing, size_t i, size_t limit) {
    const struct provision *provision = &writing->structure.provisions[i];
    const char *element = element_of(provision->eid);
    open_tag(writing, element, provision->eid);
    if (provision->number.length > 0) {
        write_piece(writing, "num", "", (size_t)provision->number.offset + provision->number.length);
    }
    write_inside(writing, i + 1, after(writing, i), limit);
    close_tag(writing, element);
}

/* Where the text of provision i ends: at its own end, and the white space up to the next one. */
static size_t limit_of(const struct writing *writing, size_t i, size_t next, size_t end, size_t limit) {
    size_t own = end_of(&writing->structure.provisions[i]);
    size_t follows = next < end ? writing->structure.provisions[next].span.offset : limit;
    struct bytes gap = bytes_slice(writing->text, own, follows - own);
    return trim(gap).len == 0 ? follows : own;
}

/* What is in an element after its num and heading: blocks, or the hierarchy of the provisions [first, end), up to `limit`. */
static void write_inside(struct writing *writing, size_t first, size_t end, size_t limit) {
    if (are_plain(writing, first, end, limit)) {
        open_tag(writing, "content", "");
        for (size_t i = first; i < end; i++) {
            write_piece(writing, "p", writing->structure.provisions[i].eid, limit_of(writing, i, i + 1, end, limit));
        }
        if (writing->at < limit || first == end) {
            write_piece(writing, "p", "", limit);
        }
        close_tag(writing, "content");
        return;
    }
    if (first < end && !is_blank(writing, writing->structure.provisions[first].span.offset)) {
        open_tag(writing, "intro", "");
        write_piece(writing, "p", "", writing->structure.provisions[first].span.offset);
        close_tag(writing, "intro");
    }
    for (size_t i = first, next; i < end; i = next) {
        next = after(writing, i);
        if (!is_blank(writing, writing->structure.provisions[i].span.offset)) {
            write_unnamed(writing, writing->structure.provisions[i].span.offset);
        }
        write_provision(writing, i, limit_of(writing, i, next, end, limit));
    }
    if (writing->at < limit) {
        open_tag(writing, "wrapUp", "");
        write_piece(writing, "p", "", limit);
        close_tag(writing, "wrapUp");
    }
}

/* ---- the unit */

/* num, with the headings of parts and chapters above it, then heading. */
static void write_heads(struct writing *writing) {
    const struct structure *structure = &writing->structure;
    size_t number = structure->number.offset;
    if (structure->number.length == 0) {
        return;
    }
    open_tag(writing, "num", "");
    if (!is_blank(writing, number)) {
        buffer_append_text(writing->out, "<inline name=\"above\">");
        write_to(writing, number);
        buffer_append_text(writing->out, "</inline>");
    }
    write_to(writing, number + structure->number.length);
    close_tag(writing, "num");
    if (structure->heading.length > 0 && structure->heading.offset >= writing->at) {
        write_piece(writing, "heading", "", (size_t)structure->heading.offset + structure->heading.length);
    }
}

/* Provisions that overlap what is written, or one another, cannot be elements: they are left out, never their text. */
static void judge_provisions(struct writing *writing) {
    struct structure *structure = &writing->structure;
    size_t kept = 0;
    size_t at = structure->number.length > 0 ? (size_t)structure->number.offset + structure->number.length : 0;
    if (structure->heading.length > 0 && structure->heading.offset >= at) {
        at = (size_t)structure->heading.offset + structure->heading.length;
    }
    for (size_t i = 0; i < structure->provisions_count; i++) {
        const struct provision *provision = &structure->provisions[i];
        bool fits =
            provision->span.offset >= at && end_of(provision) <= writing->text.len && provision->span.length > 0;
        if (fits) {
            structure->provisions[kept++] = *provision;
            at = provision->number.length > 0 ? (size_t)provision->number.offset + provision->number.length
                                              : provision->span.offset;
        }
    }
    structure->provisions_count = kept;
}

int akn_write_unit(struct buffer *out, const struct akn_unit *unit, const char *element, const char *name) {
    struct writing writing = {.out = out, .text = unit->text};
    int error = structure_of(&writing.structure, unit->eid, unit->text);
    if (error != 0) {
        return error;
    }
    judge_provisions(&writing);
    buffer_append_format(out, "<%s eId=\"%.*s\"", element, (int)unit->eid.len, (const char *)unit->eid.data);
    if (name) {
        buffer_append_format(out, " name=\"%s\"", name);
    }
    buffer_append_byte(out, '>');
    write_heads(&writing);
    write_inside(&writing, 0, writing.structure.provisions_count, unit->text.len);
    buffer_append_format(out, "</%s>\n", element);
    structure_free(&writing.structure);
    return out->error;
}

int akn_write_annex(struct buffer *head, struct buffer *body, const struct akn_unit *unit) {
    struct writing writing = {.out = head, .text = unit->text};
    int error = structure_of(&writing.structure, unit->eid, unit->text);
    if (error != 0) {
        return error;
    }
    judge_provisions(&writing);
    write_heads(&writing);
    writing.out = body;
    buffer_append_text(body, "<hcontainer name=\"annex\">");
    write_inside(&writing, 0, writing.structure.provisions_count, unit->text.len);
    buffer_append_text(body, "</hcontainer>");
    structure_free(&writing.structure);
    return head->error != 0 ? head->error : body->error;
}

int akn_write_blocks(struct buffer *out, const struct akn_unit *unit, const char *element) {
    struct writing writing = {.out = out, .text = unit->text};
    int error = structure_of(&writing.structure, unit->eid, unit->text);
    if (error != 0) {
        return error;
    }
    judge_provisions(&writing);
    const struct structure *structure = &writing.structure;
    buffer_append_format(out, "<%s eId=\"%.*s\">", element, (int)unit->eid.len, (const char *)unit->eid.data);
    size_t first = structure->provisions_count > 0 ? structure->provisions[0].span.offset : unit->text.len;
    if (first > 0 || structure->provisions_count == 0) {
        write_piece(&writing, "p", "", first);
    }
    for (size_t i = 0; i < structure->provisions_count; i++) { /* one after another: blocks are not nested */
        bool last = i + 1 == structure->provisions_count;
        write_piece(&writing, "p", structure->provisions[i].eid,
                    last ? unit->text.len : structure->provisions[i + 1].span.offset);
    }
    buffer_append_format(out, "</%s>\n", element);
    structure_free(&writing.structure);
    return out->error;
}
