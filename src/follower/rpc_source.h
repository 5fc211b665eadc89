/* Another depositary as a source, over RPC. Its seals are not looked at: what a mirror takes over proves itself. PROTOCOL.md section 6. */
#ifndef FOLLOWER_RPC_SOURCE_H
#define FOLLOWER_RPC_SOURCE_H

#include "ledger/source.h"

/** url: tcp://HOST:PORT or ipc:///PATH; nothing is asked yet. */
MUST_USE int rpc_source_new(struct source **out, const char *url, struct fault *fault);

#endif
