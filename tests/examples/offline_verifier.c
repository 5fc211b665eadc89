/* offline_verifier POLICY RECORD PROOF: checks a certified copy with no network, and prints the clause only where it held. */
#include <depositary/verify.h>

#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX (2 * 1024 * 1024)

static char *read_file(const char *path, size_t *len) {
    char *bytes = malloc(FILE_MAX);
    FILE *file = fopen(path, "rb");
    *len = bytes != NULL && file != NULL ? fread(bytes, 1, FILE_MAX, file) : 0;
    if (file == NULL)
        perror(path);
    else
        fclose(file);
    return bytes;
}

int main(int argc, char **argv) {
    depositary_failure failure;
    depositary_policy *policy = NULL;
    depositary_copy *copy = NULL;
    if (argc != 4) {
        fputs("usage: offline_verifier POLICY RECORD PROOF\n", stderr);
        return 2;
    }
    size_t record_len, proof_len;
    char *record = read_file(argv[2], &record_len);
    char *proof = read_file(argv[3], &proof_len);
    int error = depositary_verify_init();
    if (error == 0)
        error = depositary_policy_load(&policy, argv[1], &failure);
    if (error == 0)
        error = depositary_copy_verify(&copy, policy, record, record_len, proof, proof_len, &failure);
    if (error != 0) {
        fprintf(stderr, "%s\n", failure.text);
    } else {
        const depositary_clause *clause = depositary_copy_clause(copy);
        fprintf(stderr, "%s, %s, edition %u, %s\n", clause->edition->instrument, clause->edition->language,
                (unsigned)clause->edition->edition, clause->eid);
        fwrite(clause->text, 1, clause->text_len, stdout);
    }
    depositary_copy_free(&copy);
    depositary_policy_free(&policy);
    free(record);
    free(proof);
    return error != 0;
}
