/*
 * Where lists were left, so that pages read one after the other prove that nothing is missing between them. PROTOCOL.md section 6.
 * Named by question and page token; a page whose predecessor is not known here is judged by itself.
 */
#ifndef CLIENT_PAGES_H
#define CLIENT_PAGES_H

#include "client/check.h"

struct pages;

MUST_USE int pages_new(struct pages **out);
void pages_free(struct pages *pages);

/** Keeps the end of a page that `token` goes on from. The oldest of many is forgotten. */
void pages_keep(struct pages *pages, const struct method *method, ProtobufCMessage *question, const char *token,
                const struct page_end *end);
/** The end of the page before that question's; false: it is the first page, or not known. question is unchanged when it returns. */
bool pages_find(struct pages *pages, const struct method *method, ProtobufCMessage *question, struct page_end *out);

#endif
