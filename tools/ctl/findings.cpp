#include "tools/ctl/findings.h"

#include <charconv>
#include <cstdio>
#include <limits>
#include <map>

namespace tickrelay::ctl {

namespace {

constexpr double lateness_wanted_s = 8e-3;
constexpr double state_age_wanted_s = 0.4;
constexpr double skipped_wanted = 0.01;

using Samples = std::map<std::string, double, std::less<>>;

double number_of(std::string_view text) {
    if (text == "+Inf") return std::numeric_limits<double>::infinity();
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Samples read(std::string_view page) {
    Samples samples;
    while (!page.empty()) {
        const auto end = std::min(page.find('\n'), page.size());
        const std::string_view line = page.substr(0, end);
        page.remove_prefix(std::min(end + 1, page.size()));
        const auto space = line.rfind(' ');
        if (line.starts_with('#') || space == std::string_view::npos) continue;
        samples[std::string(line.substr(0, space))] = number_of(line.substr(space + 1));
    }
    return samples;
}

double value_of(const Samples& samples, std::string_view name) {
    const auto found = samples.find(name);
    return found == samples.end() ? 0 : found->second;
}

// The bound of the bucket that holds this share of a histogram; 0 where it is empty.
double quantile_s(const Samples& samples, const std::string& name, double share) {
    const double count = value_of(samples, name + "_count");
    double least = std::numeric_limits<double>::infinity();
    const std::string prefix = name + "_bucket{le=\"";
    for (auto it = samples.lower_bound(prefix); it != samples.end() && it->first.starts_with(prefix); ++it) {
        const double bound = number_of(std::string_view(it->first).substr(prefix.size(), it->first.size() - prefix.size() - 2));
        if (it->second >= share * count) least = std::min(least, bound);
    }
    return count > 0 ? least : 0;
}

std::string ms_text(double seconds) {
    char text[48];
    if (seconds > 3600) return "over 30 s";
    std::snprintf(text, sizeof text, "%g ms", seconds * 1000);
    return text;
}

Finding at_most(const std::string& check, double seconds, double wanted_s, const std::string& what, const std::string& remedy) {
    if (seconds == 0) return {check, Verdict::good, "nothing to measure yet"};
    const std::string text = what + " at most " + ms_text(seconds) + " in 99 of 100";
    if (seconds <= wanted_s) return {check, Verdict::good, text};
    return {check, Verdict::odd, text + ": " + remedy};
}

Finding none_of(const std::string& check, double count, const std::string& what, const std::string& remedy) {
    if (count == 0) return {check, Verdict::good, "no " + what};
    return {check, Verdict::bad, std::to_string(static_cast<long>(count)) + " " + what + ": " + remedy};
}

}  // namespace

std::vector<Finding> findings_of_metrics(std::string_view page) {
    const Samples samples = read(page);
    if (!samples.contains("tickrelay_rooms")) return {};
    const double ticks = value_of(samples, "tickrelay_ticks_total"), skipped = value_of(samples, "tickrelay_ticks_skipped_total");
    char share[64];
    std::snprintf(share, sizeof share, "%.2f %% of ticks skipped", ticks + skipped > 0 ? 100 * skipped / (ticks + skipped) : 0);
    std::vector<Finding> found = {
        at_most("ticks", quantile_s(samples, "tickrelay_tick_lateness_seconds", 0.99), lateness_wanted_s, "late",
                "other programs use its cores, or a hypervisor takes them away (steal in top): give it cores of its own"),
        at_most("state age", quantile_s(samples, "tickrelay_state_age_seconds", 0.99), state_age_wanted_s, "old",
                "slow players stay below 300 ms beyond their round trip: see who in `tickrelayctl room ID`"),
        none_of("workers", value_of(samples, "tickrelay_workers_stuck"), "worker is stuck",
                "the log names the room whose logic does not return; watchdog_action = \"exit\" restarts by itself"),
        none_of("rooms", value_of(samples, "tickrelay_rooms_slowed"), "rooms run slower than they should",
                "`tickrelayctl top` says which cost most; move rooms to another relay or give this one more cores"),
    };
    if (skipped > skipped_wanted * (ticks + skipped))
        found.push_back({"skipped", Verdict::odd, std::string(share) + ": its threads do not get the processor in time"});
    else
        found.push_back({"skipped", Verdict::good, share});
    return found;
}

}  // namespace tickrelay::ctl
