/* Certified copies and seal heads: what parses prints as the same bytes. */
#include "fuzz.h"
#include "proof/copy.h"
#include "proof/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes in = bytes_of(data, size);
    struct copy_proof proof;
    struct seal_head head, again;
    struct buffer out;
    buffer_init(&out, 1 << 20);
    if (copy_proof_parse(&proof, in, NULL) == 0) {
        HOLDS(copy_proof_print(&out, &proof) == 0);
        HOLDS(bytes_equal(buffer_bytes(&out), in));
    }
    if (seal_head_parse(&head, in) == 0) {
        buffer_clear(&out);
        HOLDS(seal_head_print(&out, &head) == 0);
        HOLDS(seal_head_parse(&again, buffer_bytes(&out)) == 0);
        HOLDS(again.size == head.size && again.ledger_size == head.ledger_size && again.sealed_at == head.sealed_at);
    }
    buffer_free(&out);
    return 0;
}
