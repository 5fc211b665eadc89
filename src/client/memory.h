/*
 * The largest checkpoint that was verified, kept on disk per origin and pinned keys, and the evidence of a fork. PROTOCOL.md section 8.
 * A file is a note as it was signed: anybody can read it, and it is verified again when it is read.
 */
#ifndef CLIENT_MEMORY_H
#define CLIENT_MEMORY_H

#include "proof/policy.h"

struct memory {
    char dir[3072];
    char name[80]; /* "<32 hex digits>.checkpoint" */
};

/** Makes the folder (0700) and the file's name. dir NULL: nothing is kept, and the calls below do nothing. */
MUST_USE int memory_init(struct memory *memory, const char *dir, const struct policy *policy, struct fault *fault);

/** Appends the remembered note to *note; nothing where there is none. DEPOSITARY_E_STATE where the file is not a checkpoint of a pinned key:
 * it is not passed over in silence, since forgetting is what a roll-back needs. */
MUST_USE int memory_load(const struct memory *memory, const struct policy *policy, struct buffer *note,
                         struct checkpoint *checkpoint, struct fault *fault);
/**
 * Keeps a verified note where it is larger than the remembered one; another process may write at the same time. Where a larger or
 * contradicting one is remembered that is kept, and appended to *other (which is empty otherwise). DEPOSITARY_E_FORK where it contradicts.
 */
MUST_USE int memory_store(const struct memory *memory, const struct policy *policy, struct bytes note,
                          struct buffer *other, struct fault *fault);
/** Writes both notes, as text, in one file; its path is in path[capacity], "" where nothing is kept. */
MUST_USE int memory_keep_fork(const struct memory *memory, struct bytes held, struct bytes shown, char *path,
                              size_t capacity, struct fault *fault);

/** Whether a note is a checkpoint of the policy's origin that a pinned key signed; the quorum is not asked for: it may have been another
 * one when the note was kept. */
MUST_USE int memory_judge(struct checkpoint *out, const struct policy *policy, struct bytes note, struct fault *fault);

#endif
