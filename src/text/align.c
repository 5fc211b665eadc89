/* Semi-global alignment over words (Sellers 1980): rows are the quote's words, columns the text's. */
#include "text/align.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"

#define CELLS_MAX    (64u * 1024 * 1024) /* of the trace, 2 bits each */
#define LIKENESS_MAX (8u * 1024 * 1024)  /* pairs of words whose likeness is looked at */
#define ALIKE_LEAST  2u                  /* letters; shorter words are equal or other */
#define ALIKE_PART   3u                  /* at most 1/3 of the letters differ, or one */
#define COST_UNIT    4u                  /* of a letter that is changed, put in or left out */
#define COST_FALLEN                                                                                                    \
    1u /* more, of a letter of the quote that does not stand: what keeps more of its words comes first */
#define COST_NONE (UINT32_MAX / 2) /* outside the band */

/* ---- likeness of words */

bool letters_decode(uint32_t out[ALIGN_LETTERS_MAX], size_t *len, struct bytes in) {
    size_t count = 0;
    uint32_t c;
    for (size_t step; (step = utf8_next(&c, in)) > 0; in = bytes_slice(in, step, in.len - step)) {
        if (count == ALIGN_LETTERS_MAX) {
            return false;
        }
        out[count++] = c;
    }
    *len = count;
    return true;
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

uint32_t edit_distance(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len, uint32_t limit) {
    uint32_t row[ALIGN_LETTERS_MAX + 1];
    for (uint32_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (uint32_t i = 1; i <= a_len; i++) {
        uint32_t diagonal = row[0];
        uint32_t best = row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            uint32_t up = row[j];
            row[j] = least(least(up, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = up;
            best = least(best, row[j]);
        }
        if (best > limit) {
            return limit + 1;
        }
    }
    return least(row[b_len], limit + 1);
}

static unsigned bits(uint64_t set) {
    unsigned count = 0;
    for (; set != 0; set &= set - 1) {
        count++;
    }
    return count;
}

/* Letters that differ between two words that are alike, 0 for words that are not (equal ones are not asked). */
static uint8_t likeness(const struct word *a, const struct word *b) {
    uint32_t longer = a->weight > b->weight ? a->weight : b->weight;
    uint32_t shorter = least(a->weight, b->weight);
    uint32_t limit = longer < ALIKE_PART ? 1 : longer / ALIKE_PART;
    uint32_t a_letters[ALIGN_LETTERS_MAX];
    uint32_t b_letters[ALIGN_LETTERS_MAX];
    size_t a_len;
    size_t b_len;
    if (shorter < ALIKE_LEAST || longer > ALIGN_LETTERS_MAX || longer - shorter > limit ||
        bits(a->letters ^ b->letters) > 2 * limit) {
        return 0;
    }
    if (!letters_decode(a_letters, &a_len, a->key) || !letters_decode(b_letters, &b_len, b->key)) {
        return 0;
    }
    uint32_t distance = edit_distance(a_letters, a_len, b_letters, b_len, limit);
    return distance > limit ? 0 : (uint8_t)distance;
}

/* ---- the table */

struct table {
    const struct token_list *quote;
    const struct token_list *text;
    struct bytes quote_bytes;
    struct bytes text_bytes;
    const struct vocabulary *vocabulary;
    uint8_t *likeness; /* quote words by words; NULL where there are too many */
    size_t quote_words;
    uint8_t *trace;
    size_t band; /* columns that are looked at in each row */
    uint32_t *row;
};

enum step { STEP_NONE, STEP_PAIR, STEP_QUOTE, STEP_TEXT }; /* what was taken last: a pair, or one token alone */

/* The first column of the band in a row: the diagonal through the middle of the text. */
static size_t band_start(const struct table *table, size_t i) {
    size_t columns = table->text->count + 1;
    if (table->band >= columns) {
        return 0;
    }
    size_t spare = columns > table->quote->count ? (columns - table->quote->count) / 2 : 0;
    size_t middle = i + spare;
    size_t start = middle > table->band / 2 ? middle - table->band / 2 : 0;
    return start > columns - table->band ? columns - table->band : start;
}

static void trace_set(struct table *table, size_t i, size_t column, enum step step) {
    size_t cell = i * table->band + column;
    unsigned shift = (unsigned)(cell % 4) * 2;
    table->trace[cell / 4] = (uint8_t)((table->trace[cell / 4] & ~(3u << shift)) | (unsigned)step << shift);
}

static enum step trace_get(const struct table *table, size_t i, size_t column) {
    size_t cell = i * table->band + column;
    return (enum step)((unsigned)table->trace[cell / 4] >> (cell % 4) * 2 & 3u);
}

static uint8_t likeness_of(const struct table *table, const struct token *quote, const struct token *text) {
    return table->likeness ? table->likeness[(size_t)quote->word * table->vocabulary->count + text->word] : 0;
}

/* Whether two words that are equal or alike are not spelled the same; of alike ones the first and last byte have to do. */
static bool spelled_apart(const struct table *table, const struct token *quote, const struct token *text, bool equal) {
    const uint8_t *in_quote = table->quote_bytes.data + quote->offset;
    const uint8_t *in_text = table->text_bytes.data + text->offset;
    if (!equal) {
        return in_quote[0] != in_text[0] || in_quote[quote->length - 1] != in_text[text->length - 1];
    }
    return quote->length != text->length || memcmp(in_quote, in_text, quote->length) != 0;
}

static bool begins_with_part(struct bytes whole, struct bytes part) {
    return part.len < whole.len && bytes_starts_with(whole, part);
}

static bool ends_with_part(struct bytes whole, struct bytes part) {
    return part.len < whole.len && bytes_equal(part, bytes_slice(whole, whole.len - part.len, part.len));
}

/*
 * Whether the quote, which may begin and end inside a word, cuts this one: its last word is the beginning of the text's, or its first
 * word the end of it.
 */
static bool is_cut(const struct table *table, const struct token *quote, const struct token *text) {
    const struct word *words = table->vocabulary->words;
    bool is_first = quote == &table->quote->tokens[0];
    bool is_last = quote == &table->quote->tokens[table->quote->count - 1];
    if ((!is_first && !is_last) || quote->word == text->word) {
        return false;
    }
    struct bytes in_quote = bytes_slice(table->quote_bytes, quote->offset, quote->length);
    struct bytes in_text = bytes_slice(table->text_bytes, text->offset, text->length);
    struct bytes quote_key = words[quote->word].key;
    struct bytes text_key = words[text->word].key;
    /* By their bytes, too: a skeleton lacks letters. */
    return (is_last && (begins_with_part(text_key, quote_key) || begins_with_part(in_text, in_quote))) ||
           (is_first && (ends_with_part(text_key, quote_key) || ends_with_part(in_text, in_quote)));
}

static uint32_t pair_cost(const struct table *table, const struct token *quote, const struct token *text) {
    if (is_cut(table, quote, text)) {
        return 1;
    }
    uint8_t distance = quote->word == text->word ? 0 : likeness_of(table, quote, text);
    if (quote->word == text->word || distance > 0) {
        return (COST_UNIT + COST_FALLEN) * distance + spelled_apart(table, quote, text, distance == 0);
    }
    uint32_t longer = quote->weight > text->weight ? quote->weight : text->weight;
    return COST_UNIT * longer + COST_FALLEN * quote->weight;
}

uint64_t align_likenesses(size_t quote_words, size_t words) {
    return quote_words == 0 || words > LIKENESS_MAX / quote_words ? 0 : (uint64_t)quote_words * words;
}

static int fill_likeness(struct table *table) {
    size_t words = table->vocabulary->count;
    if (align_likenesses(table->quote_words, words) == 0) {
        return 0;
    }
    table->likeness = calloc(table->quote_words, words);
    if (!table->likeness) {
        return DEPOSITARY_E_MEMORY;
    }
    for (size_t i = 0; i < table->quote_words; i++) {
        for (size_t j = 0; j < words; j++) {
            if (i != j) {
                table->likeness[i * words + j] = likeness(&table->vocabulary->words[i], &table->vocabulary->words[j]);
            }
        }
    }
    return 0;
}

/* Row i from row i - 1, in place. before and now: first columns of the band in the two rows. */
static void fill_row(struct table *table, size_t i, size_t before, size_t now) {
    const struct token *quote = &table->quote->tokens[i - 1];
    uint32_t *row = table->row;
    size_t columns = table->text->count + 1;
    size_t width = now + table->band > columns ? columns - now : table->band;
    uint32_t diagonal = now > before ? row[now - before - 1] : COST_NONE;
    uint32_t left = COST_NONE;
    for (size_t column = 0; column < width; column++) {
        size_t j = now + column;
        uint32_t up = j - before < table->band ? row[j - before] : COST_NONE;
        uint32_t best = up + (COST_UNIT + COST_FALLEN) * quote->weight;
        enum step step = STEP_QUOTE;
        if (j > 0) {
            const struct token *text = &table->text->tokens[j - 1];
            uint32_t pair = diagonal + pair_cost(table, quote, text);
            uint32_t alone = left + COST_UNIT * text->weight;
            if (pair <= best) {
                best = pair;
                step = STEP_PAIR;
            }
            if (alone < best) {
                best = alone;
                step = STEP_TEXT;
            }
        }
        diagonal = up;
        left = best;
        row[column] = best;
        trace_set(table, i, column, step);
    }
}

/* The end of the cheapest alignment, as a column of the last row; the first of equals. */
static size_t fill(struct table *table) {
    size_t rows = table->quote->count;
    size_t columns = table->text->count + 1;
    for (size_t column = 0; column < table->band; column++) {
        table->row[column] = 0;
    }
    for (size_t i = 1; i <= rows; i++) {
        fill_row(table, i, band_start(table, i - 1), band_start(table, i));
    }
    size_t width = table->band < columns ? table->band : columns;
    size_t end = 0;
    for (size_t column = 1; column < width; column++) {
        if (table->row[column] < table->row[end]) {
            end = column;
        }
    }
    return end + band_start(table, rows);
}

static enum pair_kind kind_of(const struct table *table, const struct token *quote, const struct token *text) {
    if (quote->word == text->word) {
        return PAIR_EQUAL;
    }
    return is_cut(table, quote, text) || likeness_of(table, quote, text) > 0 ? PAIR_ALIKE : PAIR_OTHER;
}

/* From the end back to the start; pairs come out in order. */
static void walk_back(struct alignment *alignment, const struct table *table, size_t end) {
    size_t i = table->quote->count;
    size_t j = end;
    uint64_t total = 0;
    size_t at = table->quote->count;
    while (i > 0) {
        enum step step = trace_get(table, i, j - band_start(table, i));
        if (step == STEP_TEXT && j > 0) {
            j--;
            continue;
        }
        const struct token *quote = &table->quote->tokens[--i];
        total += quote->weight;
        if (step != STEP_PAIR || j == 0) {
            continue;
        }
        const struct token *text = &table->text->tokens[--j];
        enum pair_kind kind = kind_of(table, quote, text);
        alignment->pairs[--at] = (struct pair){.quote = (uint32_t)i, .text = (uint32_t)j, .kind = kind};
        bool is_spelled_otherwise = kind == PAIR_ALIKE && !is_cut(table, quote, text);
        uint32_t distance = is_spelled_otherwise ? likeness_of(table, quote, text) : 0;
        alignment->stands += kind == PAIR_OTHER || distance > quote->weight ? 0 : quote->weight - distance;
    }
    alignment->count = table->quote->count - at;
    memmove(alignment->pairs, alignment->pairs + at, alignment->count * sizeof *alignment->pairs);
    alignment->score = total == 0 ? 0 : (double)alignment->stands / (double)total;
}

uint64_t align_cells(size_t quote_tokens, size_t text_tokens) {
    uint64_t cells = ((uint64_t)quote_tokens + 1) * ((uint64_t)text_tokens + 1);
    return cells < CELLS_MAX ? cells : CELLS_MAX;
}

int align(struct alignment *out, const struct aligned *quote, const struct aligned *text,
          const struct vocabulary *vocabulary) {
    struct table table = {.quote = quote->tokens,
                          .text = text->tokens,
                          .quote_bytes = quote->bytes,
                          .text_bytes = text->bytes,
                          .vocabulary = vocabulary,
                          .band = text->tokens->count + 1};
    size_t rows = quote->tokens->count + 1;
    struct alignment alignment = {0};
    if (rows > CELLS_MAX) {
        return DEPOSITARY_E_LIMIT;
    }
    if (table.band > CELLS_MAX / rows) {
        table.band = CELLS_MAX / rows;
    }
    for (size_t i = 0; i < table.quote->count; i++) {
        size_t words = (size_t)table.quote->tokens[i].word + 1;
        table.quote_words = words > table.quote_words ? words : table.quote_words;
    }
    table.row = malloc(table.band * sizeof *table.row);
    table.trace = calloc(rows * table.band / 4 + 1, 1);
    alignment.pairs = malloc(rows * sizeof *alignment.pairs);
    int error = table.row && table.trace && alignment.pairs ? fill_likeness(&table) : DEPOSITARY_E_MEMORY;
    if (error == 0) {
        walk_back(&alignment, &table, fill(&table));
        *out = alignment;
        alignment.pairs = NULL;
    }
    free(alignment.pairs);
    free(table.trace);
    free(table.row);
    free(table.likeness);
    return error;
}

void alignment_free(struct alignment *alignment) {
    if (alignment) {
        free(alignment->pairs);
        *alignment = (struct alignment){0};
    }
}
