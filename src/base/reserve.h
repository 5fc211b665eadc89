/*
 * An allocator with a reserve, for libevent: version 2.1 follows null pointers where memory lacks for some small thing of a connection or request (evhttp_request_new,
 * evhttp_connection_base_bufferevent_new). Such a thing comes from the reserve then; what is larger fails, which libevent bears. For event_set_mem_functions.
 */
#ifndef BASE_RESERVE_H
#define BASE_RESERVE_H

#include <stdbool.h>
#include <stddef.h>

void *reserve_malloc(size_t size);
void *reserve_realloc(void *at, size_t size);
void reserve_free(void *at);
/** Whether memory has lacked since this was asked last, also where the reserve stepped in. */
bool reserve_has_lacked(void);

#endif
