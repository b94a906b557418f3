// Reads the state of a frame into the Mirror. One Decoder per codec; all of them make the same calls.
#pragma once

#include <memory>
#include <string>

#include "mirror.h"
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
  // A new connection: the values stay, the stream that was read before ends.
  virtual void restart() = 0;
};

// nullptr: a codec that this version does not know.
std::unique_ptr<Decoder> make_decoder(wire::Codec codec, const Layout& layout);
std::unique_ptr<Decoder> make_packed_decoder(const Layout& layout);

}  // namespace sdk
}  // namespace tickrelay
