/*
 * The five records, printed and parsed. PROTOCOL.md section 3. Pure.
 *
 * For each record there is one check of the parsed form, used by both directions: parsing reads lines and then checks, printing
 * checks and then writes. What one direction takes the other gives, to the byte.
 */
#include "proof/record.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/time.h"

#include <string.h>

#define CLAUSE_WORDS     "depositary/clause/v1"
#define EDITION_WORDS    "depositary/edition/v1"
#define KEY_WORDS        "depositary/key/v1"
#define REVOCATION_WORDS "depositary/revocation/v1"
#define REGISTER_WORDS   "depositary/register/v1"

#define CLAUSE_HEAD_MAX (LIMIT_CLAUSE_RECORD - LIMIT_CLAUSE_TEXT)
#define VALUE_PROBLEM   "empty, not UTF-8, white space at an end, or a control or direction character"

static const struct bytes none = {(const uint8_t *)"none", 4};

/* SHA-256 of no bytes: the source-sha256 of a withdrawal, and the root of a tree without leaves. */
static const uint8_t sha256_of_nothing[HASH_LEN] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                                    0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                                    0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

enum record_type record_type(struct bytes record) {
    struct bytes first;
    if (!bytes_take_line(&record, &first)) {
        return RECORD_UNKNOWN;
    }
    return bytes_equal(first, BYTES(CLAUSE_WORDS))       ? RECORD_CLAUSE
           : bytes_equal(first, BYTES(EDITION_WORDS))    ? RECORD_EDITION
           : bytes_equal(first, BYTES(KEY_WORDS))        ? RECORD_KEY
           : bytes_equal(first, BYTES(REVOCATION_WORDS)) ? RECORD_REVOCATION
           : bytes_equal(first, BYTES(REGISTER_WORDS))   ? RECORD_REGISTER
                                                         : RECORD_UNKNOWN;
}

/* ---- words for the enumerated values */

static const char *const act_words[] = {"deposit", "rectification", "amendment", "withdrawal"};
static const char *const authenticity_words[] = {"authentic", "translation", "not established"};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const char *edition_act_text(enum edition_act act) {
    return (size_t)act < COUNT_OF(act_words) ? act_words[act] : "";
}

const char *authenticity_text(enum authenticity authenticity) {
    return (size_t)authenticity < COUNT_OF(authenticity_words) ? authenticity_words[authenticity] : "";
}

static bool word_index(size_t *out, struct bytes text, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(text, bytes_text(words[i]))) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool edition_act_parse(enum edition_act *out, struct bytes text) {
    size_t index;
    if (!word_index(&index, text, act_words, COUNT_OF(act_words))) {
        return false;
    }
    *out = (enum edition_act)index;
    return true;
}

bool authenticity_parse(enum authenticity *out, struct bytes text) {
    size_t index;
    if (!word_index(&index, text, authenticity_words, COUNT_OF(authenticity_words))) {
        return false;
    }
    *out = (enum authenticity)index;
    return true;
}

/* ---- reading lines: the first failure stays, and later reads do nothing, so a reader looks at it once, at the end */

struct reader {
    struct bytes left;
    unsigned line; /* the last one taken, from 1 */
    int error;
    struct fault *fault;
};

static void reader_refuse(struct reader *reader, const char *word, const char *why) {
    if (!reader->error) {
        reader->error = fault_set(reader->fault, DEPOSITARY_E_RECORD, "line %u (%s): %s", reader->line, word, why);
    }
}

static void read_fixed_line(struct reader *reader, const char *words) {
    struct bytes line;
    if (reader->error) {
        return;
    }
    reader->line++;
    if (!bytes_take_line(&reader->left, &line) || !bytes_equal(line, bytes_text(words))) {
        reader_refuse(reader, words[0] ? words : "an empty line", "not there");
    }
}

/* The rest of the line "<word> <value>"; empty after a failure. */
static struct bytes read_value(struct reader *reader, const char *word) {
    struct bytes line;
    if (reader->error) {
        return bytes_of(NULL, 0);
    }
    reader->line++;
    if (!bytes_take_line(&reader->left, &line) || !bytes_take(&line, bytes_text(word)) ||
        !bytes_take(&line, BYTES(" "))) {
        reader_refuse(reader, word, "this line is not there");
        return bytes_of(NULL, 0);
    }
    return line;
}

/* A value that may be the word none, which is given as empty. An empty value would print as none, so it is refused here. */
static struct bytes read_optional(struct reader *reader, const char *word) {
    struct bytes value = read_value(reader, word);
    if (!reader->error && value.len == 0) {
        reader_refuse(reader, word, "empty");
    }
    return bytes_equal(value, none) ? bytes_of(NULL, 0) : value;
}

static uint64_t read_number(struct reader *reader, const char *word, uint64_t most) {
    uint64_t number = 0;
    struct bytes value = read_value(reader, word);
    if (!reader->error && (!decimal_parse(&number, value) || number > most)) {
        reader_refuse(reader, word, "not a decimal number in range");
        return 0;
    }
    return number;
}

static int64_t read_time(struct reader *reader, const char *word) {
    int64_t time_s = 0;
    struct bytes value = read_value(reader, word);
    if (!reader->error && !time_parse(&time_s, value)) {
        reader_refuse(reader, word, "not a time as 2025-04-23T00:00:00Z");
    }
    return time_s;
}

static void read_base64(struct reader *reader, const char *word, uint8_t out[32]) {
    struct bytes value = read_value(reader, word);
    if (!reader->error && !base64_decode_exact(out, 32, value)) {
        reader_refuse(reader, word, "not 32 bytes in base64");
    }
}

static void read_hex(struct reader *reader, const char *word, uint8_t out[32]) {
    struct bytes value = read_value(reader, word);
    if (!reader->error && !hex_decode_exact(out, 32, value)) {
        reader_refuse(reader, word, "not 64 lower-case hexadecimal digits");
    }
}

static bool read_optional_base64(struct reader *reader, const char *word, uint8_t out[32]) {
    struct bytes value = read_value(reader, word);
    if (reader->error || bytes_equal(value, none)) {
        return false;
    }
    if (!base64_decode_exact(out, 32, value)) {
        reader_refuse(reader, word, "neither none nor 32 bytes in base64");
    }
    return true;
}

/* The empty line, and nothing after it. */
static void read_end(struct reader *reader) {
    read_fixed_line(reader, "");
    if (!reader->error && reader->left.len > 0) {
        reader_refuse(reader, "the end", "bytes after the empty line");
    }
}

/* A reader of a ledger entry, past its first line. */
static struct reader entry_reader(struct bytes record, const char *words, struct fault *fault) {
    struct reader reader = {.left = record, .fault = fault};
    if (record.len > LIMIT_ENTRY) {
        reader.error = fault_set(fault, DEPOSITARY_E_RECORD, "longer than %u bytes", LIMIT_ENTRY);
    }
    read_fixed_line(&reader, words);
    return reader;
}

/* ---- writing lines */

static void put_line(struct buffer *out, const char *word, struct bytes value) {
    buffer_append_text(out, word);
    buffer_append_byte(out, ' ');
    buffer_append(out, value);
    buffer_append_byte(out, '\n');
}

static void put_optional(struct buffer *out, const char *word, struct bytes value) {
    put_line(out, word, value.len == 0 ? none : value);
}

static void put_number(struct buffer *out, const char *word, uint64_t number) {
    buffer_append_text(out, word);
    buffer_append_byte(out, ' ');
    buffer_append_decimal(out, number);
    buffer_append_byte(out, '\n');
}

static void put_base64(struct buffer *out, const char *word, const uint8_t in[32]) {
    buffer_append_text(out, word);
    buffer_append_byte(out, ' ');
    buffer_append_base64(out, bytes_of(in, 32));
    buffer_append_byte(out, '\n');
}

static void put_optional_base64(struct buffer *out, const char *word, bool has, const uint8_t in[32]) {
    if (has) {
        put_base64(out, word, in);
    } else {
        put_line(out, word, none);
    }
}

static void put_hex(struct buffer *out, const char *word, const uint8_t in[32]) {
    buffer_append_text(out, word);
    buffer_append_byte(out, ' ');
    buffer_append_hex(out, bytes_of(in, 32));
    buffer_append_byte(out, '\n');
}

/* The caller has checked that the time can be printed. */
static void put_time(struct buffer *out, const char *word, int64_t time_s) {
    char text[TIME_TEXT_LEN + 1] = "";
    (void)time_print(text, time_s);
    put_line(out, word, bytes_text(text));
}

/* Ends a record that began at `start`: what went wrong, or is too long, is taken back. */
static int put_end(struct buffer *out, size_t start, size_t most, struct fault *fault) {
    int error = out->error;
    if (error) {
        error = fault_set(fault, error, "%s", depositary_error_text(error));
    } else if (out->len - start > most) {
        error = fault_set(fault, DEPOSITARY_E_RECORD, "longer than %zu bytes", most);
    }
    if (error) {
        out->len = start;
    }
    return error;
}

/* ---- checks of parsed forms */

/* Says what is wrong where `holds` is false, and hands it on, so that checks chain with &&. */
static bool need(bool holds, const char *word, const char *why, struct fault *fault) {
    if (!holds) {
        (void)fault_set(fault, DEPOSITARY_E_RECORD, "%s: %s", word, why);
    }
    return holds;
}

static bool need_value(struct bytes value, const char *word, struct fault *fault) {
    return need(value_valid(value), word, VALUE_PROBLEM, fault);
}

/* An optional value that is there must not be the word that says that it is not. */
static bool need_optional(struct bytes value, const char *word, struct fault *fault) {
    return value.len == 0 || (need_value(value, word, fault) &&
                              need(!bytes_equal(value, none), word, "the word none stands for no value", fault));
}

static bool need_time(int64_t time_s, const char *word, struct fault *fault) {
    char text[TIME_TEXT_LEN + 1];
    return need(time_print(text, time_s), word, "not between the years 1970 and 9999", fault);
}

static bool need_names(struct bytes instrument, struct bytes language, struct fault *fault) {
    return need(instrument_valid(instrument), "instrument", "not [a-z0-9][a-z0-9-]{0,63}", fault) &&
           need(language_valid(language), "language", "not a BCP 47 tag in canonical case", fault);
}

/* ---- clause record */

static bool clause_check(const struct clause_record *record, struct fault *fault) {
    return need_names(record->instrument, record->language, fault) &&
           need(eid_valid(record->eid), "clause", "not [A-Za-z0-9][A-Za-z0-9_.-]{0,127}", fault) &&
           need(record->text.len <= LIMIT_CLAUSE_TEXT, "text", "longer than 1 MiB", fault) &&
           need(utf8_valid(record->text), "text", "not UTF-8", fault) &&
           need(record->text.len == 0 || !memchr(record->text.data, 0, record->text.len), "text", "holds U+0000",
                fault);
}

int clause_record_parse(struct clause_record *out, struct bytes record, struct fault *fault) {
    struct reader reader = {.left = record, .fault = fault};
    struct clause_record clause;
    read_fixed_line(&reader, CLAUSE_WORDS);
    clause.instrument = read_value(&reader, "instrument");
    clause.language = read_value(&reader, "language");
    clause.eid = read_value(&reader, "clause");
    uint64_t length = read_number(&reader, "length", LIMIT_CLAUSE_TEXT);
    read_fixed_line(&reader, "");
    clause.text = reader.left;
    if (!reader.error && clause.text.len != length) {
        reader_refuse(&reader, "length", "not the number of bytes that remain");
    }
    if (reader.error) {
        return reader.error;
    }
    if (!clause_check(&clause, fault)) {
        return DEPOSITARY_E_RECORD;
    }
    *out = clause;
    return 0;
}

static void clause_put_head(struct buffer *out, const struct clause_record *record) {
    buffer_append_text(out, CLAUSE_WORDS "\n");
    put_line(out, "instrument", record->instrument);
    put_line(out, "language", record->language);
    put_line(out, "clause", record->eid);
    put_number(out, "length", record->text.len);
    buffer_append_byte(out, '\n');
}

int clause_record_print(struct buffer *out, const struct clause_record *record, struct fault *fault) {
    if (!clause_check(record, fault)) {
        return DEPOSITARY_E_RECORD;
    }
    size_t start = out->len;
    clause_put_head(out, record);
    buffer_append(out, record->text);
    return put_end(out, start, LIMIT_CLAUSE_RECORD, fault);
}

int clause_record_hash(struct hash *out, const struct clause_record *record, struct fault *fault) {
    if (!clause_check(record, fault)) {
        return DEPOSITARY_E_RECORD;
    }
    struct buffer head;
    buffer_init(&head, CLAUSE_HEAD_MAX);
    clause_put_head(&head, record);
    int error = put_end(&head, 0, CLAUSE_HEAD_MAX, fault);
    if (!error) {
        merkle_leaf_hash_2(out, buffer_bytes(&head), record->text);
    }
    buffer_free(&head);
    return error;
}

/* ---- edition record */

bool edition_record_party(struct bytes *out, struct bytes *parties) {
    struct bytes left = *parties;
    struct bytes line;
    if (!bytes_take_line(&left, &line) || !bytes_take(&line, BYTES("party "))) {
        return false;
    }
    *out = line;
    *parties = left;
    return true;
}

static bool parties_check(const struct edition_record *record, struct fault *fault) {
    struct bytes left = record->parties;
    struct bytes party;
    size_t count = 0;
    while (edition_record_party(&party, &left)) {
        if (!need_value(party, "party", fault)) {
            return false;
        }
        count++;
    }
    return need(left.len == 0 && count == record->parties_count, "party", "not lines of parties", fault);
}

/* A withdrawal takes the text away: no clause, an empty source. */
static bool withdrawal_check(const struct edition_record *record, struct fault *fault) {
    return need(record->clauses == 0, "clauses", "a withdrawal has none", fault) &&
           need(record->source_length == 0, "source-length", "a withdrawal has an empty source", fault) &&
           need(memcmp(record->source_sha256, sha256_of_nothing, HASH_LEN) == 0, "source-sha256",
                "a withdrawal has an empty source", fault) &&
           need(memcmp(record->clauses_root.bytes, sha256_of_nothing, HASH_LEN) == 0, "clauses-root",
                "a withdrawal has no clauses", fault);
}

static bool edition_check(const struct edition_record *record, struct fault *fault) {
    bool first = record->edition == 1;
    bool is_translation = record->authenticity == AUTHENTICITY_TRANSLATION;
    return need_names(record->instrument, record->language, fault) &&
           need(record->edition >= 1, "edition", "they count from 1", fault) &&
           need((size_t)record->act < COUNT_OF(act_words), "act", "not an act", fault) &&
           need(!first || record->act == ACT_DEPOSIT, "act", "a first edition is a deposit", fault) &&
           need_value(record->title, "title", fault) &&
           need(record->date.len == 0 || date_valid(record->date), "date", "neither none nor a day as 2025-04-23",
                fault) &&
           need_optional(record->place, "place", fault) && parties_check(record, fault) &&
           need((size_t)record->authenticity < COUNT_OF(authenticity_words), "authenticity", "not one of the three",
                fault) &&
           need(record->has_translation_of == is_translation, "translation-of",
                "stands if and only if authenticity is translation", fault) &&
           need(record->source_length <= INT64_MAX, "source-length", "not below 2^63", fault) &&
           need(record->clauses <= INT64_MAX, "clauses", "not below 2^63", fault) &&
           (record->act != ACT_WITHDRAWAL || withdrawal_check(record, fault)) &&
           need(record->has_previous != first, "previous", "none if and only if this is edition 1", fault) &&
           need_time(record->deposited_at, "deposited-at", fault) && need_optional(record->remark, "remark", fault);
}

static enum edition_act read_act(struct reader *reader) {
    enum edition_act act = ACT_DEPOSIT;
    struct bytes value = read_value(reader, "act");
    if (!reader->error && !edition_act_parse(&act, value)) {
        reader_refuse(reader, "act", "not deposit, rectification, amendment or withdrawal");
    }
    return act;
}

static enum authenticity read_authenticity(struct reader *reader) {
    enum authenticity authenticity = AUTHENTICITY_NOT_ESTABLISHED;
    struct bytes value = read_value(reader, "authenticity");
    if (!reader->error && !authenticity_parse(&authenticity, value)) {
        reader_refuse(reader, "authenticity", "not authentic, translation or not established");
    }
    return authenticity;
}

/* The party lines, as many as there are. */
static void read_parties(struct reader *reader, struct edition_record *edition) {
    struct bytes before = reader->left;
    edition->parties_count = 0;
    while (!reader->error && bytes_starts_with(reader->left, BYTES("party "))) {
        (void)read_value(reader, "party");
        edition->parties_count++;
    }
    edition->parties = bytes_slice(before, 0, before.len - reader->left.len);
}

int edition_record_parse(struct edition_record *out, struct bytes record, struct fault *fault) {
    struct edition_record edition = {0};
    struct reader reader = entry_reader(record, EDITION_WORDS, fault);
    edition.instrument = read_value(&reader, "instrument");
    edition.language = read_value(&reader, "language");
    edition.edition = (uint32_t)read_number(&reader, "edition", UINT32_MAX);
    edition.act = read_act(&reader);
    edition.title = read_value(&reader, "title");
    edition.date = read_optional(&reader, "date");
    edition.place = read_optional(&reader, "place");
    read_parties(&reader, &edition);
    edition.authenticity = read_authenticity(&reader);
    edition.has_translation_of = read_optional_base64(&reader, "translation-of", edition.translation_of.bytes);
    read_hex(&reader, "source-sha256", edition.source_sha256);
    edition.source_length = read_number(&reader, "source-length", INT64_MAX);
    edition.clauses = read_number(&reader, "clauses", INT64_MAX);
    read_base64(&reader, "clauses-root", edition.clauses_root.bytes);
    edition.has_previous = read_optional_base64(&reader, "previous", edition.previous.bytes);
    edition.deposited_at = read_time(&reader, "deposited-at");
    edition.remark = read_optional(&reader, "remark");
    read_end(&reader);
    if (reader.error) {
        return reader.error;
    }
    if (!edition_check(&edition, fault)) {
        return DEPOSITARY_E_RECORD;
    }
    *out = edition;
    return 0;
}

int edition_record_print(struct buffer *out, const struct edition_record *record, struct fault *fault) {
    if (!edition_check(record, fault)) {
        return DEPOSITARY_E_RECORD;
    }
    size_t start = out->len;
    buffer_append_text(out, EDITION_WORDS "\n");
    put_line(out, "instrument", record->instrument);
    put_line(out, "language", record->language);
    put_number(out, "edition", record->edition);
    put_line(out, "act", bytes_text(edition_act_text(record->act)));
    put_line(out, "title", record->title);
    put_optional(out, "date", record->date);
    put_optional(out, "place", record->place);
    buffer_append(out, record->parties);
    put_line(out, "authenticity", bytes_text(authenticity_text(record->authenticity)));
    put_optional_base64(out, "translation-of", record->has_translation_of, record->translation_of.bytes);
    put_hex(out, "source-sha256", record->source_sha256);
    put_number(out, "source-length", record->source_length);
    put_number(out, "clauses", record->clauses);
    put_base64(out, "clauses-root", record->clauses_root.bytes);
    put_optional_base64(out, "previous", record->has_previous, record->previous.bytes);
    put_time(out, "deposited-at", record->deposited_at);
    put_optional(out, "remark", record->remark);
    buffer_append_byte(out, '\n');
    return put_end(out, start, LIMIT_ENTRY, fault);
}

/* ---- key record */

static bool key_check(const struct key_record *record, struct fault *fault) {
    return need_value(record->holder, "holder", fault) && need_time(record->not_before, "not-before", fault) &&
           need_time(record->not_after, "not-after", fault) &&
           need(record->not_after > record->not_before, "not-after", "not after not-before", fault) &&
           need(record->not_after - record->not_before <= KEY_WINDOW_MAX_S, "not-after",
                "more than 400 days after not-before", fault);
}

int key_record_parse(struct key_record *out, struct bytes record, struct fault *fault) {
    struct key_record key = {0};
    struct reader reader = entry_reader(record, KEY_WORDS, fault);
    read_base64(&reader, "public-key", key.public_key);
    key.holder = read_value(&reader, "holder");
    key.not_before = read_time(&reader, "not-before");
    key.not_after = read_time(&reader, "not-after");
    read_end(&reader);
    if (reader.error) {
        return reader.error;
    }
    if (!key_check(&key, fault)) {
        return DEPOSITARY_E_RECORD;
    }
    *out = key;
    return 0;
}

int key_record_print(struct buffer *out, const struct key_record *record, struct fault *fault) {
    if (!key_check(record, fault)) {
        return DEPOSITARY_E_RECORD;
    }
    size_t start = out->len;
    buffer_append_text(out, KEY_WORDS "\n");
    put_base64(out, "public-key", record->public_key);
    put_line(out, "holder", record->holder);
    put_time(out, "not-before", record->not_before);
    put_time(out, "not-after", record->not_after);
    buffer_append_byte(out, '\n');
    return put_end(out, start, LIMIT_ENTRY, fault);
}

/* ---- revocation record */

static bool revocation_check(const struct revocation_record *record, struct fault *fault) {
    return need_time(record->revoked_at, "revoked-at", fault) && need_optional(record->remark, "remark", fault);
}

int revocation_record_parse(struct revocation_record *out, struct bytes record, struct fault *fault) {
    struct revocation_record revocation = {0};
    struct reader reader = entry_reader(record, REVOCATION_WORDS, fault);
    read_base64(&reader, "public-key", revocation.public_key);
    revocation.revoked_at = read_time(&reader, "revoked-at");
    revocation.remark = read_optional(&reader, "remark");
    read_end(&reader);
    if (reader.error) {
        return reader.error;
    }
    if (!revocation_check(&revocation, fault)) {
        return DEPOSITARY_E_RECORD;
    }
    *out = revocation;
    return 0;
}

int revocation_record_print(struct buffer *out, const struct revocation_record *record, struct fault *fault) {
    if (!revocation_check(record, fault)) {
        return DEPOSITARY_E_RECORD;
    }
    size_t start = out->len;
    buffer_append_text(out, REVOCATION_WORDS "\n");
    put_base64(out, "public-key", record->public_key);
    put_time(out, "revoked-at", record->revoked_at);
    put_optional(out, "remark", record->remark);
    buffer_append_byte(out, '\n');
    return put_end(out, start, LIMIT_ENTRY, fault);
}

/* ---- register record */

static bool register_check(const struct register_record *record, struct fault *fault) {
    return need_time(record->time, "time", fault) && need(record->lines <= INT64_MAX, "lines", "not below 2^63", fault);
}

int register_record_parse(struct register_record *out, struct bytes record, struct fault *fault) {
    struct register_record summary = {0};
    struct reader reader = entry_reader(record, REGISTER_WORDS, fault);
    summary.time = read_time(&reader, "time");
    summary.lines = read_number(&reader, "lines", INT64_MAX);
    read_base64(&reader, "root", summary.root.bytes);
    read_end(&reader);
    if (reader.error) {
        return reader.error;
    }
    if (!register_check(&summary, fault)) {
        return DEPOSITARY_E_RECORD;
    }
    *out = summary;
    return 0;
}

int register_record_print(struct buffer *out, const struct register_record *record, struct fault *fault) {
    if (!register_check(record, fault)) {
        return DEPOSITARY_E_RECORD;
    }
    size_t start = out->len;
    buffer_append_text(out, REGISTER_WORDS "\n");
    put_time(out, "time", record->time);
    put_number(out, "lines", record->lines);
    put_base64(out, "root", record->root.bytes);
    buffer_append_byte(out, '\n');
    return put_end(out, start, LIMIT_ENTRY, fault);
}
