// The hot path's parts, each alone, for callgrind: what runs inside guarded() is counted, nothing else. The same work in every run.
//   tickrelay_guard NAME    does NAME's work
//   tickrelay_guard list    their names, and how many units of work each is
//   tickrelay_guard bytes   what codec packed and codec plain take for recordings made from seeds

#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/codec.h"
#include "bench/load/recording.h"
#include "bench/load/synthetic_recording.h"
#include "bench/micro/stage.h"
#include "relay/core/encode.h"
#include "tests/unit/run/one_relay.h"

// callgrind is told to count from its begin to its end.
extern "C" [[gnu::noinline]] void tickrelay_guarded(const std::function<void()>& work) {
  work();
  asm volatile("" ::: "memory");
}

namespace tickrelay::bench {
namespace {

constexpr int rounds = 50;

struct Part {
  const char* name;
  int units;  // of work: its count is divided by this
  std::function<void()> run;
};

volatile std::size_t sink;

void decode_updates() {
  WalkingRoom walking(64);
  walking.write_updates();
  const auto work = [&] {
    for (std::size_t i = 0; i < walking.seats(); ++i) sink = std::get<Actions>(decode(walking.update(i))).size();
  };
  work();
  for (int i = 0; i < rounds; ++i) tickrelay_guarded(work);
}

void apply_updates() {
  WalkingRoom walking(64);
  for (int i = 0; i <= rounds; ++i) {
    walking.write_updates();
    walking.room().advance(walking.room().tick() + 1);
    if (i == 0) walking.apply_updates();  // warm
    if (i > 0) tickrelay_guarded([&] { walking.apply_updates(); });
  }
}

// one_in: how many entities there are for each that moves; 0: none does.
void encode_plain(std::size_t entities, std::size_t one_in) {
  WalkingWorld walking(entities);
  const EventLog events{limits::events_max, limits::event_bytes_max};
  Encoder encoder;
  for (int i = 0; i <= rounds; ++i) {
    walking.step(one_in == 0 ? 0 : entities / one_in);
    const FrameInfo info{.base = walking.tick() - 1, .tick = walking.tick()};
    const auto work = [&] { sink = encoder.frame(walking.world(), events, info).size(); };
    if (i == 0) work();
    if (i > 0) tickrelay_guarded(work);
  }
}

void encode_packed(std::size_t entities) {
  WalkingWorld walking(entities);
  const EventLog events{limits::events_max, limits::event_bytes_max};
  Encoder encoder;
  PackedStream stream(walking.world().layout());
  stream.start(walking.world(), walking.tick());
  for (int i = 0; i <= rounds; ++i) {
    walking.step(entities);
    const FrameInfo info{.base = walking.tick() - 1, .tick = walking.tick(), .key = walking.tick() % 30 == 0};
    const auto work = [&] { sink = encoder.frame(walking.world(), events, info, &stream).size(); };
    if (i == 0) work();
    if (i > 0) tickrelay_guarded(work);
  }
}

void encode_whole() {
  WalkingWorld walking(64);
  const EventLog events{limits::events_max, limits::event_bytes_max};
  Encoder encoder;
  const FrameInfo info{.base = 0, .tick = walking.tick(), .kind = wire::FrameKind::Whole};
  const auto work = [&] { sink = encoder.frame(walking.world(), events, info).size(); };
  work();
  for (int i = 0; i < rounds; ++i) tickrelay_guarded(work);
}

// A room of ten at the real loop and worker: ten inputs come in, a tick, ten frames go out.
class PlayedRelay {
 public:
  explicit PlayedRelay(wire::Codec codec) : relay_(settings(codec)) {
    for (SocketId socket = 0; socket < players; ++socket) relay_.open_and_join(socket, std::to_string(socket).c_str());
    relay_.step_ticks(2);
    for (SocketId socket = 0; socket < players; ++socket) walks_.emplace_back(socket + 1, 1.0 / 30);
  }

  void write_inputs() {
    inputs_.clear();
    ++seq_;
    SocketId socket = 0;
    for (const auto& seat : relay_.room()->seats()) {
      const Placement& placement = walks_[socket++].step(fields_);
      ActionWish action{.component = stage_component(), .seq = seq_};
      action.entity = seat->entity;
      action.mask = 0x0f;
      action.data = {reinterpret_cast<const std::uint8_t*>(placement.data()), sizeof placement};
      const auto message = writer_.update({relay_.room()->tick(), 0, 0}, std::span(&action, 1));
      auto& kept = inputs_.emplace_back(message.size() / 8 + 1);
      std::memcpy(kept.data(), message.data(), message.size());
      bytes_ = message.size();
    }
  }
  void tick() {
    for (SocketId socket = 0; socket < players; ++socket)
      relay_.loop.received(socket, std::as_bytes(std::span(inputs_[socket])).first(bytes_));
    relay_.step_ticks(1);
  }
  int frames() const { return relay_.sockets.sends[0]; }

  static constexpr SocketId players = 10;

 private:
  static RoomSettings settings(wire::Codec codec) {
    RoomSettings settings;
    settings.layout = stage_layout();
    settings.tick_rate = settings.send_rate = 30;
    settings.codec = codec;
    return settings;
  }

  test::OneRelay relay_;
  std::vector<Walk> walks_;
  std::vector<Field> fields_ = std::vector<Field>(4, Field{.name = {}, .type = FieldType::Float32, .flags = FieldFlags::Quantised, .precision = 0.001});
  MessageWriter writer_;
  std::vector<std::vector<std::uint64_t>> inputs_;
  std::size_t bytes_ = 0;
  std::uint32_t seq_ = 0;
};

void relay_tick(wire::Codec codec) {
  PlayedRelay played(codec);
  for (int i = 0; i < 8 + rounds; ++i) {
    played.write_inputs();
    if (i < 8) played.tick();
    if (i >= 8) tickrelay_guarded([&] { played.tick(); });
  }
  if (played.frames() < rounds) std::fprintf(stderr, "only %d frames were sent\n", played.frames()), std::exit(1);
}

std::vector<Part> parts() {
  return {{"decode_update", 64 * rounds, decode_updates},
          {"apply_set", 64 * rounds, apply_updates},
          {"encode_plain_all_of_64", rounds, [] { encode_plain(64, 1); }},
          {"encode_plain_a_tenth_of_1000", rounds, [] { encode_plain(1000, 10); }},
          {"encode_plain_nothing_of_1000", rounds, [] { encode_plain(1000, 0); }},
          {"encode_packed_all_of_64", rounds, [] { encode_packed(64); }},
          {"encode_whole_64", rounds, encode_whole},
          {"relay_frame_plain", 10 * rounds, [] { relay_tick(wire::Codec::Plain); }},
          {"relay_frame_packed", 10 * rounds, [] { relay_tick(wire::Codec::Packed); }}};
}

void print_bytes() {
  const SyntheticOptions recordings[] = {{.seed = 1}, {.seed = 2, .bodies = 200, .visitors = 0, .ticks = 200}, {.seed = 3, .bodies = 4, .visitors = 4, .hz = 60}};
  for (const auto& options : recordings) {
    const auto bytes = synthetic_recording(options);
    const Recording recording = Recording::parse(bytes);
    for (const auto codec : {wire::Codec::Plain, wire::Codec::Packed}) {
      const CodecFigures figures = measure_codec(recording, codec);
      if (!figures.verified) std::fprintf(stderr, "the copy is not the recording\n"), std::exit(1);
      std::printf("%s_seed_%d %.3f\n", codec == wire::Codec::Plain ? "plain" : "packed", static_cast<int>(options.seed), figures.message_bytes_per_tick);
      std::printf("%s_catch_up_seed_%d %.3f\n", codec == wire::Codec::Plain ? "plain" : "packed", static_cast<int>(options.seed), figures.catch_up_bytes_per_tick);
    }
  }
}

int main_of(std::string_view what) {
  if (what == "bytes") return print_bytes(), 0;
  for (const Part& part : parts()) {
    if (what == "list") std::printf("%s %d\n", part.name, part.units);
    if (what == part.name) return part.run(), 0;
  }
  if (what == "list") return 0;
  std::fprintf(stderr, "no such part; 'list' names them\n");
  return 2;
}

}  // namespace
}  // namespace tickrelay::bench

int main(int argc, char** argv) { return tickrelay::bench::main_of(argc == 2 ? argv[1] : ""); }
