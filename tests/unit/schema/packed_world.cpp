#include "tests/unit/schema/packed_world.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "schema/state/quantise.h"

namespace tickrelay::test {
namespace {

void fold(std::uint32_t& hash, const void* bytes, std::size_t count) {
  const auto* at = static_cast<const std::uint8_t*>(bytes);
  for (std::size_t i = 0; i < count; ++i) hash = (hash ^ at[i]) * 0x01000193U;
}

void fold_number(std::uint32_t& hash, std::uint32_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i, value >>= 8) {
    const auto byte = static_cast<std::uint8_t>(value);
    fold(hash, &byte, 1);
  }
}

template <class T>
void add_to(std::byte* value, double by) {
  T x;
  std::memcpy(&x, value, sizeof x);
  x = static_cast<T>(x + static_cast<T>(by));
  std::memcpy(value, &x, sizeof x);
}

}  // namespace

Shape& Shape::add(FieldType type, FieldFlags flags, double precision, double min, double max) {
  const std::size_t width = width_of(type);
  const std::size_t offset = (bytes + width - 1) / width * width;
  fields.push_back(
      {"f" + std::to_string(fields.size()), type, static_cast<std::uint16_t>(offset), flags, precision, min, max});
  bytes = offset + width;
  return *this;
}

Shape& Shape::add_quat(double precision) {
  for (int i = 0; i < 4; ++i) add(FieldType::Float32, FieldFlags::Quat | FieldFlags::Quantised, precision);
  return *this;
}

std::vector<packed::Lanes> lanes_of(const std::vector<Shape>& shapes) {
  std::vector<packed::Lanes> lanes;
  for (const Shape& shape : shapes) lanes.emplace_back(shape.fields);
  return lanes;
}

std::uint32_t digest(const std::vector<Shape>& shapes, const State& state) {
  std::uint32_t hash = 0x811C9DC5;
  for (std::size_t c = 0; c < shapes.size(); ++c)
    for (const auto& [id, value] : state[c]) {
      fold_number(hash, static_cast<std::uint32_t>(c), 2);
      fold_number(hash, id, 4);
      if (shapes[c].fields.empty()) {
        fold_number(hash, static_cast<std::uint32_t>(value.size()), 4);
        fold(hash, value.data(), value.size());
      }
      for (const Field& field : shapes[c].fields) fold(hash, value.data() + field.offset, field.width());
    }
  return hash;
}

PackedWorld::PackedWorld(std::vector<Shape> shapes, Temper temper, std::uint64_t seed)
    : shapes_(std::move(shapes)), temper_(temper), random_(Random::golden(seed)), state_(shapes_.size()), stamps_(shapes_.size()) {
  now_ = 1;
  for (int i = 0; i < 4; ++i) spawn();
}

void PackedWorld::step() {
  ++now_;
  if (random_.below(64) < temper_.rests) return;
  if (random_.below(64) < temper_.removals) remove_one();
  if (random_.below(64) < temper_.spawns) spawn();
  if (random_.below(64) < temper_.additions) add_component();
  for (std::size_t c = 0; c < shapes_.size(); ++c)
    for (const auto& [id, value] : state_[c]) {
      const bool dozes = (now_ / 24 + id) % 3 == 0;  // long enough to be forgotten
      if (!dozes && random_.below(64) < temper_.changes) move(c, id);
    }
}

void PackedWorld::spawn() {
  if (state_[0].size() >= temper_.entities_max) return;
  const EntityId id = random_.pick(next_ids_)++;
  const std::uint64_t gap = random_.below(8) == 0 ? random_.below(300) : 0;
  for (EntityId& next : next_ids_)
    if (next == id + 1) next += static_cast<EntityId>(gap);
  for (std::size_t c = 0; c < shapes_.size(); ++c)
    if (c == 0 || random_.below(4) != 0) give(c, id);
}

EntityId PackedWorld::any() {
  return std::next(state_[0].begin(), static_cast<std::ptrdiff_t>(random_.below(state_[0].size())))->first;
}

void PackedWorld::remove_one() {
  if (state_[0].empty()) return;
  const EntityId id = any();
  for (std::size_t c = 0; c < shapes_.size(); ++c) {
    state_[c].erase(id);
    stamps_[c].erase(id);
  }
  died_[id] = newest_ = now_;
}

void PackedWorld::add_component() {
  if (state_[0].empty()) return;
  const EntityId id = any();
  const std::size_t c = random_.below(shapes_.size());
  if (!state_[c].contains(id)) give(c, id);
}

void PackedWorld::give(std::size_t component, EntityId id) {
  const Shape& shape = shapes_[component];
  state_[component][id] = zero_of(shape.fields, shape.bytes);
  stamps_[component][id].of_field.assign(std::max<std::size_t>(shape.fields.size(), 1), now_);
  newest_ = now_;
  move(component, id);
}

void PackedWorld::move(std::size_t component, EntityId id) {
  const Shape& shape = shapes_[component];
  std::vector<std::uint32_t>& stamps = stamps_[component][id].of_field;
  Value& value = state_[component][id];
  newest_ = now_;
  if (shape.fields.empty()) {
    move_opaque(value);
    stamps[0] = now_;
    return;
  }
  for (std::size_t f = 0; f < shape.fields.size(); ++f) {
    const bool quat = shape.fields[f].has(FieldFlags::Quat);
    if (random_.below(4) == 0) {
      f += quat ? 3 : 0;
      continue;
    }
    if (quat) {
      move_quat(shape, id, f, value, stamps);
      f += 3;
      continue;
    }
    move_field(shape.fields[f], id, f, value.data() + shape.fields[f].offset);
    stamps[f] = now_;  // as a relay does: also where the value is the same
  }
}

// Entities move in manners of their own: steadily, faster and faster, trembling, in jumps.
std::int64_t PackedWorld::stride(EntityId id, std::size_t number) {
  const auto kind = (id + number) % 4;
  if (kind == 0) return static_cast<std::int64_t>(id * 7 + number * 31) % 200 - 100;
  if (kind == 1) return static_cast<std::int64_t>((now_ % 32) * (id % 5 + 1)) * (now_ % 64 < 32 ? 3 : -2);
  if (kind == 2) return random_.between(-3, 3);
  return random_.below(3) == 0 ? random_.between(-100'000, 100'000) : 0;
}

void PackedWorld::move_field(const Field& field, EntityId id, std::size_t number, std::byte* value) {
  std::byte moved[8];
  std::memcpy(moved, value, field.width());
  const std::int64_t by = stride(id, number);
  if (random_.below(40) == 0) {
    const std::uint64_t bits = random_.next();
    std::memcpy(moved, &bits, field.width());
  } else if (is_float(field.type)) {
    const double step = static_cast<double>(by) * (field.has(FieldFlags::Quantised) ? field.precision : 0.015625);
    field.type == FieldType::Float32 ? add_to<float>(moved, step) : add_to<double>(moved, step);
  } else {
    std::uint64_t bits = 0;
    std::memcpy(&bits, moved, field.width());
    bits += static_cast<std::uint64_t>(by);
    std::memcpy(moved, &bits, field.width());
  }
  bool clamped = false;
  if (quantise(field, moved, clamped)) std::memcpy(value, moved, field.width());
}

// Turns in manners of their own: as before, a little this way and that, to anywhere, and what is no quaternion yet.
void PackedWorld::move_quat(const Shape& shape, EntityId id, std::size_t first, Value& value, std::vector<std::uint32_t>& stamps) {
  std::array<float, 4> four;
  for (std::size_t i = 0; i < 4; ++i) std::memcpy(&four[i], value.data() + shape.fields[first + i].offset, sizeof four[i]);
  const auto kind = (id + first) % 4;
  const double strength = kind == 0 ? 0.05 : kind == 1 ? 0.002 * static_cast<double>(now_ % 64) : 0.0008;
  if (random_.below(30) == 0 || kind == 3) {
    for (float& x : four) x = static_cast<float>(random_.between(-3, 3)) * (random_.below(3) == 0 ? 1e-42F : 7.5F);
  } else {  // by a turn of its own, which the rounding makes one of length 1
    const double way = kind == 2 ? static_cast<double>(random_.between(-1, 1)) : 1;
    const double a = strength * way, b = strength / 2, c = -strength / 3, x = four[0], y = four[1], z = four[2], w = four[3];
    four = {static_cast<float>(x + w * a + y * c - z * b), static_cast<float>(y + w * b + z * a - x * c),
            static_cast<float>(z + w * c + x * b - y * a), static_cast<float>(w - x * a - y * b - z * c)};
  }
  Value moved = value;
  for (std::size_t i = 0; i < 4; ++i) std::memcpy(moved.data() + shape.fields[first + i].offset, &four[i], sizeof four[i]);
  std::uint32_t clamped = 0;
  quantise_struct(shape.fields, quats_of(shape.fields), std::uint64_t{0xF} << first, moved.data(), clamped);
  for (std::size_t f = first; f < first + 4; ++f)  // a relay stamps those of the four that differ
    if (std::memcmp(moved.data() + shape.fields[f].offset, value.data() + shape.fields[f].offset, 4) != 0) stamps[f] = now_;
  value = std::move(moved);
}

void PackedWorld::move_opaque(Value& value) {
  if (random_.below(3) == 0) value.resize(random_.below(4) == 0 ? random_.below(90) : random_.below(12));
  for (std::byte& byte : value)
    if (random_.below(6) == 0) byte = static_cast<std::byte>(random_.next());
}

packed::Changes PackedWorld::since(std::uint32_t base, bool lists_alive) const {
  packed::Changes changes;
  changes.components.resize(shapes_.size());
  for (std::size_t c = 0; c < shapes_.size(); ++c) {
    for (const auto& [id, value] : state_[c]) {
      const std::vector<std::uint32_t>& stamps = stamps_[c].at(id).of_field;
      std::uint64_t mask = 0;
      for (std::size_t f = 0; f < stamps.size(); ++f) mask |= std::uint64_t{stamps[f] > base} << f;
      if (mask != 0)
        changes.components[c].push_back({id, mask, value.data(), static_cast<std::uint32_t>(value.size())});
    }
    // Rows of a world are in no order.
    Random order = Random::golden(now_ + c);
    auto& rows = changes.components[c];
    for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[order.below(i)]);
  }
  changes.lists_alive = lists_alive && base != 0;
  if (base == 0) return changes;
  for (const auto& [id, tick] : died_)
    if (tick > base && !changes.lists_alive) changes.removed.push_back(id);
  if (changes.lists_alive)
    for (const auto& [id, value] : state_[0]) changes.removed.push_back(id);
  return changes;
}

}  // namespace tickrelay::test
