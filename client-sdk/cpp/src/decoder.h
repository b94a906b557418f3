// Reads the state of a frame into the Mirror. One Decoder per codec, and one for rooms with views, which has one of these for each
// chunk; all of them make the same calls.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "mirror.h"
#include "schema/packed/context.h"
#include "schema/protocol_generated.h"

namespace tickrelay {
inline namespace sdk {

enum class Outcome {
  applied,
  lost,   // cannot be read, or the copy is not what it should be: ask for the whole, which alone will be applied
  broken  // `error` says how: what cannot be; the Mirror may be half changed, the connection is to end
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  // REQUIRES: the frame is verified and may be applied (rule 1), the Mirror has the connection's layout.
  virtual Outcome decode(const wire::StateFrame& frame, std::uint32_t base, Mirror& mirror, std::string& error) = 0;
  // A part of a frame, of the chunk that this decoder is for. No bytes: nothing changed.
  struct Payload {
    wire::FrameKind kind;
    bool key;
    bool whole;
  };
  virtual Outcome decode_payload(const Payload& about, std::optional<std::span<const std::uint8_t>> bytes, Mirror& mirror,
                                 std::string& error) = 0;
  // A new connection: the values stay, the stream that was read before ends.
  virtual void restart() = 0;
};

// nullptr: a codec that this version does not know.
std::unique_ptr<Decoder> make_decoder(wire::Codec codec, const Layout& layout);
std::unique_ptr<Decoder> make_plain_decoder();
// `scratch`: what frames that stand alone are read with; decoders may share one.
std::unique_ptr<Decoder> make_packed_decoder(const Layout& layout, std::shared_ptr<packed::Context> scratch);
std::shared_ptr<packed::Context> make_scratch(const Layout& layout);

}  // namespace sdk
}  // namespace tickrelay
