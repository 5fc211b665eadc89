/* Policies: any bytes are refused, or give a policy with an origin and keys, of which each has one role; and so does its copy. */
#include "fuzz.h"
#include "proof/policy.h"

#include <string.h>

static void judge(const struct policy *policy) {
    HOLDS(policy_logs_count(policy) > 0 && policy_logs_count(policy) <= POLICY_KEYS_MAX);
    HOLDS(policy_witnesses_count(policy) <= POLICY_KEYS_MAX && origin_valid(policy_origin(policy)));
    for (size_t i = 0; i < policy_logs_count(policy); i++) {
        const struct verifier_key *log = policy_log(policy, i);
        HOLDS(bytes_equal(bytes_text(log->name), policy_origin(policy)) && policy_has_key(policy, log->public_key));
        for (size_t j = 0; j < policy_witnesses_count(policy); j++)
            HOLDS(memcmp(log->public_key, policy_witness(policy, j)->public_key, PUBLIC_KEY_LEN) != 0);
    }
    for (size_t i = 0; i < policy_witnesses_count(policy); i++) {
        HOLDS(policy_has_key(policy, policy_witness(policy, i)->public_key));
        HOLDS(strlen(policy_witness_url(policy, i)) <= POLICY_URL_MAX);
    }
    HOLDS(policy_log(policy, POLICY_KEYS_MAX) == NULL && policy_witness(policy, POLICY_KEYS_MAX) == NULL);
    HOLDS(policy_witness_url(policy, POLICY_KEYS_MAX)[0] == '\0');
}

/* Without signatures nothing is verified, and with none asked for it is not the quorum that is lacking. */
static void judge_empty(const struct policy *policy, bool asks) {
    struct checkpoint checkpoint;
    struct fault fault = {0};
    HOLDS(policy_verify_checkpoint(&checkpoint, policy, BYTES("a\n1\nb\n\n"), &fault) != 0);
    HOLDS(policy_has_quorum(policy) == asks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct policy *policy = NULL, *copy = NULL, *open = NULL;
    struct fault fault = {0};
    if (policy_parse(&policy, bytes_of(data, size), &fault) != 0) {
        HOLDS(policy == NULL && fault.error != 0 && fault.text[0] != '\0');
        return 0;
    }
    judge(policy);
    HOLDS(policy_copy(&copy, policy) == 0 && policy_copy_without_quorum(&open, policy) == 0);
    HOLDS(policy_witnesses_count(copy) == policy_witnesses_count(policy));
    judge(copy);
    judge_empty(copy, policy_has_quorum(policy));
    judge_empty(open, false);
    policy_free(open);
    policy_free(copy);
    policy_free(policy);
    return 0;
}
