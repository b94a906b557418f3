// A whole relay: its threads, its sockets, its doors. For the program and for embedding (tickrelay::relay).
// Owner: one thread, which starts, drains and stops it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "relay/door/room_keys.h"
#include "relay/options.h"

namespace tickrelay {

class Logics;

class Relay {
  public:
    // types: built_in_types() and more; keys that a type leaves out follow from the others (settle()).
    Relay(Options options, RoomTypes types, Logics& logics);
    ~Relay();  // stops
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    // Binds and starts. An error text that names what, where and the remedy, or nothing.
    [[nodiscard]] std::optional<std::string> start();

    // As bound.
    [[nodiscard]] std::string listen() const;      // "127.0.0.1:8350"
    [[nodiscard]] std::string ops_listen() const;
    [[nodiscard]] std::string admin() const;       // path of the socket
    [[nodiscard]] std::string player_url() const;  // "ws://127.0.0.1:8350/v1"

    // No new rooms or joins, from any thread. finished(): the last room is gone, or the deadline has come.
    void drain(std::optional<double> deadline_s);
    [[nodiscard]] bool draining() const;
    [[nodiscard]] bool finished() const;

    // Players get `restarting`; then all threads end.
    void stop();

    // What SIGHUP may change. An error text where the types do not hold together: then nothing changes.
    std::optional<std::string> reload(RoomTypes types);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace tickrelay
