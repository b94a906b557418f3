#include "bench/load/scale.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tickrelay::bench {
namespace {

Json scaled_report(double cpu_s_per_s, double rss_kib, bool saturated = false, double received = 1'000) {
  return {{"config", {{"duration_s", 2}}},
          {"frames", {{"expected", 1'000}, {"received", received}}},
          {"bytes", {{"received", 40'000}, {"per_entity_update", 6.5}}},
          {"server",
           {{"cpu_s_per_s", cpu_s_per_s}, {"cpu_us_per_frame", 9.5}, {"rss_kib", rss_kib}, {"ticks_skipped", 0}, {"tick_lateness_ms", {{"p99", 0.25}}}}},
          {"generator", {{"saturated", saturated}}},
          {"notices", Json::array()},
          {"errors", Json::object()}};
}

ScalePoint scaled_point(std::uint32_t at, std::uint32_t players = 10) {
  ScalePoint point{.at = at};
  point.load.rooms = players / 10;
  point.load.players = 10;
  return point;
}

Json scaled_part(const Json& rows) {
  return {{"what", "Rooms & players."}, {"axis", "rooms"}, {"machine", "a machine"}, {"window_s", 2}, {"codec", "packed"}, {"rows", rows}};
}

const ScalePart& part_named(const std::vector<ScalePart>& parts, const char* name) {
  return *std::ranges::find(parts, name, &ScalePart::name);
}

TEST(Scale, its_parts_reach_from_the_smallest_to_the_limits) {
  const auto parts = scale_parts("plain");
  const auto ends = [&](const char* name) { return std::pair(part_named(parts, name).points.front().at, part_named(parts, name).points.back().at); };
  EXPECT_EQ(ends("players"), std::pair(2U, 1'000U));
  EXPECT_EQ(ends("rooms"), std::pair(1U, 5'000U));
  EXPECT_EQ(ends("entities"), std::pair(10U, 10'000U));
  EXPECT_EQ(ends("rate"), std::pair(10U, 128U));
  EXPECT_EQ(ends("connections").second, 19'000U);
  for (const ScalePart& part : parts) {
    for (const ScalePoint& point : part.points) {
      EXPECT_EQ(point.room.codec, "plain");
      EXPECT_EQ(point.room.players, point.load.players);
      EXPECT_EQ(point.room.rate_hz, point.load.rate_hz);
      const std::uint32_t at = part.name == "entities" ? point.players() * (1 + point.load.still)
                               : part.name == "moving" ? point.players() * point.load.entities
                               : part.name == "connections" || part.name == "idle_players" ? point.players()
                                                                                             : point.at;
      EXPECT_EQ(at, point.at) << part.name;
    }
  }
}

TEST(Scale, a_row_says_what_was_the_limit) {
  EXPECT_EQ(scale_row(scaled_point(1), scaled_report(0.5, 100))["limit"], "");
  EXPECT_EQ(scale_row(scaled_point(1), scaled_report(0.5, 100, true))["limit"], "the generator was the limit");
  EXPECT_EQ(scale_row(scaled_point(1), scaled_report(0.99, 100))["limit"], "the relay's core is full");
  EXPECT_EQ(scale_row(scaled_point(1), scaled_report(0.5, 100, false, 900))["limit"], "frames were left out");
  const Json row = scale_row(scaled_point(1, 20), scaled_report(0.5, 100));
  EXPECT_EQ(row["bytes_per_player_s"], 1'000.0);
  EXPECT_EQ(row["frames_share"], 1.0);
}

TEST(Scale, what_one_more_costs_is_from_the_outermost_rows_that_stand) {
  const auto row = [](std::uint32_t at, double cpu, double kib, bool saturated = false) {
    return scale_row(scaled_point(at), scaled_report(cpu, kib, saturated));
  };
  Json parts = Json::object();
  parts["connections"] = scaled_part({row(100, 0.1, 1'000), row(300, 0.2, 1'700), row(500, 0.3, 3'000), row(900, 0.9, 90'000, true)});
  parts["idle_rooms"] = scaled_part({row(0, 0.01, 1'000), row(100, 0.02, 2'000)});
  parts["idle_players"] = scaled_part({row(10, 0.01, 1'000), row(110, 0.03, 1'500)});
  const Json costs = unit_costs(parts);
  EXPECT_NEAR(costs["a connection that plays, memory"]["value"].get<double>(), 5, 1e-9);
  EXPECT_NEAR(costs["an idle room, CPU"]["value"].get<double>(), 100, 1e-9);
  EXPECT_NEAR(costs["an idle player, CPU"]["value"].get<double>(), 200 - 10, 1e-9);
  EXPECT_NEAR(costs["an idle player, memory"]["value"].get<double>(), 5 - 1, 1e-9);
  EXPECT_FALSE(costs.contains("an unchanged entity, memory"));
  parts["idle_rooms"]["rows"].erase(1);
  EXPECT_FALSE(unit_costs(parts).contains("an idle room, CPU"));  // of one row nothing can be said
}

TEST(Scale, the_page_has_every_row_and_the_pictures_mark_what_does_not_stand) {
  Json parts = Json::object();
  parts["rooms"] = scaled_part({scale_row(scaled_point(1), scaled_report(0.125, 1'024)), scale_row(scaled_point(5'000), scaled_report(0.9, 2'048, true)),
                                scale_row_without(scaled_point(9'000), "needs 9200 descriptors, the limit is 1024")});
  const std::string page = scale_markdown(parts);
  for (const char* words : {"## rooms", "| 1 | 12.5 % | 9.50 µs | 2000 | 6.5 | 1.0 MiB | 0.25 ms | 100.00 % |  |", "| the generator was the limit |",
                            "| 9000 | – | – |", "needs 9200 descriptors", "pictures/scale-rooms.svg"})
    EXPECT_NE(page.find(words), std::string::npos) << words << "\n" << page;
  const std::string picture = scale_picture("rooms", parts["rooms"]);
  EXPECT_NE(picture.find("<circle"), std::string::npos);
  EXPECT_NE(picture.find("Rooms &amp; players."), std::string::npos);
  parts["rooms"]["rows"].erase(1);
  EXPECT_EQ(scale_picture("rooms", parts["rooms"]).find("<circle"), std::string::npos);
}

}  // namespace
}  // namespace tickrelay::bench
