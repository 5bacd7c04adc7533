# embed.cmake — writes the files of the status page as a C file: cmake -DOUTPUT=… -P embed.cmake
#
# The scripts become one, in the order of SCRIPTS: each file that a browser asks for is a connection,
# and may reach a shard that hangs.
function(embed path type)
  set(hex "")
  foreach(name IN LISTS ARGN)
    file(READ "${CMAKE_CURRENT_LIST_DIR}/${name}" part HEX)
    string(APPEND hex "${part}")
  endforeach()
  string(MAKE_C_IDENTIFIER "file${path}" id)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  set(texts "${texts}static const unsigned char ${id}[] = {${bytes}};\n" PARENT_SCOPE)
  set(table "${table}    {\"${path}\", \"${type}\", ${id}, sizeof ${id}},\n" PARENT_SCOPE)
endfunction()

string(REPLACE "," ";" scripts "${SCRIPTS}")
embed(/ "text/html; charset=utf-8" index.html)
embed(/page.css "text/css; charset=utf-8" page.css)
embed(/page.js "text/javascript; charset=utf-8" ${scripts})
embed(/icon.svg "image/svg+xml" icon.svg)
file(WRITE "${OUTPUT}" "/* Made of shard/http_page/ by the build. */
#include \"http_page_files.h\"\n
${texts}
const struct http_page_file http_page_files[HTTP_PAGE_FILES] = {
${table}};\n")
