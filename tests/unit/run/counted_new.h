// Every operator new of the program, counted, and refused where a test says so. Worker threads of their own: none.
#pragma once

#include <cstddef>

extern std::size_t allocations;
// So many requests on, one finds no memory, or, with refuses_all, that one and all after it; 0: none.
extern std::size_t refuse_in;
extern bool refuses_all;
