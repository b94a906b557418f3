// Bans: who may not come back, and who has to go now.

#include <algorithm>
#include <future>

#include "relay/control_desk.h"
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

}  // namespace

// First the table, then the seats: nobody slips in between.
Answer<Banned> ControlDesk::ban(BanRequest request, Deadline deadline) {
    reception_.bans().add(ban_of(request));
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
    return banned;
}

std::vector<BanEntry> ControlDesk::bans(std::size_t count) {
    const std::int64_t now_ns = monotonic_ns();
    std::vector<BanEntry> entries;
    for (Bans::Ban& ban : reception_.bans().list(count, now_ns))
        entries.push_back({.player_id = std::move(ban.player_id),
                           .room_id = std::move(ban.room_id),
                           .address = ban.address,
                           .ends_in_s = static_cast<double>(ban.until_ns - now_ns) / 1e9,
                           .reason = std::move(ban.reason)});
    return entries;
}

Answer<Done> ControlDesk::unban(BanRequest request, Deadline) {
    if (reception_.bans().remove(ban_of(request), monotonic_ns())) return Done{};
    return Refused{"no_such_ban", "nothing like that is banned: tickrelayctl bans lists what is"};
}

}  // namespace tickrelay
