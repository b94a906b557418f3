// What outlives a process: who runs which room, rooms in bytes, the journal of events. One interface for a relay alone (SQLite under
// data_dir, or nothing) and for a fleet.
// Any thread asks, and never waits for a disk or a network here. Each answer comes once, on the store's own thread; it must only hand on
// (an errand, a promise) and may ask again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tickrelay {

// What became of a write.
enum class Stored : std::uint8_t {
    durable,  // by these bytes, or by newer ones of the same room
    ended,    // the room was released meanwhile
    failed,   // not yet: it is tried again by itself, without a further answer
};

// A room as it is kept.
struct StoredRoom {
    std::string id;
    std::uint32_t term = 0;      // of the owner that wrote it
    std::int64_t made_ms = 0;    // since 1970, by the writer's clock
    std::uint32_t owners = 0;    // terms that ran on from these bytes and wrote no others; 0: handed over, nothing is lost
    std::int64_t lost_ms = 0;    // for how long they did, all together, at most
    std::int64_t aside = 0;      // as of its key
    std::uint64_t revision = 0;  // of its entry in a fleet's directory; a claim replaces that one and no other
    std::string damage;          // not empty: the bytes are not what was written
    std::vector<std::byte> bytes;
};

// Of one room, for a list.
struct StoredKey {
    std::string id;
    std::int64_t aside = 0;  // not 0: it could not be taken up before; its number among those
    std::uint64_t revision = 0;  // not 0: of a fleet's directory; whose entry has another since is somebody else's
};

struct CheckpointBytes {
    std::string id;
    std::uint32_t term = 0;
    std::int64_t made_ms = 0;
    bool runs_on = true;  // false: its owner stops here, a hand-over
    std::vector<std::byte> bytes;
};

struct StoredEvent {
    std::uint64_t seq = 0;        // grows, over restarts too
    std::uint64_t lost_from = 0;  // not 0: no event, but a gap: numbers lost_from to seq never reached the journal
    std::int64_t time_ms = 0;
    std::string type = {};
    std::string room_id = {};
    std::string player_id = {};
    std::string label = {};
    std::string data = {};
    std::string trace_id = {};
};

struct EventPage {
    std::uint64_t first = 0;  // the oldest number that the journal may still have; below it they were dropped. 0: it has none
    std::vector<StoredEvent> events;
};

// Who may not come: a player, in one room or in all, or an address or range as text. until_ms: since 1970; 0: may come again.
struct StoredBan {
    std::string player_id = {};
    std::string room_id = {};
    std::string address = {};
    std::int64_t until_ms = 0;
    std::string reason = {};
};

// Where a room is.
struct RoomPlace {
    std::string node;  // empty: on this one
    std::uint32_t term = 0;
    std::string url;
};

class Store {
  public:
    template <typename Result>
    using Then = std::function<void(Result)>;

    virtual ~Store() = default;

    // False: nothing outlives the process, and nobody needs to write.
    [[nodiscard]] virtual bool keeps() const = 0;
    // Above every term that was given before, by any process: for a new room, or for those of a claim. At once, from a durable reserve.
    [[nodiscard]] virtual std::uint32_t new_term() = 0;

    // These rooms, as get_checkpoint gave them, are this node's under this term, and their frames may leave when the answer is `durable`.
    // After `failed` they are not; `ended`: another node has one of them.
    virtual void claim(std::vector<StoredRoom> rooms, std::uint32_t term, Then<Stored> then) = 0;
    // This node goes on running its rooms, whose changes up to kept_ms (since 1970) are all durable. Twice a second, from a thread that
    // may wait. Answer: until when it may, CLOCK_BOOTTIME ns.
    virtual void renew(std::int64_t kept_ms, Then<std::int64_t> then) = 0;
    // The room has ended: nothing is kept of it. Terms above this one are another owner's.
    virtual void release(std::string room_id, std::uint32_t term) = 0;
    virtual void find(std::string room_id, Then<std::optional<RoomPlace>> then) = 0;
    // Replaces an older one of the room that still waits.
    virtual void put_checkpoint(CheckpointBytes checkpoint, Then<Stored> then) = 0;
    // Nothing: there was no answer, which says nothing about the room.
    virtual void get_checkpoint(StoredKey key, Then<std::optional<StoredRoom>> then) = 0;
    // In order of seq. After `failed` the asker asks again.
    virtual void append_event(std::vector<StoredEvent> events, Then<Stored> then) = 0;

    // ---- what a start and readers of the journal need beside

    virtual void list(Then<std::vector<StoredKey>> then) = 0;
    // It could not be taken up: for people to look at, and for the next start to try again. Bounded, the oldest goes.
    virtual void set_aside(std::string room_id, std::string why) = 0;
    // Events above `after`, at most `count`.
    virtual void read_events(std::uint64_t after, std::size_t count, Then<EventPage> then) = 0;
    // Above every number that an event may have had: where a start's events begin.
    [[nodiscard]] virtual std::uint64_t first_event() const = 0;
    // Numbers up to this one are going to be used.
    virtual void reserve_events(std::uint64_t up_to) = 0;
    // Bans are this machine's: a fleet's nodes have each their own, in their data_dir.
    [[nodiscard]] virtual bool keeps_bans() const = 0;
    // REQUIRES for both: it keeps them. In place of an earlier one of the same. Bounded: of too many those that end first go.
    virtual void put_ban(StoredBan ban, Then<Stored> then) = 0;
    virtual void list_bans(Then<std::vector<StoredBan>> then) = 0;  // that have not ended
    // Everything that was asked before is done, or failed.
    virtual void flush(Then<Stored> then) = 0;
    // Writes what waits, if it can within a few seconds, and ends. No answer comes after it.
    virtual void stop() = 0;
};

// Nothing outlives the process.
std::unique_ptr<Store> make_memory_store();

struct StatsShard;
struct SqliteSettings {
    std::string data_dir;                         // made where it is missing
    std::size_t journal_events_max = 100'000;     // the oldest are dropped
    std::size_t journal_bytes_max = 64ULL << 20;
    std::size_t aside_max = 4'096;                // rooms that could not be taken up: the oldest go
    std::size_t aside_bytes_max = 256ULL << 20;   // of their checkpoints
};
// In data_dir, which is this process's alone until stop(). Or a text that names what is wrong and the remedy.
// stats: the store's thread writes it.
std::variant<std::unique_ptr<Store>, std::string> open_sqlite_store(const SqliteSettings& settings, StatsShard& stats);

}  // namespace tickrelay
