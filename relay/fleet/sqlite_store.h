// The store of a relay alone: SQLite in data_dir, written by a thread of its own. What waits for that thread is bounded: one newest
// checkpoint per room, one batch of events. A disk that is slow or full makes it wait longer, and nobody else.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "relay/fleet/data_dir.h"
#include "relay/fleet/store.h"
#include "relay/fleet/tables.h"
#include "relay/stats.h"

namespace tickrelay {

class SqliteStore final : public Store {
  public:
    SqliteStore(SqliteSettings settings, StatsShard& stats) : settings_(std::move(settings)), stats_(stats) {}
    ~SqliteStore() override { stop(); }

    // Once, first. A text that names what is wrong and the remedy, or nothing.
    std::optional<std::string> start();

    [[nodiscard]] bool keeps() const override { return true; }
    std::uint32_t new_term() override;
    void claim(std::vector<StoredRoom> rooms, std::uint32_t term, Then<Stored> then) override;
    void renew(std::int64_t kept_ms, Then<std::int64_t> then) override;
    void release(std::string room_id, std::uint32_t term) override;
    void find(std::string room_id, Then<std::optional<RoomPlace>> then) override;
    void put_checkpoint(CheckpointBytes checkpoint, Then<Stored> then) override;
    void get_checkpoint(StoredKey key, Then<std::optional<StoredRoom>> then) override;
    void append_event(std::vector<StoredEvent> events, Then<Stored> then) override;
    void list(Then<std::vector<StoredKey>> then) override;
    void set_aside(std::string room_id, std::string why) override;
    void read_events(std::uint64_t after, std::size_t count, Then<EventPage> then) override;
    [[nodiscard]] std::uint64_t first_event() const override { return first_event_; }
    void reserve_events(std::uint64_t up_to) override;
    [[nodiscard]] bool keeps_bans() const override { return true; }
    void put_ban(StoredBan ban, Then<Stored> then) override;
    void list_bans(Then<std::vector<StoredBan>> then) override;
    void flush(Then<Stored> then) override;
    void stop() override;

  private:
    using Answers = std::vector<Then<Stored>>;

    // Of one room, in this order.
    struct RoomWork {
        std::optional<std::string> aside;
        std::optional<std::uint32_t> released;
        std::optional<CheckpointBytes> put;
        Answers answers;  // of `put`
    };
    struct Claim {
        std::vector<StoredRoom> rooms;
        std::uint32_t term = 0;
        Then<Stored> then;
    };
    // What one transaction writes.
    struct Batch {
        std::vector<Claim> claims;
        std::map<std::string, RoomWork> rooms;
        std::vector<std::pair<std::vector<StoredEvent>, Then<Stored>>> events;
        std::map<std::string, StoredBan> bans;  // by whom: the newest of each
        Answers ban_answers;
        Answers flushes;
        std::uint32_t terms_reserved = 0;  // 0: no more than before
        std::uint64_t events_reserved = 0;
        std::size_t bytes = 0;  // of its checkpoints
        std::uint64_t events_dropped = 0;
        [[nodiscard]] bool empty() const {
            return claims.empty() && rooms.empty() && events.empty() && bans.empty() && flushes.empty() && terms_reserved == 0 && events_reserved == 0;
        }
    };
    using Reading = std::function<void(Tables&)>;

    void run();
    bool write(Batch& batch);
    bool write_rooms(Batch& batch);
    bool write_events(Batch& batch);
    bool write_bans(Batch& batch);
    void succeed(Batch& batch);
    void fail(Batch& batch);
    void put_back(Batch& batch);  // REQUIRES: mutex_ is held
    void ask(Reading reading);
    void answer_later(Answers answers, Stored what);  // REQUIRES: mutex_ is held
    void wake(bool at_once);  // REQUIRES: mutex_ is held
    [[nodiscard]] std::string database_path() const { return directory_.path() + "/relay.db"; }
    [[nodiscard]] std::int64_t lost_ms(const StoredRoom& room, std::int64_t since_ms) const;

    SqliteSettings settings_;
    StatsShard& stats_;
    DataDir directory_;
    Tables tables_;  // the thread's, once it runs
    std::uint64_t first_event_ = 1;

    std::mutex mutex_;
    std::condition_variable wakes_;
    Batch waiting_;
    std::deque<Reading> readings_;
    bool at_once_ = false;
    bool stopping_ = false;
    std::uint32_t last_term_ = 0;
    std::uint32_t terms_reserved_ = 0;  // asked for
    std::uint64_t events_reserved_ = 0;

    // The thread's.
    std::int64_t failing_since_ms_ = 0;  // 0: it is not
    std::uint64_t tries_ = 0;            // since then
    std::thread thread_;
};

}  // namespace tickrelay
