// What workers and loops did when, for Perfetto (--trace FILE). Each thread puts spans into a ring of its own and never waits: what does
// not fit is left out and counted. A thread of the trace's own writes them.
// Owner: of a TraceTrack the thread that it shows, of the Trace who starts and stops it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "relay/core/limits.h"

namespace tickrelay {

class TraceFile;

// A room's id, without memory of its own.
struct TraceRoom {
    TraceRoom() = default;
    explicit TraceRoom(std::string_view id) : bytes(static_cast<std::uint8_t>(std::min(id.size(), text.size()))) {
        std::copy_n(id.begin(), bytes, text.begin());
    }
    [[nodiscard]] std::string_view view() const { return {text.data(), bytes}; }

    std::array<char, limits::name_bytes_max> text;
    std::uint8_t bytes = 0;
};

struct TraceSpan {
    enum class Kind : std::uint8_t {
        inputs,  // a worker's drain of its inbox: messages, the longest wait in it (ns)
        tick,    // a room's: its number, how late it began (ns)
        encode,  // of its frames: how many, their bytes
        wait,    // of a batch, from the worker to the loop: its number, the worker
        pass,    // a loop's look at its outbox: connections written to, bytes
        write    // of one batch: the same
    };
    Kind kind = Kind::tick;
    std::int64_t begin_ns = 0;
    std::int64_t end_ns = 0;
    std::array<std::uint64_t, 2> figures{};  // as its kind says
    std::uint64_t batch = 0;                 // of a write: that of its wait
    TraceRoom room{};                        // none of inputs and passes
};

class TraceTrack {
  public:
    static constexpr std::size_t spans_max = 8'192;  // until the writer comes by

    TraceTrack(std::string name, std::uint32_t thread) : name_(std::move(name)), thread_(thread) {}

    // On its thread. Two stores and a copy, no allocation.
    void put(const TraceSpan& span) {
        const std::uint64_t at = written_.load(std::memory_order_relaxed);
        if (at - read_.load(std::memory_order_acquire) == spans_max) {
            left_out_.store(left_out_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
            return;
        }
        ring_[at % spans_max] = span;
        written_.store(at + 1, std::memory_order_release);
    }
    // A number for a batch, unlike those of other tracks.
    [[nodiscard]] std::uint64_t next_batch() { return std::uint64_t{thread_} << 48 | ++batches_; }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::uint32_t thread() const { return thread_; }
    [[nodiscard]] std::uint64_t left_out() const { return left_out_.load(std::memory_order_relaxed); }
    // On the reader's thread.
    template <typename Take>
    void take(Take take) {
        const std::uint64_t end = written_.load(std::memory_order_acquire);
        for (std::uint64_t at = read_.load(std::memory_order_relaxed); at != end; ++at) {
            take(ring_[at % spans_max]);
            read_.store(at + 1, std::memory_order_release);
        }
    }

  private:
    std::string name_;
    std::uint32_t thread_;
    std::uint64_t batches_ = 0;
    std::unique_ptr<TraceSpan[]> ring_ = std::make_unique_for_overwrite<TraceSpan[]>(spans_max);  // its pages come with use
    alignas(64) std::atomic<std::uint64_t> written_{0};
    std::atomic<std::uint64_t> left_out_{0};
    alignas(64) std::atomic<std::uint64_t> read_{0};
};

class Trace {
  public:
    struct Options {
        std::string path;
        std::uint64_t bytes_max = 0;  // of the file
        std::function<std::int64_t()> clock;
    };
    // As of a file's threads: workers first.
    static constexpr std::uint32_t worker_thread(std::uint32_t worker) { return 1 + worker; }
    static constexpr std::uint32_t loop_thread(std::uint32_t loop) { return 101 + loop; }

    explicit Trace(Options options);
    ~Trace();

    // Makes the file anew. False, and why.
    bool open(std::string& error);
    // Before start().
    TraceTrack& worker(std::uint32_t index);
    TraceTrack& loop(std::uint32_t index);
    void start();
    // When nobody puts spans any more: all that are in the rings are in the file then.
    void stop();

    // What the thread does: from the rings into the file.
    void write();
    [[nodiscard]] std::uint64_t left_out() const;

  private:
    TraceTrack& track(std::string name, std::uint32_t thread);

    Options options_;
    std::unique_ptr<TraceFile> file_;
    std::vector<std::unique_ptr<TraceTrack>> tracks_;
    std::uint64_t no_room_ = 0;  // spans that the file had no room for
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace tickrelay
