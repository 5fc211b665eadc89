# What a user of the library gets: headers, libraries, pkg-config files, and a CMake package with depositary::client and
# depositary::verify (shared; depositary::client_static and depositary::verify_static beside them).
include(CMakePackageConfigHelpers)

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)
set(depositary_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/depositary)
install(FILES ${PROJECT_SOURCE_DIR}/include/depositary/client.h ${PROJECT_SOURCE_DIR}/include/depositary/error.h
              ${PROJECT_SOURCE_DIR}/include/depositary/verify.h ${PROJECT_SOURCE_DIR}/include/depositary/version.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/depositary)

set(depositary_public_targets)
foreach(pair IN ITEMS depositary=client depositary_verify=verify)
    string(REGEX MATCH "^(.*)=(.*)$" _ ${pair})
    set(stem ${CMAKE_MATCH_1})
    set(export ${CMAKE_MATCH_2})
    set_target_properties(${stem}_static PROPERTIES EXPORT_NAME ${export}_static)
    add_library(depositary::${export}_static ALIAS ${stem}_static)
    list(APPEND depositary_public_targets ${stem}_static)
    if(TARGET ${stem}_shared)
        set_target_properties(${stem}_shared PROPERTIES EXPORT_NAME ${export})
        add_library(depositary::${export} ALIAS ${stem}_shared)
        list(APPEND depositary_public_targets ${stem}_shared)
    endif()
endforeach()
install(TARGETS ${depositary_public_targets} EXPORT depositary-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT depositary-targets NAMESPACE depositary:: DESTINATION ${depositary_cmake_dir})

configure_package_config_file(${PROJECT_SOURCE_DIR}/src/cmake/depositary-config.cmake.in ${PROJECT_BINARY_DIR}/depositary-config.cmake
    INSTALL_DESTINATION ${depositary_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/depositary-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/depositary-config.cmake ${PROJECT_BINARY_DIR}/depositary-config-version.cmake
        DESTINATION ${depositary_cmake_dir})

foreach(name IN ITEMS depositary depositary-verify)
    configure_file(${PROJECT_SOURCE_DIR}/src/cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

file(GLOB depositary_pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/client/man/*.3)
install(FILES ${depositary_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
