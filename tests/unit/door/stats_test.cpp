#include "relay/stats.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

namespace tickrelay {
namespace {

std::string page_of(const Stats& stats) { return render_metrics(stats.totals(), read_process_figures(), "0.1.0"); }

TEST(Stats, ShardsAreSummed) {
    Stats stats;
    StatsShard& first = stats.shard();
    StatsShard& second = stats.shard();
    first.ticks.add(2);
    second.ticks.add(3);
    first.frames_sent(SentKind::catch_up).add();
    second.rooms.add(4);
    second.rooms.add(-1);
    first.busy.set(0.25);
    second.busy.set(0.9);
    first.refused(CloseCode::room_full).add();
    second.refused(Refusal::too_large).add(2);
    first.closed(OtherReason::handshake).add();
    const StatsTotals totals = stats.totals();
    EXPECT_EQ(totals.ticks, 5U);
    EXPECT_EQ(totals.frames_sent[1], 1U);
    EXPECT_EQ(totals.rooms, 3);
    EXPECT_NEAR(totals.headroom, 0.1, 1e-9) << "the busiest thread's";
    const std::string page = page_of(stats);
    for (const auto* line :
         {"tickrelay_ticks_total 5\n", "tickrelay_frames_sent_total{kind=\"catch_up\"} 1\n",
          "tickrelay_refused_total{reason=\"room_full\"} 1\n", "tickrelay_refused_total{reason=\"too_large\"} 2\n",
          "tickrelay_closed_total{reason=\"handshake\"} 1\n", "tickrelay_build_info{version=\"0.1.0\"} 1\n"}) {
        EXPECT_NE(page.find(line), std::string::npos) << line;
    }
}

TEST(Stats, HistogramsCountUpToTheirBounds) {
    Stats stats;
    StatsShard& shard = stats.shard();
    shard.tick_lateness.observe(10e-6);
    shard.tick_lateness.observe(11e-6);
    shard.tick_lateness.observe(5);
    const std::string page = page_of(stats);
    for (const auto* line :
         {"tickrelay_tick_lateness_seconds_bucket{le=\"1e-05\"} 1\n",
          "tickrelay_tick_lateness_seconds_bucket{le=\"1\"} 2\n",
          "tickrelay_tick_lateness_seconds_bucket{le=\"+Inf\"} 3\n", "tickrelay_tick_lateness_seconds_count 3\n"}) {
        EXPECT_NE(page.find(line), std::string::npos) << line << page;
    }
    EXPECT_EQ(stats.totals().tick_lateness.quantile_s(0.5), 25e-6);
    EXPECT_EQ(stats.totals().tick_lateness.quantile_s(0.99), 1.0) << "above the last bound";
    EXPECT_EQ(stats.totals().state_age.quantile_s(0.99), 0.0);
}

TEST(Stats, EveryNameOfTheContractIsThere) {
    const Stats stats;
    const std::string page = page_of(stats);
    for (const auto* name :
         {"rooms", "players", "connections", "tick_duration_seconds", "tick_lateness_seconds", "ticks_total",
          "ticks_skipped_total", "state_age_seconds", "frames_sent_total", "frames_superseded_total",
          "bytes_sent_total", "bytes_received_total", "messages_received_total", "refused_total", "closed_total",
          "resumes_total", "queue_depth", "headroom_ratio", "build_info"}) {
        EXPECT_NE(page.find("# TYPE tickrelay_" + std::string(name) + " "), std::string::npos) << name;
        EXPECT_NE(page.find("# HELP tickrelay_" + std::string(name) + " "), std::string::npos) << name;
    }
    EXPECT_NE(page.find("process_resident_memory_bytes"), std::string::npos);
}

TEST(Stats, LabelsOfReasonsAreDistinct) {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < reasons; ++i) EXPECT_TRUE(seen.insert(reason_label(i)).second) << reason_label(i);
    EXPECT_EQ(reason_label(reason_index(CloseCode::kicked)), "kicked");
    EXPECT_EQ(reason_label(reason_index(OtherReason::drain)), "drain");
    EXPECT_EQ(reason_label(reason_index(Refusal::not_owner)), "not_owner");
    EXPECT_EQ(reason_label(reason_index(Refusal::too_large)), "too_large");
}

TEST(Stats, ProcessFiguresAreOfThisProcess) {
    const auto figures = read_process_figures();
    EXPECT_GT(figures.resident_bytes, 1'000'000U);
    EXPECT_GT(figures.open_fds, 2U);
    EXPECT_GT(figures.fds_max, figures.open_fds);
    EXPECT_GE(figures.threads, 1U);
    EXPECT_GT(figures.start_time_s, 1.6e9);
    EXPECT_GT(figures.cpu_s, 0);
}

TEST(Stats, AScrapeMayRunWhileThreadsCount) {
    Stats stats;
    constexpr std::uint64_t each = 200'000;
    std::uint64_t before = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 3; ++i) {
            threads.emplace_back([&shard = stats.shard()] {
                for (std::uint64_t n = 0; n < each; ++n) shard.ticks.add();
            });
        }
        for (int i = 0; i < 50; ++i) {
            const auto now = stats.totals().ticks;
            EXPECT_GE(now, before);
            before = now;
        }
    }
    EXPECT_EQ(stats.totals().ticks, 3 * each);
}

TEST(Stats, PromtoolHasNothingToSay) {
    if (std::system("command -v promtool >/dev/null 2>&1") != 0)
        GTEST_SKIP() << "promtool (package prometheus) is not installed";
    Stats stats;
    stats.shard().state_age.observe(0.04);
    const auto folder = std::filesystem::temp_directory_path() / ("tickrelay-stats-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    std::ofstream(folder / "page") << page_of(stats);
    const std::string command =
        "promtool check metrics < " + (folder / "page").string() + " > " + (folder / "out").string() + " 2>&1";
    const int code = std::system(command.c_str());
    std::ostringstream said;
    said << std::ifstream(folder / "out").rdbuf();
    std::filesystem::remove_all(folder);
    EXPECT_EQ(code, 0) << said.str();
    EXPECT_EQ(said.str(), "");
}

}  // namespace
}  // namespace tickrelay
