/* The table of words. Each language's usual form, and the cases in which it is cited. */
#include "text/keyword.h"

#include "base/encode.h"
#include "text/character.h"

static const struct {
    enum keyword kind;
    const char *word;
} keywords[] = {
    {KEYWORD_ARTICLE, "article"},
    {KEYWORD_ARTICLE, "articles"},
    {KEYWORD_ARTICLE, "art"},
    {KEYWORD_ARTICLE, "artikel"},
    {KEYWORD_ARTICLE, "artikels"},
    {KEYWORD_ARTICLE, "artículo"},
    {KEYWORD_ARTICLE, "articulo"},
    {KEYWORD_ARTICLE, "artigo"},
    {KEYWORD_ARTICLE, "articolo"},
    {KEYWORD_ARTICLE, "articolul"},
    {KEYWORD_ARTICLE, "artykuł"},
    {KEYWORD_ARTICLE, "článek"},
    {KEYWORD_ARTICLE, "članak"},
    {KEYWORD_ARTICLE, "neni"},
    {KEYWORD_ARTICLE, "άρθρο"},
    {KEYWORD_ARTICLE, "статья"},
    {KEYWORD_ARTICLE, "статьи"},
    {KEYWORD_ARTICLE, "статье"},
    {KEYWORD_ARTICLE, "статью"},
    {KEYWORD_ARTICLE, "статьей"},
    {KEYWORD_ARTICLE, "ст"},
    {KEYWORD_ARTICLE, "стаття"},
    {KEYWORD_ARTICLE, "статті"},
    {KEYWORD_ARTICLE, "артыкул"},
    {KEYWORD_ARTICLE, "член"},
    {KEYWORD_ARTICLE, "maddə"},
    {KEYWORD_ARTICLE, "маддә"},
    {KEYWORD_ARTICLE, "madde"},
    {KEYWORD_ARTICLE, "modda"},
    {KEYWORD_ARTICLE, "моддаи"},
    {KEYWORD_ARTICLE, "бап"},
    {KEYWORD_ARTICLE, "հոդված"},
    {KEYWORD_ARTICLE, "მუხლი"},
    {KEYWORD_ARTICLE, "المادة"},
    {KEYWORD_ARTICLE, "مادة"},
    {KEYWORD_ARTICLE, "ماده"},
    {KEYWORD_ARTICLE, "अनुच्छेद"},
    {KEYWORD_ARTICLE, "pasal"},
    {KEYWORD_ARTICLE, "điều"},
    {KEYWORD_ARTICLE, "ibara ya"},
    {KEYWORD_SECTION, "§"},
    {KEYWORD_SECTION, "§§"},
    {KEYWORD_SECTION, "section"},
    {KEYWORD_SECTION, "sec"},
    {KEYWORD_SECTION, "sección"},
    {KEYWORD_CLAUSE, "clause"},
    {KEYWORD_CLAUSE, "cl"},
    {KEYWORD_CLAUSE, "bənd"},
    {KEYWORD_PARAGRAPH, "paragraph"},
    {KEYWORD_PARAGRAPH, "paragraphs"},
    {KEYWORD_PARAGRAPH, "paragraphe"},
    {KEYWORD_PARAGRAPH, "para"},
    {KEYWORD_PARAGRAPH, "paras"},
    {KEYWORD_PARAGRAPH, "par"},
    {KEYWORD_PARAGRAPH, "párrafo"},
    {KEYWORD_PARAGRAPH, "absatz"},
    {KEYWORD_PARAGRAPH, "abs"},
    {KEYWORD_PARAGRAPH, "alinéa"},
    {KEYWORD_PARAGRAPH, "lid"},
    {KEYWORD_PARAGRAPH, "subsection"},
    {KEYWORD_PARAGRAPH, "пункт"},
    {KEYWORD_PARAGRAPH, "пункта"},
    {KEYWORD_PARAGRAPH, "пункте"},
    {KEYWORD_PARAGRAPH, "п"},
    {KEYWORD_PARAGRAPH, "часть"},
    {KEYWORD_PARAGRAPH, "части"},
    {KEYWORD_PARAGRAPH, "hissə"},
    {KEYWORD_PARAGRAPH, "الفقرة"},
    {KEYWORD_POINT, "point"},
    {KEYWORD_POINT, "letter"},
    {KEYWORD_POINT, "lit"},
    {KEYWORD_POINT, "litera"},
    {KEYWORD_POINT, "subparagraph"},
    {KEYWORD_POINT, "nummer"},
    {KEYWORD_POINT, "nr"},
    {KEYWORD_POINT, "подпункт"},
    {KEYWORD_POINT, "подпункта"},
    {KEYWORD_POINT, "yarımbənd"},
    {KEYWORD_ANNEX, "annex"},
    {KEYWORD_ANNEX, "annexe"},
    {KEYWORD_ANNEX, "appendix"},
    {KEYWORD_ANNEX, "schedule"},
    {KEYWORD_ANNEX, "anexo"},
    {KEYWORD_ANNEX, "anhang"},
    {KEYWORD_ANNEX, "anlage"},
    {KEYWORD_ANNEX, "allegato"},
    {KEYWORD_ANNEX, "bijlage"},
    {KEYWORD_ANNEX, "приложение"},
    {KEYWORD_ANNEX, "приложения"},
    {KEYWORD_ANNEX, "додаток"},
    {KEYWORD_ANNEX, "əlavə"},
    {KEYWORD_ANNEX, "المرفق"},
    {KEYWORD_ANNEX, "الملحق"},
    {KEYWORD_ANNEX, "附件"},
    {KEYWORD_ANNEX, "附录"},
    {KEYWORD_DIVISION, "part"},
    {KEYWORD_DIVISION, "chapter"},
    {KEYWORD_DIVISION, "title"},
    {KEYWORD_DIVISION, "section"},
    {KEYWORD_DIVISION, "subsection"},
    {KEYWORD_DIVISION, "partie"},
    {KEYWORD_DIVISION, "chapitre"},
    {KEYWORD_DIVISION, "titre"},
    {KEYWORD_DIVISION, "parte"},
    {KEYWORD_DIVISION, "capítulo"},
    {KEYWORD_DIVISION, "título"},
    {KEYWORD_DIVISION, "buch"},
    {KEYWORD_DIVISION, "teil"},
    {KEYWORD_DIVISION, "abschnitt"},
    {KEYWORD_DIVISION, "kapitel"},
    {KEYWORD_DIVISION, "titel"},
    {KEYWORD_DIVISION, "untertitel"},
    {KEYWORD_DIVISION, "hoofdstuk"},
    {KEYWORD_DIVISION, "deel"},
    {KEYWORD_DIVISION, "afdeling"},
    {KEYWORD_DIVISION, "часть"},
    {KEYWORD_DIVISION, "глава"},
    {KEYWORD_DIVISION, "раздел"},
    {KEYWORD_DIVISION, "fəsil"},
    {KEYWORD_DIVISION, "bölmə"},
    {KEYWORD_DIVISION, "الباب"},
    {KEYWORD_DIVISION, "الفصل"},
    {KEYWORD_DIVISION, "الجزء"},
    {KEYWORD_PREAMBLE, "preamble"},
    {KEYWORD_PREAMBLE, "préambule"},
    {KEYWORD_PREAMBLE, "preámbulo"},
    {KEYWORD_PREAMBLE, "preambulo"},
    {KEYWORD_PREAMBLE, "preâmbulo"},
    {KEYWORD_PREAMBLE, "präambel"},
    {KEYWORD_PREAMBLE, "preambule"},
    {KEYWORD_PREAMBLE, "preambolo"},
    {KEYWORD_PREAMBLE, "преамбула"},
    {KEYWORD_PREAMBLE, "преамбулы"},
    {KEYWORD_PREAMBLE, "preambula"},
    {KEYWORD_PREAMBLE, "序言"},
    {KEYWORD_PREAMBLE, "前言"},
    {KEYWORD_PREAMBLE, "الديباجة"},
    {KEYWORD_PREAMBLE, "ديباجة"},
    {KEYWORD_PREFACE, "preface"},
    {KEYWORD_CONCLUSIONS, "conclusions"},
    {KEYWORD_CONCLUSIONS, "conclusion"},
    {KEYWORD_CLOSING, "done at"},
    {KEYWORD_CLOSING, "done in"},
    {KEYWORD_CLOSING, "done on"},
    {KEYWORD_CLOSING, "signed at"},
    {KEYWORD_CLOSING, "signed in"},
    {KEYWORD_CLOSING, "in witness"},
    {KEYWORD_CLOSING, "in witness whereof"},
    {KEYWORD_CLOSING, "in faith whereof"},
    {KEYWORD_CLOSING, "fait à"},
    {KEYWORD_CLOSING, "fait en"},
    {KEYWORD_CLOSING, "en foi de quoi"},
    {KEYWORD_CLOSING, "hecho en"},
    {KEYWORD_CLOSING, "en fe de lo cual"},
    {KEYWORD_CLOSING, "en testimonio de lo cual"},
    {KEYWORD_CLOSING, "feito em"},
    {KEYWORD_CLOSING, "fatto a"},
    {KEYWORD_CLOSING, "gedaan te"},
    {KEYWORD_CLOSING, "geschehen zu"},
    {KEYWORD_CLOSING, "zu urkund dessen"},
    {KEYWORD_CLOSING, "совершено в"},
    {KEYWORD_CLOSING, "подписано в"},
    {KEYWORD_CLOSING, "в удостоверение чего"},
    {KEYWORD_CLOSING, "حرر في"},
    {KEYWORD_CLOSING, "وإثباتا لذلك"},
    {KEYWORD_CLOSING, "订于"},
    {KEYWORD_CLOSING, "签订于"},
    {KEYWORD_CLOSING, "签署于"},
};

/* Bytes of `in` that are `word` when case is folded on both sides, 0 for none. Spaces match any white space. */
static size_t folded_prefix(struct bytes in, struct bytes word) {
    size_t at = 0;
    uint32_t expected;
    for (size_t step; (step = utf8_next(&expected, word)) > 0; word = bytes_slice(word, step, word.len - step)) {
        uint32_t c;
        size_t len = utf8_next(&c, bytes_slice(in, at, UTF8_LEN_MAX));
        bool same = len > 0 && (case_fold(c) == case_fold(expected) || (expected == ' ' && is_white_space(c)));
        if (!same) {
            return 0;
        }
        at += len;
    }
    return at;
}

/* Whether nothing of the word goes on: no letter or mark. Scripts without spaces have no such edge. */
static bool ends_word(struct bytes in, size_t len, bool digits_may_follow) {
    uint32_t next = utf8_at(in, len);
    uint32_t last = utf8_at(in, utf8_before(in, len));
    if (!is_word(last) || is_unspaced(last) || !is_word(next)) {
        return true;
    }
    return digits_may_follow &&
           ((next >= '0' && next <= '9') || (next >= 0x0660 && next <= 0x0669) || (next >= 0x06F0 && next <= 0x06F9));
}

size_t keyword_len(struct bytes in, const char *word) {
    size_t len = folded_prefix(in, bytes_text(word));
    return len > 0 && ends_word(in, len, false) ? len : 0;
}

size_t keyword_take(struct bytes in, enum keyword kind) {
    size_t longest = 0;
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (keywords[i].kind != kind) {
            continue;
        }
        size_t len = folded_prefix(in, bytes_text(keywords[i].word));
        if (len > longest && ends_word(in, len, true)) {
            longest = len;
        }
    }
    return longest;
}
