/* Byte views and the growing buffer. Uses nothing but the C library. */
#include "base/bytes.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes bytes_of(const void *data, size_t len) {
    return (struct bytes){data, len};
}

struct bytes bytes_text(const char *text) {
    return text ? bytes_of(text, strlen(text)) : bytes_of(NULL, 0);
}

struct bytes bytes_slice(struct bytes in, size_t offset, size_t len) {
    if (offset > in.len) {
        offset = in.len;
    }
    if (len > in.len - offset) {
        len = in.len - offset;
    }
    return bytes_of(in.data ? in.data + offset : NULL, len);
}

bool bytes_equal(struct bytes a, struct bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int bytes_compare(struct bytes a, struct bytes b) {
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool bytes_starts_with(struct bytes in, struct bytes start) {
    return bytes_equal(bytes_slice(in, 0, start.len), start);
}

void *bytes_write(void *out, struct bytes in) {
    if (in.len > 0) {
        memcpy(out, in.data, in.len);
    }
    return (uint8_t *)out + in.len;
}

void bytes_write_text(char *out, size_t capacity, struct bytes in) {
    char *end = bytes_write(out, bytes_slice(in, 0, capacity - 1));
    *end = '\0';
}

bool bytes_take_line(struct bytes *in, struct bytes *line) {
    const uint8_t *end = in->len == 0 ? NULL : memchr(in->data, '\n', in->len);
    if (!end) {
        return false;
    }
    size_t len = (size_t)(end - in->data);
    *line = bytes_slice(*in, 0, len);
    *in = bytes_slice(*in, len + 1, in->len);
    return true;
}

bool bytes_take(struct bytes *in, struct bytes start) {
    if (!bytes_starts_with(*in, start)) {
        return false;
    }
    *in = bytes_slice(*in, start.len, in->len);
    return true;
}

void buffer_init(struct buffer *buffer, size_t limit) {
    *buffer = (struct buffer){.limit = limit};
}

void buffer_free(struct buffer *buffer) {
    free(buffer->data);
    buffer_init(buffer, buffer->limit);
}

void buffer_clear(struct buffer *buffer) {
    buffer->len = 0;
    buffer->error = 0;
}

/* Invariant: len <= capacity, and capacity leaves room for one NUL past limit, so that text can be taken without a copy. */
static bool buffer_reserve(struct buffer *buffer, size_t more) {
    if (buffer->error) {
        return false;
    }
    if (buffer->len > buffer->limit || more > buffer->limit - buffer->len) {
        buffer->error = DEPOSITARY_E_LIMIT;
        return false;
    }
    size_t need = buffer->len + more;
    if (need == SIZE_MAX) {
        buffer->error = DEPOSITARY_E_LIMIT;
        return false;
    }
    if (need < buffer->capacity) {
        return true;
    }
    size_t capacity = buffer->capacity > SIZE_MAX / 2 ? SIZE_MAX : buffer->capacity * 2;
    if (capacity < 64) {
        capacity = 64;
    }
    if (buffer->limit != SIZE_MAX && capacity > buffer->limit + 1) {
        capacity = buffer->limit + 1;
    }
    if (capacity < need + 1) {
        capacity = need + 1;
    }
    uint8_t *data = realloc(buffer->data, capacity);
    if (!data) {
        buffer->error = DEPOSITARY_E_MEMORY;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

uint8_t *buffer_extend(struct buffer *buffer, size_t len) {
    if (!buffer_reserve(buffer, len)) {
        return NULL;
    }
    uint8_t *place = buffer->data + buffer->len;
    buffer->len += len;
    return place;
}

void buffer_append(struct buffer *buffer, struct bytes in) {
    uint8_t *place = buffer_extend(buffer, in.len);
    if (place) {
        bytes_write(place, in);
    }
}

void buffer_append_text(struct buffer *buffer, const char *text) {
    buffer_append(buffer, bytes_text(text));
}

void buffer_append_byte(struct buffer *buffer, uint8_t byte) {
    buffer_append(buffer, bytes_of(&byte, 1));
}

void buffer_append_decimal(struct buffer *buffer, uint64_t number) {
    uint8_t digits[20]; /* 2^64 - 1 has 20 */
    size_t start = sizeof(digits);
    do {
        digits[--start] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_append(buffer, bytes_of(digits + start, sizeof(digits) - start));
}

void buffer_append_base64(struct buffer *buffer, struct bytes in) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (in.len > SIZE_MAX / 4 * 3 - 3) {
        buffer->error = buffer->error ? buffer->error : DEPOSITARY_E_LIMIT;
        return;
    }
    uint8_t *out = buffer_extend(buffer, (in.len + 2) / 3 * 4);
    if (!out) {
        return;
    }
    for (size_t i = 0; i < in.len; i += 3) {
        size_t left = in.len - i;
        uint32_t group = (uint32_t)in.data[i] << 16;
        group |= left > 1 ? (uint32_t)in.data[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)in.data[i + 2] : 0;
        *out++ = (uint8_t)alphabet[group >> 18];
        *out++ = (uint8_t)alphabet[group >> 12 & 63];
        *out++ = left > 1 ? (uint8_t)alphabet[group >> 6 & 63] : '=';
        *out++ = left > 2 ? (uint8_t)alphabet[group & 63] : '=';
    }
}

void buffer_append_hex(struct buffer *buffer, struct bytes in) {
    static const char digits[] = "0123456789abcdef";
    if (in.len > SIZE_MAX / 2) {
        buffer->error = buffer->error ? buffer->error : DEPOSITARY_E_LIMIT;
        return;
    }
    uint8_t *out = buffer_extend(buffer, in.len * 2);
    for (size_t i = 0; out && i < in.len; i++) {
        *out++ = (uint8_t)digits[in.data[i] >> 4];
        *out++ = (uint8_t)digits[in.data[i] & 15];
    }
}

void buffer_append_format(struct buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0) {
        buffer->error = buffer->error ? buffer->error : DEPOSITARY_E_ARGUMENT;
    } else if (buffer_reserve(buffer, (size_t)len)) {
        /* reserve leaves room for the NUL, which is not counted */
        vsnprintf((char *)buffer->data + buffer->len, (size_t)len + 1, format, again);
        buffer->len += (size_t)len;
    }
    va_end(again);
}

struct bytes buffer_bytes(const struct buffer *buffer) {
    return bytes_of(buffer->data, buffer->len);
}

char *buffer_take_text(struct buffer *buffer) {
    char *text = NULL;
    if (buffer_reserve(buffer, 0)) {
        buffer->data[buffer->len] = '\0';
        text = (char *)buffer->data;
        buffer_init(buffer, buffer->limit);
    }
    return text;
}
