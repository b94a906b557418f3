// Where the bytes of a room's frames go: each frame counted once as it is encoded, however many players it is sent to.
// Owner: the worker of the room. No allocation after it was made.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "relay/core/layout.h"
#include "schema/packed/bit_shares.h"

namespace tickrelay {

class FrameBytes {
  public:
    explicit FrameBytes(const Layout& layout);

    // ---- a frame at a time

    // To be filled in by the packed encoder, or by column(). Every few frames asks for fields, too.
    packed::BitShares& begin();
    // Codec plain. `stream`: its rows changed at this tick. Fields: `masks` as in a Column, empty where all rows have all.
    void column(const Component& component, ComponentIndex index, std::size_t bytes, std::size_t rows, std::span<const std::uint8_t> masks,
                bool stream);
    void removals(std::size_t bytes) { shares_.other += shares_of(bytes); }
    void events(std::size_t bytes) { events_ += bytes; }
    // With its header: what no other call told is its envelope.
    void end(std::size_t bytes) { total_ += bytes, ++frames_; }

    // ---- figures, in bytes since the room is here

    [[nodiscard]] std::uint64_t total() const { return total_; }
    [[nodiscard]] std::uint64_t frames() const { return frames_; }
    [[nodiscard]] double envelope() const;
    [[nodiscard]] double events() const { return static_cast<double>(events_); }
    [[nodiscard]] double other() const;
    [[nodiscard]] double component(ComponentIndex index) const;
    [[nodiscard]] std::uint64_t changed(ComponentIndex index) const { return shares_.changed[index]; }
    // A component's fields have its bytes but for those that say which entities. From one frame in a few, in its proportions.
    [[nodiscard]] double field(ComponentIndex index, std::size_t field) const;

    // Over the last period that has ended.
    struct Rate {
        double bytes_per_s = 0;
        double changed_per_s = 0;
    };
    [[nodiscard]] Rate rate() const { return room_.rate; }
    [[nodiscard]] Rate rate(ComponentIndex index) const { return rates_[index].rate; }
    void end_period(double seconds);

  private:
    struct Period {
        double bytes = 0;  // at its start
        std::uint64_t changed = 0;
        Rate rate;
        void end(double bytes_now, std::uint64_t changed_now, double seconds);
    };
    static std::int64_t shares_of(std::size_t bytes) { return static_cast<std::int64_t>(bytes) * 8 * packed::bit_shares; }

    packed::BitShares shares_;
    std::uint64_t events_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t frames_ = 0;
    Period room_;
    std::vector<Period> rates_;  // by component
};

}  // namespace tickrelay
