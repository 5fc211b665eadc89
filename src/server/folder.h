/* The daemon's folder: one daemon at a time, what stands in it, and the policy. */
#ifndef SERVER_FOLDER_H
#define SERVER_FOLDER_H

#include "proof/policy.h"

#define FOLDER_PATH_MAX 4096u

/** Makes the folder and takes its lock, until the descriptor *lock is closed. DEPOSITARY_E_STATE: another daemon runs on it. */
MUST_USE int folder_take(int *lock, const char *dir, struct fault *fault);
/** Whether this user may write the folder, and a file in it that is there: if not, whose it is and what to do (a volume that came with another owner). */
MUST_USE int folder_judge_access(const char *dir, const char *name, struct fault *fault);
/** Whether a first start may begin or go on here: no policy, and nothing that a first start did not make. */
bool folder_is_new(const char *dir);
/** Whether there is a file or folder of that name. */
bool folder_has(const char *dir, const char *name);
MUST_USE int folder_policy(struct policy **out, const char *path, struct fault *fault);
/** For ipc:// URLs: makes the folder of the socket (0700) where it is not there; warns where others may enter it. */
MUST_USE int folder_of_socket(const char *url, struct fault *fault);

#endif
