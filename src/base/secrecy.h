/* What a process that holds keys sets for itself. */
#ifndef BASE_SECRECY_H
#define BASE_SECRECY_H

/** No core dump, and no tracing by the same user's other programs. What is refused is no reason not to go on. Call before there is a secret. */
void secrecy_forbid_dumps(void);

#endif
