/*
 * Akoma Ntoso 3.0 (OASIS LegalDocML), in and out: for the command line only, which alone links libxml2. Knows base and text.
 *
 * In: the file is the source, byte for byte; its units are slices of the XML, named by its eIds. Out: the text of an edition as elements,
 * unchanged: the character data of num, heading and p outside meta, joined in order, is the deposited text.
 */
#ifndef AKN_AKN_H
#define AKN_AKN_H

#include "text/import.h"

/** Whether a file begins as an Akoma Ntoso document does. */
bool akn_is(struct bytes file);

/**
 * Units of an Akoma Ntoso document. Refused, with line and column: what is not well-formed or not UTF-8, another root element, a document
 * type (and with it every entity of its own). Nothing outside the file is read. DEPOSITARY_E_FORMAT, DEPOSITARY_E_UTF8.
 */
MUST_USE int akn_import(struct outline *out, struct bytes source, struct fault *fault);

/** One clause of the edition that is written. Views. */
struct akn_unit {
    struct bytes eid;
    struct bytes text;
};

/** What is written of an edition; texts may be "", parties may be none. Views. */
struct akn_edition {
    const char *instrument;
    const char *language; /* BCP 47 */
    const char *title;
    const char *date; /* YYYY-MM-DD or "" */
    const char *deposited_at;
    const char *origin; /* of the ledger */
    uint32_t edition;
    struct bytes record; /* the edition record */
    const struct akn_unit *units;
    size_t units_count;
};

/** Takes the next bytes of a document, which end where a unit does, or its head; an error ends the writing. */
typedef int akn_sink(void *context, struct bytes piece);

/**
 * The edition as a document, given to the sink as it is written. Control characters that XML cannot hold become the instruction <?depositary-character N?>. An edition whose
 * source is an Akoma Ntoso document is that document, unchanged.
 */
MUST_USE int akn_write(akn_sink *sink, void *context, const struct akn_edition *edition, struct fault *fault);

#endif
