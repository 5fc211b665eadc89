/*
 * Queries over texts in ten languages: a table with the exact hits of each, held against a scan that reads every text for every query
 * and shares no code with the catalog.
 */
#include "catalog/catalog.h"
#include "ledger_maker.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define WORDS_MAX    256

/* ---- the texts */

#define TEXT_MAX_CLAUSES 8
static const struct {
    const char *instrument, *language;
    struct maker_clause clauses[TEXT_MAX_CLAUSES + 1];
} texts[] = {
    {"charter",
     "en",
     {{"preamble", "We the peoples, determined to save succeeding generations from the scourge of war,\n\n"},
      {"art_1", "Article 1\nThe Parties maintain international peace and security.\n\n"},
      {"art_2",
       "Article 2\nAll members settle their international disputes by peaceful means; no war shall be waged.\n\n"},
      {"art_3", "Article 3\nThe long-standing friendship of both countries' peoples is state-to-state.\n\n"},
      {"art_4", "Article 4\nCo-operation in energy: 14,812 km of pipelines, 3.5 % of trade, e-mail and so on.\n\n"},
      {"art_5", "Article 5\nThe caf\xC3\xA9 of Zo\xC3\xAB, a na\xC3\xAFve resum\xC3\xA9; coo\xCC\x88perate.\n\n"},
      {"conclusions", "Done in peace, at Baku. PEACE!\n"}}},
    {"charter",
     "fr",
     {{"preamble",
       "Nous, peuples, r\xC3\xA9solus \xC3\xA0 pr\xC3\xA9server les g\xC3\xA9n\xC3\xA9rations futures du fl\xC3\xA9"
       "au de la guerre,\n\n"},
      {"art_1", "Article 1\nLes Parties maintiennent la paix et la s\xC3\xA9"
                "curit\xC3\xA9 internationales.\n\n"},
      {"art_2",
       "Article 2\nL\xE2\x80\x99\xC3\x89tat r\xC3\xA8gle ses diff\xC3\xA9rends; l'\xC3\xA9nergie verte co\xC3\xBBte.\n\n"},
      {"art_3", "Article 3\nL\xE2\x80\x99"
                "amiti\xC3\xA9 et la coop\xC3\xA9ration, \xC3\xA0 No\xC3\xABl comme en \xC3\xA9t\xC3\xA9.\n"}}},
    {"gesetz",
     "de",
     {{"sec_1", "\xC2\xA7 1 Die Rechtsf\xC3\xA4higkeit des Menschen beginnt mit der Vollendung der Geburt.\n\n"},
      {"sec_2", "\xC2\xA7 2 Die Vollj\xC3\xA4hrigkeit tritt mit der Vollendung des 18. Lebensjahres ein.\n\n"},
      {"sec_3", "\xC2\xA7 3 Stra\xC3\x9F"
                "e, Ma\xC3\x9F und \xC3\x9C"
                "bung; Geburt und Tod.\n"}}},
    {"zakon",
     "ru",
     {{"art_1", "Статья 1. Каждый человек имеет право на жизнь и свободу.\n\n"},
      {"art_2", "Статья 2. Мир и дружба между народами; ёлка и её огни.\n\n"},
      {"art_3", "Статья 3. ПРАВО на труд. Никто не содержится в рабстве.\n"}}},
    {"qanun",
     "az",
     {{"art_1", "Maddə 1. Bütün insanlar ləyaqət və hüquqlarına görə azad doğulurlar.\n\n"},
      {"art_2", "Maddə 2. Hər kəsin yaşamaq hüququ var. İşgəncə qadağandır.\n\n"},
      {"art_3", "Maddə 3. Sülh və dostluq, ışıq və istiqlal.\n"}}},
    {"xingfa",
     "zh",
     {{"art_1", "第一条 为了惩罚犯罪，保护人民，根据宪法，制定本法。\n\n"},
      {"art_2", "第二条 中华人民共和国刑法的任务，是用刑罚同一切犯罪行为作斗争。\n\n"},
      {"art_3", "第三条 双方加强能源合作，2025年起互联互通。\n\n"},
      {"art_4", "第四条 对任何人犯罪，在适用法律上一律平等。\n"}}},
    {"kenpo",
     "ja",
     {{"art_1", "第一条 天皇は、日本国の象徴であり日本国民統合の象徴であつて、\n\n"},
      {"art_2", "第二条 すべて国民は、法の下に平等である。カタカナも。\n"}}},
    {"heonbeop",
     "ko",
     {{"art_1", "제1조 대한민국은 민주공화국이다.\n\n"}, {"art_2", "제2조 모든 국민은 법 앞에 평등하다.\n"}}},
    {"mithaq",
     "ar",
     {{"art_1", "المادة 1\nيولد جميع الناس أحراراً متساوين في الكرامة والحقوق.\n\n"},
      {"art_2", "المادة 2\nلكل فرد الحق في الحياة والحرية، والسلام حقّ.\n"}}},
    {"nomos",
     "el",
     {{"art_1", "Άρθρο 1\nΌλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι.\n\n"},
      {"art_2", "Άρθρο 2\nΗ ΕΙΡΗΝΗ και η ειρήνη των λαών.\n"}}},
};

/* ---- queries: scope is "instrument language", either may be "-"; hits are "instrument/language/eId" */

static const struct {
    const char *query, *instrument, *language, *hits;
} rows[] = {
    /* words */
    {"war", "", "", "charter/en/preamble charter/en/art_2"},
    {"peace", "", "", "charter/en/art_1 charter/en/conclusions"},
    {"PEACE", "", "", "charter/en/art_1 charter/en/conclusions"},
    {"peaceful", "", "", "charter/en/art_2"},
    {"wars", "", "", ""},
    {"article", "", "en", "charter/en/art_1 charter/en/art_2 charter/en/art_3 charter/en/art_4 charter/en/art_5"},
    {"article", "charter", "fr", "charter/fr/art_1 charter/fr/art_2 charter/fr/art_3"},
    {"14", "", "", "charter/en/art_4"},
    {"14,812", "", "", "charter/en/art_4"},
    {"friendship peoples", "", "", "charter/en/art_3"},
    {"peoples", "", "", "charter/en/preamble charter/en/art_3"},
    {"energy trade", "charter", "en", "charter/en/art_4"},
    {"energy trade", "charter", "fr", ""},
    /* accents, both ways */
    {"cafe", "", "", "charter/en/art_5"},
    {"caf\xC3\xA9", "", "", "charter/en/art_5"},
    {"cafe\xCC\x81", "", "", "charter/en/art_5"},
    {"naive", "", "", "charter/en/art_5"},
    {"cooperate", "", "", "charter/en/art_5"},
    {"securite", "", "", "charter/fr/art_1"},
    {"s\xC3\xA9"
     "curit\xC3\xA9",
     "", "", "charter/fr/art_1"},
    {"s\xC3\xA8"
     "curite",
     "", "", "charter/fr/art_1"},
    {"etat", "", "", "charter/fr/art_2"},
    {"energie", "", "", "charter/fr/art_2"},
    {"noel", "", "", "charter/fr/art_3"},
    {"rechtsfahigkeit", "", "", "gesetz/de/sec_1"},
    {"Volljährigkeit", "", "", "gesetz/de/sec_2"},
    {"übung", "", "", "gesetz/de/sec_3"},
    {"geburt", "", "", "gesetz/de/sec_1 gesetz/de/sec_3"},
    {"Straße", "", "", "gesetz/de/sec_3"},
    /* phrases, without stemming */
    {"\"succeeding generations\"", "", "", "charter/en/preamble"},
    {"\"generations succeeding\"", "", "", ""},
    {"\"peace and security\"", "", "", "charter/en/art_1"},
    {"\"long standing\"", "", "", "charter/en/art_3"},
    {"long-standing", "", "", "charter/en/art_3"},
    {"\"member settle\"", "", "", ""},
    {"\"members settle\"", "", "", "charter/en/art_2"},
    {"\"Vollendung der Geburt\"", "", "", "gesetz/de/sec_1"},
    {"\"la paix\" OR \"la guerre\"", "", "", "charter/fr/preamble charter/fr/art_1"},
    /* prefixes */
    {"peace*", "", "", "charter/en/art_1 charter/en/art_2 charter/en/conclusions"},
    {"Vollen*", "", "", "gesetz/de/sec_1 gesetz/de/sec_2"},
    {"\"all mem\"*", "", "", "charter/en/art_2"},
    {"прав*", "", "", "zakon/ru/art_1 zakon/ru/art_3"},
    {"hüqu*", "", "", "qanun/az/art_1 qanun/az/art_2"},
    /* operators and parentheses */
    {"war AND peoples", "", "", "charter/en/preamble"},
    {"war NOT peoples", "", "", "charter/en/art_2"},
    {"war AND NOT peoples", "", "", "charter/en/art_2"},
    {"friendship OR security", "", "", "charter/en/art_1 charter/en/art_3"},
    {"(war OR peace) international", "", "", "charter/en/art_1 charter/en/art_2"},
    {"war OR peace international", "", "", "charter/en/preamble charter/en/art_1 charter/en/art_2"},
    {"(war OR (peace NOT international)) NOT peoples", "", "", "charter/en/art_2 charter/en/conclusions"},
    {"or AND not", "", "", ""},
    {"Vollendung NOT (Geburt OR Tod)", "", "", "gesetz/de/sec_2"},
    /* NEAR */
    {"NEAR(settle disputes, 2)", "", "", "charter/en/art_2"},
    {"NEAR(settle disputes, 1)", "", "", ""},
    {"settle NEAR/2 disputes", "", "", "charter/en/art_2"},
    {"disputes NEAR/2 settle", "", "", "charter/en/art_2"},
    {"settle NEAR/1 disputes", "", "", ""},
    {"NEAR(peace security)", "", "", "charter/en/art_1"},
    {"\"maintain international\" NEAR/0 peace", "", "", "charter/en/art_1"},
    /* Cyrillic, Azerbaijani, Greek, Arabic */
    {"право", "", "", "zakon/ru/art_1 zakon/ru/art_3"},
    {"мир", "", "", "zakon/ru/art_2"},
    {"елка", "", "", "zakon/ru/art_2"},
    {"ёлка", "", "", "zakon/ru/art_2"},
    {"\"право на\"", "", "", "zakon/ru/art_1 zakon/ru/art_3"},
    {"статья NOT право", "", "ru", "zakon/ru/art_2"},
    {"insanlar", "", "", "qanun/az/art_1"},
    {"kəsin", "", "", "qanun/az/art_2"},
    {"dogulurlar", "", "", "qanun/az/art_1"},
    {"sülh dostluq", "", "az", "qanun/az/art_3"},
    {"ισοι", "", "", "nomos/el/art_1"},
    {"ειρηνη", "", "", "nomos/el/art_2"},
    {"الناس", "", "", "mithaq/ar/art_1"},
    {"والسلام", "", "", "mithaq/ar/art_2"},
    /* Chinese, Japanese, Korean: words of any length */
    {"罪", "", "", "xingfa/zh/art_1 xingfa/zh/art_2 xingfa/zh/art_4"},
    {"犯罪", "", "", "xingfa/zh/art_1 xingfa/zh/art_2 xingfa/zh/art_4"},
    {"惩罚犯罪", "", "", "xingfa/zh/art_1"},
    {"罪犯", "", "", ""},
    {"能源合作", "", "", "xingfa/zh/art_3"},
    {"能源 刑法", "", "", ""},
    {"能源 OR 刑法", "", "", "xingfa/zh/art_2 xingfa/zh/art_3"},
    {"2025", "", "", "xingfa/zh/art_3"},
    {"犯罪 NOT 人民", "", "", "xingfa/zh/art_4"},
    {"法", "xingfa", "", "xingfa/zh/art_1 xingfa/zh/art_2 xingfa/zh/art_4"},
    {"平等", "", "", "xingfa/zh/art_4 kenpo/ja/art_2"},
    {"象徴", "", "", "kenpo/ja/art_1"},
    {"すべて国民", "", "", "kenpo/ja/art_2"},
    {"カタカナ", "", "", "kenpo/ja/art_2"},
    {"국민", "", "", "heonbeop/ko/art_2"},
    {"민주공화국", "", "", "heonbeop/ko/art_1"},
};

/* ---- the scan */

struct word {
    char text[96];
};

struct words {
    struct word items[WORDS_MAX];
    size_t count;
};

static bool is_letter(int32_t c) {
    utf8proc_category_t category = utf8proc_category(c);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
           (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

static bool is_mark(int32_t c) {
    utf8proc_category_t category = utf8proc_category(c);
    return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

/* Han, Kana and Hangul: each letter is a word. */
static bool is_alone(int32_t c) {
    return (c >= 0x3041 && c <= 0x30FF) || (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7A3) || c == 0x3005;
}

/* Without accents of the letters that have them composed, and small. Greek and Cyrillic ones lose theirs, too. */
static int32_t plain(int32_t c) {
    utf8proc_int32_t parts[8];
    utf8proc_ssize_t count = utf8proc_decompose_char(c, parts, 8, UTF8PROC_DECOMPOSE, NULL);
    return utf8proc_tolower(count > 0 && count <= 8 && !is_alone(c) ? parts[0] : c);
}

static void split(struct words *out, const char *text, size_t len) {
    bool in_word = false;
    out->count = 0;
    for (size_t at = 0; at < len;) {
        int32_t c;
        utf8proc_uint8_t bytes[4];
        at += (size_t)utf8proc_iterate((const utf8proc_uint8_t *)text + at, -1, &c);
        if (is_mark(c))
            continue;
        if (!is_letter(c)) {
            in_word = false;
            continue;
        }
        if (!in_word || is_alone(c)) {
            ck_assert_uint_lt(out->count, WORDS_MAX);
            out->items[out->count++].text[0] = '\0';
        }
        size_t written = (size_t)utf8proc_encode_char(plain(c), bytes);
        strncat(out->items[out->count - 1].text, (const char *)bytes, written);
        in_word = !is_alone(c);
    }
}

/* A query that is read while a text is judged: no tree is made. */
struct scan {
    const char *at;
    const struct words *text;
};

/* Where a phrase stands: every place, as bits of a table. */
struct places {
    bool starts[WORDS_MAX];
    size_t length; /* words */
};

static void skip(struct scan *scan) {
    while (*scan->at == ' ')
        scan->at++;
}

static bool takes(struct scan *scan, const char *word) {
    skip(scan);
    size_t len = strlen(word);
    bool found = strncmp(scan->at, word, len) == 0 &&
                 (strchr("()/,", word[len - 1]) || strchr(" ()", scan->at[len]) || !scan->at[len]);
    scan->at += found ? len : 0;
    return found;
}

static void read_phrase(struct scan *scan, struct places *out) {
    struct words words;
    skip(scan);
    bool is_quoted = *scan->at == '"';
    const char *start = scan->at + is_quoted;
    size_t len = is_quoted ? strcspn(start, "\"") : strcspn(start, " ()*,");
    if (!is_quoted && len == 2 && strncmp(start, "14,8", 4) == 0) /* a comma inside a number */
        len = strcspn(start, " )");
    split(&words, start, len);
    scan->at = start + len + is_quoted;
    bool is_prefix = *scan->at == '*';
    scan->at += is_prefix;
    out->length = words.count;
    for (size_t i = 0; i < WORDS_MAX; i++) {
        out->starts[i] = i + words.count <= scan->text->count && words.count > 0;
        for (size_t k = 0; k < words.count && out->starts[i]; k++) {
            const char *wanted = words.items[k].text, *there = scan->text->items[i + k].text;
            bool is_last = k + 1 == words.count;
            out->starts[i] =
                is_prefix && is_last ? strncmp(wanted, there, strlen(wanted)) == 0 : strcmp(wanted, there) == 0;
        }
    }
}

/* Whether two phrases stand with at most so many words between them. */
static bool near(const struct places *a, const struct places *b, size_t distance) {
    for (size_t i = 0; i < WORDS_MAX; i++)
        for (size_t k = 0; k < WORDS_MAX; k++) {
            if (!a->starts[i] || !b->starts[k])
                continue;
            size_t between = k >= i + a->length ? k - i - a->length : i >= k + b->length ? i - k - b->length : 0;
            if (between <= distance)
                return true;
        }
    return false;
}

static bool any_place(const struct places *places) {
    for (size_t i = 0; i < WORDS_MAX; i++)
        if (places->starts[i])
            return true;
    return false;
}

static bool scan_or(struct scan *scan);

static size_t read_number(struct scan *scan) {
    char *end;
    size_t number = strtoul(scan->at, &end, 10);
    scan->at = end;
    return number;
}

static bool scan_primary(struct scan *scan) {
    struct places first, second;
    if (takes(scan, "(")) {
        bool holds = scan_or(scan);
        ck_assert(takes(scan, ")"));
        return holds;
    }
    if (takes(scan, "NEAR(")) {
        read_phrase(scan, &first);
        read_phrase(scan, &second);
        skip(scan);
        size_t distance = takes(scan, ",") ? (skip(scan), read_number(scan)) : 10;
        ck_assert(takes(scan, ")"));
        return near(&first, &second, distance);
    }
    read_phrase(scan, &first);
    if (takes(scan, "NEAR/")) {
        size_t distance = read_number(scan);
        read_phrase(scan, &second);
        return near(&first, &second, distance);
    }
    return any_place(&first);
}

static bool scan_not(struct scan *scan) {
    bool holds = scan_primary(scan);
    while (takes(scan, "NOT")) {
        bool other = scan_primary(scan);
        holds = holds && !other;
    }
    return holds;
}

static bool scan_and(struct scan *scan) {
    bool holds = scan_not(scan);
    for (skip(scan); *scan->at && *scan->at != ')' && strncmp(scan->at, "OR ", 3) != 0; skip(scan)) {
        (void)takes(scan, "AND");
        bool is_not = takes(scan, "NOT");
        bool other = is_not ? !scan_primary(scan) : scan_not(scan);
        holds = holds && other;
    }
    return holds;
}

static bool scan_or(struct scan *scan) {
    bool holds = scan_and(scan);
    while (takes(scan, "OR")) {
        bool other = scan_and(scan);
        holds = holds || other;
    }
    return holds;
}

static bool is_in(const char *scope, const char *value) {
    return scope[0] == '\0' || strcmp(scope, value) == 0;
}

/* What the scan finds, in the order of the texts. */
static void scan_all(char out[2048], size_t row) {
    out[0] = '\0';
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (!is_in(rows[row].instrument, texts[i].instrument) || !is_in(rows[row].language, texts[i].language))
            continue;
        for (const struct maker_clause *clause = texts[i].clauses; clause->eid; clause++) {
            static struct words words;
            struct scan scan = {.at = rows[row].query, .text = &words};
            split(&words, clause->text, strlen(clause->text));
            if (scan_or(&scan))
                snprintf(out + strlen(out), 2048 - strlen(out), "%s%s/%s/%s", out[0] ? " " : "", texts[i].instrument,
                         texts[i].language, clause->eid);
        }
    }
}

/* ---- the catalog */

static struct ledger_maker maker;
static struct catalog *catalog;
static const struct ledger_state *state;
static uint64_t indices[COUNT(texts)];

static size_t clauses_of(size_t text) {
    size_t count = 0;
    while (texts[text].clauses[count].eid)
        count++;
    return count;
}

static void set_up(void) {
    struct fault fault = {0};
    ledger_maker_begin_with_key(&maker);
    for (size_t i = 0; i < COUNT(texts); i++)
        indices[i] = ledger_maker_deposit(&maker, &(struct maker_edition){.instrument = texts[i].instrument,
                                                                          .language = texts[i].language,
                                                                          .clauses = texts[i].clauses,
                                                                          .clauses_count = clauses_of(i)});
    ck_assert_msg(catalog_open(&catalog, "", maker.ledger, &fault) == 0 && catalog_update(catalog, &fault) == 0, "%s",
                  fault_text(&fault));
    state = ledger_state_take(maker.ledger);
}

static void tear_down(void) {
    ledger_state_release(state);
    catalog_close(catalog);
    ledger_maker_end(&maker);
}

static bool is_hit(const struct catalog_hits *hits, size_t text, size_t place) {
    for (size_t i = 0; i < hits->count; i++)
        if (hits->hits[i].edition_index == indices[text] && hits->hits[i].place == place)
            return true;
    return false;
}

static void search_all(char out[2048], size_t row) {
    struct catalog_hits hits;
    struct fault fault = {0};
    const struct catalog_scope scope = {.instrument = rows[row].instrument, .language = rows[row].language};
    int error = catalog_search(catalog, state, bytes_text(rows[row].query), &scope, 0, 1000, &hits, &fault);
    ck_assert_msg(error == 0, "%s: %s", rows[row].query, fault_text(&fault));
    ck_assert_uint_eq(hits.total, hits.count);
    out[0] = '\0';
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t place = 0; place < clauses_of(i); place++)
            if (is_hit(&hits, i, place))
                snprintf(out + strlen(out), 2048 - strlen(out), "%s%s/%s/%s", out[0] ? " " : "", texts[i].instrument,
                         texts[i].language, texts[i].clauses[place].eid);
    catalog_hits_free(&hits);
}

START_TEST(a_query_finds_exactly_what_a_scan_finds) {
    char scanned[2048], found[2048];
    for (size_t i = 0; i < COUNT(rows); i++) {
        scan_all(scanned, i);
        search_all(found, i);
        ck_assert_msg(strcmp(scanned, rows[i].hits) == 0, "%s: the scan finds %s", rows[i].query, scanned);
        ck_assert_msg(strcmp(found, rows[i].hits) == 0, "%s: found %s", rows[i].query, found);
    }
    ck_assert_uint_ge(COUNT(rows), 60);
}
END_TEST

int main(void) {
    Suite *all = suite_create("search_table");
    TCase *cases = tcase_create("table");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_query_finds_exactly_what_a_scan_finds);
    suite_add_tcase(all, cases);
    SRunner *runner = srunner_create(all);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
