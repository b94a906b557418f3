// The game of tag as room logic: somebody is "it" and passes it on; every second everyone hears for how long.
// Owner: its room's worker. All calls come from there, one at a time.
#pragma once

#include <relay/core/room.h>
#include <relay/logics.h>

#include <string>

class TagLogic final : public tickrelay::Logic {
  public:
    void on_open(tickrelay::Room& room, const tickrelay::Seat& seat) override {
        if (it_.empty()) pass(room, seat.player_id);
        room.send(seat.number, "it", bytes_of(it_));  // a newcomer does not hear what was broadcast before it was in
    }

    // A message "tag" holds the player's id who is it now. Only who is it may say so.
    void on_message(tickrelay::Room& room, const tickrelay::Seat& seat, const tickrelay::LogicMessage& message) override {
        if (message.type != "tag") return;
        const std::string next(reinterpret_cast<const char*>(message.data.data()), message.data.size());
        if (seat.player_id == it_ && room.find_player(next) != nullptr) pass(room, next);
        if (message.request != 0) room.answer(seat.number, message.request, bytes_of(it_));
    }

    void on_close(tickrelay::Room& room, const tickrelay::Seat& seat, std::string_view) override {
        if (seat.player_id != it_) return;
        it_.clear();
        for (const auto& other : room.seats())
            if (other->number != seat.number) return pass(room, other->player_id);
    }

    void on_tick(tickrelay::Room& room, std::uint32_t passed) override {
        if (it_.empty()) return;
        const std::uint32_t before_s = ticks_ / room.settings().tick_rate;
        ticks_ += passed;
        const std::uint32_t now_s = ticks_ / room.settings().tick_rate;
        if (now_s != before_s) room.broadcast("seconds", bytes_of(std::to_string(now_s)));
    }

  private:
    void pass(tickrelay::Room& room, const std::string& player) {
        it_ = player;
        ticks_ = 0;
        room.broadcast("it", bytes_of(it_));
    }
    static std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

    std::string it_;  // a player's id; empty: nobody is here
    std::uint32_t ticks_ = 0;
};
