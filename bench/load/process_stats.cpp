#include "bench/load/process_stats.h"

#include <sched.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "bench/net/clock.h"

namespace tickrelay::bench {

std::int64_t process_cpu_ns(pid_t process) {
  std::int64_t sum_ns = 0;
  std::error_code error;
  const std::string folder = "/proc/" + std::to_string(process) + "/task";
  for (std::filesystem::directory_iterator task(folder, error), end; !error && task != end; task.increment(error)) {
    std::int64_t ns = 0;
    if (std::ifstream(task->path() / "schedstat") >> ns) sum_ns += ns;
  }
  return sum_ns;
}

std::int64_t process_rss_kib(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string word; status >> word;) {
    std::int64_t kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib;
  }
  return 0;
}

std::int64_t own_cpu_ns() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ns = [](const timeval& time) { return time.tv_sec * second_ns + time.tv_usec * us_ns; };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}

bool pin_to_cpu(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

}  // namespace tickrelay::bench
