// A connection's outgoing side: which frame it may take, and how much may be unacknowledged.
// Owner: the loop of the connection. No clock: times are arguments, ns.
//
// Nothing is queued here. A frame is handed to the socket at once or dropped; a line that dropped one is behind until it has taken a
// frame made for it. "Handed to the socket" means: applied by the client, or the connection dies.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "relay/core/drop.h"
#include "relay/core/limits.h"
#include "relay/core/tick.h"
#include "schema/protocol_generated.h"

namespace tickrelay {

// What a line needs to know of an encoded frame.
struct FrameInfo {
    Tick base = 0;
    Tick tick = 0;
    wire::FrameKind kind = wire::FrameKind::Stream;
    bool in_stream_only = false;  // codec packed: only for lines that are in the stream
    bool key = false;             // codec packed: whoever takes it is in the stream from there
    bool has_state = true;
    EventNumber event_first = 0;  // 0: no events
    EventNumber event_last = 0;
    EventNumber event_newest = 0;  // of the room: a line below it after this frame is still behind
    Tick complete = 0;             // not 0: the lowest base in its player's view after it
};

class Line {
  public:
    struct Position {
        Tick base = 0;
        EventNumber event = 0;
        EventNumber direct = 0;
        std::uint32_t applied = 0;  // applied_seq last told
    };

    Line() = default;
    // `newest`: what the room's stream stands at; a line elsewhere starts behind. `packed`: the stream is for those who are in it.
    Line(Position start, Position newest, std::uint32_t ack_interval_ms, bool packed);

    // The client has this tick, and will say so, though its frames start from less.
    void note_known(Tick tick) { newest_handed_ = std::max(newest_handed_, tick); }

    [[nodiscard]] const Position& position() const { return position_; }
    // Behind, or cannot read the stream: the next frame has to be one for its base.
    [[nodiscard]] bool behind() const { return behind_ || !in_stream_; }
    [[nodiscard]] Tick acknowledged() const { return acknowledged_; }
    // Up to where everything in its player's view was complete in the newest frame acknowledged.
    [[nodiscard]] Tick complete() const { return complete_; }
    // What a frame of parts may have at most, so that the next one is not far: by the budget, or by what a slow line drains. 0: no limit.
    [[nodiscard]] std::uint32_t frame_bytes_max() const;

    // The frame of these (all of one tick) that this line takes: of those with a base not above its own the one that brings most of
    // the events it lacks, then the highest base. Where there is none the line is behind from here. `event`: number it counts as having where that is above its own (lost ones).
    [[nodiscard]] std::optional<std::size_t> choose(std::span<const FrameInfo> frames, EventNumber event);
    void fall_behind() { behind_ = true; }
    // The client asks for the whole, and for what came with the frames that it did not apply.
    enum class Resync : std::uint8_t { granted, too_soon, never_sent };
    [[nodiscard]] Resync resync(EventNumber event, EventNumber direct, std::int64_t now_ns);

    // Whether the window lets another frame out.
    [[nodiscard]] bool open(std::int64_t now_ns);

    // State frames of at most so many bytes a second; 0: no limit. From the room, and what the client asks for below that.
    void set_budget(std::uint32_t room_bytes_per_s) { room_budget_ = room_bytes_per_s, budget_ = room_bytes_per_s; }
    void pace(std::uint32_t bytes_per_s);

    // After the write: a base that the socket never saw would strand this player.
    void handed(const FrameInfo& frame, std::int64_t now_ns, std::size_t bytes = 0);
    void handed_yours(EventNumber event, EventNumber direct_last, std::uint32_t applied);

    // False: acknowledges what was never sent.
    [[nodiscard]] bool acknowledge(Tick tick, EventNumber event, EventNumber direct, std::int64_t now_ns);
    // The way to the client is another one now: what was learned of the old one counts no more.
    void forget_way();
    // The socket took bytes that it had no room for: slow, not dead.
    void moved(std::int64_t now_ns) { moved_ns_ = now_ns; }
    // Since when a frame is out and nothing moves; nothing where all is acknowledged.
    [[nodiscard]] std::optional<std::int64_t> waiting_since() const;

    [[nodiscard]] std::int64_t round_trip_ns() const { return last_round_trip_ns_; }
    [[nodiscard]] std::uint32_t window() const { return window_; }

  private:
    struct InFlight {
        std::int64_t sent_ns;
        Tick tick;
        Tick complete;
        std::uint32_t bytes;
        std::uint32_t bytes_together;  // of all in flight when it left
        std::uint16_t together;        // frames in flight when it left, itself included
        bool prompt;                   // the client acknowledges it at once
    };
    static constexpr std::uint32_t window_open = limits::in_flight_max;

    void learn(const InFlight& frame, bool prompt, std::int64_t now_ns);
    [[nodiscard]] std::int64_t lowest_round_trip_ns() const;
    void note_round_trip(std::int64_t round_trip_ns, std::int64_t now_ns);
    InFlight& flight(std::size_t i) { return in_flight_[(flight_first_ + i) % in_flight_.size()]; }
    [[nodiscard]] const InFlight& flight(std::size_t i) const { return in_flight_[(flight_first_ + i) % in_flight_.size()]; }
    [[nodiscard]] bool room_in_flight();

    Position position_;
    bool behind_ = true;
    std::uint32_t room_budget_ = 0;  // bytes a second; 0: no limit
    std::uint32_t budget_ = 0;
    std::int64_t affords_ns_ = 0;       // when what was sent is within the budget again,
    std::int64_t room_affords_ns_ = 0;  // ... and within the room's, which no Pace forgives
    bool packed_ = false;
    bool in_stream_ = true;
    std::int64_t resync_from_ns_ = 0;
    Tick acknowledged_ = 0;
    Tick complete_ = 0;
    std::uint32_t ack_interval_ms_ = limits::ack_interval_ms;

    std::uint32_t window_ = 2;  // frames that may be unacknowledged; window_open: bounded by their age alone
    std::uint32_t clean_ = 0;   // acknowledgements in a row that showed no queue
    bool queue_seen_ = false;  // before that a window grows at once: a long way is at full rate within a second
    bool used_up_ = false;      // a frame had to wait for the window since the last growth or queue
    std::size_t bytes_in_flight_ = 0;
    std::uint64_t drain_bytes_per_s_ = 0;  // while there are queues; 0: not known
    bool drains_ = false;       // nothing leaves until all is acknowledged, once a period
    std::vector<InFlight> in_flight_;  // a ring, as large as this line ever needed: most need three, a quiet one's are its memory
    std::size_t flight_first_ = 0;
    std::size_t flight_count_ = 0;
    Tick newest_handed_ = 0;
    EventNumber newest_event_ = 0;  // handed, or had from the start: more than position_ says after a resync
    EventNumber newest_direct_ = 0;
    std::int64_t moved_ns_ = 0;  // the last acknowledgement of something new, or progress of the socket

    // The lowest round trip of this and of the last period of 10 s.
    std::int64_t lowest_now_ns_ = 0;
    std::int64_t lowest_before_ns_ = 0;
    std::int64_t period_ends_ns_ = 0;
    std::int64_t last_round_trip_ns_ = 0;
};

}  // namespace tickrelay
