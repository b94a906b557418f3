#pragma once
// What the machine did during a run, and what it is.

#include <cstdint>
#include <string>

namespace tickrelay::bench {

// Processor time of all CPUs that was not idle, ns since boot; stolen time included.
std::int64_t busy_ns();

// Of the last minute.
double load_average();

// "AMD EPYC …, 2 CPUs; Debian GNU/Linux 12; Linux 6.18".
std::string machine_words();

}  // namespace tickrelay::bench
