/* What `show` is made of: verb_show.c has outline and text, show_akn.c the document. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/cli.h"

/** The edition as Akoma Ntoso: to standard output, or (dir not NULL) into a folder beside the certified copies of its clauses. An exit code. */
int show_akn(struct cli *cli, const depositary_edition_query *which, const char *dir);

#endif
