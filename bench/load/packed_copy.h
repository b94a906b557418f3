#pragma once
// What a client holds to read codec packed: the stream's context, beside the values that it shows. Owned by a Mirror.
// A frame of the stream is read only by who is in it: who took every one since a key tick.

#include "bench/load/layout.h"
#include "schema/packed/reader.h"

namespace tickrelay::bench {

// Lost: its values cannot be known to be right from here; the whole is to be asked for. Broken: no frame that could be.
enum class Applied { done, lost, broken };

class PackedCopy {
 public:
  explicit PackedCopy(const Layout& layout);

  // A new connection: in the stream from its next key tick.
  void rejoin() { in_stream_ = false; }
  // A frame's state, or a chunk's part of it. Base 0 is `whole`.
  struct About {
    wire::FrameKind kind;
    bool key, whole;
  };
  // What the payload says goes to `changed`, but for the forgetting.
  Applied apply(const About& about, std::span<const std::uint8_t> payload, packed::Changed& changed);

 private:
  static bool take_hash(std::span<const std::uint8_t>& bytes, std::uint32_t& hash);
  bool read(wire::FrameKind kind, std::span<const std::uint8_t> bytes, bool whole, packed::Changed& changed);

  packed::Context stream_, empty_;
  packed::Reader reader_;
  bool in_stream_ = false;
};

}  // namespace tickrelay::bench
