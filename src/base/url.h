/* Names of endpoints. Pure: nothing is looked up. */
#ifndef BASE_URL_H
#define BASE_URL_H

#include <stdbool.h>

#define URL_HOST_MAX 253u /* bytes of a host's name */

/** tcp://, ipc:// or tls+tcp://. */
bool url_is_known(const char *url);
bool url_is_tls(const char *url);
bool url_is_tcp(const char *url); /* tcp:// alone: in the clear */
bool url_is_ipc(const char *url);
const char *url_ipc_path(const char *url); /* within url; NULL where it is not ipc:// */
/** The host of tcp:// or tls+tcp://, without the brackets of an IPv6 address. False: there is none, or it is too long. */
bool url_host(char out[URL_HOST_MAX + 1], const char *url);
/** Whether it cannot leave this machine: ipc://, or a host that is localhost, 127.0.0.0/8 or ::1 by its spelling. */
bool url_is_loopback(const char *url);

#endif
