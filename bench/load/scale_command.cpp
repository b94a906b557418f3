#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

#include "bench/load/admin.h"
#include "bench/load/commands.h"
#include "bench/load/machine.h"
#include "bench/load/scale.h"
#include "bench/net/clock.h"
#include "bench/net/endpoint.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t point_warmup_ns = 1'500 * ms_ns;
constexpr std::int64_t point_gather_ns = 20 * second_ns;
constexpr std::uint32_t descriptors_beside = 200;  // of connections: files, threads' own, operators'

struct ScaleFlags {
  ServerChoice server;
  std::string codec = "packed", window = "5s", into;
  std::vector<std::string> parts;
  std::uint32_t at_max = 1'000'000;
  bool no_pin = false, list = false;
};

// Rooms that wait for nobody.
void spawn_empty_rooms(const Server& server, std::uint32_t count) {
  if (count == 0) return;
  Admin admin(server.admin_path());
  for (std::uint32_t i = 0; i < count; ++i) admin.call("room.spawn", {{"type", "bench"}, {"empty_ttl_s", 3600}});
}

// Nobody plays: the relay alone.
Json run_empty(Server& server, std::int64_t window_ns, Json config) {
  sleep_until_ns(now_ns() + point_warmup_ns);
  RunFacts facts{.config = std::move(config), .window_s = static_cast<double>(window_ns) * 1e-9, .server_local = server.local()};
  facts.before = server.read().get();
  sleep_until_ns(now_ns() + window_ns);
  facts.after = server.read().get();
  return make_report(facts, Measured{});
}

Json measure(const ScaleFlags& flags, const ScalePoint& point, const Progress& progress) {
  if (const std::size_t there = raise_descriptor_limit(); there < point.players() + descriptors_beside)
    return scale_row_without(point, "needs " + std::to_string(point.players() + descriptors_beside) + " descriptors, the limit is " + std::to_string(there));
  const std::int64_t window_ns = parse_duration_ns(flags.window);
  const Json config{{"duration_s", static_cast<double>(window_ns) * 1e-9}};
  try {
    Server server(flags.server, point.room);
    spawn_empty_rooms(server, point.empty_rooms);
    if (point.players() == 0) return scale_row(point, run_empty(server, window_ns, config));
    RunOptions options{.load = point.load, .room = point.room, .warmup_ns = point_warmup_ns, .duration_ns = window_ns, .gather_patience_ns = point_gather_ns, .config = config};
    return scale_row(point, run_load(server, options, progress));
  } catch (const std::runtime_error& error) {
    return scale_row_without(point, error.what());
  }
}

void print(const Json& row) {
  std::printf("  %7u", row["at"].get<unsigned>());
  if (row.contains("cpu_s_per_s")) std::printf("  %5.1f %% of a core", 100 * row["cpu_s_per_s"].get<double>());
  if (row.contains("cpu_us_per_frame")) std::printf("  %7.2f us a frame", row["cpu_us_per_frame"].get<double>());
  if (row.contains("rss_kib")) std::printf("  %7.1f MiB", row["rss_kib"].get<double>() / 1024);
  std::printf("  %s\n", row["limit"].get<std::string>().c_str());
  std::fflush(stdout);
}

// The parts that were measured before stay.
Json measured_before(const std::string& path) {
  std::ifstream file(path);
  return file ? Json::parse(file) : Json::object();
}

void write_all(const std::string& into, const Json& parts) {
  std::filesystem::create_directories(into + "/pictures");
  write_text(into + "/scale.json", parts.dump(1) + "\n");
  write_text(into + "/SCALE.md", scale_markdown(parts));
  for (const auto& [name, part] : parts.items()) write_text(into + "/pictures/scale-" + name + ".svg", scale_picture(name, part));
}

int execute(ScaleFlags& flags) {
  const std::vector<ScalePart> all = scale_parts(flags.codec);
  if (flags.list) {
    for (const ScalePart& part : all) std::printf("%-14s%zu points  %s\n", part.name.c_str(), part.points.size(), part.what.c_str());
    return exit_ok;
  }
  flags.server.pin = !flags.no_pin && std::thread::hardware_concurrency() > 1;
  prepare(flags.server);
  const Progress progress = show_progress();
  Json parts = flags.into.empty() ? Json::object() : measured_before(flags.into + "/scale.json");
  for (const ScalePart& part : all) {
    if (!flags.parts.empty() && std::ranges::find(flags.parts, part.name) == flags.parts.end()) continue;
    std::printf("%s: %s\n", part.name.c_str(), part.what.c_str());
    Json rows = Json::array();
    for (const ScalePoint& point : part.points) {
      if (point.at > flags.at_max) continue;
      rows.push_back(measure(flags, point, progress));
      progress("");
      print(rows.back());
    }
    parts[part.name] = {{"what", part.what},   {"axis", part.axis},       {"machine", machine_words()}, {"window_s", static_cast<double>(parse_duration_ns(flags.window)) * 1e-9},
                        {"codec", flags.codec}, {"pinned", flags.server.pin}, {"rows", rows}};
    if (!flags.into.empty()) write_all(flags.into, parts);  // now: a long run may be stopped
  }
  const Json costs = unit_costs(parts);
  for (const auto& [name, cost] : costs.items())
    std::printf("%-36s%10.3g %s\n", name.c_str(), cost["value"].get<double>(), cost["unit"].get<std::string>().c_str());
  return exit_ok;
}

}  // namespace

Command add_scale(CommandLine& app) {
  auto flags = std::make_shared<ScaleFlags>();
  std::vector<std::string> names;
  for (const ScalePart& part : scale_parts("packed")) names.push_back(part.name);
  app.add("--part", flags->parts, "one of the parts; may be repeated; default all").among(names);
  app.add("--window", flags->window, "measured time of a point").shown();
  app.add("--codec", flags->codec, "of the rooms").among({"packed", "plain"}).shown();
  app.add("--into", flags->into, "a folder: SCALE.md, scale.json and pictures go there; parts that it has from before and that are not run stay");
  app.add("--at-max", flags->at_max, "leaves points out that are further along their axis");
  app.add("--server", flags->server.program, "the relay to start");
  app.add("--server-arg", flags->server.arguments, "a further argument for it; may be repeated");
  app.add("--no-pin", flags->no_pin, "neither the relay nor this program is pinned to a core");
  app.add("--list", flags->list, "the parts, and what each is");
  app.check([flags] { parse_duration_ns(flags->window); });
  return [flags] { return execute(*flags); };
}

}  // namespace tickrelay::bench
