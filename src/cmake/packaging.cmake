# Debian packages by CPack, four of them: depositaryd, depositary, libdepositary0, libdepositary-dev. docker/deb/build makes them.
# Included last: the components are those that the rooms gave their files (CMAKE_INSTALL_DEFAULT_COMPONENT_NAME).
set(depositary_deb_dir ${PROJECT_SOURCE_DIR}/docker/deb)

# What the service manager reads goes wherever the programs go, so that an installation under another prefix starts its own program.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME daemon)
configure_file(${PROJECT_SOURCE_DIR}/docker/systemd/depositaryd.service.in ${PROJECT_BINARY_DIR}/depositaryd.service @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/depositaryd.service DESTINATION lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/docker/systemd/depositary.sysusers DESTINATION lib/sysusers.d RENAME depositary.conf)
install(FILES ${PROJECT_SOURCE_DIR}/docker/systemd/depositary.tmpfiles DESTINATION lib/tmpfiles.d RENAME depositary.conf)
install(FILES ${PROJECT_SOURCE_DIR}/docker/systemd/depositaryd.default DESTINATION ${CMAKE_INSTALL_SYSCONFDIR}/default RENAME depositaryd)

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL daemon program library development)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # or it goes before the first line of each package's own
set(CPACK_PACKAGE_CONTACT "Depositary <maintainers@depositary.example>")
set(CPACK_PRE_BUILD_SCRIPTS ${depositary_deb_dir}/stage.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_DAEMON_PACKAGE_NAME depositaryd)
set(CPACK_DEBIAN_DAEMON_PACKAGE_SECTION net)
set(CPACK_DEBIAN_DAEMON_PACKAGE_DEPENDS "init-system-helpers (>= 1.54), systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_DAEMON_PACKAGE_RECOMMENDS depositary)
set(CPACK_COMPONENT_DAEMON_DESCRIPTION "service that proves clauses of treaties and laws
Serves the authentic text of treaties, joint statements and laws clause by
clause over nng request/reply, and proves every byte of it with signatures
and Merkle proofs. It answers on loopback once it is installed.")
set(CPACK_DEBIAN_DAEMON_PACKAGE_CONTROL_EXTRA ${depositary_deb_dir}/conffiles ${depositary_deb_dir}/postinst ${depositary_deb_dir}/prerm
    ${depositary_deb_dir}/postrm)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME depositary)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS depositaryd)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "gets and verifies clauses of treaties and laws
Command line of Depositary: gets clauses and prints them only after their
proofs held, checks quotes, writes certified copies and verifies them without
a network, deposits texts and signs them at the office of a depositary.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libdepositary${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${depositary_deb_dir}/triggers)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "calls a depositary and verifies what it says
libdepositary calls a depositary of treaties and laws and hands out text only
after its proofs held; libdepositary-verify checks certified copies without a
network.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libdepositary-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libdepositary${PROJECT_VERSION_MAJOR} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}), libnng-dev, libprotobuf-c-dev, libsodium-dev, libutf8proc-dev, nettle-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "development files of libdepositary
Headers, static libraries, pkg-config files and a CMake package for programs
that call a depositary of treaties and laws, or verify what it certified.")

include(CPack)
