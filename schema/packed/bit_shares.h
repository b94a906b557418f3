// Where the bits of frames went: what operators read to see what is worth quantising. One owner; the writer adds to it.
#pragma once

#include <cstdint>
#include <vector>

namespace tickrelay::packed {

// In shares of a bit. The sum of `other` and `components` is 8 × bit_shares for each byte that was written.
inline constexpr std::int64_t bit_shares = 256;

struct BitShares {
  std::int64_t other = 0;                // who went, who is new, what fills the last byte
  std::vector<std::int64_t> components;
  std::vector<std::uint64_t> changed;    // per component: entities in frames of the stream
  // Per component its fields, then what says which entities; of the frames alone that have by_field set, because it takes time.
  std::vector<std::vector<std::int64_t>> fields;
  bool by_field = false;
};

}  // namespace tickrelay::packed
