/* A question that was made and not asked yet: the method, its message encoded, and what the answer is held against. client.h says how they are used. */
#ifndef CLIENT_QUESTION_H
#define CLIENT_QUESTION_H

#include "proof/merkle.h"
#include "rpc/method.h"

#define METHOD_NAME_MAX 256u /* bytes of a method's full name */

struct depositary_question {
    const struct method *method; /* NULL: asked by name, and its messages are not looked into */
    char name[METHOD_NAME_MAX + 1];
    uint8_t *message;
    size_t message_len;
    struct hash known_root; /* of the size that the request names, as the caller holds it */
    bool has_known_root;
    int error; /* it cannot be asked, and why */
    const char *words;
};

/** Encodes the message. NULL without memory. */
struct depositary_question *question_new(const char *method, const ProtobufCMessage *message);

#endif
