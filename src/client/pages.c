/* Ends of pages, by a hash of the question. */
#include "client/pages.h"

#include "proof/seal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 64

struct kept_page {
    struct hash name;
    struct page_end end;
};

struct pages {
    pthread_mutex_t lock;
    struct kept_page kept[PAGES_MAX];
    size_t count; /* ever; the oldest are overwritten */
};

int pages_new(struct pages **out) {
    struct pages *pages = calloc(1, sizeof *pages);
    if (pages == NULL) {
        return DEPOSITARY_E_MEMORY;
    }
    if (pthread_mutex_init(&pages->lock, NULL) != 0) {
        free(pages);
        return DEPOSITARY_E_MEMORY;
    }
    *out = pages;
    return 0;
}

void pages_free(struct pages *pages) {
    if (pages != NULL) {
        (void)pthread_mutex_destroy(&pages->lock);
        free(pages);
    }
}

/* A field of the question by its name, NULL where it has none; all that are asked for are at the place that the descriptor says. */
static void *field_of(ProtobufCMessage *question, const char *name) {
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(question->descriptor, name);
    return field != NULL ? (uint8_t *)question + field->offset : NULL;
}

/* What a list is: the method, the question without what changes from page to page, and the token that goes on from here. */
static bool name_page(struct hash *out, const struct method *method, ProtobufCMessage *question, const char *token) {
    char **page_token = field_of(question, "page_token");
    int32_t *page_size = field_of(question, "page_size");
    uint64_t *known_size = field_of(question, "known_ledger_size");
    if (page_token == NULL || page_size == NULL || known_size == NULL) {
        return false;
    }
    char *old_token = *page_token;
    int32_t old_size = *page_size;
    uint64_t old_known = *known_size;
    *page_token = (char *)(uintptr_t)token; /* packed, never written to */
    *page_size = 0;
    *known_size = 0;
    size_t len = protobuf_c_message_get_packed_size(question);
    size_t name_len = strlen(method->full_name);
    uint8_t *packed = malloc(name_len + 1 + len);
    if (packed != NULL) {
        memcpy(packed, method->full_name, name_len + 1);
        (void)protobuf_c_message_pack(question, packed + name_len + 1);
        seal_digest(out, bytes_of(packed, name_len + 1 + len));
    }
    free(packed);
    *page_token = old_token;
    *page_size = old_size;
    *known_size = old_known;
    return packed != NULL;
}

void pages_keep(struct pages *pages, const struct method *method, ProtobufCMessage *question, const char *token,
                const struct page_end *end) {
    struct hash name;
    if (!name_page(&name, method, question, token)) {
        return;
    }
    pthread_mutex_lock(&pages->lock);
    struct kept_page *kept = NULL;
    size_t count = pages->count < PAGES_MAX ? pages->count : PAGES_MAX;
    for (size_t i = 0; i < count; i++) {
        if (hash_equal(&pages->kept[i].name, &name)) {
            kept = &pages->kept[i];
        }
    }
    if (kept == NULL) {
        kept = &pages->kept[pages->count++ % PAGES_MAX];
    }
    kept->name = name;
    kept->end = *end;
    pthread_mutex_unlock(&pages->lock);
}

bool pages_find(struct pages *pages, const struct method *method, ProtobufCMessage *question, struct page_end *out) {
    struct hash name;
    char **token = field_of(question, "page_token");
    bool is_found = false;
    if (token == NULL || (*token)[0] == '\0' || !name_page(&name, method, question, *token)) {
        return false;
    }
    pthread_mutex_lock(&pages->lock);
    size_t count = pages->count < PAGES_MAX ? pages->count : PAGES_MAX;
    for (size_t i = 0; i < count && !is_found; i++) {
        if (hash_equal(&pages->kept[i].name, &name)) {
            *out = pages->kept[i].end;
            is_found = true;
        }
    }
    pthread_mutex_unlock(&pages->lock);
    return is_found;
}
