/* See quote_oracle.h. Slow and plain on purpose. */
#define _GNU_SOURCE /* memmem */
#include "quote_oracle.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "corpus/corpus.h"

#define WORDS 24 /* of each list */

/* ---- chance */

static uint64_t chance;

void chance_begin(uint64_t seed) {
    chance = seed;
}

uint32_t any(uint32_t below) {
    chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(chance >> 33) % below;
}

/* ---- strings of bytes with an end */

void put(struct string *out, const char *bytes, size_t len) {
    HOLDS(out->len + len < sizeof out->bytes, "a string is too long");
    memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
    out->bytes[out->len] = '\0';
}

void put_text(struct string *out, const char *text) {
    put(out, text, strlen(text));
}

void put_letter(struct string *out, int32_t c) {
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t len = utf8proc_encode_char(c, bytes);
    put(out, (const char *)bytes, (size_t)len);
}

size_t letter_at(const char *at, int32_t *out) {
    utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)at, -1, out);
    HOLDS(len > 0, "not UTF-8");
    return (size_t)len;
}

bool is_mark(int32_t c) {
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

bool begins_letter(const char *at) {
    int32_t c;
    if (((uint8_t)*at & 0xC0) == 0x80)
        return false;
    if (*at == '\0')
        return true;
    letter_at(at, &c);
    return !is_mark(c) && c != 0xAD;
}

/* ---- the oracle's folds, by the lists of PROTOCOL.md section 6 */

bool is_space(int32_t c) {
    return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
           c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

int32_t fold_quote(int32_t c) {
    if ((c >= 0x2018 && c <= 0x201B) || c == 0x2032 || c == 0x60 || c == 0xB4)
        return '\'';
    return (c >= 0x201C && c <= 0x201F) || c == 0x2033 || c == 0xAB || c == 0xBB ? '"' : c;
}

int32_t fold_letter(int32_t c) {
    switch (c) {
    case 0x130: /* folds only in Turkic, which is not simple folding */
        return c;
    case 0x3C2:
        return 0x3C3;
    case 0x17F:
        return 's';
    case 0xB5:
        return 0x3BC;
    default:
        return utf8proc_tolower(c);
    }
}

void fold(struct string *out, const char *text, size_t len, unsigned set, bool trim) {
    struct string composed = {.len = 0};
    out->len = 0;
    out->bytes[0] = '\0';
    put(&composed, text, len);
    if (set & NFC) {
        utf8proc_uint8_t *nfc = utf8proc_NFC((const utf8proc_uint8_t *)composed.bytes);
        HOLDS(nfc != NULL, "no NFC");
        composed.len = 0;
        put_text(&composed, (const char *)nfc);
        free(nfc);
    }
    bool in_space = trim;
    for (size_t at = 0; at < composed.len;) {
        int32_t c;
        at += letter_at(composed.bytes + at, &c);
        if (set & WHITESPACE && is_space(c)) {
            if (!in_space)
                put_text(out, " ");
            in_space = true;
            continue;
        }
        in_space = false;
        if (set & HYPHENS && c == 0xAD)
            continue;
        c = set & QUOTES ? fold_quote(c) : c;
        c = set & HYPHENS && ((c >= 0x2010 && c <= 0x2015) || c == 0x2212) ? '-' : c;
        put_letter(out, set & CASE ? fold_letter(c) : c);
    }
    if (set & WHITESPACE && trim && out->len > 0 && out->bytes[out->len - 1] == ' ')
        out->bytes[--out->len] = '\0';
}

size_t count_letters(const char *from, size_t len) {
    size_t count = 0;
    int32_t c;
    for (size_t at = 0; at < len;) {
        at += letter_at(from + at, &c);
        count += !is_space(c) && !is_mark(c) && c != 0xAD;
    }
    return count;
}

unsigned set_size(unsigned set) {
    unsigned size = 0;
    for (; set; set &= set - 1)
        size++;
    return size;
}

/* ---- texts */

struct string texts[TEXTS];
struct string folded_texts[TEXTS][SETS];

/* Words of each made-up text, with spaces between. Text 0 is the built-in statement. */
static const char *const words_of[TEXTS] = {
    [1] =
        "caf\xC3\xA9 cafe\xCC\x81 na\xC3\xAFve \xC3\x89tat l\xE2\x80\x99"
        "accord d'une garantit les droits co\xC2\xADop\xC3\xA9ration r\xC3\xA9publique de et la tr\xC3\xA8s coll\xC3\xA8ge ch\xC3\xA2teau \xC3\xA0 sous\xE2\x80\x91sol o\xC3\xB9 fran\xC3\xA7"
        "ais ma\xC3\xAEtre peut-\xC3\xAAtre loi",
    [2] =
        "каждый человек имеет право на жизнь свободу и личную неприкосновенность Статья й и\xCC\x86 ёлка объект суд «закон» в не СССР равны перед всякий труд",
    [3] =
        "bütün insanlar ləyaqət və hüquqlarına görə azad bərabər doğulurlar İnsan ışıq Maddə hər kəs şəxsi toxunulmazlıq hüququna malikdir öz dövlət çünki üçün Azərbaycan ilə",
    [4] = "第 一 条 为 了 惩 罚 犯 罪 ， 保 护 人 民 。 根 据 宪 法 结 合 我 国 的",
    [5] =
        "άνθρωπος ἐλευθερία ΟΛΟΙ οι δικαίωμα και στη ζωή νόμος Σίσυφος ίσοι του η ι\xCC\x81 έχει καθένας ασφάλεια το κάθε πρόσωπο κράτος σε μη άρθρο",
    [6] =
        "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق المادة كل إنسان الحق حُرٌّ لكل فرد من على أن بروح الإخاء حماية القانون دون تمييز",
    [7] = "shall the Parties agree \xE2\x80\x9C"
          "Contracting Parties\xE2\x80\x9D don\xE2\x80\x99t 14,812 (a) mid-term 2020\xE2\x80\x93"
          "2025 in of to cooperation and energy; Article be by co\xE2\x80\x90operate x transit whether",
};

void put_word_of(struct string *out, unsigned text) {
    const char *word = words_of[text];
    for (uint32_t number = any(WORDS); number > 0; number--)
        word = strchr(word, ' ') + 1;
    put(out, word, strcspn(word, " "));
}

static void make_text(struct string *out, unsigned which) {
    static const char *const ends[] = {". ", ".\n\n", "; ", ", ", ":\n", " \xE2\x80\x94 ", ".\xC2\xA0"};
    out->len = 0;
    if (which == 0) {
        put(out, (const char *)corpus_text().data, corpus_text().len);
        return;
    }
    while (out->len < TEXT_BYTES) {
        put_word_of(out, which);
        if (any(4) == 0) { /* a word of its own, so that places can be told apart */
            put_letter(out, 'a' + (int32_t)any(26));
            put_letter(out, 'a' + (int32_t)any(26));
        }
        if (any(9) == 0)
            put_text(out, ends[any(COUNT(ends))]);
        else if (which != 4)
            put_text(out, any(30) == 0 ? "  " : " ");
    }
}

void make_texts(void) {
    for (unsigned i = 0; i < TEXTS; i++) {
        make_text(&texts[i], i);
        for (unsigned set = 0; set < SETS; set++)
            fold(&folded_texts[i][set], texts[i].bytes, texts[i].len, set, false);
    }
}

void put_made_up_word(struct string *out) {
    for (unsigned i = 3 + any(6); i > 0; i--)
        put_letter(out, "qwzjkvx"[any(7)]);
}

/* ---- what the oracle finds */

static bool holds(const struct string *text, size_t from, const struct string *part, size_t *end) {
    const char *place = part->len == 0 ? NULL : memmem(text->bytes + from, text->len - from, part->bytes, part->len);
    if (place)
        *end = (size_t)(place - text->bytes) + part->len;
    return place != NULL;
}

/* Length of a mark of left-out text, 0 for none. */
static size_t mark_len(const char *at) {
    static const char *const marks[] = {"[\xE2\x80\xA6]", "[...]", "\xE2\x80\xA6", "..."};
    for (size_t i = 0; i < COUNT(marks); i++)
        if (strncmp(at, marks[i], strlen(marks[i])) == 0)
            return strlen(marks[i]);
    return 0;
}

static void fold_trimmed(struct string *out, const char *from, size_t len, unsigned set) {
    int32_t c;
    while (len > 0 && (letter_at(from, &c), is_space(c))) {
        size_t step = letter_at(from, &c);
        from += step;
        len -= step;
    }
    for (size_t before; len > 0; len = before) {
        before = len - 1;
        while (before > 0 && ((uint8_t)from[before] & 0xC0) == 0x80)
            before--;
        letter_at(from + before, &c);
        if (!is_space(c))
            break;
    }
    fold(out, from, len, set, true);
}

bool holds_pieces(const struct string *text, const struct string *quote, unsigned set) {
    static struct string piece;
    size_t from = 0, start = 0;
    bool any_piece = false;
    for (size_t at = 0;;) {
        size_t len = at < quote->len ? mark_len(quote->bytes + at) : 0;
        if (len == 0 && at < quote->len) {
            at++;
            continue;
        }
        fold_trimmed(&piece, quote->bytes + start, at - start, set);
        if (piece.len > 0 && !holds(text, from, &piece, &from))
            return false;
        any_piece = any_piece || piece.len > 0;
        if (at >= quote->len)
            return any_piece;
        at += len;
        start = at;
    }
}

unsigned oracle_size(unsigned text_number, const struct string *quote) {
    static struct string folded;
    unsigned best = 7;
    size_t end;
    for (unsigned set = 0; set < SETS; set++) {
        unsigned size = set_size(set);
        const struct string *text = &folded_texts[text_number][set];
        if (size < best) {
            fold(&folded, quote->bytes, quote->len, set, set != 0);
            if (holds(text, 0, &folded, &end))
                best = size;
        }
        if (size + 1 < best && strstr(quote->bytes, "\xE2\x80\xA6") && holds_pieces(text, quote, set))
            best = size + 1;
    }
    return best;
}

size_t oracle_places(unsigned text_number, const struct string *quote) {
    const struct string *text = &texts[text_number];
    size_t count = 0;
    for (size_t at = 0; at + quote->len <= text->len; at++)
        count += memcmp(text->bytes + at, quote->bytes, quote->len) == 0;
    return count;
}

static size_t letters_of(int32_t *out, const char *from, size_t len) {
    size_t count = 0;
    for (size_t at = 0; at < len; count++)
        at += letter_at(from + at, &out[count]);
    return count;
}

size_t oracle_distance(unsigned text_number, const struct string *quote) {
    static int32_t text[4 * TEXT_BYTES], wanted[QUOTE_MAX * 4];
    static size_t row[4 * TEXT_BYTES + 1];
    size_t columns = letters_of(text, texts[text_number].bytes, texts[text_number].len);
    size_t rows = letters_of(wanted, quote->bytes, quote->len);
    memset(row, 0, sizeof row);
    for (size_t i = 1; i <= rows; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t pair = diagonal + (wanted[i - 1] != text[j - 1]);
            size_t alone = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = pair < alone ? pair : alone;
        }
    }
    size_t least = row[0];
    for (size_t j = 1; j <= columns; j++)
        least = row[j] < least ? row[j] : least;
    return least;
}
