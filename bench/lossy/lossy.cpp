#include "bench/lossy/lossy.h"

#include "bench/load/schema_compiler.h"
#include "bench/load/server_process.h"

namespace tickrelay::bench {
namespace {

SpawnOptions relay(const LossyOptions& options) {
  SpawnOptions spawn{.program = options.program, .ready_line = "tickrelay is ready"};
  spawn.arguments = {"--dev",
                     "--config",
                     "FOLDER/tickrelay.toml",
                     "--listen",
                     "0.0.0.0:0",
                     "--ops-listen",
                     "127.0.0.1:0",
                     "--admin",
                     "FOLDER/admin.sock",
                     "--log-level",
                     "warn",
                     "--loops",
                     "2"};  // so that both connections of a player may be on either
  spawn.files = {{"bench.bfbs", compile_schema(bench_schema_text())},
                 {"tickrelay.toml",
                  "[type.bench]\nschema = \"FOLDER/bench.bfbs\"\ncreate = \"clients\"\nauthority = "
                  "\"player\"\ntick_rate = " +
                      std::to_string(options.players.rate_hz) + "\nmax_players = " +
                      std::to_string(options.players.players) + "\ncodec = \"" + options.codec + "\"\n"}};
  return spawn;
}

}  // namespace

LossyRun run_lossy(const LossyOptions& options) {
  LossyLink link(options.link);
  link.enter(LossyLink::End::near);
  const ServerProcess server(relay(options));
  link.enter(LossyLink::End::far);
  PlayersOptions players = options.players;
  players.url = std::string("ws://") + LossyLink::near_address + server.url().substr(server.url().rfind(':'));
  players.url = players.url.substr(0, players.url.find('/', 5));
  const BothAges ages = play(players);
  return {ages, link.counts(), LossyLink::congestion()};
}

}  // namespace tickrelay::bench
