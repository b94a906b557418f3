// What happened on the relay, numbered, for those who subscribe on the admin socket: a bounded ring, the oldest goes.
// Writers are workers and must never wait: each has an EventWriter, which keeps a few events to itself while the ring
// is being read. Readers hold a cursor; who falls out of the ring is told which numbers it lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tickrelay {

enum class RelayEventType : std::uint8_t {
    room_spawned,
    room_closed,
    room_updated,
    room_message,  // a player's message to the logic or the authority
    room_result,
    room_restored,   // from a checkpoint
    room_slowed,     // it sends or ticks less than it should: its worker is overloaded
    room_full_rate,  // no longer
    player_joined,
    player_left,
    player_dropped,  // the connection is lost, the seat is kept
    player_resumed,
    relay_draining,
    relay_undrained,
};
std::string_view name_of(RelayEventType type);  // "room.spawned"
bool find_event_type(std::string_view name, RelayEventType& type);

struct RelayEvent {
    std::uint64_t seq = 0;     // from 1; the ring sets it
    std::int64_t time_ms = 0;  // since 1970
    RelayEventType type{};
    std::string room_id = {};
    std::string player_id = {};
    std::string label = {};  // the reason of an end, the type of a message or room
    std::string data = {};   // payload bytes of a message; JSON text of a result
    std::string trace_id = {};  // the room's
};

// Where events are that a ring no longer has.
class EventArchive {
  public:
    virtual ~EventArchive() = default;
    struct Page {
        std::vector<RelayEvent> events;  // in order; what is no event, a gap's record, is left out
        std::uint64_t last = 0;          // the number of the last record that was read; 0: none
        bool whole = true;               // there were no more
    };
    // Of at most `count` records above `after`. May wait, not long; nothing: not now, ask again.
    virtual std::optional<Page> read(std::uint64_t after, std::size_t count) = 0;
};

class EventRing {
  public:
    static constexpr std::size_t events_max = 8'192;
    static constexpr std::size_t bytes_max = 8 * 1024 * 1024;

    explicit EventRing(std::size_t events = events_max, std::size_t bytes = bytes_max)
        : events_max_(events), bytes_max_(bytes) {}

    // Called after events came in, by the writer's thread: must only wake someone. Set before there are writers.
    void on_news(std::function<void()> wake) { wake_ = std::move(wake); }

    struct Filter {
        std::string room_id = {};                // empty: every room
        std::vector<RelayEventType> types = {};  // empty: every type
        [[nodiscard]] bool takes(const RelayEvent& event) const;
    };
    struct Batch {
        std::uint64_t lost_from = 0;  // not 0: numbers lost_from to lost_to are gone
        std::uint64_t lost_to = 0;
        std::vector<RelayEvent> events;
        std::uint64_t cursor = 0;  // read from here next time
    };
    void announce() const { if (wake_) wake_(); }  // there is news elsewhere
    // Events above `after` that the filter takes, at most `events` of them; what the ring no longer has comes from the archive.
    [[nodiscard]] Batch read(std::uint64_t after, const Filter& filter, std::size_t events) const;
    [[nodiscard]] Batch read_ring(std::uint64_t after, const Filter& filter, std::size_t events) const;  // without it
    [[nodiscard]] std::uint64_t last() const;  // the newest number; 0: none yet
    // For threads that may wait a moment; workers have an EventWriter. Returns its number.
    std::uint64_t push(RelayEvent event);
    // Before there are writers and readers.
    void begin_at(std::uint64_t first) { last_ = first - 1; }
    void set_archive(EventArchive* archive) { archive_ = archive; }

  private:
    friend class EventWriter;
    void append(std::vector<RelayEvent>& events, std::uint64_t missed);  // REQUIRES: mutex_ is held

    const std::size_t events_max_;
    const std::size_t bytes_max_;
    EventArchive* archive_ = nullptr;
    std::function<void()> wake_;
    mutable std::mutex mutex_;
    std::deque<RelayEvent> events_;  // numbers rise, with gaps where a writer lost some
    std::size_t bytes_ = 0;
    std::uint64_t last_ = 0;
};

// One thread's way in. push() and flush() never wait: while a reader holds the ring, events stay here, at most
// pending_max; what is above is counted and told to readers as lost.
class EventWriter {
  public:
    static constexpr std::size_t pending_max = 1'024;

    explicit EventWriter(EventRing& ring) : ring_(ring) {}

    void push(RelayEvent event);
    void flush();  // call it once a tick or step: pending events must not wait for the next one

  private:
    EventRing& ring_;
    std::vector<RelayEvent> pending_;
    std::uint64_t missed_ = 0;
};

}  // namespace tickrelay
