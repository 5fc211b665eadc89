/* Files that are written beside one another: certified copies, PROTOCOL.md section 3, and what they are copies of. */
#include "cli/cli.h"

#include <stdlib.h>

#include "base/file.h"
#include "proof/copy.h"

int cli_write_file(const char *dir, const char *name, struct bytes in) {
    char path[4096];
    struct fault fault = {0};
    if (file_path(path, sizeof path, dir, name) != 0) {
        cli_error("%s: path too long", dir);
        return CLI_REFUSED;
    }
    if (file_write(path, in, 0644, &fault) != 0) {
        cli_error("%s: %s", path, fault_text(&fault));
        return CLI_REFUSED;
    }
    return 0;
}

int cli_write_copy(const char *dir, const depositary_answer *answer, const depositary_clause *clause,
                   char name[COPY_NAME_MAX]) {
    const struct clause_record record = {
        .instrument = bytes_text(clause->edition->instrument),
        .language = bytes_text(clause->edition->language),
        .eid = bytes_text(clause->eid),
    };
    char file[COPY_NAME_MAX + 8];
    char *proof = NULL;
    size_t proof_len;
    int error = depositary_answer_copy_proof(answer, clause, &proof, &proof_len);
    if (error != 0) {
        cli_error("%s: %s", clause->eid, depositary_error_text(error));
        return cli_exit_code(error);
    }
    copy_name(name, &record, clause->edition->edition);
    snprintf(file, sizeof file, "%s.record", name);
    int status = cli_write_file(dir, file, bytes_of(clause->record, clause->record_len));
    snprintf(file, sizeof file, "%s.proof", name);
    if (status == 0)
        status = cli_write_file(dir, file, bytes_of(proof, proof_len));
    free(proof);
    return status;
}
