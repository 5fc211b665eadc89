/* grpc.health.v1.Health, and what it stands on (health.h). PROTOCOL.md section 6. */
#include "base/time.h"
#include "grpc/health/v1/health.pb-c.h"
#include "server/answer_key.h"
#include "server/health.h"

#include <string.h>

int health_check(struct server *server, const struct ledger_state *state, struct fault *fault) {
    if (__atomic_load_n(&server->is_leaving, __ATOMIC_ACQUIRE) ||
        __atomic_load_n(&server->is_draining, __ATOMIC_ACQUIRE)) {
        return fault_set(fault, DEPOSITARY_E_STATE, "shutting down");
    }
    int error = ledger_probe(server->ledger, fault);
    if (!error && policy_has_quorum(server->policy) &&
        state->size > 0) { /* else every client would refuse what is served */
        struct checkpoint checkpoint;
        error = policy_verify_checkpoint(&checkpoint, server->policy, state->checkpoint, fault);
    }
    return error ? error
                 : answer_key_check(__atomic_load_n(&server->key, __ATOMIC_ACQUIRE)->public_key, server->ledger, state,
                                    clock_now_s(), fault);
}

static bool is_known(const char *service) {
    if (service[0] == '\0') {
        return true;
    }
    size_t count;
    const struct method *methods = method_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(methods[i].service->name, service) == 0) {
            return true;
        }
    }
    return false;
}

static void health_check_call(Grpc__Health__V1__Health_Service *service,
                              const Grpc__Health__V1__HealthCheckRequest *input,
                              Grpc__Health__V1__HealthCheckResponse_Closure closure, void *closure_data) {
    struct call *call = call_of(service);
    if (!is_known(input->service)) {
        status_set(&call->status, STATUS_NOT_FOUND, "SERVICE", "there is no service of that name");
        closure(NULL, closure_data);
        return;
    }
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    response.status = health_check(call_server(call), call_state(call), NULL) == 0
                          ? GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
                          : GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
    closure(&response, closure_data);
}

static const Grpc__Health__V1__Health_Service implementation = {
    .base = {.descriptor = &grpc__health__v1__health__descriptor, .invoke = protobuf_c_service_invoke_internal},
    .check = health_check_call,
};

const struct service_entry health_service = {&grpc__health__v1__health__descriptor, &implementation.base,
                                             sizeof(implementation)};
