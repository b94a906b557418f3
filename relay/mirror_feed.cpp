#include "relay/mirror_feed.h"

#include <algorithm>
#include <utility>

#include "relay/core/checkpoint_world.h"
#include "relay/core/limits.h"
#include "relay/core/units.h"
#include "relay/log.h"

namespace tickrelay {

namespace {

constexpr std::int64_t present_ns = 2'000 * ms;         // a room says something several times a second
constexpr PlayerNumber first_watcher = 1U << 30;         // not a number of any player of the room
constexpr std::uint32_t watched_ttl_ms = 10'000;
constexpr std::uint32_t last_frames_ms = 8'000;
constexpr std::uint32_t catch_up_ms = 600;               // for who was behind, or not in the stream yet, when the last frame left
constexpr std::int64_t ending_ns = 10'000 * ms;

// The messages of a publication that the log has not. Numbers are the room's own, so that every mirror of it has the same.
void take_messages(const Publication& from, EventNumber have, const std::function<void(EventNumber before)>& gap, const std::function<void(Event)>& take) {
    const auto* events = from.frame->events();
    for (flatbuffers::uoffset_t i = 0; events != nullptr && i < events->size(); ++i) {
        const EventNumber number = from.frame->event_first() + i;
        if (number <= have) continue;
        if (number - have > 1) gap(number - 1);
        take(event_of(*events->Get(i)));
        have = number;
    }
}

class MirrorLogic final : public Logic {
  public:
    MirrorLogic(std::shared_ptr<MirrorFeed> feed, const MirrorStart& start, std::function<std::int64_t()> clock)
        : feed_(std::move(feed)), clock_(std::move(clock)), term_(start.term), at_(start.tick) {}

    void on_tick(Room& room, std::uint32_t passed) override {
        if (ended_) return end_when_sent(room, passed);
        const std::int64_t now_ns = clock_();
        while (const auto bytes = feed_->next(now_ns)) {
            auto read = read_publication(*bytes);
            if (const auto* wrong = std::get_if<std::string>(&read)) {
                fault(room, *wrong);
            } else {
                follow(room, std::get<Publication>(read));
            }
            if (room.closing() || ended_) return;
        }
    }

  private:
    void follow(Room& room, const Publication& next) {
        if (next.ended) {
            ended_ = next.ended;
            return feed_->end_in(ending_ns, clock_());
        }
        if (next.settings && cannot_go_on(room, next)) return end(room, CloseCode::going_away, "the room began anew");
        if (next.settings && next.term != term_) {  // another owner goes on from a checkpoint
            term_ = next.term;
            at_ = 0;
        }
        if (next.term != term_ || next.base > at_) return feed_->lack();
        if (next.tick <= at_) return;
        if (const std::string wrong = apply_frame(*next.frame, room.mirrored(), room.tick()); !wrong.empty()) return fault(room, wrong);
        take_messages(next, room.events().last(), [&](EventNumber before) { room.mirror_gap(before); }, [&](Event event) { room.mirror(std::move(event)); });
        at_ = next.tick;
        feed_->show(next.unix_us);
    }

    // It is another room of that id, or clients would keep what it has no more: they get another mirror.
    [[nodiscard]] bool cannot_go_on(const Room& room, const Publication& next) const {
        const bool another = next.settings->layout->fingerprint() != room.world().layout().fingerprint() ||
                             (next.term != term_ && next.newest < room.events().last());
        return another || lacks_components(*next.frame, room.world());
    }

    void fault(const Room& room, const std::string& what) {
        if (!std::exchange(told_, true))
            log::error("what is published of a room cannot be read", {{"room_id", room.settings().id}, {"what", what}, {"remedy", "all nodes of a fleet run one version"}});
        at_ = 0;  // the world may have part of it
        term_ = 0;
        feed_->lack();
    }

    // Its spectators are to see the last of it, too.
    void end_when_sent(Room& room, std::uint32_t passed) {
        waited_ += passed;
        if (room.frames().tick() >= room.world().newest() && room.frames().event() == room.events().last()) since_sent_ += passed;
        const Tick send_periods = 2 * static_cast<Tick>(room.settings().tick_rate / room.settings().send_rate);
        if (since_sent_ > std::max(room.ticks_of_ms(catch_up_ms), send_periods) || waited_ > room.ticks_of_ms(last_frames_ms)) end(room, *ended_, "");
    }

    static void end(Room& room, CloseCode code, std::string_view why) {
        room.end_all(code, why);
        room.close(code);
    }

    std::shared_ptr<MirrorFeed> feed_;
    std::function<std::int64_t()> clock_;
    std::uint32_t term_;
    Tick at_;
    std::optional<CloseCode> ended_;  // what it follows
    Tick waited_ = 0;
    Tick since_sent_ = 0;
    bool told_ = false;
};

}  // namespace

void MirrorFeed::take(std::span<const std::byte> publication, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    if (waiting_bytes_ + publication.size() > waiting_bytes_max) return lack();
    waiting_.push_back({now_ns + delay_ns_, {publication.begin(), publication.end()}});
    waiting_bytes_ += publication.size();
    present_until_ns_ = now_ns + delay_ns_ + present_ns;
    heard_ns_ = now_ns;
    if (const RoomRecordPointer mirror = mirror_.lock()) mirror->present_until_ns.store(present_until_ns_, std::memory_order_relaxed);
}

bool MirrorFeed::empty() {
    const std::scoped_lock lock(mutex_);
    return waiting_.empty();
}

bool MirrorFeed::heard_within(std::int64_t time_ns, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    return heard_ns_ != 0 && now_ns - heard_ns_ < time_ns;
}

void MirrorFeed::end_in(std::int64_t time_ns, std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    present_until_ns_ = std::max(present_until_ns_, now_ns + time_ns);
    if (const RoomRecordPointer mirror = mirror_.lock()) mirror->present_until_ns.store(present_until_ns_, std::memory_order_relaxed);
}

void MirrorFeed::show(std::uint64_t published_us) {
    const std::scoped_lock lock(mutex_);
    if (const RoomRecordPointer mirror = mirror_.lock()) mirror->shown_us.store(published_us, std::memory_order_relaxed);
}

std::optional<std::vector<std::byte>> MirrorFeed::next(std::int64_t now_ns) {
    const std::scoped_lock lock(mutex_);
    if (waiting_.empty() || waiting_.front().due_ns > now_ns) return std::nullopt;
    std::vector<std::byte> bytes = std::move(waiting_.front().bytes);
    waiting_.pop_front();
    waiting_bytes_ -= bytes.size();
    return bytes;
}

void MirrorFeed::follow(const RoomRecordPointer& mirror) {
    const std::scoped_lock lock(mutex_);
    mirror_ = mirror;
    mirror->present_until_ns.store(present_until_ns_, std::memory_order_relaxed);
}

std::variant<SavedRoomPointer, std::string> begin_mirror(const Publication& first, bool stays) {
    RoomSettings settings = *first.settings;
    settings.send_rate = published_rate(settings);
    settings.mirror = true;
    settings.logic = "mirror";
    settings.authority = Authority::logic;
    settings.max_players = static_cast<std::uint32_t>(limits::players_max);
    settings.is_private = true;
    settings.locked = false;
    settings.views = false;
    settings.view_radius = settings.view_cell = 0;
    settings.rewind_ms = 0;
    settings.spectator_delay_ms = 0;
    settings.empty_ttl_ms = stays ? 0 : watched_ttl_ms;
    auto state = std::make_unique<SavedRoom>(std::move(settings));
    if (std::string wrong = apply_frame(*first.frame, state->world, first.tick); !wrong.empty()) return wrong;
    state->world.let_ids_return();
    const EventNumber before = first.frame->event_first() == 0 ? first.newest : first.frame->event_first() - 1;
    state->events.begin_at(before + 1);
    take_messages(first, before, [](EventNumber) {}, [&](Event event) { state->events.push(std::move(event)); });
    state->tick = state->newest = state->empty_since = first.tick;
    state->next_number = first_watcher;
    return state;
}

std::unique_ptr<Logic> mirror_logic(std::shared_ptr<MirrorFeed> feed, const MirrorStart& start, std::function<std::int64_t()> clock) {
    return std::make_unique<MirrorLogic>(std::move(feed), start, std::move(clock));
}

}  // namespace tickrelay
