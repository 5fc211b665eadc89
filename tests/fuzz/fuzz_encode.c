/* Times, numbers, base64, hexadecimal: one spelling each, so what is read prints as the same bytes; UTF-8 by code points. */
#include "base/encode.h"
#include "base/time.h"
#include "fuzz.h"
#include "rpc/wire.h"

#include <string.h>

static void try_text(struct bytes in) {
    uint32_t code_point;
    size_t len, count = 0, at = 0;
    if (!utf8_valid(in))
        return;
    for (; (len = utf8_next(&code_point, bytes_slice(in, at, in.len))) > 0; at += len, count++) {
        HOLDS(len <= 4 && code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF));
        HOLDS(utf8_is_boundary(in, at));
        for (size_t i = 1; i < len; i++)
            HOLDS(!utf8_is_boundary(in, at + i));
    }
    HOLDS(at == in.len && count <= in.len);
}

static void try_base64(struct bytes in) {
    uint8_t decoded[4096], exact[32];
    size_t len = 0;
    struct buffer out;
    buffer_init(&out, 8192);
    if (base64_decode(decoded, sizeof decoded, &len, in)) {
        buffer_append_base64(&out, bytes_of(decoded, len));
        HOLDS(bytes_equal(buffer_bytes(&out), in));
    }
    if (base64_decode_exact(exact, sizeof exact, in))
        HOLDS(len == sizeof exact && memcmp(exact, decoded, sizeof exact) == 0);
    buffer_clear(&out);
    if (hex_decode_exact(exact, sizeof exact, in)) {
        buffer_append_hex(&out, bytes_of(exact, sizeof exact));
        HOLDS(bytes_equal(buffer_bytes(&out), in));
    }
    buffer_free(&out);
}

static void try_number(struct bytes in) {
    uint64_t number;
    int64_t time_s;
    char text[TIME_TEXT_LEN + 1];
    struct buffer out;
    buffer_init(&out, 64);
    if (decimal_parse(&number, in)) {
        buffer_append_decimal(&out, number);
        HOLDS(bytes_equal(buffer_bytes(&out), in));
    }
    if (time_parse(&time_s, in))
        HOLDS(time_print(text, time_s) && bytes_equal(bytes_text(text), in));
    if (date_valid(in))
        HOLDS(in.len == 10);
    buffer_free(&out);
}

/* The other way: what is printed is read as it was. */
static void try_printed(struct bytes in) {
    uint8_t decoded[4096];
    uint64_t number = 0, read = 0;
    int64_t time_s;
    size_t len;
    char text[TIME_TEXT_LEN + 1];
    struct buffer out;
    buffer_init(&out, 16384);
    buffer_append_base64(&out, in);
    HOLDS(base64_decode(decoded, sizeof decoded, &len, buffer_bytes(&out)));
    HOLDS(bytes_equal(bytes_of(decoded, len), in));
    buffer_clear(&out);
    buffer_append_hex(&out, in);
    HOLDS(hex_decode_exact(decoded, in.len, buffer_bytes(&out)) && bytes_equal(bytes_of(decoded, in.len), in));
    for (size_t i = 0; i < in.len && i < 8; i++)
        number = number << 8 | in.data[i];
    buffer_clear(&out);
    buffer_append_decimal(&out, number);
    HOLDS(decimal_parse(&read, buffer_bytes(&out)) == (number <= INT64_MAX) && (number > INT64_MAX || read == number));
    if (time_print(text, (int64_t)number))
        HOLDS(time_parse(&time_s, bytes_text(text)) && time_s == (int64_t)number);
    else
        HOLDS((int64_t)number < 0 || number > UINT64_C(253402300799)); /* the end of the year 9999 */
    buffer_free(&out);
}

static void try_varint(struct bytes in) {
    struct bytes rest = in;
    uint64_t value;
    uint8_t again[WIRE_VARINT_MAX];
    if (!wire_take_varint(&rest, WIRE_VARINT_MAX, &value))
        return;
    HOLDS(rest.len < in.len && in.len - rest.len >= wire_varint_len(value));
    HOLDS((size_t)(wire_put_varint(again, value) - again) == wire_varint_len(value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes in = bytes_of(data, size);
    if (size > 4096)
        return 0;
    try_text(in);
    try_base64(in);
    try_number(in);
    try_varint(in);
    try_printed(in);
    return 0;
}
