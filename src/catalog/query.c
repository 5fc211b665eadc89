/* The query language: read into a small tree of at most TERMS_MAX terms, then printed as an expression of FTS5. */
#include "catalog/query.h"

#include <string.h>

#include "base/encode.h"
#include "base/limits.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_PHRASE, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA };

struct query_token {
    enum token_kind kind;
    struct bytes text; /* of a word or phrase, without quotes and star */
    bool is_prefix;
    size_t position; /* bytes before it */
};

struct term {
    struct bytes text;
    bool is_prefix;
};

enum node_kind { NODE_TERMS, NODE_AND, NODE_OR, NODE_NOT };

struct node {
    enum node_kind kind;
    unsigned left; /* nodes */
    unsigned right;
    unsigned first; /* terms: one, or several that are near */
    unsigned count;
    unsigned distance;
};

/* Each operator joins two nodes, and each leaf holds a term. A chain of NEAR/n uses a term twice. */
#define TERMS_MAX (2 * LIMIT_QUERY_TERMS)
#define NODES_MAX (2 * TERMS_MAX)

struct parser {
    struct bytes in;
    size_t at;
    bool is_in_near; /* where a comma ends a word */
    struct query_token token;
    unsigned words; /* as the limit counts them: those in phrases too */
    unsigned nesting;
    struct term terms[TERMS_MAX];
    unsigned terms_count;
    struct node nodes[NODES_MAX];
    unsigned nodes_count;
    struct tokenizer *tokenizer;
    struct fault *fault;
};

static int refuse(struct parser *parser, size_t position, const char *what) {
    return fault_set(parser->fault, DEPOSITARY_E_QUERY, "at byte %zu: %s", position + 1, what);
}

/* Bytes of white space at an offset, 0 for none: ASCII's, U+00A0 and U+3000, which people type between words. */
static size_t space_at(struct bytes in, size_t at) {
    struct bytes rest = bytes_slice(in, at, in.len - at);
    if (rest.len && strchr(" \t\n\r\f\v", rest.data[0]) && rest.data[0])
        return 1;
    if (bytes_starts_with(rest, BYTES("\xC2\xA0")))
        return 2;
    return bytes_starts_with(rest, BYTES("\xE3\x80\x80")) ? 3 : 0;
}

static bool ends_word(const struct parser *parser, size_t at) {
    uint8_t byte = parser->in.data[at];
    return byte == '"' || byte == '(' || byte == ')' || (byte == ',' && parser->is_in_near) || space_at(parser->in, at);
}

static void take_star(struct parser *parser) {
    if (parser->at < parser->in.len && parser->in.data[parser->at] == '*') {
        parser->token.is_prefix = true;
        parser->at++;
    }
}

static int read_phrase(struct parser *parser) {
    size_t start = ++parser->at;
    while (parser->at < parser->in.len && parser->in.data[parser->at] != '"')
        parser->at++;
    if (parser->at == parser->in.len)
        return refuse(parser, start - 1, "the phrase has no closing quotation mark");
    parser->token.kind = TOKEN_PHRASE;
    parser->token.text = bytes_slice(parser->in, start, parser->at - start);
    parser->at++;
    take_star(parser);
    return 0;
}

static int read_word(struct parser *parser) {
    size_t start = parser->at;
    while (parser->at < parser->in.len && parser->in.data[parser->at] != '*' && !ends_word(parser, parser->at))
        parser->at++;
    parser->token.kind = TOKEN_WORD;
    parser->token.text = bytes_slice(parser->in, start, parser->at - start);
    take_star(parser);
    if (parser->token.is_prefix && parser->at < parser->in.len && !ends_word(parser, parser->at))
        return refuse(parser, parser->at - 1, "* stands at the end of a word only");
    return 0;
}

/* Reads the next token into parser->token. */
static int advance(struct parser *parser) {
    size_t space;
    while (parser->at < parser->in.len && (space = space_at(parser->in, parser->at)) > 0)
        parser->at += space;
    parser->token = (struct query_token){.kind = TOKEN_END, .position = parser->at};
    if (parser->at == parser->in.len)
        return 0;
    uint8_t byte = parser->in.data[parser->at];
    if (byte == '"')
        return read_phrase(parser);
    if (byte != '(' && byte != ')' && !(byte == ',' && parser->is_in_near))
        return read_word(parser);
    parser->token.kind = byte == '(' ? TOKEN_OPEN : byte == ')' ? TOKEN_CLOSE : TOKEN_COMMA;
    parser->at++;
    return 0;
}

static bool is_operator(const struct parser *parser, const char *name) {
    return parser->token.kind == TOKEN_WORD && !parser->token.is_prefix &&
           bytes_equal(parser->token.text, bytes_text(name));
}

static bool is_near_slash(const struct parser *parser) {
    return parser->token.kind == TOKEN_WORD && bytes_starts_with(parser->token.text, BYTES("NEAR/"));
}

static bool is_any_operator(const struct parser *parser) {
    return is_operator(parser, "AND") || is_operator(parser, "OR") || is_operator(parser, "NOT") ||
           is_near_slash(parser);
}

static int count_token(void *context, struct bytes token, size_t start, size_t end) {
    (void)token, (void)start, (void)end;
    ++*(unsigned *)context;
    return 0;
}

static unsigned count_words(struct bytes text) {
    unsigned count = 0;
    bool in_word = false;
    for (size_t at = 0; at < text.len;) {
        size_t space = space_at(text, at);
        if (!space && !in_word)
            count++;
        in_word = !space;
        at += space ? space : 1;
    }
    return count;
}

static int keep_term(struct parser *parser, struct term term) {
    if (parser->terms_count == TERMS_MAX)
        return refuse(parser, parser->token.position, "too many terms");
    parser->terms[parser->terms_count++] = term;
    return 0;
}

/* Takes the word or phrase at hand as the next of the terms. */
static int take_term(struct parser *parser) {
    unsigned tokens = 0;
    int error = tokenizer_walk(parser->tokenizer, parser->token.text, count_token, &tokens);
    if (error)
        return error;
    if (tokens == 0)
        return refuse(parser, parser->token.position, "no letter or digit to look for");
    parser->words += count_words(parser->token.text);
    if (parser->words > LIMIT_QUERY_TERMS)
        return refuse(parser, parser->token.position, "more than 32 terms");
    error = keep_term(parser, (struct term){parser->token.text, parser->token.is_prefix});
    return error ? error : advance(parser);
}

static int add_node(struct parser *parser, struct node node, unsigned *out) {
    if (parser->nodes_count == NODES_MAX)
        return refuse(parser, parser->token.position, "too many terms");
    *out = parser->nodes_count;
    parser->nodes[parser->nodes_count++] = node;
    return 0;
}

static int join(struct parser *parser, enum node_kind kind, unsigned left, unsigned right, unsigned *out) {
    return add_node(parser, (struct node){.kind = kind, .left = left, .right = right}, out);
}

static int read_distance(struct parser *parser, struct bytes number, unsigned *out) {
    uint64_t value = 0;
    if (!decimal_parse(&value, number) || value > QUERY_DISTANCE_MAX)
        return refuse(parser, parser->token.position, "the distance is a number from 0 to 1000");
    *out = (unsigned)value;
    return 0;
}

/* What follows "NEAR(": terms, then perhaps a comma and a number, then ")". */
static int parse_near_group(struct parser *parser, unsigned *out) {
    struct node node = {.kind = NODE_TERMS, .first = parser->terms_count, .distance = QUERY_DISTANCE};
    int error = advance(parser);
    while (!error && (parser->token.kind == TOKEN_WORD || parser->token.kind == TOKEN_PHRASE)) {
        error = is_any_operator(parser) ? refuse(parser, parser->token.position, "NEAR holds words and phrases only")
                                        : take_term(parser);
        node.count++;
    }
    if (!error && node.count < 2)
        error = refuse(parser, parser->token.position, "NEAR needs two words or more");
    if (!error && node.count > QUERY_NEAR_MAX)
        error = refuse(parser, parser->token.position, "NEAR holds eight words and phrases at most");
    if (!error && parser->token.kind == TOKEN_COMMA) {
        error = advance(parser);
        if (!error)
            error = read_distance(parser, parser->token.kind == TOKEN_WORD ? parser->token.text : BYTES(""),
                                  &node.distance);
        if (!error)
            error = advance(parser);
    }
    if (!error && parser->token.kind != TOKEN_CLOSE)
        error = refuse(parser, parser->token.position, "NEAR( is not closed");
    parser->is_in_near = false;
    if (!error)
        error = advance(parser);
    return error ? error : add_node(parser, node, out);
}

/* a NEAR/n b, and on: pairs, all of which must hold. */
static int parse_near_chain(struct parser *parser, unsigned *out) {
    unsigned left = 0;
    for (bool is_first = true; is_near_slash(parser); is_first = false) {
        struct node node = {.kind = NODE_TERMS, .count = 2};
        unsigned pair = 0;
        struct bytes word = parser->token.text;
        struct term before = parser->terms[parser->terms_count - 1];
        int error = read_distance(parser, bytes_slice(word, 5, word.len - 5), &node.distance);
        if (!error && !is_first)
            error = keep_term(parser, before);
        node.first = parser->terms_count - 1;
        if (!error)
            error = advance(parser);
        if (!error &&
            (is_any_operator(parser) || (parser->token.kind != TOKEN_WORD && parser->token.kind != TOKEN_PHRASE)))
            error = refuse(parser, parser->token.position, "NEAR/n stands between two words or phrases");
        if (!error)
            error = take_term(parser);
        if (!error)
            error = add_node(parser, node, &pair);
        if (!error && is_first)
            left = pair;
        else if (!error)
            error = join(parser, NODE_AND, left, pair, &left);
        if (error)
            return error;
    }
    *out = left;
    return 0;
}

static int parse_or(struct parser *parser, unsigned *out);

static int parse_group(struct parser *parser, unsigned *out) {
    size_t position = parser->token.position;
    if (++parser->nesting > QUERY_NESTING_MAX)
        return refuse(parser, position, "parentheses nest too deeply");
    int error = advance(parser);
    if (!error)
        error = parse_or(parser, out);
    if (!error && parser->token.kind != TOKEN_CLOSE)
        error = refuse(parser, position, "the parenthesis is not closed");
    parser->nesting--;
    return error ? error : advance(parser);
}

static int parse_primary(struct parser *parser, unsigned *out) {
    size_t position = parser->token.position;
    if (parser->token.kind == TOKEN_END)
        return refuse(parser, position, "a word is missing");
    if (parser->token.kind == TOKEN_CLOSE)
        return refuse(parser, position, ") without a word before it");
    if (parser->token.kind == TOKEN_OPEN)
        return parse_group(parser, out);
    if (is_any_operator(parser))
        return refuse(parser, position, "the operator has nothing before it; for the word itself, write it small");
    if (is_operator(parser, "NEAR")) {
        int error = advance(parser);
        if (!error && parser->token.kind != TOKEN_OPEN)
            error = refuse(parser, position, "NEAR is written NEAR(a b, n) or a NEAR/n b");
        parser->is_in_near = true;
        return error ? error : parse_near_group(parser, out);
    }
    struct node node = {.kind = NODE_TERMS, .first = parser->terms_count, .count = 1};
    int error = take_term(parser);
    if (!error && is_near_slash(parser))
        return parse_near_chain(parser, out);
    return error ? error : add_node(parser, node, out);
}

static int parse_not(struct parser *parser, unsigned *out) {
    int error = parse_primary(parser, out);
    while (!error && is_operator(parser, "NOT")) {
        unsigned right = 0;
        error = advance(parser);
        if (!error)
            error = parse_primary(parser, &right);
        if (!error)
            error = join(parser, NODE_NOT, *out, right, out);
    }
    return error;
}

static int parse_and(struct parser *parser, unsigned *out) {
    int error = parse_not(parser, out);
    while (!error && parser->token.kind != TOKEN_END && parser->token.kind != TOKEN_CLOSE &&
           !is_operator(parser, "OR")) {
        unsigned right = 0;
        enum node_kind kind = NODE_AND;
        if (is_operator(parser, "AND"))
            error = advance(parser);
        if (!error && is_operator(parser, "NOT")) { /* a AND NOT b */
            kind = NODE_NOT;
            error = advance(parser);
        }
        if (!error)
            error = kind == NODE_NOT ? parse_primary(parser, &right) : parse_not(parser, &right);
        if (!error)
            error = join(parser, kind, *out, right, out);
    }
    return error;
}

static int parse_or(struct parser *parser, unsigned *out) {
    int error = parse_and(parser, out);
    while (!error && is_operator(parser, "OR")) {
        unsigned right = 0;
        error = advance(parser);
        if (!error)
            error = parse_and(parser, &right);
        if (!error)
            error = join(parser, NODE_OR, *out, right, out);
    }
    return error;
}

void query_print_string(struct buffer *out, struct bytes text) {
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"')
            buffer_append_byte(out, '"');
        buffer_append_byte(out, text.data[i]);
    }
    buffer_append_byte(out, '"');
}

static void print_terms(struct buffer *out, const struct parser *parser, const struct node *node) {
    if (node->count > 1)
        buffer_append_text(out, "NEAR(");
    for (unsigned i = 0; i < node->count; i++) {
        const struct term *term = &parser->terms[node->first + i];
        if (i > 0)
            buffer_append_byte(out, ' ');
        query_print_string(out, term->text);
        if (term->is_prefix)
            buffer_append_byte(out, '*');
    }
    if (node->count > 1)
        buffer_append_format(out, ", %u)", node->distance);
}

/* As deep as the tree, which has at most NODES_MAX nodes. */
static void print_node(struct buffer *out, const struct parser *parser, unsigned index) {
    static const char *const names[] = {[NODE_AND] = " AND ", [NODE_OR] = " OR ", [NODE_NOT] = " NOT "};
    const struct node *node = &parser->nodes[index];
    if (node->kind == NODE_TERMS) {
        print_terms(out, parser, node);
        return;
    }
    buffer_append_byte(out, '(');
    print_node(out, parser, node->left);
    buffer_append_text(out, names[node->kind]);
    print_node(out, parser, node->right);
    buffer_append_byte(out, ')');
}

int query_print(struct buffer *out, struct bytes query, struct tokenizer *tokenizer, struct fault *fault) {
    struct parser parser = {.in = query, .tokenizer = tokenizer, .fault = fault};
    unsigned root = 0;
    if (query.len > LIMIT_QUERY)
        return fault_set(fault, DEPOSITARY_E_QUERY, "at byte %u: longer than %u bytes", LIMIT_QUERY + 1, LIMIT_QUERY);
    if (!utf8_valid(query))
        return fault_set(fault, DEPOSITARY_E_QUERY, "at byte 1: not UTF-8");
    const uint8_t *nul = query.len > 0 ? memchr(query.data, 0, query.len) : NULL;
    if (nul) /* FTS5 would take it for the end */
        return refuse(&parser, (size_t)(nul - query.data), "a NUL");
    int error = advance(&parser);
    if (!error)
        error = parse_or(&parser, &root);
    if (!error && parser.token.kind == TOKEN_CLOSE)
        error = refuse(&parser, parser.token.position, ") without (");
    if (error)
        return error;
    print_node(out, &parser, root);
    return out->error;
}
