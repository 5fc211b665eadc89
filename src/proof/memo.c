/* What was verified before (memo.h). */
#include "proof/memo.h"

#include <stdlib.h>
#include <string.h>

struct memo_entry {
    struct bytes key; /* its data and the value lie in one block */
    void *value;
};

int memo_init(struct memo *memo, size_t entries_max, size_t key_max, size_t value_size) {
    struct memo_entry *entries = calloc(entries_max, sizeof(*entries));

    if (!entries)
        return DEPOSITARY_E_MEMORY;
    *memo = (struct memo){.entries = entries, .entries_max = entries_max, .key_max = key_max, .value_size = value_size};
    return 0;
}

void memo_free(struct memo *memo) {
    for (size_t i = 0; i < memo->entries_max; i++)
        free(memo->entries[i].value);
    free(memo->entries);
    memset(memo, 0, sizeof(*memo));
}

/* From the newest on: what comes with many is asked for again and again while it is new. */
const void *memo_find(const struct memo *memo, struct bytes key) {
    for (size_t back = 1; key.len > 0 && back <= memo->entries_max; back++) {
        const struct memo_entry *entry = &memo->entries[(memo->next + memo->entries_max - back) % memo->entries_max];
        if (bytes_equal(entry->key, key))
            return entry->value;
    }
    return NULL;
}

void memo_keep(struct memo *memo, struct bytes key, const void *value) {
    struct memo_entry *entry = &memo->entries[memo->next];

    if (key.len == 0 || key.len > memo->key_max)
        return;
    uint8_t *block = malloc(memo->value_size + key.len);
    if (!block)
        return;
    memcpy(block, value, memo->value_size);
    memcpy(block + memo->value_size, key.data, key.len);
    free(entry->value);
    *entry = (struct memo_entry){.key = bytes_of(block + memo->value_size, key.len), .value = block};
    memo->next = (memo->next + 1) % memo->entries_max;
}
