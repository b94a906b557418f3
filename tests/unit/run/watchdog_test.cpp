#include "relay/run/watchdog.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace tickrelay {
namespace {

constexpr std::int64_t one_ms = 1'000'000;

struct WatchdogTest : testing::Test {
  Lobby lobby{1};
  WorkerPort port{16};
  WorkerPort* ports[1] = {&port};
  StatsShard stats;
  std::vector<Watchdog::Stuck> told;
  Watchdog watchdog{ports, lobby, 5'000 * one_ms, stats, [this](const Watchdog::Stuck& stuck) { told.push_back(stuck); }};
};

TEST_F(WatchdogTest, says_once_which_room_a_worker_does_not_come_back_from) {
  RoomSettings settings;
  settings.id = "stuck";
  const RoomRecordPointer room = lobby.create(settings, {}, 0, 1);
  port.step_began_ns = 1'000 * one_ms;
  port.at_room = room.get();
  watchdog.look(5'999 * one_ms);
  EXPECT_TRUE(told.empty());
  watchdog.look(6'000 * one_ms);
  watchdog.look(9'000 * one_ms);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].room_id, "stuck");
  EXPECT_EQ(told[0].for_s, 5);
  EXPECT_EQ(stats.workers_stuck.read(), 1);
  port.step_began_ns = 0;
  watchdog.look(10'000 * one_ms);
  EXPECT_EQ(stats.workers_stuck.read(), 0) << "it came back";
}

TEST_F(WatchdogTest, a_room_that_is_gone_has_no_name) {
  port.step_began_ns = 1;
  port.at_room = reinterpret_cast<const RoomRecord*>(16);
  watchdog.look(6'000 * one_ms);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].room_id, "");
}

TEST(WatchdogThread, looks_by_itself_and_stops) {
  Lobby lobby(1);
  WorkerPort port(16);
  WorkerPort* ports[1] = {&port};
  StatsShard stats;
  std::mutex mutex;
  std::condition_variable changed;
  bool told = false;
  Watchdog watchdog(ports, lobby, 1, stats, [&](const Watchdog::Stuck&) {
    const std::scoped_lock lock(mutex);
    told = true;
    changed.notify_all();
  });
  port.step_began_ns = 1;
  watchdog.start([] { return std::int64_t{10}; });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return told; });
  lock.unlock();
  watchdog.stop();
}

}  // namespace
}  // namespace tickrelay
