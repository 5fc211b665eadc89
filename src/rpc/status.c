/* Statuses: one writer and one reader of depositary.v1.Status with google.rpc's details (status.h). */
#include "rpc/status.h"

#include "base/arena.h"
#include "base/encode.h"
#include "base/limits.h"
#include "base/time.h"
#include "google/rpc/error_details.pb-c.h"
#include "rpc/guard.h"
#include "rpc/wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STATUS_DOMAIN     "depositary"
#define TYPE_URL_START    "type.googleapis.com/"
#define STATUS_FIELD_MORE 3            /* Status.details */
#define STATUS_EXTRA_MAX  (64u * 1024) /* bytes of further details */
#define MS_PER_S          1000

static const char *const names[] = {
    "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
};

const char *status_name(int code) {
    return code >= 0 && (size_t)code < sizeof(names) / sizeof(names[0]) ? names[code] : names[STATUS_UNKNOWN];
}

/* ---- setting */

/* vsnprintf cuts between bytes, but a string in a message ends between code points. */
static void cut_to_utf8(char *text) {
    size_t len = strlen(text);
    for (unsigned i = 0; i < 4 && !utf8_valid(bytes_of(text, len)) && len > 0; i++) {
        text[--len] = '\0';
    }
    if (!utf8_valid(bytes_of(text, len))) {
        text[0] = '\0';
    }
}

static void set_message(struct status *status, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void set_message(struct status *status, const char *format, va_list arguments) {
    char text[sizeof(status->message)]; /* an argument may be the message itself */
    if (vsnprintf(text, sizeof(text), format, arguments) < 0) {
        text[0] = '\0';
    }
    cut_to_utf8(text);
    memcpy(status->message, text, strlen(text) + 1);
}

int status_set(struct status *status, enum status_code code, const char *reason, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    set_message(status, format, arguments);
    va_end(arguments);
    snprintf(status->reason, sizeof(status->reason), "%s", reason ? reason : "");
    status->field[0] = '\0';
    status->retry_delay_ms = 0;
    status->code = code;
    return (int)code;
}

int status_bad_field(struct status *status, const char *field, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    set_message(status, format, arguments);
    va_end(arguments);
    status->reason[0] = '\0';
    snprintf(status->field, sizeof(status->field), "%s", field);
    status->retry_delay_ms = 0;
    status->code = STATUS_INVALID_ARGUMENT;
    return STATUS_INVALID_ARGUMENT;
}

void status_clear(struct status *status) {
    buffer_free(&status->extra);
    *status = (struct status){0};
}

/* ---- writing */

/* Appends the message as one entry of Status.details. */
static int append_detail(struct buffer *out, const ProtobufCMessage *message) {
    char type_url[160];
    int len = snprintf(type_url, sizeof(type_url), TYPE_URL_START "%s", message->descriptor->name);
    if (len < 0 || (size_t)len >= sizeof(type_url)) {
        return DEPOSITARY_E_LIMIT;
    }
    struct buffer value;
    buffer_init(&value, STATUS_EXTRA_MAX);
    wire_append_message(&value, message);
    if (!value.error) {
        Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
        any.type_url = type_url;
        any.value = (ProtobufCBinaryData){value.len, value.data};
        wire_append_message_field(out, STATUS_FIELD_MORE, &any.base);
    }
    int error = value.error ? value.error : out->error;
    buffer_free(&value);
    return error;
}

int status_add_detail(struct status *status, const ProtobufCMessage *message) {
    if (status->extra.limit == 0) {
        buffer_init(&status->extra, STATUS_EXTRA_MAX);
    }
    return append_detail(&status->extra, message);
}

static int append_error_info(struct buffer *out, const struct status *status) {
    char reason[sizeof(status->reason)];
    char domain[] = STATUS_DOMAIN;
    memcpy(reason, status->reason, sizeof(reason));
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    info.reason = reason;
    info.domain = domain;
    return append_detail(out, &info.base);
}

static int append_bad_request(struct buffer *out, const struct status *status) {
    char field[sizeof(status->field)];
    char description[sizeof(status->message)];
    memcpy(field, status->field, sizeof(field));
    memcpy(description, status->message, sizeof(description));
    Google__Rpc__BadRequest__FieldViolation violation = GOOGLE__RPC__BAD_REQUEST__FIELD_VIOLATION__INIT;
    violation.field = field;
    violation.description = description;
    Google__Rpc__BadRequest__FieldViolation *violations[] = {&violation};
    Google__Rpc__BadRequest bad_request = GOOGLE__RPC__BAD_REQUEST__INIT;
    bad_request.n_field_violations = 1;
    bad_request.field_violations = violations;
    return append_detail(out, &bad_request.base);
}

static int append_retry_info(struct buffer *out, const struct status *status) {
    Google__Protobuf__Duration delay = GOOGLE__PROTOBUF__DURATION__INIT;
    delay.seconds = status->retry_delay_ms / MS_PER_S;
    delay.nanos = (int32_t)(status->retry_delay_ms % MS_PER_S * NS_PER_MS);
    Google__Rpc__RetryInfo info = GOOGLE__RPC__RETRY_INFO__INIT;
    info.retry_delay = &delay;
    return append_detail(out, &info.base);
}

int status_print(struct buffer *out, const struct status *status) {
    char message[sizeof(status->message)];
    memcpy(message, status->message, sizeof(message));
    Depositary__V1__Status head = DEPOSITARY__V1__STATUS__INIT;
    head.code = (int32_t)status->code;
    head.message = message;
    wire_append_message(out, &head.base); /* without details; they follow as further fields of the same message */
    int error = out->error;
    if (!error && status->reason[0]) {
        error = append_error_info(out, status);
    }
    if (!error && status->field[0]) {
        error = append_bad_request(out, status);
    }
    if (!error && status->retry_delay_ms > 0) {
        error = append_retry_info(out, status);
    }
    if (!error) {
        buffer_append(out, buffer_bytes(&status->extra));
        error = status->extra.error ? status->extra.error : out->error;
    }
    return error;
}

/* ---- reading */

/* The detail, unpacked, where it is of this type and can be read: details are for telling, so one that cannot is passed over. */
static const ProtobufCMessage *detail_of(const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type,
                                         struct arena *arena) {
    const char *slash = strrchr(any->type_url, '/');
    ProtobufCMessage *message = NULL;
    if (!slash || strcmp(slash + 1, type->name) != 0 ||
        guard_unpack(&message, type, bytes_of(any->value.data, any->value.len), arena, NULL) != 0) {
        return NULL;
    }
    return message;
}

static void read_error_info(struct status_view *out, const ProtobufCMessage *detail) {
    const Google__Rpc__ErrorInfo *info = (const Google__Rpc__ErrorInfo *)detail;
    if (strcmp(info->domain, STATUS_DOMAIN) == 0) {
        out->reason = info->reason;
    }
}

static void read_bad_request(struct status_view *out, const ProtobufCMessage *detail) {
    const Google__Rpc__BadRequest *bad_request = (const Google__Rpc__BadRequest *)detail;
    if (bad_request->n_field_violations > 0) {
        out->field = bad_request->field_violations[0]->field;
    }
}

static void read_retry_info(struct status_view *out, const ProtobufCMessage *detail) {
    const Google__Protobuf__Duration *delay = ((const Google__Rpc__RetryInfo *)detail)->retry_delay;
    if (delay && (delay->seconds < 0 || delay->nanos < 0)) {
        out->retry_delay_ms = -1;
    } else if (delay && delay->seconds < INT32_MAX) {
        out->retry_delay_ms = delay->seconds * MS_PER_S + delay->nanos / NS_PER_MS;
    }
}

int status_read(struct status_view *out, const Depositary__V1__Status *status, struct arena *arena) {
    struct status_view view = {.code = status->code, .message = status->message, .reason = "", .field = ""};
    for (size_t i = 0; i < status->n_details; i++) {
        const Google__Protobuf__Any *any = status->details[i];
        const ProtobufCMessage *detail = NULL;
        if ((detail = detail_of(any, &google__rpc__error_info__descriptor, arena))) {
            read_error_info(&view, detail);
        } else if ((detail = detail_of(any, &google__rpc__bad_request__descriptor, arena))) {
            read_bad_request(&view, detail);
        } else if ((detail = detail_of(any, &google__rpc__retry_info__descriptor, arena))) {
            read_retry_info(&view, detail);
        }
    }
    *out = view;
    return 0;
}
