// The chat of Ratchet's first tutorial, event for event (CHAT.md): who says something is heard by all others.
#include <relay/core/room.h>
#include <relay/logics.h>

#include <span>

using tickrelay::LogicMessage;
using tickrelay::Room;
using tickrelay::Seat;

class Talk final : public tickrelay::Logic {
    void on_open(Room& room, const Seat& seat) override { say(room, "hello", seat, seat.player_id); }

    void on_message(Room& room, const Seat& from, const LogicMessage& message) override {
        if (message.kind == LogicMessage::Kind::input) return;
        room.broadcast(message.type, message.data, from.number, true);  // true: not to its sender
    }

    void on_close(Room& room, const Seat& seat, std::string_view) override { say(room, "bye", seat, seat.player_id); }

    void on_error(Room& room, const Seat& seat, std::string_view reason) override { say(room, "trouble", seat, reason); }

    static void say(Room& room, std::string_view type, const Seat& about, std::string_view text) {
        room.broadcast(type, std::as_bytes(std::span(text)), about.number, true);
    }
};
TICKRELAY_LOGIC("talk", Talk)
