# The room src/catalog: what is derived from the ledger, and the service that answers from it.

# A library of several instruments, for tests of both.
add_library(library_maker STATIC library_maker.c)
depositary_target(library_maker)
target_include_directories(library_maker PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(library_maker PUBLIC ledger_maker depositary_catalog)

depositary_check(query depositary_catalog)
depositary_check(page_sums depositary_catalog packages::sqlite)
depositary_check(catalog library_maker)
depositary_check(search library_maker)
target_link_options(check_search PRIVATE -Wl,--wrap=clock_thread_ns)
depositary_check(search_table ledger_maker depositary_catalog packages::utf8proc)
depositary_check(search_large ledger_maker depositary_catalog)
# With numbers of texts that a test can have.
depositary_check(search_rows ledger_maker depositary_catalog)
target_sources(check_search_rows PRIVATE ${PROJECT_SOURCE_DIR}/src/catalog/search.c ${PROJECT_SOURCE_DIR}/src/catalog/candidates.c)
target_compile_definitions(check_search_rows PRIVATE ROWS_MAX=1000u)

# The service by itself, without the network around it.
depositary_check(depositary_service library_maker depositary_server)
target_link_options(check_depositary_service PRIVATE -Wl,--wrap=clock_thread_ns)
