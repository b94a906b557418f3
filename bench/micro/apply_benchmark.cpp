// A decoded Set on its room: may this player write this entity, quantise, store, stamp.

#include <benchmark/benchmark.h>

#include "bench/micro/stage.h"

namespace tickrelay::bench {
namespace {

void apply_set(benchmark::State& state) {
  WalkingRoom walking(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    walking.write_updates();
    walking.room().advance(walking.room().tick() + 1);
    state.ResumeTiming();
    walking.apply_updates();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(apply_set)->Arg(10)->Arg(64)->Arg(1000);

}  // namespace
}  // namespace tickrelay::bench
