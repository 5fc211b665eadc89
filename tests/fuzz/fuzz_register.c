/*
 * The register: its lines are those that the entries say, and what is shown of it holds if and only if it is so. The input makes a register, four bytes an entry:
 * what it is, and of which instrument, language, number or key; FF ends them. Then come words that may begin a line, to a newline, and what is
 * shown of their absence.
 */
#include "fuzz.h"
#include "proof/register.h"

#include <string.h>

#define ENTRIES_MAX 64
#define SHOWN_MAX   2

struct reader {
    struct bytes in;
};

static uint8_t take_byte(struct reader *reader) {
    uint8_t out = reader->in.len > 0 ? reader->in.data[0] : 0xFF;
    reader->in = bytes_slice(reader->in, 1, reader->in.len);
    return out;
}

static int apply(struct register_lines *lines, struct buffer *text) {
    struct hash leaf;
    merkle_leaf_hash(&leaf, buffer_bytes(text));
    return register_lines_apply(lines, buffer_bytes(text), &leaf, NULL);
}

static void add_edition(struct register_lines *lines, const uint8_t choice[3]) {
    static const char *const languages[] = {"az", "en", "fr", "zh-Hant"};
    char instrument[16];
    struct buffer text;
    snprintf(instrument, sizeof instrument, "%c-%u", 'a' + choice[0] % 8, choice[0] / 64u);
    struct edition_record record = {.instrument = bytes_text(instrument),
                                    .language = bytes_text(languages[choice[1] % 4]),
                                    .edition = 1u + choice[2],
                                    .act = ACT_RECTIFICATION,
                                    .title = BYTES("A title"),
                                    .authenticity = AUTHENTICITY_AUTHENTIC,
                                    .has_previous = true};
    record.act = choice[2] == 0 ? ACT_DEPOSIT : ACT_RECTIFICATION;
    record.has_previous = choice[2] != 0;
    buffer_init(&text, LIMIT_ENTRY);
    HOLDS(edition_record_print(&text, &record, NULL) == 0);
    HOLDS(apply(lines, &text) == 0);
    buffer_free(&text);
}

static void add_key(struct register_lines *lines, const uint8_t choice[3], bool is_revoked, bool known[256]) {
    struct key_record key = {.holder = BYTES("a server"), .not_after = 60};
    struct revocation_record revocation = {.revoked_at = 30};
    struct buffer text;
    memset(key.public_key, choice[0], PUBLIC_KEY_LEN);
    memset(revocation.public_key, choice[0], PUBLIC_KEY_LEN);
    buffer_init(&text, LIMIT_ENTRY);
    if (is_revoked)
        HOLDS(revocation_record_print(&text, &revocation, NULL) == 0);
    else
        HOLDS(key_record_print(&text, &key, NULL) == 0);
    int error = apply(lines, &text);
    HOLDS((error == 0) == (!is_revoked || known[choice[0]]));
    known[choice[0]] = known[choice[0]] || !is_revoked;
    buffer_free(&text);
}

static void take_entries(struct reader *reader, struct register_lines *lines) {
    bool known[256] = {false};
    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        uint8_t kind = take_byte(reader);
        if (kind == 0xFF)
            return;
        const uint8_t choice[3] = {take_byte(reader), take_byte(reader), take_byte(reader)};
        if (kind % 4 < 2)
            add_edition(lines, choice);
        else
            add_key(lines, choice, kind % 4 == 3, known);
    }
}

/* Sorted, each one that parses, each proved. */
static void judge_lines(const struct register_lines *lines, const struct register_record *record) {
    for (size_t i = 0; i < record->lines; i++) {
        struct shown_line shown = {.line = register_lines_line(lines, i), .index = i};
        struct register_line line;
        HOLDS(register_line_parse(&line, shown.line) == 0);
        HOLDS(i == 0 || bytes_compare(register_lines_line(lines, i - 1), shown.line) < 0);
        register_lines_path(&shown.path, lines, i);
        HOLDS(register_line_check(&shown, record) == 0);
    }
}

static size_t lower_bound(const struct register_lines *lines, struct bytes words) {
    size_t at = 0;
    while (at < register_lines_count(lines) && bytes_compare(register_lines_line(lines, at), words) < 0)
        at++;
    return at;
}

/* Lines with their true paths, or with one changed. */
static void try_absence(struct reader *reader, const struct register_lines *lines, const struct register_record *record,
                        struct bytes words) {
    struct shown_line shown[SHOWN_MAX];
    size_t index, count = take_byte(reader) % (SHOWN_MAX + 1), there = register_lines_count(lines);
    bool is_true = true;
    bool is_found = register_lines_find(lines, words, &index);
    HOLDS(register_lines_lower_bound(lines, words) == lower_bound(lines, words));
    HOLDS(!is_found || bytes_starts_with(register_lines_line(lines, index), words));
    for (size_t i = 0; i < count && there > 0; i++) {
        size_t at = (lower_bound(lines, words) + i + there - take_byte(reader) % 3u) % there;
        shown[i] = (struct shown_line){.line = register_lines_line(lines, at), .index = at};
        register_lines_path(&shown[i].path, lines, at);
        uint8_t change = take_byte(reader);
        is_true = is_true && (change % 4 != 1 || shown[i].path.count == 0);
        if (change % 4 == 1 && shown[i].path.count > 0)
            shown[i].path.hashes[0].bytes[change / 8] ^= 1;
        if (change % 4 == 2) {
            shown[i].index += 1u + change / 4;
            is_true = false;
        }
    }
    int error = register_absence_check(words, shown, there > 0 ? count : 0, record);
    HOLDS(error != 0 || (is_true && !is_found));
    HOLDS(there > 0 || error == 0);
    if (there == 0) { /* no lines, and a root that is not of none */
        struct register_record other = *record;
        other.root.bytes[0] ^= 1;
        HOLDS(register_absence_check(words, shown, 0, &other) == DEPOSITARY_E_ABSENCE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct reader reader = {bytes_of(data, size)};
    struct register_lines *lines, *copy;
    struct register_record record = {.time = 0};
    struct register_line line;
    struct hash root;
    struct bytes words;
    if (size > 4096)
        return 0;
    (void)!register_line_parse(&line, reader.in);
    HOLDS(register_lines_new(&lines) == 0);
    take_entries(&reader, lines);
    HOLDS(register_lines_finish(lines) == 0);
    record.lines = register_lines_count(lines);
    register_lines_root(&record.root, lines);
    judge_lines(lines, &record);
    HOLDS(register_lines_copy(&copy, lines) == 0 && register_lines_finish(copy) == 0);
    register_lines_root(&root, copy);
    HOLDS(hash_equal(&root, &record.root));
    register_lines_free(copy);
    if (!bytes_take_line(&reader.in, &words))
        words = BYTES("edition ");
    try_absence(&reader, lines, &record, words);
    register_lines_free(lines);
    return 0;
}
