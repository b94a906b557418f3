#include "schema/packed/coder.h"

namespace tickrelay::packed {

void RangeEncoder::flush_pending() {
  const auto carry = static_cast<std::uint8_t>(low_ >> 32);
  if (!first_) out_.push_back(static_cast<std::uint8_t>(held_ + carry));
  first_ = false;
  for (; pending_ > 1; --pending_) out_.push_back(static_cast<std::uint8_t>(0xFF + carry));
  held_ = static_cast<std::uint8_t>(low_ >> 24);
  pending_ = 0;
}

// Of the values that say the same, the one with most zeros at its end.
void RangeEncoder::finish() {
  for (unsigned kept = 0; kept <= 32; kept += 8) {
    const std::uint64_t rest = (std::uint64_t{1} << (32 - kept)) - 1;
    const std::uint64_t value = (low_ + rest) & ~rest;
    if (value - low_ >= range_) continue;
    low_ = value;
    break;
  }
  for (int i = 0; i < 5; ++i) shift();
  while (out_.size() > start_ && out_.back() == 0) out_.pop_back();
}

}  // namespace tickrelay::packed
