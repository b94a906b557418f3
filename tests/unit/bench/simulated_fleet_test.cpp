#include "bench/fleet/simulated_fleet.h"

#include <gtest/gtest.h>

namespace tickrelay::bench {
namespace {

FleetReport run(FleetTrouble::Kind kind) {
  FleetPlan plan;
  plan.players_peak = 20'000;
  plan.night = 0.9;
  plan.rooms_per_node = 200;
  plan.match_s = 300;
  plan.hours = 0.25;
  plan.troubles = {{.kind = kind, .at_ns = 300 * fleet_second}};
  return SimulatedFleet(plan).run([](const FleetSample&) {});
}

TEST(SimulatedFleet, ACrashedProcessIsNoticedByItsAddress) {
  const FleetReport report = run(FleetTrouble::Kind::crash);
  ASSERT_EQ(report.recoveries.size(), 1u);
  const FleetRecovery& recovery = report.recoveries[0];
  EXPECT_EQ(recovery.nodes, 1u);
  EXPECT_GT(recovery.rooms, 50u);
  EXPECT_LT(recovery.noticed_s, 2.6) << "a beat, 1.25 s of silence, a look each 0.25 s";
  EXPECT_GE(recovery.all_s, recovery.most_s);
  EXPECT_GT(recovery.most_s, recovery.noticed_s);
  EXPECT_LT(recovery.all_s, 4);
}

TEST(SimulatedFleet, AMachineThatIsGoneIsNoticedByItsLease) {
  const FleetRecovery recovery = run(FleetTrouble::Kind::power).recoveries.at(0);
  EXPECT_GE(recovery.noticed_s, 10);
  EXPECT_LT(recovery.noticed_s, 12);
  EXPECT_LT(recovery.all_s, 14);
}

TEST(SimulatedFleet, ARegionsRoomsAreTakenUpByTheOthers) {
  const FleetRecovery recovery = run(FleetTrouble::Kind::region).recoveries.at(0);
  EXPECT_GT(recovery.nodes, 2u);
  EXPECT_GT(recovery.rooms, 300u);
  EXPECT_LT(recovery.all_s, 20);
  EXPECT_GT(recovery.load_after, 0.7);
}

TEST(SimulatedFleet, WhileJetStreamElectsRoomsGoOn) {
  const FleetRecovery recovery = run(FleetTrouble::Kind::leader).recoveries.at(0);
  EXPECT_EQ(recovery.rooms, 0u);
  EXPECT_GT(recovery.late_s, 4);
  EXPECT_LT(recovery.late_s, 5.5);
}

TEST(SimulatedFleet, NodesFollowTheDayAndRoomsAreSpreadEvenly) {
  FleetPlan plan;
  plan.players_peak = 6'000;
  plan.rooms_per_node = 60;
  plan.hours = 18;
  std::size_t most = 0;
  const FleetReport report = SimulatedFleet(plan).run([&](const FleetSample& sample) {
    most = std::max(most, sample.nodes);
    EXPECT_LT(sample.load_max, 0.95) << sample.hour;
  });
  EXPECT_EQ(report.rooms_overloaded, 0u);
  EXPECT_GE(most, 12u);
  EXPECT_LE(report.samples.front().nodes, 6u);
  EXPECT_LE(report.samples.back().nodes, most - 3);
  EXPECT_GT(report.rooms_moved, 0u) << "who is drained hands its rooms over";
}

}  // namespace
}  // namespace tickrelay::bench
