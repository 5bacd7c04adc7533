# Hardening, sanitizers, and asserts that stay on in every build type.
foreach(type RELEASE RELWITHDEBINFO MINSIZEREL)
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${type} "${CMAKE_C_FLAGS_${type}}")
endforeach()

add_library(relay_hardening INTERFACE)
target_compile_options(relay_hardening INTERFACE
  -fno-omit-frame-pointer -fstack-protector-strong -fno-common -fvisibility=hidden
  -ftrivial-auto-var-init=pattern
  # What assert prints names no folder of the machine that built it.
  -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(relay_hardening INTERFACE -fstack-clash-protection -fcf-protection=full)
endif()
target_link_options(relay_hardening INTERFACE -pie -Wl,-z,relro,-z,now)
if(RELAY_SANITIZE)
  target_compile_options(relay_hardening INTERFACE
    -fsanitize=${RELAY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(relay_hardening INTERFACE -fsanitize=${RELAY_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  # Fortified calls need optimisation, and hide calls from the sanitizers.
  target_compile_options(relay_hardening INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(RELAY_FUZZ)
  target_compile_options(relay_hardening INTERFACE -fsanitize=fuzzer-no-link)
endif()
