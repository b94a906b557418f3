// Frames of rooms with views, from PROTOCOL.md ("Views") alone.

#include <cstring>
#include <set>

#include "mirror.h"

namespace tickrelay::sim {

namespace {

std::uint32_t number_at(std::span<const std::uint8_t> bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    SIM_REQUIRE(at < bytes.size() && shift < 35, "a part that ends early");
    value |= std::uint64_t{bytes[at] & 0x7FU} << shift;
    if ((bytes[at++] & 0x80) == 0) return static_cast<std::uint32_t>(value);
  }
}

}  // namespace

void Mirror::leave_chunk(std::uint32_t chunk) {
  for (const auto& [entity, of] : chunk_of_)
    if (of == chunk) leaving_[entity] = chunk;
}

void Mirror::apply_parts(const wire::StateFrame& frame, wire::Codec codec) {
  SIM_REQUIRE(frame.columns() == nullptr, "parts beside a whole state");
  leaving_.clear();
  if (frame.head()->span() == 0) {
    for (const auto& [chunk, copy] : chunks_) leave_chunk(chunk);
    chunks_.clear();
  }
  const std::span<const std::uint8_t> bytes =
      frame.packed() == nullptr ? std::span<const std::uint8_t>{} : std::span(frame.packed()->data(), frame.packed()->size());
  std::set<std::uint32_t> listed;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::uint32_t chunk = number_at(bytes, at);
    SIM_REQUIRE(at < bytes.size(), "a part without a head");
    const std::uint8_t head = bytes[at++];
    if ((head & 3) == 3) {
      SIM_REQUIRE(chunks_.contains(chunk), "a chunk leaves that was not in view");
      leave_chunk(chunk);
      chunks_.erase(chunk);
      continue;
    }
    const std::uint32_t count = number_at(bytes, at);
    SIM_REQUIRE(at + count <= bytes.size(), "a part that is longer than its frame");
    SIM_REQUIRE(listed.insert(chunk).second, "two parts of a chunk in one frame");
    apply_part(chunk, head, bytes.subspan(at, count), codec);
    at += count;
  }
  if ((frame.head()->flags() & wire::FrameFlags::ListsChunks) != wire::FrameFlags{})
    std::erase_if(chunks_, [&](const auto& entry) {
      if (listed.contains(entry.first)) return false;
      leave_chunk(entry.first);
      return true;
    });
  for (const auto& [entity, chunk] : leaving_) {
    chunk_of_.erase(entity);
    remove(entity);
  }
  have_ = frame.head()->tick();
}

void Mirror::apply_part(std::uint32_t chunk, std::uint8_t head, std::span<const std::uint8_t> bytes, wire::Codec codec) {
  const auto kind = static_cast<wire::FrameKind>(head & 3);
  const bool whole = kind == wire::FrameKind::Whole, key = (head & 4) != 0;
  SIM_REQUIRE(chunks_.contains(chunk) || whole, "a chunk comes into view without its whole");
  if (kind == wire::FrameKind::CatchUp && bytes.empty() && !key) return;  // nothing changed
  Chunk& copy = chunks_[chunk];
  if (whole) leave_chunk(chunk);
  part_ = chunk;
  if (codec == wire::Codec::Packed) {
    if (!copy.stream) copy.stream.emplace(shape_.lanes);
    SIM_REQUIRE(kind != wire::FrameKind::Stream || copy.in_stream, "a part of a stream for one who cannot read it");
    const std::uint32_t hash = key ? take_hash(bytes) : 0;
    if (whole || !bytes.empty())
      SIM_REQUIRE(read_packed(*copy.stream, kind, bytes), reader_.error());
    copy.in_stream = key || (kind == wire::FrameKind::Stream && copy.in_stream);
    if (key) copy.stream->settle();
    SIM_REQUIRE(!key || hash == copy.stream->hash(), "the hash of a chunk's key tick is another");
  } else {
    std::vector<std::uint64_t> aligned(bytes.size() / 8 + 1);
    std::memcpy(aligned.data(), bytes.data(), bytes.size());
    const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
    flatbuffers::Verifier verifier(data, bytes.size());
    SIM_REQUIRE(verifier.VerifyBuffer<wire::StateFrame>("TRF1"), "a part that does not verify");
    const auto& frame = *flatbuffers::GetRoot<wire::StateFrame>(data);
    if (frame.removed() != nullptr)
      for (const std::uint32_t id : *frame.removed()) remove(id);
    if (frame.columns() != nullptr)
      for (const wire::Column* column : *frame.columns()) apply_column(*column);
  }
  part_.reset();
}

}  // namespace tickrelay::sim
