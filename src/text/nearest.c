/*
 * DIFFERS: the place that is nearest to a quote, and what differs there, byte for byte. PROTOCOL.md section 6, CheckQuote.
 * Letter triples find at most three windows of about twice the quote's length, O(quote + text); in each, words are aligned, and
 * letters within words that changed; the bound of align.h holds for each window. What is not listed as different is equal bytes.
 */
#include "text/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "text/align.h"
#include "text/character.h"
#include "text/window.h"

/*
 * An invented sentence shares its small words, and half of its letters, with many a place of a long text; a sentence in which a few
 * words were changed shares more.
 */
#define SCORE_LEAST         (2.0 / 3.0)
#define STEPS_OF_A_LETTER   13u /* of the text, for the triples */
#define STEPS_OF_A_CELL     7u
#define STEPS_OF_A_LIKENESS 25u
#define STANDS_LEAST        6 /* letters: "the war" shares a word with every text, and stands nowhere */

/* ---- the list of differences */

struct difference_list {
    struct difference *items;
    size_t count;
    size_t capacity;
    struct bytes quote;
    struct bytes text; /* spans of both are offsets in these */
    int error;
};

/* A stretch of both that is under comparison: [start, end) of each. */
struct stretches {
    size_t quote_start, quote_end;
    size_t text_start, text_end;
};

static void add_difference(struct difference_list *list, struct stretches at) {
    if (list->error != 0 || (at.quote_start == at.quote_end && at.text_start == at.text_end)) {
        return;
    }
    struct difference *last = list->count > 0 ? &list->items[list->count - 1] : NULL;
    if (last && last->quote.offset + last->quote.length == at.quote_start &&
        last->text.offset + last->text.length == at.text_start) {
        last->quote.length += (uint32_t)(at.quote_end - at.quote_start);
        last->text.length += (uint32_t)(at.text_end - at.text_start);
        return;
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        struct difference *items = realloc(list->items, capacity * sizeof *items);
        if (!items) {
            list->error = DEPOSITARY_E_MEMORY;
            return;
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = (struct difference){
        .quote = {(uint32_t)at.quote_start, (uint32_t)(at.quote_end - at.quote_start)},
        .text = {(uint32_t)at.text_start, (uint32_t)(at.text_end - at.text_start)},
    };
}

/* ---- comparing two stretches */

/* What is left without the code points that both begin with. */
static struct stretches without_common_start(const struct difference_list *list, struct stretches at) {
    while (at.quote_start < at.quote_end && at.text_start < at.text_end) {
        uint32_t c = utf8_at(list->quote, at.quote_start);
        uint8_t bytes[UTF8_LEN_MAX];
        if (c != utf8_at(list->text, at.text_start)) {
            break;
        }
        size_t len = utf8_put(bytes, c);
        at.quote_start += len;
        at.text_start += len;
    }
    return at;
}

/* What is left without those that both end with. */
static struct stretches without_common_end(const struct difference_list *list, struct stretches at) {
    while (at.quote_start < at.quote_end && at.text_start < at.text_end) {
        size_t quote_before = utf8_before(list->quote, at.quote_end);
        size_t text_before = utf8_before(list->text, at.text_end);
        if (utf8_at(list->quote, quote_before) != utf8_at(list->text, text_before)) {
            break;
        }
        at.quote_end = quote_before;
        at.text_end = text_before;
    }
    return at;
}

static struct stretches without_common_ends(const struct difference_list *list, struct stretches at) {
    return without_common_end(list, without_common_start(list, at));
}

/* Letter by letter, by the full table of edit distances. */
struct letter_table {
    uint32_t quote[ALIGN_LETTERS_MAX];
    uint32_t text[ALIGN_LETTERS_MAX];
    size_t quote_len;
    size_t text_len;
    uint8_t cost[ALIGN_LETTERS_MAX + 1][ALIGN_LETTERS_MAX + 1]; /* of what is left from [i][j] on */
};

static void fill_letters(struct letter_table *table) {
    for (size_t i = table->quote_len + 1; i-- > 0;) {
        for (size_t j = table->text_len + 1; j-- > 0;) {
            if (i == table->quote_len || j == table->text_len) {
                table->cost[i][j] = (uint8_t)(table->quote_len - i + table->text_len - j);
                continue;
            }
            unsigned pair = table->cost[i + 1][j + 1] + (table->quote[i] == table->text[j] ? 0u : 1u);
            unsigned quote = table->cost[i + 1][j] + 1u;
            unsigned text = table->cost[i][j + 1] + 1u;
            unsigned best = pair < quote ? pair : quote;
            table->cost[i][j] = (uint8_t)(best < text ? best : text);
        }
    }
}

static void differ_by_letters(struct difference_list *list, const struct letter_table *table, struct stretches at) {
    uint8_t bytes[UTF8_LEN_MAX];
    size_t i = 0;
    size_t j = 0;
    size_t quote = at.quote_start;
    size_t text = at.text_start;
    while (i < table->quote_len || j < table->text_len) {
        bool both = i < table->quote_len && j < table->text_len;
        bool same = both && table->quote[i] == table->text[j];
        unsigned cost = table->cost[i][j];
        bool pair = both && cost == table->cost[i + 1][j + 1] + (same ? 0u : 1u);
        bool take_quote = pair || (i < table->quote_len && cost == table->cost[i + 1][j] + 1u);
        bool take_text = pair || !take_quote;
        struct stretches step = {quote, quote, text, text};
        if (take_quote) {
            step.quote_end = quote += utf8_put(bytes, table->quote[i++]);
        }
        if (take_text) {
            step.text_end = text += utf8_put(bytes, table->text[j++]);
        }
        if (!(pair && same)) {
            add_difference(list, step);
        }
    }
}

/* Where the text's word is to begin, so that the least of it differs: in letters from its front. */
static size_t best_start(const struct letter_table *table) {
    size_t best = 0;
    for (size_t j = 1; j < table->text_len; j++) {
        best = table->cost[0][j] < table->cost[0][best] ? j : best;
    }
    return best;
}

static void reverse_letters(uint32_t *letters, size_t len) {
    for (size_t i = 0; i < len / 2; i++) {
        uint32_t c = letters[i];
        letters[i] = letters[len - 1 - i];
        letters[len - 1 - i] = c;
    }
}

/* The quote's first or last word may be cut. Narrows the text's word from the front, or from the back, to what stands against it. */
static struct stretches without_cut_off(const struct difference_list *list, struct stretches at, bool is_at_front) {
    struct bytes quote = bytes_slice(list->quote, at.quote_start, at.quote_end - at.quote_start);
    struct bytes text = bytes_slice(list->text, at.text_start, at.text_end - at.text_start);
    struct letter_table table;
    uint8_t bytes[UTF8_LEN_MAX];
    if (!letters_decode(table.quote, &table.quote_len, quote) || !letters_decode(table.text, &table.text_len, text)) {
        return at;
    }
    if (!is_at_front) {
        reverse_letters(table.quote, table.quote_len);
        reverse_letters(table.text, table.text_len);
    }
    fill_letters(&table);
    size_t cut = best_start(&table);
    for (size_t j = 0; j < cut; j++) {
        size_t len = utf8_put(bytes, table.text[j]);
        at.text_start += is_at_front ? len : 0;
        at.text_end -= is_at_front ? 0 : len;
    }
    return at;
}

/* A word of the quote against one of the text: by letters where one, or a third, of them differ; else as a whole. */
static void differ_in_word(struct difference_list *list, struct stretches at, bool equal_word) {
    struct bytes quote = bytes_slice(list->quote, at.quote_start, at.quote_end - at.quote_start);
    struct bytes text = bytes_slice(list->text, at.text_start, at.text_end - at.text_start);
    struct letter_table table;
    if (bytes_equal(quote, text)) {
        return;
    }
    if (!letters_decode(table.quote, &table.quote_len, quote) || !letters_decode(table.text, &table.text_len, text)) {
        add_difference(list, equal_word ? without_common_ends(list, at) : at);
        return;
    }
    fill_letters(&table);
    size_t longer = table.quote_len > table.text_len ? table.quote_len : table.text_len;
    unsigned distance = table.cost[0][0];
    if (equal_word || distance == 1 || distance * 3 <= longer) {
        differ_by_letters(list, &table, at);
    } else {
        add_difference(list, at);
    }
}

/* ---- from an alignment to a match */

/* The tokens of both sides. */
struct sides {
    const struct token_list *quote;
    const struct token_list *text;
};

/* The differences between what follows pair `before` and what precedes pair `after`: words alone, and white space. */
static void differ_between(struct difference_list *list, const struct token *quote_before,
                           const struct token *text_before, const struct token *quote_after,
                           const struct token *text_after) {
    struct stretches at = {
        .quote_start = (size_t)quote_before->offset + quote_before->length,
        .quote_end = quote_after->offset,
        .text_start = (size_t)text_before->offset + text_before->length,
        .text_end = text_after->offset,
    };
    add_difference(list, without_common_ends(list, at));
}

/* The two words of a pair; of the quote's first and last word, without what it cuts off. */
static struct stretches words_of(const struct difference_list *list, const struct pair *pair, const struct sides *of) {
    const struct token *quote = &of->quote->tokens[pair->quote];
    const struct token *text = &of->text->tokens[pair->text];
    struct stretches at = {quote->offset, (size_t)quote->offset + quote->length, text->offset,
                           (size_t)text->offset + text->length};
    if (pair->kind != PAIR_OTHER && pair->quote == 0) {
        at = without_cut_off(list, at, true);
    }
    if (pair->kind != PAIR_OTHER && pair->quote + 1 == of->quote->count) {
        at = without_cut_off(list, at, false);
    }
    return at;
}

/* What the quote has before its first word, or behind its last, white space say, and the text has not. */
static struct stretches before_words(const struct difference_list *list, size_t in_quote, size_t in_text) {
    struct stretches at = without_common_end(list, (struct stretches){0, in_quote, 0, in_text});
    return (struct stretches){0, at.quote_end, at.text_end, at.text_end};
}

static struct stretches after_words(const struct difference_list *list, size_t in_quote, size_t in_text) {
    struct stretches at = {in_quote, list->quote.len, in_text, list->text.len};
    at = without_common_start(list, at);
    return (struct stretches){at.quote_start, list->quote.len, at.text_start, at.text_start};
}

static int differences_of(struct difference_list *list, const struct alignment *alignment, const struct sides *of,
                          struct span *span) {
    struct stretches words = words_of(list, &alignment->pairs[0], of);
    struct stretches before = before_words(list, words.quote_start, words.text_start);
    add_difference(list, before);
    for (size_t i = 0; i < alignment->count; i++) {
        const struct pair *pair = &alignment->pairs[i];
        words = words_of(list, pair, of);
        if (i > 0) {
            differ_between(list, &of->quote->tokens[pair[-1].quote], &of->text->tokens[pair[-1].text],
                           &of->quote->tokens[pair->quote], &of->text->tokens[pair->text]);
        }
        differ_in_word(list, words, pair->kind == PAIR_EQUAL);
    }
    struct stretches after = after_words(list, words.quote_end, words.text_end);
    add_difference(list, after);
    *span = (struct span){(uint32_t)before.text_end, (uint32_t)(after.text_start - before.text_end)};
    return list->error;
}

/*
 * Words at an end that were paired although they have nothing in common only widen the place at random. One is kept, next to a
 * word that stands: it is the word that was changed.
 */
static void drop_loose_ends(struct alignment *alignment) {
    struct pair *pairs = alignment->pairs;
    size_t start = 0;
    size_t end = alignment->count;
    while (start < end && pairs[start].kind == PAIR_OTHER) {
        start++;
    }
    while (end > start && pairs[end - 1].kind == PAIR_OTHER) {
        end--;
    }
    if (start > 0 && start < end && pairs[start - 1].quote + 1 == pairs[start].quote &&
        pairs[start - 1].text + 1 == pairs[start].text) {
        start--;
    }
    if (end > start && end < alignment->count && pairs[end].quote == pairs[end - 1].quote + 1 &&
        pairs[end].text == pairs[end - 1].text + 1) {
        end++;
    }
    alignment->count = end - start;
    memmove(pairs, pairs + start, alignment->count * sizeof *pairs);
}

static bool stands(const struct alignment *alignment) {
    return alignment->score >= SCORE_LEAST && alignment->stands >= STANDS_LEAST;
}

/* How many bytes, of both sides, differ. */
static uint64_t weight_of(const struct difference *differences, size_t count) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += differences[i].quote.length + differences[i].text.length;
    }
    return bytes;
}

/* Takes over the differences where they make a better match than *best: a higher score, or the same with less that differs. */
static void keep_better(struct quote_match *best, struct difference_list *list, struct span span, double score) {
    bool same = best->verdict == VERDICT_DIFFERS && score <= best->score;
    if (same && weight_of(list->items, list->count) >= weight_of(best->differences, best->differences_count)) {
        return;
    }
    free(best->differences);
    *best = (struct quote_match){.verdict = VERDICT_DIFFERS,
                                 .span = span,
                                 .differences = list->items,
                                 .differences_count = list->count,
                                 .score = score};
    list->items = NULL;
}

static int match_in_window(struct quote_match *best, struct bytes quote, struct bytes text, struct window window,
                           struct quote_work *work) {
    struct vocabulary vocabulary = {0};
    struct token_list quote_tokens = {0};
    struct token_list text_tokens = {0};
    struct alignment alignment = {0};
    struct bytes stretch = bytes_slice(text, window.start, window.end - window.start);
    struct difference_list list = {.quote = quote, .text = stretch};
    struct span span;
    int error = tokens_of(&quote_tokens, &vocabulary, quote);
    size_t quote_words = vocabulary.count;
    if (error == 0) {
        error = tokens_of(&text_tokens, &vocabulary, stretch);
    }
    if (error == 0) {
        error = quote_work_spend(work, STEPS_OF_A_CELL * align_cells(quote_tokens.count, text_tokens.count) +
                                           STEPS_OF_A_LIKENESS * align_likenesses(quote_words, vocabulary.count));
    }
    if (error == 0) {
        const struct aligned sides[] = {{quote, &quote_tokens}, {stretch, &text_tokens}};
        error = align(&alignment, &sides[0], &sides[1], &vocabulary);
    }
    if (error == 0 && stands(&alignment) && alignment.score >= best->score) {
        drop_loose_ends(&alignment);
        error = differences_of(&list, &alignment, &(struct sides){&quote_tokens, &text_tokens}, &span);
        for (size_t i = 0; error == 0 && i < list.count; i++) {
            list.items[i].text.offset += (uint32_t)window.start;
        }
        if (error == 0) {
            span.offset += (uint32_t)window.start;
            keep_better(best, &list, span, alignment.score);
        }
    }
    free(list.items);
    alignment_free(&alignment);
    token_list_free(&text_tokens);
    token_list_free(&quote_tokens);
    vocabulary_free(&vocabulary);
    return error;
}

static int find_windows(struct windows *out, struct bytes quote, struct bytes text, struct quote_work *work) {
    int error = quote_work_spend(work, STEPS_OF_A_LETTER * text.len);
    return error != 0 ? error : windows_find(out, quote, text);
}

int quote_likeness(uint32_t *out, struct bytes quote, struct bytes text, struct quote_work *work) {
    struct windows windows;
    int error = find_windows(&windows, quote, text, work);
    if (error == 0) {
        *out = windows.count > 0 ? windows.items[0].shared : 0;
    }
    return error;
}

int match_nearest(struct match_list *list, struct bytes quote, struct bytes text, struct quote_work *work) {
    struct windows windows;
    struct quote_match best = {0};
    int error = find_windows(&windows, quote, text, work);
    for (size_t i = 0; error == 0 && i < windows.count; i++) {
        error = match_in_window(&best, quote, text, windows.items[i], work);
    }
    if (error == DEPOSITARY_E_LIMIT && best.verdict == VERDICT_DIFFERS) {
        error = 0; /* the best window came first */
    }
    if (error == 0 && best.verdict == VERDICT_DIFFERS) {
        error = match_add(list, best);
    }
    if (error != 0) {
        free(best.differences);
    }
    return error;
}
