// Reads the state of a frame into the Mirror. One Decoder per codec; all of them make the same calls.
#pragma once

#include <memory>
#include <string>

#include "mirror.h"
#include "schema/protocol_generated.h"

namespace tickrelay {
inline namespace sdk {

class Decoder {
 public:
  virtual ~Decoder() = default;
  // REQUIRES: the frame is verified and may be applied (rule 1), the Mirror has the connection's layout.
  // False with `error` filled: the relay sent what cannot be; the Mirror may be half changed, the connection is to end.
  virtual bool decode(const wire::StateFrame& frame, bool whole, Mirror& mirror, std::string& error) = 0;
  // A new connection: nothing is left of the stream that was read before.
  virtual void restart() = 0;
};

// nullptr: a codec that this version does not know.
std::unique_ptr<Decoder> make_decoder(wire::Codec codec);

}  // namespace sdk
}  // namespace tickrelay
