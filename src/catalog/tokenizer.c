/* The tokenizer of the full-text index: wraps unicode61, and hands Han, Kana and Hangul out one by one. */
#include "catalog/tokenizer.h"

#include <limits.h>
#include <stdlib.h>

#include "base/encode.h"

/* What FTS5 knows as an Fts5Tokenizer of ours. */
struct wrapper {
    fts5_tokenizer inner;
    Fts5Tokenizer *words; /* unicode61's, which keeps a buffer: not for two threads at once */
};

struct tokenizer {
    fts5_tokenizer ops;
    Fts5Tokenizer *instance;
};

typedef int fts5_token(void *context, int flags, const char *token, int len, int start, int end);

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

/* unicode61 sees a part of the text; its offsets are moved to where that part stands. */
struct shifted {
    void *context;
    fts5_token *sink;
    int offset;
};

static int shifted_token(void *context, int flags, const char *token, int len, int start, int end) {
    const struct shifted *shifted = context;
    return shifted->sink(shifted->context, flags, token, len, shifted->offset + start, shifted->offset + end);
}

static int wrapper_words(struct wrapper *wrapper, const struct shifted *part, int flags, const char *text, int len) {
    if (len == 0)
        return SQLITE_OK;
    return wrapper->inner.xTokenize(wrapper->words, (void *)(uintptr_t)part, flags, text, len, shifted_token);
}

static int wrapper_tokenize(Fts5Tokenizer *instance, void *context, int flags, const char *text, int text_len,
                            fts5_token *sink) {
    struct wrapper *wrapper = (struct wrapper *)instance;
    struct shifted part = {.context = context, .sink = sink, .offset = 0};
    int at = 0;
    while (at < text_len) {
        uint32_t code_point = 0;
        size_t len = utf8_next(&code_point, bytes_of(text + at, (size_t)(text_len - at)));
        if (len == 0)
            break;
        int next = at + (int)len;
        if (is_single_letter(code_point)) {
            int rc = wrapper_words(wrapper, &part, flags, text + part.offset, at - part.offset);
            if (rc == SQLITE_OK)
                rc = sink(context, 0, text + at, (int)len, at, next);
            if (rc != SQLITE_OK)
                return rc;
            part.offset = next;
        }
        at = next;
    }
    return wrapper_words(wrapper, &part, flags, text + part.offset, text_len - part.offset);
}

static void wrapper_delete(Fts5Tokenizer *instance) {
    struct wrapper *wrapper = (struct wrapper *)instance;
    if (!wrapper)
        return;
    if (wrapper->words)
        wrapper->inner.xDelete(wrapper->words);
    sqlite3_free(wrapper);
}

static int wrapper_create(void *context, const char **arguments, int arguments_count, Fts5Tokenizer **out) {
    (void)arguments, (void)arguments_count;
    static const char *options[] = {"remove_diacritics", "2"};
    fts5_api *api = context;
    void *inner_context = NULL;
    struct wrapper *wrapper = sqlite3_malloc(sizeof *wrapper);
    if (!wrapper)
        return SQLITE_NOMEM;
    wrapper->words = NULL;
    int rc = api->xFindTokenizer(api, "unicode61", &inner_context, &wrapper->inner);
    if (rc == SQLITE_OK)
        rc = wrapper->inner.xCreate(inner_context, options, 2, &wrapper->words);
    if (rc != SQLITE_OK) {
        sqlite3_free(wrapper);
        return rc;
    }
    *out = (Fts5Tokenizer *)wrapper;
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
    fts5_tokenizer ops = {wrapper_create, wrapper_delete, wrapper_tokenize};
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
