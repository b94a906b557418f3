#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "bench/load/admin.h"
#include "bench/load/clock_offset.h"
#include "bench/load/commands.h"
#include "bench/load/replay.h"
#include "bench/load/schema_compiler.h"
#include "bench/net/base64.h"
#include "bench/net/clock.h"
#include "relay/door/admin_path.h"

namespace tickrelay::bench {
namespace {

struct ReplayFlags {
  ServerChoice server;
  std::string file, room_id, codec = "packed", out;
  std::size_t ticks = SIZE_MAX;
  std::uint32_t players = 64;
};

constexpr std::int64_t join_patience_ns = 10 * second_ns;

// Spawns the room and takes the authority's ticket.
JoinWish make_room(Admin& admin, const ReplayFlags& flags, const Recording& recording, const RecordedSchema& schema) {
  const std::string compiled = compile_schema(schema.text);
  nlohmann::json params{{"schema", base64({reinterpret_cast<const std::uint8_t*>(compiled.data()), compiled.size()})},
                        {"tick_rate", std::clamp(static_cast<int>(std::lround(recording.hz())), 1, 240)},
                        {"max_players", flags.players},
                        {"authority", "server"},
                        {"codec", flags.codec}};
  if (!flags.room_id.empty()) params["id"] = flags.room_id;
  JoinWish wish{.mode = wire::JoinMode::ById, .player_id = "replay", .role = wire::Role::Authority};
  wish.room_id = admin.call("room.spawn", params).at("room_id");
  const nlohmann::json ticket =
      admin.call("ticket.issue", {{"room_id", wish.room_id}, {"player_id", wish.player_id}, {"role", "authority"}});
  wish.ticket = ticket.at("ticket");
  return wish;
}

Json report_json(const ReplayFlags& flags, const std::string& room_id, const ReplayCounts& counts) {
  Json report{{"file", flags.file},
              {"room_id", room_id},
              {"ticks", counts.ticks},
              {"spawned", counts.spawned},
              {"set", counts.set},
              {"despawned", counts.despawned},
              {"lateness_max_ms", counts.lateness_max_ms}};
  report["refused"] = Json::object();
  for (const auto& [reason, count] : counts.refused) report["refused"][reason] = count;
  return report;
}

// Where tickrelayctl looks, too.
std::string admin_of(const Server& server) {
  if (!server.admin_path().empty()) return server.admin_path();
  std::string looked;
  for (const std::string& path : admin_paths()) {
    const UnixConnection there = connect_unix(path);
    if (there.fd >= 0) {
      close(there.fd);
      return path;
    }
    looked += " " + path;
  }
  throw std::runtime_error("the room is spawned over the relay's admin socket, and none answers at" + looked + ": --admin PATH");
}

int execute(ReplayFlags& flags) {
  prepare(flags.server);
  const Recording recording = load_recording(flags.file);
  const RecordedSchema schema = recorded_schema(recording);
  Server server(flags.server, {});
  const auto server_ahead_ns = measure_server_ahead_ns(server.endpoint());
  if (!server_ahead_ns) throw std::runtime_error("the server answers no Ping at " + server.endpoint().host);
  Admin admin(admin_of(server));
  const JoinWish wish = make_room(admin, flags, recording, schema);
  std::printf("room %s on ws://%s: %zu ticks at %g Hz\n", wish.room_id.c_str(), server.endpoint().host.c_str(),
              std::min(flags.ticks, recording.ticks()), recording.hz());
  std::fflush(stdout);

  Replay replay(server.endpoint(), recording, schema, *server_ahead_ns);
  replay.join(wish, join_patience_ns);
  const Progress progress = show_progress();
  replay.play(flags.ticks, [&](std::size_t tick) {
    progress("tick " + std::to_string(tick) + " of " + std::to_string(recording.ticks()));
  });
  replay.leave();
  progress("");
  const Json report = report_json(flags, wish.room_id, replay.counts());
  std::printf("%s\n", report.dump(2).c_str());
  write_report(flags.out, report);
  return replay.counts().refused.empty() ? exit_ok : exit_failed;
}

}  // namespace

Command add_replay(CommandLine& app) {
  auto flags = std::make_shared<ReplayFlags>();
  app.add("TRACE", flags->file, "a recording: .gsr or .gsr.xz").required();
  add_server_flags(app, flags->server);
  app.add("--room", flags->room_id, "the room's id; default one of the relay's making");
  app.add("--codec", flags->codec, "of the room").among({"packed", "plain"}).shown();
  app.add("--players", flags->players, "seats for those who watch").within(1, 10'000).shown();
  app.add("--ticks", flags->ticks, "only so many of the recording's ticks");
  app.add("--out", flags->out, "what was written, as JSON");
  return [flags] { return execute(*flags); };
}

}  // namespace tickrelay::bench
