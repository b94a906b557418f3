#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "bench/net/clock.h"
#include "bench/peers/meter.h"
#include "bench/peers/results.h"
#include "bench/peers/runs.h"

namespace tickrelay::bench {
namespace {

// A player that is nothing but its number.
class Still final : public Player {
 public:
  using Player::Player;
  bool join(const std::string&) override { return true; }
  bool come_back() override { return true; }
  void drop() override {}
  Connection::Sent move(const Placement&) override { return Connection::Sent::written; }
  void on_writable() override {}
  void read() override {}
  void sweep() override {}
  const Connection& connection() const override { return connection_; }
  bool seated() const override { return true; }
  std::string room() const override { return "r"; }
  std::uint32_t entity() const override { return 10 + traits().number; }
  std::uint64_t bytes_received() const override { return bytes; }

  std::uint64_t bytes = 0;

 private:
  struct Nobody final : ConnectionEvents {
    void on_open() override {}
    void on_message(std::span<const std::uint8_t>) override {}
    void on_closed(int, const std::string&) override {}
  };
  Nobody nobody_;
  Connection connection_{nobody_, 1};
};

class MeterOfTwo : public testing::Test {
 protected:
  void SetUp() override {
    for (const Player* player : players) meter.seat(*player);
    meter.open(second_ns, 2 * second_ns, players);
  }
  Still first{Player::Traits{.number = 0, .decodes = true}}, second{Player::Traits{.number = 1}};
  std::vector<const Player*> players{&first, &second};
  Meter meter{1, 2, 20, 128};
};

TEST_F(MeterOfTwo, latency_is_from_the_intended_send_and_counts_once) {
  const Placement placement{1, 2, 3, 4};
  meter.on_move(second, placement, second_ns + 10 * ms_ns, second_ns + 12 * ms_ns);
  meter.on_value(first, second.entity(), placement, second_ns + 50 * ms_ns);
  meter.on_value(first, second.entity(), placement, second_ns + 90 * ms_ns);
  EXPECT_EQ(meter.metered().latency.count(), 1U);
  EXPECT_EQ(meter.metered().latency.max_ns(), 40 * ms_ns);
  EXPECT_EQ(meter.metered().values_matched, 1U);
  EXPECT_EQ(meter.metered().values_unknown, 0U);
}

TEST_F(MeterOfTwo, a_value_that_nobody_sent_is_counted) {
  meter.on_move(second, {1, 2, 3, 4}, second_ns, second_ns);
  meter.on_value(first, second.entity(), {1, 2, 3, 5}, second_ns + ms_ns);
  EXPECT_EQ(meter.metered().values_unknown, 1U);
  EXPECT_EQ(meter.metered().values_matched, 0U);
}

TEST_F(MeterOfTwo, frames_more_than_two_ticks_apart_are_late) {
  for (const std::int64_t at_ms : {950, 1'000, 1'050, 1'149, 1'250, 1'260}) meter.on_frame(first, at_ms * ms_ns);
  EXPECT_EQ(meter.metered().frames, 5U);
  EXPECT_EQ(meter.metered().frames_late, 1U);
  EXPECT_EQ(meter.metered().frames_expected, 40U);
}

TEST(Runs, medians_and_ratios_are_by_round) {
  EXPECT_EQ(median_of({3, 1, 2}), 2);
  EXPECT_EQ(median_of({4, 1, 2, 3}), 2.5);
  EXPECT_TRUE(std::isnan(median_of({})));
}

std::string run_line(const std::string& peer, int round, double us, double others_cpu = 0.01) {
  char text[1024];
  std::snprintf(
      text, sizeof text,
      R"({"series":"matrix","round":%d,"peer":"%s","version":"1.2.3","rooms":50,"players":10,"rate":20,)"
      R"("frames":{"expected":100,"received":99,"late":1},"latency_ms":{"p50":1,"p99":2,"p99_9":3},)"
      R"("state_age_ms":{"p99":60},"bytes_per_update":20.5,"server":{"cpu":0.5,"us_per_frame":%f,"rss_mib":7},)"
      R"("generator":{"saturated":false},"machine":{"load":1,"others_cpu":%f,"words":"this machine"}})",
      round, peer.c_str(), us, others_cpu);
  return std::string(text) + "\n";
}

TEST(Results, hold_the_medians_and_name_the_machine) {
  const std::string folder = testing::TempDir() + "peers_results";
  std::filesystem::create_directory(folder);
  {
    std::ofstream file(folder + "/runs.jsonl");
    for (int round = 1; round <= 5; ++round) {
      file << run_line("floor", round, 10.0 * round) << run_line("ws", round, round == 3 ? 90 : 20.0 * round);
    }
    file << run_line("ws", 6, 1'000, 0.8);
  }
  write_results({folder + "/runs.jsonl", folder + "/RESULTS.md", folder});
  std::ifstream file(folder + "/RESULTS.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(page.find("| bare epoll floor | 30.0 µs | 1.00 | 50 % | 99.0 % | 1.00 % | 1.0, 2.0, 3.0 ms |"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("| Node ws | 80.0 µs | 2.00 |"), std::string::npos) << page;
  EXPECT_NE(page.find("| 5 of 6 |"), std::string::npos) << page;  // others had most of a CPU in one of them
  EXPECT_NE(page.find("this machine"), std::string::npos);
  EXPECT_EQ(page.find("Preliminary"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder + "/peers-cpu.svg"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tickrelay::bench
