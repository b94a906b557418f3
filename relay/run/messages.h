// What crosses the queues between loops and workers. Whoever takes an item out of a queue owns what it points to.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "relay/core/conditions.h"
#include "relay/core/line.h"
#include "relay/core/room.h"
#include "relay/run/link.h"
#include "relay/run/lobby.h"
#include "relay/run/trace.h"

namespace tickrelay {

class Worker;

// A room's place on its worker.
struct RoomRef {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    friend bool operator==(const RoomRef&, const RoomRef&) = default;
};

// ---------------------------------------------------------------------------------------------- to a worker

// A verified message of a player, in aligned memory that its loop pools.
struct MessageBlock {
    std::vector<std::uint64_t> words;
    std::size_t bytes = 0;
    std::uint32_t loop = 0;

    void assign(std::span<const std::byte> message) {
        words.resize((message.size() + 7) / 8);
        std::memcpy(words.data(), message.data(), message.size());
        bytes = message.size();
    }
    [[nodiscard]] std::span<const std::byte> message() const { return std::as_bytes(std::span(words)).first(bytes); }
};

// Something to be done on the worker's thread, between ticks: a join, a call of the admin socket.
class Errand {
  public:
    virtual ~Errand() = default;
    virtual void run(Worker& worker, std::int64_t now_ns) = 0;
};

struct Inbound {
    enum class Kind : std::uint8_t { actions, acknowledged, closed, left, errand };
    Kind kind = Kind::errand;
    RoomRef room;
    PlayerNumber player = 0;
    LinkId link = 0;
    EventNumber direct = 0;         // acknowledged
    std::int64_t read_ns = 0;       // actions: when the loop read them
    MessageBlock* block = nullptr;  // actions
    std::unique_ptr<Errand> errand;
};

// ---------------------------------------------------------------------------------------------- to a loop

// An encoded frame with its WebSocket header, immutable while any batch holds it. Counted and pooled by its worker alone.
struct Frame {
    std::vector<std::byte> bytes;
    std::uint32_t batches = 0;
    std::uint64_t number = 0;  // never 0, never given again in the relay's life: shields know it by that
};

// One Yours, for one connection.
struct YoursItem {
    std::uint32_t socket = 0;
    std::uint32_t generation = 0;
    std::uint32_t offset = 0;  // in Batch::yours_bytes
    std::uint32_t bytes = 0;
    Tick tick = 0;
    EventNumber event = 0;
    EventNumber direct_last = 0;
    std::uint32_t applied = 0;
    // What it was made for: a line that has less, after a resync, must not take it.
    EventNumber after_event = 0;
    EventNumber after_direct = 0;
};

// In a room with views: one frame, for one connection, made from its line's base alone.
struct ViewItem {
    std::uint32_t socket = 0;
    std::uint32_t generation = 0;
    std::size_t offset = 0;  // in Batch::view_bytes
    std::size_t bytes = 0;
    std::uint64_t number = 0;  // as of a Frame; a shield's item is its copy
    FrameInfo info;
};

// What a room sends to the players of one loop at one send tick. Goes back to its worker when sent.
struct Batch {
    RoomRef room;
    std::uint32_t worker = 0;
    std::uint32_t loop = 0;
    std::uint32_t tenure = 0;  // in which it may be sent; see Right
    std::size_t frame_count = 0;
    std::array<FrameInfo, limits::frames_per_tick_max> infos;
    std::array<Frame*, limits::frames_per_tick_max> frames{};
    std::vector<YoursItem> yours;
    std::vector<std::byte> yours_bytes;
    bool of_views = false;
    std::vector<ViewItem> views;
    std::vector<std::byte> view_bytes;
    // Set while there is a trace.
    struct Traced {
        std::int64_t handed_ns;  // to the queue
        std::uint64_t number;
        TraceRoom room;
    } traced;
};

// A seat was found for a connection that asked to join.
struct Admission {
    RoomRef room;
    std::uint32_t worker = 0;
    PlayerNumber player = 0;
    LinkPointer link;
    Line line;
    TickClock clock;
    std::vector<std::byte> welcome;  // with its WebSocket header
    RoomRecordPointer record;
    Conditions conditions;
    bool shield = false;  // a second connection: `link` is that of the first; no line, no Welcome
};

struct Outbound {
    enum class Kind : std::uint8_t { admit, batch, close, simulate };
    Kind kind = Kind::batch;
    LinkId link = 0;
    CloseCode code = CloseCode::normal;
    Batch* batch = nullptr;
    std::unique_ptr<Admission> admission;
    std::unique_ptr<std::string> detail;  // of a close; `moved`: the URL where the room is
    std::unique_ptr<Conditions> conditions;
};

}  // namespace tickrelay
