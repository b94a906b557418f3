// Each rule broken on purpose must be found within a few seeds.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "relay/core/plant.h"
#include "relay/log.h"
#include "simulation.h"

namespace tickrelay::sim {
namespace {

constexpr std::uint64_t seeds_max = 320;
constexpr unsigned seed_seconds_max = 60;

struct Found {
  std::uint64_t seeds = 0;  // 0: not found
  bool again = true;        // replayed, the seed says the same
  char what[400] = {};
};

// In a process of its own: a broken rule may well end in a CHECK, or run forever.
Found find(Plant plant) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    planted = plant;
    log::set_level(log::Level::off);
    Found found;
    for (std::uint64_t seed = 1; seed <= seeds_max && found.seeds == 0; ++seed) {
      alarm(seed_seconds_max);
      Found at{.seeds = seed};
      std::snprintf(at.what, sizeof at.what, "(ended the process)");
      if (write(ends[1], &at, sizeof at) < 0) _exit(1);  // what counts should this seed end the process
      const Outcome outcome = Simulation({.seed = seed}).run();
      births.clear();
      if (outcome.broken.empty()) continue;
      found.seeds = seed;
      const Outcome replayed = Simulation({.seed = seed}).run();
      found.again = replayed.broken == outcome.broken && replayed.at_ns == outcome.at_ns;
      std::snprintf(found.what, sizeof found.what, "%s", outcome.broken.c_str());
    }
    _exit(write(ends[1], &found, sizeof found) == sizeof found ? 0 : 1);
  }
  close(ends[1]);
  Found found, next;
  while (read(ends[0], &next, sizeof next) == sizeof next) found = next;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return found;
}

struct Case {
  Plant plant;
  const char* name;
};

class PlantedBug : public testing::TestWithParam<Case> {};

TEST_P(PlantedBug, is_found) {
  const Found found = find(GetParam().plant);
  EXPECT_NE(found.seeds, 0U) << "not found in " << seeds_max << " seeds";
  EXPECT_TRUE(found.again) << "seed " << found.seeds << " does not replay";
  if (found.seeds != 0)
    std::printf("found after %llu seeds: %s\n", static_cast<unsigned long long>(found.seeds), found.what);
}

constexpr Case cases[] = {
    {Plant::born, "tombstones_only_of_who_lived_at_the_base"},
    {Plant::floor, "floor_of_tombstones_ignored"},
    {Plant::stamp, "write_between_ticks_stamped_with_the_last"},
    {Plant::twice, "repeated_actions_applied_again"},
    {Plant::unrounded, "values_not_quantised"},
    {Plant::newest_base, "newest_frame_instead_of_highest_base_below"},
    {Plant::event_gap, "events_that_do_not_follow"},
    {Plant::event_by_base, "busy_stream_starves_events"},
    {Plant::event_reset, "event_number_reset_at_base_0"},
    {Plant::no_grace_end, "seats_outlive_their_grace"},
    {Plant::any_term, "bases_of_any_term_count"},
    {Plant::stamps_kept, "restored_values_not_stamped"},
    {Plant::ids_not_raised, "ids_given_twice_after_a_crash"},
    {Plant::events_not_raised, "event_numbers_given_twice_after_a_crash"},
    {Plant::direct_not_raised, "direct_numbers_given_twice_after_a_crash"},
    {Plant::all_seen, "everyone_sees_everything"},
    {Plant::view_when_made, "a_view_moves_when_its_frame_is_made"},
    {Plant::entered_kept, "bases_in_a_view_kept_after_a_drop"},
    {Plant::ghosts, "no_list_of_what_is_in_view_after_a_drop"},
    {Plant::leaving_untold, "leaving_a_view_is_not_told"},
    {Plant::untold_roll_back, "roll_back_not_told"},
    {Plant::base_unwritten, "base_moves_though_refused"},
    {Plant::stream_for_all, "the_stream_is_for_everybody"},
    {Plant::key_unsettled, "a_key_tick_settles_nothing"},
    {Plant::resync_events, "a_resync_loses_events"},
    {Plant::yours_kept, "dropped_yours_counts_as_told"},
    {Plant::lost_untold, "lost_events_not_told"},
    {Plant::leap_lost, "a_leap_before_a_newcomer_counts_as_lost"},
    {Plant::applied_early, "actions_confirmed_early"},
    {Plant::direct_forgotten, "direct_messages_forgotten_when_sent"},
    {Plant::kill_slow, "slow_player_closed"},
    {Plant::unfair, "flooder_read_on"},
    {Plant::seat_leak, "lobby_keeps_seats"},
    {Plant::two_connections, "takeover_leaves_two_connections"},
    {Plant::old_link, "old_connection_ends_the_new"},
    {Plant::shield_unhanded, "shield_carries_what_the_first_was_not_handed"},
    {Plant::shield_kept, "shield_outlives_its_first_connection"},
    {Plant::uncounted, "refused_actions_not_counted"},
    {Plant::failed_kept, "a_room_goes_on_whose_logic_threw"},
    {Plant::mute_kept, "who_says_nothing_may_stay"},
    {Plant::unpaced, "who_is_above_its_quota_is_read_on"},
    {Plant::events_unpaid, "messages_a_second_not_bounded"},
    {Plant::entities_unbounded, "entities_of_a_player_not_bounded"},
    {Plant::ticket_kept, "a_ticket_good_once_is_good_again"},
    {Plant::ticket_lives_on, "tickets_outlive_their_end"},
    {Plant::any_algorithm, "a_ticket_says_that_it_needs_no_signature"},
    {Plant::any_room, "a_ticket_is_good_in_every_room"},
    {Plant::session_unsigned, "sessions_need_no_signature"},
    {Plant::ban_by_session, "the_banned_come_back_by_their_session"},
    {Plant::rooms_unbounded, "rooms_not_bounded"},
    {Plant::address_leak, "ended_connections_count_for_their_address"},
    {Plant::each_address, "an_ipv6_address_counts_for_itself"},
    {Plant::joins_unpaced, "joins_of_an_address_not_bounded"},
    {Plant::header_short, "a_proxy_header_is_cut_short"},
};
static_assert(std::size(cases) + 1 == static_cast<std::size_t>(Plant::count), "each plant has its test");

INSTANTIATE_TEST_SUITE_P(Each, PlantedBug, testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(NothingPlanted, nothing_is_found) {
  log::set_level(log::Level::off);
  const char* fewer = std::getenv("TICKRELAY_SIM_SEEDS");  // where a sanitizer makes each of them long
  const std::uint64_t seeds = fewer == nullptr ? seeds_max : std::min<std::uint64_t>(seeds_max, std::strtoull(fewer, nullptr, 10));
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    EXPECT_EQ(Simulation({.seed = seed}).run().broken, "") << seed;
}

}  // namespace
}  // namespace tickrelay::sim
