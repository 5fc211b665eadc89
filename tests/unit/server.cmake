# The room src/server, but for DepositaryService (catalog.cmake): doors, sealer, cache, the way from a request to its answer.
depositary_check(sealer depositary_server)
depositary_check(cache depositary_server)
depositary_check(workers depositary_server)
depositary_check(answer_key depositary_server ledger_maker)
depositary_check(exchange depositary_server ledger_maker)
depositary_check(peers depositary_server)
depositary_check(metrics depositary_server)
depositary_check(notify depositary_server)
