// Where a loop and a worker meet over one connection's seat. The loop writes, the worker reads, but for `inbox`, and what
// a second connection, the shield, has to do with it.
// Every number may be read late: a base that is too low only makes a larger frame, which is always right.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "relay/core/line.h"
#include "relay/core/seat.h"

namespace tickrelay {

struct alignas(64) Link {
    // What was handed to the socket: tick and event number move together.
    std::atomic<std::uint64_t> position{0};
    std::atomic<EventNumber> direct{0};
    std::atomic<std::uint32_t> applied{0};
    std::atomic<Tick> yours_tick{0};
    // Behind, and able to take a frame now.
    std::atomic<bool> wants{false};
    std::atomic<bool> behind{true};
    // Bytes that a frame of a room with views may have; 0: no limit.
    std::atomic<std::uint32_t> frame_bytes_max{0};
    // There is a shield. The worker's.
    std::atomic<bool> shielded{false};

    // Messages of this seat in its worker's inbox: the loop adds, the worker takes away.
    std::atomic<std::uint32_t> inbox{0};

    // For room.info.
    std::atomic<std::uint32_t> round_trip_us{0};
    std::atomic<std::uint32_t> state_age_ms{0};
    std::atomic<std::uint32_t> behind_ticks{0};
    std::atomic<std::uint32_t> bytes_per_s{0};

    std::uint32_t handed_count = 0;  // the loop's own

    // For the loop of the shield: which frames were handed last. Enough until their copies are due.
    alignas(64) std::array<std::atomic<std::uint64_t>, 6> handed{};
    // From it: what was acknowledged there, and when.
    std::atomic<std::uint64_t> heard{0};
    std::atomic<std::int64_t> heard_ns{0};

    // A frame, by its number, that was handed to the socket. REQUIRES: the first connection's loop
    void note_handed(std::uint64_t frame) { handed[handed_count++ % handed.size()].store(frame, std::memory_order_release); }
    [[nodiscard]] bool was_handed(std::uint64_t frame) const {
        for (const auto& each : handed)
            if (each.load(std::memory_order_acquire) == frame) return true;
        return false;
    }

    struct Heard {
        Tick tick;
        EventNumber event;
        std::int64_t at_ns;  // or later
    };
    void hear(Tick tick, EventNumber event, std::int64_t now_ns) {
        heard_ns.store(now_ns, std::memory_order_relaxed);
        heard.store(static_cast<std::uint64_t>(tick) << 32 | event, std::memory_order_release);
    }
    [[nodiscard]] Heard read_heard() const {
        const std::uint64_t both = heard.load(std::memory_order_acquire);
        return {static_cast<Tick>(both >> 32), static_cast<EventNumber>(both), heard_ns.load(std::memory_order_relaxed)};
    }

    void publish(const Line::Position& at) {
        direct.store(at.direct, std::memory_order_relaxed);
        applied.store(at.applied, std::memory_order_relaxed);
        position.store(static_cast<std::uint64_t>(at.base) << 32 | at.event, std::memory_order_release);
    }
    [[nodiscard]] Line::Position read() const {
        const std::uint64_t both = position.load(std::memory_order_acquire);
        return {static_cast<Tick>(both >> 32), static_cast<EventNumber>(both), direct.load(std::memory_order_relaxed),
                applied.load(std::memory_order_relaxed)};
    }
};

static_assert(sizeof(Link) == 128, "one line of the cache for everyone, and one for shields");

using LinkPointer = std::shared_ptr<Link>;

// A connection's name in a LinkId: its loop, its socket, and a generation, because sockets are used again.
struct Connection {
    std::uint8_t loop = 0;
    std::uint32_t generation = 0;  // 24 bits, not 0
    std::uint32_t socket = 0;

    [[nodiscard]] LinkId id() const {
        return static_cast<LinkId>(loop) << 56 | static_cast<LinkId>(generation & 0xFFFFFF) << 32 | socket;
    }
    static Connection of(LinkId id) {
        return {static_cast<std::uint8_t>(id >> 56), static_cast<std::uint32_t>(id >> 32) & 0xFFFFFF, static_cast<std::uint32_t>(id)};
    }
};

}  // namespace tickrelay
