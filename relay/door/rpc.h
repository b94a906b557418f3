// JSON-RPC 2.0 over lines: one line in, at most one line out. No sockets; the admin thread owns it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "relay/door/controls.h"
#include "relay/door/event_feed.h"
#include "relay/door/event_ring.h"

namespace tickrelay {

// One connection's side of the conversation.
struct AdminSession {
    struct Subscription {
        EventRing::Filter filter;
        std::uint64_t cursor = 0;
        std::shared_ptr<EventFeed> fleet = {};  // not null: the whole fleet's events, in place of this relay's
    };
    std::optional<Subscription> subscription;  // a further events.subscribe replaces it
    bool behind = false;                       // news() has yet to look at what came since
    // For the audit line: what the kernel says of who is at the other end of the Unix socket, or whence somebody else comes.
    std::int64_t peer_pid = 0;
    std::int64_t peer_uid = -1;
    std::int64_t peer_gid = -1;
    std::string peer = {};  // who it is, for people: "uid=0 pid=7", "addr=10.0.0.2:4711 cert=CN=arena-1", "addr=… token"; empty: no socket's
    std::string peer_address = {};
    bool forwarded = false;  // by another node, which took this one for the right one: it is answered here
    std::string_view door = {};  // where it is not the admin socket, for the audit line
};

class Rpc {
  public:
    Rpc(Controls& controls, EventRing& events, std::chrono::milliseconds call_max = std::chrono::seconds(5))
        : controls_(controls), events_(events), call_max_(call_max) {}

    // The answer without its line break; empty where there is none to give (notifications).
    std::string answer(std::string_view line, AdminSession& session);

    // Notifications that the session has not seen, one a line with line breaks, at most about `bytes`; empty: none now, or `behind`.
    std::string news(AdminSession& session, std::size_t bytes);

    // What a line over the limit is answered with.
    static std::string line_too_long(std::size_t bytes_max);

    // As an error of the relay: for who answers in its place.
    static std::string refusal(std::string_view reason, std::string message);

  private:
    std::optional<nlohmann::json> forward(const nlohmann::json& id, const std::string& name, const nlohmann::json& params, const AdminSession& session,
                                          Deadline deadline);
    nlohmann::json answer_one(const nlohmann::json& request, AdminSession& session);
    nlohmann::json call(const nlohmann::json& id, const std::string& method, const nlohmann::json& params,
                        AdminSession& session);

    Controls& controls_;
    EventRing& events_;
    const std::chrono::milliseconds call_max_;
};

}  // namespace tickrelay
