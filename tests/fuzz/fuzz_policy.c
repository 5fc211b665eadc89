/* Policies: any bytes are refused or give a policy with an origin and keys. */
#include "fuzz.h"
#include "proof/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct policy *policy = NULL, *copy = NULL;
    struct fault fault = {0};
    if (policy_parse(&policy, bytes_of(data, size), &fault) == 0) {
        HOLDS(policy_logs_count(policy) > 0 && origin_valid(policy_origin(policy)));
        HOLDS(policy_copy(&copy, policy) == 0);
        HOLDS(policy_witnesses_count(copy) == policy_witnesses_count(policy));
        policy_free(copy);
        policy_free(policy);
    } else {
        HOLDS(policy == NULL && fault.error != 0);
    }
    return 0;
}
