/* Every limit of the protocol, once, for both sides. PROTOCOL.md section 9, and section 3 for the shape of names. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define LIMIT_REQUEST        (64u * 1024)       /* bytes of a request */
#define LIMIT_REQUEST_APPEND (4u * 1024 * 1024) /* of AppendEntries and PutClauses */
#define LIMIT_RESPONSE       (4u * 1024 * 1024) /* bytes of a response; lists are cut there */
#define LIMIT_SOCKET         (8u * 1024 * 1024) /* bytes a socket takes before it closes the pipe */
#define LIMIT_CLAUSE_TEXT    (1024u * 1024)     /* bytes of a clause's text */
#define LIMIT_ENTRY          65535u             /* bytes of a ledger entry */
#define LIMIT_QUOTE          (16u * 1024)       /* bytes */
#define LIMIT_QUERY          1024u              /* bytes */
#define LIMIT_QUERY_TERMS    32u
#define LIMIT_CITATION       1024u /* bytes */
#define LIMIT_PAGE           1000u /* items */
#define LIMIT_QUOTE_MATCHES  100u
#define LIMIT_DEPTH          16u   /* nested messages */
#define LIMIT_BATCH          1024u /* answers in a seal */
#define LIMIT_NONCE_MIN      16u
#define LIMIT_NONCE_MAX      64u
#define LIMIT_METADATA_KEY   128u /* bytes */

#define LIMIT_INSTRUMENT 64u          /* bytes of an instrument's id */
#define LIMIT_LANGUAGE   35u          /* bytes of a language tag (RFC 5646 section 4.4.1) */
#define LIMIT_EID        128u         /* bytes of an eId */
#define LIMIT_ORIGIN     128u         /* bytes of an origin */
#define LIMIT_NOTE       (16u * 1024) /* bytes of a checkpoint with all its signatures */
#define LIMIT_SEAL_HEAD  1024u        /* bytes of an encoded SealHead */
#define LIMIT_PATH       63u          /* hashes in a proof: sizes are below 2^63 */

/* The clause record's header is at most this: five lines of fixed words and bounded names. */
#define LIMIT_CLAUSE_RECORD (LIMIT_CLAUSE_TEXT + 512u)

#define CLOCK_TOLERANCE_S 120             /* seconds: sealed_at, deposited-at and a register's time */
#define KEY_WINDOW_MAX_S  (400 * 86400LL) /* seconds from not-before to not-after */
#define PENDING_IDLE_S    600             /* seconds until a pending append is dropped */

#endif
