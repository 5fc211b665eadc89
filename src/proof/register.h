/*
 * The register: what the ledger says now, as sorted lines with a tree over them. PROTOCOL.md section 3.
 * Built from entries (server, office, audit) and checked line by line (client). Pure.
 */
#ifndef PROOF_REGISTER_H
#define PROOF_REGISTER_H

#include "proof/record.h"

/** A line, parsed. Views into the line. */
struct register_line {
    bool is_key;             /* else an edition */
    struct bytes instrument; /* edition */
    struct bytes language;
    uint32_t edition;
    uint8_t public_key[PUBLIC_KEY_LEN]; /* key */
    bool active;
    struct hash record; /* leaf hash of the record */
};

/** DEPOSITARY_E_REGISTER_LINE for anything but the one spelling. */
MUST_USE int register_line_parse(struct register_line *out, struct bytes line);

/** The lines and their tree. Not safe for writing from two threads; a finished one may be read by many. */
struct register_lines;

MUST_USE int register_lines_new(struct register_lines **out);
MUST_USE int register_lines_copy(struct register_lines **out, const struct register_lines *lines);
void register_lines_free(struct register_lines *lines);

/** Applies an entry with this leaf hash: an edition or key sets its line, a revocation turns its key's line to revoked; a register
 * changes nothing. Checks no rule but that a revocation has a key (DEPOSITARY_E_RULE). Undoes register_lines_finish. */
MUST_USE int register_lines_apply(struct register_lines *lines, struct bytes record, const struct hash *leaf_hash,
                                  struct fault *fault);
/** Sorts and hashes; needed before what follows. O(lines) hashes. */
MUST_USE int register_lines_finish(struct register_lines *lines);

size_t register_lines_count(const struct register_lines *lines);
struct bytes register_lines_line(const struct register_lines *lines, size_t index);
void register_lines_root(struct hash *out, const struct register_lines *lines);
void register_lines_path(struct merkle_path *out, const struct register_lines *lines, size_t index);
/** Index of the first line that is not before `words`; count where all are before it. */
size_t register_lines_lower_bound(const struct register_lines *lines, struct bytes words);
/** Whether there is a line that begins with `words`, and its index. */
bool register_lines_find(const struct register_lines *lines, struct bytes words, size_t *index);

/** A line that somebody shows, with its proof. */
struct shown_line {
    struct bytes line;
    uint64_t index;
    struct merkle_path path;
};

/** DEPOSITARY_E_REGISTER_LINE unless the line stands at its index in the register. */
MUST_USE int register_line_check(const struct shown_line *shown, const struct register_record *record);

/** DEPOSITARY_E_ABSENCE unless the shown lines (0, 1 or 2) prove that no line of the register begins with `words`. */
MUST_USE int register_absence_check(struct bytes words, const struct shown_line *shown, size_t count,
                                    const struct register_record *record);

#endif
