#pragma once
// State schemas at run time: FlatBuffers text in, binary schema (.bfbs) out.

#include <string>

namespace tickrelay::bench {

// Throws std::runtime_error with the compiler's message.
std::string compile_schema(const std::string& text);

// bench.fbs, as text: what the rooms of `run` hold.
const std::string& bench_schema_text();

}  // namespace tickrelay::bench
