/* What describe and call share. */
#ifndef CLI_GENERIC_H
#define CLI_GENERIC_H

#include "cli/cli.h"
#include "schema/schema.h"

/** What the service says that it speaks: sealed, and claimed. 0 or an exit code, told. The caller frees *out. */
int cli_schema(struct cli *cli, struct schema **out);

#endif
