#pragma once
// A state schema for a recording: one component per recorded type, its fields named as there and just wide enough, and
// `Recording { tick }` for entity 0. No I/O.

#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/recording.h"

namespace tickrelay::bench {

struct RecordedColumn {
  std::string component;                  // qualified name
  std::vector<std::uint8_t> field_bytes;  // native width of each field
};

struct RecordedSchema {
  std::string text;                     // FlatBuffers schema
  std::vector<RecordedColumn> columns;  // by recorded type
  std::string tick_component;
};

// A field keeps its recorded width, signed or unsigned, where every value of the recording fits; else it is widened.
RecordedSchema recorded_schema(const Recording& recording);

}  // namespace tickrelay::bench
