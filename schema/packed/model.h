// What an adaptive bit has learned, and how several opinions on one bit are mixed. One owner; no allocation.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "schema/packed/tables.h"

namespace tickrelay::packed {

inline constexpr std::int32_t certain = 32767;

// The probability of a 1, of 32768, and how often it was asked.
struct Bit {
  std::int16_t p = 16384;
  std::int16_t count = 0;

  // target: `certain` or 0
  void learn(std::int32_t target) {
    p = static_cast<std::int16_t>(p + ((target - p) * rates[static_cast<std::size_t>(count)] >> 16));
    count = static_cast<std::int16_t>(count + (count < count_max ? 1 : 0));
  }
};

// How much each of two opinions counts, of 8192. Shared by all fields of a room.
struct Weights {
  std::int32_t first = 4300;
  std::int32_t second = 4300;
};

// Inlined everywhere: these two are most of what coding costs, and calls of them as much again.
template <class Coder>
[[gnu::always_inline]] inline bool code_bit(Coder& coder, bool bit, Bit& model) {
  const std::uint32_t p = static_cast<std::uint32_t>(model.p) * 2;
  const bool coded = coder.bit(bit, std::clamp<std::uint32_t>(p, probability_min, 65536 - probability_min));
  model.learn(coded ? certain : 0);
  return coded;
}

// One bit in two contexts at once: their logits are added by weight, and the weights follow whoever was right.
template <class Coder>
[[gnu::always_inline]] inline bool code_mixed(Coder& coder, bool bit, Weights& weights, Bit& first, Bit& second) {
  const std::int32_t logit_1 = stretch_table[static_cast<std::size_t>(first.p >> 3)];
  const std::int32_t logit_2 = stretch_table[static_cast<std::size_t>(second.p >> 3)];
  const std::int32_t sum = (weights.first * logit_1 + weights.second * logit_2) >> 13;
  const std::uint32_t p = squash(std::clamp(sum, -logit_max, logit_max));
  const bool coded = coder.bit(bit, p);
  const std::int32_t target = coded ? certain : 0;
  const std::int32_t error = target - static_cast<std::int32_t>(p >> 1);
  weights.first = std::clamp(weights.first + ((logit_1 * error + 0x8000) >> 16), -32768, 32767);
  weights.second = std::clamp(weights.second + ((logit_2 * error + 0x8000) >> 16), -32768, 32767);
  first.learn(target);
  second.learn(target);
  return coded;
}

// A number, by its bit length, small ones cheaply.
struct NumberModel {
  std::array<Bit, 33> longer;
};

template <class Coder>
std::uint32_t code_number(Coder& coder, std::uint32_t value, NumberModel& model) {
  const unsigned wanted = value == 0 ? 0 : 32U - static_cast<unsigned>(__builtin_clz(value));
  unsigned length = 0;
  while (length < 32 && code_bit(coder, wanted > length, model.longer[length])) ++length;
  if (length < 2) return length;
  return 1U << (length - 1) | coder.raw(value & ((1U << (length - 1)) - 1), length - 1);
}

}  // namespace tickrelay::packed
