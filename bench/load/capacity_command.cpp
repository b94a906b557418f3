#include <cstdio>
#include <memory>
#include <stdexcept>

#include "bench/load/capacity.h"
#include "bench/load/commands.h"

namespace tickrelay::bench {
namespace {

constexpr double on_time_min = 0.99;

struct CapacityFlags {
  ServerChoice server;
  LoadOptions load;
  RoomSettings room;
  CapacitySearch search;
  double p99_ms = 0;  // 0: two ticks
  std::string step = "5s", warmup = "1500ms", out;
};

std::string with_number(const char* format, double value) {
  char text[96];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

CapacityStep judge(std::uint32_t rooms, const Json& report, double p99_ms) {
  CapacityStep step{.rooms = rooms};
  const Json& frames = report["frames"];
  const double on_time = (frames["received"].get<double>() - frames["late"].get<double>()) /
                         std::max(frames["expected"].get<double>(), 1.0);
  const double p99 = report["latency_ms"]["p99"].get<double>();
  if (on_time < on_time_min) step.missed = with_number("only %.2f %% of the frames on time", 100 * on_time);
  if (p99 > p99_ms && step.missed.empty()) step.missed = with_number("latency p99 %.1f ms", p99);
  if (report["generator"]["saturated"].get<bool>()) {
    step.missed = "the generator";
    step.generator_bound = true;
  }
  return step;
}

// A started server is a fresh one for every step.
CapacityStep attempt(const CapacityFlags& flags, std::uint32_t rooms, double p99_ms, const Progress& progress) {
  RunOptions options{.load = flags.load, .room = flags.room};
  options.load.rooms = rooms;
  options.duration_ns = parse_duration_ns(flags.step);
  options.warmup_ns = parse_duration_ns(flags.warmup);
  CapacityStep step{.rooms = rooms};
  try {
    Server server(flags.server, flags.room);
    step = judge(rooms, run_load(server, options, progress), p99_ms);
  } catch (const std::runtime_error& error) {
    step.missed = error.what();
  }
  progress("");
  std::printf("%5u rooms  %s\n", rooms, step.missed.empty() ? "held" : step.missed.c_str());
  std::fflush(stdout);
  return step;
}

Json report_json(const CapacityFlags& flags, const Capacity& found, double p99_ms) {
  Json report{{"rooms", found.rooms}, {"players", flags.load.players}, {"limit", found.limit}};
  report["config"] = {
      {"rate", flags.load.rate_hz}, {"p99_ms", p99_ms}, {"on_time", on_time_min}, {"codec", flags.room.codec}};
  report["steps"] = Json::array();
  for (const CapacityStep& step : found.steps) {
    report["steps"].push_back({{"rooms", step.rooms}, {"held", step.missed.empty()}, {"missed", step.missed}});
  }
  return report;
}

int execute(CapacityFlags& flags) {
  prepare(flags.server);
  const double p99_ms = flags.p99_ms > 0 ? flags.p99_ms : 2'000.0 / flags.load.rate_hz;
  const Progress progress = show_progress();
  const Capacity found =
      search_capacity(flags.search, [&](std::uint32_t rooms) { return attempt(flags, rooms, p99_ms, progress); });
  std::printf("%u rooms of %u players at %u Hz; then %s\n", found.rooms, flags.load.players, flags.load.rate_hz,
              found.limit.c_str());
  write_report(flags.out, report_json(flags, found, p99_ms));
  if (!found.generator_bound) return exit_ok;
  std::fprintf(stderr, "tickrelay-bench: this program was the bottleneck; the server may hold more.\n");
  return exit_saturated;
}

}  // namespace

Command add_capacity(CommandLine& app) {
  auto flags = std::make_shared<CapacityFlags>();
  add_server_flags(app, flags->server);
  app.add("--players", flags->load.players, "players in a room").required().within(1, 10'000);
  app.add("--rate", flags->load.rate_hz, "ticks a second").required().within(1, 240);
  app.add("--p99-ms", flags->p99_ms, "latency p99 to hold, with 99 % of the frames on time; default two ticks");
  app.add("--codec", flags->room.codec, "of the rooms that are made").among({"packed", "plain"}).shown();
  app.add("--first-rooms", flags->search.first_rooms, "where the search starts").within(1, 100'000).shown();
  app.add("--max-rooms", flags->search.rooms_max, "where it ends").within(1, 100'000).shown();
  app.add("--precision", flags->search.precision, "of the answer, as a share").within(0.001, 0.5).shown();
  app.add("--step", flags->step, "measured time of a step").shown();
  app.add("--warmup", flags->warmup, "played before it").shown();
  app.add("--out", flags->out, "the result as JSON");
  app.check([flags] {
    flags->room.rate_hz = flags->load.rate_hz;
    flags->room.players = flags->load.players;
    parse_duration_ns(flags->step), parse_duration_ns(flags->warmup);
  });
  return [flags] { return execute(*flags); };
}

}  // namespace tickrelay::bench
