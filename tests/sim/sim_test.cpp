// The simulator as tests, and by hand: sim_test --seed N replays one seed and prints what it did.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "relay/log.h"
#include "simulation.h"

namespace tickrelay::sim {
namespace {

std::uint64_t seeds_from_environment(std::uint64_t otherwise) {
  const char* text = std::getenv("TICKRELAY_SIM_SEEDS");
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void print(const Outcome& outcome, std::uint64_t seed) {
  const Tally& tally = outcome.tally;
  std::printf(
      "seed %llu: %s at %.3f s; %llu ticks, %llu players, %llu frames applied, %llu events, %llu actions confirmed\n",
      static_cast<unsigned long long>(seed), outcome.broken.empty() ? "every rule held" : outcome.broken.c_str(),
      static_cast<double>(outcome.at_ns) / 1e9, static_cast<unsigned long long>(tally.ticks),
      static_cast<unsigned long long>(tally.players), static_cast<unsigned long long>(tally.frames_applied),
      static_cast<unsigned long long>(tally.events_delivered),
      static_cast<unsigned long long>(tally.actions_confirmed));
}

void print_faults(const Tally& tally) {
  for (std::size_t i = 0; i < fault_names.size(); ++i)
    std::printf("  %-24s %llu\n", fault_names[i], static_cast<unsigned long long>(tally.faults[i]));
}

int replay(std::uint64_t first, std::uint64_t count, bool verbose) {
  Tally all;
  std::uint64_t broken = 0;
  const auto started = std::chrono::steady_clock::now();
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Outcome outcome = Simulation({.seed = seed, .verbose = verbose}).run();
    if (!outcome.broken.empty()) ++broken;
    if (!outcome.broken.empty() || count == 1) print(outcome, seed);
    all.add(outcome.tally);
  }
  const double took_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  print_faults(all);
  std::printf("%llu of %llu seeds broke a rule; %.0f seeds a minute, %.0f ticks a seed, %.1f players a seed, at most %.2f and %.2f of its memory held\n",
              static_cast<unsigned long long>(broken), static_cast<unsigned long long>(count),
              static_cast<double>(count) / took_s * 60, static_cast<double>(all.ticks) / static_cast<double>(count),
              static_cast<double>(all.players) / static_cast<double>(count),
              all.bytes_share, all.pieces_share);
  return broken == 0 ? 0 : 1;
}

TEST(Simulation, every_rule_holds_in_every_seed) {
  const std::uint64_t seeds = seeds_from_environment(500);
  Tally all;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Outcome outcome = Simulation({.seed = seed}).run();
    EXPECT_EQ(outcome.broken, "") << "replay with: sim_test --seed " << seed;
    all.add(outcome.tally);
  }
  EXPECT_GE(all.ticks, seeds * 100);
  EXPECT_GE(all.players, seeds * 4);
  if (seeds < 100) return;  // how often a fault is drawn says nothing about a few seeds, such as a sanitizer's
  for (std::size_t i = 0; i < fault_names.size(); ++i)
    EXPECT_GE(all.faults[i] * 200, seeds) << "too rare: " << fault_names[i];
}

TEST(Simulation, replays_a_seed_exactly) {
  const std::uint64_t seeds = std::min<std::uint64_t>(seeds_from_environment(16), 16);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Outcome first = Simulation({.seed = seed}).run(), second = Simulation({.seed = seed}).run();
    EXPECT_EQ(first.broken, second.broken);
    EXPECT_EQ(first.at_ns, second.at_ns) << seed;
    EXPECT_EQ(first.tally.faults, second.tally.faults) << seed;
    EXPECT_EQ(first.tally.actions_confirmed, second.tally.actions_confirmed) << seed;
    EXPECT_EQ(first.tally.frames_applied, second.tally.frames_applied) << seed;
  }
}

}  // namespace
}  // namespace tickrelay::sim

int main(int argc, char** argv) {
  std::uint64_t seed = 0, count = 1;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--seed") == 0) seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--count") == 0) count = std::strtoull(argv[i + 1], nullptr, 10);
  }
  tickrelay::log::set_level(tickrelay::log::Level::off);  // who is refused is of no interest here
  if (seed != 0) return tickrelay::sim::replay(seed, count, true);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
