# embed.cmake — writes the Lua scripts as a C file: cmake -DOUTPUT=… -DNAMES=a,b -P embed.cmake
#
# Each script gets the text of common.lua before it, and the SHA-1 by which Redis knows the whole.
string(REPLACE "," ";" names "${NAMES}")
file(READ "${CMAKE_CURRENT_LIST_DIR}/common.lua" common)
set(texts "")
set(table "")
foreach(name IN LISTS names)
  file(READ "${CMAKE_CURRENT_LIST_DIR}/${name}.lua" script)
  string(SHA1 sha1 "${common}${script}")
  string(HEX "${common}${script}" hex)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(TOUPPER "${name}" upper)
  string(APPEND texts "static const unsigned char ${name}_text[] = {${bytes}};\n")
  string(APPEND table "    [REDIS_SCRIPT_${upper}] = {\"${name}\", \"${sha1}\", ${name}_text, "
    "sizeof ${name}_text},\n")
endforeach()
file(WRITE "${OUTPUT}" "/* Made of coord/scripts/ by the build. */
#include \"ownership_redis_scripts.h\"\n
${texts}
const struct redis_script redis_scripts[REDIS_SCRIPT_COUNT] = {
${table}};\n")
