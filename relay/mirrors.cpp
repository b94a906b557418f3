#include "relay/mirrors.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "relay/core/units.h"
#include "relay/door/random.h"
#include "relay/log.h"
#include "relay/on_place.h"
#include "relay/run/lws_loop.h"

namespace tickrelay {

namespace {

constexpr std::chrono::milliseconds step_every{100};
constexpr std::int64_t ask_every_ns = 1'000 * ms;  // workers publish for some seconds after that
constexpr std::int64_t ask_again_ns = 300 * ms;    // for all of it
constexpr std::int64_t falls_silent_ns = 600 * ms;  // a room at rest says so more often
constexpr std::int64_t soon_ns = 3'000 * ms;
constexpr std::int64_t unwanted_ns = 10'000 * ms;
constexpr std::int64_t missed_max_ns = 15'000 * ms;  // of a room that nobody has; a crash takes less

// schema/PROTOCOL.md, "Close codes": SDKs come back by themselves.
constexpr std::string_view soon = "come back in 250 ms: a mirror of this room is being made";

std::uint64_t unix_us() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

// Clients know by the term whose ticks and message numbers they have: no two mirrors may share one.
std::uint32_t new_term() {
    std::uint32_t term = 0;
    fill_random(std::as_writable_bytes(std::span(&term, 1)));
    return std::max(term >> 1, 1U);
}

}  // namespace

std::optional<std::string> Mirrors::start() {
    if (fleet_ != nullptr)
        if (auto failed = fleet_->start([this](const std::string& room_id, bool whole) { watched_from_afar(room_id, whole); })) return failed;
    thread_.start(step_every, [this] {
        try {
            step();
        } catch (const std::bad_alloc&) {  // the next one comes soon
        }
    });
    return std::nullopt;
}

void Mirrors::stop() {
    thread_.stop();
    std::map<std::string, WatchedPointer> all;
    {
        const std::scoped_lock lock(mutex_);
        all.swap(watched_);
    }
    for (const auto& [room_id, watched] : all)
        if (const RoomRecordPointer mirror = lobby_.find_mirror(room_id)) let_go(mirror, CloseCode::restarting, "the relay restarts");
    if (fleet_ != nullptr) fleet_->stop();
}

void Mirrors::drain(bool draining) {
    draining_ = draining;
    thread_.wake();
}

std::optional<std::variant<RoomRecordPointer, Drop, Redirect>> Mirrors::watch(const std::string& room_id, const RoomRecord* here) {
    using Answer = std::variant<RoomRecordPointer, Drop, Redirect>;
    const std::uint32_t delay_ms = here == nullptr ? 0 : here->settings.spectator_delay_ms;
    if (fleet_ == nullptr && here != nullptr && delay_ms == 0) return std::nullopt;
    const Directory::Where where = here != nullptr ? Directory::Where::here : fleet_ == nullptr ? Directory::Where::nowhere : fleet_->find(room_id).where;
    RoomRecordPointer mirror = lobby_.find_mirror(room_id);  // of a room that has ended it may show the last
    if (where == Directory::Where::nowhere && !mirror) return std::nullopt;
    if (draining_) {
        if (std::string url = fleet_ == nullptr ? "" : fleet_->url_of_another(); !url.empty()) return Answer(Redirect{std::move(url), room_id});
        if (!mirror) return Answer(Drop{CloseCode::restarting, "the relay is draining"});
    }
    const bool stays = delay_ms != 0;
    const WatchedPointer watched = where == Directory::Where::nowhere ? nullptr : want(room_id, delay_ms, stays);
    if (mirror) return Answer(std::move(mirror));
    if (!watched) return Answer(Drop{CloseCode::overloaded, "no further room can be watched here"});
    // Its owner publishes nothing of one with a delay for so long.
    if (stays || monotonic_ns() - watched->began_ns > soon_ns) return Answer(Drop{CloseCode::going_away, "nothing of this room is to be seen yet"});
    if (where == Directory::Where::between || (fleet_ != nullptr && !fleet_->may_run())) return Answer(Drop{CloseCode::going_away, "the room is between two nodes"});
    return Answer(Drop{CloseCode::overloaded, soon});
}

Mirrors::WatchedPointer Mirrors::want(const std::string& room_id, std::uint32_t delay_ms, bool stays) {
    const std::int64_t now_ns = monotonic_ns();
    if (WatchedPointer known = find(room_id)) {
        known->wanted_ns = now_ns;
        return known;
    }
    const auto fresh = std::make_shared<Watched>(delay_ms * ms, stays, now_ns);
    WatchedPointer watched;
    {
        const std::scoped_lock lock(mutex_);
        if (watched_.size() >= mirrors_max && !stays) return nullptr;
        watched = watched_.try_emplace(room_id, fresh).first->second;
    }
    thread_.wake();
    return watched;
}

Mirrors::WatchedPointer Mirrors::find(const std::string& room_id) {
    const std::scoped_lock lock(mutex_);
    const auto known = watched_.find(room_id);
    return known == watched_.end() ? nullptr : known->second;
}

// ---------------------------------------------------------------------------------------------- workers

void Mirrors::began(const RoomRecordPointer& room) {
    if (room->settings.spectator_delay_ms == 0) {
        const WatchedPointer before = find(room->id);
        if (!before || !before->stays) return;  // else a room of this id had one: its mirror is let go
        const auto without = std::make_shared<Watched>(0, false, monotonic_ns());
        const std::scoped_lock lock(mutex_);
        if (const auto known = watched_.find(room->id); known != watched_.end() && known->second == before) known->second = without;
        return;
    }
    auto fresh = std::make_shared<Watched>(room->settings.spectator_delay_ms * ms, true, monotonic_ns());
    {
        const std::scoped_lock lock(mutex_);
        WatchedPointer& watched = watched_[room->id];
        if (!watched || watched->delay_ns != fresh->delay_ns) watched.swap(fresh);  // else it came back: what its mirror is to show goes on
    }
    thread_.wake();
}

void Mirrors::publish(RoomRecord& room, std::span<const std::byte> bytes, bool near, bool far) {
    if (far && fleet_ != nullptr) fleet_->publish(room.id, bytes);
    const WatchedPointer watched = near ? find(room.id) : nullptr;
    if (!watched || !watched->near) return;
    watched->feed->take(bytes, monotonic_ns());
    if (!watched->made && watched->delay_ns == 0) thread_.wake();
}

void Mirrors::gone(RoomRecord&) { thread_.wake(); }

// ---------------------------------------------------------------------------------------------- its own thread

void Mirrors::step() {
    const std::int64_t now_ns = monotonic_ns();
    double age_s = 0;
    std::vector<std::pair<std::string, WatchedPointer>> all;
    {
        const std::scoped_lock lock(mutex_);
        all.assign(watched_.begin(), watched_.end());
    }
    for (const auto& [room_id, watched] : all) {
        if (!keep_up(room_id, *watched, now_ns)) {
            forget(room_id, watched);
            continue;
        }
        const RoomRecordPointer mirror = lobby_.find_mirror(room_id);
        const std::uint64_t shown_us = mirror ? mirror->shown_us.load(std::memory_order_relaxed) : 0;
        if (shown_us != 0) age_s = std::max(age_s, (static_cast<double>(unix_us()) - static_cast<double>(shown_us)) / 1e6);
    }
    stats_.mirror_age_s.set(age_s);
}

// A room with a delay has another mirror, of what waits to be shown: it may have begun anew while the old one's last was.
void Mirrors::forget(const std::string& room_id, const WatchedPointer& watched) {
    WatchedPointer next;
    if (watched->stays) {
        next = std::make_shared<Watched>(watched->delay_ns, true, monotonic_ns());
        next->feed = watched->feed;
        next->feed->lack();
    }
    const std::scoped_lock lock(mutex_);
    const RoomRecordPointer here = next ? lobby_.find(room_id) : nullptr;
    if (!here || here->settings.spectator_delay_ms * ms != watched->delay_ns) next.reset();
    const auto known = watched_.find(room_id);
    if (known == watched_.end() || known->second != watched) return;
    if (next) {
        known->second = std::move(next);
    } else {
        watched_.erase(known);
    }
}

// False: it is over.
bool Mirrors::keep_up(const std::string& room_id, Watched& watched, std::int64_t now_ns) {
    const RoomRecordPointer mirror = lobby_.find_mirror(room_id);
    if (watched.made && !mirror) return false;
    if (!watched.made && mirror) return let_go(mirror, CloseCode::going_away, "the room began anew"), true;  // of the room before
    if (!watched.made && !watched.stays && now_ns - watched.wanted_ns > unwanted_ns) return false;
    if (mirror && draining_ && !watched.stays) {
        std::string url = fleet_ == nullptr ? "" : fleet_->url_of_another();
        if (!url.empty()) return let_go(mirror, CloseCode::moved, url), false;
    }
    ask_owner(room_id, watched, now_ns);
    if (watched.missed_ns != 0 && (watched.stays || now_ns - watched.missed_ns > missed_max_ns)) {
        // Its last publications, the one that it has ended among them, are still to be shown.
        if (mirror ? now_ns < mirror->present_until_ns.load() : !watched.feed->empty()) {
            if (!watched.made) make(room_id, watched, now_ns);
            return true;
        }
        if (mirror) let_go(mirror, CloseCode::going_away, "the room is not here any more");
        return false;
    }
    if (!watched.made) make(room_id, watched, now_ns);
    // One that stands still does not end by itself.
    const std::int64_t unwanted_since_ns = now_ns - watched.wanted_ns;
    if (mirror && !watched.stays && unwanted_since_ns > unwanted_ns && now_ns > mirror->present_until_ns.load() + unwanted_ns) let_go_unwatched(mirror);
    return true;
}

void Mirrors::ask_owner(const std::string& room_id, Watched& watched, std::int64_t now_ns) {
    const bool lacks = watched.feed->take_lack();
    const bool silent = !watched.feed->heard_within(falls_silent_ns, now_ns);  // it may be elsewhere by now
    if (now_ns - watched.asked_ns < (lacks || silent ? ask_again_ns : ask_every_ns)) {
        if (lacks) watched.feed->lack();
        return;
    }
    const auto missed = [&] {
        if (lacks) watched.feed->lack();
        if (watched.missed_ns == 0) watched.missed_ns = now_ns;
    };
    const RoomRecordPointer here = lobby_.find(room_id);
    if (here) {
        watched.near = true;
        watched.from.clear();
        watched.listens.reset();
        post_watch(here, /*near*/ true, lacks);
    } else if (fleet_ == nullptr || watched.stays) {
        return missed();
    } else {
        const Directory::Found found = fleet_->find(room_id);
        const bool elsewhere = found.where == Directory::Where::elsewhere;
        // Who had the room may still have to show what came before it went, or ended.
        const bool goes_on = watched.listens && watched.feed->heard_within(falls_silent_ns, now_ns);
        if (!elsewhere && !goes_on) return missed();
        if (!goes_on && (watched.from != found.node || !watched.listens)) {
            watched.listens = fleet_->listen(found.node, room_id, [feed = watched.feed](std::span<const std::byte> publication) { feed->take(publication, monotonic_ns()); });
            watched.from = found.node;
            watched.near = false;
        }
        fleet_->ask(watched.from, room_id, lacks);
    }
    watched.asked_ns = now_ns;
    watched.missed_ns = 0;
}

// Of the first publication that has all of it, when its time has come.
void Mirrors::make(const std::string& room_id, Watched& watched, std::int64_t now_ns) {
    while (const auto bytes = watched.feed->next(now_ns)) {
        auto read = read_publication(*bytes);
        const auto* first = std::get_if<Publication>(&read);
        if (first != nullptr && !first->settings) {
            watched.feed->lack();
            continue;
        }
        std::variant<SavedRoomPointer, std::string> state;
        if (first == nullptr) {
            state = std::get<std::string>(read);
        } else if (first->settings->id != room_id) {
            state = "it is another room's";
        } else {
            state = begin_mirror(*first, watched.stays);
        }
        if (const auto* wrong = std::get_if<std::string>(&state)) {
            if (!std::exchange(watched.told, true)) log::error("a room cannot be watched", {{"room_id", room_id}, {"why", *wrong}, {"remedy", "all nodes of a fleet run one version"}});
            continue;
        }
        const MirrorStart start{.term = first->term, .tick = first->tick};
        const RoomRecordPointer mirror = lobby_.mirror(std::move(std::get<SavedRoomPointer>(state)), {.term = new_term(), .tick = 0, .lost_terms = 0, .lost_ticks = 0},
                                                       [feed = watched.feed, start] { return mirror_logic(feed, start, monotonic_ns); }, now_ns);
        if (!mirror) return watched.feed->lack();
        watched.feed->follow(mirror);
        watched.feed->show(first->unix_us);
        watched.made = true;
        workers_[mirror->worker]->post(std::make_unique<OnPlace>(mirror, [](Worker&, Worker::Place&, std::int64_t) {}));
        return;
    }
}

// Another node's spectators. Of a room with a delay they see what its mirror shows.
void Mirrors::watched_from_afar(const std::string& room_id, bool whole) {
    RoomRecordPointer record = lobby_.find(room_id);
    const WatchedPointer watched = find(room_id);
    const bool delayed = record ? record->settings.spectator_delay_ms != 0 : watched && watched->stays;  // it has gone, and still shows the last
    if (delayed) record = lobby_.find_mirror(room_id);
    if (record) post_watch(record, /*near*/ false, whole);
}

void Mirrors::post_watch(const RoomRecordPointer& record, bool near, bool whole) {
    workers_[record->worker]->post(std::make_unique<OnPlace>(
        record, [near, whole](Worker& worker, Worker::Place& place, std::int64_t now_ns) { worker.watch(place, near, whole, now_ns); }));
}

void Mirrors::let_go_unwatched(const RoomRecordPointer& mirror) {
    workers_[mirror->worker]->post(std::make_unique<OnPlace>(mirror, [](Worker& worker, Worker::Place& place, std::int64_t) {
        if (place.placed.empty()) worker.let_go(place, CloseCode::going_away, "nobody watches it");
    }));
}

void Mirrors::let_go(const RoomRecordPointer& mirror, CloseCode code, const std::string& detail) {
    workers_[mirror->worker]->post(std::make_unique<OnPlace>(
        mirror, [code, detail](Worker& worker, Worker::Place& place, std::int64_t) { worker.let_go(place, code, detail); }));
}

}  // namespace tickrelay
