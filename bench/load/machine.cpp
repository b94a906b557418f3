#include "bench/load/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

// What follows `name` and `separator` on the first line that begins so.
std::string value_of(const char* path, const std::string& name, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t at = line.find(separator);
    if (!line.starts_with(name) || at == std::string::npos) continue;
    const std::size_t start = line.find_first_not_of(" \t\"", at + 1);
    if (start == std::string::npos) return "";
    return line.substr(start, line.find_last_not_of("\" ") + 1 - start);
  }
  return "unknown";
}

}  // namespace

std::int64_t busy_ns() {
  std::ifstream file("/proc/stat");
  std::string word;
  file >> word;
  std::int64_t user = 0, nice = 0, system = 0, idle = 0, wait = 0, interrupts = 0, soft = 0, steal = 0;
  file >> user >> nice >> system >> idle >> wait >> interrupts >> soft >> steal;
  return (user + nice + system + interrupts + soft + steal) * (second_ns / sysconf(_SC_CLK_TCK));
}

double load_average() {
  double average = 0;
  return getloadavg(&average, 1) == 1 ? average : 0;
}

std::string machine_words() {
  utsname names{};
  uname(&names);
  return value_of("/proc/cpuinfo", "model name", ':') + ", " + std::to_string(sysconf(_SC_NPROCESSORS_ONLN)) +
         " CPUs; " + value_of("/etc/os-release", "PRETTY_NAME", '=') + "; Linux " + names.release;
}

}  // namespace tickrelay::bench
