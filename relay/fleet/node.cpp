#include "relay/fleet/node.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "relay/fleet/data_dir.h"
#include "relay/fleet/probe.h"
#include "relay/log.h"

namespace tickrelay {

namespace {

constexpr std::int64_t fleet_ms = 1'000'000;
constexpr std::int64_t fleet_s = 1'000 * fleet_ms;
constexpr std::int64_t renew_every_ns = fleet_s;
constexpr std::int64_t renew_again_ns = 200 * fleet_ms;   // after one that failed
constexpr std::int64_t renew_patience_ms = 900;
constexpr std::int64_t look_patience_ms = 1'000;
constexpr std::int64_t step_every_ms = 50;
constexpr std::int64_t deaf_after_ns = 2'500 * fleet_ms;
constexpr std::int64_t probe_every_ns = 250 * fleet_ms;
constexpr std::int64_t watches_every_ns = 2 * fleet_s;
constexpr std::int64_t listing_patience_ms = 10'000;
constexpr std::size_t beats_max = 32;

std::string random_incarnation() {
    std::random_device device;
    std::string text;
    for (int i = 0; i < 4; ++i) {
        char part[9];
        std::snprintf(part, sizeof part, "%08x", static_cast<unsigned>(device()));
        text += part;
    }
    return text;
}

}  // namespace

FleetNode::FleetNode(Nats& nats, NodeSettings settings)
    : nats_(nats), settings_(std::move(settings)), lease_(settings_.lease_ns),
      directory_(settings_.name, random_incarnation(), {.lease_ns = settings_.lease_ns}) {}

std::optional<std::string> FleetNode::open() {
    for (const std::string& bucket : {rooms_bucket(), nodes_bucket()})
        if (auto error = nats_.open_bucket(bucket)) return error;
    // Rooms first: whoever owned one of these had written its own key before that, so the key that is read afterwards tells.
    watch_rooms();
    if (!wait_listed([this](const Directory&) { return rooms_seen_ != 0; })) return "nats: the rooms of the fleet cannot be read: look at the NATS servers' log";
    watch_nodes();
    if (!wait_listed([](const Directory& directory) { return directory.ready(); })) return "nats: the nodes of the fleet cannot be read: look at the NATS servers' log";
    return std::nullopt;
}

bool FleetNode::wait_listed(const std::function<bool(const Directory&)>& done) {
    std::unique_lock lock(mutex_);
    return moved_.wait_for(lock, std::chrono::milliseconds(listing_patience_ms), [&] { return done(directory_); });
}

void FleetNode::watch_rooms() {
    nats_.watch(
        rooms_bucket(),
        [this](const Nats::Value& value) {
            const auto id = name_of_key(value.key);
            const auto entry = value.gone ? std::nullopt : parse_room(value.bytes);
            const std::scoped_lock lock(mutex_);
            rooms_seen_ = std::max(rooms_seen_, value.revision);
            if (!id) return;
            if (value.gone)
                directory_.room_gone(*id, value.revision);
            else if (entry && directory_.room_is(*id, *entry, value.revision, boottime_ns()))
                lost_.push_back(*id);
        },
        [this] {
            const std::scoped_lock lock(mutex_);
            directory_.rooms_listed();
            rooms_seen_ = std::max<std::uint64_t>(rooms_seen_, 1);
            moved_.notify_all();
        });
}

void FleetNode::watch_nodes() {
    nats_.watch(
        nodes_bucket(),
        [this](const Nats::Value& value) {
            const auto name = name_of_key(value.key);
            const auto entry = value.gone ? std::nullopt : parse_node(value.bytes);
            const std::scoped_lock lock(mutex_);
            nodes_seen_ = std::max(nodes_seen_, value.revision);
            if (name && entry) directory_.node_is(*name, *entry, value.revision, boottime_ns());
        },
        [this] {
            const std::scoped_lock lock(mutex_);
            directory_.nodes_listed();
            moved_.notify_all();
        });
}

// A watch that no longer tells of what the bucket has is made again. One that a server serves which was cut off from the others may go
// on with the newest and leave out what was between.
void FleetNode::look_at_watches(std::int64_t now_ns) {
    if (now_ns < watches_due_ns_) return;
    watches_due_ns_ = now_ns + watches_every_ns;
    const bool doubted = doubted_.exchange(false);
    const auto stale = [&](const std::string& bucket, std::uint64_t& seen, std::uint64_t& last) {
        bool behind = doubted;
        {
            const std::scoped_lock lock(mutex_);
            behind |= seen < last;
        }
        nats_.last_revision(bucket, last, look_patience_ms);
        return behind;
    };
    if (stale(rooms_bucket(), rooms_seen_, rooms_last_)) {
        log::warn("the watch of the fleet's rooms fell silent or missed something, and is made again");
        watch_rooms();
    }
    if (stale(nodes_bucket(), nodes_seen_, nodes_last_)) {
        log::warn("the watch of the fleet's nodes fell silent or missed something, and is made again");
        watch_nodes();
    }
}

// ---------------------------------------------------------------------------------------------- joining and leaving

std::optional<std::string> FleetNode::join(const std::string& url, const std::string& address, std::function<Load()> load, Events events) {
    own_.incarnation = incarnation();
    own_.url = url;
    own_.address = address;
    load_ = std::move(load);
    events_ = std::move(events);
    if (auto error = take_name()) return error;
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "fleet");
    around_.start(std::chrono::milliseconds(step_every_ms), [this] { look_around(boottime_ns()); });
    return std::nullopt;
}

// The process before of this name may still run. Where it listened at the address that this one listens at now, it does not.
std::optional<std::string> FleetNode::take_name() {
    const std::string key = key_of(settings_.name);
    const std::int64_t until_ns = boottime_ns() + settings_.lease_ns + 2 * fleet_s;
    std::uint64_t before = 0;
    std::int64_t since_ns = boottime_ns();
    bool told = false;
    for (;;) {
        Nats::Value there;
        const Nats::Read read = nats_.get(nodes_bucket(), key, there, look_patience_ms);
        const auto entry = read == Nats::Read::found ? parse_node(there.bytes) : std::nullopt;
        if (there.revision != before) since_ns = boottime_ns();
        before = there.revision;
        const bool free = read == Nats::Read::none || (read == Nats::Read::found && (!entry || entry->over || entry->address == own_.address)) ||
                          boottime_ns() - since_ns > settings_.lease_ns + fleet_s;
        if (read != Nats::Read::failed && free) {
            own_revision_ = there.revision;
            if (renew(boottime_ns())) return std::nullopt;
        }
        if (boottime_ns() > until_ns)
            return read == Nats::Read::failed ? "nats: the fleet's directory cannot be written: look at the NATS servers' log"
                                              : "node_name: another relay runs as '" + settings_.name + "': give this one a name of its own";
        if (!told && read == Nats::Read::found) log::info("a node of this name may still run: waiting until its lease is over", {{"node", settings_.name}});
        told |= read == Nats::Read::found;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
}

void FleetNode::stop() {
    if (!thread_.joinable()) return;
    around_.stop();
    {
        const std::scoped_lock lock(wake_mutex_);
        stopping_ = true;
        wakes_.notify_one();
    }
    thread_.join();
}

void FleetNode::leave() {
    const bool joined = thread_.joinable();
    stop();
    if (!joined) return;
    lease_.end();
    NodeEntry last = own_entry();
    last.over = true;
    std::uint64_t revision = 0;
    nats_.put(nodes_bucket(), key_of(settings_.name), to_text(last), own_revision_, revision, renew_patience_ms);
}

void FleetNode::renew_now() {
    const std::scoped_lock lock(wake_mutex_);
    renew_now_ = true;
    wakes_.notify_one();
}

// ---------------------------------------------------------------------------------------------- the thread

void FleetNode::run() {
    std::unique_lock lock(wake_mutex_);
    while (!stopping_) {
        if (std::exchange(renew_now_, false)) renew_due_ns_ = 0;
        lock.unlock();
        step(boottime_ns());
        lock.lock();
        wakes_.wait_for(lock, std::chrono::milliseconds(step_every_ms), [this] { return stopping_ || renew_now_; });
    }
}

void FleetNode::step(std::int64_t now_ns) {
    if (now_ns >= renew_due_ns_) renew_due_ns_ = now_ns + (renew(now_ns) ? renew_every_ns : renew_again_ns);
    if (!may_run()) return;
    const bool look = ask([](Directory& directory, std::int64_t at_ns) { return !directory.to_adopt(at_ns).empty(); });
    bool lost = false;
    {
        const std::scoped_lock lock(mutex_);
        lost = !lost_.empty();
    }
    if ((look || lost) && events_.look) events_.look();
}

// What may wait for servers and names: no renewal waits behind it.
void FleetNode::look_around(std::int64_t now_ns) {
    if (!may_run()) return;
    if (lease_.until_ns() - now_ns > settings_.lease_ns - 2 * fleet_s) look_at_watches(now_ns);  // else renewals have NATS for themselves
    probe(boottime_ns());
    bury(boottime_ns());
}

NodeEntry FleetNode::own_entry() const {
    NodeEntry entry = own_;
    const Load load = load_ ? load_() : Load{};
    entry.headroom = load.headroom;
    entry.rooms = load.rooms;
    entry.draining = load.draining;
    entry.time_ms = now_since_1970_ms();
    entry.kept_ms = kept_ms_.load(std::memory_order_relaxed);
    return entry;
}

// The lease counts from before the renewal left: what the fleet makes of the key comes later.
bool FleetNode::renew(std::int64_t sent_ns) {
    ++own_.beat;
    beats_.emplace_back(own_.beat, sent_ns);
    if (beats_.size() > beats_max) beats_.pop_front();
    const NodeEntry entry = own_entry();
    std::uint64_t revision = 0;
    switch (nats_.put(nodes_bucket(), key_of(settings_.name), to_text(entry), own_revision_, revision, renew_patience_ms)) {
        case Nats::Wrote::failed: return false;
        case Nats::Wrote::conflict: settle_conflict(); return false;
        case Nats::Wrote::done: break;
    }
    own_revision_ = revision;
    const bool deaf = sent_ns - renewed_ns_.exchange(sent_ns) > deaf_after_ns;
    ask([&](Directory& directory, std::int64_t now_ns) {
        directory.node_is(settings_.name, entry, revision, now_ns);
        if (deaf) directory.was_deaf(now_ns);
    });
    lease_.renewed(sent_ns);  // only now: who may run may bury, and what was silent may have been the outage
    beats_.clear();
    return true;
}

// Either an earlier renewal came through after all, or another node has declared this one over.
void FleetNode::settle_conflict() {
    Nats::Value there;
    if (nats_.get(nodes_bucket(), key_of(settings_.name), there, look_patience_ms) == Nats::Read::failed) return;
    const auto entry = there.gone || there.bytes.empty() ? std::nullopt : parse_node(there.bytes);
    if (entry && entry->incarnation == own_.incarnation && !entry->over) {
        own_revision_ = there.revision;
        for (const auto& [beat, sent_ns] : beats_)
            if (beat == entry->beat) lease_.renewed(sent_ns);
        return;
    }
    if (!thread_.joinable()) return;  // not joined yet: take_name() looks again
    log::error("another node has declared this one over: its rooms go on elsewhere, and it begins anew",
               {{"node", settings_.name}, {"remedy", "look for what stopped this process, or its way to NATS, for longer than the lease"}});
    own_revision_ = there.revision;
    begin_anew();
}

void FleetNode::begin_anew() {
    lease_.end();
    own_.incarnation = random_incarnation();
    beats_.clear();
    doubt();  // what came about meanwhile may have passed it by
    {
        const std::scoped_lock lock(mutex_);
        directory_.become(own_.incarnation);
    }
    if (events_.fenced) events_.fenced();
}

void FleetNode::probe(std::int64_t now_ns) {
    if (now_ns < probe_due_ns_ || now_ns - renewed_ns_ > deaf_after_ns) return;  // who cannot write cannot bury either
    probe_due_ns_ = now_ns + probe_every_ns;
    struct Seen {
        std::string name, incarnation, address;
    };
    const auto wanted = ask([](Directory& directory, std::int64_t at_ns) {
        std::vector<Seen> seen;
        for (const std::string& name : directory.to_probe(at_ns)) seen.push_back({name, directory.node(name)->entry.incarnation, directory.node(name)->entry.address});
        return seen;
    });
    std::vector<std::string> addresses;
    for (const Seen& each : wanted) addresses.push_back(each.address);
    const std::vector<Probed> said = probe_all(addresses);
    ask([&](Directory& directory, std::int64_t) {
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (said[i] == Probed::accepted) directory.accepted(wanted[i].name, wanted[i].incarnation);
            if (said[i] == Probed::refused) directory.refused(wanted[i].name, wanted[i].incarnation);
        }
    });
}

// Overwrites the key of a node that is over, so that it cannot renew any more. Of several who try one succeeds.
void FleetNode::bury(std::int64_t) {
    struct Grave {
        std::string name;
        Directory::Node node;
    };
    const auto graves = ask([](Directory& directory, std::int64_t now_ns) {
        std::vector<Grave> found;
        for (const std::string& name : directory.to_bury(now_ns)) found.push_back({name, *directory.node(name)});
        return found;
    });
    for (const Grave& grave : graves) {
        NodeEntry entry = grave.node.entry;
        entry.over = true;
        std::uint64_t revision = 0;
        if (nats_.put(nodes_bucket(), key_of(grave.name), to_text(entry), grave.node.revision, revision, look_patience_ms) != Nats::Wrote::done) continue;
        log::warn("a node of the fleet is over: its rooms are free",
                  {{"node", grave.name}, {"why", grave.node.refused ? "its address refuses connections" : "its lease ran out"}});
        ask([&](Directory& directory, std::int64_t now_ns) { directory.node_is(grave.name, entry, revision, now_ns); });
    }
}

// ---------------------------------------------------------------------------------------------- the directory

void FleetNode::wrote_room(const std::string& id, const RoomClaim& entry, std::uint64_t revision) {
    ask([&](Directory& directory, std::int64_t now_ns) { directory.room_is(id, entry, revision, now_ns); });
}

void FleetNode::removed_room(const std::string& id, std::uint64_t revision) {
    ask([&](Directory& directory, std::int64_t) { directory.room_gone(id, revision); });
}

bool FleetNode::read_node(const std::string& name) {
    Nats::Value there;
    if (nats_.get(nodes_bucket(), key_of(name), there, look_patience_ms) == Nats::Read::failed) return false;
    const auto entry = there.bytes.empty() ? std::nullopt : parse_node(there.bytes);
    // It was not seen to change: when it did is not known.
    if (entry) ask([&](Directory& directory, std::int64_t now_ns) { directory.node_is(name, *entry, there.revision, now_ns); });
    return true;
}

std::deque<std::string> FleetNode::take_lost() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(lost_, {});
}

}  // namespace tickrelay
