#pragma once
// What a player set lately and when it meant to: a value that comes back from the server is its own time stamp.
// A ring of fixed size; the newest is looked at first.

#include <array>
#include <cstdint>
#include <vector>

namespace tickrelay::bench {

using Placement = std::array<float, 4>;  // x y z yaw

struct Sent {
  Placement values{};
  std::int64_t intended_ns = 0;
  std::int64_t written_ns = 0;
  std::uint32_t number = 0;  // from 1
};

class SentLog {
 public:
  static constexpr std::uint32_t kept_mostly = 128;  // 2 s at 60 Hz; older values are too late to tell apart

  // REQUIRES: a power of two.
  explicit SentLog(std::uint32_t kept = kept_mostly) : kept_(kept), ring_(kept) {}

  void add(const Placement& values, std::int64_t intended_ns, std::int64_t written_ns);
  // Null: never sent, or no longer known. REQUIRES: no two of the last `kept` values are equal.
  const Sent* find(const Placement& values) const;
  std::uint32_t newest() const { return newest_; }

 private:
  std::uint32_t kept_;
  std::vector<Sent> ring_;
  std::uint32_t newest_ = 0;
};

}  // namespace tickrelay::bench
