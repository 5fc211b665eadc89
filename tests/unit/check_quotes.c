/*
 * Broken quotes, thousands of them, against an oracle that shares no code with src/text. No false VERBATIM, no missed one, the fewest
 * folds, and differences that are differences and no more than was changed. DEPOSITARY_QUOTES is how many, DEPOSITARY_SEED which.
 */
#include "quote_oracle.h"
#include "text/quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define QUOTES_BY_DEFAULT 10000

/* ---- one quote */

struct trial {
    unsigned text;
    size_t offset; /* where the slice was taken */
    size_t len;
    struct string quote;
    size_t cost; /* of what was changed, where words were */
    size_t letters;
    size_t changed; /* letters */
    struct quote_matches found;
};

static struct trial trial;

static void take_slice(size_t least, size_t most) {
    trial.text = any(TEXTS);
    const struct string *text = &texts[trial.text];
    size_t start = any((uint32_t)(text->len - most - 8));
    size_t end = start + least + any((uint32_t)(most - least));
    while (!begins_letter(text->bytes + start))
        start++;
    while (end <= start || !begins_letter(text->bytes + end))
        end++;
    trial.offset = start;
    trial.len = end - start;
    trial.cost = trial.changed = 0;
    trial.quote.len = 0;
    trial.quote.bytes[0] = '\0';
}

static const char *slice(void) {
    return texts[trial.text].bytes + trial.offset;
}

/* Writes a letter as something that the fold makes equal to it. */
static void put_damaged(struct string *out, int32_t c, unsigned damage) {
    static const int32_t singles[] = {'\'', 0x2018, 0x2019, 0x201B, 0x60, 0xB4};
    static const int32_t doubles[] = {'"', 0x201C, 0x201D, 0x201E, 0xAB, 0xBB};
    static const int32_t dashes[] = {'-', 0x2010, 0x2011, 0x2013, 0x2014, 0x2212};
    static const int32_t spaces[] = {' ', '\n', 0xA0, 0x2003, 0x3000, '\t'};
    utf8proc_int32_t parts[4];
    utf8proc_ssize_t len;
    if (damage == QUOTES && fold_quote(c) == '\'') {
        put_letter(out, singles[any(COUNT(singles))]);
    } else if (damage == QUOTES && fold_quote(c) == '"') {
        put_letter(out, doubles[any(COUNT(doubles))]);
    } else if (damage == HYPHENS && (c == '-' || (c >= 0x2010 && c <= 0x2015))) {
        put_letter(out, dashes[any(COUNT(dashes))]);
    } else if (damage == HYPHENS && any(6) == 0 && !is_space(c)) {
        put_letter(out, c);
        put_letter(out, 0xAD);
    } else if (damage == WHITESPACE && is_space(c)) {
        for (unsigned i = 1 + any(3); i > 0; i--)
            put_letter(out, spaces[any(COUNT(spaces))]);
    } else if (damage == CASE && c != 0x130 && c != 0x131 && utf8proc_toupper(c) != c &&
               fold_letter(utf8proc_toupper(c)) == fold_letter(c)) {
        put_letter(out, utf8proc_toupper(c));
    } else if (damage == NFC && (len = utf8proc_decompose_char(c, parts, 4, UTF8PROC_DECOMPOSE, NULL)) > 1 &&
               len <= 4) {
        for (utf8proc_ssize_t i = 0; i < len; i++)
            put_letter(out, parts[i]);
    } else {
        put_letter(out, c);
    }
}

static void damage_by_folds(struct string *out, const char *from, size_t len) {
    unsigned damages = 1u + any(SETS - 1);
    for (size_t at = 0; at < len;) {
        int32_t c;
        unsigned damage = 1u << any(FOLDS);
        at += letter_at(from + at, &c);
        put_damaged(out, c, any(3) == 0 ? damage & damages : 0);
    }
}

/* ---- what is judged */

static const char *say(void) {
    static char words[sizeof trial.quote.bytes + 256];
    snprintf(words, sizeof words, "text %u, [%zu,%zu): [%s]: verdict %d, %zu places, folds %x", trial.text,
             trial.offset, trial.offset + trial.len, trial.quote.bytes,
             trial.found.count ? (int)trial.found.matches[0].verdict : 4, trial.found.count,
             trial.found.count ? trial.found.matches[0].folds : 0);
    size_t len = strlen(words);
    if (trial.found.count)
        len += (size_t)snprintf(words + len, 300, " at %u: [%.60s]", trial.found.matches[0].span.offset,
                                texts[trial.text].bytes + trial.found.matches[0].span.offset);
    for (size_t i = 0; trial.found.count && i < trial.found.matches[0].differences_count && len + 200 < sizeof words;
         i++) {
        struct difference next = trial.found.matches[0].differences[i];
        len += (size_t)snprintf(words + len, 200, " {%.*s|%.*s}", (int)next.quote.length,
                                trial.quote.bytes + next.quote.offset, (int)next.text.length,
                                texts[trial.text].bytes + next.text.offset);
    }
    return words;
}

static enum verdict look(void) {
    const struct string *text = &texts[trial.text];
    HOLDS(quote_find(&trial.found, bytes_of(trial.quote.bytes, trial.quote.len), bytes_of(text->bytes, text->len),
                     NULL) == 0,
          "an error");
    return trial.found.count ? trial.found.matches[0].verdict : VERDICT_NOT_FOUND;
}

static void judge_verbatim(void) {
    HOLDS(trial.found.count == oracle_places(trial.text, &trial.quote), "%s: %zu", say(),
          oracle_places(trial.text, &trial.quote));
    for (size_t i = 0; i < trial.found.count; i++) {
        struct span span = trial.found.matches[i].span;
        HOLDS(span.length == trial.quote.len && span.offset + span.length <= texts[trial.text].len, "%s", say());
        HOLDS(memcmp(texts[trial.text].bytes + span.offset, trial.quote.bytes, span.length) == 0, "%s", say());
    }
}

/* The folds of the verdict make quote and span equal, by the oracle's folds. */
static void judge_folded(void) {
    static struct string quote, text;
    unsigned folds = trial.found.matches[0].folds;
    HOLDS(set_size(folds) == oracle_size(trial.text, &trial.quote), "%s: %u do", say(),
          oracle_size(trial.text, &trial.quote));
    for (size_t i = 0; i < trial.found.count; i++) {
        const struct quote_match *match = &trial.found.matches[i];
        HOLDS(match->folds == folds, "%s", say());
        fold(&text, texts[trial.text].bytes + match->span.offset, match->span.length, folds & (SETS - 1), true);
        fold(&quote, trial.quote.bytes, trial.quote.len, folds & (SETS - 1), true);
        bool equal = folds & ELLIPSIS ? holds_pieces(&text, &trial.quote, folds & (SETS - 1))
                                      : quote.len == text.len && memcmp(quote.bytes, text.bytes, quote.len) == 0;
        HOLDS(equal, "%s", say());
    }
}

/*
 * What a difference costs: edits by Levenshtein, where a letter for a letter is one, in quarters of a letter; and a quarter more for each
 * letter of the quote that does not stand.
 */
static size_t cost_of(size_t in_quote, size_t in_text) {
    return 4 * (in_quote > in_text ? in_quote : in_text) + in_quote;
}

/* Differences in order, and between them equal bytes up to both ends. Returns what they cost. */
static size_t judge_differences(void) {
    const struct quote_match *match = &trial.found.matches[0];
    const char *text = texts[trial.text].bytes;
    size_t in_quote = 0, in_text = match->span.offset, end = (size_t)match->span.offset + match->span.length, cost = 0;
    HOLDS(trial.found.count == 1 && match->differences_count > 0 && end <= texts[trial.text].len, "%s", say());
    for (size_t i = 0; i <= match->differences_count; i++) {
        struct difference last = {{(uint32_t)trial.quote.len, 0}, {(uint32_t)end, 0}};
        struct difference next = i < match->differences_count ? match->differences[i] : last;
        HOLDS(next.quote.offset >= in_quote && next.text.offset >= in_text &&
                  next.quote.offset - in_quote == next.text.offset - in_text &&
                  memcmp(trial.quote.bytes + in_quote, text + in_text, next.quote.offset - in_quote) == 0,
              "%s: difference %zu", say(), i);
        in_quote = (size_t)next.quote.offset + next.quote.length;
        in_text = (size_t)next.text.offset + next.text.length;
        cost += cost_of(count_letters(trial.quote.bytes + in_quote - next.quote.length, next.quote.length),
                        count_letters(text + in_text - next.text.length, next.text.length));
    }
    HOLDS(in_quote == trial.quote.len && in_text == end, "%s", say());
    return cost;
}

/*
 * A word that is cut at an end of the quote costs a quarter of a letter. Iotas and marks weigh nothing where words are aligned: Greek, and
 * letters that are written with marks or without, may cost a little more.
 */
static size_t allowance(void) {
    bool has_marks = trial.text == 1 || trial.text == 2 || trial.text == 5;
    return 2 + (has_marks ? trial.cost / 8 + 4 : 0);
}

/* ---- ways to break a quote */

static enum verdict as_it_is(void) {
    take_slice(1, 400);
    put(&trial.quote, slice(), trial.len);
    enum verdict verdict = look();
    HOLDS(verdict == VERDICT_VERBATIM, "%s", say());
    judge_verbatim();
    return verdict;
}

static bool is_inside(void) {
    for (size_t i = 0; i < trial.found.count; i++) {
        struct span span = trial.found.matches[i].span;
        if (span.offset < trial.offset + trial.len && trial.offset < span.offset + span.length)
            return true;
    }
    return false;
}

static enum verdict folds_only(void) {
    take_slice(2, 300);
    damage_by_folds(&trial.quote, slice(), trial.len);
    unsigned size = oracle_size(trial.text, &trial.quote);
    if (size == 7) /* spaces alone, which trimming takes away */
        return VERDICT_UNSPECIFIED;
    enum verdict verdict = look();
    HOLDS(verdict == (size == 0 ? VERDICT_VERBATIM : VERDICT_FOLDED), "%s: %u folds do", say(), size);
    size == 0 ? judge_verbatim() : judge_folded();
    HOLDS(size == 0 || is_inside() || trial.found.count > 0, "%s", say());
    return verdict;
}

static enum verdict left_out(void) {
    static const char *const marks[] = {"\xE2\x80\xA6", " \xE2\x80\xA6 ", " [\xE2\x80\xA6] ", "[\xE2\x80\xA6]"};
    take_slice(60, 600);
    size_t first = trial.len / 3, second = trial.len / 2;
    while (!begins_letter(slice() + first))
        first++;
    while (!begins_letter(slice() + second))
        second++;
    bool is_folded_too = any(2);
    if (is_folded_too)
        damage_by_folds(&trial.quote, slice(), first);
    else
        put(&trial.quote, slice(), first);
    put_text(&trial.quote, marks[any(COUNT(marks))]);
    put(&trial.quote, slice() + second, trial.len - second);
    unsigned size = oracle_size(trial.text, &trial.quote);
    if (size == 7)
        return VERDICT_UNSPECIFIED;
    enum verdict verdict = look();
    HOLDS(verdict == (size == 0 ? VERDICT_VERBATIM : VERDICT_FOLDED), "%s: %u folds do", say(), size);
    size == 0 ? judge_verbatim() : judge_folded();
    return verdict;
}

/* What another word of `written` letters costs: it stands for the longest word in [from, from + len); what is beside that, as in
 * "mid-term,", is left out. */
static size_t cost_of_another(size_t written, const char *from, size_t len) {
    size_t all = count_letters(from, len), longest = 0, run = 0;
    for (size_t at = 0; at < len;) {
        int32_t c;
        at += letter_at(from + at, &c);
        bool is_letter = utf8proc_category(c) <= UTF8PROC_CATEGORY_NO && utf8proc_category(c) >= UTF8PROC_CATEGORY_LU;
        run = is_letter && !is_mark(c) ? run + 1 : is_mark(c) || c == 0xAD ? run : 0;
        longest = run > longest ? run : longest;
    }
    return cost_of(written, longest) + cost_of(0, all - longest);
}

/* Changes the word [from, from + len), with the space after it where it goes. */
static void change_word(const char *from, size_t len) {
    size_t before = trial.quote.len;
    int32_t first;
    letter_at(from, &first);
    bool begins_with_letter =
        utf8proc_category(first) >= UTF8PROC_CATEGORY_LU && utf8proc_category(first) <= UTF8PROC_CATEGORY_LO;
    unsigned how = any(begins_with_letter ? 3 : 2); /* a letter for a bracket would make other words of what follows */
    if (how == 0) {                                 /* another word */
        put_made_up_word(&trial.quote);
        trial.cost += cost_of_another(trial.quote.len - before, from, len);
    } else if (how == 1) { /* a word more */
        put_made_up_word(&trial.quote);
        trial.cost += cost_of(trial.quote.len - before, 0);
        put_text(&trial.quote, " ");
        put(&trial.quote, from, len);
    } else { /* a letter less, or another */
        int32_t c;
        size_t letter = letter_at(from, &c);
        bool is_lost = count_letters(from, len) > 3 && any(2);
        if (!is_lost)
            put_text(&trial.quote, "\xC3\xB8");
        trial.cost += cost_of(is_lost ? 0 : 1, 1);
        put(&trial.quote, from + letter, len - letter);
    }
    trial.changed += count_letters(from, len) + count_letters(trial.quote.bytes + before, trial.quote.len - before);
}

static void words_changed_in_slice(void) {
    const char *from = slice();
    unsigned every = 8 + any(8);
    size_t last = trial.len; /* where the last words begin: what is changed at an end may as well be left out there */
    for (unsigned spaces = 0; last > 0 && spaces < 3; last--)
        spaces += from[last - 1] == ' ';
    unsigned kept = 0;
    for (size_t at = 0; at < trial.len;) {
        size_t len = strcspn(from + at, " \n");
        len = at + len > trial.len ? trial.len - at : len;
        if (kept > 2 && at < last && len > 0 && any(every) == 0) {
            change_word(from + at, len);
        } else {
            put(&trial.quote, from + at, len);
            kept += len > 0;
        }
        at += len;
        if (at < trial.len)
            put(&trial.quote, from + at++, 1);
    }
    trial.letters = count_letters(trial.quote.bytes, trial.quote.len);
}

/* A few words are others: the place is found, and no more differs than was changed. */
static enum verdict words_changed(void) {
    do
        take_slice(80, 600);
    while (trial.text == 4); /* Han has no words between spaces */
    words_changed_in_slice();
    if (trial.cost == 0 || trial.changed * 5 > trial.letters || oracle_size(trial.text, &trial.quote) != 7)
        return VERDICT_UNSPECIFIED;
    enum verdict verdict = look();
    HOLDS(verdict == VERDICT_DIFFERS, "%s: %zu of %zu letters", say(), trial.changed, trial.letters);
    size_t cost = judge_differences();
    HOLDS(cost <= trial.cost + allowance(), "%s: differences cost %zu, changes %zu", say(), cost, trial.cost);
    if (any(40) == 0) {
        size_t distance = oracle_distance(trial.text, &trial.quote);
        HOLDS(distance * 4 <= cost + trial.quote.len / 2, "%s: %zu edits do", say(), distance);
    }
    return verdict;
}

/* Letters of a script without spaces, some others in their place. */
static enum verdict signs_changed(void) {
    take_slice(60, 400);
    if (trial.text != 4)
        return VERDICT_UNSPECIFIED;
    for (size_t at = 0; at < trial.len;) {
        int32_t c;
        size_t len = letter_at(slice() + at, &c);
        bool is_changed = c > 0x4E00 && at > 0 && at + len < trial.len && any(14) == 0;
        put_letter(&trial.quote, is_changed ? 0x9F98 : c);
        trial.cost += is_changed ? cost_of(1, 1) : 0;
        trial.changed += is_changed;
        at += len;
    }
    trial.letters = count_letters(trial.quote.bytes, trial.quote.len);
    if (trial.cost == 0 || trial.changed * 7 > trial.letters || oracle_size(trial.text, &trial.quote) != 7)
        return VERDICT_UNSPECIFIED;
    enum verdict verdict = look();
    HOLDS(verdict == VERDICT_DIFFERS, "%s", say());
    size_t cost = judge_differences();
    HOLDS(cost <= trial.cost + allowance(), "%s: differences cost %zu, changes %zu", say(), cost, trial.cost);
    return verdict;
}

/* Words of the text in an order that nobody wrote, or words that stand nowhere. */
static enum verdict invented(void) {
    take_slice(1, 2);
    unsigned which = trial.text == 0 ? 7 : trial.text;
    bool is_known = any(2);
    for (unsigned i = 8 + any(30); i > 0; i--) {
        if (is_known && any(3) == 0)
            put_word_of(&trial.quote, which);
        else
            put_made_up_word(&trial.quote);
        put_text(&trial.quote, " ");
    }
    enum verdict verdict = look();
    if (any(40) == 0) {
        size_t distance = oracle_distance(trial.text, &trial.quote);
        HOLDS(verdict == VERDICT_NOT_FOUND || distance * 2 < trial.quote.len, "%s: %zu edits", say(), distance);
    }
    HOLDS(is_known || verdict == VERDICT_NOT_FOUND, "%s", say());
    return verdict;
}

START_TEST(broken_quotes_are_judged_as_an_oracle_judges_them) {
    static enum verdict (*const ways[])(void) = {as_it_is,      folds_only,    folds_only,    left_out,
                                                 words_changed, words_changed, signs_changed, invented};
    const char *wanted = getenv("DEPOSITARY_QUOTES");
    const char *seed = getenv("DEPOSITARY_SEED");
    size_t count = wanted ? (size_t)strtoull(wanted, NULL, 10) : QUOTES_BY_DEFAULT;
    size_t verdicts[5] = {0};
    chance_begin(seed ? strtoull(seed, NULL, 10) : 2025);
    make_texts();
    for (size_t done = 0; done < count;) {
        enum verdict verdict = ways[any(COUNT(ways))]();
        verdicts[verdict]++;
        done += verdict != VERDICT_UNSPECIFIED; /* what the oracle cannot tell does not count */
        quote_matches_free(&trial.found);
    }
    fprintf(stderr, "%zu quotes: %zu verbatim, %zu folded, %zu differ, %zu not found; %zu more were not counted\n",
            count, verdicts[VERDICT_VERBATIM], verdicts[VERDICT_FOLDED], verdicts[VERDICT_DIFFERS],
            verdicts[VERDICT_NOT_FOUND], verdicts[VERDICT_UNSPECIFIED]);
    for (unsigned verdict = VERDICT_VERBATIM; verdict <= VERDICT_NOT_FOUND; verdict++)
        ck_assert_uint_ge(verdicts[verdict], count / 20); /* each was tried */
}
END_TEST

int main(void) {
    Suite *all = suite_create("quotes");
    TCase *cases = tcase_create("oracle");
    tcase_set_timeout(cases, 0); /* ctest has one; the long run takes as long as it takes */
    tcase_add_test(cases, broken_quotes_are_judged_as_an_oracle_judges_them);
    suite_add_tcase(all, cases);
    SRunner *runner = srunner_create(all);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
