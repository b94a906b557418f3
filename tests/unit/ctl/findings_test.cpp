#include "tools/ctl/findings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "relay/stats.h"

namespace tickrelay::ctl {
namespace {

// As the relay writes it.
std::string page(const std::function<void(StatsShard&)>& happened) {
    const auto shard = std::make_unique<StatsShard>();
    happened(*shard);
    StatsTotals totals;
    totals.add(*shard);
    return render_metrics(totals, {}, "test");
}

Finding of(const std::vector<Finding>& findings, std::string_view check) {
    const auto found = std::ranges::find(findings, check, &Finding::check);
    EXPECT_NE(found, findings.end()) << check;
    return found == findings.end() ? Finding{} : *found;
}

TEST(Findings, of_a_healthy_relay_are_good) {
    const auto findings = findings_of_metrics(page([](StatsShard& shard) {
        shard.ticks.add(1000);
        for (int i = 0; i < 1000; ++i) shard.tick_lateness.observe(0.0002), shard.state_age.observe(0.04);
    }));
    EXPECT_EQ(findings.size(), 5U);
    for (const Finding& finding : findings) EXPECT_EQ(finding.verdict, Verdict::good) << finding.check << finding.text;
    EXPECT_EQ(of(findings, "ticks").text, "late at most 0.25 ms in 99 of 100");
}

TEST(Findings, of_an_idle_relay_are_good) {
    for (const Finding& finding : findings_of_metrics(page([](StatsShard&) {}))) EXPECT_EQ(finding.verdict, Verdict::good) << finding.text;
}

TEST(Findings, name_late_and_skipped_ticks) {
    const auto findings = findings_of_metrics(page([](StatsShard& shard) {
        shard.ticks.add(95);
        shard.ticks_skipped.add(5);
        for (int i = 0; i < 95; ++i) shard.tick_lateness.observe(i < 90 ? 0.001 : 0.03);
    }));
    EXPECT_EQ(of(findings, "ticks").verdict, Verdict::odd);
    EXPECT_NE(of(findings, "ticks").text.find("33 ms"), std::string::npos) << of(findings, "ticks").text;
    EXPECT_EQ(of(findings, "skipped").verdict, Verdict::odd);
    EXPECT_NE(of(findings, "skipped").text.find("5.00 %"), std::string::npos) << of(findings, "skipped").text;
}

TEST(Findings, name_old_state_and_what_lies_above_the_last_bucket) {
    const auto findings = findings_of_metrics(page([](StatsShard& shard) {
        for (int i = 0; i < 10; ++i) shard.state_age.observe(100);
    }));
    EXPECT_EQ(of(findings, "state age").verdict, Verdict::odd);
    EXPECT_NE(of(findings, "state age").text.find("over 30 s"), std::string::npos);
}

TEST(Findings, of_stuck_workers_and_slowed_rooms_are_bad) {
    const auto findings = findings_of_metrics(page([](StatsShard& shard) {
        shard.workers_stuck.set(1);
        shard.rooms_slowed.set(3);
    }));
    EXPECT_EQ(of(findings, "workers").verdict, Verdict::bad);
    EXPECT_EQ(of(findings, "rooms").verdict, Verdict::bad);
    EXPECT_TRUE(of(findings, "rooms").text.starts_with("3 rooms"));
}

TEST(Findings, there_are_none_of_another_page) {
    EXPECT_TRUE(findings_of_metrics("").empty());
    EXPECT_TRUE(findings_of_metrics("<html>no relay</html>\nx y z\n").empty());
}

}  // namespace
}  // namespace tickrelay::ctl
