/* describe: services, methods, messages and enumerations, as the service tells of them. Names are untrusted text. */
#include "cli/generic.h"

#include <string.h>

static const char *text_or(const char *text, const char *otherwise) {
    return text != NULL && *text != '\0' ? text : otherwise;
}

static void print(const char *text) {
    cli_text(text, strlen(text));
}

static const char *without_dot(const char *type) {
    type = text_or(type, "?");
    return type + (*type == '.');
}

static void print_method(const schema_method *method) {
    print("  rpc ");
    print(text_or(method->name, "?"));
    print("(");
    print(without_dot(method->input_type));
    print(") returns (");
    print(without_dot(method->output_type));
    print(")\n");
}

static void print_service(const char *name, const schema_service *service) {
    print("service ");
    print(name);
    print("\n");
    for (size_t i = 0; i < service->n_method; i++)
        print_method(service->method[i]);
}

static const char *scalar_name(const schema_field *field) {
    static const char *const names[] = {"?",       "double",   "float",    "int64",  "uint64", "int32", "fixed64",
                                        "fixed32", "bool",     "string",   "group",  "?",      "bytes", "uint32",
                                        "?",       "sfixed32", "sfixed64", "sint32", "sint64"};
    int type = (int)field->type;
    return type > 0 && type < (int)(sizeof names / sizeof *names) ? names[type] : names[0];
}

static void print_field(const schema_field *field) {
    print(schema_is_repeated(field) ? "  repeated " : "  ");
    print(field->type_name != NULL && *field->type_name != '\0' ? without_dot(field->type_name) : scalar_name(field));
    print(" ");
    print(text_or(field->name, "?"));
    printf(" = %d\n", field->number);
}

static void print_message(const char *name, const schema_message *message) {
    print("message ");
    print(name);
    print("\n");
    for (size_t i = 0; i < message->n_field; i++)
        print_field(message->field[i]);
}

static void print_enum(const char *name, const schema_enum *type) {
    print("enum ");
    print(name);
    print("\n");
    for (size_t i = 0; i < type->n_value; i++) {
        print("  ");
        print(text_or(type->value[i]->name, "?"));
        printf(" = %d\n", type->value[i]->number);
    }
}

static bool print_one(const struct schema *schema, const char *wanted) {
    const char *name;
    const schema_service *service;
    for (size_t i = 0; (service = schema_service_at(schema, i, &name)) != NULL; i++)
        if (strcmp(name, wanted) == 0) {
            print_service(name, service);
            return true;
        }
    const schema_method *method = schema_find_method(schema, wanted, &name);
    const schema_message *message = schema_find_message(schema, wanted);
    const schema_enum *type = schema_find_enum(schema, wanted);
    if (method != NULL)
        print_method(method);
    else if (message != NULL)
        print_message(wanted, message);
    else if (type != NULL)
        print_enum(wanted, type);
    return method != NULL || message != NULL || type != NULL;
}

static json_t *service_json(const char *name, const schema_service *service) {
    json_t *methods = json_array();
    for (size_t i = 0; i < service->n_method; i++)
        json_array_append_new(methods, json_pack("{s:s, s:s, s:s}", "name", text_or(service->method[i]->name, "?"),
                                                 "request", without_dot(service->method[i]->input_type), "response",
                                                 without_dot(service->method[i]->output_type)));
    return json_pack("{s:s, s:o}", "service", name, "methods", methods);
}

static int print_all(struct cli *cli, const struct schema *schema) {
    const char *name;
    const schema_service *service;
    json_t *services = json_array();
    for (size_t i = 0; (service = schema_service_at(schema, i, &name)) != NULL; i++) {
        if (cli->is_json)
            json_array_append_new(services, service_json(name, service));
        else
            print_service(name, service);
    }
    if (cli->is_json)
        return cli_json_print(json_pack("{s:o, s:b}", "services", services, "claimed", 1));
    json_decref(services);
    return cli_finish();
}

int verb_describe(struct cli *cli, const struct verb *verb, int argc, char **argv) {
    struct schema *schema = NULL;
    cli->no_receipt = "descriptors prove nothing, and are not kept";
    int status = cli_options(cli, verb, argc, argv, NULL, NULL, NULL, 0, 1);
    if (status >= 0)
        return status;
    if (optind < argc && cli->is_json)
        return cli_usage(verb, "--json is for all services at once");
    if ((status = cli_schema(cli, &schema)) != 0)
        return status;
    if (optind == argc) {
        status = print_all(cli, schema);
    } else if (print_one(schema, argv[optind])) {
        status = cli_finish();
    } else {
        cli_error("the service tells of no \"%s\"; see: depositary describe", argv[optind]);
        status = CLI_NO;
    }
    schema_free(schema);
    return status;
}
