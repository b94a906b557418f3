// A room as it is published for its mirrors, where spectators watch it: what everyone may see of its state, and its messages to all.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "relay/core/encode.h"
#include "relay/core/room.h"

namespace tickrelay {

// One per room that is watched. Owner: the worker of the room.
class Publisher {
  public:
    using Bytes = std::span<const std::byte>;

    // Everything since the last one, or all there is where nothing was published yet or `whole` asks for it. Once a tick at most; valid until
    // the next call. unix_us: now.
    Bytes make(const Room& room, Encoder& encoder, bool whole, std::uint64_t unix_us);
    // The room has ended with this code.
    Bytes make_end(CloseCode code, std::uint32_t term, std::uint64_t unix_us);
    // Nothing came to it since the last one.
    [[nodiscard]] bool is_current(const Room& room) const;
    [[nodiscard]] Tick at() const { return at_; }  // of the last one; 0: there is none

  private:
    void look(const Room& room, Tick now);

    Tick at_ = 0;  // 0: nothing was published
    EventNumber event_ = 0;
    std::vector<Member> members_;             // of a room with views: whom everyone may see, by id,
    std::deque<World::Tombstone> left_;       // ... and who is not among them any more, since the last one
    flatbuffers::FlatBufferBuilder builder_{1024};
};

// How often a room is published, Hz: divides its send_rate.
std::uint16_t published_rate(const RoomSettings& settings);

// As it came. Any thread.
struct Publication {
    std::vector<std::uint64_t> bytes;
    std::uint32_t term = 0;
    std::uint64_t unix_us = 0;
    std::optional<CloseCode> ended;           // then it has nothing else
    Tick base = 0;                            // 0: all of it
    Tick tick = 0;
    const wire::StateFrame* frame = nullptr;  // in `bytes`
    EventNumber newest = 0;                   // number of the room's last message, here or still to come
    std::optional<RoomSettings> settings;     // with all of it
};

// Foreign bytes. Or a text that names what is wrong.
std::variant<Publication, std::string> read_publication(std::span<const std::byte> bytes);
// The message of a number. REQUIRES: the publication has it: numbers go up from event_first().
Event event_of(const wire::Event& from);

}  // namespace tickrelay
