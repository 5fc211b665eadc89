# The room src/ledger: the append-only ledger, its rules, its store.

# Real ledgers for tests, here and in other rooms.
add_library(ledger_maker STATIC ledger_maker.c)
depositary_target(ledger_maker)
target_include_directories(ledger_maker PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(ledger_maker PUBLIC depositary_ledger)

# A database in memory that several ledgers append to.
add_library(shared_maker STATIC shared_maker.c)
depositary_target(shared_maker)
target_include_directories(shared_maker PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(shared_maker PUBLIC depositary_ledger)

depositary_check(ledger ledger_maker)
depositary_check(sharing ledger_maker shared_maker)
depositary_check(pull ledger_maker)
depositary_check(backup ledger_maker)
depositary_check(opening ledger_maker)
depositary_check(proved ledger_maker)
depositary_check(store ledger_maker)
depositary_check(rules ledger_maker)
