/*
 * What a service manager is told, by the datagram protocol of sd_notify(3): ready, stopping, reloading, alive. Without one (no NOTIFY_SOCKET) nothing is
 * said. No library: the protocol is a few lines, and is documented as stable.
 */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include <stdint.h>

void notify_ready(void);
void notify_reloading(void); /* notify_ready follows */
void notify_stopping(void);
void notify_alive(void);
/** A line that people see beside the service's name. */
void notify_status(const char *text);
/** How often notify_alive is wanted, half of what the manager waits for; 0: not at all. */
uint64_t notify_watchdog_ms(void);

#endif
