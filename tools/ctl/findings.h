// What `tickrelayctl doctor` finds, and what it reads out of a page of /metrics. Pure but for the page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tickrelay::ctl {

enum class Verdict { good, odd, bad };

struct Finding {
    std::string check;
    Verdict verdict;
    std::string text;  // where not good, with the remedy
};

// Ticks, state age, rooms and threads, since the relay's start. Nothing where the page is not of a relay.
std::vector<Finding> findings_of_metrics(std::string_view page);

}  // namespace tickrelay::ctl
