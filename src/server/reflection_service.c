/* ReflectionService: the descriptors of all services and messages, as protoc wrote them at the build. PROTOCOL.md section 6. */
#include "depositary/v1/reflection.pb-c.h"
#include "server/server.h"

#include "protoset_bytes.h" /* made by embed.cmake */

static void reflection_get_descriptors(Depositary__V1__ReflectionService_Service *service,
                                       const Depositary__V1__GetDescriptorsRequest *input,
                                       Depositary__V1__GetDescriptorsResponse_Closure closure, void *closure_data) {
    (void)service;
    (void)input;
    Depositary__V1__GetDescriptorsResponse response = DEPOSITARY__V1__GET_DESCRIPTORS_RESPONSE__INIT;
    response.file_descriptor_set = (ProtobufCBinaryData){sizeof(protoset_bytes), (uint8_t *)(uintptr_t)protoset_bytes};
    closure(&response, closure_data);
}

static const Depositary__V1__ReflectionService_Service implementation =
    DEPOSITARY__V1__REFLECTION_SERVICE__INIT(reflection_);

const struct service_entry reflection_service = {&depositary__v1__reflection_service__descriptor, &implementation.base,
                                                 sizeof(implementation)};
