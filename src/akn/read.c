/* Judging a document before anything is taken from it: libxml2 reads it once, builds nothing, and opens nothing. */
#include "akn/akn.h"
#include "akn/internal.h"

#include <libxml/parser.h>
#include <string.h>
#include <strings.h>

#include "text/markup.h"

#define PIECE 65536 /* bytes given to the parser at once */

static const char akn_namespace[] = "http://docs.oasis-open.org/legaldocml/ns/akn/";

struct judging {
    xmlParserCtxtPtr parser;
    bool has_root;
    const char *refused; /* why, "" while nothing was */
    int line;
    int column;
};

static void refuse(struct judging *judging, const char *why) {
    if (*judging->refused == '\0') {
        judging->refused = why;
        judging->line = xmlSAX2GetLineNumber(judging->parser);
        judging->column = xmlSAX2GetColumnNumber(judging->parser);
    }
    xmlStopParser(judging->parser);
}

static void on_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                       const xmlChar **all_namespaces, int attributes, int defaulted, const xmlChar **all_attributes) {
    struct judging *judging = context;
    (void)prefix, (void)namespaces, (void)all_namespaces, (void)attributes, (void)defaulted, (void)all_attributes;
    if (!judging->has_root) {
        bool is_akn = uri && strncmp((const char *)uri, akn_namespace, sizeof akn_namespace - 1) == 0 &&
                      strcmp((const char *)name, "akomaNtoso") == 0;
        judging->has_root = true;
        if (!is_akn) {
            refuse(judging, "the root element is not akomaNtoso of "
                            "http://docs.oasis-open.org/legaldocml/ns/akn/3.0");
        }
    }
}

/* Entities of its own are what bombs are made of, and what a document type is for. */
static void on_document_type(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
    (void)name, (void)external, (void)system;
    refuse(context, "a document type (<!DOCTYPE) is not taken: no entities, no external parts");
}

static int fault_of(const struct judging *judging, int result, struct fault *fault) {
    if (*judging->refused != '\0') {
        return fault_set(fault, DEPOSITARY_E_FORMAT, "line %d, column %d: %s", judging->line, judging->column,
                         judging->refused);
    }
    if (result == 0 && judging->has_root) {
        return 0;
    }
    const xmlError *error = xmlCtxtGetLastError(judging->parser);
    const char *words = error && error->message ? error->message : "the document is not complete";
    return fault_set(fault, DEPOSITARY_E_FORMAT, "line %d, column %d: not well-formed XML: %.*s",
                     error ? error->line : 1, error ? error->int2 : 1, (int)strcspn(words, "\n"), words);
}

/* The encoding that the XML declaration names, as written; empty where it names none. */
static struct bytes declared_encoding(struct bytes source) {
    struct tag tag = {0};
    size_t start = bytes_starts_with(source, BYTES("\xEF\xBB\xBF")) ? 3 : 0;
    struct bytes in = bytes_slice(source, start, 256);
    if (!bytes_starts_with(in, BYTES("<?xml "))) {
        return (struct bytes){0};
    }
    const uint8_t *close = memchr(in.data, '>', in.len);
    if (close) {
        tag.attributes = bytes_slice(in, 6, (size_t)(close - in.data) - 6);
    }
    return markup_attribute(&tag, "encoding");
}

static bool is_utf8_name(struct bytes name) {
    return name.len == 0 || (name.len == 5 && strncasecmp((const char *)name.data, "UTF-8", 5) == 0) ||
           (name.len == 8 && strncasecmp((const char *)name.data, "US-ASCII", 8) == 0);
}

int akn_judge(struct bytes source, struct fault *fault) {
    if (!is_utf8_name(declared_encoding(source))) {
        return fault_set(fault, DEPOSITARY_E_UTF8, "line 1, column 1: the document says that it is not UTF-8");
    }
    xmlSAXHandler handler = {0};
    struct judging judging = {.refused = ""};
    int result = 0;
    handler.initialized = XML_SAX2_MAGIC;
    handler.startElementNs = on_element;
    handler.internalSubset = on_document_type;
    judging.parser = xmlCreatePushParserCtxt(&handler, &judging, NULL, 0, NULL);
    if (!judging.parser) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory to read XML");
    }
    xmlCtxtUseOptions(judging.parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    for (size_t at = 0; at < source.len && result == 0 && *judging.refused == '\0'; at += PIECE) {
        struct bytes piece = bytes_slice(source, at, PIECE);
        result = xmlParseChunk(judging.parser, (const char *)piece.data, (int)piece.len, 0);
    }
    if (result == 0 && *judging.refused == '\0') {
        result = xmlParseChunk(judging.parser, NULL, 0, 1);
    }
    int error = fault_of(&judging, result, fault);
    if (judging.parser->myDoc) {
        xmlFreeDoc(judging.parser->myDoc);
        judging.parser->myDoc = NULL;
    }
    xmlFreeParserCtxt(judging.parser);
    return error;
}

/* ---- what begins as one */

static bool has(struct bytes in, const char *word) {
    size_t len = strlen(word);
    for (size_t at = 0; at + len <= in.len; at++) {
        if (memcmp(in.data + at, word, len) == 0) {
            return true;
        }
    }
    return false;
}

bool akn_is(struct bytes file) {
    struct bytes head = bytes_slice(file, 0, 4096);
    if (bytes_starts_with(head, BYTES("\xEF\xBB\xBF"))) {
        head = bytes_slice(head, 3, head.len - 3);
    }
    uint8_t first = 0;
    for (size_t i = 0; i < head.len && first == 0; i++) {
        first = head.data[i] == ' ' || (head.data[i] >= '\t' && head.data[i] <= '\r') ? 0 : head.data[i];
    }
    return first == '<' && (has(head, "akomaNtoso") || has(head, "<?xml"));
}
