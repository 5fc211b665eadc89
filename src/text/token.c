/* Tokens and their words. */
#include "text/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "text/character.h"
#include "text/skeleton.h"

/* ---- the vocabulary */

/* FNV-1a. Equal hashes are told apart by bytes; made-up collisions cost time only within a window of an alignment. */
static uint64_t hash_bytes(struct bytes in) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < in.len; i++) {
        hash = (hash ^ in.data[i]) * UINT64_C(0x100000001B3);
    }
    return hash ^ hash >> 32;
}

static uint64_t letters_of(struct bytes key) {
    uint64_t letters = 0;
    uint32_t c;
    for (size_t len; (len = utf8_next(&c, key)) > 0; key = bytes_slice(key, len, key.len - len)) {
        letters |= UINT64_C(1) << (c * 0x9E3779B1u >> 26);
    }
    return letters;
}

static uint32_t *slot_of(const struct vocabulary *vocabulary, struct bytes key) {
    size_t at = hash_bytes(key) & (vocabulary->slots_count - 1);
    while (vocabulary->slots[at] != 0 && !bytes_equal(vocabulary->words[vocabulary->slots[at] - 1].key, key)) {
        at = (at + 1) & (vocabulary->slots_count - 1);
    }
    return &vocabulary->slots[at];
}

static int slots_grow(struct vocabulary *vocabulary) {
    if (vocabulary->count * 2 < vocabulary->slots_count) {
        return 0;
    }
    size_t count = vocabulary->slots_count == 0 ? 256 : vocabulary->slots_count * 2;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (!slots) {
        return DEPOSITARY_E_MEMORY;
    }
    free(vocabulary->slots);
    vocabulary->slots = slots;
    vocabulary->slots_count = count;
    for (size_t i = 0; i < vocabulary->count; i++) {
        *slot_of(vocabulary, vocabulary->words[i].key) = (uint32_t)i + 1;
    }
    return 0;
}

static int word_of(uint32_t *out, struct vocabulary *vocabulary, struct bytes key, uint32_t weight) {
    int error = slots_grow(vocabulary);
    if (error != 0) {
        return error;
    }
    uint32_t *slot = slot_of(vocabulary, key);
    if (*slot == 0) {
        if (vocabulary->count == vocabulary->capacity) {
            size_t capacity = vocabulary->capacity == 0 ? 256 : vocabulary->capacity * 2;
            struct word *words = realloc(vocabulary->words, capacity * sizeof *words);
            if (!words) {
                return DEPOSITARY_E_MEMORY;
            }
            vocabulary->words = words;
            vocabulary->capacity = capacity;
        }
        vocabulary->words[vocabulary->count] = (struct word){.key = key, .letters = letters_of(key), .weight = weight};
        *slot = (uint32_t)++vocabulary->count;
    }
    *out = *slot - 1;
    return 0;
}

void vocabulary_free(struct vocabulary *vocabulary) {
    free(vocabulary->words);
    free(vocabulary->slots);
    for (size_t i = 0; i < vocabulary->keys_count; i++) {
        free(vocabulary->keys[i]);
    }
    *vocabulary = (struct vocabulary){0};
}

/* ---- cutting */

/* The token that begins at the first code point of `in` (not white space), in bytes; marks stay with their letter. */
static size_t token_len(struct bytes in) {
    uint32_t c;
    size_t len = utf8_next(&c, in);
    bool word = is_word(c) && !is_unspaced(c);
    while (len < in.len) {
        uint32_t next;
        size_t next_len = utf8_next(&next, bytes_slice(in, len, UTF8_LEN_MAX));
        bool joined = word && (next == SOFT_HYPHEN || (is_word(next) && !is_unspaced(next)));
        if (!joined) {
            break;
        }
        len += next_len;
    }
    return len;
}

static size_t code_points(struct bytes in) {
    size_t count = 0;
    for (size_t i = 0; i < in.len; i++) {
        count += (in.data[i] & 0xC0) != 0x80;
    }
    return count;
}

/* Cuts in two rounds: without room for tokens it only counts. */
static size_t cut(struct token *tokens, struct bytes text) {
    size_t count = 0;
    for (size_t at = 0; at < text.len;) {
        struct bytes rest = bytes_slice(text, at, text.len - at);
        uint32_t c;
        size_t len = utf8_next(&c, rest);
        if (len == 0) {
            break;
        }
        if (!is_white_space(c)) {
            len = token_len(rest);
            if (tokens) {
                tokens[count] = (struct token){.offset = (uint32_t)at, .length = (uint32_t)len};
            }
            count++;
        }
        at += len;
    }
    return count;
}

/* The key of a token is its stretch of the skeleton, or its own bytes where nothing is left of it. */
static int name_words(struct token_list *list, struct vocabulary *vocabulary, struct bytes text,
                      const struct folded *bones) {
    size_t at = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct token *token = &list->tokens[i];
        size_t end = (size_t)token->offset + token->length;
        while (at < bones->len && bones->source[at] < token->offset) {
            at++;
        }
        size_t start = at;
        while (at < bones->len && bones->source[at] < end) {
            at++;
        }
        struct bytes key = bytes_of(bones->text + start, at - start);
        if (key.len == 0) {
            key = bytes_slice(text, token->offset, token->length);
        }
        token->weight = (uint32_t)code_points(key);
        int error = word_of(&token->word, vocabulary, key, token->weight);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

int tokens_of(struct token_list *out, struct vocabulary *vocabulary, struct bytes text) {
    struct folded bones = {0};
    struct token_list list = {.count = cut(NULL, text)};
    if (vocabulary->keys_count == sizeof vocabulary->keys / sizeof vocabulary->keys[0]) {
        return DEPOSITARY_E_ARGUMENT;
    }
    list.tokens = calloc(list.count + 1, sizeof *list.tokens);
    if (!list.tokens) {
        return DEPOSITARY_E_MEMORY;
    }
    cut(list.tokens, text);
    int error = skeleton_of(&bones, text);
    if (error == 0) {
        vocabulary->keys[vocabulary->keys_count++] = bones.text; /* the words keep looking at it */
        error = name_words(&list, vocabulary, text, &bones);
    }
    free(bones.source);
    if (error != 0) {
        token_list_free(&list);
        return error;
    }
    *out = list;
    return 0;
}

void token_list_free(struct token_list *list) {
    if (list) {
        free(list->tokens);
        *list = (struct token_list){0};
    }
}
