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
    [[nodiscard]] std::string player_url() const;  // "ws://127.0.0.1:8350/v1"; wss:// with a certificate
    [[nodiscard]] std::string ops_url() const;     // "http://127.0.0.1:8351"
    [[nodiscard]] std::string admin_tcp() const;   // "0.0.0.0:8352"; empty: not over TCP
    [[nodiscard]] std::string demo_url() const;    // "http://127.0.0.1:8350/demo"; empty without --dev

    // No new rooms or joins, from any thread. finished(): the last room is gone, or the deadline has come.
    void drain(std::optional<double> deadline_s);
    [[nodiscard]] bool draining() const;
    [[nodiscard]] bool finished() const;

    // Players get `restarting`; then all threads end.
    void stop();

    // What SIGHUP may change: types, quotas, keys of tickets, who may join; bans stay. An error text where they do not hold together: then
    // nothing changes.
    std::optional<std::string> reload(const Options& fresh, RoomTypes types);

    // SIGHUP, too: reads certificates anew, at the paths of `options`. What cannot be taken is logged, the old ones stay.
    // Renewed files are taken by themselves.
    void reload_certificates(const Options& options);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace tickrelay
