// A whole tick of a room in which everybody moved: inputs applied, the room advanced, its frame encoded once.

#include <benchmark/benchmark.h>

#include "bench/micro/stage.h"

namespace tickrelay::bench {
namespace {

constexpr Tick idle_ticks = 8;

void tick(benchmark::State& state) {
  WalkingRoom walking(static_cast<std::size_t>(state.range(0)));
  Room& room = walking.room();
  Encoder encoder;
  std::vector<Want> wants;
  for (auto _ : state) {
    state.PauseTiming();
    walking.write_updates();
    wants.clear();
    state.ResumeTiming();
    walking.apply_updates();
    room.advance(room.tick() + 1);
    for (const FrameInfo& info : room.frames().plan(room.world().newest(), room.events(), room.tick(), idle_ticks, wants)) {
      benchmark::DoNotOptimize(encoder.frame(room.world(), room.events(), info));
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(tick)->Arg(10)->Arg(64)->Arg(1000);

}  // namespace
}  // namespace tickrelay::bench
