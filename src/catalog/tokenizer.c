/* The tokenizer of the full-text index. */
#include "catalog/tokenizer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/encode.h"

struct tokenizer {
    fts5_tokenizer ops;
    Fts5Tokenizer *instance;
};

/* FTS5's sink of tokens. */
typedef int fts5_token(void *context, int flags, const char *token, int len, int start, int end);

#define TOKEN_MAX 192 /* bytes of a folded token; what is longer is cut there */

struct code_range {
    uint32_t first;
    uint32_t last;
};

/* Letters of scripts that are written without spaces between words: Han, Kana, Bopomofo, Hangul. In order. */
static const struct code_range single_letters[] = {
    {0x1100, 0x11FF}, {0x2E80, 0x2FDF}, {0x3005, 0x3007}, {0x3021, 0x3029},   {0x3031, 0x3035},   {0x303B, 0x303C},
    {0x3041, 0x3096}, {0x309D, 0x309F}, {0x30A1, 0x30FA}, {0x30FC, 0x312F},   {0x3131, 0x318E},   {0x31A0, 0x31BF},
    {0x31F0, 0x31FF}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xA960, 0xA97C},   {0xAC00, 0xD7A3},   {0xD7B0, 0xD7FB},
    {0xF900, 0xFAFF}, {0xFF66, 0xFF9D}, {0xFFA0, 0xFFDC}, {0x1AFF0, 0x1B16F}, {0x20000, 0x2FA1F}, {0x30000, 0x323AF},
};

static bool is_single_letter(uint32_t code_point) {
    if (code_point < single_letters[0].first)
        return false;
    for (size_t i = 0; i < sizeof single_letters / sizeof *single_letters; i++) {
        if (code_point <= single_letters[i].last)
            return code_point >= single_letters[i].first;
    }
    return false;
}

bool tokenizer_stands_alone(struct bytes token) {
    uint32_t code_point = 0;
    return token.len > 0 && utf8_next(&code_point, token) == token.len && is_single_letter(code_point);
}

/* ---- folding of letters */

/* Letters that people write without what sets them apart, and that have no decomposition. In order. */
static const struct {
    uint32_t letter;
    const char *plain;
} plain_letters[] = {
    {0x00DF, "ss"}, {0x00E6, "ae"}, {0x00F0, "d"},  {0x00F8, "o"}, {0x00FE, "th"},       {0x0111, "d"},
    {0x0131, "i"},  {0x0142, "l"},  {0x0153, "oe"}, {0x017F, "s"}, {0x03C2, "\xCF\x83"},
};

/* Marks that may be left out: accents, and the points of Hebrew and Arabic. Not the vowel signs and viramas of the scripts of India. */
static bool is_accent(const utf8proc_property_t *property) {
    return property->category == UTF8PROC_CATEGORY_MN &&
           (property->combining_class >= 200 || (property->combining_class >= 10 && property->combining_class <= 36));
}

/* The letters that a mark makes others of are letters of their own in their alphabets: й, ї, ў. */
static bool keeps_mark(uint32_t letter) {
    return letter == 0x0439 || letter == 0x0457 || letter == 0x045E;
}

/* A token that grows. */
struct token {
    char text[TOKEN_MAX + 8];
    int len;
    int start; /* in the text */
    int end;
};

static void token_add(struct token *token, const char *bytes, size_t len) {
    if (token->len + (int)len <= TOKEN_MAX) {
        memcpy(token->text + token->len, bytes, len);
        token->len += (int)len;
    }
}

static void token_add_letter(struct token *token, uint32_t letter) {
    utf8proc_uint8_t bytes[4];
    for (size_t i = 0; i < sizeof plain_letters / sizeof *plain_letters; i++) {
        if (plain_letters[i].letter == letter) {
            token_add(token, plain_letters[i].plain, strlen(plain_letters[i].plain));
            return;
        }
    }
    token_add(token, (const char *)bytes, (size_t)utf8proc_encode_char((utf8proc_int32_t)letter, bytes));
}

/* A letter, number or mark: small, and without accents. */
static void token_fold(struct token *token, uint32_t code_point) {
    utf8proc_int32_t parts[8];
    uint32_t letter = (uint32_t)utf8proc_tolower((utf8proc_int32_t)code_point);
    utf8proc_ssize_t count =
        keeps_mark(letter) ? 0 : utf8proc_decompose_char((utf8proc_int32_t)letter, parts, 8, UTF8PROC_DECOMPOSE, NULL);
    if (count <= 0 || count > 8) {
        token_add_letter(token, letter);
        return;
    }
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        if (!is_accent(utf8proc_get_property(parts[i])))
            token_add_letter(token, (uint32_t)parts[i]);
    }
}

/* ---- cutting */

static bool is_word_category(utf8proc_category_t category) {
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
           (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) || category == UTF8PROC_CATEGORY_CO;
}

/* Whether a code point is of a word; a mark is where a word goes on, and a soft hyphen is nothing there. */
static bool is_of_word(uint32_t code_point, bool goes_on) {
    utf8proc_category_t category = (utf8proc_category_t)utf8proc_get_property((utf8proc_int32_t)code_point)->category;
    bool is_mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
    return is_word_category(category) || (goes_on && (is_mark || code_point == 0xAD));
}

static int token_end(struct token *token, void *context, fts5_token *sink) {
    int rc = token->len > 0 ? sink(context, 0, token->text, token->len, token->start, token->end) : SQLITE_OK;
    token->len = 0;
    token->end = -1;
    return rc;
}

/* An ASCII letter or digit, as it is kept; 0 for any other. */
static char plain_ascii(uint8_t byte) {
    if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9'))
        return (char)byte;
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : 0;
}

/* Takes the code point at `at`, of `len` bytes, which may end the token at hand. */
static int take(struct token *token, const char *text, int at, int len, uint32_t code_point, void *context,
                fts5_token *sink) {
    bool goes_on = token->end == at && token->end >= 0;
    bool is_single = len > 1 && is_single_letter(code_point);
    char ascii = len == 1 ? plain_ascii((uint8_t)text[at]) : 0;
    bool is_kept = ascii || (len > 1 && !is_single && is_of_word(code_point, goes_on));
    int rc = goes_on && is_kept ? SQLITE_OK : token_end(token, context, sink);
    if (rc != SQLITE_OK)
        return rc;
    if (is_single)
        return sink(context, 0, text + at, len, at, at + len);
    if (!is_kept)
        return SQLITE_OK;
    if (!goes_on)
        token->start = at;
    token->end = at + len;
    if (ascii)
        token_add(token, &ascii, 1);
    else if (code_point != 0xAD)
        token_fold(token, code_point);
    return SQLITE_OK;
}

static int tokenize(Fts5Tokenizer *instance, void *context, int flags, const char *text, int text_len,
                    fts5_token *sink) {
    struct token token = {.end = -1};
    int rc = SQLITE_OK;
    (void)instance, (void)flags;
    for (int at = 0; at < text_len && rc == SQLITE_OK;) {
        uint32_t code_point = (uint8_t)text[at];
        size_t len = code_point < 0x80 ? 1 : utf8_next(&code_point, bytes_of(text + at, (size_t)(text_len - at)));
        if (len == 0)
            break;
        rc = take(&token, text, at, (int)len, code_point, context, sink);
        at += (int)len;
    }
    return rc == SQLITE_OK ? token_end(&token, context, sink) : rc;
}

/* There is nothing to keep between texts. */
static void instance_delete(Fts5Tokenizer *instance) {
    (void)instance;
}

static int instance_create(void *context, const char **arguments, int arguments_count, Fts5Tokenizer **out) {
    (void)arguments, (void)arguments_count;
    *out = context;
    return SQLITE_OK;
}

fts5_api *tokenizer_fts5(sqlite3 *db) {
    fts5_api *api = NULL;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &statement, NULL) == SQLITE_OK) {
        sqlite3_bind_pointer(statement, 1, (void *)&api, "fts5_api_ptr", NULL);
        sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    return api;
}

int tokenizer_register(sqlite3 *db) {
    fts5_tokenizer ops = {instance_create, instance_delete, tokenize};
    fts5_api *api = tokenizer_fts5(db);
    if (!api || api->xCreateTokenizer(api, TOKENIZER_NAME, api, &ops, NULL) != SQLITE_OK)
        return DEPOSITARY_E_IO;
    return 0;
}

int tokenizer_new(struct tokenizer **out, sqlite3 *db) {
    void *context = NULL;
    fts5_api *api = tokenizer_fts5(db);
    struct tokenizer *tokenizer = calloc(1, sizeof *tokenizer);
    if (!tokenizer)
        return DEPOSITARY_E_MEMORY;
    if (!api || api->xFindTokenizer(api, TOKENIZER_NAME, &context, &tokenizer->ops) != SQLITE_OK ||
        tokenizer->ops.xCreate(context, NULL, 0, &tokenizer->instance) != SQLITE_OK) {
        free(tokenizer);
        return DEPOSITARY_E_IO;
    }
    *out = tokenizer;
    return 0;
}

void tokenizer_free(struct tokenizer *tokenizer) {
    if (!tokenizer)
        return;
    tokenizer->ops.xDelete(tokenizer->instance);
    free(tokenizer);
}

struct walk {
    token_sink *sink;
    void *context;
    int result;
};

static int walk_token(void *context, int flags, const char *token, int len, int start, int end) {
    struct walk *walk = context;
    (void)flags;
    walk->result = walk->sink(walk->context, bytes_of(token, (size_t)len), (size_t)start, (size_t)end);
    return walk->result ? SQLITE_DONE : SQLITE_OK;
}

int tokenizer_walk(struct tokenizer *tokenizer, struct bytes text, token_sink *sink, void *context) {
    struct walk walk = {.sink = sink, .context = context, .result = 0};
    if (text.len == 0)
        return 0;
    if (text.len > INT_MAX)
        return DEPOSITARY_E_LIMIT;
    int rc = tokenizer->ops.xTokenize(tokenizer->instance, &walk, FTS5_TOKENIZE_AUX, (const char *)text.data,
                                      (int)text.len, walk_token);
    if (walk.result)
        return walk.result;
    return rc == SQLITE_OK ? 0 : DEPOSITARY_E_MEMORY;
}
