// A quaternion in the context of those before it: which of its four is the largest, then the steps of the other three. The
// same code encodes and decodes. PROTOCOL.md, "Codec packed", states each step.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "schema/packed/value.h"
#include "schema/state/quat.h"

namespace tickrelay::packed {

// What the change of one of the four adds to itself while the turning goes on as it is: its way is an arc, no line.
// squares: the sum of the four values' squares; moved: that of their changes. In double, one operation at a time.
std::int32_t bend(std::int32_t value, double moved, double squares);

// Which is the largest, after the one that was: mostly the same, else mostly the next largest.
template <class Coder>
std::int32_t code_largest(Coder& coder, ValueModel& model, const History* histories, const std::int32_t* last,
                          std::int32_t largest) {
  const std::int32_t before = last[0];
  std::array<std::uint32_t, 4> sizes;  // where they are going
  for (std::size_t i = 0; i < 4; ++i) sizes[i] = magnitude(add(last[1 + i], histories[1 + i].delta));
  std::int32_t next = before == 0 ? 1 : 0;
  for (std::int32_t i = next + 1; i < 4; ++i)
    if (i != before && sizes[static_cast<std::size_t>(i)] > sizes[static_cast<std::size_t>(next)]) next = i;
  const std::uint32_t size = sizes[static_cast<std::size_t>(before)], size_next = sizes[static_cast<std::size_t>(next)];
  const int ahead = size >= size_next ? bit_length(size - size_next) : 0;
  if (code_bit(coder, largest == before, model.exact_by_level[static_cast<std::size_t>(std::min(ahead, 15))]))
    return before;
  if (code_bit(coder, largest == next, model.sign[0])) return next;
  std::array<std::int32_t, 2> rest{};  // the two others, in order
  std::size_t count = 0;
  for (std::int32_t i = 0; i < 4; ++i)
    if (i != before && i != next) rest[count++] = i;
  return rest[code_bit(coder, largest == rest[1], model.sign[1]) ? 1 : 0];
}

// All signs the other way: the same turn.
inline void turn_over(History* histories, std::int32_t* last) {
  for (std::size_t i = 1; i < 5; ++i) {
    last[i] = subtract(0, last[i]);
    histories[i].delta = subtract(0, histories[i].delta);
    histories[i].delta_before = subtract(0, histories[i].delta_before);
    histories[i].sign = static_cast<std::uint8_t>(2 - histories[i].sign);
  }
}

// What each of the four will do while the turning goes on.
inline void bend_on(History* histories, const std::int32_t* last) {
  double squares = 0, moved = 0;
  for (std::size_t i = 1; i < 5; ++i) {
    squares = squares + static_cast<double>(last[i]) * static_cast<double>(last[i]);
    moved = moved + static_cast<double>(histories[i].delta) * static_cast<double>(histories[i].delta);
  }
  for (std::size_t i = 1; i < 5; ++i) {
    const std::int32_t by = bend(last[i], moved, squares);
    histories[i].delta = add(histories[i].delta, by);
    histories[i].delta_before = add(histories[i].delta_before, by);
  }
}

// Lanes, histories and models of one quaternion. `last` becomes the new one. target: null where the coder decodes.
template <class Coder>
void code_quat(Coder& coder, CommonModel& common, double precision, ValueModel* models, History* histories, Turn& turn,
               std::int32_t* last, const std::int32_t* target) {
  const std::int32_t largest = code_largest(coder, models[0], histories, last, target == nullptr ? 0 : target[0]);
  const auto free = static_cast<std::size_t>(largest) + 1;  // the lane that follows from the others
  if (last[free] < 0) turn_over(histories, last);
  bend_on(histories, last);
  last[0] = largest;
  for (std::size_t i = 1; i < 5; ++i)
    if (i != free)
      last[i] = code_value(coder, common, models[i], histories[i], turn, last[i], target == nullptr ? 0 : target[i]);
  const std::int32_t follows =
      target != nullptr
          ? target[free]
          : step_of_largest(precision, {.largest = largest, .steps = {last[1], last[2], last[3], last[4]}});
  histories[free].delta_before = histories[free].delta;
  histories[free].delta = subtract(follows, last[free]);
  last[free] = follows;
  std::uint32_t most = 0;
  for (std::size_t i = 1; i < 5; ++i) most = std::max(most, magnitude(histories[i].delta));
  histories[0].delta = static_cast<std::int32_t>(std::min(most, 0x7FFFFFFFU));
}

}  // namespace tickrelay::packed
