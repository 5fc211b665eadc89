/*
 * Description files: what is known of an instrument, in the words of its edition record (PROTOCOL.md section 3). A line is a key, a space
 * and a value; `#` at the start of a line makes it a comment, and blank lines are passed over. Nothing is guessed: an unknown or
 * repeated key is refused with its line.
 */
#include "base/time.h"
#include "office/office.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTIES_MAX 1000u /* more do not fit into a record */

/* A line that may stand once. */
struct field {
    const char *key;
    size_t offset; /* of its char * in struct description */
    bool (*is_valid)(struct bytes value);
    bool may_be_none; /* `none` is the word for absent */
    bool is_required;
    const char *wanted; /* what a value has to be, for who wrote another */
};

static bool authenticity_valid(struct bytes value) {
    enum authenticity parsed;
    return authenticity_parse(&parsed, value);
}

static const struct field fields[] = {
    {"instrument", offsetof(struct description, instrument), instrument_valid, false, true,
     "small letters, digits and hyphens, such as az-cn-joint-statement-2025"},
    {"language", offsetof(struct description, language), language_valid, false, true,
     "a language tag, such as en or zh-Hans"},
    {"title", offsetof(struct description, title), value_valid, false, true, "one line of text"},
    {"date", offsetof(struct description, date), date_valid, true, false, "YYYY-MM-DD, or none"},
    {"place", offsetof(struct description, place), value_valid, true, false, "one line of text, or none"},
    {"authenticity", offsetof(struct description, authenticity), authenticity_valid, false, true,
     "authentic, translation, or not established"},
    {"translation-of", offsetof(struct description, translation_of), value_valid, true, false,
     "a language, or the leaf hash of an edition record, or none"},
    {"remark", offsetof(struct description, remark), value_valid, true, false, "one line of text, or none"},
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* A file that is being read. */
struct reading {
    struct description *out;
    size_t line; /* from 1 */
    bool seen[FIELDS];
    bool has_party_line;   /* `party`, one a line */
    bool has_parties_line; /* `parties`, all in one */
    struct fault *fault;
};

static char **field_of(struct description *description, const struct field *field) {
    return (char **)(void *)((char *)description + field->offset);
}

static char *copy_text(struct bytes in) {
    char *out = malloc(in.len + 1);
    if (out) {
        bytes_write_text(out, in.len + 1, in);
    }
    return out;
}

static bool is_blank(uint8_t byte) {
    return byte == ' ' || byte == '\t';
}

static struct bytes trim(struct bytes in) {
    while (in.len > 0 && is_blank(in.data[0])) {
        in = bytes_slice(in, 1, in.len);
    }
    while (in.len > 0 && is_blank(in.data[in.len - 1])) {
        in.len--;
    }
    return in;
}

static int fail(const struct reading *reading, const char *what, struct bytes about) {
    size_t len = about.len < 80 ? about.len : 80;
    while (len > 0 && len < about.len && (about.data[len] & 0xC0) == 0x80) { /* not inside a code point */
        len--;
    }
    return fault_set(reading->fault, DEPOSITARY_E_FORMAT, "description, line %zu: %s: %.*s", reading->line, what,
                     (int)len, len > 0 ? (const char *)about.data : "");
}

static int no_memory(struct fault *fault) {
    return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for a description");
}

/* ---- parties */

static int add_party(struct description *out, struct bytes party) {
    char **parties = realloc(out->parties, (out->parties_count + 1) * sizeof(*parties));
    if (!parties) {
        return DEPOSITARY_E_MEMORY;
    }
    out->parties = parties;
    parties[out->parties_count] = copy_text(party);
    if (!parties[out->parties_count]) {
        return DEPOSITARY_E_MEMORY;
    }
    out->parties_count++;
    return 0;
}

static int read_party(struct reading *reading, struct bytes value) {
    if (!value_valid(value)) {
        return fail(reading, "a party that a record cannot hold", value);
    }
    if (reading->out->parties_count >= PARTIES_MAX) {
        return fail(reading, "too many parties", value);
    }
    return add_party(reading->out, value) ? no_memory(reading->fault) : 0;
}

/* "A; B; C" */
static int read_parties(struct reading *reading, struct bytes value) {
    int error = 0;
    bool is_last = false;
    while (!error && !is_last) {
        const uint8_t *end = value.len > 0 ? memchr(value.data, ';', value.len) : NULL;
        size_t len = end ? (size_t)(end - value.data) : value.len;
        is_last = !end;
        error = read_party(reading, trim(bytes_slice(value, 0, len)));
        value = bytes_slice(value, len + 1, value.len);
    }
    return error;
}

/* ---- lines */

static int read_field(struct reading *reading, size_t index, struct bytes value) {
    const struct field *field = &fields[index];
    if (reading->seen[index]) {
        return fail(reading, "stands twice", bytes_text(field->key));
    }
    reading->seen[index] = true;
    if (field->may_be_none && bytes_equal(value, BYTES("none"))) {
        return 0;
    }
    if (!field->is_valid(value)) {
        char what[160];
        snprintf(what, sizeof what, "%s has to be %s; it is", field->key, field->wanted);
        return fail(reading, what, value);
    }
    char **place = field_of(reading->out, field);
    *place = copy_text(value);
    return *place ? 0 : no_memory(reading->fault);
}

static int read_pair(struct reading *reading, struct bytes key, struct bytes value) {
    if (bytes_equal(key, BYTES("party"))) {
        if (reading->has_parties_line) {
            return fail(reading, "both party and parties", value);
        }
        reading->has_party_line = true;
        return read_party(reading, value);
    }
    if (bytes_equal(key, BYTES("parties"))) {
        if (reading->has_party_line || reading->has_parties_line) {
            return fail(reading, "stands twice", key);
        }
        reading->has_parties_line = true;
        return read_parties(reading, value);
    }
    for (size_t i = 0; i < FIELDS; i++) {
        if (bytes_equal(key, bytes_text(fields[i].key))) {
            return read_field(reading, i, value);
        }
    }
    return fail(reading, "unknown key", key);
}

static int read_line(struct reading *reading, struct bytes line) {
    if (line.len == 0 || line.data[0] == '#' || trim(line).len == 0) {
        return 0;
    }
    size_t len = 0;
    while (len < line.len && !is_blank(line.data[len])) {
        len++;
    }
    return read_pair(reading, bytes_slice(line, 0, len), trim(bytes_slice(line, len, line.len)));
}

static int judge_complete(const struct reading *reading) {
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].is_required && !reading->seen[i]) {
            return fault_set(reading->fault, DEPOSITARY_E_FORMAT, "description: no line \"%s ...\": it has to be %s",
                             fields[i].key, fields[i].wanted);
        }
    }
    return 0;
}

int description_parse(struct description *out, struct bytes text, struct fault *fault) {
    struct description description = {0};
    struct reading reading = {.out = &description, .fault = fault};
    struct bytes line;
    int error = 0;
    if (text.len > DESCRIPTION_MAX) {
        return fault_set(fault, DEPOSITARY_E_LIMIT, "a description has at most %u bytes", DESCRIPTION_MAX);
    }
    while (!error && text.len > 0) {
        if (!bytes_take_line(&text, &line)) { /* the last line may lack its end: editors differ */
            line = text;
            text = bytes_of(NULL, 0);
        }
        reading.line++;
        error = read_line(&reading, line);
    }
    if (!error) {
        error = judge_complete(&reading);
    }
    if (error) {
        description_free(&description);
        return error;
    }
    *out = description;
    return 0;
}

/* ---- from a record */

static int copy_field(char **out, struct bytes in) {
    if (in.len == 0) {
        return 0; /* absent */
    }
    *out = copy_text(in);
    return *out ? 0 : DEPOSITARY_E_MEMORY;
}

static int copy_translation_of(char **out, const struct edition_record *record) {
    struct buffer text;
    if (!record->has_translation_of) {
        return 0;
    }
    buffer_init(&text, 64);
    buffer_append_base64(&text, hash_bytes(&record->translation_of));
    *out = buffer_take_text(&text);
    buffer_free(&text); /* where it could not be taken */
    return *out ? 0 : DEPOSITARY_E_MEMORY;
}

int description_of_record(struct description *out, const struct edition_record *record) {
    struct description description = {0};
    struct bytes parties = record->parties;
    struct bytes party;
    int error = copy_field(&description.instrument, record->instrument);
    if (!error) {
        error = copy_field(&description.language, record->language);
    }
    if (!error) {
        error = copy_field(&description.title, record->title);
    }
    if (!error) {
        error = copy_field(&description.date, record->date);
    }
    if (!error) {
        error = copy_field(&description.place, record->place);
    }
    if (!error) {
        error = copy_field(&description.authenticity, bytes_text(authenticity_text(record->authenticity)));
    }
    if (!error) {
        error = copy_translation_of(&description.translation_of, record);
    }
    while (!error && edition_record_party(&party, &parties)) {
        error = add_party(&description, party);
    }
    if (error) {
        description_free(&description);
        return error;
    }
    *out = description;
    return 0;
}

void description_free(struct description *description) {
    for (size_t i = 0; i < FIELDS; i++) {
        free(*field_of(description, &fields[i]));
    }
    for (size_t i = 0; i < description->parties_count; i++) {
        free(description->parties[i]);
    }
    free(description->parties);
    *description = (struct description){0};
}
