#include "bench/load/server.h"

#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <utility>

#include "bench/load/admin.h"
#include "bench/load/process_stats.h"
#include "bench/load/schema_compiler.h"
#include "bench/net/base64.h"
#include "bench/net/certificate.h"
#include "bench/net/tls.h"

namespace tickrelay::bench {
namespace {

std::string views(const RoomSettings& settings) {
  return settings.view_radius == 0 ? "" : "views = true\nview_radius = " + std::to_string(settings.view_radius) + "\n";
}

// All players come from one address here.
std::string configuration(const RoomSettings& settings) {
  return "[quota]\nrooms = 65536\nconnections = 100000\nconnections_per_address = 100000\n"
         "connections_per_s_per_address = 0\njoins_per_s_per_address = 0\n\n"
         "[type.bench]\nschema = \"FOLDER/bench.bfbs\"\ntick_rate = " + std::to_string(settings.rate_hz) +
         "\nmax_players = " + std::to_string(settings.players) + "\ncodec = \"" + settings.codec +
         "\"\n" + views(settings) + "create = \"clients\"\nauthority = \"player\"\nempty_ttl_s = 5\n";
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
  if (!choice.tls) return options;
  const ThrowAwayCertificate made = make_certificate();
  options.files["cert.pem"] = made.certificate;
  options.files["key.pem"] = made.key;
  options.files["tickrelay.toml"] += "\n[tls]\ncert = \"FOLDER/cert.pem\"\nkey = \"FOLDER/key.pem\"\n";
  return options;
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Endpoint resolved(const std::string& url, std::string_view path) {
  const std::optional<Endpoint> endpoint = resolve(url, path);
  if (!endpoint) throw std::runtime_error("cannot resolve " + url);
  return *endpoint;
}

}  // namespace

Server::Server(const ServerChoice& choice, const RoomSettings& settings)
    : admin_path_(choice.admin_path), process_(choice.process) {
  std::string url = choice.url, operations_url = choice.operations_url, ca_file = choice.ca_file;
  if (url.empty()) {
    SpawnOptions options = choice.floor.empty() ? relay_options(choice, settings) : floor_options(choice, settings);
    if (choice.pin) options.cpu = 0;
    started_.emplace(options);
    process_ = started_->process();
    url = started_->url();
    if (operations_url.empty()) operations_url = started_->operations_url();
    if (choice.floor.empty()) admin_path_ = started_->folder() + "/admin.sock";
    if (choice.tls) ca_file = started_->folder() + "/cert.pem";
  }
  endpoint_ = resolved(url, "/v1");
  if (endpoint_.secure) endpoint_.tls = std::make_shared<TlsTrust>(ca_file.empty() ? "" : text_of(ca_file), choice.insecure);
  if (!operations_url.empty()) metrics_ = resolved(operations_url, "/metrics");
}

std::vector<std::string> Server::spawn_rooms(std::uint32_t rooms, const RoomSettings& settings) {
  std::vector<std::string> ids;
  if (started_ || admin_path_.empty()) return ids;
  const std::string schema = compile_schema(bench_schema_text());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(schema.data());
  nlohmann::json params{{"schema", base64({bytes, schema.size()})},
                              {"tick_rate", settings.rate_hz},
                              {"max_players", settings.players},
                              {"codec", settings.codec},
                              {"authority", "player"},
                              {"empty_ttl_s", 5}};
  if (settings.view_radius != 0) {
    params["views"] = true;
    params["view_radius"] = settings.view_radius;
  }
  Admin admin(admin_path_);
  for (std::uint32_t i = 0; i < rooms; ++i) ids.push_back(admin.call("room.spawn", params).at("room_id"));
  return ids;
}

std::future<ServerReading> Server::read() {
  ServerReading reading{.cpu_ns = process_ > 0 ? process_cpu_ns(process_) : 0,
                        .rss_kib = process_ > 0 ? process_rss_kib(process_) : 0,
                        .ticks = std::nullopt};
  return std::async(std::launch::async, [reading, metrics = metrics_]() mutable {
    auto text = metrics ? http_get(*metrics) : std::nullopt;
    if (text) reading.ticks = parse_tick_metrics(*text);
    reading.page = std::move(text).value_or("");
    return reading;
  });
}

}  // namespace tickrelay::bench
