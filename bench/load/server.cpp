#include "bench/load/server.h"

#include <span>
#include <stdexcept>
#include <utility>

#include "bench/load/admin.h"
#include "bench/load/process_stats.h"
#include "bench/load/schema_compiler.h"
#include "bench/net/base64.h"

namespace tickrelay::bench {
namespace {

// All players come from one address here.
std::string configuration(const RoomSettings& settings) {
  return "[quota]\nconnections = 100000\nconnections_per_address = 100000\n\n"
         "[type.bench]\nschema = \"FOLDER/bench.bfbs\"\ntick_rate = " + std::to_string(settings.rate_hz) +
         "\nmax_players = " + std::to_string(settings.players) + "\ncodec = \"" + settings.codec +
         "\"\ncreate = \"clients\"\nauthority = \"player\"\nempty_ttl_s = 5\n";
}

SpawnOptions floor_options(const ServerChoice& choice, const RoomSettings& settings) {
  SpawnOptions options{.program = "tickrelay-floor", .ready_line = "floor is ready"};
  options.arguments = {"--listen", "127.0.0.1:0", "--rate", std::to_string(settings.rate_hz)};
  if (choice.floor != "eager") options.arguments.push_back("--" + choice.floor);
  return options;
}

SpawnOptions relay_options(const ServerChoice& choice, const RoomSettings& settings) {
  SpawnOptions options{.program = choice.program, .ready_line = "tickrelay is ready"};
  options.arguments = {"--dev",       "--config", "FOLDER/tickrelay.toml", "--listen",    "127.0.0.1:0", "--ops-listen",
                       "127.0.0.1:0", "--admin",  "FOLDER/admin.sock",     "--log-level", "warn"};
  options.arguments.insert(options.arguments.end(), choice.arguments.begin(), choice.arguments.end());
  options.files = {{"bench.bfbs", compile_schema(bench_schema_text())}, {"tickrelay.toml", configuration(settings)}};
  return options;
}

Endpoint resolved(const std::string& url, std::string_view path) {
  const std::optional<Endpoint> endpoint = resolve(url, path);
  if (!endpoint) throw std::runtime_error("cannot resolve " + url);
  return *endpoint;
}

}  // namespace

Server::Server(const ServerChoice& choice, const RoomSettings& settings)
    : admin_path_(choice.admin_path), process_(choice.process) {
  std::string url = choice.url, operations_url = choice.operations_url;
  if (url.empty()) {
    SpawnOptions options = choice.floor.empty() ? relay_options(choice, settings) : floor_options(choice, settings);
    if (choice.pin) options.cpu = 0;
    started_.emplace(options);
    process_ = started_->process();
    url = started_->url();
    if (operations_url.empty()) operations_url = started_->operations_url();
    if (choice.floor.empty()) admin_path_ = started_->folder() + "/admin.sock";
  }
  endpoint_ = resolved(url, "/v1");
  if (!operations_url.empty()) metrics_ = resolved(operations_url, "/metrics");
}

std::vector<std::string> Server::spawn_rooms(std::uint32_t rooms, const RoomSettings& settings) {
  std::vector<std::string> ids;
  if (started_ || admin_path_.empty()) return ids;
  const std::string schema = compile_schema(bench_schema_text());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(schema.data());
  const nlohmann::json params{{"schema", base64({bytes, schema.size()})},
                              {"tick_rate", settings.rate_hz},
                              {"max_players", settings.players},
                              {"codec", settings.codec},
                              {"authority", "player"},
                              {"empty_ttl_s", 5}};
  Admin admin(admin_path_);
  for (std::uint32_t i = 0; i < rooms; ++i) ids.push_back(admin.call("room.spawn", params).at("room_id"));
  return ids;
}

std::future<ServerReading> Server::read() {
  ServerReading reading{.cpu_ns = process_ > 0 ? process_cpu_ns(process_) : 0,
                        .rss_kib = process_ > 0 ? process_rss_kib(process_) : 0,
                        .ticks = std::nullopt};
  return std::async(std::launch::async, [reading, metrics = metrics_]() mutable {
    const auto text = metrics ? http_get(*metrics) : std::nullopt;
    if (text) reading.ticks = parse_tick_metrics(*text);
    return reading;
  });
}

}  // namespace tickrelay::bench
