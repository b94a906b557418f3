#include "bench/fleet/watched_fleet.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "bench/load/admin.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t meet_patience_ns = 30 * second_ns;
constexpr std::int64_t calm_patience_ns = 60 * second_ns;
constexpr std::int64_t calm_look_ns = second_ns;  // a watched room at rest says so more often

std::string program_in_path(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/sbin");  // where Debian has it, and users have no path to
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string program = folder + "/" + name;
    if (access(program.c_str(), X_OK) == 0) return program;
  }
  throw std::runtime_error("there is no " + name + " in the path");
}

// It chooses a free port itself.
SpawnOptions nats_options(const std::string& program) {
  SpawnOptions options{.program = program_in_path(program), .ready_line = "Server is ready"};
  options.arguments = {"--addr", "127.0.0.1", "--port", "-1", "--jetstream", "--store_dir", "FOLDER/jetstream"};
  options.address_after = "Listening for client connections on ";
  options.banner_on_errors = true;
  return options;
}

void wait_until(std::int64_t patience_ns, std::int64_t look_every_ns, const std::string& otherwise, const std::function<bool()>& holds) {
  const std::int64_t give_up_ns = now_ns() + patience_ns;
  while (!holds()) {
    if (now_ns() > give_up_ns) throw std::runtime_error(otherwise);
    sleep_until_ns(now_ns() + look_every_ns);
  }
}

}  // namespace

WatchedFleet::WatchedFleet(const WatchedFleetOptions& options) : nats_(nats_options(options.nats_program)) {
  for (std::size_t i = 0; i < nodes_count; ++i) {
    Node& node = nodes_[i];
    node.name = "node-" + std::to_string(i);
    const ServerChoice choice{.program = options.relay_program,
                              .arguments = {"--nats", "nats://" + nats_.url(), "--node-name", node.name}};
    node.server = std::make_unique<Server>(choice, RoomSettings{.rate_hz = options.rate_hz, .players = options.players});
  }
  wait_until_met();
  spawn_room();
}

void WatchedFleet::wait_until_met() {
  wait_until(meet_patience_ns, 50 * ms_ns, "the relays do not find each other", [this] {
    return std::ranges::all_of(nodes_, [](const Node& node) {
      return Admin(node.server->admin_path()).call("fleet.nodes", nlohmann::json::object()).at("nodes").size() == nodes_count;
    });
  });
}

// It outlives the time between two rounds, in which nobody is there.
void WatchedFleet::spawn_room() {
  Admin admin(nodes_[0].server->admin_path());
  const nlohmann::json made = admin.call("room.spawn", {{"type", "bench"}, {"id", "watched"}, {"empty_ttl_s", 3600}});
  room_id_ = made.at("room_id").get<std::string>();
  if (made.at("node").get<std::string>() != nodes_[0].name) std::swap(nodes_[0], nodes_[1]);
}

void WatchedFleet::wait_until_unwatched() {
  double published_before = -1;
  wait_until(calm_patience_ns, calm_look_ns, "the room is still watched, though nobody is there", [&] {
    double mirrors = 0, published = 0;
    for (const Node& node : nodes_) {
      const auto page = http_get(*node.server->metrics());
      if (!page) return false;
      mirrors += metric(*page, "tickrelay_mirrors");
      published += metric(*page, "tickrelay_publications_total");
    }
    return std::exchange(published_before, published) == published && mirrors == 0;
  });
}

}  // namespace tickrelay::bench
