#include "tests/unit/schema/packed_scenes.h"

#include <array>
#include <nlohmann/json.hpp>

#include "tests/unit/schema/base64.h"

namespace tickrelay::test {
namespace {

using Type = FieldType;
using Flags = FieldFlags;
using nlohmann::ordered_json;

constexpr std::uint32_t full_state_every = 25;
constexpr std::array<const char*, 3> kinds = {"stream", "catch_up", "whole"};

Shape owner() { return Shape{"tickrelay.Owner", {}, 0}.add(Type::UInt32); }
Shape opaque(const char* name) { return {name, {}, 0}; }

Shape every_type() {
  Shape shape{"game.Everything", {}, 0};
  for (int type = 0; type <= static_cast<int>(Type::Float64); ++type) shape.add(static_cast<Type>(type));
  return shape;
}

Shape every_rule() {
  const double pi = 3.1415927410125732;  // as float32
  return Shape{"game.Rules", {}, 0}
      .add(Type::Float32, Flags::Quantised, 0.01)
      .add(Type::Float32, Flags::Quantised | Flags::Ranged, 0.3, 0.1, 700)
      .add(Type::Float32, Flags::Quantised | Flags::Ranged | Flags::Angle, 0.001, -pi, pi)
      .add(Type::Float32, Flags::Ranged | Flags::Angle, 0, 0, 360)
      .add(Type::Float64, Flags::Quantised, 1e-6)
      .add(Type::Float64, Flags::Quantised | Flags::Ranged, 1, 0, 2147483648)
      .add(Type::Float64, Flags::Ranged, 0, -1, 1)
      .add(Type::Float32, Flags::Ranged, 0, -5, 5)
      .add(Type::UInt16, Flags::Ranged, 0, 10, 60'000)
      .add(Type::Int64, Flags::Ranged, 0, -1e15, 1e15);
}

Shape transform() {
  const double pi = 3.1415927410125732;
  Shape shape{"game.Transform", {}, 0};
  for (int i = 0; i < 3; ++i) shape.add(Type::Float32, Flags::Quantised | Flags::Position, 0.01);
  return shape.add(Type::Float32, Flags::Quantised | Flags::Ranged | Flags::Angle, 0.001, -pi, pi);
}

Shape orientation() {
  const double pi = 3.1415927410125732;
  const Flags turn = Flags::Quantised | Flags::Ranged | Flags::Angle;
  return Shape{"game.Orientation", {}, 0}
      .add(Type::Bool)
      .add_quat(0.001)
      .add_quat(0.1)
      .add(Type::Float32, turn, 0.01, -pi, pi)
      .add(Type::Float32, turn, 1, 0, 360)
      .add(Type::Float32, turn, 360.0 / 7, 0, 360)
      .add(Type::Float32, turn, 0.7, -1, 1)
      .add(Type::Float32, turn, 1.0 / (1 << 29), 0, 3)
      .add(Type::Bool)
      .add_quat(0.000001);
}

Shape wide() {
  Shape shape{"game.Wide", {}, 0};
  for (int i = 0; i < 64; ++i) shape.add(i % 3 == 0 ? Type::UInt8 : i % 3 == 1 ? Type::Int16 : Type::Int32);
  return shape;
}

ordered_json as_json(const Shape& shape) {
  ordered_json fields = ordered_json::array();
  for (const Field& field : shape.fields)
    fields.push_back({{"type", static_cast<int>(field.type)},
                      {"flags", static_cast<int>(field.flags)},
                      {"offset", field.offset},
                      {"precision", field.precision},
                      {"min", field.min},
                      {"max", field.max}});
  return {{"name", shape.name}, {"bytes", shape.bytes}, {"fields", fields}};
}

// Per component [entity, the fields' bytes one behind the other].
ordered_json as_json(const std::vector<Shape>& shapes, const State& state) {
  ordered_json all = ordered_json::array();
  for (std::size_t c = 0; c < shapes.size(); ++c) {
    ordered_json rows = ordered_json::array();
    for (const auto& [id, value] : state[c]) {
      std::vector<std::uint8_t> bytes;
      const auto* from = reinterpret_cast<const std::uint8_t*>(value.data());
      if (shapes[c].fields.empty()) bytes.assign(from, from + value.size());
      for (const Field& field : shapes[c].fields)
        bytes.insert(bytes.end(), from + field.offset, from + field.offset + field.width());
      rows.push_back({id, base64(bytes)});
    }
    all.push_back(rows);
  }
  return all;
}

ordered_json as_json(const Scene& scene, const Told& told) {
  const PackedFrame& frame = told.frame;
  ordered_json line = {{"tick", frame.tick},
                       {"base", frame.base},
                       {"kind", kinds[static_cast<std::size_t>(frame.kind)]},
                       {"to", told.to}};
  if (frame.key) line["key"] = true;
  if (frame.key) line["hash"] = frame.hash;
  if (frame.has_state) line["packed"] = base64(frame.bytes);
  line["digest"] = told.digest;
  if (frame.tick % full_state_every == 0) line["state"] = as_json(scene.shapes, told.state);
  return line;
}

Shape random_shape(Random& random, int number) {
  Shape shape{"c" + std::to_string(number), {}, 0};
  const std::uint64_t fields = number == 0             ? 1
                               : random.below(6) == 0  ? 0
                               : random.below(12) == 0 ? 64
                                                       : random.between(1, 9);
  for (std::uint64_t i = 0; i < fields; ++i) {
    if (random.below(6) == 0 && shape.fields.size() + fields - i <= 61) {
      shape.add_quat(random.below(3) == 0 ? 0.001 : 1.0 / static_cast<double>(random.between(10, 1'000'000)));
      continue;
    }
    const auto type = static_cast<FieldType>(random.below(11));
    const double low = static_cast<double>(random.between(-9, 0)), high = static_cast<double>(random.between(1, 100));
    const double precision = 1.0 / static_cast<double>(random.between(1, 5'000));
    switch (is_float(type) ? random.below(5) : random.below(2) * 3) {
      case 1: shape.add(type, FieldFlags::Quantised, precision); break;
      case 2: shape.add(type, FieldFlags::Quantised | FieldFlags::Ranged, precision, low, high); break;
      case 3: shape.add(type, FieldFlags::Ranged, 0, type == FieldType::Bool ? 0 : low, high); break;
      case 4:
        shape.add(FieldType::Float32, FieldFlags::Quantised | FieldFlags::Ranged | FieldFlags::Angle, precision, low,
                  high);
        break;
      default: shape.add(type);
    }
  }
  return shape;
}

}  // namespace

Scene random_scene(std::uint64_t seed) {
  Random random = Random::golden(seed);
  std::vector<Shape> shapes;
  for (int i = 0, count = static_cast<int>(random.between(1, 5)); i < count; ++i)
    shapes.push_back(random_shape(random, i));
  const Temper temper{.spawns = static_cast<std::uint32_t>(random.below(40)),
                      .removals = static_cast<std::uint32_t>(random.below(30)),
                      .additions = static_cast<std::uint32_t>(random.below(30)),
                      .changes = static_cast<std::uint32_t>(random.below(65)),
                      .rests = static_cast<std::uint32_t>(random.below(20)),
                      .entities_max = random.below(40) + 1};
  return {"random " + std::to_string(seed), std::move(shapes), temper, 50, 20};
}

std::vector<Scene> scenes() {
  return {
      {"every field", {owner(), opaque("tickrelay.Player"), every_type(), every_rule()}, {.entities_max = 8}, 110},
      {"a crowd",
       {owner(), transform()},
       {.spawns = 24, .removals = 20, .changes = 60, .rests = 1, .entities_max = 24},
       120,
       40},
      {"opaque values",
       {owner(), opaque("tickrelay.Player"), opaque("game.Bag")},
       {.changes = 24, .entities_max = 10},
       100,
       25},
      {"mostly idle",
       {owner(), transform(), wide()},
       {.spawns = 2, .removals = 1, .changes = 3, .rests = 16, .entities_max = 12},
       200,
       60},
      {"orientations", {owner(), orientation()}, {.changes = 58, .rests = 1, .entities_max = 10}, 150, 50},
  };
}

std::vector<Told> play(const Scene& scene) {
  PackedWorld world(scene.shapes, scene.temper, 1);
  PackedRelay relay(world);
  Random chance = Random::golden(2);
  std::vector<Told> all;
  std::uint32_t base_1 = 0, base_2 = 0;
  bool late_reads = false;  // copy 1 is in the stream
  const auto tell = [&](PackedFrame frame, std::vector<std::size_t> to) {
    if (!to.empty())
      all.push_back({std::move(frame), std::move(to), digest(scene.shapes, world.state()), world.state()});
  };
  for (; world.now() <= scene.ticks; world.step()) {
    const std::uint32_t now = world.now();
    const bool key = now == 1 || now % scene.key_every == 0;
    PackedFrame stream = relay.stream(key);
    if (now == 1) {
      tell(relay.absolute(0, true), {0});
    } else {
      const bool takes = late_reads && chance.below(24) != 0;
      late_reads = late_reads && takes;
      if (takes) base_1 = now;
      tell(std::move(stream), takes ? std::vector<std::size_t>{0, 1} : std::vector<std::size_t>{0});
    }
    if (base_1 != now && (key || chance.below(12) == 0)) {
      tell(relay.absolute(base_1, key, base_1 != 0 && chance.below(3) == 0), {1});
      base_1 = now;
      late_reads = key;
    }
    if (chance.below(20) == 0) {
      tell(relay.absolute(chance.below(3) == 0 ? 0 : base_2, key), {2});
      base_2 = now;
    }
  }
  return all;
}

std::string golden_text(const std::vector<Scene>& scenes) {
  std::string text = "[";
  for (const Scene& scene : scenes) {
    ordered_json layout = ordered_json::array();
    for (const Shape& shape : scene.shapes) layout.push_back(as_json(shape));
    text += (text.size() > 1 ? "," : "") +
            ("\n{\"name\":" + ordered_json(scene.name).dump() + ",\"layout\":" + layout.dump()) + ",\n\"frames\":[";
    std::string between = "\n";
    for (const Told& told : play(scene)) {
      text += between + as_json(scene, told).dump();
      between = ",\n";
    }
    text += "]}";
  }
  return text + "\n]\n";
}

}  // namespace tickrelay::test
