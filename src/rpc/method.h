/* The methods there are, by full name, from the generated service descriptors. Both sides. */
#ifndef RPC_METHOD_H
#define RPC_METHOD_H

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"

struct method {
    const char *full_name; /* "/depositary.v1.DepositaryService/GetClause" */
    const ProtobufCServiceDescriptor *service;
    unsigned index; /* in the service */
    const ProtobufCMessageDescriptor *input;
    const ProtobufCMessageDescriptor *output;
    bool is_large;      /* requests may have LIMIT_REQUEST_APPEND bytes */
    bool is_idempotent; /* may be tried again */
};

/** All of them, in a fixed order. */
const struct method *method_table(size_t *count);
/** NULL for an unknown name. */
const struct method *method_find(struct bytes full_name);
/** By the descriptors, for generated client stubs. */
const struct method *method_of(const ProtobufCServiceDescriptor *service, unsigned index);

#endif
