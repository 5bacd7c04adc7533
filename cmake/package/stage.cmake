# stage.cmake — makes of an installed tree what Debian wants in a package; cpack runs it.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(documents ${root}/usr/share/doc/${CPACK_PACKAGE_NAME})

# The time of what is made here: that of the build, or the one that is to be reproduced.
string(TIMESTAMP changelog_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(${CPACK_RELAY_PACKAGE_FILES}/changelog.in ${documents}/changelog @ONLY)
configure_file(${CPACK_RELAY_PACKAGE_FILES}/copyright ${documents}/copyright COPYONLY)
configure_file(${CPACK_RELAY_PACKAGE_FILES}/lintian-overrides
  ${root}/usr/share/lintian/overrides/${CPACK_PACKAGE_NAME} COPYONLY)
configure_file(${CPACK_RELAY_PACKAGE_FILES}/needrestart.conf
  ${root}/etc/needrestart/conf.d/${CPACK_PACKAGE_NAME}.conf COPYONLY)

file(GLOB_RECURSE manuals ${root}/usr/share/man/*.[1-9])
execute_process(COMMAND gzip -9nf ${manuals} ${documents}/changelog ${documents}/README.md
  COMMAND_ERROR_IS_FATAL ANY)
