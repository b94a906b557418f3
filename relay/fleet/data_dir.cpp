#include "relay/fleet/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace tickrelay {

namespace {

constexpr std::size_t sign_bytes = 160;
constexpr std::int64_t pulse_late_max_ms = 2'000;     // a busy machine's
constexpr std::int64_t not_on_disk_max_ms = 35'000;   // what a power cut takes: the kernel writes pages within 30 s

std::string boot_id() {
    std::string id;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
    return id.empty() ? "-" : id.substr(0, 40);
}

std::string system_error(int number) { return std::error_code(number, std::generic_category()).message(); }

}  // namespace

std::int64_t now_since_1970_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

DataDir::~DataDir() {
    if (lock_ >= 0) close(lock_);
}

std::optional<std::string> DataDir::open(const std::string& path) {
    path_ = path;
    std::error_code failed;
    if (!std::filesystem::exists(path, failed) && std::filesystem::create_directories(path, failed)) chmod(path.c_str(), 0700);
    const auto refuse = [&path](const std::string& what, const std::string& remedy) { return "data_dir " + path + ": " + what + ": " + remedy; };
    if (failed) return refuse("cannot be made: " + failed.message(), "make it, writable for the relay's user, or set another data_dir");
    const std::string file = path + "/lock";
    lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0)
        return refuse("cannot be written: " + system_error(errno), "make it a folder that the relay's user may write to (chown, chmod), or set another data_dir");
    if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        char sign[sign_bytes + 1] = {};
        int process = 0;
        if (pread(lock_, sign, sign_bytes, 0) > 0) std::sscanf(sign, "process %d", &process);
        const std::string by = process == 0 ? "another relay" : "another relay (process " + std::to_string(process) + ")";
        return refuse("is in use by " + by, "stop that one, or give each relay a data_dir of its own");
    }
    boot_ = boot_id();
    read_past();
    const std::string blank(sign_bytes, ' ');
    if (pwrite(lock_, blank.data(), blank.size(), 0) != static_cast<ssize_t>(blank.size()))
        return refuse("cannot be written: " + system_error(errno), "free space on its disk, or set another data_dir");
    pulse(now_since_1970_ms(), past_.known ? past_.kept_ms : 0);
    return std::nullopt;
}

void DataDir::read_past() {
    char sign[sign_bytes + 1] = {};
    char boot[48] = {};
    long long lived_ms = 0, kept_ms = 0;
    int process = 0;
    if (pread(lock_, sign, sign_bytes, 0) <= 0) return;
    if (std::sscanf(sign, "process %d boot %47s lived %lld kept %lld", &process, boot, &lived_ms, &kept_ms) != 4) return;
    const bool power_cut = boot_ != boot;
    past_ = {.known = true, .lived_ms = lived_ms + pulse_late_max_ms + (power_cut ? not_on_disk_max_ms : 0), .kept_ms = kept_ms};
}

void DataDir::pulse(std::int64_t lived_ms, std::int64_t kept_ms) const {
    char sign[sign_bytes + 1];
    const int bytes = std::snprintf(sign, sizeof sign, "process %d boot %s lived %lld kept %lld", static_cast<int>(getpid()), boot_.c_str(),
                                    static_cast<long long>(lived_ms), static_cast<long long>(kept_ms));
    std::memset(sign + bytes, ' ', sign_bytes - static_cast<std::size_t>(bytes));
    sign[sign_bytes - 1] = '\n';
    // Nothing can be done where it fails: the next start then counts on a shorter life, plus what is always added.
    [[maybe_unused]] const auto written = pwrite(lock_, sign, sign_bytes, 0);
}

}  // namespace tickrelay
