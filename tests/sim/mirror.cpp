#include "mirror.h"

#include <cstring>
#include <unordered_set>

#include "truth.h"

namespace tickrelay::sim {

Shape Shape::of(const wire::Layout& layout) {
  static constexpr std::uint8_t widths[] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
  Shape shape;
  shape.fingerprint = layout.fingerprint();
  for (const wire::Component* component : *layout.components()) {
    Component& to = shape.components.emplace_back();
    to.bytes = component->bytes();
    std::vector<tickrelay::Field> fields;
    if (component->fields() != nullptr)
      for (const wire::Field* field : *component->fields()) {
        to.fields.push_back({widths[static_cast<std::size_t>(field->type())], field->offset()});
        fields.push_back({.name = "",
                          .type = field->type(),
                          .offset = field->offset(),
                          .flags = static_cast<FieldFlags>(field->flags()),
                          .precision = field->precision(),
                          .min = field->min(),
                          .max = field->max()});
      }
    shape.lanes.emplace_back(fields);
  }
  return shape;
}

void Mirror::reset(const Shape& shape) {
  shape_ = shape;
  have_ = 0;
  hash_ = 0;
  entities_.clear();
  stream_.emplace(shape.lanes);
  empty_.emplace(shape.lanes);
  in_stream_ = false;
  chunks_.clear();
  chunk_of_.clear();
}

void Mirror::apply(const wire::StateFrame& frame, wire::Codec codec) {
  told_.clear();
  if ((frame.head()->flags() & wire::FrameFlags::InParts) != wire::FrameFlags{}) return apply_parts(frame, codec);
  SIM_REQUIRE(chunks_.empty(), "a frame that is not in parts, in a room with views");
  if (frame.head()->span() == 0) {
    entities_.clear();
    hash_ = 0;
  }
  SIM_REQUIRE(codec == wire::Codec::Packed ? frame.columns() == nullptr : frame.packed() == nullptr, "state in the other codec");
  if (codec == wire::Codec::Packed) return apply_packed(frame);
  if ((frame.head()->flags() & wire::FrameFlags::ListsAlive) != wire::FrameFlags{})
    keep_only(frame.alive() == nullptr ? std::span<const std::uint32_t>{} : std::span(frame.alive()->data(), frame.alive()->size()));
  if (frame.removed() != nullptr)
    for (const std::uint32_t id : *frame.removed()) remove(id);
  if (frame.columns() != nullptr)
    for (const wire::Column* column : *frame.columns()) apply_column(*column);
  have_ = frame.head()->tick();
}

struct Mirror::FromPacked final : packed::Changed {
  explicit FromPacked(Mirror& to) : mirror(to) {}
  void removed(std::uint32_t id) override { mirror.remove(id); }
  void keep_only(std::span<const std::uint32_t> ids) override { mirror.keep_only(ids); }
  bool put(std::size_t component, std::uint32_t id, std::uint64_t mask, std::span<const std::byte> values) override {
    mirror.put(id, component, mask, values);
    return true;
  }
  bool put_opaque(std::size_t component, std::uint32_t id, std::span<const std::uint8_t> value) override {
    Value& to = mirror.touch(id, component);
    to.bytes.assign(reinterpret_cast<const char*>(value.data()), value.size());
    mirror.settle(to, id, component);
    return true;
  }
  Mirror& mirror;
};

std::uint32_t Mirror::take_hash(std::span<const std::uint8_t>& bytes) {
  SIM_REQUIRE(bytes.size() >= 4, "a key tick without its hash");
  std::uint32_t hash = 0;
  for (unsigned i = 0; i < 4; ++i) hash |= std::uint32_t{bytes[i]} << (8 * i);
  bytes = bytes.subspan(4);
  return hash;
}

bool Mirror::read_packed(packed::Context& stream, wire::FrameKind kind, std::span<const std::uint8_t> bytes) {
  FromPacked into(*this);
  if (kind == wire::FrameKind::Stream) return reader_.stream(stream, bytes, into);
  return reader_.absolute(stream, *empty_, bytes, kind == wire::FrameKind::Whole, into);
}

void Mirror::apply_packed(const wire::StateFrame& frame) {
  const bool whole = frame.head()->span() == 0;
  const bool of_stream = frame.head()->kind() == wire::FrameKind::Stream;
  SIM_REQUIRE(!of_stream || in_stream_, "a frame of the stream for one who cannot read it");
  SIM_REQUIRE(!of_stream || frame.head()->tick() - frame.head()->span() == have_, "a frame of the stream for one who missed some");
  const bool key = (frame.head()->flags() & wire::FrameFlags::KeyTick) != wire::FrameFlags{};
  std::span<const std::uint8_t> bytes =
      frame.packed() == nullptr ? std::span<const std::uint8_t>{} : std::span(frame.packed()->data(), frame.packed()->size());
  const std::uint32_t hash = key ? take_hash(bytes) : 0;
  if (whole || !bytes.empty())
    SIM_REQUIRE(read_packed(*stream_, whole ? wire::FrameKind::Whole : frame.head()->kind(), bytes), reader_.error());
  in_stream_ = key || (of_stream && in_stream_);
  if (key) stream_->settle();
  SIM_REQUIRE(!key || hash == stream_->hash(), "the hash of a key tick is another");
  have_ = frame.head()->tick();
}

void Mirror::put(std::uint32_t entity, std::size_t component, std::uint64_t mask, std::span<const std::byte> values) {
  const Shape::Component& shape = shape_.components[component];
  Value& value = touch(entity, component);
  std::size_t at = 0;
  for (std::size_t i = 0; i < shape.fields.size(); ++i) {
    if ((mask >> i & 1) == 0) continue;
    std::memcpy(value.bytes.data() + shape.fields[i].offset, values.data() + at, shape.fields[i].bytes);
    at += shape.fields[i].bytes;
  }
  SIM_REQUIRE(at == values.size(), "values left over");
  settle(value, entity, component);
}

void Mirror::keep_only(std::span<const std::uint32_t> alive) {
  const std::unordered_set<std::uint32_t> kept(alive.begin(), alive.end());
  std::vector<std::uint32_t> gone;
  for (const auto& [id, values] : entities_)
    if (!kept.contains(id)) gone.push_back(id);
  for (const std::uint32_t id : gone) remove(id);
}

void Mirror::remove(std::uint32_t entity) {
  if (part_) {
    const auto at = chunk_of_.find(entity);
    if (at != chunk_of_.end() && at->second == *part_) leaving_[entity] = *part_;
    return;
  }
  const auto it = entities_.find(entity);
  if (it == entities_.end()) return;
  for (const Value& value : it->second) hash_ -= value.hash;
  entities_.erase(it);
}

Mirror::Value& Mirror::touch(std::uint32_t entity, std::size_t component) {
  if (part_) {
    chunk_of_[entity] = *part_;
    leaving_.erase(entity);
    if (told_.empty() || told_.back() != entity) told_.push_back(entity);
  }
  auto& values = entities_[entity];
  if (values.empty()) values.resize(shape_.components.size());
  Value& value = values[component];
  hash_ -= value.hash;
  if (!value.present) value.bytes.assign(shape_.components[component].bytes, '\0');
  value.present = true;
  return value;
}

void Mirror::settle(Value& value, std::uint32_t entity, std::size_t component) {
  value.hash = value_hash(entity, component, std::as_bytes(std::span(value.bytes)));
  hash_ += value.hash;
}

void Mirror::apply_column(const wire::Column& column) {
  SIM_REQUIRE(column.component() < shape_.components.size(), "a component beyond the layout");
  SIM_REQUIRE(column.ids() != nullptr, "a column without ids");
  const Shape::Component& shape = shape_.components[column.component()];
  if (shape.bytes == 0) return apply_opaque(column);
  const std::size_t mask_bytes = shape.mask_bytes();
  SIM_REQUIRE(column.masks() == nullptr || column.masks()->size() == mask_bytes * column.ids()->size(),
              "masks of a wrong size");
  const std::uint8_t* mask = column.masks() == nullptr ? nullptr : column.masks()->data();
  const std::size_t size = column.values() == nullptr ? 0 : column.values()->size();
  std::size_t at = 0;
  for (const std::uint32_t id : *column.ids()) {
    Value& value = touch(id, column.component());
    for (std::size_t i = 0; i < shape.fields.size(); ++i) {
      if (mask != nullptr && (mask[i / 8] >> (i % 8) & 1) == 0) continue;
      const Shape::Field& field = shape.fields[i];
      SIM_REQUIRE(at + field.bytes <= size, "values end early");
      std::memcpy(value.bytes.data() + field.offset, column.values()->data() + at, field.bytes);
      at += field.bytes;
    }
    if (mask != nullptr) mask += mask_bytes;
    settle(value, id, column.component());
  }
  SIM_REQUIRE(at == size, "values left over");
}

void Mirror::apply_opaque(const wire::Column& column) {
  SIM_REQUIRE(column.lengths() != nullptr && column.lengths()->size() == column.ids()->size(),
              "lengths of a wrong count");
  std::size_t at = 0;
  for (flatbuffers::uoffset_t k = 0; k < column.ids()->size(); ++k) {
    const std::uint32_t id = column.ids()->Get(k);
    const std::uint32_t length = column.lengths()->Get(k);
    Value& value = touch(id, column.component());
    SIM_REQUIRE(length == 0 || (column.values() != nullptr && at + length <= column.values()->size()),
                "values end early");
    value.bytes.assign(length == 0 ? "" : reinterpret_cast<const char*>(column.values()->data()) + at, length);
    at += length;
    settle(value, id, column.component());
  }
}

const std::string* Mirror::value(std::uint32_t entity, std::size_t component) const {
  const auto it = entities_.find(entity);
  if (it == entities_.end() || component >= it->second.size() || !it->second[component].present) return nullptr;
  return &it->second[component].bytes;
}

std::uint32_t Mirror::owner(std::uint32_t entity) const {
  const auto it = entities_.find(entity);
  return it == entities_.end() ? 0 : owner_in(it->second);
}

std::uint32_t Mirror::owner_in(const std::vector<Value>& values) {
  std::uint32_t owner = 0;
  if (!values.empty() && values[0].present && values[0].bytes.size() == 4) std::memcpy(&owner, values[0].bytes.data(), 4);
  return owner;
}

}  // namespace tickrelay::sim
