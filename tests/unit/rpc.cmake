# The room src/rpc: wire guard, statuses, methods, both halves of a call.
depositary_check(guard depositary_rpc)
depositary_check(status depositary_rpc)
depositary_check(dispatch depositary_rpc)
depositary_check(call depositary_rpc)
