#include "schema/packed/coder.h"

#include <array>
#include <bit>

#include "schema/packed/bit_shares.h"

namespace tickrelay::packed {
namespace {

// log2(1 + i / 256) in 1 / bit_shares: each squaring brings the next binary digit.
constexpr std::array<std::uint8_t, 256> log_table = [] {
  static_assert(bit_shares == 256);
  std::array<std::uint8_t, 256> table{};
  for (std::uint64_t i = 0; i < table.size(); ++i) {
    std::uint64_t y = (256 + i) << 22;  // 1 is 1 << 30
    for (int digit = 7; digit >= 0; --digit) {
      y = y * y >> 30;
      if (y >> 31 == 0) continue;
      y >>= 1;
      table[i] = static_cast<std::uint8_t>(table[i] | 1U << digit);
    }
  }
  return table;
}();

}  // namespace

std::int64_t RangeEncoder::position() const {
  const std::uint64_t bytes = out_.size() - start_ + pending_ + (first_ ? 0 : 1);
  const int zeros = std::countl_zero(range_);
  const auto log = static_cast<std::int64_t>(31 - zeros) * bit_shares + log_table[range_ << zeros >> 23 & 0xFF];
  return static_cast<std::int64_t>(bytes) * 8 * bit_shares - log;
}

void RangeEncoder::switch_to(std::size_t place) {
  const std::int64_t now = position();
  places_[place_] += now - marked_;
  marked_ = now;
  place_ = place;
}

void RangeEncoder::renormalise() {
  do shift();
  while (range_ < range_min);
}

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
