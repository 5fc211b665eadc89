/* What describe and call share: the descriptors that the service gives, under its seal. */
#include "cli/generic.h"

#include "base/arena.h"
#include "base/limits.h"
#include "depositary/v1/reflection.pb-c.h"
#include "rpc/guard.h"

static int read_set(struct schema **out, const depositary_answer *answer) {
    struct arena arena;
    struct fault fault = {0};
    ProtobufCMessage *message = NULL;
    size_t len;
    const void *bytes = depositary_answer_message(answer, &len);
    arena_init(&arena, 2 * LIMIT_SOCKET);
    int error = guard_unpack(&message, &depositary__v1__get_descriptors_response__descriptor, bytes_of(bytes, len),
                             &arena, &fault);
    if (error == 0) {
        const ProtobufCBinaryData set = ((Depositary__V1__GetDescriptorsResponse *)message)->file_descriptor_set;
        error = schema_read(out, bytes_of(set.data, set.len), &fault);
    }
    arena_free(&arena);
    if (error == 0)
        return 0;
    cli_error("the service's descriptors cannot be read: %s", fault_text(&fault));
    return CLI_REFUSED;
}

int cli_schema(struct cli *cli, struct schema **out) {
    depositary_answer *answer = NULL;
    int status = cli_client(cli);
    if (status != 0)
        return status;
    int error = depositary_get_descriptors(cli->client, &answer);
    status = error != 0 ? cli_answer_failed(cli, answer, error) : read_set(out, answer);
    depositary_answer_free(&answer);
    return status;
}
