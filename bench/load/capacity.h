#pragma once
// Searches the most rooms that hold a target: doubles until a step fails, then bisects. A step that fails is tried
// once more, and the best is confirmed, because machines have bad moments. Knows nothing of servers: a step is a
// function.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tickrelay::bench {

struct CapacityStep {
  std::uint32_t rooms = 0;
  std::string missed{};          // "": the target held
  bool generator_bound = false;  // nothing can be said about the server
};

struct Capacity {
  std::uint32_t rooms = 0;  // 0: not even one
  std::string limit;        // what failed first above it
  bool generator_bound = false;
  std::vector<CapacityStep> steps;
};

struct CapacitySearch {
  std::uint32_t first_rooms = 8, rooms_max = 2'000;
  double precision = 0.05;  // of the answer, as a share of it
};

Capacity search_capacity(const CapacitySearch& search, const std::function<CapacityStep(std::uint32_t rooms)>& attempt);

}  // namespace tickrelay::bench
