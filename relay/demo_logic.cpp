// The built-in `demo`: bots that wander over a field of the arena schema, for the first minute with tickrelay.
// It uses what any logic may use.

#include <cmath>
#include <cstring>
#include <numbers>
#include <vector>

#include "relay/core/room.h"
#include "relay/logics.h"

namespace tickrelay {

namespace {

constexpr std::size_t bots = 12;
constexpr float field_radius = 40;  // m

struct TransformValue {  // arena.Transform as packed fields
    float x, y, z, yaw;
};

class DemoLogic final : public Logic {
  public:
    [[nodiscard]] bool takes_messages() const override { return false; }

    void on_tick(Room& room, std::uint32_t passed) override {
        const auto transform = room.world().layout().find("arena.Transform");
        if (!transform) return;
        time_s_ += static_cast<double>(passed) / room.settings().tick_rate;
        if (bots_.empty()) spawn_bots(room, *transform);
        for (std::size_t i = 0; i < bots_.size(); ++i) {
            const TransformValue at = place_of(i);
            room.write(bots_[i], *transform, room.world().layout().component(*transform).all(), std::as_bytes(std::span(&at, 1)));
        }
    }

  private:
    void spawn_bots(Room& room, ComponentIndex transform) {
        for (std::size_t i = 0; i < bots; ++i) {
            const TransformValue at = place_of(i);
            EntityId id = 0;
            if (room.spawn(0, transform, std::as_bytes(std::span(&at, 1)), true, id) == Refusal::none) bots_.push_back(id);
        }
    }

    // Each bot draws its own rose curve around the middle.
    [[nodiscard]] TransformValue place_of(std::size_t i) const {
        const double turn = static_cast<double>(i) / bots * 2 * std::numbers::pi;
        const double angle = time_s_ * (0.15 + 0.02 * static_cast<double>(i % 4)) + turn;
        const double radius = field_radius * (0.4 + 0.5 * std::abs(std::sin(1.5 * angle + turn)));
        return {static_cast<float>(radius * std::cos(angle)), 0, static_cast<float>(radius * std::sin(angle)),
                static_cast<float>(std::remainder(angle + std::numbers::pi / 2, 2 * std::numbers::pi))};
    }

    double time_s_ = 0;
    std::vector<EntityId> bots_;
};

}  // namespace

std::unique_ptr<Logic> make_demo_logic() { return std::make_unique<DemoLogic>(); }

}  // namespace tickrelay
