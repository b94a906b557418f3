// The file of a trace: Chrome's trace events as JSON, which Perfetto (ui.perfetto.dev) opens. Between two calls of write() the file is
// whole: a relay that dies leaves one that can be read.
// Owner: the trace's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "relay/run/trace.h"

namespace tickrelay {

class TraceFile {
  public:
    TraceFile(std::uint64_t bytes_max, std::int64_t zero_ns) : bytes_max_(bytes_max), zero_ns_(zero_ns) {}
    ~TraceFile();
    TraceFile(const TraceFile&) = delete;
    TraceFile& operator=(const TraceFile&) = delete;

    bool open(const std::string& path, std::string& error);
    void name_thread(std::uint32_t thread, std::string_view name);
    // False: there is no room for it any more.
    bool add(std::uint32_t thread, const TraceSpan& span);
    // What was added goes to the disk. left_out: spans that are not in the file. False, once: it cannot be written; nothing more is.
    bool write(std::uint64_t left_out);

    [[nodiscard]] std::uint64_t bytes() const { return at_; }
    [[nodiscard]] std::uint64_t spans() const { return spans_; }

  private:
    void add_wait(std::uint32_t thread, const TraceSpan& span);
    void begin(char phase, std::string_view name, std::uint32_t thread, std::int64_t at_ns);
    void time(std::string_view key, std::int64_t ns);
    void number(std::string_view key, std::uint64_t value);
    void id(std::uint64_t value);
    void text(std::string_view key, std::string_view value);
    [[nodiscard]] std::string tail(std::uint64_t left_out) const;
    bool put(std::string_view bytes, std::uint64_t at) const;

    std::uint64_t bytes_max_;
    std::int64_t zero_ns_;
    int file_ = -1;
    std::uint64_t at_ = 0;     // where the next event goes; the tail is there until then
    std::uint64_t spans_ = 0;
    std::string buffer_;
    bool failed_ = false;
};

}  // namespace tickrelay
