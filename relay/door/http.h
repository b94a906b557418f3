// What the operations port answers to GET: health, metrics, the dashboard and the /api that it reads. No sockets;
// the thread that serves HTTP calls. Reads only: nothing here changes the relay.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "relay/door/controls.h"
#include "relay/stats.h"

namespace tickrelay {

struct PageAnswer {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::string content_security_policy;
};

class Operations {
  public:
    // Both must outlive this.
    Operations(Controls& controls, const Stats& stats, std::chrono::milliseconds call_max = std::chrono::seconds(2))
        : controls_(controls), stats_(stats), call_max_(call_max) {}

    // `path` without the query, and the query ("limit=10&search=a b"), both decoded.
    PageAnswer get(std::string_view path, std::string_view query);

  private:
    PageAnswer ready();
    PageAnswer info();
    PageAnswer rooms(std::string_view query);
    PageAnswer room(std::string_view room_id);

    Controls& controls_;
    const Stats& stats_;
    const std::chrono::milliseconds call_max_;
};

// The value of `name` in a query; empty where it is missing.
std::string query_value(std::string_view query, std::string_view name);

std::string_view dashboard_page();  // HTML

}  // namespace tickrelay
