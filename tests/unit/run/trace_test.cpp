#include "relay/run/trace.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "one_relay.h"

namespace tickrelay {
namespace {

using Json = nlohmann::json;
using Kind = TraceSpan::Kind;

class TraceTest : public testing::Test {
 protected:
  std::string path = (std::filesystem::temp_directory_path() /
                      ("tickrelay-trace-" + std::to_string(getpid()) + testing::UnitTest::GetInstance()->current_test_info()->name()))
                         .string();
  std::string error;

  void TearDown() override { std::filesystem::remove(path); }
  Trace::Options options(std::uint64_t bytes_max = 1 << 24) const { return {path, bytes_max, [] { return std::int64_t{0}; }}; }
  // Throws where it is not whole.
  Json read() const {
    std::ifstream file(path);
    return Json::parse(file);
  }
  static std::vector<Json> spans(const Json& trace, std::string_view name) {
    std::vector<Json> found;
    for (const Json& event : trace["traceEvents"])
      if (event["name"] == name && event["ph"] == "X") found.push_back(event);
    return found;
  }
  static TraceSpan tick(std::int64_t at_ns, std::string_view room = "r") {
    return {.kind = Kind::tick, .begin_ns = at_ns, .end_ns = at_ns + 1'500, .figures = {7, 2'001}, .room = TraceRoom(room)};
  }
};

TEST_F(TraceTest, a_span_is_in_the_file_as_it_was) {
  Trace trace(options());
  ASSERT_TRUE(trace.open(error)) << error;
  trace.worker(3).put(tick(1'234'567));
  trace.write();
  const std::vector<Json> found = spans(read(), "tick");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["ts"], 1234.567);
  EXPECT_EQ(found[0]["dur"], 1.5);
  EXPECT_EQ(found[0]["tid"], Trace::worker_thread(3));
  EXPECT_EQ(found[0]["args"], (Json{{"tick", 7}, {"late_us", 2.001}, {"room", "r"}}));
}

TEST_F(TraceTest, the_file_is_whole_after_each_write_and_tells_its_threads) {
  Trace trace(options());
  ASSERT_TRUE(trace.open(error)) << error;
  TraceTrack& worker = trace.worker(0);
  trace.loop(1);
  for (int i = 0; i < 5; ++i) {
    trace.write();
    const Json now = read();
    EXPECT_EQ(spans(now, "tick").size(), static_cast<std::size_t>(i));
    EXPECT_EQ(now["otherData"], (Json{{"spans", i}, {"left_out", 0}}));
    worker.put(tick(i));
  }
  std::map<std::uint32_t, std::string> names;
  const Json last = read();
  for (const Json& event : last["traceEvents"])
    if (event["name"] == "thread_name") names[event["tid"]] = event["args"]["name"];
  EXPECT_EQ(names, (std::map<std::uint32_t, std::string>{{Trace::worker_thread(0), "worker-0"}, {Trace::loop_thread(1), "loop-1"}}));
}

TEST_F(TraceTest, a_full_ring_leaves_spans_out_and_counts_them) {
  Trace trace(options());
  ASSERT_TRUE(trace.open(error)) << error;
  TraceTrack& worker = trace.worker(0);
  for (std::size_t i = 0; i < TraceTrack::spans_max + 5; ++i) worker.put(tick(static_cast<std::int64_t>(i)));
  trace.write();
  worker.put(tick(1));  // there is room again
  trace.write();
  EXPECT_EQ(read()["otherData"], (Json{{"spans", TraceTrack::spans_max + 1}, {"left_out", 5}}));
}

TEST_F(TraceTest, a_full_file_keeps_its_size_and_says_what_it_left_out) {
  constexpr std::uint64_t bytes_max = 65'536;
  Trace trace(options(bytes_max));
  ASSERT_TRUE(trace.open(error)) << error;
  TraceTrack& worker = trace.worker(0);
  for (int i = 0; i < 3'000; ++i) {
    worker.put(tick(i));
    if (i % 100 == 99) trace.write();
  }
  const Json now = read();
  const auto written = spans(now, "tick").size();
  EXPECT_LE(std::filesystem::file_size(path), bytes_max);
  EXPECT_GT(std::filesystem::file_size(path), bytes_max * 9 / 10);
  EXPECT_EQ(now["otherData"], (Json{{"spans", written}, {"left_out", 3'000 - written}}));
}

TEST_F(TraceTest, whatever_a_room_is_called_the_file_is_json) {
  Trace trace(options());
  ASSERT_TRUE(trace.open(error)) << error;
  TraceTrack& worker = trace.worker(0);
  for (const char* room : {"a\"b\\", "\x01\n", "\xff\xfe", "J\xc3\xb3n"}) worker.put(tick(0, room));
  trace.write();
  std::vector<std::string> rooms;
  for (const Json& span : spans(read(), "tick")) rooms.push_back(span["args"]["room"]);
  EXPECT_EQ(rooms, (std::vector<std::string>{"a\"b\\", "??", "??", "J\xc3\xb3n"}));
}

TEST_F(TraceTest, a_file_that_cannot_be_made_is_told_of) {
  Trace trace({"/nowhere/at/all.json", 65'536, [] { return std::int64_t{0}; }});
  EXPECT_FALSE(trace.open(error));
  EXPECT_NE(error.find("/nowhere/at/all.json"), std::string::npos) << error;
}

// Time stands still within a step here, so that every figure is known.
TEST_F(TraceTest, a_batch_is_followed_from_its_tick_to_its_write) {
  Trace trace(options());
  ASSERT_TRUE(trace.open(error)) << error;
  TraceTrack& worker = trace.worker(0);
  RoomSettings settings;
  settings.id = "followed";
  settings.tick_rate = settings.send_rate = 20;
  test::OneRelay relay(settings, built_in_logic("relay"), nullptr, &trace.loop(0));
  relay.worker.trace_with(&worker);
  for (SocketId socket = 0; socket < 3; ++socket) relay.open_and_join(socket);
  relay.step_ticks(10);
  trace.write();
  const Json now = read();
  const auto ticks = spans(now, "tick"), encodes = spans(now, "encode"), writes = spans(now, "write"), passes = spans(now, "pass");
  ASSERT_GE(ticks.size(), 9U);
  ASSERT_FALSE(encodes.empty());
  ASSERT_FALSE(writes.empty());
  EXPECT_EQ(writes[0]["args"]["connections"], 3);
  EXPECT_EQ(writes[0]["args"]["room"], "followed");
  std::map<std::string, std::string> phases;  // of each batch, in order
  for (const Json& event : now["traceEvents"])
    if (event.contains("id")) phases[event["id"]] += event["ph"].get<std::string>();
  EXPECT_EQ(phases.size(), writes.size());
  for (const auto& [id, all] : phases) EXPECT_EQ(all, "sbef") << id;
  std::uint64_t bytes = 0, sent = 0;
  for (const Json& pass : passes) bytes += pass["args"]["bytes"].get<std::uint64_t>();
  for (const Json& write : writes) sent += write["args"]["bytes"].get<std::uint64_t>();
  EXPECT_EQ(bytes, sent);
  for (std::size_t i = 1; i < ticks.size(); ++i) EXPECT_GT(ticks[i]["args"]["tick"], ticks[i - 1]["args"]["tick"]);
}

}  // namespace
}  // namespace tickrelay
