/* Records: what parses prints as the same bytes. PROTOCOL.md section 3. */
#include "fuzz.h"
#include "proof/record.h"
#include "proof/register.h"

#define ROUND_TRIP(kind)                                                                                               \
    do {                                                                                                               \
        struct kind##_record record;                                                                                   \
        if (kind##_record_parse(&record, in, NULL) == 0) {                                                             \
            buffer_clear(&out);                                                                                        \
            HOLDS(kind##_record_print(&out, &record, NULL) == 0);                                                      \
            HOLDS(bytes_equal(buffer_bytes(&out), in));                                                                \
        }                                                                                                              \
    } while (0)

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
    buffer_free(&out);
    return 0;
}
