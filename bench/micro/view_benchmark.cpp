// What a send tick of a crowded room costs the worker, all players' frames ready to be sent: 200 players and 200 entities that all see, against
// 1,000 entities of which each player sees those near it. Everybody moves at every tick. `bytes`: a player's frame.

#include <benchmark/benchmark.h>

#include <cmath>
#include <random>

#include "relay/core/views.h"

namespace tickrelay::bench {
namespace {

constexpr std::size_t players = 200;
constexpr float map_m = 1000, step_m = 0.25F;
constexpr double radius_m = 100;
constexpr Tick key_most = 20, key_least = 5;  // a second and a quarter at 20 Hz

LayoutPointer crowd_layout() {
  Component component;
  component.name = "bench.Transform";
  component.bytes = 16;
  for (const char* name : {"x", "y", "z", "yaw"})
    component.fields.push_back({.name = name,
                                .type = FieldType::Float32,
                                .offset = static_cast<std::uint16_t>(4 * component.fields.size()),
                                .flags = FieldFlags::Quantised | (component.fields.size() < 2 ? FieldFlags::Position : FieldFlags{}),
                                .precision = 0.001});
  return std::make_shared<const tickrelay::Layout>(std::vector<Component>{component});
}

// Entities on a map; the first ones are the players'.
class Crowd {
 public:
  explicit Crowd(std::size_t entities) : world(crowd_layout()), places_(entities) {
    world.create(0, 0, tick);
    std::uniform_real_distribution<float> anywhere(0, map_m);
    for (std::size_t i = 0; i < entities; ++i) {
      places_[i] = {anywhere(random_), anywhere(random_), 0, 0};
      world.create(static_cast<EntityId>(i + 1), i < players ? static_cast<PlayerNumber>(i + 1) : 0, tick);
    }
    step();
  }
  void step() {
    std::uniform_real_distribution<float> turn(-0.2F, 0.2F);
    ++tick;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      auto& [x, y, z, yaw] = places_[i];
      yaw += turn(random_);
      x = std::round((x + step_m * std::cos(yaw)) * 1000) / 1000;
      y = std::round((y + step_m * std::sin(yaw)) * 1000) / 1000;
      world.write(static_cast<EntityId>(i + 1), first_schema_component, 0xF, std::as_bytes(std::span(places_[i])), tick);
    }
  }

  World world;
  Tick tick = 1;

 private:
  std::mt19937 random_{7};
  std::vector<std::array<float, 4>> places_;
};

void everyone_sees_all(benchmark::State& state) {
  Crowd crowd(static_cast<std::size_t>(state.range(0)));
  PackedStream stream(crowd.world.layout());
  Frames frames;
  frames.use_stream(key_most, key_least);
  Encoder encoder;
  const EventLog events(0, 0);
  std::vector<Want> wants;
  double bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    crowd.step();
    wants.clear();
    state.ResumeTiming();
    const auto infos = frames.plan(crowd.world.newest(), events, crowd.tick, 8, wants);
    if (frames.starts_stream()) stream.start(encoder.work(), crowd.world, frames.tick());
    for (const FrameInfo& info : infos) bytes += static_cast<double>(encoder.frame(crowd.world, events, info, &stream).size());
  }
  state.counters["bytes"] = bytes / static_cast<double>(state.iterations());
}

void each_sees_what_is_near(benchmark::State& state) {
  Crowd crowd(static_cast<std::size_t>(state.range(0)));
  Views views(crowd.world.layout(), Grid(radius_m, 0), true, key_most, key_least);
  Visibilities visibilities;
  Encoder encoder;
  const EventLog events(0, 0);
  std::vector<std::uint8_t> parts;
  std::vector<std::byte> batch;
  Tick sent = 0;
  double bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    crowd.step();
    batch.clear();
    state.ResumeTiming();
    views.update(crowd.world, visibilities, [](PlayerNumber) { return 0U; }, crowd.tick);
    const auto viewer = [&](PlayerNumber player) { return Viewer{.player = player, .base = sent}; };
    for (PlayerNumber player = 1; player <= players; ++player) views.look(viewer(player), crowd.tick);
    views.encode(crowd.world, encoder, crowd.tick, nullptr);
    for (PlayerNumber player = 1; player <= players; ++player) {
      parts.clear();
      const auto composed = views.compose(viewer(player), crowd.tick, parts);
      const auto frame = encoder.parts(parts, events, {.base = sent, .tick = crowd.tick, .complete = composed.complete}, composed.lists);
      batch.insert(batch.end(), frame.begin(), frame.end());
    }
    sent = crowd.tick;
    bytes += static_cast<double>(batch.size()) / players;
  }
  state.counters["bytes"] = bytes / static_cast<double>(state.iterations());
  state.counters["chunks"] = static_cast<double>(views.chunks().size());
}

BENCHMARK(everyone_sees_all)->Arg(200)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(each_sees_what_is_near)->Arg(200)->Arg(1000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tickrelay::bench
