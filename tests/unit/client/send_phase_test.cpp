#include "send_phase.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <vector>

namespace tickrelay {
inline namespace sdk {
namespace {

constexpr std::int64_t period = 50'000;
constexpr std::int64_t zero = 7'777;

// A game that polls now and then, and a relay that times what comes. The relay's clock is the game's.
struct Play {
  double way_us = 30'000;
  double jitter_us = 300;
  std::uint32_t late_every = 0;  // so many, one takes 60 ms longer
  std::int64_t poll_us = 1'000;
  bool asks = false;
  bool aligned = true;
  std::int64_t guess_us = 60'000;

  std::mt19937 chance{5};
  SendPhase phase{};
  std::vector<std::int64_t> early{};  // of those after it settled

  void run(std::int64_t seconds) {
    phase.start(zero, period, aligned, guess_us);
    std::uint32_t seq = 0;
    int calls = 0;
    for (std::int64_t now = 0; now < seconds * 1'000'000; now += asks ? std::max<std::int64_t>(phase.next_us(now), 1) : poll_us) {
      if (!phase.due(now, now)) continue;
      ++calls;
      phase.wrote(++seq, now);
      const bool late = late_every != 0 && seq % late_every == 0;
      const double took = way_us + std::abs(std::normal_distribution<>(0, jitter_us)(chance)) + (late ? 60'000 : 0);
      const std::int64_t read = now + static_cast<std::int64_t>(took);
      const std::int64_t since = (read - zero) % period;
      const std::int64_t told = since <= 0 ? -since : period - since;
      phase.told(seq, static_cast<std::uint32_t>(std::max<std::int64_t>(told, 1)));
      if (now > seconds * 500'000 && !late) early.push_back(told);
    }
    EXPECT_NEAR(calls, static_cast<double>(seconds) * 20, 3) << "once a tick";
    std::ranges::sort(early);
  }
  [[nodiscard]] std::int64_t at(double share) const {
    return early[static_cast<std::size_t>(share * static_cast<double>(early.size() - 1))];
  }
};

TEST(SendPhase, WhatIsSentArrivesJustBeforeTheTick) {
  for (const double way : {0., 12'000., 30'000., 49'000., 140'000.}) {
    Play play{.way_us = way, .guess_us = 0};
    play.run(20);
    EXPECT_GE(play.at(0.01), 1'000) << way;
    EXPECT_LE(play.at(0.99), 5'000) << way;
  }
}

TEST(SendPhase, MoreJitterIsSentEarlier) {
  Play play{.jitter_us = 4'000};
  play.run(20);
  EXPECT_GE(play.at(0.03), 500);
  EXPECT_LE(play.at(0.93), 16'000) << "a few miss their tick: that is what a percentile says";
}

TEST(SendPhase, OneLateMessageMovesNothing) {
  Play play{.late_every = 50};
  play.run(20);
  EXPECT_GE(play.at(0.01), 1'000);
  EXPECT_LE(play.at(0.99), 5'000);
}

TEST(SendPhase, AGameThatSleepsUntilItIsDueIsOnTime) {
  Play play{.asks = true};
  play.run(20);
  EXPECT_GE(play.at(0.01), 1'500);
  EXPECT_LE(play.at(0.99), 4'500);
}

TEST(SendPhase, AFrameRateSendsAtTheLastPollBeforeTheMoment) {
  Play play{.poll_us = 16'667};
  play.run(30);
  EXPECT_GE(play.at(0.02), 1'000);
  EXPECT_LE(play.at(0.99), 16'667 + 5'000);
}

TEST(SendPhase, UnalignedItKeepsItsOwnPhase) {
  Play play{.aligned = false};
  play.run(10);
  EXPECT_EQ(play.phase.lead_us(), 0);
  EXPECT_NEAR(static_cast<double>(play.at(0.5)), 20'000, 1'500) << "30 ms after a tick of its own";
}

TEST(SendPhase, ItMovesInSmallSteps) {
  SendPhase phase;
  phase.start(zero, period, true, 0);
  double before = phase.lead_us();
  for (std::uint32_t seq = 1; seq < 200; ++seq) {
    const std::int64_t now = seq * period;
    phase.wrote(seq, now);
    phase.told(seq, seq < 100 ? 20'000 : 45'000);
    phase.due(now, now);
    ASSERT_LE(std::abs(phase.lead_us() - before), 500.001);
    before = phase.lead_us();
  }
}

}  // namespace
}  // namespace sdk
}  // namespace tickrelay
