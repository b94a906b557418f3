// A world and its events → frames and messages. One encoder per worker: its buffers are reused, nothing is allocated when warm.
// Every result is valid until the next call.
#pragma once

#include <span>
#include <vector>

#include "relay/core/event.h"
#include "relay/core/extent.h"
#include "relay/core/frame_bytes.h"
#include "relay/core/line.h"
#include "relay/core/packed.h"
#include "relay/core/world.h"

namespace tickrelay {

struct YoursContent {
    Tick tick = 0;
    std::uint32_t applied_seq = 0;
    EventNumber direct_first = 0;  // 0: none
    EventNumber direct_last = 0;
    std::uint32_t events_lost = 0;
    EventNumber event = 0;
    EntityId ids_first = 0;
    std::uint32_t ids_count = 0;
    std::uint32_t early_seq = 0;  // 0: not known
    std::uint32_t early_us = 0;
    std::uint32_t answered_seq = 0;
};

class Encoder {
  public:
    using Bytes = std::span<const std::byte>;

    // delta(info.base), or the whole where base is 0; kind and event numbers as info says. `packed`: the room's stream, or null for
    // codec `plain`. `count`, where it is to be told: the caller ends the frame.
    Bytes frame(const Extent& extent, const EventLog& events, const FrameInfo& info, PackedStream* packed = nullptr, FrameBytes* count = nullptr);
    // For streams that are started, or encoded without an envelope.
    [[nodiscard]] PackedWork& work() { return work_; }
    Bytes yours(const YoursContent& content, const EventLog& direct);
    // One player's frame of a room with views: the parts that were made for it. `lists`: chunks without a part are gone.
    Bytes parts(std::span<const std::uint8_t> parts, const EventLog& events, const FrameInfo& info, bool lists);

    // After an exception for want of memory. Allocates nothing. FlatBuffers counts a buffer as grown before it asks for the memory, and would
    // write past the old one the next time.
    void forget_half_made();

    // A Message whose body `build` makes: build(builder) returns the offset.
    template <typename Build>
    Bytes message(wire::Body type, Build build) {
        builder_.Clear();
        const auto body = build(builder_);
        return finish_message(type, body.Union());
    }

  private:
    using Columns = std::vector<flatbuffers::Offset<wire::Column>>;
    using EventsOffset = flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::Event>>>;

    flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::Column>>> add_columns(const Extent& extent, const FrameInfo& info, FrameBytes* count);
    Bytes finish_message(wire::Body type, flatbuffers::Offset<void> body);
    // Both return how many rows; masks_ is empty before.
    std::size_t add_column(const Extent& extent, ComponentIndex index, Tick base);
    std::size_t add_opaque_column(const Extent& extent, ComponentIndex index, Tick base);
    EventsOffset add_events(const EventLog& events, EventNumber first, EventNumber last);

    flatbuffers::FlatBufferBuilder builder_{4096};
    PackedWork work_;
    Columns columns_;
    std::vector<flatbuffers::Offset<wire::Event>> event_offsets_;
    std::vector<std::uint32_t> ids_;
    std::vector<std::uint32_t> lengths_;
    std::vector<std::uint8_t> masks_;
    std::vector<std::byte> values_;
    std::vector<std::uint32_t> removed_;
};

// The layout as Welcome carries it.
flatbuffers::Offset<wire::Layout> encode_layout(flatbuffers::FlatBufferBuilder& builder, const Layout& layout);

}  // namespace tickrelay
