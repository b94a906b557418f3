#include "counted_new.h"

#include <cstdlib>
#include <new>

std::size_t allocations = 0;
std::size_t refuse_in = 0;
bool refuses_all = false;

void* operator new(std::size_t bytes) {
  ++allocations;
  if (refuse_in != 0 && --refuse_in == 0) {
    if (refuses_all) refuse_in = 1;
    throw std::bad_alloc();
  }
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
