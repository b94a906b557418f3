#pragma once
// The one clock of the bench: CLOCK_MONOTONIC in nanoseconds, the same one the relay reads on the same machine.

#include <ctime>

#include <cstdint>

namespace tickrelay::bench {

constexpr std::int64_t us_ns = 1'000;
constexpr std::int64_t ms_ns = 1'000'000;
constexpr std::int64_t second_ns = 1'000'000'000;

inline std::int64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * second_ns + now.tv_nsec;
}

// Returns at once where the time has passed.
inline void sleep_until_ns(std::int64_t when_ns) {
  const timespec when{when_ns / second_ns, when_ns % second_ns};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nullptr);
}

}  // namespace tickrelay::bench
