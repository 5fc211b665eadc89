/*
 * Records: what parses prints as the same bytes; and fields that are any bytes (the input, cut at each NUL) are printed only where they are read again as they are.
 * PROTOCOL.md section 3.
 */
#include "fuzz.h"
#include "proof/record.h"
#include "proof/register.h"

#include <string.h>

#define ROUND_TRIP(kind)                                                                                               \
    do {                                                                                                               \
        struct kind##_record record;                                                                                   \
        if (kind##_record_parse(&record, in, NULL) == 0) {                                                             \
            buffer_clear(&out);                                                                                        \
            HOLDS(kind##_record_print(&out, &record, NULL) == 0);                                                      \
            HOLDS(bytes_equal(buffer_bytes(&out), in));                                                                \
        }                                                                                                              \
    } while (0)

static struct bytes take_part(struct bytes *in) {
    const uint8_t *end = in->len > 0 ? memchr(in->data, 0, in->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - in->data) : in->len;
    struct bytes part = bytes_slice(*in, 0, len);
    *in = end != NULL ? bytes_slice(*in, len + 1, in->len) : bytes_of(NULL, 0);
    return part;
}

static int64_t number_of(struct bytes in) {
    uint64_t out = 0;
    for (size_t i = 0; i < in.len && i < 8; i++)
        out = out << 8 | in.data[i];
    return (int64_t)out;
}

#define PRINTED(kind, record)                                                                                          \
    do {                                                                                                               \
        struct kind##_record again;                                                                                    \
        struct fault fault = {0};                                                                                      \
        buffer_clear(&out);                                                                                            \
        if (kind##_record_print(&out, &(record), &fault) == 0)                                                         \
            HOLDS(kind##_record_parse(&again, buffer_bytes(&out), NULL) == 0);                                         \
        else                                                                                                           \
            HOLDS(out.len == 0 && fault.text[0] != '\0');                                                              \
    } while (0)

static void judge_edition(const struct edition_record *record, struct bytes printed) {
    struct edition_record again;
    if (printed.len == 0)
        return;
    HOLDS(edition_record_parse(&again, printed, NULL) == 0);
    HOLDS(again.edition == record->edition && again.act == record->act && again.clauses == record->clauses);
    HOLDS(again.parties_count == record->parties_count && bytes_equal(again.parties, record->parties));
    HOLDS(bytes_equal(again.title, record->title) && bytes_equal(again.remark, record->remark));
    HOLDS(again.has_previous == record->has_previous && again.deposited_at == record->deposited_at);
}

static void try_fields(struct bytes in) {
    struct buffer out;
    struct hash hash;
    buffer_init(&out, LIMIT_CLAUSE_RECORD);
    struct clause_record clause = {.instrument = take_part(&in), .language = take_part(&in), .eid = take_part(&in)};
    struct edition_record edition = {.instrument = clause.instrument, .language = clause.language};
    edition.title = take_part(&in);
    edition.date = take_part(&in);
    edition.place = take_part(&in);
    edition.parties = take_part(&in);
    edition.remark = take_part(&in);
    const struct bytes kind = take_part(&in), times = take_part(&in);
    clause.text = in;
    edition.parties_count = kind.len > 0 ? kind.data[0] % 4u : 0;
    edition.edition = kind.len > 1 ? kind.data[1] : 1;
    edition.act = (enum edition_act)(kind.len > 2 ? kind.data[2] % 6 : 0);
    edition.authenticity = (enum authenticity)(kind.len > 3 ? kind.data[3] % 5 : 0);
    edition.has_previous = kind.len > 4 && kind.data[4] % 2;
    edition.has_translation_of = kind.len > 5 && kind.data[5] % 2;
    edition.deposited_at = number_of(times);
    edition.source_length = (uint64_t)number_of(bytes_slice(times, 1, 8));
    edition.clauses = (uint64_t)number_of(bytes_slice(times, 2, 8));
    const struct key_record key = {
        .holder = edition.title, .not_before = number_of(times), .not_after = number_of(kind)};
    const struct revocation_record revocation = {.revoked_at = number_of(times), .remark = edition.remark};
    const struct register_record summary = {.time = number_of(times), .lines = edition.source_length};
    PRINTED(clause, clause);
    HOLDS((clause_record_hash(&hash, &clause, NULL) == 0) == (out.len > 0));
    PRINTED(edition, edition);
    judge_edition(&edition, buffer_bytes(&out));
    PRINTED(key, key);
    PRINTED(revocation, revocation);
    PRINTED(register, summary);
    HOLDS(edition_act_text(edition.act) != NULL && authenticity_text(edition.authenticity) != NULL);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes in = bytes_of(data, size);
    struct register_line line;
    struct buffer out;
    buffer_init(&out, LIMIT_CLAUSE_RECORD);
    ROUND_TRIP(clause);
    ROUND_TRIP(edition);
    ROUND_TRIP(key);
    ROUND_TRIP(revocation);
    ROUND_TRIP(register);
    (void)!register_line_parse(&line, in);
    (void)record_type(in);
    try_fields(in);
    buffer_free(&out);
    return 0;
}
