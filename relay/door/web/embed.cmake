# cmake -D ENTRIES=/path=file;… -D OUTPUT=a.cpp -P embed.cmake: the files behind web_files(), in this order.
set(arrays "")
set(table "")
set(number 0)
foreach(entry IN LISTS ENTRIES)
  string(REGEX MATCH "^([^=]*)=(.*)$" matched "${entry}")
  set(path "${CMAKE_MATCH_1}")
  file(READ "${CMAKE_MATCH_2}" hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "constexpr unsigned char bytes_${number}[] = {${bytes}0};\n")
  string(APPEND table "    {\"${path}\", {reinterpret_cast<const char*>(bytes_${number}), sizeof bytes_${number} - 1}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "#include \"relay/door/web_files.h\"

namespace tickrelay {

namespace {

${arrays}
const WebFile files[] = {
${table}};

}  // namespace

std::span<const WebFile> web_files() { return files; }

}  // namespace tickrelay
")
