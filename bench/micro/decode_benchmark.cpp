// A player's Update with one Set, from bytes to a plain struct.

#include <benchmark/benchmark.h>

#include "bench/micro/stage.h"

namespace tickrelay::bench {
namespace {

void decode_update(benchmark::State& state) {
  WalkingRoom walking(1);
  walking.write_updates();
  for (auto _ : state) {
    const Request request = decode(walking.update(0));
    Action action = std::get<Actions>(request).at(0);
    benchmark::DoNotOptimize(action);
  }
  state.counters["bytes"] = static_cast<double>(walking.update(0).size());
}

void decode_join(benchmark::State& state) {
  MessageWriter writer;
  const auto message = writer.join({.mode = wire::JoinMode::ById, .room_id = "a-room", .player_id = "a-player"});
  for (auto _ : state) {
    Request request = decode(std::as_bytes(message));
    benchmark::DoNotOptimize(std::get<JoinRequest>(request));
  }
}

BENCHMARK(decode_update);
BENCHMARK(decode_join);

}  // namespace
}  // namespace tickrelay::bench
