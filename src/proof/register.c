/*
 * The register's lines, made from entries, and what a line or two of it prove. PROTOCOL.md section 3. Pure.
 *
 * A line is known by its words up to the value that changes, "edition <id> <language> " or "key <public key> ". No such words are the
 * start of others, so a line that changes keeps its place in the order, and only a new line makes sorting needed.
 */
#include "proof/register.h"

#include "base/encode.h"
#include "base/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HASH_BASE64_LEN 44
#define LINE_MAX_LEN    (sizeof("edition ") + LIMIT_INSTRUMENT + LIMIT_LANGUAGE + 16 + HASH_BASE64_LEN)

/* ---- one line */

/* Takes what stands before the next space, and the space. */
static bool take_word(struct bytes *in, struct bytes *word) {
    const uint8_t *space = in->len == 0 ? NULL : memchr(in->data, ' ', in->len);
    if (!space) {
        return false;
    }
    size_t len = (size_t)(space - in->data);
    *word = bytes_slice(*in, 0, len);
    *in = bytes_slice(*in, len + 1, in->len);
    return true;
}

static bool parse_edition_line(struct register_line *out, struct bytes left) {
    struct bytes number;
    uint64_t edition;
    if (!take_word(&left, &out->instrument) || !instrument_valid(out->instrument) ||
        !take_word(&left, &out->language) || !language_valid(out->language)) {
        return false;
    }
    if (!take_word(&left, &number) || !decimal_parse(&edition, number) || edition < 1 || edition > UINT32_MAX) {
        return false;
    }
    out->edition = (uint32_t)edition;
    return base64_decode_exact(out->record.bytes, HASH_LEN, left);
}

static bool parse_key_line(struct register_line *out, struct bytes left) {
    struct bytes public_key;
    struct bytes status;
    if (!take_word(&left, &public_key) || !base64_decode_exact(out->public_key, PUBLIC_KEY_LEN, public_key) ||
        !take_word(&left, &status)) {
        return false;
    }
    out->is_key = true;
    out->active = bytes_equal(status, BYTES("active"));
    return (out->active || bytes_equal(status, BYTES("revoked"))) &&
           base64_decode_exact(out->record.bytes, HASH_LEN, left);
}

int register_line_parse(struct register_line *out, struct bytes line) {
    struct register_line parsed = {0};
    bool good = false;
    if (bytes_take(&line, BYTES("edition "))) {
        good = parse_edition_line(&parsed, line);
    } else if (bytes_take(&line, BYTES("key "))) {
        good = parse_key_line(&parsed, line);
    }
    if (!good) {
        return DEPOSITARY_E_REGISTER_LINE;
    }
    *out = parsed;
    return 0;
}

/* ---- the lines */

struct entry {
    char line[LINE_MAX_LEN];
    uint16_t len;
    uint16_t words_len; /* the words that the line is known by */
    bool is_hashed;     /* leaf is that of the line as it stands */
    struct hash leaf;
};

struct register_lines {
    struct entry *entries; /* in the order in which they came */
    uint32_t *slots;       /* hash table with open addressing: index of an entry plus 1, 0 for empty */
    uint32_t *order;       /* indices of entries, sorted by line; the first `sorted` are set */
    size_t count;
    size_t capacity;  /* of entries and order; slots are twice as many, a power of two */
    size_t sorted;    /* lines at the last finish */
    bool is_finished; /* nothing was applied since */
    struct merkle_tree tree;
};

#define FIRST_CAPACITY 16u

int register_lines_new(struct register_lines **out) {
    struct register_lines *lines = calloc(1, sizeof(*lines));
    if (!lines) {
        return DEPOSITARY_E_MEMORY;
    }
    *out = lines;
    return 0;
}

void register_lines_free(struct register_lines *lines) {
    if (!lines) {
        return;
    }
    merkle_tree_free(&lines->tree);
    free(lines->entries);
    free(lines->slots);
    free(lines->order);
    free(lines);
}

static struct bytes entry_line(const struct entry *entry) {
    return bytes_of(entry->line, entry->len);
}

static struct bytes entry_words(const struct entry *entry) {
    return bytes_of(entry->line, entry->words_len);
}

/* FNV-1a, 64 bits. Whoever signs the ledger chooses the words, so there is nobody to guard the table from. */
static size_t words_hash(struct bytes words) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < words.len; i++) {
        hash = (hash ^ words.data[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)(hash ^ hash >> 32);
}

/* The slot of the entry with these words, or the empty slot where it belongs. The table is never more than half full. */
static uint32_t *find_slot(const struct register_lines *lines, struct bytes words) {
    size_t mask = lines->capacity * 2 - 1;
    size_t at = words_hash(words) & mask;
    while (lines->slots[at] != 0 && !bytes_equal(entry_words(&lines->entries[lines->slots[at] - 1]), words)) {
        at = (at + 1) & mask;
    }
    return &lines->slots[at];
}

static struct entry *find_entry(const struct register_lines *lines, struct bytes words) {
    uint32_t slot = lines->capacity == 0 ? 0 : *find_slot(lines, words);
    return slot == 0 ? NULL : &lines->entries[slot - 1];
}

/* Room for `capacity` entries, a power of two; on failure the lines are as before. */
static int set_capacity(struct register_lines *lines, size_t capacity) {
    if (capacity > UINT32_MAX / 4 || capacity > SIZE_MAX / sizeof(struct entry)) {
        return DEPOSITARY_E_LIMIT;
    }
    struct entry *entries = realloc(lines->entries, capacity * sizeof(*entries));
    if (!entries) {
        return DEPOSITARY_E_MEMORY;
    }
    lines->entries = entries;
    uint32_t *order = realloc(lines->order, capacity * sizeof(*order));
    if (!order) {
        return DEPOSITARY_E_MEMORY;
    }
    lines->order = order;
    uint32_t *slots = calloc(capacity * 2, sizeof(*slots));
    if (!slots) {
        return DEPOSITARY_E_MEMORY;
    }
    free(lines->slots);
    lines->slots = slots;
    lines->capacity = capacity;
    for (size_t i = 0; i < lines->count; i++) {
        *find_slot(lines, entry_words(&lines->entries[i])) = (uint32_t)i + 1;
    }
    return 0;
}

/* Sets the line that begins with the words_len first bytes of `line`, or adds it. */
static int set_line(struct register_lines *lines, struct bytes line, size_t words_len) {
    struct entry *entry = find_entry(lines, bytes_slice(line, 0, words_len));
    if (!entry) {
        if (lines->count == lines->capacity) {
            int error = set_capacity(lines, lines->capacity == 0 ? FIRST_CAPACITY : lines->capacity * 2);
            if (error) {
                return error;
            }
        }
        entry = &lines->entries[lines->count];
        *find_slot(lines, bytes_slice(line, 0, words_len)) = (uint32_t)lines->count + 1;
        lines->count++;
    }
    memcpy(entry->line, line.data, line.len);
    entry->len = (uint16_t)line.len;
    entry->words_len = (uint16_t)words_len;
    entry->is_hashed = false;
    lines->is_finished = false;
    return 0;
}

int register_lines_copy(struct register_lines **out, const struct register_lines *lines) {
    struct register_lines *copy;
    int error = register_lines_new(&copy);
    if (error) {
        return error;
    }
    if (lines->capacity > 0) {
        error = set_capacity(copy, lines->capacity);
    }
    if (!error && lines->capacity > 0) {
        memcpy(copy->entries, lines->entries, lines->count * sizeof(*copy->entries));
        memcpy(copy->slots, lines->slots, lines->capacity * 2 * sizeof(*copy->slots));
        memcpy(copy->order, lines->order, lines->sorted * sizeof(*copy->order));
        copy->count = lines->count;
        copy->sorted = lines->sorted;
    }
    if (!error && lines->is_finished) {
        error = register_lines_finish(copy);
    }
    if (error) {
        register_lines_free(copy);
        return error;
    }
    *out = copy;
    return 0;
}

/* ---- from entries to lines */

static int put_line(struct register_lines *lines, struct buffer *line, size_t words_len, const struct hash *record) {
    buffer_append_base64(line, hash_bytes(record));
    return line->error ? line->error : set_line(lines, buffer_bytes(line), words_len);
}

static int apply_edition(struct register_lines *lines, struct buffer *line, struct bytes record,
                         const struct hash *leaf_hash, struct fault *fault) {
    struct edition_record edition;
    int error = edition_record_parse(&edition, record, fault);
    if (error) {
        return error;
    }
    buffer_append_text(line, "edition ");
    buffer_append(line, edition.instrument);
    buffer_append_byte(line, ' ');
    buffer_append(line, edition.language);
    buffer_append_byte(line, ' ');
    size_t words_len = line->len;
    buffer_append_decimal(line, edition.edition);
    buffer_append_byte(line, ' ');
    return put_line(lines, line, words_len, leaf_hash);
}

/* "key <public key> <status> "; the length of the words is returned. */
static size_t begin_key_line(struct buffer *line, const uint8_t public_key[PUBLIC_KEY_LEN], const char *status) {
    buffer_append_text(line, "key ");
    buffer_append_base64(line, bytes_of(public_key, PUBLIC_KEY_LEN));
    buffer_append_byte(line, ' ');
    size_t words_len = line->len;
    buffer_append_text(line, status);
    buffer_append_byte(line, ' ');
    return words_len;
}

static int apply_key(struct register_lines *lines, struct buffer *line, struct bytes record,
                     const struct hash *leaf_hash, struct fault *fault) {
    struct key_record key;
    int error = key_record_parse(&key, record, fault);
    if (error) {
        return error;
    }
    size_t words_len = begin_key_line(line, key.public_key, "active");
    return put_line(lines, line, words_len, leaf_hash);
}

/* The line goes on naming the key's record, not the revocation's. */
static int apply_revocation(struct register_lines *lines, struct buffer *line, struct bytes record,
                            struct fault *fault) {
    struct revocation_record revocation;
    struct register_line before;
    int error = revocation_record_parse(&revocation, record, fault);
    if (error) {
        return error;
    }
    size_t words_len = begin_key_line(line, revocation.public_key, "revoked");
    if (line->error) {
        return line->error;
    }
    const struct entry *entry = find_entry(lines, bytes_slice(buffer_bytes(line), 0, words_len));
    if (!entry || register_line_parse(&before, entry_line(entry)) != 0) {
        return fault_set(fault, DEPOSITARY_E_RULE, "a revocation of a key that has no record");
    }
    return put_line(lines, line, words_len, &before.record);
}

int register_lines_apply(struct register_lines *lines, struct bytes record, const struct hash *leaf_hash,
                         struct fault *fault) {
    struct register_record summary;
    struct buffer line;
    int error;
    buffer_init(&line, LINE_MAX_LEN);
    switch (record_type(record)) {
    case RECORD_EDITION:
        error = apply_edition(lines, &line, record, leaf_hash, fault);
        break;
    case RECORD_KEY:
        error = apply_key(lines, &line, record, leaf_hash, fault);
        break;
    case RECORD_REVOCATION:
        error = apply_revocation(lines, &line, record, fault);
        break;
    case RECORD_REGISTER:
        error = register_record_parse(&summary, record, fault);
        break;
    default:
        error = fault_set(fault, DEPOSITARY_E_RECORD, "not an entry of a ledger");
    }
    buffer_free(&line);
    return error;
}

/* ---- sorting and hashing */

/* What qsort compares: it hands no context to its comparison, so the line travels with the index. */
struct sorted_line {
    struct bytes line;
    uint32_t index;
};

static int compare_lines(const void *a, const void *b) {
    return bytes_compare(((const struct sorted_line *)a)->line, ((const struct sorted_line *)b)->line);
}

static int sort_lines(struct register_lines *lines) {
    if (lines->sorted == lines->count) {
        return 0;
    }
    struct sorted_line *sorted = malloc(lines->count * sizeof(*sorted));
    if (!sorted) {
        return DEPOSITARY_E_MEMORY;
    }
    for (size_t i = 0; i < lines->count; i++) {
        /* those already in order first: a few new lines then cost little */
        uint32_t index = i < lines->sorted ? lines->order[i] : (uint32_t)i;
        sorted[i] = (struct sorted_line){.line = entry_line(&lines->entries[index]), .index = index};
    }
    qsort(sorted, lines->count, sizeof(*sorted), compare_lines);
    for (size_t i = 0; i < lines->count; i++) {
        lines->order[i] = sorted[i].index;
    }
    lines->sorted = lines->count;
    free(sorted);
    return 0;
}

static int hash_lines(struct register_lines *lines) {
    if (lines->tree.capacity < lines->count || !lines->tree.nodes) {
        struct merkle_tree tree;
        int error = merkle_tree_init(&tree, lines->capacity > 0 ? lines->capacity : FIRST_CAPACITY);
        if (error) {
            return error;
        }
        merkle_tree_free(&lines->tree);
        lines->tree = tree;
    }
    merkle_tree_reset(&lines->tree);
    for (size_t i = 0; i < lines->count; i++) {
        struct entry *entry = &lines->entries[lines->order[i]];
        if (!entry->is_hashed) {
            merkle_leaf_hash(&entry->leaf, entry_line(entry));
            entry->is_hashed = true;
        }
        merkle_tree_append(&lines->tree, &entry->leaf);
    }
    return 0;
}

int register_lines_finish(struct register_lines *lines) {
    int error = sort_lines(lines);
    if (!error) {
        error = hash_lines(lines);
    }
    if (!error) {
        lines->is_finished = true;
    }
    return error;
}

/* ---- reading finished lines */

size_t register_lines_count(const struct register_lines *lines) {
    return lines->count;
}

struct bytes register_lines_line(const struct register_lines *lines, size_t index) {
    assert(lines->is_finished && index < lines->count);
    return entry_line(&lines->entries[lines->order[index]]);
}

void register_lines_root(struct hash *out, const struct register_lines *lines) {
    assert(lines->is_finished);
    merkle_tree_root(out, &lines->tree);
}

void register_lines_path(struct merkle_path *out, const struct register_lines *lines, size_t index) {
    assert(lines->is_finished && index < lines->count);
    merkle_tree_path(out, &lines->tree, index);
}

size_t register_lines_lower_bound(const struct register_lines *lines, struct bytes words) {
    size_t low = 0;
    size_t high = lines->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(register_lines_line(lines, middle), words) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool register_lines_find(const struct register_lines *lines, struct bytes words, size_t *index) {
    size_t at = register_lines_lower_bound(lines, words);
    if (at == lines->count || !bytes_starts_with(register_lines_line(lines, at), words)) {
        return false;
    }
    *index = at;
    return true;
}

/* ---- lines that somebody shows */

int register_line_check(const struct shown_line *shown, const struct register_record *record) {
    struct register_line line;
    struct hash leaf;
    if (register_line_parse(&line, shown->line) != 0 || shown->index >= record->lines) {
        return DEPOSITARY_E_REGISTER_LINE;
    }
    merkle_leaf_hash(&leaf, shown->line);
    int error = merkle_inclusion_check(&leaf, shown->index, record->lines, &shown->path, &record->root);
    return error ? DEPOSITARY_E_REGISTER_LINE : 0;
}

/* Lines are sorted, and every line that begins with `words` stands after `words` and before any greater line that does not. */
int register_absence_check(struct bytes words, const struct shown_line *shown, size_t count,
                           const struct register_record *record) {
    if (record->lines == 0) {
        struct hash empty;
        merkle_empty_root(&empty);
        return count == 0 && hash_equal(&record->root, &empty) ? 0 : DEPOSITARY_E_ABSENCE;
    }
    if (count < 1 || count > 2) {
        return DEPOSITARY_E_ABSENCE;
    }
    for (size_t i = 0; i < count; i++) {
        if (register_line_check(&shown[i], record) != 0 || bytes_starts_with(shown[i].line, words)) {
            return DEPOSITARY_E_ABSENCE;
        }
    }
    bool first_is_before = bytes_compare(shown[0].line, words) < 0;
    bool proved;
    if (count == 2) {
        bool second_is_after = bytes_compare(shown[1].line, words) > 0;
        proved = first_is_before && second_is_after && shown[1].index == shown[0].index + 1;
    } else if (first_is_before) {
        proved = shown[0].index == record->lines - 1;
    } else {
        proved = shown[0].index == 0;
    }
    return proved ? 0 : DEPOSITARY_E_ABSENCE;
}
