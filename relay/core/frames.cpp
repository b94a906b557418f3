#include "relay/core/frames.h"

#include <algorithm>

#include "relay/core/limits.h"

namespace tickrelay {

namespace {

constexpr Tick span_max = 0xFFFF;  // of FrameHead

}  // namespace

std::span<const FrameInfo> Frames::plan(Tick newest, const EventLog& events, Tick now, Tick idle_ticks, std::vector<Want>& wants) {
    infos_.clear();
    // A frame holds so many events: who still lacks some gets them with a new tick, even where nothing else changed.
    const bool lacking = std::ranges::any_of(wants, [&](const Want& want) { return want.base == tick_ && want.event < event_; });
    const bool rests = moving_ && idle_ticks != never;
    const bool changed = tick_ == 0 || newest > tick_ || events.last() > event_ || lacking || rests || now - tick_ >= idle_ticks;
    if (changed) add_stream(newest, events, now, packed_ && key_due(now, wants));
    add_catch_ups(newest, events, wants);
    return infos_;
}

// Whoever has the newest tick and still wants a frame waits for the stream.
bool Frames::key_due(Tick now, std::span<const Want> wants) const {
    const bool waited_for = std::ranges::any_of(wants, [this](const Want& want) { return want.base == tick_ || want.base == 0; });
    return broken_ || now - key_ >= (waited_for ? key_least_ : key_most_);
}

void Frames::add_stream(Tick newest, const EventLog& events, Tick now, bool key) {
    FrameInfo info{.base = tick_,
                   .tick = now,
                   .kind = wire::FrameKind::Stream,
                   .in_stream_only = packed_,
                   .key = key,
                   .has_state = newest > tick_};
    carry_events(info, events, event_);
    if (info.event_last != 0) event_ = info.event_newest = info.event_last;
    // After a stop longer than a span tells, everyone is behind.
    const bool lost = now - tick_ > span_max || (packed_ && broken_);
    if (tick_ != 0 && !lost) infos_.push_back(info);
    if (key) key_ = now, started_ = lost;
    moving_ = info.has_state && tick_ != 0;
    broken_ = packed_ && lost && !key;
    tick_ = now;
}

// At most three bases: the two highest and the lowest, which is right for everyone above it.
void Frames::add_catch_ups(Tick newest, const EventLog& events, std::vector<Want>& wants) {
    for (Want& want : wants)
        if (want.base > tick_ || tick_ - want.base > span_max) want.base = 0;
    std::erase_if(wants, [this](const Want& want) { return want.base == tick_; });
    std::ranges::sort(wants, std::greater{}, &Want::base);

    constexpr std::size_t catch_ups_max = limits::frames_per_tick_max - 1;
    const std::size_t first = infos_.size();
    for (std::size_t i = 0; i < wants.size();) {
        const bool last_place = infos_.size() - first == catch_ups_max - 1;
        const Tick base = last_place ? wants.back().base : wants[i].base;
        EventNumber have = wants[i].event;
        for (; i < wants.size() && wants[i].base >= base; ++i) have = std::min(have, wants[i].event);
        FrameInfo info{.base = base,
                       .tick = tick_,
                       .kind = base == 0 ? wire::FrameKind::Whole : wire::FrameKind::CatchUp,
                       .key = packed_ && key_ == tick_,
                       .has_state = base == 0 || newest > base};
        carry_events(info, events, have);
        infos_.push_back(info);
    }
}

void Frames::carry_events(FrameInfo& info, const EventLog& events, EventNumber after) const {
    info.event_newest = event_;
    const EventNumber first = events.continues_at(after) + 1;
    if (first > events.last()) return;
    info.event_first = first;
    info.event_last = events.run_end(first, limits::frame_event_bytes_max);
}

}  // namespace tickrelay
