/* The eIds of one edition. PROTOCOL.md section 2. */
#include "ledger/eids.h"

#include "base/sha256.h"

/* What is known of a string of bytes. */
#define IS_EID   1u /* it is a clause's eId */
#define IS_OUTER 2u /* some eId is it, followed by "__" */

void eids_free(struct eids *eids) {
    table_free(&eids->known);
}

static struct hash key_of(struct bytes words) {
    struct hash key;
    sha256(key.bytes, words);
    return key;
}

int eids_add(struct eids *eids, struct bytes eid, struct fault *fault) {
    struct hash key = key_of(eid);
    uint64_t known = table_get(&eids->known, &key);
    if (known & IS_EID)
        return fault_set(fault, DEPOSITARY_E_RULE, "the eId %.*s is there twice", (int)eid.len, eid.data);
    if (known & IS_OUTER)
        return fault_set(fault, DEPOSITARY_E_RULE, "another eId is %.*s followed by \"__\"", (int)eid.len, eid.data);
    int error = table_set(&eids->known, &key, IS_EID);

    for (size_t i = 1; error == 0 && i + 1 < eid.len; i++) {
        if (eid.data[i] != '_' || eid.data[i + 1] != '_')
            continue;
        key = key_of(bytes_slice(eid, 0, i));
        known = table_get(&eids->known, &key);
        if (known & IS_EID)
            return fault_set(fault, DEPOSITARY_E_RULE, "the eId %.*s is another's followed by \"__\"", (int)eid.len,
                             eid.data);
        error = table_set(&eids->known, &key, known | IS_OUTER);
    }
    return error;
}
