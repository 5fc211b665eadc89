/* Making instruments: a title, a preamble perhaps, chapters, units with lists and running text in them, an end, annexes. */
#include "instrument_maker.h"

#include <stdio.h>
#include <string.h>

struct style {
    const char *name;
    const char *format; /* of the label, with the number */
    const char *prefix; /* of the eId */
    const char *division;
    const char *annex;
    bool chinese;
};

static const struct style styles[] = {
    {"english", "Article %s", "art", "Chapter %u", "Annex %u", false},
    {"french", "Article %s", "art", "Titre %u", "Annexe %u", false},
    {"german", "§ %s", "sec", "Abschnitt %u", "Anlage %u", false},
    {"russian", "Статья %s.", "art", "Глава %u", "Приложение %u", false},
    {"azerbaijani", "Maddə %s.", "art", "Fəsil %u", "Əlavə %u", false},
    {"arabic", "المادة %s", "art", "الفصل %u", "المرفق %u", false},
    {"turkish", "MADDE %s –", "art", "BÖLÜM %u", "EK %u", false},
    {"spanish", "Artículo %s.-", "art", "Capítulo %u", "Anexo %u", false},
    {"markdown", "### Article %s", "art", "## Part %u", "# Annex %u", false},
    {"chinese", "第%s条", "art", "第%s章", "附件%s", true},
    {"clauses", "%s.", "cl", "Part %u", "Annex %u", false},
    {"roman", "ARTICLE %s", "art", "PART %u", "ANNEX %u", false},
};

/* Sentences that an importer might fall over; none of them begins a unit. */
static const char *const traps[] = {
    "Article 5 of the Treaty of 1999 remains in force.",
    "They will carry out the\n2030 Strategy for Ports, adopted at the\n13th Forum on 3 May 2029.",
    "As said in Article 3, this is so.",
    "See also section 7.",
    "On 12 May 2031 they met.",
    "The number is 14. It will be 15. Then more.",
};

struct maker {
    struct made *out;
    uint32_t state;
    const struct style *style;
    bool crlf;
};

static uint32_t pick(struct maker *maker, uint32_t below) {
    maker->state = maker->state * 1664525u + 1013904223u;
    return (maker->state >> 8) % below;
}

static void write(struct maker *maker, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '\n' && maker->crlf) {
            buffer_append_byte(&maker->out->text, '\r');
        }
        buffer_append_byte(&maker->out->text, (uint8_t)*text);
    }
}

static void name_unit(struct maker *maker, const char *scope, const char *prefix, const char *number) {
    buffer_append_format(&maker->out->units, "%s%s%s%s\n", scope, prefix, *number ? "_" : "", number);
}

static void print_chinese(char out[64], unsigned value) {
    static const char *const digits[] = {"", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    unsigned hundreds = value / 100;
    unsigned tens = value / 10 % 10;
    unsigned ones = value % 10;
    snprintf(out, 64, "%s%s%s%s%s", digits[hundreds], hundreds ? "百" : "",
             tens ? (tens == 1 && !hundreds ? "" : digits[tens]) : (hundreds && ones ? "零" : ""), tens ? "十" : "",
             digits[ones]);
}

static void print_roman(char out[64], unsigned value) {
    static const char *const ones[] = {"", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"};
    static const char *const tens[] = {"", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"};
    snprintf(out, 64, "%s%s", tens[value / 10 % 10], ones[value % 10]);
}

/* The number as the style prints it. */
static void print_number(const struct maker *maker, char out[64], unsigned value) {
    if (maker->style->chinese) {
        print_chinese(out, value);
    } else if (strcmp(maker->style->name, "roman") == 0) {
        print_roman(out, value);
    } else {
        snprintf(out, 64, "%u", value);
    }
}

static void write_filled(struct maker *maker, const char *format, unsigned value) {
    char number[64];
    char text[256];
    const char *at = strchr(format, '%');
    print_number(maker, number, value);
    if (at[1] == 'u') {
        snprintf(number, sizeof number, "%u", value);
    }
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - format), format, number, at + 2);
    write(maker, text);
}

static void write_body(struct maker *maker) {
    unsigned paragraphs = 1 + pick(maker, 3);
    for (unsigned i = 0; i < paragraphs; i++) {
        if (pick(maker, 3) == 0) {
            write(maker, traps[pick(maker, sizeof traps / sizeof traps[0])]);
        } else {
            write(maker, "The Parties shall act in good faith, and shall tell each other what they do.");
        }
        write(maker, "\n\n");
    }
    if (pick(maker, 3) == 0) {
        static const char *const lists[] = {"They shall:\n\n(a) write;\n\n(b) read;\n\n(c) answer.\n\n",
                                            "(1) There is a list.\n\n(2) It has two members.\n\n",
                                            "That is:\n\n(i) one thing;\n\n(ii) another.\n\n"};
        write(maker, lists[pick(maker, 3)]);
    }
}

static void write_unit(struct maker *maker, const char *scope, unsigned value) {
    char number[16];
    snprintf(number, sizeof number, "%u", value);
    write_filled(maker, maker->style->format, value);
    write(maker, strcmp(maker->style->prefix, "cl") == 0 || maker->style->chinese ? " " : "\n\n");
    write_body(maker);
    name_unit(maker, scope, maker->style->prefix, number);
}

static void write_annex(struct maker *maker, unsigned value) {
    char scope[32];
    char name[16];
    write_filled(maker, maker->style->annex, value);
    write(maker, "\n\n");
    if (pick(maker, 2) == 0) {
        snprintf(name, sizeof name, "%u", value);
        write(maker, "A table, of which nothing more is said.\n\n");
        name_unit(maker, "", "att", name);
        return;
    }
    unsigned units = 2 + pick(maker, 5);
    snprintf(scope, sizeof scope, "att_%u__", value);
    name_unit(maker, scope, "preface", "");
    for (unsigned i = 1; i <= units; i++) {
        write_unit(maker, scope, i);
    }
}

static void write_front(struct maker *maker) {
    if (pick(maker, 8) == 0) {
        write(maker, "\xEF\xBB\xBF");
    }
    write(maker, "A TREATY ON MADE-UP THINGS\n\n");
    name_unit(maker, "", "preface", "");
    if (pick(maker, 2) == 0) {
        write(maker, "The Parties to this Treaty,\n\nWishing to test,\n\nHave agreed as follows:\n\n");
        name_unit(maker, "", "preamble", "");
    }
}

void made_new(struct made *out, uint32_t seed) {
    struct maker maker = {.out = out, .state = seed * 2654435761u};
    buffer_init(&out->text, 1 << 22);
    buffer_init(&out->units, 1 << 20);
    maker.style = &styles[pick(&maker, sizeof styles / sizeof styles[0])];
    maker.crlf = pick(&maker, 4) == 0;
    out->style = maker.style->name;
    write_front(&maker);
    unsigned units = 3 + pick(&maker, 70);
    unsigned chapter = 0;
    for (unsigned i = 1; i <= units; i++) {
        if (chapter > 0 ? pick(&maker, 12) == 0 : i == 1 && pick(&maker, 2) == 0) {
            write_filled(&maker, maker.style->division, ++chapter);
            write(&maker, "\n\n");
        }
        write_unit(&maker, "", i);
    }
    if (pick(&maker, 2) == 0) {
        write(&maker, "Done at Nowhere on 3 March 2031.\n\nFor the one Party\nFor the other Party\n\n");
        name_unit(&maker, "", "conclusions", "");
    }
    for (unsigned i = 1, annexes = pick(&maker, 4); i <= annexes; i++) {
        write_annex(&maker, i);
    }
    if (pick(&maker, 3) == 0) { /* no newline at the end */
        while (out->text.len > 0 &&
               (out->text.data[out->text.len - 1] == '\n' || out->text.data[out->text.len - 1] == '\r')) {
            out->text.len--;
        }
    }
}

void made_free(struct made *made) {
    buffer_free(&made->text);
    buffer_free(&made->units);
}
