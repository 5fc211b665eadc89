/*
 * Queries answer "no" for an instrument that is not there, and that is claimed. The register proves it: the verbs ask for the instrument, too,
 * and show that proof instead.
 */
#include "cli/cli.h"

int cli_query_failed(struct cli *cli, const depositary_edition_query *which, const depositary_answer *answer,
                     int error) {
    depositary_answer *proof = NULL;
    bool is_named = which->instrument != NULL && *which->instrument != '\0';
    if (error != DEPOSITARY_E_NO || !is_named || (answer != NULL && depositary_answer_absence_proven(answer)))
        return cli_answer_failed(cli, answer, error);
    int proof_error = depositary_get_instrument(cli->client, which, &(depositary_page){.size = 1}, &proof);
    bool is_proof = proof_error == DEPOSITARY_E_NO && proof != NULL && depositary_answer_absence_proven(proof);
    int status = is_proof ? cli_answer_failed(cli, proof, proof_error) : cli_answer_failed(cli, answer, error);
    depositary_answer_free(&proof);
    return status;
}
