/* The index over a descriptor set (schema.h). */
#include "schema/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "rpc/guard.h"

#define SCHEMA_MEMORY (48u * 1024 * 1024) /* bytes that a set may take when it is unpacked */
#define SCHEMA_NAMES  8192u               /* messages, enums and services in all */
#define SCHEMA_NAME   512u                /* bytes of a full name */
#define SCHEMA_FIELDS 1024u               /* of a message: they are looked through for every field on the wire */
#define SCHEMA_VALUES 4096u               /* of an enum */

enum entry_kind { ENTRY_MESSAGE, ENTRY_ENUM, ENTRY_SERVICE };

struct entry {
    const char *name;
    enum entry_kind kind;
    const void *descriptor;
};

struct schema {
    struct arena arena;
    struct entry *entries; /* in the order of the set */
    size_t count;
    const struct entry **sorted; /* by name */
};

/* ---- reading */

static const char *join(struct schema *schema, const char *scope, const char *name) {
    char text[SCHEMA_NAME];
    int len = snprintf(text, sizeof text, "%s%s%s", scope, *scope != '\0' ? "." : "", name);
    return len < 0 || (size_t)len >= sizeof text ? NULL : arena_text(&schema->arena, text, (size_t)len);
}

static const char *add(struct schema *schema, const char *scope, const char *name, enum entry_kind kind,
                       const void *descriptor) {
    const char *full = name != NULL && *name != '\0' ? join(schema, scope, name) : NULL;
    if (full == NULL || schema->count == SCHEMA_NAMES) {
        return NULL;
    }
    schema->entries[schema->count++] = (struct entry){full, kind, descriptor};
    return full;
}

static bool add_enum(struct schema *schema, const char *scope, const schema_enum *type) {
    return type->n_value <= SCHEMA_VALUES && add(schema, scope, type->name, ENTRY_ENUM, type) != NULL;
}

/* Nesting is bounded by the guard. */
static bool add_message(struct schema *schema, const char *scope, const schema_message *message) {
    const char *full = add(schema, scope, message->name, ENTRY_MESSAGE, message);
    bool is_fine = full != NULL && message->n_field <= SCHEMA_FIELDS;
    for (size_t i = 0; is_fine && i < message->n_nested_type; i++) {
        is_fine = add_message(schema, full, message->nested_type[i]);
    }
    for (size_t i = 0; is_fine && i < message->n_enum_type; i++) {
        is_fine = add_enum(schema, full, message->enum_type[i]);
    }
    return is_fine;
}

static bool add_file(struct schema *schema, const Google__Protobuf__FileDescriptorProto *file) {
    const char *scope = file->package != NULL ? file->package : "";
    bool is_fine = true;
    for (size_t i = 0; is_fine && i < file->n_message_type; i++) {
        is_fine = add_message(schema, scope, file->message_type[i]);
    }
    for (size_t i = 0; is_fine && i < file->n_enum_type; i++) {
        is_fine = add_enum(schema, scope, file->enum_type[i]);
    }
    for (size_t i = 0; is_fine && i < file->n_service; i++) {
        is_fine = add(schema, scope, file->service[i]->name, ENTRY_SERVICE, file->service[i]) != NULL;
    }
    return is_fine;
}

static int by_name(const void *a, const void *b) {
    const struct entry *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

/* Names are found by halving: a set may have thousands, and every nested message is asked for by its own. */
static int sort(struct schema *schema, struct fault *fault) {
    for (size_t i = 0; i < schema->count; i++) {
        schema->sorted[i] = &schema->entries[i];
    }
    qsort(schema->sorted, schema->count, sizeof *schema->sorted, by_name);
    for (size_t i = 1; i < schema->count; i++) {
        if (by_name(&schema->sorted[i - 1], &schema->sorted[i]) == 0) {
            return fault_set(fault, DEPOSITARY_E_FORMAT, "the descriptors name %s twice", schema->sorted[i]->name);
        }
    }
    return 0;
}

static int fill(struct schema *schema, struct bytes set, struct fault *fault) {
    ProtobufCMessage *message = NULL;
    schema->entries = arena_zalloc(&schema->arena, SCHEMA_NAMES * sizeof *schema->entries);
    schema->sorted = arena_alloc(&schema->arena, SCHEMA_NAMES * sizeof *schema->sorted);
    if (schema->entries == NULL || schema->sorted == NULL) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for the descriptors");
    }
    int error = guard_unpack(&message, &google__protobuf__file_descriptor_set__descriptor, set, &schema->arena, fault);
    if (error) {
        return error;
    }
    const Google__Protobuf__FileDescriptorSet *files = (const Google__Protobuf__FileDescriptorSet *)message;
    for (size_t i = 0; i < files->n_file; i++) {
        if (!add_file(schema, files->file[i])) {
            return fault_set(fault, DEPOSITARY_E_LIMIT, "the descriptors name too much, or have names that are none");
        }
    }
    return sort(schema, fault);
}

int schema_read(struct schema **out, struct bytes set, struct fault *fault) {
    struct schema *schema = calloc(1, sizeof *schema);
    if (schema == NULL) {
        return fault_set(fault, DEPOSITARY_E_MEMORY, "no memory for the descriptors");
    }
    arena_init(&schema->arena, SCHEMA_MEMORY);
    int error = fill(schema, set, fault);
    if (error) {
        schema_free(schema);
        return error;
    }
    *out = schema;
    return 0;
}

void schema_free(struct schema *schema) {
    if (schema != NULL) {
        arena_free(&schema->arena);
        free(schema);
    }
}

/* ---- finding */

static const void *find(const struct schema *schema, const char *name, enum entry_kind kind) {
    const struct entry key = {.name = name + (*name == '.')}, *wanted = &key;
    const struct entry *const *found = bsearch(&wanted, schema->sorted, schema->count, sizeof *schema->sorted, by_name);
    return found != NULL && (*found)->kind == kind ? (*found)->descriptor : NULL;
}

const schema_message *schema_find_message(const struct schema *schema, const char *name) {
    return find(schema, name, ENTRY_MESSAGE);
}

const schema_enum *schema_find_enum(const struct schema *schema, const char *name) {
    return find(schema, name, ENTRY_ENUM);
}

const schema_service *schema_service_at(const struct schema *schema, size_t index, const char **name) {
    for (size_t i = 0; i < schema->count; i++) {
        if (schema->entries[i].kind == ENTRY_SERVICE && index-- == 0) {
            *name = schema->entries[i].name;
            return schema->entries[i].descriptor;
        }
    }
    return NULL;
}

const schema_method *schema_find_method(const struct schema *schema, const char *name, const char **service) {
    const char *full;
    const schema_service *found;
    name += *name == '/';
    for (size_t i = 0; (found = schema_service_at(schema, i, &full)) != NULL; i++) {
        size_t len = strlen(full);
        if (strncmp(name, full, len) != 0 || (name[len] != '/' && name[len] != '.')) {
            continue;
        }
        for (size_t j = 0; j < found->n_method; j++) {
            if (found->method[j]->name != NULL && strcmp(found->method[j]->name, name + len + 1) == 0) {
                *service = full;
                return found->method[j];
            }
        }
    }
    return NULL;
}

const char *schema_json_name(const schema_field *field) {
    const char *own = field->name != NULL ? field->name : "";
    return field->json_name != NULL && *field->json_name != '\0' ? field->json_name : own;
}

const schema_field *schema_find_field(const schema_message *message, const char *name) {
    for (size_t i = 0; i < message->n_field; i++) {
        const schema_field *field = message->field[i];
        if (strcmp(schema_json_name(field), name) == 0 || (field->name != NULL && strcmp(field->name, name) == 0)) {
            return field;
        }
    }
    return NULL;
}

const schema_field *schema_field_numbered(const schema_message *message, uint32_t number) {
    for (size_t i = 0; i < message->n_field; i++) {
        if (message->field[i]->number > 0 && (uint32_t)message->field[i]->number == number) {
            return message->field[i];
        }
    }
    return NULL;
}

bool schema_is_repeated(const schema_field *field) {
    return (int)field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
}

bool schema_is_map(const struct schema *schema, const schema_field *field) {
    const bool is_message = (int)field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE;
    const schema_message *entry =
        is_message && field->type_name != NULL ? schema_find_message(schema, field->type_name) : NULL;
    return entry != NULL && entry->options != NULL && entry->options->map_entry;
}

enum schema_special schema_special_of(const char *type) {
    static const struct {
        const char *type;
        enum schema_special special;
    } rows[] = {
        {"Timestamp", SPECIAL_TIME},    {"Duration", SPECIAL_DURATION}, {"Any", SPECIAL_ANY},
        {"DoubleValue", SPECIAL_BOX},   {"FloatValue", SPECIAL_BOX},    {"Int64Value", SPECIAL_BOX},
        {"UInt64Value", SPECIAL_BOX},   {"Int32Value", SPECIAL_BOX},    {"UInt32Value", SPECIAL_BOX},
        {"BoolValue", SPECIAL_BOX},     {"StringValue", SPECIAL_BOX},   {"BytesValue", SPECIAL_BOX},
        {"Struct", SPECIAL_REFUSED},    {"Value", SPECIAL_REFUSED},     {"ListValue", SPECIAL_REFUSED},
        {"FieldMask", SPECIAL_REFUSED},
    };
    static const char package[] = "google.protobuf.";
    type += *type == '.';
    if (strncmp(type, package, strlen(package)) != 0) {
        return SPECIAL_NONE;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].type, type + strlen(package)) == 0) {
            return rows[i].special;
        }
    }
    return SPECIAL_NONE;
}
