/*
 * Messages that are known only by descriptors which a service gave: what there is, and proto3 JSON both ways
 * (https://protobuf.dev/programming-guides/json/). The descriptors are hostile bytes like any answer: they are read with limits, and what they do not
 * say fits is refused. PROTOCOL.md section 6, ReflectionService. Pure.
 */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include <jansson.h>

#include "base/bytes.h"
#include "base/error.h"
#include "google/protobuf/descriptor.pb-c.h"

struct schema;

typedef Google__Protobuf__DescriptorProto schema_message;
typedef Google__Protobuf__FieldDescriptorProto schema_field;
typedef Google__Protobuf__EnumDescriptorProto schema_enum;
typedef Google__Protobuf__ServiceDescriptorProto schema_service;
typedef Google__Protobuf__MethodDescriptorProto schema_method;

/** Reads an encoded FileDescriptorSet. DEPOSITARY_E_FORMAT, DEPOSITARY_E_LIMIT. */
MUST_USE int schema_read(struct schema **out, struct bytes set, struct fault *fault);
void schema_free(struct schema *schema); /* NULL is fine */

/** By full name, with or without a dot before it; NULL: not there. */
const schema_message *schema_find_message(const struct schema *schema, const char *name);
const schema_enum *schema_find_enum(const struct schema *schema, const char *name);
/** "/package.Service/Method", "package.Service/Method" or "package.Service.Method". *service is its full name. */
const schema_method *schema_find_method(const struct schema *schema, const char *name, const char **service);
/** The i-th service and its full name; NULL past the end. */
const schema_service *schema_service_at(const struct schema *schema, size_t index, const char **name);
/** By its JSON name or its own; NULL: there is none. */
const schema_field *schema_find_field(const schema_message *message, const char *name);
const schema_field *schema_field_numbered(const schema_message *message, uint32_t number);
/** The name in JSON: json_name, or where it is not told its own. */
const char *schema_json_name(const schema_field *field);
bool schema_is_repeated(const schema_field *field);
/** Whether it is a map: on the wire a list of entries, each a message with key and value that protoc made. */
bool schema_is_map(const struct schema *schema, const schema_field *field);

/** A message as proto3 JSON: 64-bit numbers as strings, bytes as base64, enums by name, times as text; fields that are not set, or not known, are left out. */
MUST_USE int schema_print_json(json_t **out, const struct schema *schema, const char *type, struct bytes message,
                               struct fault *fault);
/** Appends the encoding of a JSON object; fields that are not known, of another type or out of range are refused, with their path. */
MUST_USE int schema_parse_json(struct buffer *out, const struct schema *schema, const char *type, const json_t *object,
                               struct fault *fault);

/* ---- json_time.c: "2025-04-23T00:00:00.5Z" and "1.5s" */

#define SCHEMA_TIME_MAX 48 /* bytes with the NUL */
bool json_time_print(char out[SCHEMA_TIME_MAX], int64_t seconds, int32_t nanos);
bool json_time_parse(int64_t *seconds, int32_t *nanos, const char *text);
bool json_duration_print(char out[SCHEMA_TIME_MAX], int64_t seconds, int32_t nanos);
bool json_duration_parse(int64_t *seconds, int32_t *nanos, const char *text);

/** What is written in JSON in a form of its own: google.protobuf's time, duration, any and boxed scalars. */
enum schema_special { SPECIAL_NONE, SPECIAL_TIME, SPECIAL_DURATION, SPECIAL_ANY, SPECIAL_BOX, SPECIAL_REFUSED };
enum schema_special schema_special_of(const char *type);

#endif
