// A room's state as tests of codec `packed` move it: the truth that copies are held against, and what it tells a Writer.
// Everything comes from a seed, to the bit. Owner: one test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "schema/packed/writer.h"
#include "tests/sim/random.h"

namespace tickrelay::test {

using packed::EntityId;
using sim::Random;

struct Shape {
  std::string name;
  std::vector<Field> fields;  // none: opaque
  std::size_t bytes = 0;

  // Appends a field, aligned as FlatBuffers does.
  Shape& add(FieldType type, FieldFlags flags = {}, double precision = 0, double min = 0, double max = 0);
  Shape& add_quat(double precision);  // its four
};
std::vector<packed::Lanes> lanes_of(const std::vector<Shape>& shapes);

using Value = std::vector<std::byte>;                  // a struct with zeros between its fields, or an opaque value
using State = std::vector<std::map<EntityId, Value>>;  // per component
// FNV-1a 32 over every value: component (u16), entity (u32), opaque ones their length (u32), then the fields' bytes.
std::uint32_t digest(const std::vector<Shape>& shapes, const State& state);

// How lively a world is: of 64, each tick.
struct Temper {
  std::uint32_t spawns = 8, removals = 6, additions = 8, changes = 40, rests = 4;
  std::size_t entities_max = 16;
};

class PackedWorld {
 public:
  // Component 0 is on every entity.
  PackedWorld(std::vector<Shape> shapes, Temper temper, std::uint64_t seed);

  void step();  // the next tick: something may change
  void skip() { ++now_; }

  [[nodiscard]] std::uint32_t now() const { return now_; }
  [[nodiscard]] std::uint32_t newest() const { return newest_; }
  [[nodiscard]] const std::vector<Shape>& shapes() const { return shapes_; }
  [[nodiscard]] const State& state() const { return state_; }
  // What changed after base; with base 0 everything. Points into the world; its rows are in no order.
  [[nodiscard]] packed::Changes since(std::uint32_t base, bool lists_alive = false) const;

 private:
  struct Stamps {
    std::vector<std::uint32_t> of_field;  // an opaque value has one
  };

  void spawn();
  void remove_one();
  void add_component();
  void give(std::size_t component, EntityId id);
  void move(std::size_t component, EntityId id);
  void move_field(const Field& field, EntityId id, std::size_t number, std::byte* value);
  void move_quat(const Shape& shape, EntityId id, std::size_t first, Value& value, std::vector<std::uint32_t>& stamps);
  void move_opaque(Value& value);
  [[nodiscard]] std::int64_t stride(EntityId id, std::size_t number);
  EntityId any();

  std::vector<Shape> shapes_;
  Temper temper_;
  Random random_;
  State state_;
  std::vector<std::map<EntityId, Stamps>> stamps_;
  std::map<EntityId, std::uint32_t> died_;
  std::vector<EntityId> next_ids_ = {0, 4097, 70'000, 0x01000000, 0xFFFF0000U};
  std::uint32_t now_ = 0;
  std::uint32_t newest_ = 0;
};

}  // namespace tickrelay::test
