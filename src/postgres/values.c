/* Values to and from PostgreSQL, in its binary form (connection.h): numbers in network order, bytes as they are, and arrays of them. */
#include <string.h>

#include "postgres/connection.h"

static void number_print(uint8_t out[8], uint64_t number) {
    for (size_t i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

void pg_add_bytes(struct pg_params *params, struct bytes bytes) {
    params->values[params->count] = bytes.len == 0 ? "" : (const char *)bytes.data;
    params->lengths[params->count] = (int)bytes.len; /* at most some megabytes */
    params->formats[params->count++] = 1;
}

void pg_add_number(struct pg_params *params, uint64_t number) {
    uint8_t *room = params->numbers[params->count];
    number_print(room, number);
    pg_add_bytes(params, bytes_of(room, 8));
}

void pg_add_hash(struct pg_params *params, const struct hash *hash) {
    pg_add_bytes(params, hash_bytes(hash));
}

/* ---- arrays: dimensions, whether there are NULLs, type; then length and lower bound of each dimension; then each element with its length */

static void append_number4(struct buffer *out, uint32_t number) {
    const uint8_t bytes[] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
    buffer_append(out, bytes_of(bytes, sizeof bytes));
}

void pg_array_begin(struct buffer *out, enum pg_element element, size_t count) {
    append_number4(out, 1);
    append_number4(out, 0);
    append_number4(out, element);
    append_number4(out, (uint32_t)count);
    append_number4(out, 1);
}

void pg_array_add(struct buffer *out, struct bytes value) {
    append_number4(out, (uint32_t)value.len);
    buffer_append(out, value);
}

void pg_array_add_number(struct buffer *out, uint64_t number) {
    uint8_t bytes[8];
    number_print(bytes, number);
    pg_array_add(out, bytes_of(bytes, sizeof bytes));
}

/* ---- of a row */

struct bytes pg_bytes(const PGresult *result, int row, int column) {
    int len = PQgetlength(result, row, column);
    return bytes_of(PQgetvalue(result, row, column), len < 0 ? 0 : (size_t)len);
}

int pg_number(const PGresult *result, int row, int column, uint64_t *out) {
    struct bytes bytes = pg_bytes(result, row, column);
    uint64_t number = 0;
    if (bytes.len != 8 || bytes.data[0] > 0x7f) /* not an int8, or below zero */
        return DEPOSITARY_E_DAMAGED;
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | bytes.data[i];
    *out = number;
    return DEPOSITARY_OK;
}

int pg_hash(const PGresult *result, int row, int column, struct hash *out) {
    struct bytes bytes = pg_bytes(result, row, column);
    if (bytes.len != HASH_LEN)
        return DEPOSITARY_E_DAMAGED;
    memcpy(out->bytes, bytes.data, HASH_LEN);
    return DEPOSITARY_OK;
}
