// Room logic: the extension point. A class with these gets what happens in a room and may use everything public of Room.
// All calls come on the room's worker, one at a time, and must return soon: the room's ticks wait for them.
// An exception ends the room (`logic_failed`), nothing else.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relay/core/tick.h"

namespace tickrelay {

class Room;
struct Seat;

struct LogicMessage {
    enum class Kind : std::uint8_t { message, input };
    Kind kind = Kind::message;
    std::string_view type;            // empty for inputs
    std::span<const std::byte> data;  // valid during the call
    std::uint32_t request = 0;        // not 0: Room::answer(player, request, …) is awaited
    std::uint32_t seq = 0;
};

class Logic {
  public:
    virtual ~Logic() = default;

    virtual void on_open(Room& room, const Seat& seat) { (void)room, (void)seat; }
    virtual void on_message(Room& room, const Seat& seat, const LogicMessage& message) { (void)room, (void)seat, (void)message; }
    virtual void on_close(Room& room, const Seat& seat, std::string_view reason) { (void)room, (void)seat, (void)reason; }
    // An action of this player was refused, or its connection was lost (the seat stays for the grace time).
    virtual void on_error(Room& room, const Seat& seat, std::string_view reason) { (void)room, (void)seat, (void)reason; }
    // `passed`: ticks since the last call, more than one where the relay was late.
    virtual void on_tick(Room& room, std::uint32_t passed) { (void)room, (void)passed; }

    // For a checkpoint: what the logic knows beside the room's state, at most limits::logic_bytes_max; and the same bytes back, before
    // anything else, in a room that is restored from it. Nobody is connected then; seats have kept their numbers.
    [[nodiscard]] virtual std::vector<std::byte> save(const Room& room) { return (void)room, std::vector<std::byte>(); }
    virtual void restore(Room& room, std::span<const std::byte> saved) { (void)room, (void)saved; }

    // Whether messages without a receiver, and all inputs, are for on_message.
    [[nodiscard]] virtual bool takes_messages() const { return true; }
};

using LogicFactory = std::function<std::unique_ptr<Logic>()>;

// Built in: `relay` (players own what they spawn; messages go to the others) and `chat` (the classic). Nothing for other names.
LogicFactory built_in_logic(std::string_view name);

}  // namespace tickrelay
