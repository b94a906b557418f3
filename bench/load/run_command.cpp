#include <cstdio>
#include <memory>

#include "bench/load/commands.h"
#include "bench/load/html_report.h"

namespace tickrelay::bench {
namespace {

struct RunFlags {
  ServerChoice server;
  LoadOptions load;
  RoomSettings room;
  std::string duration = "30s", warmup = "2s", out, html;
  std::vector<Target> targets = known_targets();
};

Json config_json(const RunFlags& flags) {
  return {{"rooms", flags.load.rooms},
          {"players", flags.load.players},
          {"rate", flags.load.rate_hz},
          {"duration_s", static_cast<double>(parse_duration_ns(flags.duration)) * 1e-9},
          {"warmup_s", static_cast<double>(parse_duration_ns(flags.warmup)) * 1e-9},
          {"server", !flags.server.url.empty()    ? flags.server.url
                     : flags.server.floor.empty() ? "spawned"
                                                  : "floor, " + flags.server.floor},
          {"tls", flags.server.tls || flags.server.url.starts_with("wss://")},
          {"codec", flags.room.codec},
          {"entities", flags.load.entities},
          {"view_radius", flags.room.view_radius},
          {"slow_fraction", flags.load.slow_fraction},
          {"slow_bytes_per_s", flags.load.slow_bytes_per_s},
          {"slow_rcvbuf", flags.load.slow_receive_buffer_bytes},
          {"pinned", flags.server.pin}};
}

int judge(const Json& report, const RunFlags& flags) {
  if (report["generator"]["saturated"].get<bool>()) {
    std::fprintf(stderr,
                 "tickrelay-bench: this program was the bottleneck: 1 %% of its own sends left more than %.1f ms late. "
                 "These figures say nothing about the server.\n",
                 static_cast<double>(generator_lateness_limit_ns(flags.load.rate_hz)) * 1e-6);
    return exit_saturated;
  }
  const std::vector<std::string> missed = missed_targets(report, flags.targets);
  for (const std::string& line : missed) std::fprintf(stderr, "tickrelay-bench: missed %s\n", line.c_str());
  return missed.empty() ? exit_ok : exit_target_missed;
}

int execute(RunFlags& flags) {
  RunOptions options{.load = flags.load, .room = flags.room};
  options.duration_ns = parse_duration_ns(flags.duration);
  options.warmup_ns = parse_duration_ns(flags.warmup);
  options.config = config_json(flags);
  prepare(flags.server);
  Server server(flags.server, flags.room);
  const Progress progress = show_progress();
  const Json report = run_load(server, options, progress);
  progress("");
  if (!report["generator"]["saturated"].get<bool>()) std::fputs(summary(report).c_str(), stdout);
  write_report(flags.out, report);
  write_text(flags.html, flags.html.empty() ? "" : html(report));
  return judge(report, flags);
}

}  // namespace

Command add_run(CommandLine& app) {
  auto flags = std::make_shared<RunFlags>();
  add_server_flags(app, flags->server);
  app.add("--rooms", flags->load.rooms, "rooms").required().within(1, 100'000);
  app.add("--players", flags->load.players, "players in each").required().within(1, 10'000);
  app.add("--rate", flags->load.rate_hz, "ticks a second").required().within(1, 240);
  app.add("--duration", flags->duration, "measured time").shown();
  app.add("--warmup", flags->warmup, "played before it").shown();
  app.add("--codec", flags->room.codec, "of the rooms that are made").among({"packed", "plain"}).shown();
  app.add("--entities", flags->load.entities, "of each player: its own, and others that follow it").within(1, 16).shown();
  app.add("--view-radius", flags->room.view_radius, "how far players see, m, in rooms that are made; 0: everything. They walk within 100 m of the middle").within(0.0, 1e6).shown();
  app.add("--type", flags->load.type, "room type that clients create at --url").shown();
  app.add("--slow-fraction", flags->load.slow_fraction, "share of clients that read slowly").within(0.0, 1.0);
  app.add("--slow-bytes-per-s", flags->load.slow_bytes_per_s, "how slowly").shown();
  app.add("--slow-rcvbuf", flags->load.slow_receive_buffer_bytes, "their SO_RCVBUF; 0: the system's");
  app.add("--out", flags->out, "the report as JSON");
  app.add("--html", flags->html, "the report as a page with plots");
  for (Target& target : flags->targets) {
    app.add(target.flag, target.limit, "exit 3 where " + target.pointer.substr(1) + " is above");
  }
  app.check([flags] {
    flags->room.rate_hz = flags->load.rate_hz;
    flags->room.players = flags->load.players;
    parse_duration_ns(flags->duration), parse_duration_ns(flags->warmup);
  });
  return [flags] { return execute(*flags); };
}

}  // namespace tickrelay::bench
