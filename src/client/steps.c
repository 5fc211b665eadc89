/* Proofs in words. See steps.h. */
#include "client/steps.h"

#include "base/encode.h"

#include <inttypes.h>

void steps_hash(struct buffer *out, const char *before, const struct hash *hash, const char *after) {
    buffer_append_text(out, before);
    buffer_append_base64(out, hash_bytes(hash));
    buffer_append_text(out, after);
}

static void add_text(struct buffer *out, const char *before, struct bytes text, const char *after) {
    buffer_append_text(out, before);
    buffer_append(out, text);
    buffer_append_text(out, after);
}

/* RFC 9162 section 2.1.3.2, as merkle_inclusion_check goes, but told. */
void steps_path(struct buffer *out, const struct hash *leaf, uint64_t index, uint64_t size,
                const struct merkle_path *path) {
    struct hash node = *leaf;
    uint64_t fn = index;
    uint64_t sn = size - 1;
    for (size_t i = 0; i < path->count && sn > 0; i++) {
        bool is_right = (fn & 1) != 0 || fn == sn;
        if (is_right) {
            merkle_node_hash(&node, &path->hashes[i], &node);
            while ((fn & 1) == 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node_hash(&node, &node, &path->hashes[i]);
        }
        fn >>= 1;
        sn >>= 1;
        buffer_append_format(out, "    %zu. H(0x01 || ", i + 1);
        steps_hash(out, is_right ? "" : "it || ", &path->hashes[i], is_right ? " || it)" : ")");
        steps_hash(out, " = ", &node, "\n");
    }
}

void steps_clause(struct buffer *out, struct bytes record, const struct clause_record *clause, uint64_t place,
                  const struct merkle_path *path, const struct edition_record *edition) {
    struct hash leaf;
    merkle_leaf_hash(&leaf, record);
    add_text(out, "clause ", clause->eid, "");
    buffer_append_format(out, ": its record has %zu bytes; leaf H(0x00 || record)", record.len);
    steps_hash(out, " = ", &leaf, "\n");
    buffer_append_format(out, "  at place %" PRIu64 " of %" PRIu64 ", %zu hashes lead from it to clauses-root:\n",
                         place, edition->clauses, path->count);
    steps_path(out, &leaf, place, edition->clauses, path);
    steps_hash(out, "  clauses-root ", &edition->clauses_root, "\n");
}

void steps_edition(struct buffer *out, struct bytes record, const struct edition_record *edition, uint64_t index,
                   const struct merkle_path *path, const struct checkpoint *checkpoint) {
    struct hash leaf;
    merkle_leaf_hash(&leaf, record);
    buffer_append_format(out, "edition %" PRIu32, edition->edition);
    add_text(out, " of ", edition->instrument, "");
    add_text(out, " in ", edition->language, " names that clauses-root; its record");
    buffer_append_format(out, " has %zu bytes;", record.len);
    steps_hash(out, " leaf ", &leaf, "\n");
    buffer_append_format(out, "  entry %" PRIu64 " of %" PRIu64 ", %zu hashes lead from it to the ledger's root:\n",
                         index, checkpoint->size, path->count);
    steps_path(out, &leaf, index, checkpoint->size, path);
    steps_hash(out, "  root ", &checkpoint->root, "\n");
}

void steps_checkpoint(struct buffer *out, struct bytes note) {
    struct bytes rest = note;
    struct bytes line;
    while (bytes_take_line(&rest, &line)) {
        add_text(out, "  | ", line, "\n");
    }
    buffer_append_text(out, "  its first three lines, with their line breaks, are what is signed (Ed25519)\n");
}
