// A logic that takes 1 ms of each tick for each player, as one that asks a slow library does: tick budget, and no processor, which others need.

#include <chrono>
#include <thread>

#include "relay/core/room.h"
#include "relay/logics.h"

namespace {

class SlowLogic final : public tickrelay::Logic {
    void on_tick(tickrelay::Room& room, std::uint32_t) override { std::this_thread::sleep_for(std::chrono::milliseconds(1) * room.seats().size()); }
};

}  // namespace

TICKRELAY_LOGIC("slow", SlowLogic)
