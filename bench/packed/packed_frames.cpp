// A recording as packed frames: what a tick costs to encode and to decode here, and a file to decode elsewhere.
//
//   tickrelay-packed-frames TRACE.gsr[.xz] OUT.json && node client-sdk/js/test/run.mjs --build
//   node build/release/js/bench/decode.js OUT.json
//
// The file is as tests/golden/packed.json, without states. Each recorded type is a component of int32 fields.
#include <array>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "bench/load/recorded_changes.h"
#include "bench/net/base64.h"
#include "schema/packed/reader.h"
#include "schema/packed/writer.h"

namespace tickrelay::bench {
namespace {

using nlohmann::ordered_json;
using Bytes = std::vector<std::uint8_t>;

// Component 0 is on every entity; then the recorded types.
std::vector<std::vector<Field>> fields_of(const Recording& recording) {
  std::vector<std::vector<Field>> all = {{{.name = "player", .type = FieldType::UInt32}}};
  for (const RecordedType& type : recording.types()) {
    std::vector<Field> fields;
    for (std::size_t f = 0; f < type.fields.size(); ++f)
      fields.push_back(
          {.name = type.fields[f].name, .type = FieldType::Int32, .offset = static_cast<std::uint16_t>(4 * f)});
    all.push_back(std::move(fields));
  }
  return all;
}

ordered_json layout_of(const std::vector<std::vector<Field>>& components) {
  ordered_json layout = ordered_json::array();
  for (const auto& fields : components) {
    ordered_json listed = ordered_json::array();
    for (const Field& field : fields)
      listed.push_back({{"type", static_cast<int>(field.type)},
                        {"flags", 0},
                        {"offset", field.offset},
                        {"precision", 0},
                        {"min", 0},
                        {"max", 0}});
    layout.push_back({{"name", "c" + std::to_string(layout.size())}, {"bytes", 4 * fields.size()}, {"fields", listed}});
  }
  return layout;
}

// What one recorded tick changes, as a Writer takes it. Valid until the next call.
class Told {
 public:
  Told(const Recording& recording) : recorded_(recording) { changes_.components.resize(recording.types().size() + 1); }

  const packed::Changes& to(std::size_t tick) {
    static constexpr std::array<std::byte, 4> nobody{};
    for (auto& rows : changes_.components) rows.clear();
    changes_.removed.clear();
    for (const RecordedChange& change : recorded_.to(tick)) {
      if (change.what == RecordedChange::What::goes) {
        changes_.removed.push_back(ids_.at(change.key));
        ids_.erase(change.key);
        continue;
      }
      if (change.what == RecordedChange::What::appears) {
        ids_[change.key] = ++newest_;
        changes_.components[0].push_back({newest_, 1, nobody.data(), 0});
      }
      const auto* value = reinterpret_cast<const std::byte*>(change.values.data());
      changes_.components[change.key.first + 1].push_back({ids_.at(change.key), change.mask, value, 0});
    }
    return changes_;
  }

 private:
  RecordedChanges recorded_;
  std::map<RecordedKey, packed::EntityId> ids_;
  packed::EntityId newest_ = 0;
  packed::Changes changes_;
};

class Nobody final : public packed::Changed {
 public:
  void removed(packed::EntityId) override {}
  void keep_only(std::span<const packed::EntityId>) override {}
  bool put(std::size_t, packed::EntityId, std::uint64_t, std::span<const std::byte>) override { return true; }
  bool put_opaque(std::size_t, packed::EntityId, std::span<const std::uint8_t>) override { return true; }
};

template <class Work>
double us_of(Work work) {
  const auto from = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - from).count();
}

struct Cost {
  double encode_us = 0, decode_us = 0;
  std::size_t bytes = 0, frames = 0;
};

ordered_json frame(std::size_t tick, bool whole, bool key, const Bytes& bytes, std::uint32_t hash) {
  ordered_json line = {{"tick", tick + 1}, {"base", tick}, {"kind", whole ? "whole" : "stream"}, {"to", {0}}};
  if (key) line["key"] = true, line["hash"] = hash;
  line["packed"] = base64(bytes);
  return line;
}

ordered_json encode(const Recording& recording, Cost& cost) {
  const auto components = fields_of(recording);
  const std::vector<packed::Lanes> lanes(components.begin(), components.end());
  packed::Context ours(lanes), theirs(lanes), empty(lanes);
  packed::Writer writer;
  packed::Reader reader;
  Nobody nobody;
  Told told(recording);
  ordered_json frames = ordered_json::array();
  for (std::size_t tick = 0; tick < recording.ticks(); ++tick) {
    const packed::Changes& changes = told.to(tick);
    const bool whole = tick == 0, key = tick % static_cast<std::size_t>(recording.hz()) == 0;
    Bytes bytes;
    const double encode_us = us_of([&] {
      if (whole)
        writer.absolute(empty, changes, true, bytes), writer.start(ours, changes);
      else
        writer.stream(ours, changes, bytes);
      if (key) ours.settle();
    });
    bool good = true;
    const double decode_us = us_of([&] {
      good = whole ? reader.absolute(theirs, empty, bytes, true, nobody) : reader.stream(theirs, bytes, nobody);
      if (key) theirs.settle();
    });
    if (!good || ours.hash() != theirs.hash())
      throw std::runtime_error("tick " + std::to_string(tick) + " was read wrongly: " + reader.error());
    frames.push_back(frame(tick, whole, key, bytes, ours.hash()));
    if (tick < recording.ticks() / 2) continue;  // warm
    cost.encode_us += encode_us, cost.decode_us += decode_us, cost.bytes += bytes.size(), ++cost.frames;
  }
  return {{{"name", "recording"}, {"layout", layout_of(components)}, {"frames", frames}}};
}

int run(const char* from, const char* to) {
  std::ifstream file(from, std::ios::binary);
  const std::vector<char> read(std::istreambuf_iterator<char>(file), {});
  Cost cost;
  const Recording recording = Recording::parse({reinterpret_cast<const std::uint8_t*>(read.data()), read.size()});
  std::ofstream(to) << encode(recording, cost);
  const auto frames = static_cast<double>(cost.frames);
  std::cout << cost.frames << " ticks: " << static_cast<double>(cost.bytes) / frames << " bytes, encode "
            << cost.encode_us / frames << " us, decode " << cost.decode_us / frames << " us a tick\n";
  return 0;
}

}  // namespace
}  // namespace tickrelay::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "tickrelay-packed-frames TRACE.gsr[.xz] OUT.json\n";
    return 2;
  }
  try {
    return tickrelay::bench::run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
