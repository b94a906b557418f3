// Which frames a room makes at a send tick: the stream's, and at most three catch-ups for those who are behind.
// Owner: the worker of the room.
#pragma once

#include <span>
#include <vector>

#include "relay/core/event.h"
#include "relay/core/line.h"

namespace tickrelay {

// A line that is behind and could take a frame now.
struct Want {
    Tick base = 0;
    EventNumber event = 0;
};

class Frames {
  public:
    static constexpr Tick never = ~Tick{0};

    // The frames to encode at `now`, or as of the last ones where nothing changed since; `newest`: when something last did. An unchanged
    // room makes one stream frame, which tells a rest from a slow link, and then one every `idle_ticks`; none at all with `never`. Sorts `wants`. Valid until the next call.
    std::span<const FrameInfo> plan(Tick newest, const EventLog& events, Tick now, Tick idle_ticks, std::vector<Want>& wants);

    // Codec packed: the stream is coded, with a key tick at least every `most` ticks, and after `least` for those who wait.
    void use_stream(Tick most, Tick least) { packed_ = true, key_most_ = most, key_least_ = least; }
    // Whether the stream starts anew at the newest tick, without a frame of the old one.
    [[nodiscard]] bool starts_stream() const { return packed_ && key_ == tick_ && started_; }
    // A planned stream frame was not encoded: the next one is of a new stream.
    void break_stream() { broken_ = true; }
    // A room with views: its chunks plan for themselves; this is where the room stands.
    void stand_at(Tick now, EventNumber event) { tick_ = now, event_ = event; }

    // Where the stream stands: a line that has this is not behind.
    [[nodiscard]] Tick tick() const { return tick_; }
    [[nodiscard]] EventNumber event() const { return event_; }

    // After a restore: nothing was sent in this term.
    void restart(EventNumber event) { tick_ = 0, event_ = event, key_ = 0, broken_ = true; }

  private:
    void add_stream(Tick newest, const EventLog& events, Tick now, bool key);
    [[nodiscard]] bool key_due(Tick now, std::span<const Want> wants) const;
    void add_catch_ups(Tick newest, const EventLog& events, std::vector<Want>& wants);
    void carry_events(FrameInfo& info, const EventLog& events, EventNumber after) const;

    Tick tick_ = 0;
    EventNumber event_ = 0;
    bool packed_ = false;
    bool broken_ = true;
    Tick key_most_ = 0;
    Tick key_least_ = 0;
    Tick key_ = 0;  // the last one
    bool moving_ = false;  // the last frame had state, after another
    bool started_ = false;
    std::vector<FrameInfo> infos_;
};

}  // namespace tickrelay
