/*
 * Akoma Ntoso in and out: src/akn/akn.h. What is written is valid by the rules of the elements used (vectors/akn.rng), holds the text
 * unchanged, and comes back with the same units and provisions. What is read is judged first.
 */
#include "akn/akn.h"

#include <check.h>
#include <dirent.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "instrument_maker.h"

#define RULES TESTS_DIR "/vectors/akn.rng"
#define CASES TESTS_DIR "/vectors/import"
#define LARGE (1u << 26)

static xmlRelaxNGPtr rules;

static void load_rules(void) {
    xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewParserCtxt(RULES);
    rules = xmlRelaxNGParse(parser);
    xmlRelaxNGFreeParserCtxt(parser);
    ck_assert_ptr_nonnull(rules);
}

static void free_rules(void) {
    xmlRelaxNGFree(rules);
    xmlCleanupParser();
}

/* ---- an edition */

struct written {
    struct outline outline;
    struct akn_unit *units;
    struct buffer document;
};

static int take_piece(void *context, struct bytes piece) {
    struct buffer *document = context;
    buffer_append(document, piece);
    return document->error;
}

static void write_text(struct written *out, struct bytes text) {
    struct fault fault = {0};
    *out = (struct written){0};
    ck_assert_msg(import_plain(&out->outline, text, NULL, &fault) == 0, "%s", fault_text(&fault));
    out->units = calloc(out->outline.units_count, sizeof *out->units);
    for (size_t i = 0; i < out->outline.units_count; i++) {
        const struct unit *unit = &out->outline.units[i];
        out->units[i] = (struct akn_unit){bytes_text(unit->eid), bytes_slice(text, unit->offset, unit->length)};
    }
    const struct akn_edition edition = {.instrument = "made-up",
                                        .language = "en",
                                        .title = "Made up",
                                        .date = "2031-03-03",
                                        .deposited_at = "2032-01-01T00:00:00Z",
                                        .origin = "example.org/<ledger>",
                                        .edition = 1,
                                        .record = BYTES("depositary/edition/v1\ntitle A & B\n\n"),
                                        .units = out->units,
                                        .units_count = out->outline.units_count};
    buffer_init(&out->document, LARGE);
    ck_assert_msg(akn_write(take_piece, &out->document, &edition, &fault) == 0, "%s", fault_text(&fault));
}

static void written_free(struct written *written) {
    outline_free(&written->outline);
    free(written->units);
    buffer_free(&written->document);
}

/* The character data of num, heading and p outside meta, in order. */
static void collect(struct buffer *out, const xmlNode *node, bool inside) {
    for (; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, "meta") != 0) {
            const char *name = (const char *)node->name;
            bool text = strcmp(name, "num") == 0 || strcmp(name, "heading") == 0 || strcmp(name, "p") == 0;
            collect(out, node->children, inside || text);
        } else if (node->type == XML_TEXT_NODE && inside) {
            buffer_append_text(out, (const char *)node->content);
        } else if (node->type == XML_PI_NODE && inside) {
            ck_assert_str_eq((const char *)node->name, "depositary-character");
            unsigned value = (unsigned)strtoul((const char *)node->content, NULL, 10);
            if (value < 0x80) {
                buffer_append_byte(out, (uint8_t)value);
            } else {
                buffer_append(out, bytes_of((uint8_t[]){0xEF, 0xBF, (uint8_t)(value - 0xFFC0 + 0x80)}, 3));
            }
        }
    }
}

static void check_document(const struct buffer *document, struct bytes text, const char *name) {
    struct buffer found;
    buffer_init(&found, LARGE);
    xmlDocPtr doc = xmlReadMemory((const char *)document->data, (int)document->len, "made.xml", NULL, XML_PARSE_NONET);
    ck_assert_msg(doc != NULL, "%s: not well-formed", name);
    xmlRelaxNGValidCtxtPtr validator = xmlRelaxNGNewValidCtxt(rules);
    int valid = xmlRelaxNGValidateDoc(validator, doc);
    if (valid != 0) {
        fprintf(stderr, "%.*s\n", (int)document->len, (const char *)document->data);
    }
    ck_assert_msg(valid == 0, "%s: not valid", name);
    collect(&found, xmlDocGetRootElement(doc), false);
    if (!bytes_equal(buffer_bytes(&found), text)) {
        fprintf(stderr, "%.*s\n", (int)document->len, (const char *)document->data);
    }
    ck_assert_msg(bytes_equal(buffer_bytes(&found), text), "%s: another text", name);
    xmlRelaxNGFreeValidCtxt(validator);
    xmlFreeDoc(doc);
    buffer_free(&found);
}

/* eIds of units, and of the provisions in each. */
static void print_structure(struct buffer *out, const struct outline *outline, struct bytes source) {
    for (size_t i = 0; i < outline->units_count; i++) {
        const struct unit *unit = &outline->units[i];
        struct structure structure;
        buffer_append_format(out, "%s\n", unit->eid);
        ck_assert_int_eq(
            structure_of(&structure, bytes_text(unit->eid), bytes_slice(source, unit->offset, unit->length)), 0);
        for (size_t j = 0; j < structure.provisions_count; j++) {
            buffer_append_format(out, "  %s\n", structure.provisions[j].eid);
        }
        structure_free(&structure);
    }
}

/* The head of a file whose first unit is no preface becomes one. */
static struct bytes without_head(struct bytes in, bool has_preface) {
    struct bytes head = BYTES("preface\n");
    return !has_preface && bytes_starts_with(in, head) ? bytes_slice(in, head.len, in.len - head.len) : in;
}

static void check_text(struct bytes text, const char *name) {
    struct written written;
    struct outline again = {0};
    struct fault fault = {0};
    struct buffer before;
    struct buffer after;
    write_text(&written, text);
    check_document(&written.document, text, name);
    ck_assert_msg(akn_import(&again, buffer_bytes(&written.document), &fault) == 0, "%s: %s", name, fault_text(&fault));
    buffer_init(&before, LARGE);
    buffer_init(&after, LARGE);
    print_structure(&before, &written.outline, text);
    print_structure(&after, &again, buffer_bytes(&written.document));
    struct bytes found = without_head(buffer_bytes(&after), strcmp(written.outline.units[0].eid, "preface") == 0);
    if (!bytes_equal(found, buffer_bytes(&before))) {
        fprintf(stderr, "was\n%.*s\nis\n%.*s\n%.*s\n", (int)before.len, (char *)before.data, (int)found.len,
                (const char *)found.data, (int)written.document.len, (char *)written.document.data);
    }
    ck_assert_msg(bytes_equal(found, buffer_bytes(&before)), "%s: another structure", name);
    buffer_free(&before);
    buffer_free(&after);
    outline_free(&again);
    written_free(&written);
}

START_TEST(what_is_written_is_valid_and_comes_back_as_it_was) {
    DIR *folder = opendir(CASES);
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strstr(entry->d_name, ".txt") != NULL) {
            char path[512];
            struct buffer text;
            snprintf(path, sizeof path, CASES "/%s", entry->d_name);
            buffer_init(&text, LARGE);
            ck_assert_int_eq(file_read(&text, path, NULL), 0);
            check_text(buffer_bytes(&text), entry->d_name);
            buffer_free(&text);
        }
    }
    closedir(folder);
}
END_TEST

START_TEST(made_instruments_come_back_as_they_were) {
    for (uint32_t seed = 1; seed <= 150; seed++) {
        struct made made;
        char name[32];
        made_new(&made, seed);
        snprintf(name, sizeof name, "seed %u", seed);
        check_text(buffer_bytes(&made.text), name);
        made_free(&made);
    }
}
END_TEST

START_TEST(characters_that_xml_cannot_hold_are_kept) {
    check_text(BYTES("A <b> & \"c\" ]]> \x01\x0c\r\n\xEF\xBF\xBF\n\nArticle 1\n\n\x1f\n\nArticle 2\n\n&amp;\n"),
               "characters");
}
END_TEST

/* ---- reading */

#define HEAD "<akomaNtoso xmlns=\"http://docs.oasis-open.org/legaldocml/ns/akn/3.0\">"

static const char document[] =
    "<?xml version='1.0'?>\n" HEAD "<act name='act'><meta><identification source='#x'/></meta>\n"
    "<preamble eId='preamble'><p eId='preamble__p_1'>Whereas</p></preamble>\n"
    "<body><chapter eId='chp_1'><num>I</num><heading>General</heading>\n"
    "<article eId='chp_1__art_1'><num>Article 1</num><heading>First</heading><!-- <article eId='no'> -->\n"
    "<paragraph eId='chp_1__art_1__para_1'><num>1.</num><content><p eId='chp_1__art_1__para_1__p_1'>a</p></content></paragraph></article>\n"
    "</chapter><section><num>2</num><content><p>no name</p></content></section></body>\n"
    "<attachments><attachment><doc name='a'><meta/><mainBody><paragraph eId='para_1'><content><p "
    "eId='para_1__p_1'>x</p></content></paragraph></mainBody></doc></attachment></attachments></act></akomaNtoso>\n";

START_TEST(units_are_the_elements_that_hold_the_text) {
    static const char expected[] = "preface\n"
                                   "preamble\n  preamble__p_1\n"
                                   "chp_1__art_1\n  chp_1__art_1__para_1\n  chp_1__art_1__para_1__p_1\n"
                                   "section_4\n"
                                   "att_1__preface\n"
                                   "att_1__para_1\n  att_1__para_1__p_1\n";
    struct outline outline = {0};
    struct fault fault = {0};
    struct buffer found;
    size_t at = 0;
    ck_assert_msg(akn_import(&outline, bytes_text(document), &fault) == 0, "%s", fault_text(&fault));
    buffer_init(&found, LARGE);
    print_structure(&found, &outline, bytes_text(document));
    buffer_append_byte(&found, 0);
    ck_assert_str_eq((char *)found.data, expected);
    for (size_t i = 0; i < outline.units_count; i++) {
        ck_assert_uint_eq(outline.units[i].offset, at);
        at += outline.units[i].length;
    }
    ck_assert_uint_eq(at, strlen(document));
    ck_assert_uint_ge(outline.findings_count, 2);
    buffer_free(&found);
    outline_free(&outline);
}
END_TEST

static void check_refused(const char *text, int error, const char *words) {
    struct outline outline = {0};
    struct fault fault = {0};
    ck_assert_int_eq(akn_import(&outline, bytes_text(text), &fault), error);
    ck_assert_msg(strncmp(fault_text(&fault), words, strlen(words)) == 0, "%s", fault_text(&fault));
    ck_assert_ptr_null(outline.units);
}

START_TEST(bad_documents_are_refused_with_line_and_column) {
    check_refused("<!DOCTYPE a [<!ENTITY b \"bb\">\n<!ENTITY c \"&b;&b;\">]>\n" HEAD "&c;</akomaNtoso>",
                  DEPOSITARY_E_FORMAT, "line 1, column ");
    check_refused("<!DOCTYPE a SYSTEM \"file:///etc/passwd\">\n" HEAD "</akomaNtoso>", DEPOSITARY_E_FORMAT,
                  "line 1, column ");
    check_refused(HEAD "\n&unknown;</akomaNtoso>", DEPOSITARY_E_FORMAT, "line 2, column ");
    check_refused(HEAD "\n<a>\n</b></akomaNtoso>", DEPOSITARY_E_FORMAT, "line 3, column ");
    check_refused(HEAD "\n<a>", DEPOSITARY_E_FORMAT, "line 2, column ");
    check_refused("<html/>", DEPOSITARY_E_FORMAT, "line 1, column ");
    check_refused("<?xml version='1.0' encoding='ISO-8859-1'?>" HEAD "</akomaNtoso>", DEPOSITARY_E_UTF8,
                  "line 1, column 1: ");
    check_refused(HEAD "\n\xff</akomaNtoso>", DEPOSITARY_E_UTF8, "line 2, column 1: ");
    check_refused("", DEPOSITARY_E_FORMAT, "line 1, column 1: ");
}
END_TEST

START_TEST(a_document_too_deep_is_refused) {
    struct buffer text;
    struct outline outline = {0};
    buffer_init(&text, LARGE);
    buffer_append_text(&text, HEAD);
    for (int i = 0; i < 100000; i++) {
        buffer_append_text(&text, "<part>");
    }
    ck_assert_int_eq(akn_import(&outline, buffer_bytes(&text), NULL), DEPOSITARY_E_FORMAT);
    buffer_free(&text);
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("akn");
    TCase *cases = tcase_create("akn");
    tcase_set_timeout(cases, 60);
    tcase_add_unchecked_fixture(cases, load_rules, free_rules);
    tcase_add_test(cases, what_is_written_is_valid_and_comes_back_as_it_was);
    tcase_add_test(cases, made_instruments_come_back_as_they_were);
    tcase_add_test(cases, characters_that_xml_cannot_hold_are_kept);
    tcase_add_test(cases, units_are_the_elements_that_hold_the_text);
    tcase_add_test(cases, bad_documents_are_refused_with_line_and_column);
    tcase_add_test(cases, a_document_too_deep_is_refused);
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
