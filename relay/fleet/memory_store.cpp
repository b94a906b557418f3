// No data_dir: terms and numbers begin anew with each process, and nothing is kept.
#include <algorithm>
#include <limits>
#include <mutex>

#include "relay/fleet/store.h"

namespace tickrelay {

namespace {

// Answers at once, on the caller's thread: there is nothing to wait for.
class MemoryStore final : public Store {
  public:
    [[nodiscard]] bool keeps() const override { return false; }
    std::uint32_t new_term() override {
        const std::scoped_lock lock(mutex_);
        return ++last_term_;
    }
    void claim(std::vector<StoredRoom>, std::uint32_t, Then<Stored> then) override { answer(then, Stored::durable); }
    void renew(std::int64_t, Then<std::int64_t> then) override { answer(then, std::numeric_limits<std::int64_t>::max()); }
    void release(std::string, std::uint32_t) override {}
    void find(std::string, Then<std::optional<RoomPlace>> then) override { answer(then, std::optional<RoomPlace>()); }
    void put_checkpoint(CheckpointBytes, Then<Stored> then) override { answer(then, Stored::durable); }
    void get_checkpoint(StoredKey, Then<std::optional<StoredRoom>> then) override { answer(then, std::optional<StoredRoom>()); }
    void append_event(std::vector<StoredEvent>, Then<Stored> then) override { answer(then, Stored::durable); }
    void list(Then<std::vector<StoredKey>> then) override { answer(then, std::vector<StoredKey>()); }
    void set_aside(std::string, std::string) override {}
    void read_events(std::uint64_t, std::size_t, Then<EventPage> then) override { answer(then, EventPage()); }
    [[nodiscard]] std::uint64_t first_event() const override { return 1; }
    void reserve_events(std::uint64_t) override {}
    [[nodiscard]] bool keeps_bans() const override { return false; }
    void put_ban(StoredBan, Then<Stored> then) override { answer(then, Stored::durable); }
    void list_bans(Then<std::vector<StoredBan>> then) override { answer(then, std::vector<StoredBan>()); }
    void flush(Then<Stored> then) override { answer(then, Stored::durable); }
    void stop() override {}

  private:
    template <typename Result>
    static void answer(const Then<Result>& then, Result result) {
        if (then) then(std::move(result));
    }

    std::mutex mutex_;
    std::uint32_t last_term_ = 0;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace tickrelay
