// What a fuzz target is given, cut into what its reader takes. Owner: one run of one target.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <vector>

namespace tickrelay::fuzz {

// A copy aligned for FlatBuffers, of exactly this size: the address sanitizer sees the first byte behind it.
class Input {
 public:
  explicit Input(std::span<const std::byte> bytes)
      : memory_(static_cast<std::byte*>(::operator new[](bytes.size(), std::align_val_t{8}))), size_(bytes.size()) {
    if (!bytes.empty()) std::memcpy(memory_, bytes.data(), bytes.size());
  }
  ~Input() { ::operator delete[](memory_, std::align_val_t{8}); }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  [[nodiscard]] std::span<const std::byte> bytes() const { return {memory_, size_}; }

 private:
  std::byte* memory_;
  std::size_t size_;
};

// The input as messages one after the other, each behind its length: two bytes, low first. A last one may be short.
template <typename Take>
void each_message(std::span<const std::byte> input, Take take) {
  while (input.size() >= 2) {
    const std::size_t wanted = static_cast<std::size_t>(input[0]) | static_cast<std::size_t>(input[1]) << 8;
    input = input.subspan(2);
    const std::size_t size = std::min(wanted, input.size());
    const Input message(input.first(size));
    take(message.bytes());
    input = input.subspan(size);
  }
}

}  // namespace tickrelay::fuzz
