// A client of the SDK with its room, and a record of everything that it was told. Owner: one test thread.
#pragma once

#include <tickrelay/client.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace tickrelay::test {

class Guest {
  public:
    explicit Guest(const std::string& url, ClientOptions options = {}) : client(url, std::move(options)) {}

    // Call once, right after the room was asked for.
    Guest& enter(std::shared_ptr<Room> into) {
        room = std::move(into);
        room->on_join([this] { joined = true; });
        room->on_drop([this](std::uint16_t code, const std::string&) { drops.push_back(code); });
        room->on_reconnect([this](const Reconnected& how) { how.rolled_back ? ++rollbacks : ++returns; });
        room->on_leave([this](std::uint16_t code, const std::string& reason) {
            left = code;
            left_reason = reason;
        });
        room->on_error([this](const Error& error) { errors.push_back(error.label); });
        room->on_player_join([this](const Player& player) { came.push_back(player.id); });
        room->on_player_leave([this](const Player& player, const std::string& why) { went.push_back(player.id + ": " + why); });
        room->on_message("*", [this](const Message& message) {
            heard.push_back(std::string(message.type) + " " + std::string(message.text()));
        });
        return *this;
    }
    Guest& join_or_create(const std::string& type, JoinOptions options = {}) { return enter(client.join_or_create(type, std::move(options))); }
    Guest& join_by_id(const std::string& id, JoinOptions options = {}) { return enter(client.join_by_id(id, std::move(options))); }

    [[nodiscard]] std::size_t count(const std::string& message) const {
        return static_cast<std::size_t>(std::count(heard.begin(), heard.end(), message));
    }
    [[nodiscard]] bool connected() const { return room && room->phase() == Room::Phase::joined; }

    Client client;
    std::shared_ptr<Room> room;
    bool joined = false;
    int returns = 0;    // on_reconnect
    int rollbacks = 0;  // on_reconnect with rolled_back
    std::uint16_t left = 0;
    std::string left_reason;
    std::vector<std::uint16_t> drops;
    std::vector<std::string> errors, came, went, heard;
};

// Polls until the condition holds; false where that does not happen.
inline bool poll_until(const std::function<void()>& poll, const std::function<bool()>& condition, std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
        poll();
        if (condition()) return true;
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}
inline bool until(std::initializer_list<Guest*> guests, const std::function<bool()>& condition,
                  std::chrono::milliseconds patience = std::chrono::seconds(30)) {
    return poll_until([&] { for (Guest* guest : guests) guest->client.poll(); }, condition, patience);
}

}  // namespace tickrelay::test
