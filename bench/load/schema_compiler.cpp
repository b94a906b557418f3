#include "bench/load/schema_compiler.h"

#include <flatbuffers/idl.h>

#include <stdexcept>

#include "bench_schema.h"

namespace tickrelay::bench {

std::string compile_schema(const std::string& text) {
  flatbuffers::Parser parser;
  if (!parser.Parse(text.c_str())) throw std::runtime_error("the schema does not compile: " + parser.error_);
  parser.Serialize();
  const char* bytes = reinterpret_cast<const char*>(parser.builder_.GetBufferPointer());
  return std::string(bytes, parser.builder_.GetSize());
}

const std::string& bench_schema_text() {
  static const std::string text = bench_schema;
  return text;
}

}  // namespace tickrelay::bench
