/* Words of citations in the languages that the importer knows. */
#include "text/cited_word.h"

#include "base/encode.h"
#include "text/character.h"

struct cited {
    enum keyword kind;
    const char *word;
};

static const struct cited words[] = {
    {KEYWORD_ARTICLE, "arts"},
    {KEYWORD_ARTICLE, "artikeln"},
    {KEYWORD_ARTICLE, "l'article"},
    {KEYWORD_ARTICLE, "l’article"},
    {KEYWORD_ARTICLE, "artículos"},
    {KEYWORD_ARTICLE, "articulos"},
    {KEYWORD_ARTICLE, "artigos"},
    {KEYWORD_ARTICLE, "articoli"},
    {KEYWORD_ARTICLE, "dell'articolo"},
    {KEYWORD_ARTICLE, "статей"},
    {KEYWORD_ARTICLE, "статьям"},
    {KEYWORD_ARTICLE, "статьями"},
    {KEYWORD_ARTICLE, "статьях"},
    {KEYWORD_ARTICLE, "стст"},
    {KEYWORD_ARTICLE, "maddəsi"},
    {KEYWORD_ARTICLE, "maddənin"},
    {KEYWORD_ARTICLE, "maddəsinin"},
    {KEYWORD_ARTICLE, "maddələr"},
    {KEYWORD_ARTICLE, "maddədə"},
    {KEYWORD_ARTICLE, "maddenin"},
    {KEYWORD_ARTICLE, "maddesi"},
    {KEYWORD_ARTICLE, "maddesinin"},
    {KEYWORD_ARTICLE, "maddeler"},
    {KEYWORD_ARTICLE, "للمادة"},
    {KEYWORD_ARTICLE, "بالمادة"},
    {KEYWORD_ARTICLE, "المواد"},
    {KEYWORD_ARTICLE, "المادتين"},
    {KEYWORD_SECTION, "sections"},
    {KEYWORD_SECTION, "secs"},
    {KEYWORD_SECTION, "sect"},
    {KEYWORD_SECTION, "paragraphen"},
    {KEYWORD_CLAUSE, "clauses"},
    {KEYWORD_CLAUSE, "cls"},
    {KEYWORD_PARAGRAPH, "¶"},
    {KEYWORD_PARAGRAPH, "¶¶"},
    {KEYWORD_PARAGRAPH, "pars"},
    {KEYWORD_PARAGRAPH, "paragraphes"},
    {KEYWORD_PARAGRAPH, "al"},
    {KEYWORD_PARAGRAPH, "alinéas"},
    {KEYWORD_PARAGRAPH, "l'alinéa"},
    {KEYWORD_PARAGRAPH, "absatzes"},
    {KEYWORD_PARAGRAPH, "absätze"},
    {KEYWORD_PARAGRAPH, "apartado"},
    {KEYWORD_PARAGRAPH, "apartados"},
    {KEYWORD_PARAGRAPH, "apdo"},
    {KEYWORD_PARAGRAPH, "párrafos"},
    {KEYWORD_PARAGRAPH, "parágrafo"},
    {KEYWORD_PARAGRAPH, "n.º"},
    {KEYWORD_PARAGRAPH, "comma"},
    {KEYWORD_PARAGRAPH, "commi"},
    {KEYWORD_PARAGRAPH, "leden"},
    {KEYWORD_PARAGRAPH, "ч"},
    {KEYWORD_PARAGRAPH, "частью"},
    {KEYWORD_PARAGRAPH, "частей"},
    {KEYWORD_PARAGRAPH, "пунктом"},
    {KEYWORD_PARAGRAPH, "пункты"},
    {KEYWORD_PARAGRAPH, "пунктов"},
    {KEYWORD_PARAGRAPH, "пп"},
    {KEYWORD_PARAGRAPH, "hissəsi"},
    {KEYWORD_PARAGRAPH, "hissəsinin"},
    {KEYWORD_PARAGRAPH, "hissənin"},
    {KEYWORD_PARAGRAPH, "bənd"},
    {KEYWORD_PARAGRAPH, "bəndi"},
    {KEYWORD_PARAGRAPH, "bəndinin"},
    {KEYWORD_PARAGRAPH, "bəndin"},
    {KEYWORD_PARAGRAPH, "fıkra"},
    {KEYWORD_PARAGRAPH, "fıkrası"},
    {KEYWORD_PARAGRAPH, "fıkrasının"},
    {KEYWORD_PARAGRAPH, "فقرة"},
    {KEYWORD_PARAGRAPH, "للفقرة"},
    {KEYWORD_PARAGRAPH, "الفقرتين"},
    {KEYWORD_PARAGRAPH, "الفقرات"},
    {KEYWORD_POINT, "points"},
    {KEYWORD_POINT, "item"},
    {KEYWORD_POINT, "sub-paragraph"},
    {KEYWORD_POINT, "subparagraphs"},
    {KEYWORD_POINT, "subpara"},
    {KEYWORD_POINT, "lettre"},
    {KEYWORD_POINT, "let"},
    {KEYWORD_POINT, "buchstabe"},
    {KEYWORD_POINT, "buchst"},
    {KEYWORD_POINT, "buchstaben"},
    {KEYWORD_POINT, "nrn"},
    {KEYWORD_POINT, "letra"},
    {KEYWORD_POINT, "letras"},
    {KEYWORD_POINT, "alínea"},
    {KEYWORD_POINT, "inciso"},
    {KEYWORD_POINT, "lettera"},
    {KEYWORD_POINT, "lett"},
    {KEYWORD_POINT, "пп"},
    {KEYWORD_POINT, "подп"},
    {KEYWORD_POINT, "подпункте"},
    {KEYWORD_POINT, "подпунктом"},
    {KEYWORD_POINT, "буква"},
    {KEYWORD_POINT, "yarımbəndi"},
    {KEYWORD_POINT, "البند"},
    {KEYWORD_ANNEX, "annexes"},
    {KEYWORD_ANNEX, "l'annexe"},
    {KEYWORD_ANNEX, "приложении"},
    {KEYWORD_PREAMBLE, "преамбуле"},
    {KEYWORD_PREAMBLE, "önsöz"},
    {KEYWORD_CONCLUSIONS, "closing"},
};

static bool is_digit(uint32_t c) {
    return (c >= '0' && c <= '9') || (c >= 0x0660 && c <= 0x0669) || (c >= 0x06F0 && c <= 0x06F9);
}

/* A word of the table: a number may follow at once, "arts5". */
static size_t word_len(struct bytes in, const char *word) {
    size_t len = keyword_len(in, word);
    struct bytes front = bytes_slice(in, 0, in.len < bytes_text(word).len ? in.len : bytes_text(word).len);
    if (len == 0 && is_digit(utf8_at(in, front.len))) {
        len = keyword_len(front, word);
    }
    return len;
}

size_t cited_take(struct bytes in, enum keyword kind) {
    size_t longest = keyword_take(in, kind);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = words[i].kind == kind ? word_len(in, words[i].word) : 0;
        longest = len > longest ? len : longest;
    }
    return longest;
}

static size_t longest_of(struct bytes in, const char *const *list, size_t count) {
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t len = keyword_len(in, list[i]);
        longest = len > longest ? len : longest;
    }
    return longest;
}

#define LONGEST_OF(in, list) longest_of(in, list, sizeof(list) / sizeof(list)[0])

size_t cited_sentence(struct bytes in) {
    static const char *const list[] = {"satz", "sentence", "phrase", "предложение", "предл", "cümlə"};
    return LONGEST_OF(in, list);
}

size_t cited_joint(struct bytes in) {
    static const char *const list[] = {"of",  "of the", "in",     "to the", "de",  "de l’", "de l'", "de la", "du",
                                       "des", "der",    "in der", "des",    "del", "della", "do",    "da",    "van",
                                       "von", "из",     "к",      "من",     "在",  "的",    "の"};
    return LONGEST_OF(in, list);
}

size_t cited_and(struct bytes in) {
    static const char *const list[] = {"and", "or", "&",   "et", "ou",   "und", "oder", "sowie", "y",   "e",
                                       "o",   "en", "или", "и",  "və",   "ve",  "veya", "وَ",     "و",   "أو",
                                       "和",  "及", "与",  "或", "以及", "、",  "並び", "및",    "және"};
    return LONGEST_OF(in, list);
}

size_t cited_to(struct bytes in) {
    static const char *const list[] = {"to",           "through",      "thru", "until", "bis", "à",  "au", "al",   "a",
                                       "até",          "tot",          "по",   "до",    "إلى", "至", "到", "から", "-",
                                       "\xE2\x80\x90", "\xE2\x80\x91", "–",    "—",     "~",   "～", "－"};
    return LONGEST_OF(in, list);
}

size_t cited_ordinal(struct bytes in) {
    static const char *const list[] = {"cü",  "cu",  "ci", "cı", "inci", "ıncı", "uncu", "üncü", "nci", "ncı", "ncu",
                                       "ncü", "й",   "я",  "ой", "ая",   "ый",   "го",   "th",   "st",  "nd",  "rd",
                                       "e",   "ème", "er", "re", "º",    "ª",    "бап",  "ші",   "шы"};
    size_t gap = in.len > 0 && (in.data[0] == '-' || in.data[0] == '.' || in.data[0] == '\'') ? 1 : 0;
    size_t len = LONGEST_OF(bytes_slice(in, gap, in.len - gap), list);
    return len > 0 || (gap == 1 && in.data[0] == '.') ? gap + len : 0;
}
