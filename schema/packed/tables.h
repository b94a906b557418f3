// The constants of codec `packed` (PROTOCOL.md, "Codec packed"): bit for bit the same in every implementation.
// Integers only. Probabilities of a 1 are of 32768 where they are learned, of 65536 where they are coded; logits are ln(p / (1 - p)) × 256.
#pragma once

#include <array>
#include <cstdint>

namespace tickrelay::packed {

inline constexpr int logit_max = 2047;
inline constexpr std::uint32_t probability_min = 32;
inline constexpr int count_max = 60;

// squash at every 64th logit from -2048 to 2048: round(65536 / (1 + e^(-x / 256))), held to 32 … 65504.
inline constexpr std::array<std::uint16_t, 65> knots = {
    32, 32, 36, 47, 60, 77, 98, 126, 162, 208, 267, 342,
    439, 562, 720, 922, 1179, 1506, 1921, 2446, 3108, 3938, 4971, 6249,
    7812, 9702, 11955, 14595, 17625, 21025, 24743, 28693, 32768, 36843, 40793, 44511,
    47911, 50941, 53581, 55834, 57724, 59287, 60565, 61598, 62428, 63090, 63615, 64030,
    64357, 64614, 64816, 64974, 65097, 65194, 65269, 65328, 65374, 65410, 65438, 65459,
    65476, 65489, 65500, 65504, 65504};

constexpr std::array<std::uint16_t, 4096> make_squash() {
  std::array<std::uint16_t, 4096> table{};
  for (std::uint32_t i = 0; i < 4096; ++i) {
    const std::uint32_t low = knots[i / 64], high = knots[i / 64 + 1];
    table[i] = static_cast<std::uint16_t>(low + (high - low) * (i % 64) / 64);
  }
  return table;
}

inline constexpr std::array<std::uint16_t, 4096> squash_table = make_squash();

// The probability at a logit within ±logit_max.
inline std::uint32_t squash(int logit) { return squash_table[static_cast<std::size_t>(logit + 2048)]; }

// For each upper 12 of a learned probability's 15 bits the least logit whose squash is not below its middle.
constexpr std::array<std::int16_t, 4096> make_stretch() {
  std::array<std::int16_t, 4096> table{};
  int logit = -logit_max;
  for (std::uint32_t i = 0; i < 4096; ++i) {
    while (logit < logit_max && squash_table[static_cast<std::size_t>(logit + 2048)] < i * 16 + 8) ++logit;
    table[i] = static_cast<std::int16_t>(logit);
  }
  return table;
}

inline constexpr std::array<std::int16_t, 4096> stretch_table = make_stretch();

// How far a probability moves at its n-th use, of 65536: about 1 / (n + 2).
constexpr std::array<std::int16_t, count_max + 1> make_rates() {
  std::array<std::int16_t, count_max + 1> table{};
  for (int n = 0; n <= count_max; ++n) table[static_cast<std::size_t>(n)] = static_cast<std::int16_t>(n == 0 ? 32767 : 65536 / (n + 2));
  return table;
}

inline constexpr std::array<std::int16_t, count_max + 1> rates = make_rates();

}  // namespace tickrelay::packed
