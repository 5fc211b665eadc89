# The room src/client: judging answers.

# True answers and lies, here and for the lying service of tests/system.
add_library(answer_maker STATIC answer_maker.c answer_scene.c answer_lies.c)
depositary_target(answer_maker)
target_include_directories(answer_maker PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(answer_maker PUBLIC depositary_client)

depositary_check(answer answer_maker)
depositary_check(checked depositary_client)
depositary_check(memory ledger_maker depositary_client)
foreach(check answer checked) # where signatures are counted
    target_link_options(check_${check} PRIVATE LINKER:--wrap=crypto_sign_verify_detached)
endforeach()

# The room src/client: the connection, calls and their retries, without a real service.
add_library(service_maker STATIC service_maker.c)
depositary_target(service_maker)
target_include_directories(service_maker PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(service_maker PUBLIC depositary_base packages::nng packages::check)

depositary_check(connect service_maker depositary_client)
depositary_check(calls service_maker depositary_client)

# Both: receipts, written by a client of a service and read again.
depositary_check(receipt answer_maker service_maker)

# Messages by the descriptors that a service gives.
depositary_check(schema depositary_schema packages::sodium)
target_compile_definitions(check_schema PRIVATE PROTOSET="${PROJECT_BINARY_DIR}/proto/depositary.protoset")
add_dependencies(check_schema depositary_protoset)
