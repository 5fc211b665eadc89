/* What a human looks at before it is signed: the record's fields, the units and their coverage, the importer's doubts, and what changes. */
#ifndef CLI_PREVIEW_H
#define CLI_PREVIEW_H

#include "cli/cli.h"
#include "office/office.h"

/** What is about to be signed. Views. */
struct preview {
    struct edition_record edition;
    struct bytes source;
    const struct outline *outline; /* no units for a withdrawal */
};

/** Prints it to standard output, for a person. */
void preview_print(const struct preview *preview);
/** The same as an object. */
json_t *preview_json(const struct preview *preview);

/**
 * What changes against the latest edition in the office's ledger, whose record is `latest`: an array of {eid, change, words}, where change
 * is added, removed or changed, and words are those of wording_changes. NULL with *fault where the ledger cannot be read.
 */
json_t *preview_changes(const struct preview *preview, struct office *office, struct bytes latest, struct fault *fault);
/** Prints it to standard output, for a person. */
void preview_print_changes(json_t *changes, size_t units);

#endif
