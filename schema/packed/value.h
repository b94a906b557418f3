// One 32-bit value in the context of those before it: predictors, what the coder has learned of the field, what it knows of
// the entity. The same code encodes and decodes. PROTOCOL.md, "Codec packed", states each step.
#pragma once

#include <array>
#include <cstdint>

#include "schema/packed/model.h"

namespace tickrelay::packed {

inline constexpr std::size_t predictors = 4;

// Arithmetic modulo 2^32.
inline std::int32_t add(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}
inline std::int32_t subtract(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b));
}
inline std::uint32_t magnitude(std::int32_t a) { return a < 0 ? 0U - static_cast<std::uint32_t>(a) : static_cast<std::uint32_t>(a); }
inline int bit_length(std::uint32_t a) { return a == 0 ? 0 : 32 - __builtin_clz(a); }

// What is known of one value of one entity, beside the value itself.
struct History {
  std::int32_t delta = 0;         // its last change
  std::int32_t delta_before = 0;
  std::uint32_t size = 0;         // running sum of how far predictions missed: about four times their mean
  std::uint8_t sign = 1;          // of the last miss: 0 below, 1 none, 2 above
  std::uint8_t changed = 0;       // the field's last eight turns, newest lowest
  std::array<std::uint16_t, predictors> cost{};
};

// What is known of one field of all entities.
struct ValueModel {
  std::array<std::uint16_t, predictors> cost{};
  std::array<Bit, 16> exact_by_level;
  std::array<Bit, 9> sign;
  std::array<Bit, 240> length_by_spread;
};

// What everything in a room shares.
struct CommonModel {
  std::array<Bit, 192> exact;
  std::array<Bit, 108> sign;
  std::array<Bit, 3072> length;
  std::array<Bit, 16> top;
  Weights exact_weights, sign_weights;
  std::array<Weights, 3> length_weights;
};

// What the values of one entity in one frame tell about the next ones.
struct Turn {
  int surprise = 3;         // 0 to 7: below or above 3, misses were smaller or larger than usual
  std::int32_t moved = 0;   // the first large change, and the same value's change before it: their quotient is
  std::int32_t before = 0;  // how much longer this step is than the last; 0: not known
};

struct Prediction {
  std::array<std::int32_t, predictors> values;
  std::int32_t best;
  std::int32_t other;  // the best that says something else; `best` where all agree
};

// The change that `delta` would be if this step were as much longer than the last as the turn's first large change was.
inline std::int32_t scaled(const Turn& turn, std::int32_t delta) {
  if (turn.before == 0 || magnitude(delta) > 1U << 20) return delta;
  return static_cast<std::int32_t>(static_cast<std::int64_t>(delta) * turn.moved / turn.before);
}

inline Prediction predict(const ValueModel& model, const History& history, const Turn& turn, std::int32_t last) {
  const std::int32_t d = history.delta, e = history.delta_before;
  Prediction p;
  p.values = {add(last, d), last, add(last, subtract(add(d, d), e)), add(last, scaled(turn, d))};
  std::array<std::uint32_t, predictors> cost;
  std::size_t best = 0;
  for (std::size_t i = 0; i < predictors; ++i) {
    cost[i] = std::uint32_t{model.cost[i]} + history.cost[i];
    if (cost[i] < cost[best]) best = i;
  }
  p.best = p.other = p.values[best];
  std::uint32_t least = ~0U;
  for (std::size_t i = 0; i < predictors; ++i) {
    if (p.values[i] == p.best || cost[i] >= least) continue;
    least = cost[i];
    p.other = p.values[i];
  }
  return p;
}

inline void learn_costs(ValueModel& model, History& history, const Prediction& p, std::int32_t value) {
  for (std::size_t i = 0; i < predictors; ++i) {
    const int miss = bit_length(magnitude(subtract(value, p.values[i]))) << 8;
    model.cost[i] = static_cast<std::uint16_t>(model.cost[i] + ((miss - model.cost[i]) >> 3));
    history.cost[i] = static_cast<std::uint16_t>(history.cost[i] + ((miss - history.cost[i]) >> 2));
  }
}

// The distance of a value from its prediction.
template <class Coder>
std::int32_t code_miss(Coder& coder, CommonModel& common, ValueModel& model, const History& history, const Turn& turn,
                       const Prediction& p, std::int32_t miss) {
  const int level = bit_length(history.size >> 2);
  const auto level15 = static_cast<std::size_t>(std::min(level, 15));
  const auto spread = static_cast<std::size_t>(std::min(bit_length(magnitude(subtract(p.other, p.best))), 11));
  if (code_mixed(coder, miss == 0, common.exact_weights, common.exact[level15 * 12 + spread], model.exact_by_level[level15])) return 0;

  const std::size_t side = p.other == p.best ? 1 : subtract(p.other, p.best) > 0 ? 2 : 0;
  const std::size_t signs = std::size_t{history.sign} * 3 + side;
  const bool below = code_mixed(coder, miss < 0, common.sign_weights, common.sign[signs * 12 + spread], model.sign[signs]);

  // The bit length of |miss| - 1: first whether it reaches the usual one, then step by step away from there.
  const std::size_t level7 = std::min(level15, std::size_t{7});
  const auto reaches = [&](int length, bool bit, std::size_t way) {
    const auto offset = static_cast<std::size_t>(std::clamp(length - level + 8, 0, 15));
    const auto length19 = static_cast<std::size_t>(std::min(length, 19));
    return code_mixed(coder, bit, common.length_weights[way],
                      common.length[((way * 8 + level7) * 8 + static_cast<std::size_t>(turn.surprise)) * 16 + offset],
                      model.length_by_spread[spread * 20 + length19]);
  };
  const std::uint32_t rest = magnitude(miss) - 1;
  const int wanted = bit_length(rest);
  int length = std::max(level, 1);
  if (reaches(length, wanted >= length, 0)) {
    while (length < 31 && reaches(length + 1, wanted > length, 1)) ++length;
  } else {
    --length;
    while (length > 0 && !reaches(length, wanted >= length, 2)) --length;
  }
  std::uint32_t size = length == 0 ? 0 : 1;
  if (length >= 2) {
    const unsigned below_top = static_cast<unsigned>(length) - 2;
    Bit& top = common.top[static_cast<std::size_t>(std::clamp(length - level + 8, 0, 15))];
    size = 2U | (code_bit(coder, (rest >> below_top & 1) != 0, top) ? 1U : 0U);
    if (below_top != 0) size = size << below_top | coder.raw(rest & ((1U << below_top) - 1), below_top);
  }
  const auto distance = static_cast<std::int32_t>(size + 1);
  return below ? subtract(0, distance) : distance;
}

// Codes `value` (any where the coder decodes) after `last`, and learns from it. Returns the value.
template <class Coder>
std::int32_t code_value(Coder& coder, CommonModel& common, ValueModel& model, History& history, Turn& turn, std::int32_t last,
                        std::int32_t value) {
  const Prediction p = predict(model, history, turn, last);
  const std::int32_t miss = code_miss(coder, common, model, history, turn, p, subtract(value, p.best));
  value = add(p.best, miss);
  learn_costs(model, history, p, value);

  const std::uint32_t size = magnitude(miss);
  const int length = bit_length(size);
  const int excess = std::clamp(length - bit_length(history.size >> 2), -3, 4);
  turn.surprise = std::clamp(3 + (turn.surprise - 3 + 2 * excess) / (turn.surprise == 3 ? 2 : 3), 0, 7);
  const std::int32_t delta = subtract(value, last);
  if (turn.before == 0 && magnitude(history.delta) >= 16 && magnitude(history.delta) <= 1U << 20 &&
      magnitude(delta) <= 8 * magnitude(history.delta)) {
    turn.moved = delta;
    turn.before = history.delta;
  }
  history.size += std::min(size, 1U << 24) - (history.size >> 2);
  history.sign = miss == 0 ? 1 : miss < 0 ? 0 : 2;
  history.delta_before = history.delta;
  history.delta = delta;
  return value;
}

}  // namespace tickrelay::packed
