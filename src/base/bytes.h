/* Byte strings: views that own nothing, and a growing buffer with a limit. Everything stands on this. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A view of bytes that somebody else owns. data may be NULL where len is 0. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

/** The bytes of a string literal, without its NUL. */
#define BYTES(literal) ((struct bytes){(const uint8_t *)("" literal), sizeof(literal) - 1})

struct bytes bytes_of(const void *data, size_t len);
struct bytes bytes_text(const char *text);                            /* up to the NUL; NULL is empty */
struct bytes bytes_slice(struct bytes in, size_t offset, size_t len); /* clamped to in */
bool bytes_equal(struct bytes a, struct bytes b);
int bytes_compare(struct bytes a, struct bytes b); /* by byte, a prefix first; <0, 0, >0 */
bool bytes_starts_with(struct bytes in, struct bytes start);
/** Writes in at out, which has the room, and returns where it ends. Unlike memcpy it takes an empty view without data. */
void *bytes_write(void *out, struct bytes in);
/** Writes a NUL after as much of in as `capacity`, at least 1, leaves room for. */
void bytes_write_text(char *out, size_t capacity, struct bytes in);

/** Takes the line up to and without the next '\n' off the front of *in. False, and nothing taken, where there is no '\n'. */
bool bytes_take_line(struct bytes *in, struct bytes *line);
/** Takes `start` off the front of *in. False, and nothing taken, where it does not begin so. */
bool bytes_take(struct bytes *in, struct bytes start);

/**
 * A growing byte string. Appending past `limit`, or out of memory, makes it fail for good: later appends do nothing and
 * `error` keeps the first reason (DEPOSITARY_E_LIMIT or DEPOSITARY_E_MEMORY), so a writer looks at it once, at the end.
 */
struct buffer {
    uint8_t *data;
    size_t len;
    size_t capacity;
    size_t limit;
    int error;
};

void buffer_init(struct buffer *buffer, size_t limit); /* no allocation */
void buffer_free(struct buffer *buffer);               /* back to empty, with the same limit; twice is fine */
void buffer_clear(struct buffer *buffer);              /* len 0 and error 0; keeps the memory */
void buffer_append(struct buffer *buffer, struct bytes in);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
void buffer_append_decimal(struct buffer *buffer, uint64_t number);
void buffer_append_base64(struct buffer *buffer, struct bytes in); /* RFC 4648 section 4, padded */
void buffer_append_hex(struct buffer *buffer, struct bytes in);    /* lower case */
void buffer_append_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Makes room for len bytes and returns where they go, counted as appended; NULL when it failed. */
uint8_t *buffer_extend(struct buffer *buffer, size_t len);
struct bytes buffer_bytes(const struct buffer *buffer);
/** Hands the memory over, with a NUL after it that is not counted; the buffer is empty again. NULL when it failed. */
char *buffer_take_text(struct buffer *buffer);

#endif
