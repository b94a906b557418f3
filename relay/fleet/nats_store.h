// The store of a fleet, on NATS JetStream: rooms in a directory that all nodes share, checkpoints in a stream, the journal in another, with
// this node's SQLite journal as the spool where there is one. The NATS servers lose nothing that they said is stored while most of them
// live; while they are away, rooms go on for as long as the lease holds, and what waits is written when they are back.
//
//     bucket PREFIX_nodes        node → NodeEntry, renewed each second
//     bucket PREFIX_rooms        room → RoomClaim; who claims one writes it by compare-and-set
//     bucket PREFIX_keys         sessions → the secret that all nodes sign players' sessions with
//     stream PREFIX_checkpoints  PREFIX.checkpoint.ROOM.TERM.head, and .SLOT.N where one message does not hold it
//     stream PREFIX_journal      PREFIX.journal.NODE.TYPE (….room.result), one JSON object each, with the id NODE.SEQ
//
// A checkpoint is under its owner's term, so that a late write of an owner before is nobody's. Owner: Persistence.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "relay/fleet/checkpoint_messages.h"
#include "relay/fleet/nats.h"
#include "relay/fleet/node.h"
#include "relay/fleet/store.h"
#include "relay/fleet/tasks.h"
#include "relay/stats.h"

namespace tickrelay {

struct NatsStoreSettings {
    NatsSettings nats;
    NodeSettings node;
    std::function<std::string(const StoredEvent&)> event_text;  // for the stream: a JSON object with `seq`
};

class NatsStore final : public Store {
  public:
    // journal: where events wait, and are read from; null: they go straight to the stream.
    NatsStore(NatsStoreSettings settings, std::unique_ptr<Store> journal, StatsShard& stats);
    ~NatsStore() override { NatsStore::stop(); }

    // secret: what a first node of the fleet makes its session secret. Connects and reads the directory. An error text, or nothing.
    std::optional<std::string> open(const std::string& secret);
    [[nodiscard]] FleetNode& node() { return node_; }
    [[nodiscard]] Nats& nats() { return nats_; }
    [[nodiscard]] std::string journal_stream() const { return settings_.node.prefix + "_journal"; }
    [[nodiscard]] std::string journal_subjects() const { return settings_.node.prefix + ".journal.>"; }
    [[nodiscard]] const std::string& session_secret() const { return session_secret_; }

    // A room whose id nobody else can know: this node's from here on; the directory learns of it.
    std::uint32_t begin(const std::string& room_id);
    // A room of this id, if there is none in the fleet: its term. Waits.
    enum class Begun : std::uint8_t { claimed, exists, failed };
    Begun begin_named(const std::string& room_id);

    // A room whose owner is over and that nobody took up is forgotten, with its checkpoints. none: there is no such room, or somebody has
    // it by now. Waits.
    enum class Discarded : std::uint8_t { done, none, failed };
    Discarded discard(const std::string& room_id);

    [[nodiscard]] bool keeps() const override { return true; }
    [[nodiscard]] std::uint32_t new_term() override;
    void claim(std::vector<StoredRoom> rooms, std::uint32_t term, Then<Stored> then) override;
    void renew(std::int64_t kept_ms, Then<std::int64_t> then) override;
    void release(std::string room_id, std::uint32_t term) override;
    void find(std::string room_id, Then<std::optional<RoomPlace>> then) override;
    void put_checkpoint(CheckpointBytes checkpoint, Then<Stored> then) override;
    void get_checkpoint(StoredKey key, Then<std::optional<StoredRoom>> then) override;
    void append_event(std::vector<StoredEvent> events, Then<Stored> then) override;
    void list(Then<std::vector<StoredKey>> then) override;
    void set_aside(std::string room_id, std::string why) override;
    [[nodiscard]] bool is_aside(const std::string& room_id);  // since this process began
    void read_events(std::uint64_t after, std::size_t count, Then<EventPage> then) override;
    [[nodiscard]] std::uint64_t first_event() const override;
    void reserve_events(std::uint64_t up_to) override;
    [[nodiscard]] bool keeps_bans() const override { return journal_ && journal_->keeps_bans(); }
    void put_ban(StoredBan ban, Then<Stored> then) override {
        if (journal_) journal_->put_ban(std::move(ban), std::move(then));
    }
    void list_bans(Then<std::vector<StoredBan>> then) override {
        if (journal_) journal_->list_bans(std::move(then));
    }
    void flush(Then<Stored> then) override;
    void stop() override;

  private:
    using Answers = std::vector<Then<Stored>>;
    struct Put {
        CheckpointBytes checkpoint;
        Answers answers;
    };

    // ---- nats_store.cpp: the directory's thread
    Stored claim_room(const StoredRoom& room, std::uint32_t term);
    std::optional<std::uint32_t> term_in_directory(const std::string& room_id);  // any thread; nothing: it has no such room
    Stored write_entry(const std::string& id, const RoomClaim& entry, std::uint64_t expected);
    void settle();
    bool create_entry(const std::string& id, std::uint32_t term);
    bool remove_entry(const std::string& id, std::uint32_t term);
    std::vector<StoredKey> free_rooms();
    std::optional<StoredRoom> read_checkpoint(const StoredKey& key);
    [[nodiscard]] std::int64_t lost_ms(const RoomClaim& entry, std::int64_t made_ms);
    std::optional<std::string> open_keys(const std::string& secret);

    // ---- nats_store_write.cpp: the writer's
    void run_writer();
    void write(std::map<std::string, Put> batch);
    void answer(Put& put, Stored what);
    std::optional<std::uint8_t> free_slot(const std::string& id, const std::string& subject);
    void note_failing(bool failing);

    // ---- nats_store_journal.cpp
    void run_journal();
    bool publish_events(std::span<const StoredEvent> events);
    bool ship(const EventPage& page);
    void note_waiting(bool waits, std::span<const StoredEvent> events);
    [[nodiscard]] std::optional<std::uint64_t> last_in_stream();

    const NatsStoreSettings settings_;
    std::unique_ptr<Store> journal_;
    StatsShard& stats_;
    Nats nats_;
    FleetNode node_;
    std::string session_secret_;
    bool opened_ = false;
    bool stopped_ = false;

    Tasks directory_{"fleet-rooms"};
    std::mutex mutex_;
    std::condition_variable wakes_;
    std::map<std::string, std::uint32_t> begun_;     // rooms that begin_named() claimed, and nobody runs yet
    std::map<std::string, std::uint32_t> creating_;  // rooms of which the directory does not know yet
    std::map<std::string, std::uint32_t> ending_;    // ... and those that it is to forget
    std::map<std::string, Put> waiting_;
    std::size_t waiting_bytes_ = 0;
    Answers flushes_;
    std::map<std::string, std::uint32_t> aside_;     // this process could not take them up; the term of their entry then
    std::map<std::string, std::uint32_t> old_terms_; // of a room, the checkpoint that it was taken up from: goes with the first of its own
    std::map<std::string, std::uint8_t> slots_;      // the writer's: which of two slots the newest head of a large checkpoint names
    std::set<std::string> unsure_;                   // the writer's: it is not known which, a head's fate is not
    bool writing_ = false;
    bool stopping_ = false;
    bool failing_ = false;                           // the writer's
    std::thread writer_;

    std::mutex journal_mutex_;
    std::condition_variable journal_wakes_;
    std::vector<std::pair<std::vector<StoredEvent>, Then<Stored>>> events_;  // without journal_: at most one append
    std::uint64_t shipped_ = 0;
    std::uint64_t first_event_ = 1;
    bool events_wait_ = false;
    bool journal_stopping_ = false;
    std::thread shipper_;
};

}  // namespace tickrelay
