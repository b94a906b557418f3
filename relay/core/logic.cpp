#include "relay/core/logic.h"

#include "relay/core/room.h"

namespace tickrelay {

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// Players own what they spawn; what they say goes to the others.
class RelayLogic final : public Logic {
    [[nodiscard]] bool takes_messages() const override { return false; }
};

// The classic: whoever says something is heard by all, in one order, with the room's history for those who come later.
class ChatLogic final : public Logic {
  public:
    void on_open(Room& room, const Seat& seat) override { room.broadcast("joined", bytes_of(seat.player_id), seat.number); }

    void on_message(Room& room, const Seat& seat, const LogicMessage& message) override {
        if (message.kind == LogicMessage::Kind::input) return;
        room.broadcast(message.type, message.data, seat.number);
        if (message.request != 0) room.answer(seat.number, message.request, {});
    }

    void on_close(Room& room, const Seat& seat, std::string_view) override {
        room.broadcast("left", bytes_of(seat.player_id), seat.number);
    }
};

}  // namespace

LogicFactory built_in_logic(std::string_view name) {
    if (name == "relay") return [] { return std::make_unique<RelayLogic>(); };
    if (name == "chat") return [] { return std::make_unique<ChatLogic>(); };
    return {};
}

}  // namespace tickrelay
