#include "memory.h"

#include <cstdlib>
#include <new>

namespace {

struct alignas(16) Header {
  std::size_t bytes;  // 0: not counted
};

}  // namespace

void* operator new(std::size_t bytes) {
  using tickrelay::sim::Memory;
  if (Memory::refuse_in != 0 && --Memory::refuse_in == 0) throw std::bad_alloc();
  auto* header = static_cast<Header*>(std::malloc(sizeof(Header) + bytes));
  if (header == nullptr) throw std::bad_alloc();
  header->bytes = Memory::counts ? bytes : 0;
  Memory::live_bytes += static_cast<std::int64_t>(header->bytes);
  Memory::live_pieces += header->bytes != 0;
  return header + 1;
}

void operator delete(void* at) noexcept {
  if (at == nullptr) return;
  auto* header = static_cast<Header*>(at) - 1;
  tickrelay::sim::Memory::live_bytes -= static_cast<std::int64_t>(header->bytes);
  tickrelay::sim::Memory::live_pieces -= header->bytes != 0;
  std::free(header);
}

void operator delete(void* at, std::size_t) noexcept { operator delete(at); }
