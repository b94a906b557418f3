#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "relay/stats.h"

namespace tickrelay {

namespace {

std::uint64_t count_entries(const char* folder) {
    DIR* entries = opendir(folder);
    if (entries == nullptr) return 0;
    std::uint64_t count = 0;
    while (const auto* entry = readdir(entries)) count += entry->d_name[0] != '.';
    closedir(entries);
    return count > 0 ? count - 1 : 0;  // without the one that reads the folder
}

double boot_time_s() {
    std::ifstream file("/proc/stat");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("btime ")) return std::stod(line.substr(6));
    }
    return 0;
}

// The fields of /proc/self/stat from the third on; the second holds the program's name with any character in it.
std::vector<double> stat_fields() {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    std::vector<double> fields;
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) return fields;
    std::istringstream rest(line.substr(name_end + 1));
    std::string state;
    rest >> state;
    fields.push_back(0);
    for (double number = 0; rest >> number;) fields.push_back(number);
    return fields;
}

}  // namespace

ProcessFigures read_process_figures() {
    ProcessFigures figures;
    const auto fields = stat_fields();
    const auto field = [&](std::size_t number) { return number - 3 < fields.size() ? fields[number - 3] : 0; };
    const auto ticks_per_s = static_cast<double>(sysconf(_SC_CLK_TCK));
    timespec cpu{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    figures.cpu_s = static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) * 1e-9;
    figures.threads = static_cast<std::uint64_t>(field(20));
    figures.start_time_s = boot_time_s() + field(22) / ticks_per_s;
    figures.virtual_bytes = static_cast<std::uint64_t>(field(23));
    figures.resident_bytes = static_cast<std::uint64_t>(field(24)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    figures.open_fds = count_entries("/proc/self/fd");
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.fds_max = limit.rlim_cur;
    return figures;
}

}  // namespace tickrelay
