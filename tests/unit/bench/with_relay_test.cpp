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

Json run_over(Server& server, const RoomSettings& room) {
  RunOptions options{.load = {.rooms = 2, .players = 4, .rate_hz = 20}, .room = room};
  options.warmup_ns = 500 * ms_ns, options.duration_ns = second_ns;
  return run_load(server, options, [](const std::string&) {});
}

// On a busy machine a tick may be late and a frame replaced by the next: of a few seconds one must be whole.
TEST(RunWithRelay, gets_every_frame_over_tls) {
  const RoomSettings room{.rate_hz = 20, .players = 4};
  Server server({.tls = true}, room);
  ASSERT_TRUE(server.endpoint().secure);
  Json report;
  for (int tries = 0; tries < 10 && (report.is_null() || report["frames"]["received"] != report["frames"]["expected"]); ++tries) {
    report = run_over(server, room);
    ASSERT_EQ(report["frames"]["expected"], 160);
    EXPECT_TRUE(report["errors"].empty()) << report["errors"];
    EXPECT_EQ(report["values"]["unknown"], 0);
    EXPECT_GT(report["values"]["matched"].get<int>(), 0);
  }
  EXPECT_EQ(report["frames"]["received"], 160);
  EXPECT_EQ(report["frames"]["missing"], 0);
  EXPECT_GT(report["server"]["cpu_us_per_frame"].get<double>(), 0);
  EXPECT_GT(report["generator"]["cpu_s_per_s"].get<double>(), 0);
}

TEST(RunWithRelay, trusts_whom_it_is_told_to_over_tls) {
  const RoomSettings room{.rate_hz = 20, .players = 4};
  Server started({.tls = true}, room);
  const std::string url = "wss://" + started.endpoint().host;
  const std::string certificate = std::filesystem::path(started.admin_path()).replace_filename("cert.pem");
  const auto why = [&](const ServerChoice& choice) -> std::string {
    Server server(choice, room);
    Load load(server.endpoint(), {.rooms = 1, .players = 1, .rate_hz = 20});
    return load.gather(10 * second_ns);
  };
  EXPECT_EQ(why({.url = url, .ca_file = certificate}), "");
  EXPECT_EQ(why({.url = url, .insecure = true}), "");
  EXPECT_NE(why({.url = url}).find("the server's certificate: self-signed certificate (--ca FILE, or --insecure)"), std::string::npos) << why({.url = url});
  EXPECT_THROW(why({.url = url, .ca_file = "/nowhere/ca.pem"}), std::runtime_error);
  EXPECT_NE(why({.url = "ws://" + started.endpoint().host}), "") << "in clear it is not answered";
}

TEST(RunWithRelay, reads_rooms_with_views_in_both_codecs) {
  for (const std::string codec : {"plain", "packed"}) {
    const RoomSettings room{.rate_hz = 20, .players = 16, .codec = codec, .view_radius = 40};
    Server server({}, room);
    RunOptions options{.load = {.rooms = 1, .players = 16, .rate_hz = 20, .entities = 3}, .room = room};
    options.warmup_ns = 500 * ms_ns, options.duration_ns = 2 * second_ns;
    const Json report = run_load(server, options, [](const std::string&) {});
    EXPECT_TRUE(report["errors"].empty()) << codec << report["errors"];  // "copy lost" among them
    EXPECT_GE(report["frames"]["received"].get<int>(), 500) << codec;
    EXPECT_EQ(report["values"]["unknown"], 0) << codec;
    // One decodes. It sees itself and what comes near, not all sixteen.
    EXPECT_GE(report["values"]["matched"].get<int>(), 30) << codec;
    EXPECT_LE(report["values"]["matched"].get<int>(), 14 * 40) << codec;
  }
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

TEST(StormWithRelay, comes_back_over_tls_with_the_sessions_that_it_was_given) {
  Server server({.tls = true}, {.rate_hz = 20, .players = 5});
  Storm storm(server.endpoint(), {.rooms = 4, .players = 5, .within_ns = 200 * ms_ns, .patience_ns = 15 * second_ns});
  ASSERT_EQ(storm.gather(10 * second_ns), "");
  storm.play(now_ns() + 500 * ms_ns);
  EXPECT_EQ(storm.drop_all_and_return().lost, 0U);
  std::string metrics;
  const auto all_resumed = [&] {
    metrics = http_get(*server.metrics()).value_or("");
    return metrics.find("\ntickrelay_tls_handshakes_total{result=\"resumed\"} 20\n") != std::string::npos;
  };
  const std::int64_t give_up_ns = now_ns() + 10 * second_ns;  // the relay counts them up now and then
  while (!all_resumed() && now_ns() < give_up_ns) sleep_until_ns(now_ns() + 50 * ms_ns);
  EXPECT_TRUE(all_resumed()) << metrics.substr(metrics.find("tickrelay_tls_handshakes"), 300);
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
