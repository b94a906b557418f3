#pragma once
// The server that a load is put on: one that runs already, or one started for this load; and what can be learned of it
// from outside.

#include <future>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/metrics.h"
#include "bench/load/server_process.h"
#include "bench/net/endpoint.h"

namespace tickrelay::bench {

struct ServerChoice {
  std::string url{};                   // "": start one
  bool spawn = false;                  // said out loud
  std::string operations_url{};        // "": as the started one says
  std::string admin_path{};            // "": the started one's, or none
  std::string program = "tickrelay";   // what to start
  std::vector<std::string> arguments{};  // further ones for it
  std::string floor{};                 // "", "eager", "lazy" or "stagger": start the floor instead
  pid_t process = 0;                   // of a server that runs already
  bool pin = false;                    // server on CPU 0, we on CPU 1
  bool tls = false;                    // the started one speaks TLS, with a certificate that it alone has
  std::string ca_file{};               // of a wss:// URL: whom to trust; "": the system's
  bool insecure = false;               // ... or anybody
};

// The room type `bench`.
struct RoomSettings {
  std::uint32_t rate_hz = 20, players = 1;
  std::string codec = "packed";
  double view_radius = 0;  // 0: everyone sees everything
};

struct ServerReading {
  std::int64_t cpu_ns = 0, rss_kib = 0;
  std::optional<TickMetrics> ticks;
  std::string page{};  // all of /metrics; "": it did not answer
};

class Server {
 public:
  // Throws std::runtime_error where there is none.
  Server(const ServerChoice& choice, const RoomSettings& settings);

  const Endpoint& endpoint() const { return endpoint_; }
  const std::string& admin_path() const { return admin_path_; }
  const std::optional<Endpoint>& metrics() const { return metrics_; }
  bool local() const { return process_ > 0; }
  pid_t process() const { return process_; }  // 0: not known

  // Rooms for the load where the clients may not make them: spawned over the admin socket of a server that was not
  // started by us. Empty otherwise.
  std::vector<std::string> spawn_rooms(std::uint32_t rooms, const RoomSettings& settings);

  // CPU and memory are read at once, /metrics in a thread of its own.
  std::future<ServerReading> read();

 private:
  Endpoint endpoint_;
  std::optional<Endpoint> metrics_;  // plain http alone
  std::string admin_path_;
  pid_t process_ = 0;
  std::optional<ServerProcess> started_;
};

}  // namespace tickrelay::bench
