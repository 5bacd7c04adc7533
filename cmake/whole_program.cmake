# Link-time optimisation of the relay alone: what a datagram passes through lies in three libraries.
# Those hold machine code as well, from which the tests and tools are linked in less time.
add_library(relay_part_of_whole INTERFACE)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT RELAY_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_options(relay_part_of_whole INTERFACE -flto=auto -ffat-lto-objects)
  # Without the option the linker would optimise all that it meets such a library in.
  add_link_options(
    "$<IF:$<BOOL:$<TARGET_PROPERTY:RELAY_WHOLE_PROGRAM>>,-flto=auto,-fno-lto>")
endif()
