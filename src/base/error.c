/* Codes to words, from the one list in depositary/error.h, and reasons that travel with a code. */
#include "base/error.h"

#include "base/bytes.h"
#include "base/encode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_VERIFICATION_ERROR 100

const char *depositary_error_text(int error) {
    switch (error) {
#define ERROR_TEXT(name, value, text)                                                                                  \
    case value:                                                                                                        \
        return text;
        DEPOSITARY_ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
    default:
        return "unknown error";
    }
}

const char *depositary_error_name(int error) {
    switch (error) {
#define ERROR_NAME(name, value, text)                                                                                  \
    case value:                                                                                                        \
        return #name;
        DEPOSITARY_ERRORS(ERROR_NAME)
#undef ERROR_NAME
    default:
        return "E_UNKNOWN";
    }
}

bool depositary_error_is_verification(int error) {
    return error >= FIRST_VERIFICATION_ERROR;
}

/* vsnprintf cuts between bytes; the text must not end inside a code point. */
static void cut_at_code_point(char *text) {
    size_t len = strlen(text);
    size_t start = len;
    while (start > 0 && len - start < 3 && ((unsigned char)text[start - 1] & 0xC0) == 0x80) {
        start--;
    }
    if (start > 0 && (unsigned char)text[start - 1] >= 0xC0) {
        start--;
    }
    if (start < len && !utf8_valid(bytes_of(text + start, len - start))) {
        text[start] = '\0';
    }
}

int fault_set(struct fault *fault, int error, const char *format, ...) {
    if (!fault) {
        return error;
    }
    /* written aside first: an argument may be the fault's own text, to be wrapped */
    char text[sizeof(fault->text)];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (len < 0) {
        text[0] = '\0';
    } else if ((size_t)len >= sizeof(text)) {
        cut_at_code_point(text);
    }
    memcpy(fault->text, text, strlen(text) + 1);
    fault->error = error;
    return error;
}

const char *fault_text(const struct fault *fault) {
    return fault->text[0] ? fault->text : depositary_error_text(fault->error);
}
