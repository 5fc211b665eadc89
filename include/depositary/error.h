/*
 * Error codes of the library. Every function that can fail returns one of them as an int: 0 is success.
 * The values are stable: new ones are added at the end of their group.
 */
#ifndef DEPOSITARY_ERROR_H
#define DEPOSITARY_ERROR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DEPOSITARY_API      __attribute__((visibility("default")))
#define DEPOSITARY_MUST_USE __attribute__((warn_unused_result))
#else
#define DEPOSITARY_API
#define DEPOSITARY_MUST_USE
#endif

/* X(name, value, text): the text completes "failed: ...". */
#define DEPOSITARY_ERRORS(X)                                                                                           \
    X(OK, 0, "no error")                                                                                               \
    /* use of the library, the machine, the network */                                                                 \
    X(E_ARGUMENT, 1, "bad argument")                                                                                   \
    X(E_MEMORY, 2, "out of memory")                                                                                    \
    X(E_LIMIT, 3, "larger than the protocol allows")                                                                   \
    X(E_IO, 4, "reading or writing failed")                                                                            \
    X(E_EXISTS, 5, "exists already")                                                                                   \
    X(E_MISSING, 6, "does not exist")                                                                                  \
    X(E_STATE, 7, "not possible in this state")                                                                        \
    X(E_PASSPHRASE, 8, "wrong passphrase, or a damaged key file")                                                      \
    X(E_PERMISSION, 9, "owner or mode of a file is unsafe")                                                            \
    X(E_UNREACHABLE, 20, "the service cannot be reached")                                                              \
    X(E_TIMEOUT, 21, "no answer in time")                                                                              \
    X(E_CANCELLED, 22, "cancelled")                                                                                    \
    X(E_STATUS, 23, "the service refused or failed")                                                                   \
    X(E_NO, 24, "the verified answer is no")                                                                           \
    X(E_POLICY, 25, "the policy cannot be used")                                                                       \
    /* bytes that are not what they should be; outside verification */                                                 \
    X(E_FORMAT, 40, "malformed")                                                                                       \
    X(E_UTF8, 41, "not valid UTF-8")                                                                                   \
    X(E_BASE64, 42, "not canonical base64")                                                                            \
    X(E_RECORD, 43, "not a well-formed record")                                                                        \
    X(E_NOTE, 44, "not a well-formed signed note")                                                                     \
    X(E_RULE, 45, "breaks a rule of the ledger")                                                                       \
    X(E_CONFLICT, 46, "does not extend the current checkpoint")                                                        \
    X(E_CLAUSES_MISSING, 47, "clauses of a new edition are missing")                                                   \
    X(E_DAMAGED, 48, "stored data does not match its hash")                                                            \
    X(E_QUERY, 49, "query cannot be parsed")                                                                           \
    /* verification: nothing of what was received may be used */                                                       \
    X(E_RESPONSE, 100, "the response cannot be read")                                                                  \
    X(E_SEAL_MISSING, 101, "the answer has no seal")                                                                   \
    X(E_SEAL_SIGNATURE, 102, "the seal's signature is wrong")                                                          \
    X(E_SEAL_HEAD, 103, "the seal's head is malformed")                                                                \
    X(E_SEAL_PROOF, 104, "the answer is not in the sealed batch, or answers another request")                          \
    X(E_SEAL_ORIGIN, 105, "the seal names another origin")                                                             \
    X(E_SEAL_STATE, 106, "the seal speaks of another ledger state than the proofs")                                    \
    X(E_SEAL_CLOCK, 107, "the seal's time is too far from this clock")                                                 \
    X(E_KEY_RECORD, 110, "the answer key has no valid record in the ledger")                                           \
    X(E_KEY_WINDOW, 111, "the answer key was not valid when it sealed")                                                \
    X(E_KEY_REVOKED, 112, "the answer key is revoked")                                                                 \
    X(E_KEY_ROLE, 113, "one public key is used for two purposes")                                                      \
    X(E_KEY_STATUS, 114, "the answer key's status is not proved by a register of that age")                            \
    X(E_CHECKPOINT_FORMAT, 120, "the checkpoint is malformed")                                                         \
    X(E_CHECKPOINT_ORIGIN, 121, "the checkpoint is of another origin")                                                 \
    X(E_CHECKPOINT_KEY, 122, "no pinned key signed the checkpoint")                                                    \
    X(E_CHECKPOINT_SIGNATURE, 123, "the checkpoint's signature is wrong")                                              \
    X(E_CHECKPOINT_DUPLICATE, 124, "the checkpoint has two signatures of one key")                                     \
    X(E_QUORUM, 125, "the witnesses' quorum is not met")                                                               \
    X(E_CONSISTENCY, 130, "the ledger does not extend the one seen before")                                            \
    X(E_FORK, 131, "two ledgers of one origin: a fork")                                                                \
    X(E_STALE, 132, "the ledger shown is older than one seen before")                                                  \
    X(E_TOO_OLD, 133, "the register is older than the greatest age allowed")                                           \
    X(E_REGISTER_RECORD, 140, "the register record is malformed")                                                      \
    X(E_REGISTER_PROOF, 141, "the register is not the ledger's last entry")                                            \
    X(E_REGISTER_LINE, 142, "a register line is malformed or not in the register")                                     \
    X(E_EDITION_RECORD, 150, "the edition record is malformed")                                                        \
    X(E_EDITION_PROOF, 151, "the edition is not in the ledger")                                                        \
    X(E_EDITION_MISMATCH, 152, "another edition than the one asked for")                                               \
    X(E_NOT_LATEST, 153, "not the latest edition")                                                                     \
    X(E_AS_OF, 154, "not the edition of that time")                                                                    \
    X(E_INSTRUMENT_MISMATCH, 155, "another instrument than the one asked for")                                         \
    X(E_LANGUAGE_MISMATCH, 156, "another language than the one asked for")                                             \
    X(E_CLAUSE_RECORD, 160, "the clause cannot be printed as a record")                                                \
    X(E_CLAUSE_PROOF, 161, "the clause is not in the edition")                                                         \
    X(E_CLAUSE_MISMATCH, 162, "another clause than the one asked for")                                                 \
    X(E_CLAIM_MISMATCH, 163, "the answer's own words differ from what is proved")                                      \
    X(E_LIST_GAP, 164, "the list has a gap or a repeat")                                                               \
    X(E_SOURCE, 165, "the clauses do not rebuild the deposited source")                                                \
    X(E_ABSENCE, 166, "absence is not proved")                                                                         \
    X(E_QUOTE, 167, "the verdict on the quote is not what the text says")                                              \
    X(E_COPY_FORMAT, 170, "the certified copy is malformed")                                                           \
    X(E_INCLUSION, 171, "the entry is not in the ledger")                                                              \
    X(E_RECEIPT, 172, "the receipt is malformed")                                                                      \
    X(E_SERVER_DAMAGED, 173, "the service says that its stored data does not verify")

typedef enum depositary_error {
#define DEPOSITARY_ERROR_ENUM(name, value, text) DEPOSITARY_##name = value,
    DEPOSITARY_ERRORS(DEPOSITARY_ERROR_ENUM)
#undef DEPOSITARY_ERROR_ENUM
} depositary_error;

/** A short text for a code, in English, never NULL; static storage. */
DEPOSITARY_API const char *depositary_error_text(int error);

/** The code's name without its prefix, "E_SEAL_PROOF"; never NULL; static storage. */
DEPOSITARY_API const char *depositary_error_name(int error);

/** Whether a code says that verification failed, so that nothing of what was received may be used. */
DEPOSITARY_API bool depositary_error_is_verification(int error);

#ifdef __cplusplus
}
#endif

#endif
