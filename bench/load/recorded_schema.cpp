#include "bench/load/recorded_schema.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace tickrelay::bench {
namespace {

constexpr std::string_view name_space = "recording";
constexpr std::string_view tick_struct = "Recording";

struct Bounds {
  std::int32_t low = 0, high = 0;
};

struct NativeType {
  std::string_view name;
  std::uint8_t bytes;
  std::int64_t low, high;
};

// Narrow to wide, signed first.
constexpr std::array<NativeType, 5> native_types{{{"byte", 1, -128, 127},
                                                  {"ubyte", 1, 0, 255},
                                                  {"short", 2, -32'768, 32'767},
                                                  {"ushort", 2, 0, 65'535},
                                                  {"int", 4, INT32_MIN, INT32_MAX}}};

const NativeType& fitting(const Bounds& bounds, std::uint32_t bytes_min) {
  return *std::find_if(native_types.begin(), native_types.end(), [&](const NativeType& type) {
    return type.bytes >= bytes_min && type.low <= bounds.low && bounds.high <= type.high;
  });
}

std::vector<std::vector<Bounds>> bounds_of(const Recording& recording) {
  std::vector<std::vector<Bounds>> bounds;
  for (const RecordedType& type : recording.types()) bounds.emplace_back(type.fields.size());
  std::vector<RecordedEntity> entities;
  for (std::size_t tick = 0; tick < recording.ticks(); ++tick) {
    recording.tick(tick, entities);
    for (const RecordedEntity& entity : entities) {
      for (std::size_t field = 0; field < entity.values.size(); ++field) {
        Bounds& known = bounds[entity.type][field];
        known = {std::min(known.low, entity.values[field]), std::max(known.high, entity.values[field])};
      }
    }
  }
  return bounds;
}

// A name that FlatBuffers takes: letters, digits and underscores, no word of its own.
std::string identifier(const std::string& name) {
  constexpr std::array<std::string_view, 32> words{
      "table",  "struct", "enum",   "union", "namespace", "root_type", "include", "attribute", "bool", "byte",  "ubyte",
      "short",  "ushort", "int",    "uint",  "float",     "long",      "ulong",   "double",    "int8", "uint8", "int16",
      "uint16", "int32",  "uint32", "int64", "uint64",    "string",    "float32", "float64",   "true", "false"};
  std::string made;
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) made += '_';
  for (const char letter : name) made += std::isalnum(static_cast<unsigned char>(letter)) ? letter : '_';
  if (std::find(words.begin(), words.end(), made) != words.end() || made == tick_struct) made += '_';
  return made;
}

}  // namespace

RecordedSchema recorded_schema(const Recording& recording) {
  const auto bounds = bounds_of(recording);
  RecordedSchema schema;
  schema.text = "namespace " + std::string(name_space) + ";\n";
  schema.tick_component = std::string(name_space) + "." + std::string(tick_struct);
  for (std::size_t i = 0; i < recording.types().size(); ++i) {
    const RecordedType& type = recording.types()[i];
    const std::string name = identifier(type.name);
    RecordedColumn& column = schema.columns.emplace_back();
    column.component = std::string(name_space) + "." + name;
    schema.text += "struct " + name + " {\n";
    for (std::size_t field = 0; field < type.fields.size(); ++field) {
      const NativeType& native = fitting(bounds[i][field], type.fields[field].native_bytes);
      column.field_bytes.push_back(native.bytes);
      schema.text += "  " + identifier(type.fields[field].name) + ": " + std::string(native.name) + ";\n";
    }
    schema.text += "}\n";
  }
  schema.text += "struct " + std::string(tick_struct) + " {\n  tick: uint;\n}\n";
  return schema;
}

}  // namespace tickrelay::bench
