// A folder that one process at a time owns, and a sign of life in it that outlives a kill: the next process must know for how long the
// last one gave out ids that no checkpoint holds.
// Owner: the store; pulse() from one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tickrelay {

std::int64_t now_since_1970_ms();

class DataDir {
  public:
    // Of the process before. Times are ms since 1970.
    struct Past {
        bool known = false;
        std::int64_t lived_ms = 0;  // at most until then,
        std::int64_t kept_ms = 0;   // ... and every change up to here was durable
    };

    DataDir() = default;
    ~DataDir();
    DataDir(const DataDir&) = delete;
    DataDir& operator=(const DataDir&) = delete;

    // Makes it where it is missing, and locks it. A text that names what is wrong and the remedy, or nothing.
    std::optional<std::string> open(const std::string& path);
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const Past& past() const { return past_; }
    // Bytes that are there already are written over: a full disk does not stop it.
    void pulse(std::int64_t lived_ms, std::int64_t kept_ms) const;

  private:
    void read_past();

    std::string path_;
    int lock_ = -1;
    std::string boot_;
    Past past_;
};

}  // namespace tickrelay
