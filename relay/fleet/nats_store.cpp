#include "relay/fleet/nats_store.h"

#include <pthread.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "relay/fleet/data_dir.h"
#include "relay/log.h"

namespace tickrelay {

namespace {

constexpr std::int64_t ask_patience_ms = 1'000;
constexpr std::chrono::milliseconds settle_every{100};
constexpr std::int64_t stream_bytes_max = 1LL << 30;
constexpr std::int64_t lost_at_least_ms = 1'000;

}  // namespace

NatsStore::NatsStore(NatsStoreSettings settings, std::unique_ptr<Store> journal, StatsShard& stats)
    : settings_(std::move(settings)), journal_(std::move(journal)), stats_(stats), node_(nats_, settings_.node) {}

std::optional<std::string> NatsStore::open(const std::string& secret) {
    if (auto error = nats_.connect(settings_.nats)) return error;
    const std::string& prefix = settings_.node.prefix;
    if (auto error = node_.open()) return error;
    if (auto error = nats_.open_stream(prefix + "_checkpoints", prefix + ".checkpoint.>", /*newest_only*/ true, 0, 0)) return error;
    if (auto error = nats_.open_stream(journal_stream(), journal_subjects(), /*newest_only*/ false, stream_bytes_max, 0)) return error;
    if (auto error = open_keys(secret)) return error;
    const auto newest = last_in_stream();
    if (!newest) return "nats: " + journal_stream() + " cannot be read: look at the NATS servers' log";
    const std::uint64_t last = *newest;
    // A node's numbers only grow, whatever became of its data_dir: readers know an event by them.
    first_event_ = std::max(journal_ ? journal_->first_event() : std::uint64_t{1}, last + 1);
    shipped_ = last;
    opened_ = true;
    directory_.start(settle_every, [this] { settle(); });
    writer_ = std::thread([this] { run_writer(); });
    pthread_setname_np(writer_.native_handle(), "store");
    shipper_ = std::thread([this] { run_journal(); });
    pthread_setname_np(shipper_.native_handle(), "journal");
    return std::nullopt;
}

// The first node makes it.
std::optional<std::string> NatsStore::open_keys(const std::string& secret) {
    const std::string bucket = settings_.node.prefix + "_keys";
    if (auto error = nats_.open_bucket(bucket)) return error;
    for (int tries = 0; tries < 20; ++tries) {
        Nats::Value there;
        const Nats::Read read = nats_.get(bucket, "sessions", there, ask_patience_ms);
        session_secret_ = there.bytes;
        if (read == Nats::Read::found) return std::nullopt;
        std::uint64_t revision = 0;
        if (read == Nats::Read::none) nats_.put(bucket, "sessions", secret, there.revision, revision, ask_patience_ms);
    }
    return "nats: " + bucket + " can be neither read nor written: look at the NATS servers' log";
}

void NatsStore::stop() {
    if (!opened_ || std::exchange(stopped_, true)) return;
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        wakes_.notify_all();
    }
    writer_.join();
    directory_.stop();
    {
        const std::scoped_lock lock(journal_mutex_);
        journal_stopping_ = true;
        journal_wakes_.notify_all();
    }
    shipper_.join();
    if (journal_) journal_->stop();
    node_.leave();
    nats_.close();
}

// ---------------------------------------------------------------------------------------------- asking

// A revision that this node has not seen yet is above every one that it has, and so is what it writes with this.
std::uint32_t NatsStore::new_term() {
    return node_.ask([](Directory& directory, std::int64_t) { return static_cast<std::uint32_t>(directory.newest_room() + 1); });
}

std::uint32_t NatsStore::begin(const std::string& room_id) {
    const std::uint32_t term = new_term();
    const std::scoped_lock lock(mutex_);
    if (const auto claimed = begun_.find(room_id); claimed != begun_.end()) {
        const std::uint32_t its = claimed->second;
        begun_.erase(claimed);
        return its;
    }
    creating_[room_id] = term;
    directory_.wake();
    return term;
}

void NatsStore::claim(std::vector<StoredRoom> rooms, std::uint32_t term, Then<Stored> then) {
    directory_.give([this, rooms = std::move(rooms), term, then = std::move(then)] {
        Stored all = Stored::durable;
        for (const StoredRoom& room : rooms) {
            const Stored one = claim_room(room, term);
            if (one != Stored::durable) all = one;
        }
        then(all);
    });
}

void NatsStore::renew(std::int64_t kept_ms, Then<std::int64_t> then) {
    node_.kept_until(kept_ms);
    if (then) then(node_.lease().until_ns());
}

void NatsStore::release(std::string room_id, std::uint32_t term) {
    const std::scoped_lock lock(mutex_);
    creating_.erase(room_id);
    begun_.erase(room_id);
    old_terms_.erase(room_id);
    if (const auto waits = waiting_.find(room_id); waits != waiting_.end()) {
        waiting_bytes_ -= waits->second.checkpoint.bytes.size();
        directory_.give([answers = std::move(waits->second.answers)] {
            for (const auto& answer : answers) answer(Stored::ended);
        });
        waiting_.erase(waits);
    }
    if (const auto aside = aside_.find(room_id); aside != aside_.end() && aside->second == term) return;  // it stays in the directory
    ending_[std::move(room_id)] = term;
    directory_.wake();
}

void NatsStore::find(std::string room_id, Then<std::optional<RoomPlace>> then) {
    directory_.give([this, room_id = std::move(room_id), then = std::move(then)] {
        const Directory::Found found = node_.find(room_id);
        if (found.where == Directory::Where::nowhere) return then(std::nullopt);
        then(RoomPlace{.node = found.where == Directory::Where::here ? "" : found.node, .term = found.term, .url = found.url});
    });
}

void NatsStore::get_checkpoint(StoredKey key, Then<std::optional<StoredRoom>> then) {
    directory_.give([this, key = std::move(key), then = std::move(then)] { then(read_checkpoint(key)); });
}

void NatsStore::list(Then<std::vector<StoredKey>> then) {
    directory_.give([this, then = std::move(then)] { then(free_rooms()); });
}

std::optional<std::uint32_t> NatsStore::term_in_directory(const std::string& room_id) {
    return node_.ask([&](Directory& directory, std::int64_t) {
        const Directory::Room* room = directory.room(room_id);
        return room == nullptr ? std::nullopt : std::optional(room->entry.term);
    });
}

// It stays in the directory, for other nodes and the next start. A later room of this id has another term.
void NatsStore::set_aside(std::string room_id, std::string) {
    const auto term = term_in_directory(room_id);
    if (!term) return;  // nothing is left of it
    {
        const std::scoped_lock lock(mutex_);
        aside_[std::move(room_id)] = *term;
    }
    directory_.give([this] { stats_.rooms_set_aside.add(); });
}

bool NatsStore::is_aside(const std::string& room_id) {
    const auto term = term_in_directory(room_id);
    const std::scoped_lock lock(mutex_);
    const auto aside = aside_.find(room_id);
    return term && aside != aside_.end() && aside->second == *term;
}

void NatsStore::read_events(std::uint64_t after, std::size_t count, Then<EventPage> then) {
    if (journal_) return journal_->read_events(after, count, std::move(then));
    then({});
}

std::uint64_t NatsStore::first_event() const { return first_event_; }

void NatsStore::reserve_events(std::uint64_t up_to) {
    if (journal_) journal_->reserve_events(up_to);
}

// ---------------------------------------------------------------------------------------------- the directory's thread

// durable: the directory has it. ended: somebody else wrote meanwhile.
Stored NatsStore::write_entry(const std::string& id, const RoomClaim& entry, std::uint64_t expected) {
    std::uint64_t revision = 0;
    const std::string key = key_of(id);
    const Nats::Wrote wrote = nats_.put(node_.rooms_bucket(), key, to_text(entry), expected, revision, ask_patience_ms);
    if (wrote == Nats::Wrote::done) {
        node_.wrote_room(id, entry, revision);
        return Stored::durable;
    }
    // It may have come through although no answer did.
    Nats::Value there;
    const Nats::Read read = nats_.get(node_.rooms_bucket(), key, there, ask_patience_ms);
    if (read == Nats::Read::failed) return Stored::failed;
    const auto known = read == Nats::Read::found ? parse_room(there.bytes) : std::nullopt;
    if (known == entry && there.revision > expected) {
        node_.wrote_room(id, entry, there.revision);
        return Stored::durable;
    }
    return wrote == Nats::Wrote::conflict ? Stored::ended : Stored::failed;
}

Stored NatsStore::claim_room(const StoredRoom& room, std::uint32_t term) {
    if (!node_.may_run()) return Stored::failed;
    const Stored wrote = write_entry(room.id,
                                     {.node = node_.name(),
                                      .incarnation = node_.incarnation(),
                                      .term = term,
                                      .kept_term = room.term,
                                      .owners = room.owners + 1,
                                      .lost_ms = room.lost_ms},
                                     room.revision);
    if (wrote != Stored::durable) return wrote;
    const std::scoped_lock lock(mutex_);
    old_terms_[room.id] = room.term;
    return wrote;
}

// What the directory does not know yet of rooms that began or ended here.
void NatsStore::settle() {
    std::map<std::string, std::uint32_t> creating, ending;
    {
        const std::scoped_lock lock(mutex_);
        creating = creating_;
        ending = ending_;
    }
    const auto forget = [this](std::map<std::string, std::uint32_t>& from, const std::string& id, std::uint32_t term) {
        const std::scoped_lock lock(mutex_);
        if (const auto found = from.find(id); found != from.end() && found->second == term) from.erase(found);
    };
    for (const auto& [id, term] : creating)
        if (create_entry(id, term)) forget(creating_, id, term);
    for (const auto& [id, term] : ending)
        if (remove_entry(id, term)) forget(ending_, id, term);
}

bool NatsStore::create_entry(const std::string& id, std::uint32_t term) {
    const RoomClaim entry{.node = node_.name(), .incarnation = node_.incarnation(), .term = term};
    const Stored wrote = write_entry(id, entry, 0);
    if (wrote == Stored::ended) log::error("a new room has the id of another one of the fleet, and is not in the directory", {{"room", id}});
    return wrote != Stored::failed;
}

// First its checkpoints, so that a room of this id that begins elsewhere loses none. Another owner's stay.
bool NatsStore::remove_entry(const std::string& id, std::uint32_t term) {
    const std::string key = key_of(id);
    Nats::Value there;
    const Nats::Read read = nats_.get(node_.rooms_bucket(), key, there, ask_patience_ms);
    if (read == Nats::Read::failed) return false;
    const auto entry = read == Nats::Read::found ? parse_room(there.bytes) : std::nullopt;
    if (!entry || entry->term != term || entry->incarnation != node_.incarnation()) return true;
    if (!nats_.purge(settings_.node.prefix + "_checkpoints", settings_.node.prefix + ".checkpoint." + key + ".>", ask_patience_ms)) return false;
    std::uint64_t revision = 0;
    const Nats::Wrote wrote = nats_.remove(node_.rooms_bucket(), key, there.revision, revision, ask_patience_ms);
    if (wrote == Nats::Wrote::done) node_.removed_room(id, revision);
    return wrote != Nats::Wrote::failed;
}

// Whose turn they are is this node's view; that their owners are over is read from the leader once more.
std::vector<StoredKey> NatsStore::free_rooms() {
    if (!node_.may_run()) return {};
    const auto wanted = [this] {
        return node_.ask([](Directory& directory, std::int64_t now_ns) { return directory.to_adopt(now_ns); });
    };
    std::set<std::string> owners;
    for (const std::string& id : wanted())
        owners.insert(node_.ask([&](Directory& directory, std::int64_t) {
            const Directory::Room* room = directory.room(id);
            return room == nullptr ? std::string() : room->entry.node;
        }));
    for (const std::string& owner : owners)
        if (!owner.empty() && !node_.read_node(owner)) return {};
    std::vector<StoredKey> keys;
    for (const std::string& id : wanted()) {
        const auto room = node_.ask([&](Directory& directory, std::int64_t) {
            const Directory::Room* found = directory.room(id);
            return found == nullptr ? std::nullopt : std::optional(*found);
        });
        const std::scoped_lock lock(mutex_);
        const auto aside = aside_.find(id);
        if (room && (aside == aside_.end() || aside->second != room->entry.term)) keys.push_back({.id = id, .revision = room->revision});
    }
    return keys;
}

// That of its last owner, or the one that this owner came from.
std::optional<StoredRoom> NatsStore::read_checkpoint(const StoredKey& key) {
    const std::string& id = key.id;
    const auto known = node_.ask([&](Directory& directory, std::int64_t) {
        const Directory::Room* room = directory.room(id);
        return room == nullptr ? std::nullopt : std::optional(*room);
    });
    if (!known || (key.revision != 0 && known->revision != key.revision)) return std::nullopt;  // somebody else has it since
    const RoomClaim& entry = known->entry;
    const std::string stream = settings_.node.prefix + "_checkpoints";
    const std::string subject = settings_.node.prefix + ".checkpoint." + key_of(id) + ".";
    std::string message;
    std::uint32_t term = entry.term;
    Nats::Read read = nats_.last(stream, subject + std::to_string(term) + ".head", message, ask_patience_ms);
    if (read == Nats::Read::none && entry.kept_term != 0) {
        term = entry.kept_term;
        read = nats_.last(stream, subject + std::to_string(term) + ".head", message, ask_patience_ms);
    }
    if (read == Nats::Read::failed) return std::nullopt;
    StoredRoom room;
    room.id = id;
    room.term = term;
    room.revision = known->revision;
    if (read == Nats::Read::none) {
        // As this node knows it. Where it has another owner since, that one's are elsewhere, and older ones are gone.
        std::uint64_t revision = 0;
        const Nats::Wrote wrote = nats_.remove(node_.rooms_bucket(), key_of(id), known->revision, revision, ask_patience_ms);
        if (wrote == Nats::Wrote::conflict) node_.doubt();
        if (wrote != Nats::Wrote::done) return std::nullopt;
        node_.removed_room(id, revision);
        room.damage = "its owner ended before its first checkpoint: it is lost";
        return room;
    }
    std::string_view inline_bytes;
    const auto head = parse_head(message, inline_bytes);
    std::string bytes(head ? inline_bytes : std::string_view());
    for (std::uint32_t part = 0; head && part < head->parts; ++part) {
        std::string more;
        const std::string name = subject + std::to_string(term) + "." + std::to_string(head->slot) + "." + std::to_string(part);
        if (nats_.last(stream, name, more, ask_patience_ms) == Nats::Read::failed) return std::nullopt;
        bytes += more;
    }
    if (!head || bytes.size() != head->bytes || checkpoint_hash(bytes) != head->hash) {
        room.damage = "its bytes are not what was written";
        return room;
    }
    const bool from_before = term != entry.term;
    room.made_ms = head->made_ms;
    room.owners = from_before ? entry.owners : head->runs_on ? 1 : 0;
    room.lost_ms = room.owners == 0 ? 0 : (from_before ? entry.lost_ms : 0) + lost_ms(entry, head->made_ms);
    room.bytes.assign(reinterpret_cast<const std::byte*>(bytes.data()), reinterpret_cast<const std::byte*>(bytes.data() + bytes.size()));
    return room;
}

// From when it was written, or when all that its owner did was durable, until that one's lease was over at the latest.
std::int64_t NatsStore::lost_ms(const RoomClaim& entry, std::int64_t made_ms) {
    std::int64_t since_ms = made_ms;
    std::int64_t until_ms = now_since_1970_ms();
    const auto owner = node_.ask([&](Directory& directory, std::int64_t) {
        const Directory::Node* node = directory.node(entry.node);
        return node == nullptr ? NodeEntry{} : node->entry;
    });
    if (owner.incarnation == entry.incarnation) {
        since_ms = std::max(since_ms, owner.kept_ms);
        until_ms = std::min(until_ms, owner.time_ms + settings_.node.lease_ns / 1'000'000);
    }
    return std::max<std::int64_t>(until_ms - since_ms, 0) + lost_at_least_ms;
}

}  // namespace tickrelay
