// What the operations port answers: health, metrics, the dashboard's files and the /api that they read, and to POST the
// few methods of the admin socket that the dashboard offers. No sockets; the thread that serves HTTP calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "relay/address.h"
#include "relay/door/controls.h"
#include "relay/door/event_ring.h"
#include "relay/stats.h"

namespace tickrelay {

struct PageRequest {
    std::string_view path = {};   // without the query, decoded
    std::string_view query = {};  // "limit=10&search=a b": decoded but for %26 and %25 in values, & and %
    bool post = false;       // else GET
    // Headers and body as they came; empty where missing.
    std::string_view host = {};
    std::string_view origin = {};
    std::string_view content_type = {};
    std::string_view body = {};
    PeerAddress peer{};  // of a POST
};

struct PageAnswer {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::string content_security_policy;
};

struct OperationsSettings {
    bool loopback = true;            // the port is reached from this machine alone
    bool actions = true;             // POST may change things
    std::vector<std::string> hosts = {};  // names by which browsers come, besides localhost and addresses
    std::chrono::milliseconds call_max = std::chrono::seconds(2);
};

inline constexpr std::size_t action_bytes_max = 4 * 1024;
inline constexpr std::size_t places_max = 2'000;  // of a room's map
inline constexpr std::size_t state_entities_max = 500;
inline constexpr std::size_t log_lines_default = 200;

class Operations {
  public:
    // All must outlive this.
    Operations(Controls& controls, EventRing& events, const Stats& stats, OperationsSettings settings = {})
        : controls_(controls), events_(events), stats_(stats), settings_(std::move(settings)) {}

    PageAnswer answer(const PageRequest& request);

  private:
    PageAnswer get(std::string_view path, std::string_view query);
    PageAnswer api(std::string_view path, std::string_view query);
    PageAnswer act(const PageRequest& request);
    PageAnswer info();
    PageAnswer log(std::string_view query);
    PageAnswer rooms(std::string_view query);
    PageAnswer room(std::string_view room_id);
    PageAnswer state(std::string_view room_id, std::string_view query);
    PageAnswer places(std::string_view room_id);
    [[nodiscard]] Deadline deadline() const { return std::chrono::steady_clock::now() + settings_.call_max; }

    Controls& controls_;
    EventRing& events_;
    const Stats& stats_;
    const OperationsSettings settings_;
};

// The value of `name` in a query, wholly decoded; empty where it is missing.
std::string query_value(std::string_view query, std::string_view name);

}  // namespace tickrelay
