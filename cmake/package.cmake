# The Debian package, by cpack: what CMake installs under /usr, with Debian's own files beside it.
option(RELAY_DEBUG_PACKAGE "Have cpack make a package of debug symbols as well" OFF)
set(RELAY_MAINTAINER "relay maintainers <relay@relay.invalid>" CACHE STRING
  "Who answers for a package that cpack makes, as Name <mail address>")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME relay)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT ${RELAY_MAINTAINER})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "STUN/TURN relay for one large host")
set(CPACK_PACKAGE_DESCRIPTION "\
Several worker processes, the shards, serve UDP port 3478 together, each with
its own slice of the relay ports. Who owns which allocation is recorded in
Redis or in an embedded store, so that a shard that is restarted, upgraded or
killed comes back with every allocation that it had.
.
relayctl asks who owns what, and makes credentials; relay-bench measures any
TURN server. systemd units are there for each shard.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_VERBATIM_VARIABLES ON)

set(package_files ${PROJECT_SOURCE_DIR}/cmake/package)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd (>= 252)")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS redis-server)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${package_files}/conffiles ${package_files}/postinst ${package_files}/prerm
  ${package_files}/postrm)
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ${RELAY_DEBUG_PACKAGE})
if(NOT RELAY_DEBUG_PACKAGE)
  set(CPACK_STRIP_FILES ON)
endif()
# What Debian wants otherwise than `cmake --install` leaves it.
set(CPACK_PRE_BUILD_SCRIPTS ${package_files}/stage.cmake)
set(CPACK_RELAY_PACKAGE_FILES ${package_files})
include(CPack)
