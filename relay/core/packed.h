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

class PackedStream {
  public:
    explicit PackedStream(const Layout& layout);

    // A new stream from the key tick that the world stands at, where no frame of the old one leads to it.
    void start(const Extent& extent, Tick key);
    // StateFrame.packed of a frame that was planned; nothing where no state changed. At key ticks the hash of the context that they leave
    // comes first. Valid until the next call.
    // REQUIRES: frames come as planned, the stream's first; where the stream is not carried on, start() comes before them.
    std::span<const std::uint8_t> encode(const Extent& extent, const FrameInfo& info, packed::BitShares* shares = nullptr);
    // The context's at the last key tick.
    [[nodiscard]] std::uint32_t hash() const { return hash_; }

  private:
    void gather(const Extent& extent, Tick base);
    void gather_rows(const Extent& extent, ComponentIndex component, Tick base);

    packed::Context stream_;
    std::unique_ptr<packed::Context> empty_;  // made with the first frame that needs it
    packed::Writer writer_;
    packed::Changes changes_;
    std::vector<std::uint8_t> bytes_;
    Tick at_ = 0;  // what the stream's context is as of
    std::uint32_t hash_ = 0;
};

}  // namespace tickrelay
