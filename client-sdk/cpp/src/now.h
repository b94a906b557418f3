// The one clock of the SDK: µs of this machine, monotonic. Read by Client and Room; everything else is told the time.
#pragma once

#include <chrono>
#include <cstdint>

namespace tickrelay {
inline namespace sdk {

inline std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace sdk
}  // namespace tickrelay
