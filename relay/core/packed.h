// A room's state, or a chunk's, in codec `packed`: the stream's context and the bytes of each frame. Owner: the worker of the room.
// No allocation when warm.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "relay/core/extent.h"
#include "relay/core/line.h"
#include "schema/packed/writer.h"

namespace tickrelay {

// What encoding needs beside a stream's own context, which is most of what it would hold: one for all streams of a worker. What is in it
// lasts no longer than a call.
class PackedWork {
  public:
    void forget_half_made() { writer_.forget_half_made(); }  // after an exception for want of memory

  private:
    friend class PackedStream;
    struct Empty {
        std::uint64_t layout;  // its fingerprint
        std::unique_ptr<packed::Context> context;
    };
    static constexpr std::size_t empties_max = 8;  // of layouts: beyond, the oldest is made anew

    packed::Context& empty(const Layout& layout);

    packed::Writer writer_;
    packed::Changes changes_;
    std::vector<std::uint8_t> bytes_;
    std::vector<Empty> empties_;  // made with the first frame that needs it
    std::size_t oldest_ = 0;
};

class PackedStream {
  public:
    explicit PackedStream(const Layout& layout);

    // A new stream from the key tick that the world stands at, where no frame of the old one leads to it.
    void start(PackedWork& work, const Extent& extent, Tick key);
    // StateFrame.packed of a frame that was planned; nothing where no state changed. At key ticks the hash of the context that they leave
    // comes first. Valid until the next call with this work.
    // REQUIRES: frames come as planned, the stream's first; where the stream is not carried on, start() comes before them.
    std::span<const std::uint8_t> encode(PackedWork& work, const Extent& extent, const FrameInfo& info, packed::BitShares* shares = nullptr);
    // The context's at the last key tick.
    [[nodiscard]] std::uint32_t hash() const { return hash_; }

  private:
    void gather(packed::Changes& to, const Extent& extent, Tick base) const;

    packed::Context stream_;
    Tick at_ = 0;  // what the stream's context is as of
    std::uint32_t hash_ = 0;
};

}  // namespace tickrelay
