// When to try again: full jitter, 0 to 1 s, 0 to 2 s, 0 to 4 s … at most 0 to 15 s. Thousands of clients that lost one
// relay come back spread out.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tickrelay {
inline namespace sdk {

// The return slot that a relay hands out in a close's reason, "overloaded: come back in 1234 ms: …"; at most a minute counts.
inline std::optional<std::int64_t> return_slot_us(std::string_view reason) {
  constexpr std::string_view words = "come back in ";
  const auto at = reason.find(words);
  if (at == std::string_view::npos) return std::nullopt;
  reason.remove_prefix(at + words.size());
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(reason.data(), reason.data() + reason.size(), ms);
  const std::string_view rest(end, static_cast<std::size_t>(reason.data() + reason.size() - end));
  if (error != std::errc{} || ms < 0 || !rest.starts_with(" ms")) return std::nullopt;
  return std::min<std::int64_t>(ms, 60'000) * 1'000;
}

class Backoff {
 public:
  static constexpr std::int64_t most_us = 15'000'000;

  explicit Backoff(std::uint64_t seed) : random_(seed) {}

  void reset() { tries_ = 0; }

  std::int64_t next_us() {
    const std::int64_t within = std::min<std::int64_t>(most_us, std::int64_t{1'000'000} << std::min(tries_, 4));
    ++tries_;
    return below(within);
  }

  // Uniform in [0, most).
  std::int64_t below(std::int64_t most) {
    random_ += 0x9e3779b97f4a7c15ULL;  // splitmix64
    std::uint64_t x = random_;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    x ^= x >> 31;
    return static_cast<std::int64_t>(x % static_cast<std::uint64_t>(most));
  }

 private:
  int tries_ = 0;
  std::uint64_t random_;
};

}  // namespace sdk
}  // namespace tickrelay
