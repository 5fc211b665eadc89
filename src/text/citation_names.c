/* From the chains of a citation to the eIds that exist, and to the one that comes nearest where none does. */
#include "text/citation.h"

#include <stdio.h>
#include <string.h>

#include "text/character.h"

#define NEAREST_REACH 200u /* numbers before and after that are looked for */

/* One chain under way. */
struct resolving {
    struct citation_names *out;
    citation_has *has;
    void *context;
    const struct citation_chain *chain;
    bool is_any_word; /* the words for the kinds do not count */
    unsigned steps; /* taken, up to CITATION_STEPS_MAX */
    size_t found; /* names that are there, with those that another chain gave, and those that there was no room for */
};

/* ---- eIds */

/* Whether there is a step left, which is taken then. */
static bool take_step(struct resolving *resolving) {
    if (resolving->steps == CITATION_STEPS_MAX) {
        return false;
    }
    resolving->steps++;
    return true;
}

static void offer(struct resolving *resolving, const char *eid) {
    struct citation_names *out = resolving->out;
    if (!take_step(resolving)) {
        return;
    }
    if (out->missing[0] == '\0') { /* the likeliest comes first; taken back where one is there */
        snprintf(out->missing, sizeof out->missing, "%s", eid);
    }
    if (!resolving->has(resolving->context, eid)) {
        return;
    }
    resolving->found++;
    if (out->count == CITATION_NAMES_MAX) {
        return;
    }
    for (size_t i = 0; i < out->count; i++) {
        if (strcmp(out->eids[i], eid) == 0) {
            return;
        }
    }
    snprintf(out->eids[out->count++], sizeof out->eids[0], "%s", eid);
}

/* The element names that a part may have, the likeliest first; ends with NULL. */
static const char *const *elements_of(const struct resolving *resolving, size_t at) {
    static const char *const units[] = {"cl", "art", "sec", "para", NULL};
    static const char *const article[] = {"art", NULL};
    static const char *const section[] = {"sec", NULL};
    static const char *const clause[] = {"cl", NULL};
    static const char *const annex[] = {"att", NULL};
    static const char *const inside[] = {"para", "subsec", "p", "point", NULL};
    static const char *const paragraph[] = {"para", "subsec", "p", "point", NULL};
    static const char *const point[] = {"point", "para", "p", NULL};
    const struct citation_part *part = &resolving->chain->parts[at];
    bool top = at == 0 || (at == 1 && resolving->chain->parts[0].kind == KEYWORD_ANNEX);
    if (resolving->is_any_word && part->kind != KEYWORD_ANNEX) {
        return top ? units : inside;
    }
    switch (part->kind) {
    case KEYWORD_ARTICLE:
        return article;
    case KEYWORD_SECTION:
        return section;
    case KEYWORD_CLAUSE:
        return clause;
    case KEYWORD_ANNEX:
        return annex;
    case KEYWORD_PARAGRAPH:
        return top ? units : paragraph;
    case KEYWORD_POINT:
        return top ? units : point;
    default:
        return top ? units : inside;
    }
}

static const char *whole_unit(enum keyword kind) {
    return kind == KEYWORD_PREAMBLE ? "preamble" : kind == KEYWORD_PREFACE ? "preface" : "conclusions";
}

/* False where it would be too long for one. */
static bool print_eid(char out[LIMIT_EID + 1], const char *above, const char *element, const char *number) {
    int len = snprintf(out, LIMIT_EID + 1, "%s%s%s%s%s", above, above[0] != '\0' ? "__" : "", element,
                       number[0] != '\0' ? "_" : "", number);
    return len > 0 && len <= (int)LIMIT_EID;
}

/* Tries every eId of the parts from `at` on below `above`, until the steps are used up. */
static void resolve(struct resolving *resolving, size_t at, const char *above);

/* A unit may be any of those that are there; inside one, "(2)" is the numbered paragraph, and only where there is none the second one. */
static void resolve_number(struct resolving *resolving, size_t at, const char *above, const char *number) {
    const char *const *elements = elements_of(resolving, at);
    size_t before = resolving->found;
    for (size_t i = 0; elements[i] && (above[0] == '\0' || resolving->found == before); i++) {
        char eid[LIMIT_EID + 1];
        if (print_eid(eid, above, elements[i], number)) {
            resolve(resolving, at + 1, eid);
        }
    }
}

static void resolve_unit(struct resolving *resolving, size_t at, const char *above, const char *unit) {
    char eid[LIMIT_EID + 1];
    if (print_eid(eid, above, unit, "")) {
        resolve(resolving, at + 1, eid);
    }
}

/* A letter of a list in capitals is the small one, where that is what is there. */
static void resolve_letter(struct resolving *resolving, size_t at, const char *above) {
    char small[NUMBER_TEXT_MAX];
    const struct number *number = &resolving->chain->parts[at].number;
    snprintf(small, sizeof small, "%s", number->text);
    for (char *letter = small; *letter != '\0'; letter++) {
        *letter = *letter >= 'A' && *letter <= 'Z' ? (char)(*letter | 0x20) : *letter;
    }
    if (strcmp(small, number->text) != 0) {
        resolve_number(resolving, at, above, small);
    }
}

static void resolve(struct resolving *resolving, size_t at, const char *above) {
    if (at == resolving->chain->count) {
        offer(resolving, above);
        if (resolving->chain->parts[at - 1].kind == KEYWORD_ANNEX) {
            char eid[LIMIT_EID + 1];
            if (print_eid(eid, above, "preface", "")) {
                offer(resolving, eid); /* an annex that is cut into units begins there */
            }
        }
        return;
    }
    const struct citation_part *part = &resolving->chain->parts[at];
    if (!take_step(resolving)) {
        return;
    }
    if (part->kind >= KEYWORD_PREAMBLE) {
        resolve_unit(resolving, at, above, whole_unit(part->kind));
        return;
    }
    resolve_number(resolving, at, above, part->number.text);
    resolve_letter(resolving, at, above);
    if (part->roman.value > 0) {
        resolve_number(resolving, at, above, part->roman.text);
    }
}

/* ---- chains, ranges, lists */

/* The names of one chain, after those that are there already. How many it has. */
static size_t resolve_chain(struct resolving *resolving, const struct citation_chain *chain) {
    size_t before = resolving->found;
    resolving->chain = chain;
    resolve(resolving, 0, "");
    return resolving->found - before;
}

/* What was inserted after a number: 31a, 31b; 31bis; 31-1. Each goes on as long as it is there. */
static void resolve_inserted(struct resolving *resolving, const struct citation_chain *chain, uint32_t value) {
    static const char *const latin[] = {"bis", "ter", "quater", "quinquies", "sexies", "septies", "octies"};
    struct citation_chain inserted = *chain;
    struct number *number = &inserted.parts[chain->count - 1].number;
    for (char letter = 'a'; letter <= 'z'; letter++) {
        snprintf(number->text, sizeof number->text, "%u%c", value, letter);
        if (resolve_chain(resolving, &inserted) == 0) {
            break;
        }
    }
    for (size_t i = 0; i < sizeof latin / sizeof latin[0]; i++) {
        snprintf(number->text, sizeof number->text, "%u%s", value, latin[i]);
        if (resolve_chain(resolving, &inserted) == 0) {
            break;
        }
    }
    for (unsigned order = 1; order < 10; order++) {
        snprintf(number->text, sizeof number->text, "%u-%u", value, order);
        if (resolve_chain(resolving, &inserted) == 0) {
            break;
        }
    }
}

/* "2 to 4", and "(a) to (c)". An end that is before the beginning is one of a list. */
static size_t resolve_range(struct resolving *resolving, const struct citation_chain *chain) {
    struct citation_chain at = *chain;
    struct number *number = &at.parts[chain->count - 1].number;
    const struct number first = *number;
    size_t before = resolving->found;
    bool is_letters = number_is_letter(&first) && number_is_letter(&chain->to);
    uint32_t start = is_letters ? (uint8_t)first.text[0] : first.value;
    uint32_t end = is_letters ? (uint8_t)chain->to.text[0] : chain->to.value;
    at.parts[chain->count - 1].roman = (struct number){0};
    if (end < start || (is_letters && (first.text[1] != '\0' || chain->to.text[1] != '\0'))) {
        (void)resolve_chain(resolving, &at);
        *number = chain->to;
        (void)resolve_chain(resolving, &at);
        return resolving->found - before;
    }
    for (uint32_t value = start; value <= end && value - start < CITATION_RANGE_MAX; value++) {
        snprintf(number->text, sizeof number->text, is_letters ? "%c" : "%u", value);
        if (value == start && !is_letters) {
            *number = first; /* "2a to 4" */
        }
        (void)resolve_chain(resolving, &at);
        if (!is_letters && value < end && first.inserted == 0) {
            resolve_inserted(resolving, chain, value);
        }
    }
    if (chain->to.inserted > 0) {
        *number = chain->to;
        (void)resolve_chain(resolving, &at);
    }
    return resolving->found - before;
}

/* "120-1" is a number where there is such a one, else a range. */
static size_t resolve_hyphenated(struct resolving *resolving, const struct citation_chain *chain) {
    struct citation_chain one = *chain;
    struct number *number = &one.parts[chain->count - 1].number;
    size_t end = strlen(number->text);
    snprintf(number->text + end, sizeof number->text - end, "-%s", chain->to.text);
    size_t found = resolve_chain(resolving, &one);
    return found > 0 || chain->to.value <= chain->parts[chain->count - 1].number.value
               ? found
               : resolve_range(resolving, chain);
}

static bool is_range(const struct citation_chain *chain) {
    return chain->to.text[0] != '\0';
}

static size_t resolve_item(struct resolving *resolving, const struct citation_chain *chain) {
    if (chain->is_hyphenated) {
        return resolve_hyphenated(resolving, chain);
    }
    return is_range(chain) ? resolve_range(resolving, chain) : resolve_chain(resolving, chain);
}

void citation_resolve(struct citation_names *out, const struct citation *citation, citation_has *has, void *context) {
    struct citation_names names = {.count = 0};
    struct resolving resolving = {.out = &names, .has = has, .context = context};
    char missing[LIMIT_EID + 1] = "";
    char eid[LIMIT_EID + 1];
    if (citation->eid.len > 0) {
        snprintf(eid, sizeof eid, "%.*s", (int)citation->eid.len, (const char *)citation->eid.data);
        offer(&resolving, eid);
        snprintf(missing, sizeof missing, "%s", names.count == 0 && citation->count == 0 ? eid : "");
    }
    for (size_t i = 0; i < citation->count && (i > 0 || names.count == 0); i++) {
        const struct citation_chain *chain = &citation->items[i];
        const size_t before = names.count;
        names.missing[0] = '\0';
        size_t found = resolve_item(&resolving, chain);
        names.is_ambiguous = names.is_ambiguous || (names.count - before > 1 && !is_range(chain));
        if (found == 0 && missing[0] == '\0' && (i == 0 || chain->is_wanted)) {
            memcpy(missing, names.missing, sizeof missing);
        }
    }
    memcpy(names.missing, missing, sizeof missing);
    names.is_cut = resolving.steps == CITATION_STEPS_MAX;
    *out = names;
}

/* ---- the nearest */

/* The first name of a chain, if there is one. */
static bool first_name(char out[LIMIT_EID + 1], struct resolving *resolving, const struct citation_chain *chain) {
    struct citation_names names = {.count = 0};
    resolving->out = &names;
    if (resolve_chain(resolving, chain) == 0) {
        return false;
    }
    memcpy(out, names.eids[0], LIMIT_EID + 1);
    return true;
}

/* The same unit with another number: the nearest before, or after. */
static bool next_number(char out[LIMIT_EID + 1], struct resolving *resolving, const struct citation_chain *chain) {
    struct citation_chain near = *chain;
    near.count = chain->parts[0].kind == KEYWORD_ANNEX && chain->count > 1 ? 2 : 1;
    struct citation_part *part = &near.parts[near.count - 1];
    bool is_roman = number_is_letter(&part->number);
    uint32_t value = is_roman ? part->roman.value : part->number.value;
    bool is_number = !is_roman || value > 0;
    part->roman = (struct number){0};
    for (uint32_t step = 0; is_number && step <= NEAREST_REACH; step++) {
        snprintf(part->number.text, sizeof part->number.text, "%u", value > step ? value - step : 0);
        if (value > step && first_name(out, resolving, &near)) {
            return true;
        }
        snprintf(part->number.text, sizeof part->number.text, "%u", value + step);
        if (first_name(out, resolving, &near)) {
            return true;
        }
    }
    return false;
}

static bool nearest_of(char out[LIMIT_EID + 1], struct resolving *resolving, const struct citation_chain *chain) {
    struct citation_chain whole = *chain;
    for (whole.count = chain->count; whole.count > 0; whole.count--) {
        resolving->is_any_word = false;
        bool is_there = whole.count < chain->count && first_name(out, resolving, &whole);
        resolving->is_any_word = true;
        if (is_there || first_name(out, resolving, &whole)) {
            return true;
        }
    }
    resolving->is_any_word = false;
    if (next_number(out, resolving, chain)) {
        return true;
    }
    resolving->is_any_word = true;
    return next_number(out, resolving, chain);
}

bool citation_nearest(char out[LIMIT_EID + 1], const struct citation *citation, citation_has *has, void *context) {
    struct resolving resolving = {.has = has, .context = context};
    for (size_t i = 0; i < citation->count; i++) {
        struct citation_names names = {.count = 0};
        resolving.out = &names;
        resolving.is_any_word = false;
        if (resolve_item(&resolving, &citation->items[i]) == 0) {
            return nearest_of(out, &resolving, &citation->items[i]);
        }
    }
    return false;
}
