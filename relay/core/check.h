// CHECK: a promise of our own code, kept in release. Never for bytes from outside: those give a Drop.
#pragma once

namespace tickrelay {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace tickrelay

#define CHECK(condition) ((condition) ? static_cast<void>(0) : ::tickrelay::check_failed(#condition, __FILE__, __LINE__))
