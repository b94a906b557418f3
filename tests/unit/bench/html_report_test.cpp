#include "bench/load/html_report.h"

#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/notices.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

Json some_report(Measured measured, RunFacts facts) {
  measured.frames_expected = 1'000, measured.frames_received = 987, measured.frames_all = 987;
  for (int i = 1; i <= 100; ++i) measured.latency.add(i * ms_ns);
  measured.seconds = {{.frames = 500, .bytes = 12'345, .latency_p50_ns = 30 * ms_ns, .latency_p99_ns = 61 * ms_ns},
                      {.frames = 487, .bytes = 12'001, .latency_p50_ns = 31 * ms_ns, .latency_p99_ns = 62 * ms_ns}};
  measured.errors["closed 1006: a <reset> & \"more\""] = 3;
  facts.rate_hz = 20, facts.window_s = 2, facts.server_local = true;
  facts.config = {{"rooms", 5}, {"players", 10}, {"rate", 20}, {"server", "spawned"}};
  return make_report(facts, measured);
}

Json some_report() { return some_report({}, {}); }

// "" where every element is closed in the order it was opened and no attribute or text breaks off; else what is wrong.
std::string malformed(std::string_view page) {
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string_view::npos; at = page.find('<', at)) {
    const std::size_t end = page.find('>', at);
    if (end == std::string_view::npos) return "a tag without its end";
    std::string_view tag = page.substr(at + 1, end - at - 1);
    at = end;
    if (tag.empty() || tag.find('<') != std::string_view::npos) return "a '<' in a tag";
    if (tag.starts_with("!")) continue;
    if (tag.starts_with("/")) {
      if (open.empty() || open.back() != tag.substr(1)) return "</" + std::string(tag.substr(1)) + "> closes nothing";
      open.pop_back();
      continue;
    }
    std::size_t quotes = 0;
    for (const char letter : tag) quotes += letter == '"' ? 1 : 0;
    if (quotes % 2 != 0) return "an open quote in <" + std::string(tag) + ">";
    if (tag.ends_with("/")) continue;
    std::size_t name = 0;
    while (name < tag.size() && (std::isalnum(static_cast<unsigned char>(tag[name])) != 0)) ++name;
    if (name == 0) return "<" + std::string(tag) + "> has no name";
    open.emplace_back(tag.substr(0, name));
  }
  return open.empty() ? "" : open.back() + " is not closed";
}

TEST(HtmlReport, is_well_formed) {
  EXPECT_EQ(malformed(html(some_report())), "");
  EXPECT_NE(malformed("<p><b></p></b>"), "");
  EXPECT_NE(malformed("<p"), "");
}

TEST(HtmlReport, holds_every_figure_of_the_json) {
  const Json report = some_report();
  const std::string page = html(report);
  const Json flat = report.flatten();
  int figures = 0;
  for (const auto& [name, value] : flat.items()) {
    if (name.starts_with("/seconds/") || !value.is_number()) continue;
    ++figures;
    const std::string key =
        name.substr(1, name.find('<') == std::string::npos ? std::string::npos : name.find('<') - 1);
    const std::size_t row = page.find("<td>" + key);
    ASSERT_NE(row, std::string::npos) << name;
    const std::string_view cells = std::string_view(page).substr(row, page.find("</tr>", row) - row);
    EXPECT_NE(cells.find("<td>" + value.dump() + "</td>"), std::string_view::npos) << name << " in " << cells;
  }
  EXPECT_GT(figures, 40);
  EXPECT_NE(page.find("98.70 %"), std::string::npos);
}

TEST(HtmlReport, draws_each_second) {
  const std::string page = html(some_report());
  for (const char* title : {"Latency", "State age, p99", "Frames received", "Bytes received", "Distributions"}) {
    EXPECT_NE(page.find("aria-label=\"" + std::string(title) + "\""), std::string::npos) << title;
  }
}

TEST(HtmlReport, fetches_nothing_and_runs_nothing) {
  const std::string page = html(some_report());
  for (const char* word : {"<script", "src=", "href=", "url(", "@import"})
    EXPECT_EQ(page.find(word), std::string::npos) << word;
}

TEST(Notices, are_none_where_all_is_well) { EXPECT_TRUE(notices(some_report()).empty()); }

std::string only_notice(const Json& report) {
  const std::vector<std::string> found = notices(report);
  return found.size() == 1 ? found.front() : std::to_string(found.size()) + " notices";
}

TEST(Notices, say_when_this_program_is_the_bottleneck) {
  Measured measured;
  for (int i = 0; i < 100; ++i) measured.generator_lateness.add(20 * ms_ns);
  const Json report = some_report(measured, {});
  EXPECT_NE(only_notice(report).find("bottleneck"), std::string::npos);
  EXPECT_NE(html(report).find("class=\"notice\">This program was the bottleneck"), std::string::npos);
  RunFacts busy;
  busy.generator_cpu_s = 1.96;
  EXPECT_NE(only_notice(some_report({}, busy)).find("98 % of a core"), std::string::npos);
}

TEST(Notices, say_when_the_clock_is_bad) {
  RunFacts facts;
  facts.clock.step_ns = 4 * ms_ns;
  EXPECT_NE(only_notice(some_report({}, facts)).find("steps of 4000"), std::string::npos);
  facts.clock = {.sleep_late_ns = 3 * ms_ns};
  EXPECT_NE(only_notice(some_report({}, facts)).find("3.0 ms late"), std::string::npos);
  facts.clock = {.drift_ns = -5 * ms_ns};
  EXPECT_NE(only_notice(some_report({}, facts)).find("moved -5.0 ms"), std::string::npos);
}

TEST(Notices, say_when_the_link_is_full) {
  RunFacts facts;
  facts.link = {.interface = "eth0", .speed_bits_per_s = 1e9, .received_bits_per_s = 0.95e9};
  EXPECT_NE(only_notice(some_report({}, facts)).find("eth0 received 950 of its 1000 Mbit/s"), std::string::npos);
  facts.link.received_bits_per_s = 0.5e9;
  EXPECT_TRUE(notices(some_report({}, facts)).empty());
}

TEST(ClockQuality, of_this_machine_is_measured) {
  const ClockQuality quality = measure_clock_quality();
  EXPECT_GT(quality.read_ns, 0);
  EXPECT_GT(quality.step_ns, 0);
  EXPECT_LT(quality.step_ns, second_ns);
  EXPECT_GE(quality.sleep_late_ns, 0);
}

TEST(Link, counts_what_loopback_receives) {
  const auto endpoint = resolve("127.0.0.1:9", "/");
  ASSERT_TRUE(endpoint);
  Link link(*endpoint);
  link.begin(0);
  const LinkUse use = link.end(second_ns);
  EXPECT_EQ(use.interface, "lo");
  EXPECT_GE(use.received_bits_per_s, 0);
}

}  // namespace
}  // namespace tickrelay::bench
