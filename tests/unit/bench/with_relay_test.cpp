// The bench against the real relay: `tickrelay` beside this program.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <future>
#include <map>
#include <thread>

#include "bench/load/admin.h"
#include "bench/load/clock_offset.h"
#include "bench/load/replay.h"
#include "bench/load/run.h"
#include "bench/load/schema_compiler.h"
#include "bench/load/storm.h"
#include "bench/load/synthetic_recording.h"
#include "bench/net/base64.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

TEST(RunWithRelay, reports_frames_values_and_ticks_of_both_codecs) {
  std::map<std::string, double> bytes_per_update;
  for (const std::string codec : {"plain", "packed"}) {
    const RoomSettings room{.rate_hz = 20, .players = 4, .codec = codec};
    Server server({}, room);
    RunOptions options{.load = {.rooms = 3, .players = 4, .rate_hz = 20}, .room = room};
    options.warmup_ns = 500 * ms_ns, options.duration_ns = second_ns;
    const Json report = run_load(server, options, [](const std::string&) {});
    EXPECT_EQ(report["frames"]["expected"], 240);
    EXPECT_GE(report["frames"]["received"].get<int>(), 190);
    EXPECT_TRUE(report["errors"].empty()) << report["errors"];
    EXPECT_GT(report["server"]["rss_kib"].get<int>(), 0);
    EXPECT_TRUE(report["server"].contains("ticks_skipped"));
    EXPECT_EQ(report["values"]["unknown"], 0);
    // One in sixteen decodes: one of the twelve, which sees four players move.
    EXPECT_GE(report["values"]["matched"].get<int>(), 40) << codec;
    EXPECT_GT(report["latency_ms"]["p50"].get<double>(), 0) << codec;
    EXPECT_GT(report["state_age_ms"]["p50"].get<double>(), 0) << codec;
    bytes_per_update[codec] = report["bytes"]["per_entity_update"].get<double>();
    EXPECT_GT(bytes_per_update[codec], 4) << codec;
  }
  EXPECT_LT(bytes_per_update["packed"], bytes_per_update["plain"]);
}

TEST(StormWithRelay, brings_everybody_back) {
  Server server({}, {.rate_hz = 20, .players = 5});
  Storm storm(server.endpoint(), {.rooms = 4, .players = 5, .within_ns = 200 * ms_ns, .patience_ns = 15 * second_ns});
  ASSERT_EQ(storm.gather(10 * second_ns), "");
  storm.play(now_ns() + 500 * ms_ns);
  const StormResult result = storm.drop_all_and_return();
  EXPECT_EQ(result.lost, 0U) << result.first_failure;
  EXPECT_EQ(result.back.count(), 20U);
}

// By recorded type, the values of all entities, sorted: a watcher does not know which entity is which.
using Picture = std::vector<std::vector<std::string>>;

Picture picture_of(const Recording& recording, const RecordedSchema& schema, std::size_t tick) {
  Picture picture(recording.types().size());
  std::vector<RecordedEntity> entities;
  recording.tick(tick, entities);
  for (const RecordedEntity& entity : entities) {
    std::string& bytes = picture[entity.type].emplace_back();
    for (std::size_t field = 0; field < entity.values.size(); ++field) {
      bytes.append(reinterpret_cast<const char*>(&entity.values[field]),
                   schema.columns[entity.type].field_bytes[field]);
    }
  }
  for (auto& values : picture) std::sort(values.begin(), values.end());
  return picture;
}

// Holds its copy against the recording at every frame.
class Watcher final : public ClientEvents {
 public:
  Watcher(const Recording& recording, const RecordedSchema& schema) : recording_(recording), schema_(schema) {}

  void on_frame(Client& client, const FrameFacts&, std::int64_t) override {
    const Mirror& mirror = *client.mirror();
    const auto value = mirror.value(*mirror.layout().find(schema_.tick_component), 0);
    if (value.size() != sizeof(std::uint32_t)) return;
    std::memcpy(&tick, value.data(), sizeof tick);
    Picture picture;
    for (const RecordedColumn& column : schema_.columns) {
      auto& values = picture.emplace_back();
      const auto component = *mirror.layout().find(column.component);
      for (const auto& [entity, bytes] : mirror.all(component)) values.emplace_back(bytes.begin(), bytes.end());
      std::sort(values.begin(), values.end());
    }
    ++frames;
    exact = picture == picture_of(recording_, schema_, tick);
    exact_frames += exact ? 1 : 0;
  }

  std::uint32_t tick = 0;
  int frames = 0, exact_frames = 0;
  bool exact = false;  // at the last frame

 private:
  const Recording& recording_;
  const RecordedSchema& schema_;
};

class ReplayWithRelay : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(InBothCodecs, ReplayWithRelay, testing::Values("plain", "packed"));

TEST_P(ReplayWithRelay, is_seen_as_it_was_recorded) {
  constexpr std::uint32_t ticks = 90;
  const Recording recording = Recording::parse(synthetic_recording({.bodies = 80, .ticks = ticks, .hz = 30}));
  const RecordedSchema schema = recorded_schema(recording);
  Server server({}, {});
  Admin admin(server.admin_path());
  const std::string compiled = compile_schema(schema.text);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(compiled.data());
  const nlohmann::json spawned = admin.call("room.spawn", {{"id", "recorded"},
                                                           {"schema", base64({bytes, compiled.size()})},
                                                           {"tick_rate", 30},
                                                           {"codec", GetParam()},
                                                           {"authority", "server"}});
  ASSERT_EQ(spawned.at("room_id"), "recorded");

  Watcher watcher(recording, schema);
  Crowd crowd(server.endpoint(), watcher);
  Client& client = crowd.add({.decodes = true});
  ASSERT_TRUE(crowd.join(client, {.mode = wire::JoinMode::ById, .room_id = "recorded"}));
  std::promise<void> seen;
  std::thread replaying([&] {
    Replay replay(server.endpoint(), recording, schema, *measure_server_ahead_ns(server.endpoint()));
    replay.join({.mode = wire::JoinMode::ById, .room_id = "recorded", .role = wire::Role::Authority}, 5 * second_ns);
    replay.play(ticks, [](std::size_t) {});
    EXPECT_EQ(replay.counts().ticks, ticks);
    EXPECT_TRUE(replay.counts().refused.empty());
    seen.get_future().wait();  // its entities go with it
  });
  const std::int64_t give_up_ns = now_ns() + 20 * second_ns;
  while (now_ns() < give_up_ns && !(watcher.tick == ticks - 1 && watcher.exact)) {
    crowd.poll(5 * ms_ns);
    crowd.sweep(now_ns());
  }
  seen.set_value();
  replaying.join();
  EXPECT_EQ(watcher.tick, ticks - 1);
  EXPECT_TRUE(watcher.exact);
  // A tick that arrived in two of the room's may be seen half; that is rare.
  EXPECT_GT(watcher.exact_frames, watcher.frames * 3 / 4);
}

}  // namespace
}  // namespace tickrelay::bench
