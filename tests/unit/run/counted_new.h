// Every operator new of this program, counted.
#pragma once

#include <cstddef>

extern std::size_t allocations;
