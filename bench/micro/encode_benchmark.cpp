// A room's frame: everything moved, one in ten moved, nothing moved, and the whole for a newcomer.

#include <benchmark/benchmark.h>

#include "bench/micro/stage.h"
#include "relay/core/encode.h"

namespace tickrelay::bench {
namespace {

void encode_stream(benchmark::State& state, std::size_t moving_one_in) {
  const auto entities = static_cast<std::size_t>(state.range(0));
  WalkingWorld walking(entities);
  const EventLog events{limits::events_max, limits::event_bytes_max};
  Encoder encoder;
  std::size_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    walking.step(moving_one_in == 0 ? 0 : entities / moving_one_in);
    state.ResumeTiming();
    const FrameInfo info{.base = walking.tick() - 1, .tick = walking.tick()};
    bytes = encoder.frame(walking.world(), events, info).size();
    benchmark::DoNotOptimize(bytes);
  }
  state.counters["bytes"] = static_cast<double>(bytes);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// Codec packed, with a key tick a second; with and without telling where the bytes go.
void encode_packed(benchmark::State& state, bool counted) {
  const auto entities = static_cast<std::size_t>(state.range(0));
  WalkingWorld walking(entities);
  const EventLog events{limits::events_max, limits::event_bytes_max};
  Encoder encoder;
  PackedStream stream(walking.world().layout());
  FrameBytes count(walking.world().layout());
  stream.start(encoder.work(), walking.world(), walking.tick());
  std::size_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    walking.step(entities);
    state.ResumeTiming();
    const FrameInfo info{.base = walking.tick() - 1, .tick = walking.tick(), .key = walking.tick() % 30 == 0};
    bytes = encoder.frame(walking.world(), events, info, &stream, counted ? &count : nullptr).size();
    if (counted) count.end(bytes);
    benchmark::DoNotOptimize(bytes);
  }
  state.counters["bytes"] = static_cast<double>(bytes);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void encode_whole(benchmark::State& state) {
  WalkingWorld walking(static_cast<std::size_t>(state.range(0)));
  const EventLog events{limits::events_max, limits::event_bytes_max};
  Encoder encoder;
  std::size_t bytes = 0;
  for (auto _ : state) {
    const FrameInfo info{.base = 0, .tick = walking.tick(), .kind = wire::FrameKind::Whole};
    bytes = encoder.frame(walking.world(), events, info).size();
    benchmark::DoNotOptimize(bytes);
  }
  state.counters["bytes"] = static_cast<double>(bytes);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK_CAPTURE(encode_stream, all_moved, 1)->Arg(10)->Arg(64)->Arg(1000);
BENCHMARK_CAPTURE(encode_stream, one_in_ten_moved, 10)->Arg(10)->Arg(64)->Arg(1000);
BENCHMARK_CAPTURE(encode_stream, nothing_moved, 0)->Arg(10)->Arg(64)->Arg(1000);
BENCHMARK_CAPTURE(encode_packed, uncounted, false)->Arg(10)->Arg(64)->Arg(1000);
BENCHMARK_CAPTURE(encode_packed, counted, true)->Arg(10)->Arg(64)->Arg(1000);
BENCHMARK(encode_whole)->Arg(10)->Arg(64)->Arg(1000);

}  // namespace
}  // namespace tickrelay::bench
