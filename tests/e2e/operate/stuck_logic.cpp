// A logic that never returns, as a shared object: what the watchdog is for.

#include <atomic>

#include "relay/logics.h"

namespace {

class StuckLogic final : public tickrelay::Logic {
  void on_tick(tickrelay::Room&, std::uint32_t) override {
    static std::atomic<bool> forever{true};
    while (forever.load(std::memory_order_relaxed)) {
    }
  }
};

}  // namespace

TICKRELAY_LOGIC("stuck", StuckLogic)
