/* Files that must be whole: read with a limit, written so that a crash leaves the old one or the new one. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/bytes.h"
#include "base/error.h"

/** Appends the file to *out; past out->limit: DEPOSITARY_E_LIMIT; no file: DEPOSITARY_E_MISSING. */
MUST_USE int file_read(struct buffer *out, const char *path, struct fault *fault);
/** The same for what decides whom to believe: refused (DEPOSITARY_E_PERMISSION) unless a regular file of ours, of root's or of its folder's owner, that
 * neither others may write nor a group that is not its owner's own; or a pipe that was handed to the process. */
MUST_USE int file_read_trusted(struct buffer *out, const char *path, struct fault *fault);
/** The same for a key that a group may share, as Debian keeps those of certificates: a regular file of ours or root's, nothing to others, no writing for the
 * group but the owner's own. */
MUST_USE int file_read_private(struct buffer *out, const char *path, struct fault *fault);
/** The same for a key that nobody shares: a regular file of ours, no link, with no access for group and others. */
MUST_USE int file_read_secret(struct buffer *out, const char *path, struct fault *fault);
/** Writes beside, syncs, renames over path, syncs the folder. mode as for open(2). */
MUST_USE int file_write(const char *path, struct bytes in, unsigned mode, struct fault *fault);
/** Renames over `to`, in the same folder, and syncs that. */
MUST_USE int file_rename(const char *from, const char *to, struct fault *fault);
/**
 * Copies a regular file to a new one, and syncs it; its mode is that of `from` as far as `mode` allows. DEPOSITARY_E_EXISTS: `to` is there.
 * Nothing is left where it fails.
 */
MUST_USE int file_copy(const char *from, const char *to, unsigned mode, struct fault *fault);
/** Syncs a finished file and gives it the name `to`, in the same folder, unless that is there: DEPOSITARY_E_EXISTS. */
MUST_USE int file_place(const char *from, const char *to, struct fault *fault);
/** Takes the lock (flock(2)) of the file, made where it is not there, until the descriptor *lock is closed. DEPOSITARY_E_STATE: another has it. */
MUST_USE int file_lock(int *lock, const char *path, struct fault *fault);
/** Makes the folder and its parents (mode for each new one); fine where it is there. */
MUST_USE int file_make_dir(const char *path, unsigned mode, struct fault *fault);
/** "dir/name" in *out, with a NUL; DEPOSITARY_E_LIMIT where it does not fit. */
MUST_USE int file_path(char *out, size_t capacity, const char *dir, const char *name);

#endif
