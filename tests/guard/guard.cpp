// The hot path's parts, each alone, for callgrind: what runs inside guarded() is counted, nothing else. The same work in every run.
//   tickrelay_guard NAME    does NAME's work
//   tickrelay_guard list    their names, and how many units of work each is
//   tickrelay_guard bytes   what codec packed and codec plain take for recordings made from seeds

#include <stdlib.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
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
#include "relay/doorman.h"
#include "relay/fleet/store.h"
#include "relay/room_keeper.h"
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
  stream.start(encoder.work(), walking.world(), walking.tick());
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

// Ten rooms of ten at 20 Hz for 20 s, open to anybody and forgotten at the end; or as on the internet, with quotas on each connection
// and every room kept once a second in SQLite (whose thread is not this one).
class TenRooms {
 public:
  static constexpr SocketId rooms = 10, players = 10;
  static constexpr int hz = 20, seconds = 20;

  explicit TenRooms(bool safe) : relay_(settings("0"), built_in_logic("relay"), safe ? &doorman_ : nullptr) {
    if (safe) keep();
    relay_.sockets.bytes.resize(rooms * players);
    relay_.sockets.sends.resize(rooms * players);
    for (SocketId room = 0; room < rooms; ++room) {
      if (room != 0) relay_.gate.room = relay_.lobby.create(settings(std::to_string(room)), built_in_logic("relay"), relay_.sockets.now, room);
      for (SocketId player = 0; player < players; ++player) {
        relay_.open_and_join(room * players + player, std::to_string(player).c_str());
        walks_.emplace_back(room * players + player + 1, 1.0 / hz);
      }
    }
    for (int i = 0; i < 2 * hz; ++i) tick();
  }
  ~TenRooms() {
    if (store_) store_->stop();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  void play() {
    const int before = relay_.sockets.sends[0];
    for (int i = 0; i < hz * seconds; ++i) tick();
    const std::uint64_t kept = relay_.worker_stats.checkpoints.read();
    const bool well = relay_.sockets.sends[0] - before >= hz * seconds - 2 && relay_.sockets.closed.empty() && (store_ ? kept >= rooms * seconds : kept == 0);
    if (!well) std::fprintf(stderr, "%d frames, %d checkpoints\n", relay_.sockets.sends[0] - before, static_cast<int>(kept)), std::exit(1);
  }

 private:
  static RoomSettings settings(std::string id) {
    RoomSettings settings;
    settings.id = std::move(id);
    settings.type = "arena";
    settings.layout = stage_layout();
    settings.tick_rate = settings.send_rate = hz;
    return settings;
  }

  void keep() {
    std::string name = (std::filesystem::temp_directory_path() / "tickrelay-guard-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::exit(1);
    folder_ = name;
    auto opened = open_sqlite_store({.data_dir = folder_ + "/data"}, store_stats_);
    if (auto* why = std::get_if<std::string>(&opened)) std::fprintf(stderr, "%s\n", why->c_str()), std::exit(1);
    store_ = std::get<std::unique_ptr<Store>>(std::move(opened));
    keeper_ = std::make_unique<RoomKeeper>(*store_);
    relay_.worker.keep_with(*keeper_, 1'000'000'000);
  }

  void tick() {
    ++seq_;
    const auto& places = relay_.worker.places();
    for (SocketId socket = 0; socket < rooms * players; ++socket) {
      const SocketId index = socket / players;
      if (index >= places.size() || !places[index]->room) continue;
      const Room& room = *places[index]->room;
      if (room.seats().size() <= socket % players) continue;  // joins are paced
      const Placement& placement = walks_[socket].step(fields_);
      ActionWish action{.component = stage_component(), .seq = seq_};
      action.entity = room.seats()[socket % players]->entity;
      action.mask = 0x0f;
      action.data = {reinterpret_cast<const std::uint8_t*>(placement.data()), sizeof placement};
      const auto message = writer_.update({room.frames().tick(), 0, 0}, std::span(&action, 1));
      input_.resize(message.size() / 8 + 1);
      std::memcpy(input_.data(), message.data(), message.size());
      relay_.loop.received(socket, std::as_bytes(std::span(input_)).first(message.size()));
    }
    relay_.step(1'000'000'000 / hz);
  }

  Options options_;
  Bans bans_;
  StatsShard door_stats_, store_stats_;
  Doorman doorman_{options_, bans_, door_stats_, [this] { return relay_.sockets.now; }};
  std::string folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<RoomKeeper> keeper_;
  test::OneRelay relay_;
  std::vector<Walk> walks_;
  std::vector<Field> fields_ = std::vector<Field>(4, Field{.name = {}, .type = FieldType::Float32, .flags = FieldFlags::Quantised, .precision = 0.001});
  MessageWriter writer_;
  std::vector<std::uint64_t> input_;
  std::uint32_t seq_ = 0;
};

void ten_rooms(bool safe) {
  TenRooms ten(safe);
  tickrelay_guarded([&] { ten.play(); });
}

constexpr int ten_rooms_frames = TenRooms::rooms * TenRooms::players * TenRooms::hz * TenRooms::seconds;

std::vector<Part> parts() {
  return {{"decode_update", 64 * rounds, decode_updates},
          {"apply_set", 64 * rounds, apply_updates},
          {"encode_plain_all_of_64", rounds, [] { encode_plain(64, 1); }},
          {"encode_plain_a_tenth_of_1000", rounds, [] { encode_plain(1000, 10); }},
          {"encode_plain_nothing_of_1000", rounds, [] { encode_plain(1000, 0); }},
          {"encode_packed_all_of_64", rounds, [] { encode_packed(64); }},
          {"encode_whole_64", rounds, encode_whole},
          {"relay_frame_plain", 10 * rounds, [] { relay_tick(wire::Codec::Plain); }},
          {"relay_frame_packed", 10 * rounds, [] { relay_tick(wire::Codec::Packed); }},
          {"ten_rooms_open", ten_rooms_frames, [] { ten_rooms(false); }},
          {"ten_rooms_safe", ten_rooms_frames, [] { ten_rooms(true); }}};
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
