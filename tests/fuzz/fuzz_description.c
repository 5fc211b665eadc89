/* Description files: what is read is what a record can hold, and printed as a description again it is read as the same. */
#include "base/time.h"
#include "fuzz.h"
#include "office/office.h"

#include <string.h>

static void print(struct buffer *out, const char *key, const char *value) {
    if (value != NULL)
        buffer_append_format(out, "%s %s\n", key, value);
}

static void print_description(struct buffer *out, const struct description *description) {
    print(out, "instrument", description->instrument);
    print(out, "language", description->language);
    print(out, "title", description->title);
    print(out, "date", description->date);
    print(out, "place", description->place);
    for (size_t i = 0; i < description->parties_count; i++)
        print(out, "party", description->parties[i]);
    print(out, "authenticity", description->authenticity);
    print(out, "translation-of", description->translation_of);
    print(out, "remark", description->remark);
    HOLDS(out->error == 0);
}

static void judge(const struct description *description) {
    enum authenticity authenticity;
    HOLDS(instrument_valid(bytes_text(description->instrument)) && language_valid(bytes_text(description->language)));
    HOLDS(value_valid(bytes_text(description->title)));
    HOLDS(description->date == NULL || date_valid(bytes_text(description->date)));
    HOLDS(description->place == NULL || value_valid(bytes_text(description->place)));
    HOLDS(description->remark == NULL || value_valid(bytes_text(description->remark)));
    HOLDS(authenticity_parse(&authenticity, bytes_text(description->authenticity)));
    for (size_t i = 0; i < description->parties_count; i++)
        HOLDS(value_valid(bytes_text(description->parties[i])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct description description, again;
    struct fault fault = {0};
    struct buffer printed, printed_again;
    if (description_parse(&description, bytes_of(data, size), &fault) != 0) {
        HOLDS(fault.text[0] != '\0');
        return 0;
    }
    buffer_init(&printed, 1 << 20);
    buffer_init(&printed_again, 1 << 20);
    judge(&description);
    print_description(&printed, &description);
    HOLDS(description_parse(&again, buffer_bytes(&printed), &fault) == 0);
    print_description(&printed_again, &again);
    HOLDS(bytes_equal(buffer_bytes(&printed), buffer_bytes(&printed_again)));
    buffer_free(&printed);
    buffer_free(&printed_again);
    description_free(&description);
    description_free(&again);
    return 0;
}
