// Bans: who may not come back, and who has to go now.

#include <algorithm>
#include <chrono>
#include <future>

#include "relay/control_desk.h"
#include "relay/event_journal.h"
#include "relay/log.h"
#include "relay/run/lws_loop.h"

namespace tickrelay {

namespace {

// Ends the seats in a worker's rooms that a ban is of, and counts them. Twice: a join that was let in just before may come out of the
// inbox behind the first.
class Expulsion final : public Errand {
  public:
    Expulsion(const BanRequest& ban, WorkerPort* again) : ban_(ban), again_(again) {}
    std::future<std::uint64_t> ended() { return ended_.get_future(); }

    void run(Worker& worker, std::int64_t) override {
        std::uint64_t count = 0;
        for (const auto& place : worker.places())
            if (place->room && (ban_.room_id.empty() || place->record->id == ban_.room_id)) count += end_in(*place);
        if (again_ != nullptr) again_->post(std::make_unique<Expulsion>(ban_, nullptr));
        ended_.set_value(count);
    }

  private:
    std::uint64_t end_in(Worker::Place& place) const {
        std::vector<PlayerNumber> numbers;
        for (const auto& seat : place.room->seats()) {
            const Worker::Placed* at = Worker::placed(place, seat->number);
            const bool is_meant = ban_.player_id.empty() ? at != nullptr && ban_.address.holds(at->peer) : seat->player_id == ban_.player_id;
            if (is_meant) numbers.push_back(seat->number);
        }
        std::uint64_t count = 0;
        for (const PlayerNumber number : numbers) {
            place.room->kick(number, ban_.reason.empty() ? label(CloseCode::banned) : std::string_view(ban_.reason), CloseCode::banned);
            ++count;
        }
        return count;
    }

    const BanRequest ban_;
    WorkerPort* again_;
    std::promise<std::uint64_t> ended_;
};

Bans::Ban ban_of(const BanRequest& request) {
    return {.player_id = request.player_id,
            .room_id = request.room_id,
            .address = request.address,
            .until_ns = monotonic_ns() + request.for_ns,
            .reason = request.reason};
}

constexpr std::chrono::seconds disk_patience{2};

}  // namespace

// The clock on the wall counts while no relay runs.
void ControlDesk::keep_in(JournalPump& journal, Store& store) {
    journal_ = &journal;
    if (!store.keeps_bans()) return;
    ban_store_ = &store;
    auto promise = std::make_shared<std::promise<std::vector<StoredBan>>>();
    auto answer = promise->get_future();
    store.list_bans([promise](std::vector<StoredBan> bans) { promise->set_value(std::move(bans)); });
    const std::int64_t now_ns = monotonic_ns(), now_ms = unix_ms();
    for (StoredBan& ban : answer.get()) {
        const auto address = ban.address.empty() ? Cidr{} : parse_cidr(ban.address);
        if (!address || ban.player_id.empty() == ban.address.empty()) continue;
        reception_.bans().add({.player_id = std::move(ban.player_id),
                               .room_id = std::move(ban.room_id),
                               .address = *address,
                               .until_ns = now_ns + (ban.until_ms - now_ms) * 1'000'000,
                               .reason = std::move(ban.reason)});
    }
}

// In the table first: whatever the disk says, the ban holds, or has ended, in this process.
std::future<Stored> ControlDesk::keep_ban(const Bans::Ban& ban, bool ends) {
    if (ban_store_ == nullptr) return {};
    auto promise = std::make_shared<std::promise<Stored>>();
    auto answer = promise->get_future();
    ban_store_->put_ban({.player_id = ban.player_id,
                         .room_id = ban.room_id,
                         .address = ban.player_id.empty() ? to_string(ban.address) : std::string(),
                         .until_ms = ends ? 0 : unix_ms() + (ban.until_ns - monotonic_ns()) / 1'000'000,
                         .reason = ban.reason},
                        [promise, who = ban.player_id.empty() ? to_string(ban.address) : ban.player_id, ends](Stored what) {
                            if (what != Stored::durable)
                                log::warn(ends ? "the end of a ban is not on the disk yet: a restart now would bring it back"
                                               : "a ban is not on the disk yet: it holds, but not over a restart now",
                                          {{"of", who}, {"remedy", "see what the store said; it is tried again until it works"}});
                            promise->set_value(what);
                        });
    return answer;
}

std::optional<bool> ControlDesk::kept(std::future<Stored> answer, Deadline deadline) const {
    if (!answer.valid()) return std::nullopt;
    const auto until = std::min<Deadline>(deadline, std::chrono::steady_clock::now() + disk_patience);
    return answer.wait_until(until) == std::future_status::ready && answer.get() == Stored::durable;
}

// First the table, then the seats: nobody slips in between.
Answer<Banned> ControlDesk::ban(BanRequest request, Deadline deadline) {
    const Bans::Ban added = ban_of(request);
    reception_.bans().add(added);
    auto on_disk = keep_ban(added, false);
    std::vector<std::future<std::uint64_t>> ended;
    for (WorkerPort* worker : workers_) {
        auto expulsion = std::make_unique<Expulsion>(request, worker);
        ended.push_back(expulsion->ended());
        worker->post(std::move(expulsion));
    }
    Banned banned;
    for (auto& each : ended) {
        if (each.wait_until(deadline) != std::future_status::ready)
            return Refused{std::string(reason_timeout), "the ban holds; a worker did not answer in time who was sent away"};
        banned.kicked += each.get();
    }
    banned.kept = kept(std::move(on_disk), deadline);
    return banned;
}

std::vector<BanEntry> ControlDesk::bans(std::size_t skip, std::size_t count) {
    const std::int64_t now_ns = monotonic_ns();
    std::vector<BanEntry> entries;
    auto all = reception_.bans().list(skip + count, now_ns);
    for (Bans::Ban& ban : std::span(all).subspan(std::min(skip, all.size())))
        entries.push_back({.player_id = std::move(ban.player_id),
                           .room_id = std::move(ban.room_id),
                           .address = ban.address,
                           .ends_in_s = static_cast<double>(ban.until_ns - now_ns) / 1e9,
                           .reason = std::move(ban.reason)});
    return entries;
}

Answer<Unbanned> ControlDesk::unban(BanRequest request, Deadline deadline) {
    const Bans::Ban ended = ban_of(request);
    const bool held = reception_.bans().remove(ended, monotonic_ns());
    auto on_disk = keep_ban(ended, true);  // it may have one that had no room here
    if (held) return Unbanned{.kept = kept(std::move(on_disk), deadline)};
    return Refused{"no_such_ban", "nothing like that is banned: tickrelayctl bans lists what is"};
}

}  // namespace tickrelay
