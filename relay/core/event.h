// Messages with numbers of their own: a room's events, and what is for one seat alone (direct).
// Owner: the worker of the room. A bounded ring: what falls out is counted as lost, never waited for.
// After a crash numbers go on above all that the lost interval may have given out: then the ring has a gap in its numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "relay/core/tick.h"
#include "schema/protocol_generated.h"

namespace tickrelay {

using wire::EventKind;

struct Event {
    EventKind kind = EventKind::Message;
    PlayerNumber player = 0;  // sender; 0: the relay, the logic or the match server
    std::string type;
    std::vector<std::byte> data;
    std::uint32_t request = 0;
    std::uint32_t seq = 0;
    bool skip_sender = false;

    [[nodiscard]] std::size_t bytes() const { return 48 + type.size() + data.size(); }  // about what it takes on the wire
};

class EventLog {
  public:
    // What one sender has in it at most, so that it pushes out nobody else's: that much of inputs, and as much of all else.
    struct Share {
        std::size_t count = 0;
        std::size_t bytes = 0;
    };

    EventLog(std::size_t count_max, std::size_t bytes_max) : count_max_(count_max), bytes_max_(bytes_max) {}
    EventLog(std::size_t count_max, std::size_t bytes_max, Share each)
        : count_max_(count_max), bytes_max_(bytes_max), shares_(std::make_unique<Shares>(Shares{.each = each, .held = {}})) {}

    // Returns its number.
    EventNumber push(Event event);
    // Whether its sender may have that in it, too.
    [[nodiscard]] bool takes(const Event& event) const;
    // Whether inputs of that player are in it. REQUIRES: it has shares.
    [[nodiscard]] bool has_inputs_of(PlayerNumber player) const;

    [[nodiscard]] EventNumber last() const { return first_ + gap_ + static_cast<EventNumber>(size()) - 1; }
    [[nodiscard]] EventNumber first() const { return first_; }  // oldest still held; last() + 1 where none is
    [[nodiscard]] std::size_t size() const { return ring_.size() - front_; }
    // REQUIRES: held.
    [[nodiscard]] const Event& at(EventNumber number) const { return ring_[front_ + number - first_ - (number > gap_after_ ? gap_ : 0)]; }

    // What someone who has `have` counts as having: the same, or above what is not to be had any more. The next is one above it.
    [[nodiscard]] EventNumber continues_at(EventNumber have) const;
    // The number after which at most `count` events are held.
    [[nodiscard]] EventNumber before_last(std::size_t count) const;
    // The last number of a run that starts at `first` and stays within bytes_max (at least one event where there is one).
    [[nodiscard]] EventNumber run_end(EventNumber first, std::size_t bytes_max) const;

    // Those held up to that number, which forget_up_to(number) would forget.
    [[nodiscard]] std::span<const Event> held_up_to(EventNumber number) const;
    void forget_up_to(EventNumber number);
    // Later numbers start above this (a restore must not give numbers twice). What is held stays, but for what is before an older gap.
    void skip_to(EventNumber last);
    // No number was given yet, or none is held: the next is this.
    void begin_at(EventNumber first);
    [[nodiscard]] EventNumber gap_after() const { return gap_after_; }  // numbers gap_after() + 1 to gap_after() + gap() are nobody's
    [[nodiscard]] EventNumber gap() const { return gap_; }
    void set_count_max(std::size_t count) { count_max_ = count; }

  private:
    struct Held {
        Share inputs, others;
        Share& of(EventKind kind) { return kind == EventKind::Input ? inputs : others; }
    };
    struct Shares {
        Share each;
        std::unordered_map<PlayerNumber, Held> held;
    };

    std::size_t count_max_;
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    EventNumber first_ = 1;
    EventNumber gap_after_ = 0;  // at least first_ where there is a gap
    EventNumber gap_ = 0;
    std::vector<Event> ring_;  // most seats never hold one: an empty std::deque is 600 bytes
    std::size_t front_ = 0;    // those before it are gone
    std::unique_ptr<Shares> shares_;  // where there are any
};

}  // namespace tickrelay
