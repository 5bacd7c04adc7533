# The warning set, the same for every target, tests included.
add_library(relay_warnings INTERFACE)
target_compile_options(relay_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wvla -Walloca -Wundef
  -Wcast-qual -Wcast-align -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes
  -Wold-style-definition -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum -Wnull-dereference
  -Wdouble-promotion -Wwrite-strings -Wredundant-decls -Wunused-macros -Wstrict-aliasing=2
  -Wdate-time
  $<$<C_COMPILER_ID:GNU>:-Wcast-align=strict;-Wimplicit-fallthrough=5;-Wduplicated-cond>
  $<$<C_COMPILER_ID:GNU>:-Wduplicated-branches;-Wlogical-op;-Warith-conversion>
  $<$<C_COMPILER_ID:Clang>:-Wcomma;-Wassign-enum;-Wunreachable-code>
  $<$<C_COMPILER_ID:Clang>:-Wmissing-variable-declarations;-Wheader-guard>)
if(NOT RELAY_SANITIZE) # which puts red zones into frames
  target_compile_options(relay_warnings INTERFACE -Wframe-larger-than=8192)
endif()
if(RELAY_WERROR)
  target_compile_options(relay_warnings INTERFACE -Werror)
endif()
