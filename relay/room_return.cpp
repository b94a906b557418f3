#include "relay/room_return.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include "relay/core/checkpoint.h"
#include "relay/core/limits.h"
#include "relay/event_journal.h"
#include "relay/log.h"
#include "relay/run/lws_loop.h"
#include "relay/run/worker.h"

namespace tickrelay {

namespace {

// A clock that was set wrong meanwhile must not use up a room's ticks.
constexpr std::int64_t away_most_ms = 7LL * 86'400'000;
constexpr Tick tick_most = 1U << 30;
constexpr int hears_of_terms_tries = 20;

class Arrival final : public Errand {
  public:
    explicit Arrival(RoomRecordPointer record) : record_(std::move(record)) {}
    void run(Worker& worker, std::int64_t now_ns) override { worker.place_of(record_, now_ns); }

  private:
    RoomRecordPointer record_;
};

template <typename Result, typename Ask>
Result wait_for(Ask ask) {
    std::promise<Result> promise;
    std::future<Result> answer = promise.get_future();
    ask([&promise](Result result) { promise.set_value(std::move(result)); });
    return answer.get();
}

Tick ticks_of(std::int64_t ms, std::uint32_t rate_hz) { return static_cast<Tick>(ms * rate_hz / 1000); }

}  // namespace

std::optional<std::string> RoomReturn::run() {
    if (!store_.keeps()) return std::nullopt;
    std::size_t count = 0;
    return take(wait_for<std::vector<StoredKey>>([this](auto then) { store_.list(then); }), count);
}

std::optional<std::string> RoomReturn::take(const std::vector<StoredKey>& keys, std::size_t& count) {
    if (keys.empty()) return std::nullopt;
    const std::scoped_lock lock(taking_);
    const std::int64_t started_ns = monotonic_ns();
    claimed_.clear();
    ready_.clear();
    refused_ = 0;
    for (const StoredKey& key : keys)
        if (!lobby_.find(key.id)) read(key);
    const std::uint32_t term = term_above_all();
    // Before the lobby knows of them: nobody may join a room whose new owner is not on the disk.
    const bool all = claim(term);
    const std::size_t came = ready_.size();
    count += came;
    for (Ready& room : ready_) {
        const RoomRecordPointer record = lobby_.restore(std::move(room.state), room.how, std::move(room.logic), monotonic_ns());
        if (record) workers_[record->worker]->post(std::make_unique<Arrival>(record));
    }
    ready_.clear();
    log::info("rooms are taken up from the store",
              {{"rooms", came}, {"set_aside", refused_}, {"term", term}, {"took_s", static_cast<double>(monotonic_ns() - started_ns) / 1e9}});
    if (!all)
        return "not all rooms of the process before can be taken up, as the store cannot be written: with data_dir, free space on its disk; in a fleet, look at the NATS servers";
    return std::nullopt;
}

// All at once. Of a fleet's rooms another node may be quicker: those are not ready then. False: the store fails.
bool RoomReturn::claim(std::uint32_t term) {
    std::vector<std::future<Stored>> answers;
    for (StoredRoom& room : claimed_) {
        const auto promise = std::make_shared<std::promise<Stored>>();
        answers.push_back(promise->get_future());
        std::vector<StoredRoom> one;
        one.push_back(std::move(room));
        store_.claim(std::move(one), term, [promise](Stored what) { promise->set_value(what); });
    }
    claimed_.clear();
    bool good = true;
    std::vector<Ready> ours;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const Stored what = answers[i].get();
        good &= what != Stored::failed;
        if (what == Stored::durable) ours.push_back(std::move(ready_[i]));
    }
    ready_ = std::move(ours);
    return good;
}

// Drawn after they were read: one that another node wrote meanwhile may be of a term that this node is still to hear of.
std::uint32_t RoomReturn::term_above_all() {
    const auto below = [this](std::uint32_t term) { return std::ranges::all_of(ready_, [term](const Ready& room) { return room.state->term < term; }); };
    std::uint32_t term = store_.new_term();
    for (int tries = 0; !below(term) && tries < hears_of_terms_tries; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        term = store_.new_term();
    }
    for (std::size_t i = ready_.size(); i-- > 0;) {
        ready_[i].how.term = term;
        if (ready_[i].state->term < term) continue;
        refuse({.id = claimed_[i].id, .aside = claimed_[i].aside}, "it is of a later term", "a backup of data_dir may have it", ready_[i].state->settings.trace_id);
        ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(i));
        claimed_.erase(claimed_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return term;
}

void RoomReturn::read(const StoredKey& key) {
    auto stored = wait_for<std::optional<StoredRoom>>([&](auto then) { store_.get_checkpoint(key, then); });
    if (!stored) {  // a fleet looks again soon, as long as there are free rooms
        log::warn("a room cannot be read from the store now: it stays there, and is tried again",
                  {{"room_id", key.id}, {"remedy", "where this does not end by itself, look at the disk of data_dir, or at the NATS servers' log"}});
        return;
    }
    if (!stored->damage.empty()) {
        refuse(key, stored->damage, "a backup of data_dir may have it");
        return;
    }
    if (stored->owners > limits::lost_terms_max) {
        refuse(key, "the relay ended " + std::to_string(stored->owners) + " times soon after it took the room up", "look for what its logic does");
        return;
    }
    auto found = read_checkpoint(stored->bytes);
    if (const auto* wrong = std::get_if<std::string>(&found)) {
        refuse(key, *wrong, "start the version that wrote it");
        return;
    }
    auto& state = std::get<SavedRoomPointer>(found);
    LogicFactory logic = logics_(state->settings.logic);
    if (!logic || state->settings.id != key.id) {
        refuse(key, logic ? "it is another room's" : "no logic '" + state->settings.logic + "' is loaded",
               logic ? "a backup of data_dir may have it" : "load it with --logic and start again", state->settings.trace_id);
        return;
    }
    const std::uint32_t rate = state->settings.tick_rate;
    const std::int64_t away_ms = std::clamp<std::int64_t>(unix_ms() - stored->made_ms, 0, away_most_ms);
    const Tick tick = std::max(state->tick, std::min<Tick>(state->tick + ticks_of(away_ms, rate), tick_most));
    const Restore how{.term = 0,  // drawn later
                      .tick = tick,
                      .lost_terms = stored->owners,
                      .lost_ticks = stored->owners == 0 ? 0 : std::min<Tick>(ticks_of(std::min(stored->lost_ms, away_most_ms), rate) + 1, limits::lost_ticks_max)};
    ready_.push_back({std::move(state), how, std::move(logic)});
    stored->bytes.clear();
    stored->bytes.shrink_to_fit();
    claimed_.push_back(std::move(*stored));
}

// It stays where people can look at it, and the next start tries again.
void RoomReturn::refuse(const StoredKey& key, const std::string& why, std::string_view remedy, std::string_view trace_id) {
    ++refused_;
    log::error("a room is not taken up: it is set aside, and tried again at the next start", {{"room_id", key.id}, {"trace_id", trace_id}, {"why", why}, {"remedy", remedy}});
    if (key.aside == 0) store_.set_aside(key.id, why);
}

}  // namespace tickrelay
