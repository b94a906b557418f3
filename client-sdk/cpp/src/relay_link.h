// One WebSocket to a relay, as a Session sees it. Connection is the real one; tests have their own.
#pragma once

#include <cstdint>
#include <string>

#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

class Link {
 public:
  virtual ~Link() = default;
  // Open, and nothing of an earlier write is left in the SDK: what is written now leaves at once.
  [[nodiscard]] virtual bool writable() const = 0;
  virtual void write(Bytes message) = 0;  // one binary message. REQUIRES: writable()
  // An answer is on its way whose time counts: from here on arrived_us is known.
  virtual void time_arrivals() {}
  // When what is received now came: before this poll, perhaps. now_us where that is not known.
  [[nodiscard]] virtual std::int64_t arrived_us(std::int64_t now_us) { return now_us; }
  // At this machine, in the link's life: what tells a slow line from a dead one. 0: not known.
  [[nodiscard]] virtual std::uint64_t bytes_arrived() const { return 0; }
  virtual void close(std::uint16_t code, const std::string& reason) = 0;
};

// What happens on a Link. Never called after the Link is gone.
class LinkListener {
 public:
  virtual ~LinkListener() = default;
  virtual void opened(std::int64_t now_us) = 0;
  virtual void received(Bytes message, std::int64_t now_us) = 0;  // aligned for FlatBuffers
  // The last call. 1006: it broke without a close frame, or never opened.
  virtual void closed(std::uint16_t code, const std::string& reason, std::int64_t now_us) = 0;
};

}  // namespace sdk
}  // namespace tickrelay
