/* Citations: a table of what people write and what they mean by it, good, ambiguous and bad, in twelve languages. */
#include "text/citation.h"
#include "text/title.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What is in each text: eIds, where {1-30} is each of these numbers. */
enum text { STATEMENT, TREATY, CODE, CRIMINAL, MIXED, TEXTS_COUNT };
static const char *const texts[TEXTS_COUNT][16] = {
    [STATEMENT] = {"preface", "preamble", "cl_{1-14}", "cl_4__p_{2-3}", "cl_7__p_{2-2}", "cl_5__point_a",
                   "cl_5__point_b", "conclusions"},
    [TREATY] = {"preface", "preamble", "art_{1-30}", "art_5__para_{1-4}", "art_5__para_1__point_a",
                "art_5__para_1__point_b", "art_5__para_1__point_c", "art_6__point_{1-3}", "art_6__point_i", "art_7bis",
                "conclusions", "att_1__preface", "att_1__art_{1-5}", "att_2"},
    [CODE] = {"sec_{1-240}", "sec_31a", "sec_31a__subsec_{1-2}", "sec_5__subsec_{1-3}", "sec_5__subsec_1__point_{1-4}",
              "sec_241a", "sec_312b", "sec_312c"},
    [CRIMINAL] = {"art_{1-452}", "art_120-{1-6}", "art_120-1__p_{1-2}", "art_17__p_{2-5}", "art_26__p_{1-2}",
                  "art_26__p_1__point_{1-3}", "art_26__point_{1-3}"},
    [MIXED] = {"cl_{1-9}", "art_{5-8}", "sec_5", "sec_0"},
};

static bool pattern_has(const char *pattern, const char *eid) {
    unsigned first, last, value;
    int end = 0;
    const char *open = strchr(pattern, '{');
    if (!open)
        return strcmp(pattern, eid) == 0;
    size_t len = (size_t)(open - pattern);
    ck_assert_int_eq(sscanf(open, "{%u-%u}", &first, &last), 2);
    if (strncmp(pattern, eid, len) != 0 || eid[len] < '1' || eid[len] > '9' ||
        sscanf(eid + len, "%u%n", &value, &end) != 1)
        return false;
    return value >= first && value <= last && eid[len + (size_t)end] == '\0';
}

static bool text_has(void *context, const char *eid) {
    const enum text *text = context;
    for (size_t i = 0; i < COUNT(texts[0]) && texts[*text][i]; i++)
        if (pattern_has(texts[*text][i], eid))
            return true;
    return false;
}

/*
 * meant: eIds with spaces between; "? a b" is one of these; "~ b" is none, b comes nearest; "~" none, and nothing near; "!" is no
 * reference. title: the words around the reference; NULL is "".
 */
struct row {
    enum text text;
    const char *reference;
    const char *meant;
    const char *title;
};

static const struct row rows[] = {
    /* eIds and plain numbers */
    {STATEMENT, "cl_7", "cl_7", NULL},
    {STATEMENT, "cl_7__p_2", "cl_7__p_2", NULL},
    {STATEMENT, "7", "cl_7", NULL},
    {STATEMENT, " 7. ", "cl_7", NULL},
    {STATEMENT, "7(2)", "cl_7__p_2", NULL},
    {STATEMENT, "7 (2)", "cl_7__p_2", NULL},
    {STATEMENT, "7.2", "cl_7__p_2", NULL},
    {STATEMENT, "4/3", "cl_4__p_3", NULL},
    {STATEMENT, "5(a)", "cl_5__point_a", NULL},
    {STATEMENT, "5(A)", "cl_5__point_a", NULL},
    {STATEMENT, "preamble", "preamble", NULL},
    {STATEMENT, "Preamble", "preamble", NULL},
    {STATEMENT, "preface", "preface", NULL},
    {STATEMENT, "conclusions", "conclusions", NULL},
    {STATEMENT, "cl_99", "~", NULL},
    {STATEMENT, "15", "~ cl_14", NULL},
    {STATEMENT, "7(3)", "~ cl_7", NULL},
    {STATEMENT, "", "!", NULL},
    {STATEMENT, "...", "!", NULL},
    {STATEMENT, "the joint statement", "!", NULL},
    {STATEMENT, "0", "~ cl_1", NULL},
    {STATEMENT, "(7", "cl_7", NULL},
    {MIXED, "5", "? cl_5 art_5 sec_5", NULL},
    {MIXED, "7", "? cl_7 art_7", NULL},
    {MIXED, "9", "cl_9", NULL},
    {MIXED, "section 0", "sec_0", NULL},
    {MIXED, "0", "sec_0", NULL},
    {MIXED, "para 6", "? cl_6 art_6", NULL},
    {MIXED, "Article 9", "~ cl_9", NULL},
    {MIXED, "1, 2 and 9", "cl_1 cl_2 cl_9", NULL},
    /* English */
    {STATEMENT, "Joint Statement, para 7(2)", "cl_7__p_2", "Joint Statement"},
    {STATEMENT, "Joint Statement 7(2)", "cl_7__p_2", "Joint Statement"},
    {STATEMENT, "para. 7 (2) of the Joint Statement", "cl_7__p_2", "Joint Statement"},
    {STATEMENT, "the Joint Statement of 2025, paras 4 and 7", "cl_4 cl_7", "Joint Statement of 2025"},
    {STATEMENT, "¶ 7", "cl_7", NULL},
    {STATEMENT, "¶¶ 4-6", "cl_4 cl_5 cl_6", NULL},
    {STATEMENT, "clause 11", "cl_11", NULL},
    {STATEMENT, "Article 7", "~ cl_7", NULL},
    {TREATY, "Article 5", "art_5", NULL},
    {TREATY, "ARTICLE 5", "art_5", NULL},
    {TREATY, "art. 5(1)(a)", "art_5__para_1__point_a", NULL},
    {TREATY, "Article 5 (1) (a)", "art_5__para_1__point_a", NULL},
    {TREATY, "Article 5, paragraph 1, subparagraph (b)", "art_5__para_1__point_b", NULL},
    {TREATY, "paragraph 1 (b) of Article 5", "art_5__para_1__point_b", NULL},
    {TREATY, "paragraph 2 of Article 5 of the Treaty", "art_5__para_2", "Treaty"},
    {TREATY, "paragraphs 1 and 3 of Article 5", "art_5__para_1 art_5__para_3", NULL},
    {TREATY, "Articles 2 to 4", "art_2 art_3 art_4", NULL},
    {TREATY, "Articles 2-4", "art_2 art_3 art_4", NULL},
    {TREATY, "Arts. 2–4", "art_2 art_3 art_4", NULL},
    {TREATY, "arts 6 through 8", "art_6 art_7 art_7bis art_8", NULL},
    {TREATY, "Articles 2, 3 and 9", "art_2 art_3 art_9", NULL},
    {TREATY, "Articles 2, 4 to 6, and 9", "art_2 art_4 art_5 art_6 art_9", NULL},
    {TREATY, "Article 5(1) and (2)", "art_5__para_1 art_5__para_2", NULL},
    {TREATY, "Article 5(1)(a) to (c)", "art_5__para_1__point_a art_5__para_1__point_b art_5__para_1__point_c", NULL},
    {TREATY, "Article 5(2) and 6", "art_5__para_2 art_6", NULL},
    {TREATY, "Article 5 and Article 9", "art_5 art_9", NULL},
    {TREATY, "UN Charter art 5", "art_5", "UN Charter"},
    {TREATY, "Charter, Article 5, 1945", "art_5", "Charter"},
    {TREATY, "Article V", "art_5", NULL},
    {TREATY, "Article 7 bis", "art_7bis", NULL},
    {TREATY, "Article 6(i)", "? art_6__point_i art_6__point_1", NULL},
    {TREATY, "Article 6(2)", "art_6__point_2", NULL},
    {TREATY, "Annex I", "att_1__preface", NULL},
    {TREATY, "Annex I, Article 3", "att_1__art_3", NULL},
    {TREATY, "Article 3 of Annex 1", "att_1__art_3", NULL},
    {TREATY, "Annex II", "att_2", NULL},
    {TREATY, "Article 31", "~ art_30", NULL},
    {TREATY, "Article 5(9)", "~ art_5", NULL},
    {TREATY, "Article 5(1)(z)", "~ art_5__para_1", NULL},
    {TREATY, "Articles 29 and 31", "~ art_30", NULL},
    {TREATY, "Section 12", "~ art_12", NULL},
    {TREATY, "Article", "!", NULL},
    {TREATY, "see above", "!", NULL},
    {TREATY, "Article Five", "art_5", NULL},
    {TREATY, "an article of faith", "!", NULL},
    /* French */
    {TREATY, "l'article 5", "art_5", NULL},
    {TREATY, "article premier", "art_1", NULL},
    {TREATY, "article 1er", "art_1", NULL},
    {TREATY, "art. 5, par. 1, lettre a", "art_5__para_1__point_a", NULL},
    {TREATY, "alinéa 2 de l’article 5", "art_5__para_2", NULL},
    {TREATY, "Article 5, paragraphe 3", "art_5__para_3", NULL},
    {TREATY, "articles 2 à 4", "art_2 art_3 art_4", NULL},
    {TREATY, "articles 2, 3 et 9 du Traité", "art_2 art_3 art_9", "Traité"},
    {TREATY, "préambule", "preamble", NULL},
    {TREATY, "Déclaration, art. 12", "art_12", "Déclaration"},
    {TREATY, "annexe I, article 2", "att_1__art_2", NULL},
    {TREATY, "article 44", "~ art_30", NULL},
    /* German */
    {CODE, "§ 31a Abs. 2", "sec_31a__subsec_2", NULL},
    {CODE, "§31a", "sec_31a", NULL},
    {CODE, "§ 31a BGB", "sec_31a", "BGB"},
    {CODE, "BGB § 5 Abs. 1 Nr. 3", "sec_5__subsec_1__point_3", "BGB"},
    {CODE, "§ 5 Abs. 1 Satz 2 BGB", "sec_5__subsec_1", "BGB"},
    {CODE, "§ 5 Absatz 1 Satz 2 Nummer 4", "sec_5__subsec_1__point_4", NULL},
    {CODE, "§§ 1 bis 3", "sec_1 sec_2 sec_3", NULL},
    {CODE, "§§ 1, 2 und 5", "sec_1 sec_2 sec_5", NULL},
    {CODE, "§§ 30–32", "sec_30 sec_31 sec_31a sec_32", NULL},
    {CODE, "§ 5 Abs. 1 und 2", "sec_5__subsec_1 sec_5__subsec_2", NULL},
    {CODE, "§ 5 (3)", "sec_5__subsec_3", NULL},
    {CODE, "§ 312b und § 312c", "sec_312b sec_312c", NULL},
    {CODE, "§ 241b", "~ sec_240", NULL},
    {CODE, "§ 31a Abs. 7", "~ sec_31a", NULL},
    {CODE, "Paragraph", "!", NULL},
    {TREATY, "Artikel 5 Absatz 1 Buchstabe b", "art_5__para_1__point_b", NULL},
    {TREATY, "Präambel", "preamble", NULL},
    /* Spanish, Italian */
    {TREATY, "artículo 5, apartado 1, letra b)", "art_5__para_1__point_b", NULL},
    {TREATY, "artículos 2 a 4", "art_2 art_3 art_4", NULL},
    {TREATY, "artículos 2 y 9 de la Convención", "art_2 art_9", "Convención"},
    {TREATY, "art. 5.1.a", "art_5__para_1__point_a", NULL},
    {TREATY, "preámbulo", "preamble", NULL},
    {TREATY, "articolo 5, comma 2", "art_5__para_2", NULL},
    /* Russian */
    {TREATY, "Статья 12", "art_12", NULL},
    {TREATY, "статьи 5", "art_5", NULL},
    {TREATY, "ст. 5", "art_5", NULL},
    {TREATY, "пункт 2 статьи 5", "art_5__para_2", NULL},
    {TREATY, "п. 2 ст. 5", "art_5__para_2", NULL},
    {TREATY, "ч. 1 ст. 5", "art_5__para_1", NULL},
    {TREATY, "подпункт a пункта 1 статьи 5", "art_5__para_1__point_a", NULL},
    {TREATY, "статьи 2–4", "art_2 art_3 art_4", NULL},
    {TREATY, "статьи 2, 3 и 9", "art_2 art_3 art_9", NULL},
    {TREATY, "Всеобщая декларация, статья 12", "art_12", "Всеобщая декларация"},
    {TREATY, "преамбула", "preamble", NULL},
    {TREATY, "статья 99", "~ art_30", NULL},
    {TREATY, "статья", "!", NULL},
    /* Azerbaijani, Turkish, Kazakh */
    {TREATY, "Maddə 3", "art_3", NULL},
    {TREATY, "MADDƏ 3", "art_3", NULL},
    {TREATY, "3-cü maddə", "art_3", NULL},
    {TREATY, "5-ci maddənin 2-ci bəndi", "art_5__para_2", NULL},
    {TREATY, "Maddə 5, hissə 2", "art_5__para_2", NULL},
    {TREATY, "Maddə 2 və 9", "art_2 art_9", NULL},
    {TREATY, "maddələr 2-4", "art_2 art_3 art_4", NULL},
    {STATEMENT, "Birgə Bəyanat, bənd 7", "cl_7", "Birgə Bəyanat"},
    {TREATY, "Maddə 33", "~ art_30", NULL},
    {TREATY, "Madde 5/2", "art_5__para_2", NULL},
    {TREATY, "5. maddenin 2. fıkrası", "art_5__para_2", NULL},
    {TREATY, "5-бап", "art_5", NULL},
    /* Chinese, Japanese, Korean */
    {CRIMINAL, "第一百二十条之一", "art_120-1", NULL},
    {CRIMINAL, "第一百二十条之一第二款", "art_120-1__p_2", NULL},
    {CRIMINAL, "第十七条第二款", "art_17__p_2", NULL},
    {CRIMINAL, "第17条第2款", "art_17__p_2", NULL},
    {CRIMINAL, "第二十六条第一款第（三）项", "art_26__p_1__point_3", NULL},
    {CRIMINAL, "刑法第二十六条", "art_26", "刑法"},
    {CRIMINAL, "《刑法》第二十六条", "art_26", "刑法"},
    {CRIMINAL, "第二条、第三条和第九条", "art_2 art_3 art_9", NULL},
    {CRIMINAL, "第二条至第四条", "art_2 art_3 art_4", NULL},
    {CRIMINAL, "第一百一十九条至第一百二十一条",
     "art_119 art_120 art_120-1 art_120-2 art_120-3 art_120-4 art_120-5 art_120-6 art_121", NULL},
    {CRIMINAL, "第五百条", "~ art_452", NULL},
    {CRIMINAL, "第十七条第九款", "~ art_17", NULL},
    {CRIMINAL, "120-1", "art_120-1", NULL},
    {CRIMINAL, "第条", "!", NULL},
    {CRIMINAL, "刑法", "!", NULL},
    {TREATY, "序言", "preamble", NULL},
    {CRIMINAL, "第26条第2項", "art_26__p_2", NULL},
    {CRIMINAL, "第120条の2", "art_120-2", NULL},
    {CRIMINAL, "제17조제2항", "art_17__p_2", NULL},
    {CRIMINAL, "제120조의3", "art_120-3", NULL},
    /* Arabic */
    {TREATY, "المادة 5", "art_5", NULL},
    {TREATY, "المادة ٥", "art_5", NULL},
    {TREATY, "المادة 5 (2)", "art_5__para_2", NULL},
    {TREATY, "المادة ٥، الفقرة ٢", "art_5__para_2", NULL},
    {TREATY, "الفقرة 2 من المادة 5", "art_5__para_2", NULL},
    {TREATY, "المواد 2 إلى 4", "art_2 art_3 art_4", NULL},
    {TREATY, "المادتين 2 و 9", "art_2 art_9", NULL},
    {TREATY, "الديباجة", "preamble", NULL},
    {TREATY, "المادة ٩٩", "~ art_30", NULL},
    {TREATY, "المادة", "!", NULL},
};

static void print_names(char out[1024], const struct citation_names *names) {
    size_t len = (size_t)snprintf(out, 1024, "%s", names->is_ambiguous ? "?" : "");
    for (size_t i = 0; i < names->count; i++)
        len += (size_t)snprintf(out + len, 1024 - len, "%s%s", len > 0 ? " " : "", names->eids[i]);
}

static void judge_row(const struct row *row) {
    struct citation citation;
    struct citation_names names;
    char nearest[LIMIT_EID + 1] = "", said[1024];
    enum text text = row->text;
    int error = citation_read(&citation, bytes_text(row->reference));
    if (row->meant[0] == '!') {
        ck_assert_msg(error == DEPOSITARY_E_FORMAT, "%s: is a reference", row->reference);
        return;
    }
    ck_assert_msg(error == 0, "%s: is no reference", row->reference);
    ck_assert_msg(bytes_equal(citation.title, bytes_text(row->title ? row->title : "")), "%s: title [%.*s]",
                  row->reference, (int)citation.title.len, (const char *)citation.title.data);
    citation_resolve(&names, &citation, text_has, &text);
    print_names(said, &names);
    if (row->meant[0] != '~') {
        ck_assert_msg(strcmp(said, row->meant) == 0, "%s: %s", row->reference, said);
        ck_assert_msg(names.missing[0] == '\0', "%s: lacks %s", row->reference, names.missing);
        return;
    }
    ck_assert_msg(names.missing[0] != '\0', "%s: %s", row->reference, said);
    bool is_near = citation_nearest(nearest, &citation, text_has, &text);
    ck_assert_msg(is_near == (row->meant[1] != '\0'), "%s: nearest %s", row->reference, nearest);
    ck_assert_msg(!is_near || strcmp(nearest, row->meant + 2) == 0, "%s: nearest %s", row->reference, nearest);
}

START_TEST(a_citation_means_what_is_meant) {
    judge_row(&rows[_i]);
}
END_TEST

START_TEST(the_table_is_as_long_as_it_is_said_to_be) {
    unsigned good = 0, ambiguous = 0, bad = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        good += !strchr("?~!", rows[i].meant[0]);
        ambiguous += rows[i].meant[0] == '?';
        bad += rows[i].meant[0] == '~' || rows[i].meant[0] == '!';
    }
    ck_assert_uint_ge(good + ambiguous + bad, 120);
    ck_assert_uint_ge(ambiguous, 4);
    ck_assert_uint_ge(bad, 25);
}
END_TEST

/* Each front of each row, and each row with bytes doubled: no read past an end, no endless loop. */
START_TEST(broken_citations_are_read_to_their_end) {
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = strlen(rows[i].reference);
        for (size_t cut = 0; cut <= len; cut++) {
            char *front = malloc(cut + 1);
            struct citation citation;
            struct citation_names names;
            enum text text = rows[i].text;
            memcpy(front, rows[i].reference, cut);
            if (citation_read(&citation, bytes_of(front, cut)) == 0) {
                citation_resolve(&names, &citation, text_has, &text);
                ck_assert_uint_le(citation.reference.offset + citation.reference.length, cut);
            }
            free(front);
        }
    }
    char many[LIMIT_CITATION + 2];
    struct citation citation;
    memset(many, '(', sizeof many);
    ck_assert_int_eq(citation_read(&citation, bytes_of(many, LIMIT_CITATION)), DEPOSITARY_E_FORMAT);
    ck_assert_int_eq(citation_read(&citation, bytes_of(many, LIMIT_CITATION + 1)), DEPOSITARY_E_LIMIT);
    ck_assert_int_eq(citation_read(&citation, BYTES("Article \xFF")), DEPOSITARY_E_UTF8);
    for (size_t at = 0; at + 2 <= LIMIT_CITATION; at += 2)
        memcpy(many + at, "1,", 2);
    ck_assert_int_eq(citation_read(&citation, bytes_of(many, LIMIT_CITATION)), 0);
    ck_assert_uint_le(citation.count, CITATION_ITEMS_MAX);
}
END_TEST

/* ---- titles */

static const struct {
    const char *wanted, *title, *instrument, *date;
    bool matches;
} titles[] = {
    {"", "Pact", "pact", "", true},
    {"Joint Statement", "Joint Statement between the Republic of Azerbaijan and the People’s Republic of China",
     "az-cn", "", true},
    {"joint statement", "Joint Statement", "x", "", true},
    {"Statement Joint", "Joint Statement", "x", "", true},
    {"the Joint Statement of 2025", "Joint Statement", "x", "2025-04-23", true},
    {"Joint Statement 2024", "Joint Statement", "x", "2025-04-23", false},
    {"Azerbaijan-China Joint Statement", "Joint Statement between Azerbaijan and China", "x", "", true},
    {"People's Republic", "People’s Republic of China", "x", "", true},
    {"UN Charter", "Charter of the United Nations", "un-charter", "", true},
    {"UNCLOS", "United Nations Convention on the Law of the Sea", "x", "", true},
    {"UDHR", "Universal Declaration of Human Rights", "x", "", true},
    {"BGB", "Bürgerliches Gesetzbuch", "bgb", "", true},
    {"un-charter", "Charter of the United Nations", "un-charter", "", true},
    {"刑法", "中华人民共和国刑法", "prc", "", true},
    {"民法", "中华人民共和国刑法", "prc", "", false},
    {"Treaty of Rome", "Treaty of Paris", "x", "", false},
    {"of the", "Charter of the United Nations", "x", "", false},
    {"Charta", "Charter of the United Nations", "x", "", false},
    {"NU", "Charter of the United Nations", "x", "", false},
};

/* Found by fuzzing: what another part of the list had named already counted as not there. */
START_TEST(what_a_list_names_twice_is_not_missed) {
    static const struct {
        const char *reference;
        size_t names;
    } lists[] = {{"cl. 2, 4 and 4", 2}, {"cl. 4 and 2 to 4", 3}, {"4 and 4", 1}, {"cl. 4 and 99 and 4", 1}};
    enum text text = STATEMENT;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct citation citation;
        struct citation_names names;
        ck_assert_int_eq(citation_read(&citation, bytes_text(lists[i].reference)), 0);
        citation_resolve(&names, &citation, text_has, &text);
        ck_assert_uint_eq(names.count, lists[i].names);
        ck_assert_str_eq(names.missing, i == 3 ? "cl_99" : "");
        ck_assert(!names.is_ambiguous);
    }
}
END_TEST

static bool count_only(void *context, const char *eid) {
    unsigned *asked = context;
    (void)eid;
    ++*asked;
    return false;
}

/* Found by fuzzing: 43 bytes that had over a million names, each of which was looked up. */
START_TEST(a_citation_of_very_many_names_is_cut) {
    struct citation citation;
    struct citation_names names;
    char nearest[LIMIT_EID + 1];
    unsigned asked = 0;
    ck_assert_int_eq(citation_read(&citation, BYTES("I&A.LI.o .L&oo .L&o.LI.o.LI.LI.o.LII.LI.I,")), 0);
    citation_resolve(&names, &citation, count_only, &asked);
    ck_assert(names.is_cut);
    ck_assert_uint_gt(asked, CITATION_STEPS_MAX / 2);
    ck_assert_uint_le(asked, CITATION_STEPS_MAX);
    asked = 0;
    ck_assert(!citation_nearest(nearest, &citation, count_only, &asked));
    ck_assert_uint_le(asked, CITATION_STEPS_MAX);
    ck_assert_int_eq(citation_read(&citation, BYTES("arts. 1 to 64, 101 to 164 and 201 to 264")), 0);
    citation_resolve(&names, &citation, count_only, &asked);
    ck_assert(!names.is_cut);
}
END_TEST

START_TEST(a_title_is_known_by_its_words) {
    const struct title_names names = {.title = bytes_text(titles[_i].title),
                                      .instrument = bytes_text(titles[_i].instrument),
                                      .date = bytes_text(titles[_i].date)};
    bool matches = false;
    ck_assert_int_eq(title_matches(&matches, bytes_text(titles[_i].wanted), &names), 0);
    ck_assert_msg(matches == titles[_i].matches, "%s in %s", titles[_i].wanted, titles[_i].title);
}
END_TEST

int main(void) {
    Suite *all = suite_create("citation");
    TCase *cases = tcase_create("citation");
    tcase_add_loop_test(cases, a_citation_means_what_is_meant, 0, (int)COUNT(rows));
    tcase_add_test(cases, the_table_is_as_long_as_it_is_said_to_be);
    tcase_add_test(cases, broken_citations_are_read_to_their_end);
    tcase_add_test(cases, what_a_list_names_twice_is_not_missed);
    tcase_add_test(cases, a_citation_of_very_many_names_is_cut);
    tcase_add_loop_test(cases, a_title_is_known_by_its_words, 0, (int)COUNT(titles));
    suite_add_tcase(all, cases);
    SRunner *runner = srunner_create(all);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
