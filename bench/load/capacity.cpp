#include "bench/load/capacity.h"

#include <algorithm>

namespace tickrelay::bench {
namespace {

class Searcher {
 public:
  Searcher(const CapacitySearch& search, const std::function<CapacityStep(std::uint32_t)>& attempt)
      : search_(search), attempt_(attempt), fails_(search.rooms_max + 1) {}

  Capacity run() {
    bracket();
    while (fails_ - holds_ > gap()) holds((holds_ + fails_) / 2);
    confirm();
    found_.rooms = holds_;
    if (found_.limit.empty()) found_.limit = "the search's bound of " + std::to_string(search_.rooms_max) + " rooms";
    return found_;
  }

 private:
  void bracket() {
    std::uint32_t rooms = std::min(search_.first_rooms, search_.rooms_max);
    while (holds(rooms) && rooms < search_.rooms_max) rooms = std::min(2 * rooms, search_.rooms_max);
  }

  // Holding a second time counts; the answer goes down by the precision until it does.
  void confirm() {
    while (holds_ > 0 && !step(holds_)) {
      note_limit();
      fails_ = holds_;
      holds_ -= std::max<std::uint32_t>(gap(), 1);
    }
  }

  std::uint32_t gap() const {
    return std::max<std::uint32_t>(static_cast<std::uint32_t>(search_.precision * static_cast<double>(holds_)), 1);
  }

  bool holds(std::uint32_t rooms) {
    const bool held = step(rooms) || step(rooms);
    (held ? holds_ : fails_) = rooms;
    if (!held) note_limit();
    return held;
  }

  bool step(std::uint32_t rooms) {
    const CapacityStep made = attempt_(rooms);
    found_.steps.push_back(made);
    return made.missed.empty();
  }

  void note_limit() {
    found_.limit = found_.steps.back().missed;
    found_.generator_bound = found_.steps.back().generator_bound;
  }

  const CapacitySearch& search_;
  const std::function<CapacityStep(std::uint32_t)>& attempt_;
  std::uint32_t holds_ = 0, fails_;
  Capacity found_;
};

}  // namespace

Capacity search_capacity(const CapacitySearch& search, const std::function<CapacityStep(std::uint32_t)>& attempt) {
  return Searcher(search, attempt).run();
}

}  // namespace tickrelay::bench
