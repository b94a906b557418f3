// A chunk's parts of one tick, and what becomes of chunks that nobody sees.

#include <algorithm>

#include "relay/core/chunks.h"
#include "relay/core/part.h"

namespace tickrelay {

void Chunks::encode(ChunkNumber number, const World& world, Encoder& encoder, Tick now, FrameBytes* count) {
    Chunk& chunk = *chunks_[number];
    chunk.parts.clear();
    chunk.bytes.clear();
    if (chunk.takers == 0 && chunk.wants.empty()) return;
    chunk.viewed = now;
    const Extent extent = chunk.extent(world);
    if (packed_ && !chunk.stream) chunk.stream = std::make_unique<PackedStream>(*layout_);
    if (chunk.frames.tick() < chunk.left_floor) chunk.frames.restart(0);  // a stream from there would not know who left
    const auto infos = chunk.frames.plan(chunk.newest, no_events_, now, Frames::never, chunk.wants);
    if (chunk.frames.starts_stream()) chunk.stream->start(encoder.work(), extent, chunk.frames.tick());
    for (const FrameInfo& info : infos) {
        if (info.in_stream_only && chunk.takers == 0) {  // nobody can read it: it need not be made
            if (info.key)
                chunk.stream->start(encoder.work(), extent, info.tick);
            else
                chunk.frames.break_stream();
            continue;
        }
        Part part{.info = info, .first = chunk.bytes.size()};
        std::span<const std::uint8_t> payload;
        if (packed_) {
            payload = chunk.stream->encode(encoder.work(), extent, info, count == nullptr ? nullptr : &count->begin());
        } else {
            const auto frame = encoder.frame(extent, no_events_, info, nullptr, count);
            payload = {reinterpret_cast<const std::uint8_t*>(frame.data()), frame.size()};
        }
        put_part(chunk.bytes, number, info.kind, info.key, payload);
        part.count = chunk.bytes.size() - part.first;
        if (count != nullptr) count->end(part.count);
        chunk.parts.push_back(part);
    }
}

void Chunks::sweep(std::span<const char> in_view, Tick now, Tick patience) {
    std::vector<bool> list_used(lists_.size());
    for (auto it = by_key_.begin(); it != by_key_.end();) {
        const auto [key, number] = *it;
        Chunk& chunk = *chunks_[number];
        if (chunk.members.empty() && !in_view[number]) {
            auto& others = key.located ? by_cell_[key.cell] : unlocated_;
            std::erase(others, number);
            if (key.located && others.empty()) by_cell_.erase(key.cell);
            chunks_[number].reset();
            free_.push_back(number);
            it = by_key_.erase(it);
            continue;
        }
        if (key.by == SeenBy::players) list_used[key.who] = true;
        // Its context is most of a chunk's memory. Whoever comes starts a new stream.
        if (chunk.stream && !in_view[number] && now - chunk.viewed > patience) {
            chunk.stream.reset();
            chunk.frames.restart(0);
        }
        ++it;
    }
    for (std::size_t i = 0; i < lists_.size(); ++i)
        if (!list_used[i]) lists_[i].reset();
}

}  // namespace tickrelay
