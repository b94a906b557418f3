#pragma once
// What a client holds to read a room with views: a context and the members of each chunk in view (PROTOCOL.md, "Views").
// Owned by a Mirror.

#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "bench/load/packed_copy.h"

namespace tickrelay::bench {

class PartsCopy {
 public:
  // Reads a chunk's part in codec plain: a StateFrame that does verify. False: it contradicts the layout.
  class Plain {
   public:
    virtual ~Plain() = default;
    virtual bool apply_plain(const wire::StateFrame& part, packed::Changed& changed) = 0;
  };

  // REQUIRES: layout and plain outlive it.
  PartsCopy(const Layout& layout, wire::Codec codec, Plain& plain) : layout_(layout), codec_(codec), plain_(plain) {}

  // What the parts say goes to `values`; of what left in one part and came in another it hears only the coming.
  Applied apply(const wire::StateFrame& frame, packed::Changed& values);

 private:
  struct Chunk {
    std::unique_ptr<PackedCopy> packed;  // null in codec plain
    std::unordered_set<std::uint32_t> members;
  };
  class Scope;  // a chunk's part says what its own members do
  struct PartHead {
    wire::FrameKind kind;
    bool key;
  };

  void leave(std::uint32_t number);
  Applied read(std::span<const std::uint8_t> bytes, packed::Changed& values);
  Applied read_part(std::uint32_t number, PartHead head, std::span<const std::uint8_t> bytes, packed::Changed& values);
  bool read_plain(std::span<const std::uint8_t> bytes, packed::Changed& scope);

  const Layout& layout_;
  wire::Codec codec_;
  Plain& plain_;
  std::unordered_map<std::uint32_t, Chunk> chunks_;
  std::unordered_map<std::uint32_t, std::uint32_t> chunk_of_;  // by entity
  std::unordered_set<std::uint32_t> leaving_, listed_;         // of this frame
};

}  // namespace tickrelay::bench
