# cmake -D INPUT=a.bfbs -D OUTPUT=a.cpp -P embed.cmake: the bytes of a file behind demo_schema().
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}" "#include \"relay/door/demo_schema.h\"

namespace tickrelay {

alignas(8) static const unsigned char bytes[] = {
${bytes}};

std::span<const std::byte> demo_schema() { return std::as_bytes(std::span(bytes)); }

}  // namespace tickrelay
")
