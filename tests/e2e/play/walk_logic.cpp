// Room logic of the tests of game feel: inputs walk the player's own entity, shots are judged by what the shooter saw.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "relay/core/room.h"
#include "relay/logics.h"

namespace tickrelay::test {

class WalkLogic final : public Logic {
  public:
    void on_open(Room& room, const Seat& seat) override {
        const float start[4] = {};
        room.write(seat.entity, transform(room), 0b1111, std::as_bytes(std::span(start)));
    }

    // An input: how far to go along x, a float; a wall stands at 100. A request "shot": at which entity, where (x), and at which tick
    // the shooter saw it there.
    void on_message(Room& room, const Seat& seat, const LogicMessage& message) override {
        if (message.kind == LogicMessage::Kind::input) {
            float step = 0;
            if (message.data.size() == sizeof step) std::memcpy(&step, message.data.data(), sizeof step);
            const float x = std::min(x_of(room.world().get(seat.entity, transform(room))) + step, 100.F);
            room.write(seat.entity, transform(room), 1, std::as_bytes(std::span(&x, 1)));
            return;
        }
        struct Shot {
            EntityId target;
            float x;
            Tick tick;
        } shot{};
        if (message.request == 0 || message.data.size() != sizeof shot) return;
        std::memcpy(&shot, message.data.data(), sizeof shot);
        const auto then = room.rewind(shot.tick);
        const float now_x = x_of(room.world().get(shot.target, transform(room)));
        const bool hits_now = std::abs(now_x - shot.x) < 0.6F;
        const bool hits = then && std::abs(x_of(then->get(shot.target, transform(room))) - shot.x) < 0.6F;
        const std::string verdict = !then ? "too old" : std::string(hits ? "hit" : "miss") + (hits_now ? ", now too" : ", not now");
        room.answer(seat.number, message.request, std::as_bytes(std::span(verdict)));
    }

  private:
    static float x_of(std::span<const std::byte> value) {
        float x = NAN;
        if (value.size() >= sizeof x) std::memcpy(&x, value.data(), sizeof x);
        return x;
    }
    static ComponentIndex transform(const Room& room) {
        const auto& components = room.world().layout().components();
        const auto at = std::ranges::find(components, "arena.Transform", &Component::name);
        return static_cast<ComponentIndex>(at - components.begin());
    }
};

}  // namespace tickrelay::test

TICKRELAY_LOGIC("walk", tickrelay::test::WalkLogic)
