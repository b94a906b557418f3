// The load against the floor: what the bench measures and what it measures with, in one process.

#include "bench/load/load.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "bench/floor/floor.h"
#include "bench/load/clock_offset.h"
#include "bench/load/storm.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

class RunningFloor {
 public:
  explicit RunningFloor(FloorOptions options)
      : listening_(listen_socket(*resolve("127.0.0.1:0", "/v1"))),
        floor_(listening_, options),
        thread_([this] { floor_.run(stop_); }) {}
  ~RunningFloor() {
    stop_ = true;
    thread_.join();
    close(listening_);
  }
  Endpoint endpoint() const { return *resolve("127.0.0.1:" + std::to_string(local_port(listening_)), "/v1"); }

 private:
  int listening_;
  std::atomic<bool> stop_{false};
  Floor floor_;
  std::thread thread_;
};

const Measured& play_a_second(Load& load) {
  EXPECT_EQ(load.gather(10 * second_ns), "");
  load.play(now_ns() + 300 * ms_ns, [](std::int64_t) {});
  const std::int64_t begin_ns = now_ns();
  load.tally().open(begin_ns, begin_ns + second_ns);
  load.play(begin_ns + second_ns, [](std::int64_t) {});
  load.tally().close();
  load.play(begin_ns + second_ns + 300 * ms_ns, [](std::int64_t) {});
  return load.tally().measured();
}

void expect_sound(const Measured& measured, std::uint64_t frames) {
  EXPECT_EQ(measured.frames_expected, frames);
  EXPECT_LE(measured.frames_received, frames);
  EXPECT_GE(measured.frames_received, frames * 8 / 10);  // the machine may have a bad second
  EXPECT_GT(measured.values_matched, 0U);
  EXPECT_EQ(measured.values_unknown, 0U);
  EXPECT_TRUE(measured.errors.empty()) << measured.errors.begin()->first;
  EXPECT_LT(measured.latency_beyond_tick.quantile_ns(0.5), measured.latency.quantile_ns(0.5));
  EXPECT_GT(measured.state_age.count(), 0U);
}

TEST(Load, measures_every_frame_of_the_floor) {
  RunningFloor floor({.rate_hz = 20});
  Load load(floor.endpoint(), {.rooms = 3, .players = 4, .rate_hz = 20});
  const Measured& measured = play_a_second(load);
  expect_sound(measured, 3 * 4 * 20);
  // Four entities a frame: 16 bytes of values and 4 of id, and the frame around them.
  const double per_update = static_cast<double>(measured.decoded_bytes) / static_cast<double>(measured.decoded_updates);
  EXPECT_GT(per_update, 20);
  EXPECT_LT(per_update, 50);
  ASSERT_EQ(measured.seconds.size(), 1U);
  const Second& second = measured.seconds[0];
  EXPECT_GT(second.frames, 3 * 4 * 20 * 7U / 10);  // the last tick's may arrive after it
  EXPECT_LE(second.frames, measured.frames_received);
  EXPECT_EQ(second.bytes, measured.bytes);
  EXPECT_GT(second.latency_p50_ns, 0);
  EXPECT_LE(second.latency_p99_ns, measured.latency.max_ns());
  EXPECT_GT(second.state_age_p99_ns, 0);
}

TEST(Load, measures_rooms_whose_ticks_are_spread_and_read_late) {
  RunningFloor floor({.rate_hz = 30, .stagger = true, .lazy = true});
  Load load(floor.endpoint(), {.rooms = 4, .players = 2, .rate_hz = 30});
  expect_sound(play_a_second(load), 4 * 2 * 30);
}

TEST(Load, keeps_slow_clients_apart) {
  RunningFloor floor({.rate_hz = 20});
  Load load(floor.endpoint(), {.rooms = 1,
                               .players = 10,
                               .rate_hz = 20,
                               .slow_fraction = 0.2,
                               .slow_bytes_per_s = 500,
                               .slow_receive_buffer_bytes = 2'048});
  const Measured& measured = play_a_second(load);
  EXPECT_EQ(measured.slow_clients, 2U);
  EXPECT_EQ(measured.frames_expected, 8U * 20);
  EXPECT_GT(measured.slow_state_age.quantile_ns(0.9), 2 * measured.state_age.quantile_ns(0.9));
  EXPECT_LE(measured.slow_bytes, 2 * 600U);
}

TEST(Load, says_why_nobody_could_join) {
  Load load(*resolve("127.0.0.1:1", "/v1"), {.rooms = 1, .players = 2, .rate_hz = 20});
  EXPECT_NE(load.gather(2 * second_ns), "");
}

TEST(ClockOffset, of_a_server_on_the_same_clock_is_zero) {
  RunningFloor floor({.rate_hz = 20});
  EXPECT_EQ(measure_server_ahead_ns(floor.endpoint()), 0);
}

// The floor keeps no seats: nobody comes back.
TEST(Storm, counts_who_is_lost) {
  RunningFloor floor({.rate_hz = 20});
  Storm storm(floor.endpoint(), {.rooms = 2, .players = 3, .within_ns = 100 * ms_ns, .patience_ns = 400 * ms_ns});
  ASSERT_EQ(storm.gather(5 * second_ns), "");
  storm.play(now_ns() + 200 * ms_ns);
  const StormResult result = storm.drop_all_and_return();
  EXPECT_EQ(result.lost, 6U);
  EXPECT_NE(result.first_failure, "");
}

}  // namespace
}  // namespace tickrelay::bench
