// A room in bytes and back (rule 10). A checkpoint has values and no stamps: restored, all of them are as new as the newest, so who has
// that tick gets a delta and others everything, by the rules that hold anyway.
// Owner: the worker of the room writes; any thread reads.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include "relay/core/encode.h"
#include "relay/core/event.h"
#include "relay/core/room.h"
#include "relay/core/seat.h"
#include "relay/core/settings.h"
#include "relay/core/world.h"

namespace tickrelay {

// All that a room is but its connections, frames and logic.
struct SavedRoom {
    explicit SavedRoom(RoomSettings made) : settings(std::move(made)), world(settings.layout) {}

    RoomSettings settings;
    World world;  // all values stamped `newest`
    EventLog events{limits::events_max, limits::event_bytes_max};
    std::uint32_t term = 0;
    Tick tick = 0;
    Tick newest = 0;
    std::vector<TermStart> term_starts;
    std::vector<std::unique_ptr<Seat>> seats;  // by number
    PlayerNumber next_number = 1;
    std::uint32_t next_block = 0;
    IdBlock own_block;
    EntityId last_own_id = 0;
    std::unordered_set<EntityId> keep;
    Visibilities visibilities;
    Tick empty_since = 0;
    std::vector<LostNumbers> lost_numbers;
    std::vector<PlayerNumber> made_again;
    SpentTickets spent_tickets;
    std::vector<std::byte> logic;
};

// Past everything that may have been given out after a checkpoint; 0 where nothing was lost.
struct Raise {
    EventNumber events = 0;
    EventNumber direct = 0;
    std::uint32_t blocks = 0;  // of ids, and player numbers
};
Raise raise_past(std::uint32_t lost_terms, std::uint32_t lost_ticks);

// One per worker: its buffers are reused.
class CheckpointWriter {
  public:
    using Bytes = std::span<const std::byte>;

    // Valid until the next call. Throws what the logic throws.
    Bytes write(const Room& room);
    // After an exception in it; allocates nothing.
    void forget_half_made() {
        encoder_.forget_half_made();
        builder_ = Builder(4096);
    }

    // Of what a checkpoint of the room would say, its clock and its logic's own bytes apart: the same where nothing changed.
    [[nodiscard]] static std::uint64_t mark(const Room& room);
    // Of the logic's own bytes, which it makes for this: for once in a while. Throws what the logic throws.
    [[nodiscard]] static std::uint64_t logic_mark(const Room& room);

  private:
    using Builder = flatbuffers::FlatBufferBuilder;
    Encoder encoder_;
    Builder builder_{4096};
};

using SavedRoomPointer = std::unique_ptr<SavedRoom>;

// Foreign bytes: a state that holds together, or a text that names what is wrong.
std::variant<SavedRoomPointer, std::string> read_checkpoint(std::span<const std::byte> bytes);

}  // namespace tickrelay
