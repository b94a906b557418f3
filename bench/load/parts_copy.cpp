#include "bench/load/parts_copy.h"

#include <cstring>
#include <optional>
#include <vector>

namespace tickrelay::bench {
namespace {

constexpr std::uint8_t kind_bits = 3, kind_gone = 3, key_bit = 4;

// Seven bits a byte, lowest first. Nothing where the bytes end within.
std::optional<std::uint32_t> take_number(std::span<const std::uint8_t>& bytes) {
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < 35 && !bytes.empty(); shift += 7) {
    const std::uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    value |= (byte & 0x7FU) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

}  // namespace

class PartsCopy::Scope final : public packed::Changed {
 public:
  Scope(PartsCopy& copy, std::uint32_t number, packed::Changed& values)
      : copy_(copy), number_(number), members_(copy.chunks_[number].members), values_(values) {}

  void removed(std::uint32_t entity) override {
    if (members_.erase(entity) != 0 && copy_.chunk_of_[entity] == number_) copy_.leaving_.insert(entity);
  }
  void keep_only(std::span<const std::uint32_t> entities) override {
    const std::unordered_set<std::uint32_t> alive(entities.begin(), entities.end());
    std::vector<std::uint32_t> gone;
    for (const std::uint32_t entity : members_) {
      if (!alive.contains(entity)) gone.push_back(entity);
    }
    for (const std::uint32_t entity : gone) removed(entity);
  }
  bool put(std::size_t component, std::uint32_t entity, std::uint64_t mask, std::span<const std::byte> values) override {
    enter(entity);
    return values_.put(component, entity, mask, values);
  }
  bool put_opaque(std::size_t component, std::uint32_t entity, std::span<const std::uint8_t> value) override {
    enter(entity);
    return values_.put_opaque(component, entity, value);
  }

 private:
  void enter(std::uint32_t entity) {
    members_.insert(entity);
    copy_.chunk_of_[entity] = number_;
    copy_.leaving_.erase(entity);
  }

  PartsCopy& copy_;
  std::uint32_t number_;
  std::unordered_set<std::uint32_t>& members_;
  packed::Changed& values_;
};

void PartsCopy::leave(std::uint32_t number) {
  for (const std::uint32_t entity : chunks_[number].members) {
    if (chunk_of_[entity] == number) leaving_.insert(entity);
  }
  chunks_.erase(number);
}

Applied PartsCopy::apply(const wire::StateFrame& frame, packed::Changed& values) {
  leaving_.clear();
  listed_.clear();
  if (frame.head()->span() == 0) {
    while (!chunks_.empty()) leave(chunks_.begin()->first);
  }
  std::span<const std::uint8_t> bytes;
  if (frame.packed() != nullptr) bytes = {frame.packed()->data(), frame.packed()->size()};
  const Applied outcome = read(bytes, values);
  if (outcome != Applied::done) return outcome;
  if ((static_cast<unsigned>(frame.head()->flags()) & static_cast<unsigned>(wire::FrameFlags::ListsChunks)) != 0) {
    std::vector<std::uint32_t> gone;
    for (const auto& [number, chunk] : chunks_) {
      if (!listed_.contains(number)) gone.push_back(number);
    }
    for (const std::uint32_t number : gone) leave(number);
  }
  for (const std::uint32_t entity : leaving_) {
    chunk_of_.erase(entity);
    values.removed(entity);
  }
  return Applied::done;
}

Applied PartsCopy::read(std::span<const std::uint8_t> bytes, packed::Changed& values) {
  while (!bytes.empty()) {
    const auto number = take_number(bytes);
    if (!number || bytes.empty()) return Applied::broken;
    const std::uint8_t head = bytes.front();
    bytes = bytes.subspan(1);
    if ((head & kind_bits) == kind_gone) {
      leave(*number);
      continue;
    }
    const auto count = take_number(bytes);
    if (!count || *count > bytes.size()) return Applied::broken;
    listed_.insert(*number);
    const PartHead part{static_cast<wire::FrameKind>(head & kind_bits), (head & key_bit) != 0};
    const Applied outcome = read_part(*number, part, bytes.first(*count), values);
    if (outcome != Applied::done) return outcome;
    bytes = bytes.subspan(*count);
  }
  return Applied::done;
}

Applied PartsCopy::read_part(std::uint32_t number, PartHead head, std::span<const std::uint8_t> bytes,
                             packed::Changed& values) {
  const bool whole = head.kind == wire::FrameKind::Whole;
  if (!whole && !chunks_.contains(number)) return Applied::lost;
  Scope scope(*this, number, values);
  Chunk& chunk = chunks_[number];
  if (whole) scope.keep_only({});
  if (codec_ == wire::Codec::Plain) return bytes.empty() || read_plain(bytes, scope) ? Applied::done : Applied::broken;
  if (!chunk.packed) chunk.packed = std::make_unique<PackedCopy>(layout_);
  return chunk.packed->apply({.kind = head.kind, .key = head.key, .whole = whole}, bytes, scope);
}

bool PartsCopy::read_plain(std::span<const std::uint8_t> bytes, packed::Changed& scope) {
  std::vector<std::uint64_t> aligned(bytes.size() / 8 + 1);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
  flatbuffers::Verifier verifier(data, bytes.size());
  if (!verifier.VerifyBuffer<wire::StateFrame>("TRF1")) return false;
  return plain_.apply_plain(*flatbuffers::GetRoot<wire::StateFrame>(data), scope);
}

}  // namespace tickrelay::bench
