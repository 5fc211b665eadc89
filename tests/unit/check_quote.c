/* Verdicts on quotes: src/text/quote.h. Hostile quotes first, then an oracle that tries every span, then the built-in statement. */
#include "text/quote.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "corpus/corpus.h"
#include "text/character.h"

#define ALL (FOLD_NFC | FOLD_WHITESPACE | FOLD_QUOTES | FOLD_HYPHENS | FOLD_CASE | FOLD_ELLIPSIS)

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static struct bytes span_bytes(struct bytes text, struct span span) {
    ck_assert_uint_le((size_t)span.offset + span.length, text.len);
    return bytes_slice(text, span.offset, span.length);
}

static void check_on_boundaries(struct bytes text, struct span span) {
    ck_assert_uint_le((size_t)span.offset + span.length, text.len);
    ck_assert(utf8_is_boundary(text, span.offset));
    ck_assert(utf8_is_boundary(text, (size_t)span.offset + span.length));
}

/* In order, not overlapping, none empty on both sides; and what lies between them is equal bytes. */
static void check_differences(const struct quote_match *match, struct bytes quote, struct bytes text) {
    size_t in_quote = 0;
    size_t in_text = match->span.offset;
    ck_assert_uint_gt(match->differences_count, 0);
    for (size_t i = 0; i <= match->differences_count; i++) {
        struct difference end = {{(uint32_t)quote.len, 0}, {match->span.offset + match->span.length, 0}};
        const struct difference *next = i < match->differences_count ? &match->differences[i] : &end;
        check_on_boundaries(quote, next->quote);
        check_on_boundaries(text, next->text);
        ck_assert_uint_ge(next->quote.offset, in_quote);
        ck_assert_uint_ge(next->text.offset, in_text);
        ck_assert(next == &end || next->quote.length + next->text.length > 0);
        ck_assert(bytes_equal(bytes_slice(quote, in_quote, next->quote.offset - in_quote),
                              bytes_slice(text, in_text, next->text.offset - in_text)));
        in_quote = (size_t)next->quote.offset + next->quote.length;
        in_text = (size_t)next->text.offset + next->text.length;
    }
}

/* What every verdict promises. */
static void check_matches(const struct quote_matches *matches, struct bytes quote, struct bytes text) {
    for (size_t i = 0; i < matches->count; i++) {
        const struct quote_match *match = &matches->matches[i];
        bool equal = false;
        check_on_boundaries(text, match->span);
        ck_assert_int_eq(match->verdict, matches->matches[0].verdict);
        ck_assert(i == 0 || match->span.offset >= match[-1].span.offset);
        switch (match->verdict) {
        case VERDICT_VERBATIM:
            ck_assert(bytes_equal(span_bytes(text, match->span), quote));
            ck_assert_uint_eq(match->folds, 0);
            break;
        case VERDICT_FOLDED:
            ck_assert_uint_ne(match->folds, 0);
            ck_assert_int_eq(quote_equal(&equal, quote, text, match->span, match->folds), 0);
            ck_assert(equal);
            break;
        case VERDICT_DIFFERS:
            ck_assert_uint_eq(matches->count, 1);
            ck_assert(match->score >= 2.0 / 3.0 && match->score <= 1.0);
            check_differences(match, quote, text);
            break;
        default:
            ck_abort_msg("verdict %d", match->verdict);
        }
    }
}

static struct quote_matches find(struct bytes quote, struct bytes text) {
    struct quote_matches matches;
    ck_assert_int_eq(quote_find(&matches, quote, text, NULL), 0);
    check_matches(&matches, quote, text);
    return matches;
}

static void expect_folded(const char *quote, const char *text, unsigned folds, const char *span) {
    struct quote_matches matches = find(bytes_text(quote), bytes_text(text));
    ck_assert_msg(matches.count == 1, "%s: %zu", quote, matches.count);
    ck_assert_int_eq(matches.matches[0].verdict, VERDICT_FOLDED);
    ck_assert_msg(matches.matches[0].folds == folds, "%s: %x", quote, matches.matches[0].folds);
    struct bytes found = span_bytes(bytes_text(text), matches.matches[0].span);
    ck_assert_msg(bytes_equal(found, bytes_text(span)), "%s: %.*s", quote, (int)found.len, (const char *)found.data);
    quote_matches_free(&matches);
}

static void expect_none(const char *quote, struct bytes text) {
    struct quote_matches matches = find(bytes_text(quote), text);
    ck_assert_msg(matches.count == 0, "%s: verdict %d", quote, matches.matches[0].verdict);
    quote_matches_free(&matches);
}

/* ---- hostile */

START_TEST(bytes_that_are_no_text_are_refused) {
    struct quote_matches matches;
    bool equal;
    ck_assert_int_eq(quote_find(&matches, BYTES("\xFF"), BYTES("text"), NULL), DEPOSITARY_E_UTF8);
    ck_assert_int_eq(quote_find(&matches, BYTES("text"), BYTES("te\xC3"), NULL), DEPOSITARY_E_UTF8);
    ck_assert_int_eq(quote_equal(&equal, BYTES("\xC3"), BYTES("text"), (struct span){0, 1}, 0), DEPOSITARY_E_UTF8);
    ck_assert_int_eq(quote_equal(&equal, BYTES("t"), BYTES("text"), (struct span){0, 1}, 64), DEPOSITARY_E_ARGUMENT);
}
END_TEST

START_TEST(a_quote_past_the_limit_is_refused) {
    char *quote = malloc(LIMIT_QUOTE + 1);
    struct quote_matches matches;
    ck_assert_ptr_nonnull(quote);
    memset(quote, 'a', LIMIT_QUOTE + 1);
    ck_assert_int_eq(quote_find(&matches, bytes_of(quote, LIMIT_QUOTE + 1), BYTES("aaa"), NULL), DEPOSITARY_E_LIMIT);
    ck_assert_int_eq(quote_find(&matches, bytes_of(quote, LIMIT_QUOTE), BYTES("aaa"), NULL), 0);
    quote_matches_free(&matches);
    free(quote);
}
END_TEST

START_TEST(nothing_stands_nowhere) {
    expect_none("", BYTES("text"));
    expect_none("text", BYTES(""));
    expect_none("…", BYTES("text"));
    expect_none("[...] ...", BYTES("text"));
    expect_none(" \n ", BYTES("text"));
    expect_none("\xC2\xAD", BYTES("text"));
    expect_none("\xCC\x81", BYTES("text"));
}
END_TEST

START_TEST(a_span_outside_the_text_or_inside_a_character_is_not_equal) {
    static const struct span spans[] = {{0, 9}, {8, 1}, {9, 0}, {UINT32_MAX, UINT32_MAX}, {1, 1}, {0, 1}, {3, 0}};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        for (unsigned folds = 0; folds <= ALL; folds++) {
            bool equal = true;
            ck_assert_int_eq(quote_equal(&equal, BYTES("é"), BYTES("éabcdef"), spans[i], folds), 0);
            ck_assert(!equal);
        }
    }
    bool equal = true;
    ck_assert_int_eq(quote_equal(&equal, BYTES(""), BYTES("abc"), (struct span){1, 0}, 0), 0);
    ck_assert(!equal);
    ck_assert_int_eq(quote_equal(&equal, BYTES(" "), BYTES("a c"), (struct span){1, 1}, FOLD_WHITESPACE), 0);
    ck_assert(!equal);
}
END_TEST

/* Each would take minutes if a search began anew at every place. */
START_TEST(repetition_takes_no_quadratic_time) {
    static const char *const units[] = {"a",   "ab",   "a ", "é", "e\xCC\x81\xCC\xA3", "\xCC\xA3\xCC\x81",
                                        "… a", "a-b ", "一"};
    const size_t size = 1024 * 1024;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t unit = strlen(units[i]);
        size_t text_len = size / unit * unit;
        size_t quote_len = (LIMIT_QUOTE - 8) / unit * unit;
        uint8_t *text = malloc(text_len);
        uint8_t *quote = malloc(LIMIT_QUOTE);
        ck_assert(text && quote);
        for (size_t at = 0; at < text_len; at += unit) {
            memcpy(text + at, units[i], unit);
        }
        memcpy(quote, text, quote_len);
        struct quote_matches matches;
        ck_assert_int_eq(quote_find(&matches, bytes_of(quote, quote_len), bytes_of(text, text_len), NULL), 0);
        ck_assert_uint_ge(matches.count, (text_len - quote_len) / unit);
        quote_matches_free(&matches);
        static const char *const tails[] = {"b", "B\n", " …", "q"};
        for (size_t k = 0; k < sizeof tails / sizeof tails[0]; k++) {
            memcpy(quote + quote_len, tails[k], strlen(tails[k]));
            struct bytes damaged = bytes_of(quote, quote_len + strlen(tails[k]));
            struct quote_work work = {.left = 100u * 1000 * 1000}; /* no room for words against words, each with each */
            int error = quote_find(&matches, damaged, bytes_of(text, text_len), &work);
            ck_assert(error == 0 || (error == DEPOSITARY_E_LIMIT && work.left == 0));
            if (error == 0) {
                quote_matches_free(&matches);
            }
        }
        free(text);
        free(quote);
    }
}
END_TEST

START_TEST(thousands_of_pieces_take_no_quadratic_time) {
    const size_t size = 1024 * 1024;
    uint8_t *text = malloc(size);
    char *quote = malloc(LIMIT_QUOTE + 1);
    struct quote_matches matches;
    ck_assert(text && quote);
    memset(text, 'a', size);
    quote[0] = '\0';
    size_t len = 0;
    while (len + 4 <= LIMIT_QUOTE) {
        memcpy(quote + len, "a...", 4);
        len += 4;
    }
    ck_assert_int_eq(quote_find(&matches, bytes_of(quote, len), bytes_of(text, size), NULL), 0);
    ck_assert_uint_eq(matches.count, size / (LIMIT_QUOTE / 4));
    quote_matches_free(&matches);
    quote[len - 4] = 'b';
    ck_assert_int_eq(quote_find(&matches, bytes_of(quote, len), bytes_of(text, size), NULL), 0);
    quote_matches_free(&matches);
    free(text);
    free(quote);
}
END_TEST

/* In place of calloc where the linker finds it called: the most that was asked for at once. */
static size_t calloc_most;
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size) {
    calloc_most = count * size > calloc_most ? count * size : calloc_most;
    return __real_calloc(count, size);
}

/* A letter and a space, again and again: every word is paired with every other. What it costs is bounded by what it may cost. */
START_TEST(what_is_faithful_and_what_is_near_can_be_looked_for_alone) {
    const struct bytes text =
        bytes_text("The Parties shall settle every dispute between them by peaceful means alone.");
    const struct bytes same = bytes_text("settle  every dispute between them"),
                       near = bytes_text("settle each dispute between them");
    struct quote_matches matches;
    uint32_t likeness, less;
    ck_assert_int_eq(quote_find_faithful(&matches, same, text, NULL), 0);
    ck_assert_uint_eq(matches.count, 1);
    ck_assert_int_eq(matches.matches[0].verdict, VERDICT_FOLDED);
    quote_matches_free(&matches);
    ck_assert_int_eq(quote_find_faithful(&matches, near, text, NULL), 0);
    ck_assert_uint_eq(matches.count, 0);
    ck_assert_int_eq(quote_find_nearest(&matches, near, text, NULL), 0);
    ck_assert_uint_eq(matches.count, 1);
    ck_assert_int_eq(matches.matches[0].verdict, VERDICT_DIFFERS);
    quote_matches_free(&matches);
    ck_assert_int_eq(quote_likeness(&likeness, same, text, NULL), 0);
    ck_assert_int_eq(quote_likeness(&less, near, text, NULL), 0);
    ck_assert_uint_gt(likeness, less);
    ck_assert_uint_gt(less, 0);
    ck_assert_int_eq(quote_likeness(&less, bytes_text("quixotic zephyrs jump"), text, NULL), 0);
    ck_assert_uint_eq(less, 0);
    struct quote_work work = {.left = 100};
    ck_assert_int_eq(quote_likeness(&less, near, text, &work), DEPOSITARY_E_LIMIT);
}
END_TEST

/* Three places are alike; the work is enough for one. */
START_TEST(the_nearest_of_those_that_were_compared_is_told) {
    static const char place[] =
        "the river shall remain open to the vessels of both banks in peace and in war, toll or no toll; ";
    char text[4 * sizeof place] = "";
    for (size_t i = 0; i < 3; i++) {
        strcat(text, place);
        text[strlen(text) - 60] = "xyz"[i];
    }
    const struct bytes quote =
        bytes_text("the river shall remain shut to the vessels of both banks in peace and in war, toll or no toll;");
    struct quote_matches matches;
    struct quote_work work = {.left = 10u * 1000 * 1000};
    ck_assert_int_eq(quote_find_nearest(&matches, quote, bytes_text(text), &work), 0);
    ck_assert_uint_eq(matches.count, 1);
    quote_matches_free(&matches);
    uint64_t all = 10u * 1000 * 1000 - work.left;
    work.left = all - 1;
    ck_assert_int_eq(quote_find_nearest(&matches, quote, bytes_text(text), &work), 0);
    ck_assert_uint_eq(matches.count, 1);
    ck_assert_int_eq(matches.matches[0].verdict, VERDICT_DIFFERS);
    ck_assert_uint_eq(work.left, 0); /* so the caller can tell */
    quote_matches_free(&matches);
    work.left = all / 8;
    ck_assert_int_eq(quote_find_nearest(&matches, quote, bytes_text(text), &work), DEPOSITARY_E_LIMIT);
}
END_TEST

START_TEST(what_costs_more_than_it_may_is_ended) {
    const size_t size = 1024 * 1024;
    uint8_t *text = malloc(size);
    uint8_t quote[LIMIT_QUOTE];
    struct quote_matches matches;
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < size; i++) {
        text[i] = i % 2 ? ' ' : 'a';
    }
    memcpy(quote, text, sizeof quote);
    quote[sizeof quote - 1] = 'b';
    struct quote_work work = {.left = 50u * 1000 * 1000};
    ck_assert_int_eq(quote_find(&matches, bytes_of(quote, sizeof quote), bytes_of(text, size), &work),
                     DEPOSITARY_E_LIMIT);
    ck_assert_uint_eq(work.left, 0);
    work.left = 2000u * 1000 * 1000;
    calloc_most = 0;
    ck_assert_int_eq(quote_find(&matches, bytes_of(quote, sizeof quote), bytes_of(text, size), &work), 0);
    ck_assert_uint_gt(calloc_most, 8u * 1024 * 1024); /* of the alignment, whose cells are 64 Mi of 2 bits at most */
    ck_assert_uint_le(calloc_most, 16u * 1024 * 1024 + 1);
    ck_assert_uint_gt(work.left, 0);
    ck_assert_uint_eq(matches.count, 1);
    quote_matches_free(&matches);
    work.left = size - 1;
    ck_assert_int_eq(quote_find(&matches, BYTES("a"), bytes_of(text, size), &work), DEPOSITARY_E_LIMIT);
    free(text);
}
END_TEST

/* ---- verdicts */

START_TEST(verbatim_is_bytes_at_every_place_overlapping_too) {
    struct quote_matches matches = find(BYTES("aa"), BYTES("aaa baa"));
    ck_assert_uint_eq(matches.count, 3);
    ck_assert_int_eq(matches.matches[0].verdict, VERDICT_VERBATIM);
    ck_assert_uint_eq(matches.matches[0].span.offset, 0);
    ck_assert_uint_eq(matches.matches[1].span.offset, 1);
    ck_assert_uint_eq(matches.matches[2].span.offset, 5);
    quote_matches_free(&matches);
}
END_TEST

START_TEST(dots_that_stand_there_are_verbatim) {
    struct quote_matches matches = find(BYTES("and so on..."), BYTES("one, and so on... two"));
    ck_assert_uint_eq(matches.count, 1);
    ck_assert_int_eq(matches.matches[0].verdict, VERDICT_VERBATIM);
    quote_matches_free(&matches);
}
END_TEST

START_TEST(the_fewest_folds_are_named) {
    expect_folded("the Parties", "The Parties agree", FOLD_CASE, "The Parties");
    expect_folded("one two", "one\n two", FOLD_WHITESPACE, "one\n two");
    expect_folded(" one two\n", "zero one two three", FOLD_WHITESPACE, "one two");
    expect_folded("China's", "in China’s name", FOLD_QUOTES, "China’s");
    expect_folded("co-operation", "full co‐operation of", FOLD_HYPHENS, "co‐operation");
    expect_folded("cooperation", "full co\xC2\xADoperation\xC2\xAD of", FOLD_HYPHENS, "co\xC2\xADoperation");
    expect_folded("café", "a cafe\xCC\x81 there", FOLD_NFC, "cafe\xCC\x81");
    expect_folded("CAFÉ \"x\"", "a cafe\xCC\x81\n“x” there", FOLD_NFC | FOLD_WHITESPACE | FOLD_QUOTES | FOLD_CASE,
                  "cafe\xCC\x81\n“x”");
    expect_folded("one … three", "one two three", FOLD_ELLIPSIS, "one two three");
    expect_folded("ONE [...] three", "one two three", FOLD_CASE | FOLD_ELLIPSIS, "one two three");
}
END_TEST

/* ß folds to itself, not to ss; and under nfc NO with a caron over it is no "no". */
START_TEST(folds_do_no_more_than_they_say) {
    struct quote_matches matches = find(BYTES("STRASSENBAHN"), BYTES("Straßenbahn"));
    ck_assert(matches.count == 0 || matches.matches[0].verdict == VERDICT_DIFFERS);
    quote_matches_free(&matches);
    expect_none("nǒ", BYTES("NO"));
}
END_TEST

START_TEST(pieces_come_in_order_and_may_be_far_apart) {
    expect_folded("one … two … four", "one, two, three, four", FOLD_ELLIPSIS, "one, two, three, four");
    expect_folded("… two …", "one Two three two", FOLD_ELLIPSIS, "two");
    expect_folded("two[…]four", "one two three four", FOLD_ELLIPSIS, "two three four");
    expect_folded("one.... four", "one. two, three. four", FOLD_ELLIPSIS, "one. two, three. four");
    expect_folded("one…two", "onetwo", FOLD_ELLIPSIS, "onetwo");
    expect_folded("one … four", "one, one, two, four, four", FOLD_ELLIPSIS, "one, two, four");
    struct quote_matches matches = find(BYTES("four … one"), BYTES("one two three four"));
    ck_assert(matches.count == 0 || matches.matches[0].verdict == VERDICT_DIFFERS);
    quote_matches_free(&matches);
}
END_TEST

START_TEST(equality_is_of_exactly_these_folds) {
    bool equal;
    const struct bytes text = BYTES("One  two");
    const struct span whole = {0, 8};
    ck_assert_int_eq(quote_equal(&equal, BYTES("one two"), text, whole, FOLD_CASE), 0);
    ck_assert(!equal);
    ck_assert_int_eq(quote_equal(&equal, BYTES("one two"), text, whole, FOLD_CASE | FOLD_WHITESPACE), 0);
    ck_assert(equal);
    ck_assert_int_eq(quote_equal(&equal, BYTES("One  two"), text, whole, 0), 0);
    ck_assert(equal);
    ck_assert_int_eq(quote_equal(&equal, BYTES("One … two"), text, whole, FOLD_ELLIPSIS), 0);
    ck_assert(equal);
    ck_assert_int_eq(quote_equal(&equal, BYTES("One … tw"), text, whole, FOLD_ELLIPSIS), 0);
    ck_assert(!equal);
    ck_assert_int_eq(quote_equal(&equal, BYTES("ne … two"), text, whole, FOLD_ELLIPSIS), 0);
    ck_assert(!equal);
    ck_assert_int_eq(quote_equal(&equal, BYTES("One … ne … two"), text, whole, FOLD_ELLIPSIS), 0);
    ck_assert(!equal);
    ck_assert_int_eq(quote_equal(&equal, BYTES("One  two … two"), text, whole, FOLD_ELLIPSIS), 0);
    ck_assert(!equal);
    ck_assert_int_eq(quote_equal(&equal, BYTES("One  two"), text, whole, FOLD_ELLIPSIS), 0);
    ck_assert(equal);
}
END_TEST

/* ---- the oracle: every set of folds on every span */

static const char *const letters[] = {"a", "A",        "b",         " ", "\n", "'",        "’", "-",
                                      "–", "\xC2\xAD", "e\xCC\x81", "é", "É",  "\xCC\xA3", "…", "..."};
#define LETTERS (sizeof letters / sizeof letters[0])

static size_t random_text(char *out, size_t count, uint32_t *state) {
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        strcat(out, letters[next_random(state) % LETTERS]);
    }
    return strlen(out);
}

static unsigned set_size(unsigned folds) {
    unsigned size = 0;
    for (; folds != 0; folds &= folds - 1) {
        size++;
    }
    return size;
}

static bool begins_with_mark(struct bytes text, size_t at) {
    struct bytes rest = bytes_slice(text, at, text.len - at);
    return bytes_starts_with(rest, BYTES("\xCC\x81")) || bytes_starts_with(rest, BYTES("\xCC\xA3"));
}

/*
 * The size of the smallest set under which any span is equal, 0 for bytes, 7 for none. Under nfc a span does not part a letter
 * from its marks: half of what composes to another letter is not the quote.
 */
static unsigned oracle_size(struct bytes quote, struct bytes text) {
    unsigned best = 7;
    for (size_t i = 0; i <= text.len; i++) {
        for (size_t j = i + 1; j <= text.len; j++) {
            for (unsigned folds = 0; folds <= ALL; folds++) {
                bool equal = false;
                bool parts_letter = begins_with_mark(text, i) || begins_with_mark(text, j);
                if (set_size(folds) >= best || (folds & FOLD_NFC && parts_letter)) {
                    continue;
                }
                struct span span = {(uint32_t)i, (uint32_t)(j - i)};
                ck_assert_int_eq(quote_equal(&equal, quote, text, span, folds), 0);
                best = equal ? set_size(folds) : best;
            }
        }
    }
    return best;
}

/* A soft hyphen outside white space leaves a space at the end of a folded quote: documented not to be searched. */
static bool is_loose(const char *quote) {
    return strstr(quote, "\xC2\xAD") && strpbrk(quote, " \n");
}

START_TEST(no_span_is_equal_under_fewer_folds_than_named) {
    uint32_t state = 7;
    unsigned differs = 0;
    for (int round = 0; round < 1500; round++) {
        char text[128];
        char quote[64];
        random_text(text, 1 + next_random(&state) % 6, &state);
        random_text(quote, 1 + next_random(&state) % 4, &state);
        if (is_loose(quote)) {
            continue;
        }
        struct quote_matches matches = find(bytes_text(quote), bytes_text(text));
        unsigned size = oracle_size(bytes_text(quote), bytes_text(text));
        bool equal = matches.count > 0 && matches.matches[0].verdict != VERDICT_DIFFERS;
        unsigned found = equal ? set_size(matches.matches[0].folds) : 7;
        ck_assert_msg(found <= size, "[%s] in [%s]: %u, not %u", quote, text, found, size);
        differs += found > 0 && found < 7;
        quote_matches_free(&matches);
    }
    ck_assert_uint_gt(differs, 100); /* the strings were not too wild to say anything */
}
END_TEST

/* ---- the built-in statement, damaged */

static const char *damage_of(struct bytes in, size_t at, unsigned fold, size_t *taken) {
    struct bytes rest = bytes_slice(in, at, in.len - at);
    static char small[2];
    *taken = 1;
    if (fold == FOLD_QUOTES && bytes_starts_with(rest, BYTES("’"))) {
        *taken = 3;
        return "'";
    }
    if (fold == FOLD_QUOTES && (bytes_starts_with(rest, BYTES("“")) || bytes_starts_with(rest, BYTES("”")))) {
        *taken = 3;
        return "\"";
    }
    if (fold == FOLD_WHITESPACE && rest.data[0] == ' ') {
        return " \n";
    }
    if (fold == FOLD_HYPHENS && rest.data[0] == '-') {
        return "\xE2\x80\x91";
    }
    if (fold == FOLD_CASE && rest.data[0] >= 'a' && rest.data[0] <= 'z') {
        small[0] = (char)(rest.data[0] - 'a' + 'A');
        return small;
    }
    return NULL;
}

/* A slice on boundaries, of about `len` bytes, that neither begins nor ends with white space. */
static struct bytes random_slice(size_t len, uint32_t *state) {
    struct bytes text = corpus_text();
    size_t start = next_random(state) % (text.len - len);
    while (!utf8_is_boundary(text, start)) {
        start++;
    }
    size_t end = start + len > text.len ? text.len : start + len;
    while (!utf8_is_boundary(text, end)) {
        end--;
    }
    return trim(bytes_slice(text, start, end - start));
}

START_TEST(damage_by_folds_is_found_where_it_was_done_and_named) {
    static const unsigned damages[] = {FOLD_QUOTES, FOLD_WHITESPACE, FOLD_HYPHENS, FOLD_CASE};
    uint32_t state = 11;
    for (int round = 0; round < 400; round++) {
        struct bytes slice = random_slice(20 + next_random(&state) % 400, &state);
        size_t offset = (size_t)(slice.data - corpus_text().data);
        unsigned wanted = 0;
        struct buffer quote;
        buffer_init(&quote, LIMIT_QUOTE);
        for (size_t at = 0; at < slice.len;) {
            unsigned fold = damages[next_random(&state) % 4];
            size_t taken = 1;
            const char *damage = next_random(&state) % 4 == 0 ? damage_of(slice, at, fold, &taken) : NULL;
            wanted |= damage ? fold : 0;
            buffer_append(&quote, damage ? bytes_text(damage) : bytes_slice(slice, at, 1));
            at += damage ? taken : 1;
        }
        struct quote_matches matches = find(buffer_bytes(&quote), corpus_text());
        bool there = false;
        ck_assert_uint_gt(matches.count, 0);
        ck_assert_uint_eq(matches.matches[0].folds, wanted);
        for (size_t i = 0; i < matches.count; i++) {
            there = there || (matches.matches[i].span.offset == offset && matches.matches[i].span.length == slice.len);
        }
        ck_assert(there);
        quote_matches_free(&matches);
        buffer_free(&quote);
    }
}
END_TEST

START_TEST(every_slice_is_verbatim_where_it_was_taken) {
    uint32_t state = 12;
    for (int round = 0; round < 300; round++) {
        struct bytes slice = random_slice(1 + next_random(&state) % 200, &state);
        if (slice.len == 0) {
            continue;
        }
        struct quote_matches matches = find(slice, corpus_text());
        bool there = false;
        for (size_t i = 0; i < matches.count; i++) {
            there = there || corpus_text().data + matches.matches[i].span.offset == slice.data;
        }
        ck_assert(there && matches.matches[0].verdict == VERDICT_VERBATIM);
        quote_matches_free(&matches);
    }
}
END_TEST

/* One word of a slice becomes another: the place is found, and the one difference is that word. */
START_TEST(one_changed_word_is_the_one_difference) {
    uint32_t state = 13;
    unsigned tried = 0;
    for (int round = 0; round < 2000; round++) {
        struct bytes slice = random_slice(80 + next_random(&state) % 300, &state);
        if (slice.data > corpus_text().data && slice.data[-1] != ' ') {
            continue;
        }
        size_t start = slice.len / 3;
        while (start < slice.len && slice.data[start] != ' ') {
            start++;
        }
        size_t end = ++start;
        while (end < slice.len && slice.data[end] >= 'a' && slice.data[end] <= 'z') {
            end++;
        }
        if (end - start < 3 || end >= slice.len || slice.data[end] != ' ') {
            continue;
        }
        struct buffer quote;
        buffer_init(&quote, LIMIT_QUOTE);
        buffer_append(&quote, bytes_slice(slice, 0, start));
        buffer_append_text(&quote, "zzyzx");
        buffer_append(&quote, bytes_slice(slice, end, slice.len - end));
        struct quote_matches matches = find(buffer_bytes(&quote), corpus_text());
        ck_assert_uint_eq(matches.count, 1);
        const struct quote_match *match = &matches.matches[0];
        ck_assert_int_eq(match->verdict, VERDICT_DIFFERS);
        ck_assert_ptr_eq(corpus_text().data + match->span.offset, slice.data);
        ck_assert_uint_eq(match->span.length, slice.len);
        ck_assert_uint_eq(match->differences_count, 1);
        ck_assert_uint_eq(match->differences[0].quote.offset, start);
        ck_assert_uint_eq(match->differences[0].quote.length, 5);
        ck_assert_ptr_eq(corpus_text().data + match->differences[0].text.offset, slice.data + start);
        ck_assert_uint_eq(match->differences[0].text.length, end - start);
        quote_matches_free(&matches);
        buffer_free(&quote);
        tried++;
    }
    ck_assert_uint_gt(tried, 100);
}
END_TEST

static void expect_difference(const char *quote, size_t number, const char *in_quote, const char *in_text) {
    struct quote_matches matches = find(bytes_text(quote), corpus_text());
    ck_assert_uint_eq(matches.count, 1);
    ck_assert_int_eq(matches.matches[0].verdict, VERDICT_DIFFERS);
    ck_assert_uint_gt(matches.matches[0].differences_count, number);
    const struct difference *difference = &matches.matches[0].differences[number];
    struct bytes q = span_bytes(bytes_text(quote), difference->quote);
    struct bytes t = span_bytes(corpus_text(), difference->text);
    ck_assert_msg(bytes_equal(q, bytes_text(in_quote)), "[%.*s]", (int)q.len, (const char *)q.data);
    ck_assert_msg(bytes_equal(t, bytes_text(in_text)), "[%.*s]", (int)t.len, (const char *)t.data);
    quote_matches_free(&matches);
}

START_TEST(differences_are_the_smallest) {
    expect_difference("confirmed its readiness to engage in close and effective cooperation", 0, "o", "i");
    expect_difference("China opposes Azerbaijan's early accession", 0, "opposes", "supports");
    expect_difference("Azerbaijan does not actively supports China’s Global Development Initiative", 0, "does not ",
                      "");
    expect_difference("oppose unilateralism and protectionism, despotism and dismantling of trade rules", 0, "",
                      "world ");
    expect_difference("Baku hosting the 14th World Urban Forum in 2026", 0, "4", "3");
    expect_difference("Azerbijan", 0, "", "a");
}
END_TEST

START_TEST(an_invented_sentence_stands_nowhere) {
    static const char *const invented[] = {
        "The war",
        "the of and",
        "Bananas are yellow and taste good with ice cream.",
        "The quick brown fox jumps over the lazy dog and runs away into the forest.",
        "Both governments will jointly build a military base on the coast before the end of the decade.",
        "All citizens shall pay a tax of ten percent on imported goods from the first of January.",
        "No one shall be subjected to torture or to cruel, inhuman or degrading treatment or punishment.",
        "The Parties agreed to abolish the calendar",
        "The two sides agreed to abolish the calendar and the use of money",
        "Everyone has the right to life, liberty and security of person.",
        "第一条 为了惩罚犯罪，保护人民，根据宪法，制定本法。",
        "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    };
    for (size_t i = 0; i < sizeof invented / sizeof invented[0]; i++) {
        expect_none(invented[i], corpus_text());
    }
}
END_TEST

START_TEST(a_span_tells_whether_it_cuts_a_word) {
    struct bytes text = BYTES("The People’s e\xCC\x81tat of 14,812 co\xC2\xADops 中华人民");
    static const struct {
        const char *span;
        bool cuts;
    } cases[] = {{"The", false},          {"he", true},        {"The Peo", true},
                 {"People", true},        {"People’s", false}, {"s e\xCC\x81tat", true},
                 {"e\xCC\x81tat", false}, {"e", true},         {"14", true},
                 {"14,812", false},       {"co", true},        {"co\xC2\xADops", false},
                 {"华人", false},         {" of ", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *place = strstr((const char *)text.data, cases[i].span);
        ck_assert_ptr_nonnull(place);
        if (strcmp(cases[i].span, "e") == 0) {
            place = strstr((const char *)text.data, "e\xCC\x81");
        }
        struct span span = {(uint32_t)(place - (const char *)text.data), (uint32_t)strlen(cases[i].span)};
        ck_assert_msg(span_cuts_word(text, span) == cases[i].cuts, "%s", cases[i].span);
    }
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("quote");
    TCase *hostile = tcase_create("hostile");
    TCase *cases = tcase_create("verdicts");
    tcase_set_timeout(hostile, 100);
    tcase_set_timeout(cases, 100);
    tcase_add_test(hostile, bytes_that_are_no_text_are_refused);
    tcase_add_test(hostile, a_quote_past_the_limit_is_refused);
    tcase_add_test(hostile, nothing_stands_nowhere);
    tcase_add_test(hostile, a_span_outside_the_text_or_inside_a_character_is_not_equal);
    tcase_add_test(hostile, repetition_takes_no_quadratic_time);
    tcase_add_test(hostile, what_costs_more_than_it_may_is_ended);
    tcase_add_test(hostile, what_is_faithful_and_what_is_near_can_be_looked_for_alone);
    tcase_add_test(hostile, the_nearest_of_those_that_were_compared_is_told);
    tcase_add_test(hostile, thousands_of_pieces_take_no_quadratic_time);
    tcase_add_test(cases, verbatim_is_bytes_at_every_place_overlapping_too);
    tcase_add_test(cases, dots_that_stand_there_are_verbatim);
    tcase_add_test(cases, the_fewest_folds_are_named);
    tcase_add_test(cases, folds_do_no_more_than_they_say);
    tcase_add_test(cases, pieces_come_in_order_and_may_be_far_apart);
    tcase_add_test(cases, equality_is_of_exactly_these_folds);
    tcase_add_test(cases, no_span_is_equal_under_fewer_folds_than_named);
    tcase_add_test(cases, damage_by_folds_is_found_where_it_was_done_and_named);
    tcase_add_test(cases, every_slice_is_verbatim_where_it_was_taken);
    tcase_add_test(cases, one_changed_word_is_the_one_difference);
    tcase_add_test(cases, differences_are_the_smallest);
    tcase_add_test(cases, an_invented_sentence_stands_nowhere);
    tcase_add_test(cases, a_span_tells_whether_it_cuts_a_word);
    suite_add_tcase(all, hostile);
    suite_add_tcase(all, cases);
    return all;
}

int main(void) {
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
