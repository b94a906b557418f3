// A binary range coder: 32-bit range, 16-bit probabilities, carries propagated, trailing zero bytes left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tickrelay::packed {

inline constexpr std::uint32_t range_min = 1U << 24;

class RangeEncoder {
 public:
  // Appends to `out`.
  explicit RangeEncoder(std::vector<std::uint8_t>& out) : out_(out), start_(out.size()) {}

  // p: of a 1, 0 < p < 65536. Returns the bit: encoder and decoder are used by the same code.
  bool bit(bool bit, std::uint32_t p) {
    const std::uint32_t bound = (range_ >> 16) * p;
    if (bit) {
      range_ = bound;
    } else {
      low_ += bound;
      range_ -= bound;
    }
    if (range_ < range_min) [[unlikely]] renormalise();
    return bit;
  }

  // The lowest `count` bits of value, at most 32, evenly distributed.
  std::uint32_t raw(std::uint32_t value, unsigned count) {
    while (count > 8) {
      count -= 8;
      raw_byte(value >> count & 0xFF, 8);
    }
    if (count != 0) raw_byte(value & ((1U << count) - 1), count);
    return value;
  }

  // How much was coded so far, from an arbitrary zero, in 1 / bit_shares.
  [[nodiscard]] std::int64_t position() const;
  // From here each place gets what is coded from its mark on; nullptr: nobody. Starts at `place`.
  void measure(std::int64_t* places, std::size_t place) {
    if (places_ != nullptr) switch_to(place_);
    places_ = places;
    place_ = place;
    if (places != nullptr) marked_ = position();
  }
  void mark(std::size_t place) {
    if (places_ != nullptr) switch_to(place);
  }

  // Ends the stream of bytes; what decides between its last symbols is kept, nothing more.
  void finish();

 private:
  void raw_byte(std::uint32_t value, unsigned count) {
    range_ >>= count;
    low_ += static_cast<std::uint64_t>(range_) * value;
    if (range_ < range_min) renormalise();
  }

  void renormalise();  // out of line: every bit passes by it, one in eight needs it
  void shift() {
    if (low_ < 0xFF000000ULL || low_ > 0xFFFFFFFFULL) flush_pending();
    ++pending_;
    low_ = (low_ & 0x00FFFFFFULL) << 8;
    range_ <<= 8;
  }
  void flush_pending();
  void switch_to(std::size_t place);

  std::vector<std::uint8_t>& out_;
  std::size_t start_;
  std::uint64_t low_ = 0;
  std::uint32_t range_ = 0xFFFFFFFFU;
  std::uint64_t pending_ = 1;  // bytes held back for a carry: the first is held_, the others 0xFF
  std::uint8_t held_ = 0;
  bool first_ = true;  // the very first byte is always 0 and not written
  std::int64_t* places_ = nullptr;
  std::size_t place_ = 0;
  std::int64_t marked_ = 0;
};

// Reads zeros beyond the end. Any bytes decode to something; what makes no sense is for the caller to find.
class RangeDecoder {
 public:
  explicit RangeDecoder(std::span<const std::uint8_t> bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {
    for (int i = 0; i < 4; ++i) code_ = code_ << 8 | next();
  }

  bool bit(bool, std::uint32_t p) {
    const std::uint32_t bound = (range_ >> 16) * p;
    const bool bit = code_ < bound;
    if (bit) {
      range_ = bound;
    } else {
      code_ -= bound;
      range_ -= bound;
    }
    while (range_ < range_min) shift();
    return bit;
  }

  std::uint32_t raw(std::uint32_t, unsigned count) {
    std::uint32_t value = 0;
    while (count > 8) {
      count -= 8;
      value = value << 8 | raw_byte(8);
    }
    return count == 0 ? value : value << count | raw_byte(count);
  }

  void mark(std::size_t) {}

 private:
  std::uint32_t raw_byte(unsigned count) {
    range_ >>= count;
    std::uint32_t value = code_ / range_;
    const std::uint32_t most = (1U << count) - 1;
    if (value > most) value = most;  // bytes that no encoder made
    code_ -= value * range_;
    while (range_ < range_min) shift();
    return value;
  }

  void shift() {
    range_ <<= 8;
    code_ = code_ << 8 | next();
  }
  std::uint8_t next() { return at_ == end_ ? 0 : *at_++; }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint32_t range_ = 0xFFFFFFFFU;
  std::uint32_t code_ = 0;
};

}  // namespace tickrelay::packed
