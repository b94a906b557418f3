#include <cstdio>
#include <memory>
#include <stdexcept>

#include "bench/load/commands.h"
#include "bench/load/flood.h"
#include "bench/load/storm.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

struct StormFlags {
  ServerChoice server;
  RoomSettings room;
  std::uint32_t clients = 0, players = 10;
  std::string within = "1s", play = "2s", patience = "20s", flood, out;
};

constexpr std::int64_t gather_patience_ns = 60 * second_ns;

Json report_json(const StormFlags& flags, const StormResult& result, const ServerReading& before,
                 const ServerReading& after) {
  Json report{{"config",
               {{"clients", flags.clients},
                {"players", flags.players},
                {"rate", flags.room.rate_hz},
                {"within_s", static_cast<double>(parse_duration_ns(flags.within)) * 1e-9}}}};
  const Json back = distribution_ms(result.back);
  report["back_p50_ms"] = back["p50"];
  report["back_p99_ms"] = back["p99"];
  report["back_max_ms"] = back["max"];
  report["lost"] = result.lost;
  report["retries"] = result.retries;
  report["return_slots"] = result.slots;
  if (!result.first_failure.empty()) report["first_failure"] = result.first_failure;
  if (before.ticks && after.ticks) {
    report["ticks_skipped"] = difference(*before.ticks, *after.ticks).ticks_skipped;
  }
  return report;
}

Json flood_json(const PlayResult& result, std::uint64_t connects, const ServerReading& before, const ServerReading& after) {
  const Json gaps = distribution_ms(result.gaps);
  Json report{{"lost", result.lost}, {"connects", connects}, {"frame_gap_ms", {{"p50", gaps["p50"]}, {"p99", gaps["p99"]}, {"max", gaps["max"]}}}};
  if (before.ticks && after.ticks) report["ticks_skipped"] = difference(*before.ticks, *after.ticks).ticks_skipped;
  return report;
}

// As long without as with it: the same players, the same machine.
Json flood(Storm& storm, Server& server, std::int64_t for_ns) {
  auto calm_began = server.read();
  const PlayResult calm = storm.play(now_ns() + for_ns);
  auto calm_ended = server.read();
  const ServerReading between = calm_ended.get();
  Json report{{"calm", flood_json(calm, 0, calm_began.get(), between)}};
  Flood flooder(server.endpoint());
  const PlayResult flooded = storm.play(now_ns() + for_ns);
  flooder.stop();
  report["flooded"] = flood_json(flooded, flooder.connects(), between, server.read().get());
  return report;
}

int execute(StormFlags& flags) {
  const std::int64_t within_ns = parse_duration_ns(flags.within), play_ns = parse_duration_ns(flags.play);
  prepare(flags.server);
  flags.room.players = flags.players;
  Server server(flags.server, flags.room);
  StormOptions options{.rooms = (flags.clients + flags.players - 1) / flags.players,
                       .players = flags.players,
                       .rate_hz = flags.room.rate_hz,
                       .within_ns = within_ns,
                       .patience_ns = within_ns + parse_duration_ns(flags.patience)};
  flags.clients = options.rooms * options.players;
  options.room_ids = server.spawn_rooms(options.rooms, flags.room);
  const Progress progress = show_progress();
  progress(std::to_string(flags.clients) + " players join");
  Storm storm(server.endpoint(), options);
  const std::string failure = storm.gather(gather_patience_ns);
  if (!failure.empty()) throw std::runtime_error(failure);
  progress("all play");
  storm.play(now_ns() + play_ns);
  if (!flags.flood.empty()) {
    progress("all play, without and with a flood of connections");
    const Json report = flood(storm, server, parse_duration_ns(flags.flood));
    progress("");
    std::printf("%s\n", report.dump(2).c_str());
    write_report(flags.out, report);
    return report["flooded"]["lost"] == 0 ? exit_ok : exit_failed;
  }
  auto before = server.read();
  before.wait();
  progress("all are dropped and come back");
  const StormResult result = storm.drop_all_and_return();
  const Json report = report_json(flags, result, before.get(), server.read().get());
  progress("");
  std::printf("%s\n", report.dump(2).c_str());
  write_report(flags.out, report);
  return result.lost == 0 ? exit_ok : exit_failed;
}

}  // namespace

Command add_storm(CommandLine& app) {
  auto flags = std::make_shared<StormFlags>();
  add_server_flags(app, flags->server);
  app.add("--clients", flags->clients, "players, rounded up to whole rooms").required().within(1, 100'000);
  app.add("--within", flags->within, "their first attempts are spread over this time").shown();
  app.add("--players", flags->players, "players in a room").within(1, 10'000).shown();
  app.add("--rate", flags->room.rate_hz, "ticks a second").within(1, 240).shown();
  app.add("--codec", flags->room.codec, "of the rooms that are made").among({"packed", "plain"}).shown();
  app.add("--play", flags->play, "played before the drop").shown();
  app.add("--patience", flags->patience, "after the window; who is not back then is lost").shown();
  app.add("--flood", flags->flood,
                 "nobody is dropped: connections and half handshakes at full speed beside the players for so long, after as long without");
  app.add("--out", flags->out, "the report as JSON");
  return [flags] { return execute(*flags); };
}

}  // namespace tickrelay::bench
